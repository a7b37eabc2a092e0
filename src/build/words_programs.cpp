#include "build/words_programs.h"

#include <algorithm>
#include <array>

namespace simswarm::build {
namespace {

constexpr std::array<std::string_view, 21> kCompilers{
    "g++", "gcc",  "c++",    "cc",     "clang++", "clang", "c99",   "c89",      "icpc",       "icc",     "icpx",
    "icx", "nvcc", "mpicxx", "mpic++", "mpiCC",   "mpicc", "hipcc", "gfortran", "armclang++", "armclang"};
constexpr std::array<std::string_view, 7> kLinkers{"ld", "ld.bfd", "ld.gold", "ld.lld", "gold", "lld", "mold"};
constexpr std::array<std::string_view, 6> kShells{"sh", "bash", "dash", "zsh", "ksh", "ash"};
constexpr std::array<std::string_view, 19> kOthers{
    "cc1",          "cc1plus",         "collect2", "as",    "lto1",    "lto-wrapper", "ar",          "ranlib",
    "ccache",       "distcc",          "cmake",    "ninja", "libtool", "opp_msgc",    "opp_msgtool", "opp_nedtool",
    "opp_makemake", "opp_featuretool", "configure"};

bool is_one_of(std::string_view name, const auto& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// «-12», «-14.0.6».
std::string_view without_version(std::string_view name) {
  const auto end = name.find_last_not_of("0123456789.");
  const bool is_versioned = end != std::string_view::npos && end + 1 < name.size() && end > 0 && name[end] == '-';
  return is_versioned ? name.substr(0, end) : name;
}

}  // namespace

std::string_view plain_name(std::string_view program) {
  std::string_view name = without_version(program.substr(program.rfind('/') + 1));
  const std::string_view last = name.substr(name.rfind('-') + 1);
  const bool has_machine = last.size() != name.size() && (is_one_of(last, kCompilers) || is_one_of(last, kLinkers));
  return has_machine ? last : name;
}

bool is_compiler(std::string_view program) {
  return is_one_of(plain_name(program), kCompilers);
}

bool is_linker(std::string_view program) {
  return is_one_of(plain_name(program), kLinkers);
}

bool is_shell(std::string_view program) {
  return is_one_of(plain_name(program), kShells);
}

bool is_build_program(std::string_view program) {
  return is_compiler(program) || is_linker(program) || is_one_of(plain_name(program), kOthers);
}

std::string_view program_before(std::string_view line) {
  std::string_view word = line.substr(0, line.find(": "));
  if (word.size() == line.size() || word.find(' ') != std::string_view::npos) return {};
  word = word.substr(0, word.find('['));
  const std::string_view name = plain_name(word);
  return name == "gmake" ? std::string_view("make") : name;
}

std::string_view after_program(std::string_view line) {
  return line.substr(std::min(line.size(), line.find(": ") + 2));
}

}  // namespace simswarm::build
