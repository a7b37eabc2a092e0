// On the builder: trees that have come, and a folder that is moved from one to the next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/stream.h"
#include "source/snapshot.h"

namespace simswarm::source {

// What a builder takes from strangers, at most.
struct TreeLimits {
  std::uint64_t pack_bytes = 4ULL << 30U;
  std::uint64_t tree_bytes = 8ULL << 30U;  // of all files, unpacked
  std::uint64_t tree_files = 1'000'000;
  unsigned packs = 50;       // when there are more, they become one, and trees that nobody has asked for are dropped:
  double kept = 30 * 86400;  // seconds since somebody did
};

// All trees that have come to this machine. Several threads and processes may use it.
class Trees {
 public:
  [[nodiscard]] static Result<Trees> open(const fs::path& folder, const TreeLimits& limits = {});

  // Whether the tree and all in it are here, whole. Costs no walk: nothing is taken in but what is whole.
  [[nodiscard]] Result<bool> has(const TreeId& tree) const;
  // Takes in what Snapshots::pack() has made; its base must be here. What others have made is not believed: every
  // object is checked, names in trees that would leave the checkout («..», «.git», absolute ones) are refused. After an
  // error nothing of it is here. A tree that is here already is not read.
  [[nodiscard]] Status import(Source& pack, const TreeId& tree) const;

 private:
  friend class Checkout;
  Trees(fs::path folder, const TreeLimits& limits) : folder_(std::move(folder)), limits_(limits) {}
  [[nodiscard]] fs::path git_dir(const std::string& format) const { return folder_ / format; }
  [[nodiscard]] fs::path mark(const TreeId& tree) const;
  [[nodiscard]] Result<Fd> lock(int how) const;
  [[nodiscard]] Status prepare(const std::string& format) const;
  [[nodiscard]] Status take_in(const fs::path& incoming, const TreeId& tree) const;
  [[nodiscard]] Status check_size(const fs::path& incoming, const TreeId& tree) const;
  [[nodiscard]] Status tidy(const std::string& format) const;
  // The store is damaged: everything has to come again. The error to tell.
  [[nodiscard]] Error set_aside(const TreeId& tree, const std::string& why) const;
  fs::path folder_;
  TreeLimits limits_;
};

struct Moved {
  std::vector<std::string> changed;  // paths that were added or changed
  std::vector<std::string> removed;
  bool cleaned = false;  // all that builds had left was thrown away
  std::string why;       // it was, or a part of it: what a build that was cut off has written; one line
};

// A warm checkout: `folder/tree` holds the files, what is known of them and marks lie beside it, where builds cannot
// reach. Builds may do to the files in it what they like: no link that they leave is followed, nothing in it is obeyed.
// No process of a build may be left while a method runs. One user at a time.
class Checkout {
 public:
  [[nodiscard]] static Result<Checkout> open(const fs::path& folder, const Trees& trees);

  // The files become those of the tree; only what differs is touched (also what a build has changed of them), so that
  // make builds only that: changed files are newer than all that was built, the others keep their times. What builds
  // have left stays, unless the change is one that make cannot see: then it goes, with a reason: a makefile or a build
  // script has changed, a source has gone (what was linked of it would stay), a link leads elsewhere, a header has come
  // whose name another header has or an old file includes, the last build was cut off (then what it wrote goes), or
  // `recipe` (any text) is another one. Killed at any moment, the next call puts it right.
  [[nodiscard]] Result<Moved> move_to(const TreeId& tree, const std::string& recipe);
  // After move_to(): the tree's files and folders become that user's (nobody's in particular: ours). What another user
  // of the checkout had built goes.
  [[nodiscard]] Status give_to(const std::optional<std::pair<unsigned, unsigned>>& user);
  // Throws away all that is not in the tree.
  [[nodiscard]] Status clean();
  // What was thrown away lies beside the tree until now, or until the next move_to().
  [[nodiscard]] Status empty_trash();

  // Around a build: a checkout whose build did not end by itself is put right by the next move_to().
  [[nodiscard]] Status build_begins();
  [[nodiscard]] Status build_ends();

  // What builds have made, relative to the tree, sorted: programs, libraries for the dynamic loader and scripts that
  // can be executed (also links to them), whether or not the tree's own .gitignore files name them; and what these do
  // not name, but for objects and archives.
  struct Made {
    std::vector<std::string> data;
    std::vector<std::string> programs;
  };
  [[nodiscard]] Result<Made> made() const;
  // Files of the tree (the last move_to()), sorted.
  [[nodiscard]] Result<std::vector<std::string>> files() const;

  [[nodiscard]] fs::path tree() const { return folder_ / "tree"; }

 private:
  Checkout(fs::path folder, Trees trees) : folder_(std::move(folder)), trees_(std::move(trees)) {}
  fs::path folder_;
  Trees trees_;
};

}  // namespace simswarm::source
