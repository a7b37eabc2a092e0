// The project as a git tree: what lies in the work tree (or a commit of it), as it is, in one tree for all roots.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/stream.h"

namespace simswarm::source {

// «sha1:…» or «sha256:…»: a tree of git, by what it holds.
struct TreeId {
  std::string text;
  [[nodiscard]] static Result<TreeId> parse(std::string_view text);
  [[nodiscard]] std::string hex() const { return text.substr(text.find(':') + 1); }
  [[nodiscard]] std::string format() const { return text.substr(0, text.find(':')); }
  friend auto operator<=>(const TreeId&, const TreeId&) = default;
};

struct SnapshotRequest {
  std::vector<fs::path> roots;  // absolute; see find_roots(); the first holds the working folder
  std::string commit;           // of the first root, in place of its work tree; empty: the work tree
  std::vector<std::string>
      include;                     // patterns (glob_match, from each root) of files that git ignores and yet come along
  std::vector<fs::path> left_out;  // absolute: folders that never come along (state, result folders)
  std::uint64_t most_bytes = 2ULL << 30U;   // of all files; beyond: an error that names the largest
  std::uint64_t most_file = 512ULL << 20U;  // of one file
};

struct RootState {
  fs::path folder;       // absolute, here
  std::string place;     // where it lies in the tree: relative, «.» for all of it
  std::string commit;    // of its repository; empty: it is none, or has none yet
  bool changed = false;  // the work tree differs from the commit
};

struct Snapshot {
  TreeId tree;
  std::vector<RootState> roots;
  fs::path top;  // absolute, here: what the tree stands for (the deepest folder that holds all roots)
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> notes;  // what the user should know, a sentence each
};

// Keeps what it knows in a folder of its own (`.simswarm/source`), so that the second time costs what has changed. One
// process at a time uses it; others wait.
class Snapshots {
 public:
  [[nodiscard]] static Result<Snapshots> open(const fs::path& folder);

  [[nodiscard]] Result<Snapshot> take(const SnapshotRequest& request);

  // Trees that the other side may have and that are much like this one, the likeliest first: earlier snapshots, and
  // commits of the first root (where it alone makes the tree).
  [[nodiscard]] Result<std::vector<TreeId>> relatives(const Snapshot& snapshot);
  // A git pack (thin: git index-pack --fix-thin) with all that the tree needs and `base` (one of its relatives) has
  // not; into the sink, which is not finished.
  [[nodiscard]] Status pack(const TreeId& tree, const std::optional<TreeId>& base, Sink& sink);
  // The other side has it now: a relative of what follows.
  [[nodiscard]] Status note_sent(const TreeId& tree);

 private:
  explicit Snapshots(fs::path folder, Fd lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}
  [[nodiscard]] Result<Snapshot> make_anew(const SnapshotRequest& request);

  fs::path folder_;
  Fd lock_;
  std::optional<SnapshotRequest> last_;  // what take() was asked for
  std::vector<fs::path> objects_;        // of the user's repositories: what relatives are made of
};

}  // namespace simswarm::source
