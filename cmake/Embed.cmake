# embed(TARGET FILE NAME) compiles a text file into TARGET, so that an installed program needs no source tree: as
# `std::string_view simswarm::embedded::NAME()`, to be declared where it is used. FILE counts from the source tree.
function(embed target file name)
  set(source ${CMAKE_SOURCE_DIR}/${file})
  set(generated ${CMAKE_BINARY_DIR}/embedded/${name}.cpp)
  add_custom_command(OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${source} -DNAME=${name} -DGENERATED=${generated} -P ${CMAKE_SOURCE_DIR}/cmake/EmbedFile.cmake
    DEPENDS ${source} ${CMAKE_SOURCE_DIR}/cmake/EmbedFile.cmake
    COMMENT "Embedding ${file}" VERBATIM)
  target_sources(${target} PRIVATE ${generated})
endfunction()
