// What the first page shows: queues, workers and campaigns as they stand, counted by the queue itself.
#pragma once

#include <string>
#include <vector>

#include "queue/job_queue.h"
#include "store/store.h"

namespace simswarm::view {

struct QueueRow {
  jobs::QueueName name;
  std::string campaign;  // its name for people; may be empty
  int priority = 0;
  jobs::Counts counts;
};

struct Overview {
  bool suspended = false;
  std::vector<QueueRow> queues;           // by name
  std::vector<jobs::WorkerView> workers;  // by name
  jobs::Counts totals;                    // of all queues
  std::size_t slots = 0;                  // of all workers
  std::size_t running = 0;                // of these slots
};

// A few questions and one more a queue; each is a step of its own, so that counts may be of slightly different times.
[[nodiscard]] Result<Overview> look_over(jobs::JobQueue& queue);

// A campaign that the store knows, and how its runs stand in the queue. Runs without a job there were known before,
// wait to be queued, or ended so long ago that the queue has forgotten them.
struct CampaignRow {
  store::CampaignRecord record;
  jobs::Counts counts;  // all 0 where there is no such queue any more
  [[nodiscard]] std::size_t waiting() const { return counts.queued + counts.scheduled + counts.deferred; }
};
// The newest first, at most `most`.
[[nodiscard]] std::vector<CampaignRow> campaigns_of(const std::vector<store::CampaignRecord>& records,
                                                    const Overview& overview, std::size_t most);

}  // namespace simswarm::view
