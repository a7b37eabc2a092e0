// On the builder: trees that have come, and a folder that is moved from one to the next.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/stream.h"
#include "source/snapshot.h"

namespace simswarm::source {

// All trees that have come to this machine. Several threads and processes may use it.
class Trees {
 public:
  [[nodiscard]] static Result<Trees> open(const fs::path& folder);

  // Whether the tree and all in it are here, whole.
  [[nodiscard]] Result<bool> has(const TreeId& tree) const;
  // Takes in what Snapshots::pack() has made; its base must be here. What others have made is not believed: every
  // object is checked, names in trees that would leave the checkout («..», «.git», absolute ones) are refused.
  [[nodiscard]] Status import(Source& pack, const TreeId& tree) const;

 private:
  friend class Checkout;
  explicit Trees(fs::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] fs::path git_dir(const std::string& format) const { return folder_ / format; }
  fs::path folder_;
};

struct Moved {
  std::vector<std::string> changed;  // paths that were added or changed
  std::vector<std::string> removed;
  bool cleaned = false;  // all that builds had left was thrown away
  std::string why;       // it was
};

// A warm checkout: `folder/tree` holds the files, `folder/git` and marks lie beside it, where builds cannot reach. One
// user at a time.
class Checkout {
 public:
  [[nodiscard]] static Result<Checkout> open(const fs::path& folder, const Trees& trees);

  // The files become those of the tree; only what differs is touched (also what a build has changed of them), so that
  // make builds only that: changed files are newer than all that was built, the others keep their times. What builds
  // have left stays, unless the change is one that make cannot see: then it goes, with a reason: a makefile or a build
  // script has changed, a header has come whose name another header has, the last build was cut off (then what it wrote
  // goes), or `recipe` (any text) is another one.
  [[nodiscard]] Result<Moved> move_to(const TreeId& tree, const std::string& recipe);
  // Throws away all that is not in the tree.
  [[nodiscard]] Status clean();

  // Around a build: a checkout whose build did not end by itself is put right by the next move_to().
  [[nodiscard]] Status build_begins();
  [[nodiscard]] Status build_ends();

  // What builds have made and git would not ignore, and what they have made that is a program or a library for the
  // dynamic loader (by its first bytes, or executable) though git ignores it; relative to the tree, sorted.
  struct Made {
    std::vector<std::string> data;
    std::vector<std::string> programs;
  };
  [[nodiscard]] Result<Made> made() const;
  // Files of the tree, sorted.
  [[nodiscard]] Result<std::vector<std::string>> files() const;

  [[nodiscard]] fs::path tree() const { return folder_ / "tree"; }

 private:
  explicit Checkout(fs::path folder) : folder_(std::move(folder)) {}
  fs::path folder_;
};

}  // namespace simswarm::source
