// One simswarm of a folder executes a key at a time.
#pragma once

#include <vector>

#include "campaign/campaign.h"

namespace simswarm::campaign {

struct Claimed {
  std::vector<Job> ours;          // to be executed now
  std::vector<Job> elsewhere;     // another simswarm, alive, is at them
  std::vector<std::size_t> done;  // runs that another has completed, or failed for good, since the plan was made
};

// Takes what no living simswarm has. Decisions of `plan` are brought up to date for what is done. The first time,
// results that have come meanwhile are put into place; later only those of owners that have died, or could not do it.
[[nodiscard]] Result<Claimed> claim_jobs(Ledger& ledger, const StateFolder& state, Plan& plan, std::vector<Job> jobs,
                                         bool is_first);

}  // namespace simswarm::campaign
