// Putting the runs of a campaign into a queue, for workers to execute.
#pragma once

#include "campaign/campaign.h"
#include "cli/arguments.h"
#include "settings/settings.h"
#include "worker/assignment.h"

namespace simswarm::cli {

// Enqueues the runs of the study. With a store it follows them and brings their results back; without one it says how
// to see what becomes of them.
[[nodiscard]] Result<ExitCode> enqueue(const CampaignArguments& arguments, const CampaignSettings& settings,
                                       campaign::Options options, worker::StudySpec spec, Dialect& dialect);

}  // namespace simswarm::cli
