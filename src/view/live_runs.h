// What the process of a campaign on this machine tells of it, as pages show it.
#pragma once

#include <map>
#include <optional>

#include "ledger/live.h"
#include "view/followed.h"

namespace simswarm::view {

// By position; those that the model does not have yet are left out. The caller holds the campaign's mutex.
using LiveRuns = std::map<std::size_t, const LiveRun*>;
[[nodiscard]] LiveRuns live_runs(const Followed& campaign, const Live* live);

// A run as it stands, where one that goes on may be told: it counts unless an attempt has ended since it began.
[[nodiscard]] Facts with_live(const Facts& known, const LiveRun& run, std::uint32_t place);

// What runs, and how far it is; what ran and is not told any more waits, until the ledger says more. The caller holds
// the mutex.
void take_live(Followed& campaign, const LiveRuns& runs);

// The end of what it has printed. `scratch`: where nothing but what runs have made is; what lies elsewhere is not read.
[[nodiscard]] Result<std::optional<std::string>> output_of(const LiveRun& run, const fs::path& scratch);

}  // namespace simswarm::view
