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
  int rank_ = 0;                     // of what was found: what only follows from an error comes last
  bool says_more_ = false;           // the next line tells what has happened
};

// A build's output as a terminal may have it: colours (SGR sequences) stay; other sequences go; single control
// characters, what turns the direction of text, and bytes that are no UTF-8 become visible escapes («\x00»); a line
// that writes over itself (\r) becomes several; one that is longer than `most_line` bytes is cut, and says so. In
// pieces, whose sizes do not matter; what is not whole yet waits.
class Printable {
 public:
  explicit Printable(std::size_t most_line = 8192) : most_(most_line) {}
  [[nodiscard]] std::string take(std::string_view piece);
  [[nodiscard]] std::string end();

 private:
  // One character, escape sequence or byte: `shown` of it, or counted as cut.
  void write(std::string_view shown, std::size_t size, std::string& output);
  void write_plain(std::string_view plain, std::string& output);
  void end_line(std::string_view end, std::string& output);
  std::size_t take_one(std::string_view text, bool is_last, std::string& output);

  std::size_t most_;
  std::string waiting_;
  std::size_t length_ = 0;    // of the line that is being written
  std::size_t cut_ = 0;       // bytes of it that are not shown
  bool is_coloured_ = false;  // it has had a colour
};

// How many compilations «make -n» (or «ninja -n -v») foretells: commands that call a compiler with -c.
[[nodiscard]] std::size_t compilations_in(std::string_view dry_run);

}  // namespace simswarm::build
