#include "source/roots_projects.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "base/text.h"

namespace simswarm::source {
namespace {

constexpr std::uint64_t kMostRead = 4ULL << 20U;  // of a makefile, bytes

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::string small_file(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > kMostRead) return "";
  return read_file(path).value_or("");
}

bool is_of_system(const fs::path& folder) {
  for (const char* system :
       {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/proc", "/sys", "/dev", "/boot", "/run"}) {
    if (lies_in(system, folder)) return !lies_in("/usr/src", folder);
  }
  for (const char* top : {"/", "/opt", "/var", "/home", "/root", "/tmp", "/mnt", "/media", "/srv"}) {
    if (folder == top) return true;
  }
  const char* home = ::getenv("HOME");
  return home != nullptr && folder == absolute_from("/", home);
}

bool is_simulator(const fs::path& folder) {
  return is_there(folder / "bin" / "opp_run") || is_there(folder / "Makefile.inc");
}

bool lies_in_simulator(const fs::path& folder) {
  for (fs::path one = folder; one != one.root_path(); one = one.parent_path()) {
    if (is_simulator(one)) return true;
  }
  return false;
}

bool looks_like_project(const fs::path& folder) {
  return is_there(folder / ".project") || is_there(folder / "Makefile") || is_there(folder / "package.ned");
}

bool ends_search(const fs::path& folder) {
  return is_of_system(folder) || is_simulator(folder);
}

// Itself or the nearest around it.
std::optional<fs::path> nearest(const fs::path& folder, const std::function<bool(const fs::path&)>& is_one) {
  for (fs::path one = folder; !ends_search(one); one = one.parent_path()) {
    if (is_one(one)) return one;
  }
  return {};
}

std::string_view between(std::string_view text, std::string_view begin, std::string_view end, std::size_t& at) {
  const std::size_t from = text.find(begin, at);
  if (from == std::string_view::npos) return {};
  const std::size_t to = text.find(end, from + begin.size());
  if (to == std::string_view::npos) return {};
  at = to + end.size();
  return text.substr(from + begin.size(), to - from - begin.size());
}

std::string without_comments(std::string_view xml) {
  std::string text;
  while (!xml.empty()) {
    const std::size_t begin = std::min(xml.find("<!--"), xml.size());
    text += xml.substr(0, begin);
    const std::size_t end = xml.find("-->", begin);
    xml = end == std::string_view::npos ? std::string_view() : xml.substr(end + 3);
  }
  return text;
}

std::string unescaped(std::string_view text) {
  std::string result(trim(text));
  for (const auto& [code, letter] : std::vector<std::pair<const char*, const char*>>{
           {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}})
    result = replace_all(std::move(result), code, letter);
  return result;
}

bool is_variable_name(std::string_view name) {
  return name.size() > 5 && name.ends_with("_PROJ") &&
         name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
             std::string_view::npos;
}

std::string unquoted(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front())
    text = text.substr(1, text.size() - 2);
  return std::string(text);
}

// The project of this name beside `root`: a folder that is called so, or whose `.project` says so.
std::optional<fs::path> sibling(const fs::path& root, const std::string& name) {
  const bool plain = !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
  if (!plain) return {};
  std::error_code error;
  std::vector<fs::path> called;
  for (auto entry = fs::directory_iterator(root.parent_path(), error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (project_name(small_file(entry->path() / ".project")) == name) called.push_back(entry->path());
  }
  std::sort(called.begin(), called.end());
  const fs::path same = root.parent_path() / name;
  if (called.empty() || std::find(called.begin(), called.end(), same) != called.end())
    return fs::is_directory(same, error) ? std::optional(same) : std::nullopt;
  return called.front();
}

}  // namespace

std::optional<fs::path> root_of(const fs::path& path) {
  fs::path folder = absolute_from("/", path);
  std::error_code error;
  // A library may not be built yet, and is named without its end: the folder tells.
  while (!fs::is_directory(folder, error)) {
    if (folder == folder.root_path()) return {};
    const bool named = is_there(folder) || is_there(folder.parent_path());
    if (!named) return {};
    folder = folder.parent_path();
  }
  if (auto root = nearest(folder, [](const fs::path& one) { return is_there(one / ".git"); })) return root;
  if (auto root = nearest(folder, [](const fs::path& one) { return is_there(one / ".project"); })) return root;
  auto root = nearest(folder, looks_like_project);
  const bool climbs = root && !lies_in_simulator(*root);
  while (climbs && !ends_search(root->parent_path()) && looks_like_project(root->parent_path()))
    root = root->parent_path();
  return root;
}

std::vector<fs::path> projects_needed_by(const fs::path& root) {
  std::vector<fs::path> needed;
  for (const std::string& name : project_references(small_file(root / ".project"))) {
    if (const auto found = sibling(root, name)) needed.push_back(*found);
  }
  for (const char* place : {"", "src", "simulations"}) {
    const fs::path folder = *place == '\0' ? root : root / place;
    for (const char* file : {"Makefile", "makefile", "makefrag"}) {
      for (const MakeVariable& variable : project_variables(small_file(folder / file))) {
        const fs::path named = absolute_from(folder, variable.value);
        if (is_there(named) && !lies_in(root, named)) needed.push_back(named);
      }
    }
  }
  return needed;
}

std::vector<std::string> project_references(std::string_view xml) {
  const std::string text = without_comments(xml);
  std::size_t at = 0;
  const std::string_view projects = between(text, "<projects>", "</projects>", at);
  std::vector<std::string> names;
  at = 0;
  while (true) {
    const std::size_t before = at;
    const std::string_view name = between(projects, "<project>", "</project>", at);
    if (at == before) return names;
    if (!trim(name).empty()) names.push_back(unescaped(name));
  }
}

std::string project_name(std::string_view xml) {
  const std::string text = without_comments(xml);
  std::size_t at = text.find("<projectDescription>");
  return at == std::string::npos ? std::string() : unescaped(between(text, "<name>", "</name>", at));
}

std::vector<MakeVariable> project_variables(std::string_view makefile) {
  std::vector<MakeVariable> variables;
  const auto add = [&variables](std::string_view name, std::string_view value) {
    name = trim(name);
    for (const std::string_view word : {"override", "export"}) {
      if (name.starts_with(word)) name = trim(name.substr(word.size()));
    }
    std::string text = unquoted(value);
    if (is_variable_name(name) && !text.empty() && text.find('$') == std::string::npos)
      variables.push_back({std::string(name), std::move(text)});
  };
  for (const std::string_view line : lines(makefile)) {
    for (std::size_t at = line.find("-K"); at != std::string_view::npos; at = line.find("-K", at + 2)) {
      const std::string_view word = line.substr(at + 2, std::min(line.find_first_of(" \t", at), line.size()) - at - 2);
      const std::size_t equals = word.find('=');
      if (equals != std::string_view::npos) add(word.substr(0, equals), word.substr(equals + 1));
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || line.starts_with('#') || line.starts_with('\t')) continue;
    std::string_view name = line.substr(0, equals);
    while (!name.empty() && (name.back() == ':' || name.back() == '?')) name.remove_suffix(1);
    add(name, line.substr(equals + 1));
  }
  return variables;
}

}  // namespace simswarm::source
