#include "result/text_table.h"

#include <algorithm>
#include <numeric>

#include "result/tokens.h"
#include "result/width.h"

namespace simswarm::result {

namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 4;  // of a column that is cut

// Control characters would break the lines.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return text;
}

// «12», «1.5 s», «0.31 ±0.02», «80%»
bool looks_numeric(const std::string& cell) {
  const std::string_view first = std::string_view(cell).substr(0, cell.find(" ±"));
  return cell.empty() || cell == "-" || parse_quantity(first).has_value();
}

}  // namespace

void TextTable::align(std::size_t column, Align align) {
  if (aligns_.size() <= column) aligns_.resize(column + 1, Align::kAuto);
  aligns_[column] = align;
}

void TextTable::add_row(std::vector<std::string> cells) {
  cells.resize(header_.size());
  for (std::string& cell : cells) cell = one_line(std::move(cell));
  rows_.push_back(std::move(cells));
}

bool TextTable::is_right(std::size_t column) const {
  const Align align = column < aligns_.size() ? aligns_[column] : Align::kAuto;
  if (align != Align::kAuto) return align == Align::kRight;
  return !rows_.empty() &&
         std::all_of(rows_.begin(), rows_.end(), [&](const auto& row) { return looks_numeric(row[column]); });
}

std::vector<std::size_t> TextTable::widths(std::size_t limit) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < header_.size(); ++i) {
    widths.push_back(display_width(header_[i]));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  if (limit == 0 || widths.empty()) return widths;
  std::size_t total = std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
  while (total > limit) {
    const auto longest = std::max_element(widths.begin(), widths.end());
    if (*longest <= kNarrowest) break;
    --*longest;
    --total;
  }
  return widths;
}

std::string TextTable::line(const std::vector<std::string>& cells, const std::vector<Layout>& layout, bool unicode) {
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) text.append(kGap, ' ');
    const std::string cell = shortened(cells[i], layout[i].width, unicode);
    text += layout[i].right ? padded_left(cell, layout[i].width) : padded_right(cell, layout[i].width);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

std::string TextTable::render(const Style& style) const {
  std::vector<Layout> columns;
  std::vector<std::string> rules;
  for (const std::size_t width : widths(style.width)) {
    columns.push_back({width, is_right(columns.size())});
    std::string& rule = rules.emplace_back();
    for (std::size_t i = 0; i < width; ++i) rule += style.unicode ? "─" : "-";
  }
  std::string text = line(header_, columns, style.unicode) + line(rules, columns, style.unicode);
  for (const auto& row : rows_) text += line(row, columns, style.unicode);
  return text;
}

}  // namespace simswarm::result
