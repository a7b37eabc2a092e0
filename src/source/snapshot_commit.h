// The tree of a commit, with submodules and files of git-LFS in their places.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "source/snapshot_look.h"
#include "source/snapshot_store.h"

namespace simswarm::source {

struct CommitTree {
  std::string commit;  // whole
  std::vector<Store::Entry> entries;
  std::vector<Sized> sizes;
};

// What `name` stands for in the repository of `root`; near misses where it stands for nothing.
[[nodiscard]] Result<std::string> resolve_commit(const fs::path& root, const std::string& name);
// All that the commit has in place of the root. Objects are copied into the store unless `most` says that they are too
// large: sizes are looked at first.
[[nodiscard]] Result<CommitTree> read_commit(Store& store, const fs::path& root, const std::string& commit,
                                             std::uint64_t most_bytes, std::uint64_t most_file);

}  // namespace simswarm::source
