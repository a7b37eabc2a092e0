// One snapshot, from the roots to the tree.
#pragma once

#include "source/snapshot.h"

namespace simswarm::source {

// `folder` is the one of Snapshots, whose lock is held. `damaged` is set when our own git folder is the reason of the
// error.
[[nodiscard]] Result<Snapshot> take_snapshot(const fs::path& folder, const SnapshotRequest& request, bool& damaged);

}  // namespace simswarm::source
