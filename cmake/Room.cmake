# room(NAME [USES rooms...] [LINKS libraries...]) makes the static library simswarm_NAME of src/NAME/*.cpp.
# A room sees its own headers and those of the rooms it uses, as "room/header.h", and no others: each room has an include
# folder of its own in the build tree that holds one link.
function(room_includes name)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/rooms/${name})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${name} ${CMAKE_BINARY_DIR}/rooms/${name}/${name} SYMBOLIC)
endfunction()

function(room name)
  cmake_parse_arguments(ROOM "" "" "USES;LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  room_includes(${name})
  add_library(simswarm_${name} STATIC ${sources})
  target_include_directories(simswarm_${name} PUBLIC ${CMAKE_BINARY_DIR}/rooms/${name})
  list(TRANSFORM ROOM_USES PREPEND simswarm_)
  target_link_libraries(simswarm_${name} PUBLIC ${ROOM_USES} PRIVATE simswarm_flags)
  if(name STREQUAL "base")
    target_link_libraries(simswarm_${name} PUBLIC ${ROOM_LINKS})
  else()  # a vendor's header stays inside the room that wraps it
    target_link_libraries(simswarm_${name} PRIVATE ${ROOM_LINKS})
  endif()
  room_precompiled(simswarm_${name})
endfunction()

# The headers that nearly every file includes are compiled once: that takes a third off a build.
function(room_precompiled target)
  if(target STREQUAL "simswarm_base")
    target_precompile_headers(${target} PRIVATE <algorithm> <chrono> <filesystem> <functional> <map> <memory> <optional>
      <span> <string> <string_view> <vector> <fmt/core.h> <tl/expected.hpp>)
  else()
    target_precompile_headers(${target} REUSE_FROM simswarm_base)
  endif()
endfunction()
