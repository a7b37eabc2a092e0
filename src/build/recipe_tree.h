// The files of a tree, as recipes are found in them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace simswarm::build {

// «a/b» of «a» and «b», «b» of «.» and «b»; normal.
[[nodiscard]] std::string joined(std::string_view folder, std::string_view name);
// The way from one place in the tree to another: «../inet».
[[nodiscard]] std::string way(std::string_view from, std::string_view to);
// Whether the place is relative, normal and within the tree.
[[nodiscard]] bool is_place(std::string_view place);
// Whether `path` is `folder` or lies in it; both in the tree.
[[nodiscard]] bool is_within(std::string_view folder, std::string_view path);

class SourceTree {
 public:
  // `files` sorted, relative; empty: what lies in the tree.
  SourceTree(fs::path tree, std::vector<std::string> files);

  [[nodiscard]] bool has(const std::string& file) const;
  // Empty for what is not there; the first megabytes of a longer one.
  [[nodiscard]] std::string read(const std::string& file) const;
  // Folders below, with files anywhere in them, sorted; none whose name begins with a dot.
  [[nodiscard]] std::vector<std::string> folders(const std::string& folder) const;
  // Whether there is C++ or C in it.
  [[nodiscard]] bool has_sources(const std::string& folder) const;

 private:
  fs::path tree_;
  std::vector<std::string> files_;
};

}  // namespace simswarm::build
