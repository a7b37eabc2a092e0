// What the service holds: jobs that are executed here, and outcomes that wait to be told.
#pragma once

#include <optional>

#include "worker/queue_link.h"
#include "worker/uploader.h"

namespace simswarm::worker {

// A job that is held here.
struct Held {
  Assigned assigned;
  std::size_t study = 0;
  bool stops = false;  // somebody asked for it
  bool lost = false;   // the queue does not want to know what comes of it
  bool done = false;   // another attempt has completed it
};

// What came of a run and may be told: to the queue, or to the store, which tells the queue.
struct Known {
  jobs::Settlement settlement;
  std::optional<Upload> upload{};
};

}  // namespace simswarm::worker
