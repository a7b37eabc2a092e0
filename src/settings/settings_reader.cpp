#include "settings/settings_reader.h"

#include <algorithm>

#include "base/text.h"
#include "settings/settings.h"
#include "simulator/command_text.h"

namespace simswarm {
namespace {

using Kind = SettingsNode::Kind;

constexpr std::size_t kLongestShown = 60;  // characters of a value in an error

std::vector<std::string> known_keys(std::string_view table) {
  std::vector<std::string> names;
  for (const SettingKey& key : kSettingKeys) {
    if (key.table == table) names.emplace_back(key.name);
  }
  return names;
}

std::string_view expected(std::string_view table, std::string_view name) {
  for (const SettingKey& key : kSettingKeys) {
    if (key.table == table && key.name == name) return key.type;
  }
  return "something else";
}

bool is_value(const SettingsNode& node) {
  return node.kind == Kind::kText || node.kind == Kind::kWhole || node.kind == Kind::kNumber ||
         node.kind == Kind::kBoolean;
}

}  // namespace

std::string described(const SettingsNode& value) {
  switch (value.kind) {
    case Kind::kTable:
      return "a table";
    case Kind::kList:
      return "a list";
    case Kind::kText:
      return "\"" + clean_line(value.text, kLongestShown) + "\"";
    default:
      return value.text;
  }
}

Result<TableReader> TableReader::of(const SettingsNode& node, TablePlace place) {
  if (node.kind != Kind::kTable) {
    return usage_error("{}:{}: {} is {}; expected a table", place.file, node.line, place.path, described(node));
  }
  const std::vector<std::string> known = known_keys(place.table);
  for (const auto& [name, value] : node.members) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string near = did_you_mean(name, known);
    if (near.empty()) near = "; known are " + join(known, ", ");
    return usage_error("{}:{}: unknown key «{}» in [{}]{}", place.file, value.line, name, place.path, near);
  }
  return TableReader(node, std::move(place));
}

const SettingsNode* TableReader::find(std::string_view key) const {
  for (const auto& [name, value] : node_->members) {
    if (name == key) return &value;
  }
  return nullptr;
}

tl::unexpected<Error> TableReader::wrong(std::string_view key, const SettingsNode& value) const {
  return usage_error("{}:{}: {}.{} is {}; expected {}", place_.file, value.line, place_.path, key, described(value),
                     expected(place_.table, key));
}

tl::unexpected<Error> TableReader::error(std::string_view key, const SettingsNode& value,
                                         std::string_view message) const {
  return usage_error("{}:{}: {}.{}: {}", place_.file, value.line, place_.path, key, message);
}

Status TableReader::text(std::string_view key, std::string& into) const {
  const SettingsNode* value = find(key);
  if (value == nullptr) return {};
  if (value->kind != Kind::kText || value->text.empty()) return wrong(key, *value);
  into = value->text;
  return {};
}

Status TableReader::texts(std::string_view key, std::vector<std::string>& into, bool one_is_enough) const {
  const SettingsNode* value = find(key);
  if (value == nullptr) return {};
  into.clear();
  if (one_is_enough && value->kind == Kind::kText) {
    into.push_back(value->text);
    return {};
  }
  if (value->kind != Kind::kList) return wrong(key, *value);
  for (const SettingsNode& item : value->items) {
    if (item.kind != Kind::kText)
      return error(key, item, fmt::format("{} is in it; expected {}", described(item), expected(place_.table, key)));
    into.push_back(item.text);
  }
  return {};
}

Status TableReader::whole(std::string_view key, std::int64_t least, std::int64_t& into) const {
  const SettingsNode* value = find(key);
  if (value == nullptr) return {};
  const auto number = value->kind == Kind::kWhole ? parse_int(value->text) : std::nullopt;
  if (!number || *number < least || *number > 1'000'000'000) return wrong(key, *value);
  into = *number;
  return {};
}

Result<std::vector<std::string>> TableReader::values(std::string_view key, const SettingsNode& node) const {
  if (node.kind == Kind::kText) {
    auto values = parse_values(node.text);
    if (!values) return error(key, node, values.error().message);
    return values;
  }
  if (is_value(node)) return std::vector<std::string>{node.text};
  if (node.kind != Kind::kList)
    return error(key, node, "expected a list of values, one value, or a text like \"1..30\"");
  std::vector<std::string> values;
  for (const SettingsNode& item : node.items) {
    if (!is_value(item))
      return error(key, item, fmt::format("{} is in the list; expected texts and numbers", described(item)));
    values.push_back(item.text);
  }
  return values;
}

}  // namespace simswarm
