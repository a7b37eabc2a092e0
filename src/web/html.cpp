#include "web/html.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>

namespace simswarm::web {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

struct Character {
  std::uint32_t code = kReplacement;
  std::size_t size = 1;  // bytes
};

// How many bytes one takes that begins so, and the bits of its code in the first.
Character begun_by(unsigned char first) {
  if (first < 0x80U) return {first, 1};
  if (first >= 0xC2U && first < 0xE0U) return {first & 0x1FU, 2};
  if (first >= 0xE0U && first < 0xF0U) return {first & 0x0FU, 3};
  if (first >= 0xF0U && first < 0xF5U) return {first & 0x07U, 4};
  return {kReplacement, 0};
}

// Too long a form, half of a surrogate pair, or beyond Unicode.
bool is_forged(std::uint32_t code, std::size_t size) {
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  return code < kLeast[size] || (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF;
}

Character next_of(std::string_view text) {
  Character one = begun_by(static_cast<unsigned char>(text[0]));
  if (one.size == 0 || one.size > text.size()) return {};
  for (std::size_t i = 1; i < one.size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80U) return {};
    one.code = one.code << 6U | (byte & 0x3FU);
  }
  return is_forged(one.code, one.size) ? Character{} : one;
}

bool is_invisible(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x61C || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x2069) || code == 0xFEFF ||
         (code >= 0xE0000 && code <= 0xE007F);
}

std::string shown(const Character& one, std::string_view bytes) {
  switch (one.code) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    case '\n':
    case '\t':
      return " ";
    case kReplacement:
      return "\xEF\xBF\xBD";
    default:
      return is_invisible(one.code) ? fmt::format("‹U+{:04X}›", one.code) : std::string(bytes);
  }
}

}  // namespace

std::string escaped(std::string_view text, std::size_t longest) {
  std::string safe;
  for (std::size_t count = 0; !text.empty(); ++count) {
    if (count == longest) return safe + "…";
    const Character one = next_of(text);
    safe += shown(one, text.substr(0, one.size));
    text.remove_prefix(one.size);
  }
  return safe;
}

HtmlTable::HtmlTable(const std::vector<std::string>& header) {
  for (const std::string& name : header) head_ += fmt::format("<th scope=\"col\">{}</th>", escaped(name));
}

void HtmlTable::add_row(const std::vector<Cell>& cells) {
  rows_ += "<tr>";
  for (const Cell& cell : cells) {
    rows_ += cell.kind.empty() ? "<td>" : fmt::format("<td class=\"{}\">", cell.kind);
    rows_ += escaped(cell.text) + "</td>";
  }
  rows_ += "</tr>\n";
}

std::string HtmlTable::html(std::string_view otherwise) const {
  if (rows_.empty()) return fmt::format("<p class=\"quiet\">{}</p>\n", escaped(otherwise));
  return fmt::format(
      "<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody>\n</table></div>\n",
      head_, rows_);
}

}  // namespace simswarm::web
