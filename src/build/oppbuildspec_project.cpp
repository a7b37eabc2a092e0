#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "build/oppbuildspec.h"
#include "build/oppbuildspec_xml.h"

namespace simswarm::build {
namespace {

struct SourceEntry {
  std::string folder;                 // in the project; «.» for all of it
  std::vector<std::string> excluded;  // patterns, from the folder
};

// Of the configuration for that mode, or of the first.
std::vector<SourceEntry> source_entries(std::string_view cproject, std::string_view mode) {
  const auto configurations = elements(cproject, "cconfiguration");
  const auto has_mode = [&](std::string_view configuration) {
    const auto modules = tags(configuration, "storageModule");
    return !modules.empty() && modules[0].contains("name") && modules[0].at("name").find(mode) != std::string::npos;
  };
  auto chosen = std::find_if(configurations.begin(), configurations.end(), has_mode);
  if (chosen == configurations.end()) chosen = configurations.begin();
  std::vector<SourceEntry> entries;
  if (chosen == configurations.end()) return entries;
  for (const Attributes& tag : tags(*chosen, "entry")) {
    if (!tag.contains("kind") || tag.at("kind") != "sourcePath") continue;
    SourceEntry entry{joined(".", tag.contains("name") ? tag.at("name") : ""), {}};
    const std::string excluding = tag.contains("excluding") ? tag.at("excluding") : "";
    for (const std::string_view pattern : split(excluding, '|')) {
      const std::string_view plain = pattern.substr(0, pattern.find_last_not_of('/') + 1);
      if (!plain.empty()) entry.excluded.emplace_back(plain);
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

bool is_excluded(const std::vector<SourceEntry>& entries, const std::string& folder) {
  bool is_source = entries.empty();
  for (const SourceEntry& entry : entries) {
    const bool holds_entry = is_within(folder, entry.folder);
    is_source = is_source || holds_entry || is_within(entry.folder, folder);
    if (holds_entry || !is_within(entry.folder, folder)) continue;
    const std::string inside = way(entry.folder, folder);
    if (std::any_of(entry.excluded.begin(), entry.excluded.end(),
                    [&](const std::string& pattern) { return glob_match(pattern, inside); }))
      return true;
  }
  return !is_source;
}

// «inet» of «INET-4.5.4» and «inet4.5».
std::string without_version(std::string_view name) {
  std::string plain;
  for (const char c : name.substr(0, name.find_first_of("-0123456789."))) {
    plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return plain;
}

}  // namespace

Project read_project(const SourceTree& tree, const std::string& place) {
  Project project{place, fs::path(place).filename().string(), false, {}};
  const std::string file = joined(place, ".project");
  project.has_description = tree.has(file);
  if (!project.has_description) return project;
  const std::string description = tree.read(file);
  if (const auto names = texts(description, "name"); !names.empty() && !names[0].empty()) project.name = names[0];
  project.references = texts(description, "project");
  return project;
}

const Project* project_called(const std::vector<Project>& projects, std::string_view name) {
  const auto by = [&](const auto& is_it) -> const Project* {
    const auto found = std::find_if(projects.begin(), projects.end(), is_it);
    return found == projects.end() ? nullptr : &*found;
  };
  if (const auto* found = by([&](const Project& project) { return project.name == name; })) return found;
  if (const auto* found = by([&](const Project& project) { return fs::path(project.place).filename() == name; }))
    return found;
  const std::string plain = without_version(name);
  if (plain.empty()) return nullptr;
  return by([&](const Project& project) {
    return without_version(project.name) == plain ||
           without_version(fs::path(project.place).filename().string()) == plain;
  });
}

std::string project_variable(std::string_view name) {
  std::string variable;
  if (!name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) != 0) variable = "_";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    variable += std::isalnum(byte) != 0 ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return variable + "_PROJ";
}

std::vector<std::string> excluded_folders(const SourceTree& tree, const std::string& project, const std::string& folder,
                                          std::string_view mode) {
  const auto entries = source_entries(tree.read(joined(project, ".cproject")), mode);
  std::vector<std::string> excluded;
  if (entries.empty()) return excluded;
  for (const std::string& below : tree.folders(folder)) {
    const bool is_known = std::any_of(excluded.begin(), excluded.end(), [&](const std::string& above) {
      return is_within(joined(folder, above), below);
    });
    if (!is_known && is_excluded(entries, way(project, below))) excluded.push_back(way(folder, below));
  }
  return excluded;
}

}  // namespace simswarm::build
