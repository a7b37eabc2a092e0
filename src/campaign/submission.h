// The runs of a campaign in a queue, made of what the store knows of it: again, too, when the queue has forgotten them.
#pragma once

#include <string>
#include <vector>

#include "campaign/positions.h"
#include "queue/job_queue.h"
#include "store/store.h"

namespace simswarm::campaign {

// The keys of runs by position as a blob: 32 bytes each.
[[nodiscard]] Result<Digest> keep_keys(const std::vector<RunKey>& keys, store::Store& store);

[[nodiscard]] jobs::JobId job_of(const std::string& campaign, std::size_t position);
// Nothing for a job that is none of the campaign.
[[nodiscard]] std::optional<std::size_t> position_of(const std::string& campaign, const jobs::JobId& job);

// Puts these runs into the queue, with what workers need to know of the campaign; runs that stand there already are
// left as they are. Repeats what a server that is away for a moment has not taken.
[[nodiscard]] Status submit(const store::CampaignRecord& campaign, const std::vector<std::size_t>& order,
                            const std::function<std::string(std::size_t)>& name_of, jobs::JobQueue& queue);
[[nodiscard]] Status submit(const store::CampaignRecord& campaign, const Positions& runs,
                            const std::function<std::string(std::size_t)>& name_of, jobs::JobQueue& queue);

// Ends its runs, and those of no other campaign of the same queue: what waits is cancelled, what runs is told to stop.
struct EndedRuns {
  std::size_t waiting = 0;
  std::size_t running = 0;
};
[[nodiscard]] Result<EndedRuns> end_runs(const store::CampaignRecord& campaign, jobs::JobQueue& queue);

// The same of a campaign that the store knows: all runs that have no accepted result. How many.
[[nodiscard]] Result<std::size_t> restore(const store::CampaignRecord& campaign, store::Store& store,
                                          jobs::JobQueue& queue);

}  // namespace simswarm::campaign
