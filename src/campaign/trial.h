// What a process has left, run by run: for committing it, and for comparing it with what was accepted.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "campaign/commit.h"
#include "exec/executor.h"
#include "ledger/ledger.h"
#include "simulator/dialect.h"
#include "worker/worker.h"

namespace simswarm::campaign {

// The files of one run: their paths relative to the working folder, and where they lie now.
[[nodiscard]] std::vector<std::pair<std::string, fs::path>> files_of(const Judgement& judgement,
                                                                     const Evidence& evidence);
// Safe in a file name: «Study-load=1,b=x-#0».
[[nodiscard]] std::string label_of(const Run& run);

// What became of the run at position i of a batch, ready to be committed but for campaign, key, host and scratch.
[[nodiscard]] Ready make_ready(const Dialect& dialect, const exec::Limits& limits, const Run& run,
                               const worker::Finished& finished, std::size_t i);

// The first difference between what a run gave when it was accepted and what it gave now; empty: none. The program's
// own output, which tells times, does not count.
[[nodiscard]] std::string trial_difference(const Dialect& dialect, const Run& run, const Judgement& judgement,
                                           const Evidence& evidence, const ResultRecord& record,
                                           const fs::path& working_folder);

// The name under which the ledger remembers whether runs with these key parts may share a process: by what the runs of
// a configuration have in common.
[[nodiscard]] std::string batch_memo_name(const std::vector<KeyPart>& parts);

}  // namespace simswarm::campaign
