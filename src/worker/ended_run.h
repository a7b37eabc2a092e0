// What a process has left, run by run: for accepting it, and for comparing it with what was accepted.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "exec/executor.h"
#include "model/attempt.h"
#include "simulator/dialect.h"
#include "worker/worker.h"

namespace simswarm::worker {

// The files of one run: their paths relative to the working folder, and where they lie now.
[[nodiscard]] std::vector<std::pair<std::string, fs::path>> files_of(const Judgement& judgement,
                                                                     const Evidence& evidence);
// Safe in a file name: «Study-load=1,b=x-#0».
[[nodiscard]] std::string label_of(const Run& run);

// What a shell would say of it: 128 and the signal, where one ended the process.
[[nodiscard]] int exit_code_of(int wait_status);
// What we did to a run, in words; what the run did to itself the dialect says.
[[nodiscard]] std::string explain(Outcome outcome, const exec::Limits& limits);
// The attempt of the run at position i of a batch, but for its key, number, campaign and host. What the process used is
// shared by its runs.
[[nodiscard]] Attempt attempt_of(const exec::Limits& limits, const Finished& finished, std::size_t i);

// The first difference between what a run gave when it was accepted and what it gave now; empty: none. The program's
// own output, which tells times, does not count.
[[nodiscard]] std::string trial_difference(const Dialect& dialect, const Run& run, const Judgement& judgement,
                                           const Evidence& evidence, const std::vector<ResultFile>& accepted,
                                           const fs::path& working_folder);

}  // namespace simswarm::worker
