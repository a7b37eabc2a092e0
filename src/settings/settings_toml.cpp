#if __has_include(<toml++/toml.hpp>)
#include <toml++/toml.hpp>
#else
#include <toml++/toml.h>  // before 3.4
#endif

#include <algorithm>

#include "base/text.h"
#include "settings/settings_node.h"

namespace simswarm {
namespace {

using Kind = SettingsNode::Kind;

// The characters of a number as they stand in the file, from where the parser saw it; toml++ keeps only its value, and
// «0.10» is another word for a program than «0.1». Columns count characters.
std::string written_number(const std::vector<std::string_view>& lines, const toml::source_position& begin) {
  if (begin.line == 0 || begin.line > lines.size()) return {};
  const std::string_view line = lines[begin.line - 1];
  std::size_t at = 0;
  for (toml::source_index column = 1; column < begin.column && at < line.size(); ++column) {
    do ++at;
    while (at < line.size() && (static_cast<unsigned char>(line[at]) & 0xc0) == 0x80);
  }
  std::string number;
  for (; at < line.size() && std::string_view(",]}# \t").find(line[at]) == std::string_view::npos; ++at) {
    if (line[at] != '_') number.push_back(line[at]);
  }
  return number;
}

class Converter {
 public:
  explicit Converter(std::string_view text) : lines_(lines(text)) {}

  SettingsNode node(const toml::node& from) const {
    SettingsNode to;
    to.line = from.source().begin.line;
    if (const auto* table = from.as_table()) {
      add_members(*table, to);
    } else if (const auto* list = from.as_array()) {
      to.kind = Kind::kList;
      for (const toml::node& item : *list) to.items.push_back(node(item));
    } else {
      set_scalar(from, to);
    }
    return to;
  }

 private:
  // toml++ sorts keys by name; what the file says first is the first parameter of a sweep.
  void add_members(const toml::table& from, SettingsNode& to) const {
    to.kind = Kind::kTable;
    std::vector<std::pair<toml::source_position, std::string>> keys;
    for (auto&& [key, value] : from) keys.emplace_back(key.source().begin, std::string(key.str()));
    std::stable_sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [position, key] : keys) {
      SettingsNode member = node(*from.get(key));
      if (position.line > 0) member.line = position.line;
      to.members.push_back({std::string(key), std::move(member)});
    }
  }

  void set_scalar(const toml::node& from, SettingsNode& to) const {
    if (const auto* text = from.as_string()) {
      to.kind = Kind::kText;
      to.text = text->get();
    } else if (const auto* whole = from.as_integer()) {
      to.kind = Kind::kWhole;
      to.text = std::to_string(whole->get());
    } else if (const auto* number = from.as_floating_point()) {
      to.kind = Kind::kNumber;
      to.text = written_number(lines_, from.source().begin);
      if (parse_double(to.text) != number->get()) to.text = fmt::format("{}", number->get());
    } else if (const auto* boolean = from.as_boolean()) {
      to.kind = Kind::kBoolean;
      to.text = boolean->get() ? "true" : "false";
    } else {
      to.kind = Kind::kDate;
      to.text = "a date or time";
    }
  }

  std::vector<std::string_view> lines_;
};

}  // namespace

Result<SettingsNode> parse_toml(std::string_view text, const std::string& file) {
  try {
    const toml::table table = toml::parse(text, file);
    return Converter(text).node(table);
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    return usage_error("{}:{}:{}: {}", file, at.line, at.column, error.description());
  }
}

}  // namespace simswarm
