// The writing side of unpacking: files, folders and links below one folder, and never elsewhere.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace simswarm::archive {

// No path that it is given is followed through a link: each folder on the way is opened by its name in the one before.
// Paths are such as fault_of (name.h) finds nothing in. Errors name the entry.
class Tree {
 public:
  // The folder must be there and be empty. `most` is how many folders it may make that no entry stands for.
  [[nodiscard]] static Result<Tree> open(const fs::path& folder, std::uint64_t most);

  [[nodiscard]] Status add_folder(const std::string& path);
  // A new file to be written, with its mode.
  [[nodiscard]] Result<Fd> add_file(const std::string& path, bool executable);
  // Is only noted.
  [[nodiscard]] Status add_link(const std::string& path, const std::string& target);
  // Once, after all else: makes the links, if all of them lead inside.
  [[nodiscard]] Status make_links();

 private:
  // A place in the tree that is a link, or that links lie below.
  struct Node {
    std::map<std::string, std::size_t, std::less<>> below;  // places in nodes_
    std::string target;                                     // of a link; else empty
  };
  struct Link {
    std::string path;
    std::size_t node;
  };

  Tree(Fd root, std::uint64_t most) : root_(std::move(root)), may_make_(most) {}
  [[nodiscard]] std::size_t below(std::size_t node, std::string_view name) const;
  [[nodiscard]] Status expect_free(const std::string& path) const;
  [[nodiscard]] Result<int> parent_of(const std::string& path);
  [[nodiscard]] Result<Fd> enter(int folder, const std::string& name, const std::string& path);
  [[nodiscard]] Status expect_inside(const Link& link) const;
  [[nodiscard]] Status make_link(const Link& link);

  Fd root_;
  std::uint64_t may_make_;
  std::string parent_;  // of the entry before
  Fd parent_folder_;    // not valid for the root
  std::set<std::string, std::less<>> folders_;
  std::vector<Node> nodes_{1};  // the first is the root
  std::vector<Link> links_;
};

}  // namespace simswarm::archive
