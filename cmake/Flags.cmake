# What every target is compiled with.
add_library(simswarm_flags INTERFACE)
target_compile_options(simswarm_flags INTERFACE -Wall -Wextra -Wconversion -Werror)
# g++ 12 to 14 see overreads and overwrites inside inlined std::string operations that are not there (GCC bugs 105329, 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(simswarm_flags INTERFACE -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(SIMSWARM_SANITIZE)
  target_compile_options(simswarm_flags INTERFACE -fsanitize=${SIMSWARM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(simswarm_flags INTERFACE -fsanitize=${SIMSWARM_SANITIZE})
endif()
