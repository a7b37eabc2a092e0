// What the queue is told of a run: its result, its failure, how far it is. doc/formats.md, «Jobs».
#pragma once

#include <string>
#include <vector>

#include "model/attempt.h"
#include "worker/worker.h"

namespace simswarm::worker {

struct Told {
  Attempt attempt;
  std::string worker;
  std::vector<ResultFile> files;
  std::size_t kept = 0;  // older files that were put aside
  std::string output;    // the last of standard output
  std::string errors;    // and of standard error
};

// JSON, small enough for the queue: long outputs are cut at their beginnings, long lists of files at their ends.
[[nodiscard]] std::string result_json(const Told& told);
// With the name under which the store keeps what was accepted together; and that name, empty where there is none.
[[nodiscard]] std::string with_group(const std::string& result, const std::string& group);
[[nodiscard]] std::string group_of(const std::string& result);
// For people, and for RQ's tools: one line, then what is known of it, then the last words of the program.
[[nodiscard]] std::string failure_text(const Told& told);
// JSON: what is seen of a run that goes on.
[[nodiscard]] std::string progress_json(const RunningView& view);
// The same read again; what is none of it stays away. The run and its study are not in it.
[[nodiscard]] RunningView running_from(const std::string& progress);
// What the message of a failed job says that it came to: its first word.
[[nodiscard]] Verdict verdict_from(const std::string& failure);

}  // namespace simswarm::worker
