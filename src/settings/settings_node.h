// A settings file as a plain tree, each value with its line. settings_toml.cpp makes it; it is the one file that knows
// toml++.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace simswarm {

struct SettingsMember;

struct SettingsNode {
  enum class Kind { kTable, kList, kText, kWhole, kNumber, kBoolean, kDate };

  Kind kind = Kind::kTable;
  std::size_t line = 1;
  std::string text;  // of a value: texts without quotes, numbers as they are written («0.10»), «true»
  std::vector<SettingsNode> items;      // of a list
  std::vector<SettingsMember> members;  // of a table, in the order of the file
};

struct SettingsMember {
  std::string name;
  SettingsNode value;
};

// The error names file, line and column.
[[nodiscard]] Result<SettingsNode> parse_toml(std::string_view text, const std::string& file);

}  // namespace simswarm
