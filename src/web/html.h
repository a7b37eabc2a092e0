// Text that others wrote, made harmless in a page: every value of a page goes through here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace simswarm::web {

inline constexpr std::size_t kLongestShown = 300;  // characters of a value; the rest is «…»

// For content and for values of attributes within double quotes. What is no UTF-8 is U+FFFD; control characters and
// those that turn the direction of text are shown as «‹U+202E›», and change nothing around them.
[[nodiscard]] std::string escaped(std::string_view text, std::size_t longest = kLongestShown);

// A table of escaped cells; it may scroll in itself, so that a phone shows the page.
class HtmlTable {
 public:
  explicit HtmlTable(const std::vector<std::string>& header);

  struct Cell {
    std::string text;    // not escaped yet
    std::string kind{};  // class of the cell: number, bad, good, quiet, or several of them; of our own words
  };
  void add_row(const std::vector<Cell>& cells);
  // With `otherwise` in its place where it has no row.
  [[nodiscard]] std::string html(std::string_view otherwise) const;

 private:
  std::string head_;
  std::string rows_;
};

}  // namespace simswarm::web
