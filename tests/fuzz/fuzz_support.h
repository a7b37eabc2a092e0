// What the fuzzers share: the word for a broken property, the parts of an input, and a folder for files to read.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace simswarm::fuzz {

// Each fuzzer defines it: reads the input as what it stands for, and ends the program where a property does not hold.
void check(std::string_view input);

inline void require(bool holds, std::string_view property) {
  if (holds) return;
  std::fprintf(stderr, "broken property: %.*s\n", static_cast<int>(property.size()), property.data());
  std::abort();
}

// The first byte chooses between `count` readers: «a» the first, «b» the second, ….
inline unsigned take_choice(std::string_view& input, unsigned count) {
  if (input.empty()) return 0;
  const auto letter = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  if (input.starts_with('\n')) input.remove_prefix(1);
  return (letter + 256U - 'a') % count;
}

// The next part, up to a line «----», which is taken off too.
inline std::string_view take_part(std::string_view& input) {
  constexpr std::string_view kBetween = "----\n";
  const auto end = input.find(kBetween);
  const std::string_view part = input.substr(0, end);
  input.remove_prefix(end == std::string_view::npos ? input.size() : end + kBetween.size());
  return part;
}

// Ranges that would be spelled out as more values than a fuzzer has time for: with numbers of more than two digits, or
// many.
inline bool spells_out_much(std::string_view text) {
  std::size_t digits = 0;
  std::size_t longest = 0;
  std::size_t ranges = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    digits = text[at] >= '0' && text[at] <= '9' ? digits + 1 : 0;
    longest = std::max(longest, digits);
    ranges += text.substr(at).starts_with("..") ? 1 : 0;
  }
  return ranges > 4 || (ranges > 0 && longest > 2);
}

// A folder in memory where the machine has one, for parsers that read files; removed when the fuzzer ends in peace.
class Scratch {
 public:
  Scratch() {
    std::string name = (::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : fs::temp_directory_path().string());
    name += "/simswarm-fuzz-XXXXXX";
    require(::mkdtemp(name.data()) != nullptr, "a scratch folder can be made");
    folder_ = name;
  }
  ~Scratch() { static_cast<void>(remove_tree(folder_)); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] const fs::path& folder() const { return folder_; }

  fs::path write(const std::string& name, std::string_view content) const {
    fs::path file = folder_ / name;
    require(write_file(file, content).has_value(), "a scratch file can be written");
    return file;
  }

 private:
  fs::path folder_;
};

}  // namespace simswarm::fuzz
