# pages(TARGET) builds what web/ holds with Node (18 or newer) and npm, and compiles it into TARGET: the program then needs
# neither. Packages come as package-lock.json says.
set(SIMSWARM_PAGES dashboard.html visualizer.html dashboard.js visualizer.js charts.js style.css favicon.svg openapi.json)

function(pages target)
  find_program(SIMSWARM_NODE node REQUIRED)
  find_program(SIMSWARM_NPM npm REQUIRED)
  set(web ${CMAKE_SOURCE_DIR}/web)
  set(out ${CMAKE_BINARY_DIR}/pages)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${web}/src/*)
  set(installed ${web}/node_modules/.package-lock.json)
  add_custom_command(OUTPUT ${installed}
    COMMAND ${SIMSWARM_NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${installed}
    DEPENDS ${web}/package.json ${web}/package-lock.json
    WORKING_DIRECTORY ${web} COMMENT "Installing what the pages are built with" VERBATIM)
  list(TRANSFORM SIMSWARM_PAGES PREPEND ${out}/ OUTPUT_VARIABLE made)
  add_custom_command(OUTPUT ${made}
    COMMAND ${SIMSWARM_NODE} ${web}/build.mjs ${out}
    COMMAND ${CMAKE_COMMAND} -E copy ${web}/openapi.json ${out}/openapi.json
    COMMAND ${SIMSWARM_NODE} ${web}/pack.mjs ${out} ${SIMSWARM_PAGES}
    DEPENDS ${installed} ${web}/build.mjs ${web}/pack.mjs ${web}/openapi.json ${web}/tsconfig.json ${sources}
    WORKING_DIRECTORY ${web} COMMENT "Building the pages" VERBATIM)
  # Each file as it is, and packed.
  set(text "")
  set(table "")
  set(index 0)
  foreach(name ${SIMSWARM_PAGES})
    foreach(form plain packed)
      set(path ${out}/${name})
      if(form STREQUAL packed)
        set(path ${path}.gz)
      endif()
      string(APPEND text "asm(\".section .rodata\\n.balign 16\\npage_${index}_${form}: .incbin \\\"${path}\\\"\\npage_${index}_${form}_end:\\n.previous\");\n"
        "extern const char page_${index}_${form}[] asm(\"page_${index}_${form}\");\n"
        "extern const char page_${index}_${form}_end[] asm(\"page_${index}_${form}_end\");\n")
    endforeach()
    string(APPEND table "    {\"${name}\", {page_${index}_plain, page_${index}_plain_end}, {page_${index}_packed, page_${index}_packed_end}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  set(generated ${CMAKE_BINARY_DIR}/embedded/pages.cpp)
  file(CONFIGURE OUTPUT ${generated} @ONLY CONTENT
"#include \"web/pages.h\"

@text@
namespace simswarm::web {

std::span<const EmbeddedPage> embedded_pages() {
  static const EmbeddedPage pages[] = {
@table@  };
  return pages;
}

}  // namespace simswarm::web
")
  target_sources(${target} PRIVATE ${generated})
  set_source_files_properties(${generated} PROPERTIES OBJECT_DEPENDS "${made}")
endfunction()
