// What a program said, out of files of any size.
#pragma once

#include <functional>
#include <regex>
#include <string>
#include <string_view>

#include "base/files.h"

namespace simswarm {

// Calls `visit` with each line, without its end, until it returns true; returns whether it did. A line of more than 4
// KiB comes in pieces that overlap by 1 KiB. A file that cannot be read has no lines.
bool any_line(const fs::path& path, const std::function<bool(std::string_view line)>& visit);

// The last line that is not blank, as clean_line gives it; empty where there is none.
[[nodiscard]] std::string last_line(const fs::path& path, std::size_t most_characters);

// A regular expression that is searched in lines; one without special characters is searched as the text that it is.
class LinePattern {
 public:
  LinePattern() = default;  // empty
  [[nodiscard]] static Result<LinePattern> parse(const std::string& pattern, std::string_view where);

  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] unsigned groups() const { return regex_.mark_count(); }
  [[nodiscard]] bool found_in(std::string_view line) const;
  // The first group of the last match in the line; empty where nothing matches.
  [[nodiscard]] std::string last_match(std::string_view line) const;

 private:
  std::string text_;
  bool plain_ = false;
  std::regex regex_;
};

}  // namespace simswarm
