#include "build/recipe_tree.h"

#include <algorithm>
#include <array>
#include <set>

namespace simswarm::build {
namespace {

constexpr std::uint64_t kMostRead = 4ULL << 20U;  // bytes
constexpr std::size_t kMostFiles = 200'000;       // of a folder that is no checkout of ours
constexpr int kMostDepth = 40;

bool is_hidden(std::string_view path) {
  return path.starts_with('.') || path.find("/.") != std::string_view::npos;
}

std::vector<std::string> files_in(const fs::path& tree) {
  std::vector<std::string> files;
  std::error_code error;
  auto at = fs::recursive_directory_iterator(tree, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator() && files.size() < kMostFiles; at.increment(error)) {
    const std::string name = at->path().filename().string();
    std::error_code ignored;
    const bool is_folder = at->is_directory(ignored) && !at->is_symlink(ignored);
    if (is_folder && (name.starts_with('.') || name == "out" || at.depth() > kMostDepth))
      at.disable_recursion_pending();
    if (!is_folder) files.push_back(at->path().lexically_relative(tree).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::string joined(std::string_view folder, std::string_view name) {
  std::string path = (fs::path(folder) / name).lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string way(std::string_view from, std::string_view to) {
  return joined(".", fs::path(to).lexically_normal().lexically_relative(fs::path(from).lexically_normal()).string());
}

bool is_place(std::string_view place) {
  const bool is_plain = !place.empty() && place.front() != '/' && place.find('\0') == std::string_view::npos;
  return is_plain && place == joined(".", place) && place != ".." && !place.starts_with("../");
}

bool is_within(std::string_view folder, std::string_view path) {
  return folder == "." || path == folder || (path.starts_with(folder) && path.substr(folder.size()).starts_with('/'));
}

SourceTree::SourceTree(fs::path tree, std::vector<std::string> files)
    : tree_(std::move(tree)), files_(files.empty() ? files_in(tree_) : std::move(files)) {}

bool SourceTree::has(const std::string& file) const {
  return std::binary_search(files_.begin(), files_.end(), file);
}

std::string SourceTree::read(const std::string& file) const {
  if (!has(file)) return {};
  std::error_code error;
  const fs::path top = fs::canonical(tree_, error);
  const fs::path real = error ? fs::path() : fs::canonical(tree_ / file, error);
  if (error || !lies_in(top, real)) return {};  // a link that leads out
  const bool is_small = fs::file_size(real, error) <= kMostRead;
  auto content = !error && is_small ? read_file(real) : Result<std::string>();
  return content ? std::move(*content) : std::string();
}

std::vector<std::string> SourceTree::folders(const std::string& folder) const {
  std::set<std::string> found;
  for (const std::string& file : files_) {
    if (!is_within(folder, file) || is_hidden(file)) continue;
    for (auto slash = file.rfind('/'); slash != std::string::npos && slash > 0; slash = file.rfind('/', slash - 1)) {
      const std::string above = file.substr(0, slash);
      if (above == folder || !is_within(folder, above) || !found.insert(above).second) break;
    }
  }
  return {found.begin(), found.end()};
}

bool SourceTree::has_sources(const std::string& folder) const {
  constexpr std::array<std::string_view, 5> endings{".cc", ".cpp", ".cxx", ".c", ".C"};
  return std::any_of(files_.begin(), files_.end(), [&](const std::string& file) {
    const bool is_source = std::any_of(endings.begin(), endings.end(), [&](auto end) { return file.ends_with(end); });
    return is_source && !is_hidden(file) && is_within(folder, file);
  });
}

}  // namespace simswarm::build
