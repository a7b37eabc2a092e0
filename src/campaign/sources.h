// A project's files on their way to builders, by way of the store.
#pragma once

#include "base/error.h"
#include "source/checkout.h"
#include "source/snapshot.h"
#include "store/store.h"

namespace simswarm::campaign {

// Brings what the store lacks of the snapshot: a pack against a tree that it has, or all of it.
[[nodiscard]] Status send_sources(const source::Snapshot& snapshot, source::Snapshots& snapshots, store::Store& store);

// Brings a tree from the store, with those that its packs are based on. An error that names what is missing: the client
// has to send it anew, and what was damaged counts no more.
[[nodiscard]] Status fetch_sources(const source::TreeId& tree, const source::Trees& trees, store::Store& store);

}  // namespace simswarm::campaign
