// A terminal for a build, and what of its output is passed on. Internal to this room.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "build/words.h"

namespace simswarm::build {

// Both streams of a build go to a terminal, since compilers colour their words for nothing else; bytes pass unchanged,
// and none come from it.
struct Terminal {
  Fd ours;    // does not block
  Fd theirs;  // for the build; closed when it has started
};
[[nodiscard]] Result<Terminal> open_terminal();

// Passes on the first of it as it comes; of the rest it holds the last in memory until the end. The first error is
// looked for in what is passed on: to read all of a flood would cost more than to print it.
class BuildOutput {
 public:
  BuildOutput(std::uint64_t most, std::function<void(std::string_view)> ear) : half_(most / 2), ear_(std::move(ear)) {}
  void take(std::string_view piece);
  void end();
  [[nodiscard]] std::uint64_t size() const { return size_; }  // bytes printed
  [[nodiscard]] const std::optional<FirstError>& first_error() const { return errors_.found(); }

 private:
  void hold(std::string_view piece);

  std::uint64_t half_;
  std::function<void(std::string_view)> ear_;
  Printable printable_;
  ErrorFinder errors_;
  std::uint64_t size_ = 0;
  std::string last_;         // a ring
  std::size_t last_at_ = 0;  // where the next byte goes, once it is full
  std::uint64_t held_ = 0;   // bytes that came after the first half
};

}  // namespace simswarm::build
