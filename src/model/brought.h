// Environment variables that a study brings along, since the machine that executes it has none of them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/text.h"

namespace simswarm {

// Stands for the top of the project's files, wherever they lie.
inline constexpr std::string_view kTopWord = "{top}";

struct Brought {
  std::string name;
  std::string value;  // with {top} in it
  friend bool operator==(const Brought&, const Brought&) = default;
};
using Environment = std::vector<std::pair<std::string, std::string>>;

// Nothing: the study brings none of this name.
[[nodiscard]] inline const Brought* find_brought(const std::vector<Brought>& brought, std::string_view name) {
  for (const Brought& one : brought) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

[[nodiscard]] inline Environment placed(const std::vector<Brought>& brought, const fs::path& top) {
  Environment environment;
  for (const Brought& one : brought) environment.emplace_back(one.name, replace_all(one.value, kTopWord, top.string()));
  return environment;
}

}  // namespace simswarm
