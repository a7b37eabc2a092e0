// Files as streams of lines, in constant memory whatever their size.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::result {

// Owns its file and its buffer; moved, not copied. A line is a view into the buffer that the next call of `next` ends.
// A line of more than 64 MiB is an error: such a file is no text.
class LineReader {
 public:
  [[nodiscard]] static Result<LineReader> open(const fs::path& path);

  // Moves to the next line; false at the end of the file.
  [[nodiscard]] Result<bool> next();
  [[nodiscard]] std::string_view line() const { return line_; }    // without «\n»; a «\r» stays
  [[nodiscard]] std::uint64_t number() const { return number_; }   // from 1; 0 before the first line
  [[nodiscard]] bool has_newline() const { return has_newline_; }  // false: the file ends inside this line
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  LineReader(Fd fd, fs::path path);
  [[nodiscard]] Status fill();
  bool take(std::size_t end, bool has_newline);

  Fd fd_;
  fs::path path_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of what has not been given out
  std::size_t end_ = 0;
  bool at_end_of_file_ = false;
  std::string_view line_;
  std::uint64_t number_ = 0;
  bool has_newline_ = true;
};

// Opens for reading; an error for what is no regular file, so that nobody waits at a pipe.
[[nodiscard]] Result<Fd> open_regular(const fs::path& path);
// At most `capacity` bytes into `into`; fewer only at the end of the file.
[[nodiscard]] Result<std::size_t> read_block(const Fd& fd, char* into, std::size_t capacity, const fs::path& path);

// «FILE:LINE: TEXT» as an error.
[[nodiscard]] tl::unexpected<Error> error_at(const fs::path& path, std::uint64_t line, std::string_view text);

}  // namespace simswarm::result
