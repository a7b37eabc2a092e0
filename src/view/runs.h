// Read models for lists and pages: what became of the runs of a campaign.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/ledger.h"

namespace simswarm::view {

struct RunStatus {
  PlannedRun planned;
  Outcome outcome = Outcome::kNotStarted;  // the final one: a result, else the last attempt
  bool has_result = false;                 // accepted, and in place as far as the ledger knows
  std::vector<Attempt> attempts;           // of this key, in any campaign
  std::vector<ResultFile> files;           // of the result
  int result_attempt = 0;                  // the attempt that it is of
};

[[nodiscard]] Result<RunStatus> status_of(Ledger& ledger, const PlannedRun& planned);
[[nodiscard]] Result<std::vector<RunStatus>> runs_of_campaign(Ledger& ledger, const std::string& campaign);

// The runs that a selector names, or a number alone; an error with near misses when there are none.
[[nodiscard]] Result<std::vector<RunStatus>> select_runs(Ledger& ledger, const std::string& campaign,
                                                         const std::string& selector);

}  // namespace simswarm::view
