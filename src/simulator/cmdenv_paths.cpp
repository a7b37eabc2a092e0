#include "simulator/cmdenv_paths.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "base/text.h"

namespace simswarm::cmdenv {
namespace {

constexpr std::array<const char*, 4> kNameKeys{"output-scalar-file", "output-vector-file", "cmdenv-output-file",
                                               "eventlog-file"};
constexpr int kDeepestInclude = 16;

fs::path work_tree_of(const fs::path& folder) {
  std::error_code ignored;
  for (fs::path above = folder; above.has_relative_path(); above = above.parent_path()) {
    if (fs::exists(above / ".git", ignored)) return above;
  }
  return folder;
}

// What a run must go on seeing: a folder of the system, the user's home, one with a project's files in it.
bool holds_more_than_results(const fs::path& folder) {
  const char* home = std::getenv("HOME");
  if (folder.relative_path().parent_path().empty() || (home != nullptr && folder == fs::path(home))) return true;
  std::error_code error;
  constexpr std::array<std::string_view, 5> kProject{".ned", ".ini", ".cc", ".so", ".git"};
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
    if (std::any_of(kProject.begin(), kProject.end(), ends)) return true;
  }
  return false;
}

}  // namespace

Paths::Paths(fs::path working_folder, const Words& words) : working_folder_(std::move(working_folder)) {
  first_ini_folder_ = absolute_from(working_folder_, fs::path(words.ini_files.front()).parent_path());
  for (const char* key : kNameKeys) {
    if (words.option(key) != nullptr) bases_.emplace(key, working_folder_);
  }
  std::set<fs::path> known;
  for (const std::string& file : words.ini_files) read_ini(absolute_from(working_folder_, file), 0, known);
}

// An explicit name counts from the folder of the ini file that gives it. A file is read once: one that includes itself
// twice would be read 2^depth times.
void Paths::read_ini(const fs::path& file, int depth, std::set<fs::path>& known) {
  const bool is_name = file.native().find('\0') == std::string::npos;  // the system would read up to the zero
  if (!is_name || depth > kDeepestInclude || !known.insert(file).second) return;
  const auto text = read_file(file);
  if (!text) return;
  for (const std::string_view raw : lines(*text)) {
    const std::string_view line = trim(raw);
    if (line.starts_with("include ")) {
      read_ini(absolute_from(file.parent_path(), fs::path(trim(line.substr(8)))), depth + 1, known);
    }
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || line.starts_with("#")) continue;
    const std::string_view key = trim(line.substr(0, equals));
    if (std::find(kNameKeys.begin(), kNameKeys.end(), key) != kNameKeys.end()) {
      bases_.emplace(key, file.parent_path());
    }
  }
}

fs::path Paths::base_of(const RunConfig& config, const std::string& key) const {
  const auto base = bases_.find(key);
  return base == bases_.end() || config.entry(key) == nullptr ? first_ini_folder_ : base->second;
}

std::string Paths::seen(const fs::path& base, const std::string& name) const {
  return absolute_from(base, name).lexically_relative(working_folder_).string();
}

ExpectedFiles Paths::files_of(const RunConfig& config, const FileNames& names) const {
  const fs::path vectors = base_of(config, "output-vector-file");
  return {config.run,
          seen(base_of(config, "output-scalar-file"), names.scalars),
          seen(vectors, names.vectors),
          seen(vectors, names.index),
          seen(base_of(config, "cmdenv-output-file"), names.output),
          seen(base_of(config, "eventlog-file"), names.eventlog)};
}

std::string Paths::result_folder(const RunConfig& config) const {
  const std::string* given = config.entry("result-dir");
  return seen(first_ini_folder_, given == nullptr ? "results" : unquoted(*given));
}

Result<std::vector<std::string>> Paths::result_folders(const RunConfig& config, bool output) const {
  std::set<std::string> folders;
  const fs::path results = absolute_from(working_folder_, result_folder(config));
  if (!lies_in(results, working_folder_)) folders.insert(result_folder(config));
  const ExpectedFiles files = files_of(config, names_of(config));
  const fs::path work_tree = work_tree_of(working_folder_);
  for (const auto& [key, name] : {std::pair<std::string, std::string>{"output-scalar-file", files.scalars},
                                  {"output-vector-file", files.vectors},
                                  {"cmdenv-output-file", output ? files.output : std::string()}}) {
    if (name.empty() || config.entry(key) == nullptr) continue;
    const fs::path folder = absolute_from(working_folder_, name).parent_path();
    if (lies_in(work_tree, folder) || lies_in(results, folder)) continue;
    if (lies_in(folder, working_folder_) || holds_more_than_results(folder)) {
      return usage_error(
          "{} writes {} to {}, outside of the project, where other things lie too: results need a folder of their own "
          "there, which runs see empty",
          short_name(config.run), key, (folder / fs::path(name).filename()).string());
    }
    folders.insert(folder.lexically_relative(working_folder_).string());
  }
  return std::vector<std::string>(folders.begin(), folders.end());
}

}  // namespace simswarm::cmdenv
