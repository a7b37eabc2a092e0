// From what was built to runs in the queue: the program tells its runs, what is not known is queued.
#pragma once

#include <string>

#include "builder/workshop.h"
#include "queue/job_queue.h"
#include "store/node_cache.h"

namespace simswarm::builder {

struct PlannerOptions {
  fs::path folder;     // for scratch
  std::string run_as;  // user that programs are asked as; empty: chosen where we are root
  store::NodeCache* cache = nullptr;
  std::string simulator;  // OMNeT++'s version here; may be empty
  std::string version;    // of simswarm
};

struct Queued {
  std::size_t runs = 0;
  std::size_t queued = 0;  // that were not known
  bool plan_was_known = false;
};

// Makes the campaign known in the store, and queues its runs, the longest first. Nothing is queued after it was
// cancelled. An error of the study itself is one of its user (kUsage, or kEnvironment for a program that cannot be
// asked).
[[nodiscard]] Result<Queued> plan_and_queue(const campaign::BuildRequest& request, const BuildResult& built,
                                            const PlannerOptions& options, store::Store& store, jobs::JobQueue& queue,
                                            const Ears& ears);

}  // namespace simswarm::builder
