// Programs by the names that they go by in builds.
#pragma once

#include <string_view>

namespace simswarm::build {

// «g++» of «/usr/bin/x86_64-linux-gnu-g++-12».
[[nodiscard]] std::string_view plain_name(std::string_view program);

// gcc, clang and their kin, also under MPI's and CUDA's names; neither linkers nor preprocessors.
[[nodiscard]] bool is_compiler(std::string_view program);
[[nodiscard]] bool is_linker(std::string_view program);
[[nodiscard]] bool is_shell(std::string_view program);
// Any of them, and what belongs to compilers, make, CMake and OMNeT++: it says «PROGRAM: error: …».
[[nodiscard]] bool is_build_program(std::string_view program);

// Of a line «PROGRAM: …»: its plain name, «make» of «make[2]»; empty where there is none.
[[nodiscard]] std::string_view program_before(std::string_view line);
// Of the same line: what comes after «PROGRAM: ».
[[nodiscard]] std::string_view after_program(std::string_view line);

}  // namespace simswarm::build
