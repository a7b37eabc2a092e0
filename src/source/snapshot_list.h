// What of a folder belongs to its snapshot, by names.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::source {

struct ListRequest {
  fs::path root;
  std::vector<std::string> include;  // as in SnapshotRequest
  std::vector<fs::path> left_out;
  fs::path empty_git_dir;  // made where it is needed, for folders that are no repository
};

struct Listing {
  std::vector<std::string> names;  // relative to the root, sorted, each once; some may be gone by now, or be folders
  bool is_repository = false;      // the root lies in the work tree of one
  std::string format = "sha1";     // of its objects
  std::string commit;              // empty: none yet
  std::string tree;                // what the commit has in place of the root; empty where that is not known
  bool has_untracked = false;      // names that git does not track yet, here or in a repository within
  std::vector<std::string> inner;  // repositories within, relative to the root
  std::vector<std::string> unmatched;  // patterns of `include` that select nothing
  std::vector<std::string> notes;
};

// Asks git, which changes nothing of the user's. Submodules and other repositories within are listed as folders.
[[nodiscard]] Result<Listing> list_files(const ListRequest& request);

// What git says of a folder: of the repository whose work tree it lies in.
struct RepositoryState {
  bool is_repository = false;
  bool at_top = false;  // the folder is the top of the work tree
  std::string format;
  std::string commit;
  std::string tree;  // of the commit, from the top
};
// An error for a bare repository and for one that git cannot read.
[[nodiscard]] Result<RepositoryState> ask_state(const fs::path& folder);

}  // namespace simswarm::source
