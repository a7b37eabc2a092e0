// What runs of a campaign stand on: their layer, their user, who ends them, who executes them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "campaign/campaign.h"
#include "exec/executor.h"
#include "exec/keeper.h"

namespace simswarm::campaign {

struct Ground {
  std::unique_ptr<exec::Keeper> keeper;  // outlives the executor
  std::unique_ptr<exec::Executor> executor;
  exec::LayerSpec layer;
  std::size_t jobs = 1;            // at once: what was asked for, or what the cores allow
  std::vector<std::string> notes;  // what the user should know
};

// To be called while this is the only thread. `plan` has runs.
[[nodiscard]] Result<Ground> make_ground(const Options& options, const Dialect& dialect, const Plan& plan);

}  // namespace simswarm::campaign
