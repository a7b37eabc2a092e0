#include "source/roots.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "source/roots_projects.h"

namespace simswarm::source {
namespace {

// What projects of OMNeT++ have at their top.
constexpr std::array<const char*, 4> kModel{".project", ".oppbuildspec", ".oppfeatures", "package.ned"};

// Paths in the words of a simulation command: values of options that name files, and ini files.
std::vector<std::string> paths_in(const std::vector<std::string>& words) {
  std::vector<std::string> paths;
  const auto add = [&paths](std::string_view list, bool is_list) {
    std::size_t begin = 0;
    while (is_list && begin <= list.size()) {
      const std::size_t end = std::min(list.find_first_of(":;", begin), list.size());
      paths.emplace_back(list.substr(begin, end - begin));
      begin = end + 1;
    }
    if (!is_list) paths.emplace_back(list);
  };
  if (!words.empty() && words.front().find('/') != std::string::npos) paths.push_back(words.front());
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    const std::string next = i + 1 < words.size() ? words[i + 1] : "";
    constexpr std::string_view kWithPaths = "nlf";
    constexpr std::string_view kWithValues = "ucrxqe";
    const char letter = word.size() >= 2 && word[0] == '-' ? word[1] : ' ';
    if (kWithPaths.find(letter) != std::string_view::npos && letter != ' ') {
      add(word.size() > 2 ? word.substr(2) : next, letter == 'n');
      if (word.size() == 2) ++i;
    } else if (kWithValues.find(letter) != std::string_view::npos && letter != ' ' && word.size() == 2) {
      ++i;
    } else if (word.starts_with("--ned-path=") || word.starts_with("--image-path=")) {
      add(std::string_view(word).substr(word.find('=') + 1), true);
    } else if (word.starts_with("--load-libs=")) {
      for (const std::string_view library : split(std::string_view(word).substr(word.find('=') + 1), ' '))
        add(library, false);
    } else if (!word.empty() && word.front() != '-') {
      add(word, false);
    }
  }
  std::erase(paths, "");
  return paths;
}

class Finder {
 public:
  explicit Finder(const RootsRequest& request) : request_(request) {}

  Result<std::vector<fs::path>> run() {
    std::error_code error;
    const fs::path folder = absolute_from("/", request_.working_folder);
    if (!fs::is_directory(folder, error))
      return usage_error("{}: there is no such folder, so no project lies there", folder.string());
    const fs::path own = root_of(folder).value_or(folder);
    if (!request_.stated.empty()) return stated(own, folder);
    visit(own);
    for (const std::string& path : paths_in(request_.words)) visit_if_root(absolute_from(folder, path), own);
    for (const auto& [name, value] : request_.environment) {
      const bool names_root = name.ends_with("_PROJ") || name.ends_with("_ROOT");
      if (!names_root || value.empty()) continue;
      const fs::path path = absolute_from(folder, value);
      if (is_model(path) || mentions(own, name) || mentions(folder, name)) visit_if_root(path, own);
    }
    return sorted(own);
  }

 private:
  Result<std::vector<fs::path>> stated(const fs::path& own, const fs::path& folder) {
    std::vector<fs::path> roots{own};
    for (const std::string& text : request_.stated) {
      const fs::path root = absolute_from(folder, text);
      std::error_code error;
      if (!fs::is_directory(root, error))
        return usage_error("{}: there is no such folder, so it cannot be a root of the project", root.string());
      roots.push_back(root);
    }
    return outermost(std::move(roots));
  }

  // Every machine has variables like these for other things: version managers, installations.
  static bool is_model(const fs::path& folder) {
    std::error_code ignored;
    return std::any_of(kModel.begin(), kModel.end(),
                       [&](const char* name) { return fs::exists(folder / name, ignored); });
  }

  // In a makefile, a settings or an ini file.
  static bool mentions(const fs::path& folder, const std::string& variable) {
    constexpr std::uint64_t kMost = 1U << 20U;  // bytes
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      const bool may = name.starts_with("Makefile") || name == "makefile" || name == "makefrag" ||
                       name == "simswarm.toml" || name == "CMakeLists.txt" || entry.path().extension() == ".ini";
      if (!may || !entry.is_regular_file(error) || entry.file_size(error) > kMost) continue;
      const Result<std::string> text = read_file(entry.path());
      if (text && text->find(variable) != std::string::npos) return true;
    }
    return false;
  }

  void visit_if_root(const fs::path& path, const fs::path& own) {
    if (lies_in(own, path)) return;
    if (const auto root = root_of(path)) visit(*root);
  }

  // What it needs first.
  void visit(const fs::path& root) {
    if (!visited_.insert(root).second) return;
    for (const fs::path& needed : projects_needed_by(root)) {
      const auto other = root_of(needed);
      if (other && *other != root) visit(*other);
    }
    order_.push_back(root);
  }

  std::vector<fs::path> sorted(const fs::path& own) {
    std::vector<fs::path> roots{own};
    for (const fs::path& root : order_) {
      if (root != own) roots.push_back(root);
    }
    return outermost(std::move(roots));
  }

  // None within another; but the first stays the one that the working folder lies in.
  static std::vector<fs::path> outermost(std::vector<fs::path> roots) {
    std::vector<fs::path> kept;
    for (const fs::path& root : roots) {
      const bool within = std::any_of(roots.begin(), roots.end(),
                                      [&root](const fs::path& other) { return other != root && lies_in(other, root); });
      if (!within && std::find(kept.begin(), kept.end(), root) == kept.end()) kept.push_back(root);
    }
    const auto first =
        std::find_if(kept.begin(), kept.end(), [&roots](const fs::path& root) { return lies_in(root, roots.front()); });
    std::rotate(kept.begin(), first, first + 1);
    return kept;
  }

  const RootsRequest& request_;
  std::set<fs::path> visited_;
  std::vector<fs::path> order_;
};

}  // namespace

Result<std::vector<fs::path>> find_roots(const RootsRequest& request) {
  return Finder(request).run();
}

}  // namespace simswarm::source
