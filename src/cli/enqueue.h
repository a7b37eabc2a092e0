// Putting the runs of a campaign into a queue, for workers to execute.
#pragma once

#include "cli/arguments.h"
#include "settings/settings.h"
#include "worker/assignment.h"

namespace simswarm::cli {

// Enqueues the runs of the study and says how to see what becomes of them.
[[nodiscard]] Result<ExitCode> enqueue(const CampaignArguments& arguments, const CampaignSettings& settings,
                                       worker::StudySpec spec, Dialect& dialect);

}  // namespace simswarm::cli
