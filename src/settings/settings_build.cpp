#include "settings/settings_build.h"

#include <algorithm>
#include <array>

#include "settings/settings_reader.h"
#include "settings/shell_words.h"
#include "simulator/command_text.h"

namespace simswarm {
namespace {

using Kind = SettingsNode::Kind;

// «["make", "-j4"]», as a list has to be written.
std::string as_list(const std::vector<std::string>& words) {
  std::string list = "[";
  for (const std::string& word : words) {
    if (list.size() > 1) list += ", ";
    const bool is_plain = word.find_first_of("\"\\") == std::string::npos;
    const bool has_apostrophe = word.find('\'') != std::string::npos;
    if (is_plain)
      list += '"' + word + '"';
    else
      list += has_apostrophe ? "\"…\"" : '\'' + word + '\'';
  }
  return list + ']';
}

// A text could be a shell's line or words, so it is none; the error shows it as a list.
tl::unexpected<Error> one_text(const TableReader& table, const SettingsNode& value) {
  const auto words = split_shell_words(value.text);
  const std::vector<std::string> shell{"sh", "-c", value.text};
  const bool is_plain = words.has_value() && !words->empty();
  return table.error("command", value,
                     fmt::format("{} is one text; it is a list of words: write {}", described(value),
                                 clean_line(as_list(is_plain ? *words : shell), 200)));
}

Result<std::vector<std::string>> read_step(const TableReader& table, const SettingsNode& list) {
  std::vector<std::string> words;
  for (const SettingsNode& item : list.items) {
    if (item.kind != Kind::kText)
      return table.error(
          "command", item,
          fmt::format("{} stands among words; expected texts, or lists of texts for several steps", described(item)));
    words.push_back(item.text);
  }
  if (words.empty() || words[0].empty()) return table.error("command", list, "a step is empty; give its program");
  return words;
}

Status read_command(const TableReader& table, std::vector<std::vector<std::string>>& steps) {
  const SettingsNode* value = table.find("command");
  if (value == nullptr) return {};
  if (value->kind == Kind::kText) return one_text(table, *value);
  if (value->kind != Kind::kList) return table.wrong("command", *value);
  if (value->items.empty()) return table.error("command", *value, "it is empty");
  if (value->items[0].kind != Kind::kList) {
    SIMSWARM_TRY(auto step, read_step(table, *value));
    steps.push_back(std::move(step));
    return {};
  }
  for (const SettingsNode& item : value->items) {
    if (item.kind != Kind::kList)
      return table.error("command", item,
                         fmt::format("{} stands among steps; each is a list of words", described(item)));
    SIMSWARM_TRY(auto step, read_step(table, item));
    steps.push_back(std::move(step));
  }
  return {};
}

Status read_folder(const TableReader& table, std::string& folder) {
  SIMSWARM_CHECK(table.text("folder", folder));
  if (folder.empty()) return {};
  const fs::path path = fs::path(folder).lexically_normal();
  const bool leaves = path.is_absolute() || (!path.empty() && *path.begin() == "..");
  return leaves ? Status(table.wrong("folder", *table.find("folder"))) : Status();
}

Status read_mode(const TableReader& table, std::string& mode) {
  SIMSWARM_CHECK(table.text("mode", mode));
  const bool is_known = mode.empty() || mode == "release" || mode == "debug";
  return is_known ? Status() : Status(table.wrong("mode", *table.find("mode")));
}

bool is_variable(const std::string& name) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
  const bool has_digit_first = !name.empty() && name[0] >= '0' && name[0] <= '9';
  return !name.empty() && !has_digit_first && name.find_first_not_of(allowed) == std::string::npos;
}

// What names a place on this machine means nothing on another.
Status read_environment(const TableReader& table, std::vector<std::string>& names) {
  constexpr std::array<std::string_view, 6> own{"PATH", "HOME", "TMPDIR", "PWD", "USER", "SHELL"};
  SIMSWARM_CHECK(table.texts("environment", names));
  for (const std::string& name : names) {
    const SettingsNode& value = *table.find("environment");
    if (!is_variable(name))
      return table.error("environment", value,
                         fmt::format("\"{}\" is no name of a variable; values come from the environment itself",
                                     clean_line(name, 60)));
    if (std::find(own.begin(), own.end(), name) != own.end())
      return table.error("environment", value, fmt::format("{} is the builder's own there; leave it out", name));
  }
  return {};
}

}  // namespace

Result<BuildSettings> read_build(const SettingsNode& node, const std::string& file) {
  SIMSWARM_TRY(const TableReader table, TableReader::of(node, {file, kBuildTable, std::string(kBuildTable)}));
  BuildSettings build;
  SIMSWARM_CHECK(read_command(table, build.command));
  SIMSWARM_CHECK(read_folder(table, build.folder));
  SIMSWARM_CHECK(read_mode(table, build.mode));
  SIMSWARM_CHECK(read_environment(table, build.environment));
  SIMSWARM_CHECK(table.texts("include", build.include));
  SIMSWARM_CHECK(table.texts("roots", build.roots));
  SIMSWARM_CHECK(table.text("image", build.image));
  return build;
}

}  // namespace simswarm
