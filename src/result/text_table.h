// Tables for the terminal, with aligned columns.
#pragma once

#include <string>
#include <vector>

namespace simswarm::result {

enum class Align { kLeft, kRight, kAuto };  // kAuto: right when all cells are numbers, quantities or empty

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) : header_(std::move(header)) {}
  void align(std::size_t column, Align align);
  // Shorter rows are filled with empty cells; cells beyond the header are dropped.
  void add_row(std::vector<std::string> cells);
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }

  struct Style {
    bool unicode = true;    // the rule below the header: «─» or «-»
    std::size_t width = 0;  // of the terminal; longest columns are cut to fit; 0: unlimited
  };
  // Lines that end in «\n», without blanks at their ends; header and rule first.
  [[nodiscard]] std::string render(const Style& style) const;
  [[nodiscard]] std::string render() const { return render(Style()); }

 private:
  struct Layout {
    std::size_t width;
    bool right;
  };
  [[nodiscard]] bool is_right(std::size_t column) const;
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t limit) const;
  static std::string line(const std::vector<std::string>& cells, const std::vector<Layout>& layout, bool unicode);

  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<Align> aligns_;
};

}  // namespace simswarm::result
