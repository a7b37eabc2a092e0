// What compilers and make say, read.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace simswarm::build {

struct FirstError {
  std::string file;      // as it was said; empty: none was
  std::size_t line = 0;  // 0: none was said
  std::string text;      // the whole line, printable
};

// Finds the first error in a build's output as it comes, in pieces: gcc, clang, ld, make, cmake, opp_msgc, a shell that
// finds no program. Warnings are none. Escape sequences (colours) are looked through. Holds a bounded tail only.
class ErrorFinder {
 public:
  void take(std::string_view piece);
  void end();
  [[nodiscard]] const std::optional<FirstError>& found() const { return found_; }

 private:
  void look_at(std::string_view line);
  std::string line_;
  std::optional<FirstError> found_;  // what names a file and line goes before what does not
};

// A build's output as a terminal may have it: colours (SGR sequences) stay; other control sequences, NUL and bytes that
// are no UTF-8 become visible escapes; a line that is longer than `most` is cut, and says so. In pieces; what is not
// whole yet waits.
class Printable {
 public:
  explicit Printable(std::size_t most_line = 8192) : most_(most_line) {}
  [[nodiscard]] std::string take(std::string_view piece);
  [[nodiscard]] std::string end();

 private:
  std::size_t most_;
  std::string waiting_;
  std::size_t length_ = 0;  // of the line that is being written
};

// How many compilations «make -n» foretells: lines that call a compiler with -c.
[[nodiscard]] std::size_t compilations_in(std::string_view dry_run);

}  // namespace simswarm::build
