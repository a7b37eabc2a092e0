// From what has ended to what is committed; the name of what the ledger remembers of trials.
#pragma once

#include <string>
#include <vector>

#include "campaign/commit.h"
#include "worker/worker.h"

namespace simswarm::campaign {

// What became of the run at position i of a batch, ready to be committed but for campaign, key, host and scratch.
[[nodiscard]] Ready make_ready(const Dialect& dialect, const exec::Limits& limits, const Run& run,
                               const worker::Finished& finished, std::size_t i);

// The name under which the ledger remembers whether runs with these key parts may share a process: by what the runs of
// a configuration have in common.
[[nodiscard]] std::string batch_memo_name(const std::vector<KeyPart>& parts);

}  // namespace simswarm::campaign
