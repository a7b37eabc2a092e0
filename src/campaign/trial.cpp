#include "campaign/trial.h"

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "worker/ended_run.h"

namespace simswarm::campaign {
namespace {

constexpr std::uint64_t kMostLog = 64 * 1024;        // bytes of each output that the ledger keeps of an attempt
constexpr std::uint64_t kMostLogInBatch = 4 * 1024;  // the same where runs share a process

}  // namespace

Ready make_ready(const Dialect& dialect, const exec::Limits& limits, const Run& run, const worker::Finished& finished,
                 std::size_t i) {
  const exec::Ended& ended = finished.ended;
  Ready ready;
  ready.run = finished.batch.runs[i];
  ready.label = worker::label_of(run);
  ready.expected = dialect.expected_files(run);
  ready.attempt = worker::attempt_of(limits, finished, i);
  const std::uint64_t most = finished.batch.runs.size() > 1 ? kMostLogInBatch : kMostLog;
  ready.log.output = read_tail(ended.evidence.output, most).value_or(std::string());
  ready.log.errors = read_tail(ended.evidence.errors, most).value_or(std::string());
  ready.files = worker::files_of(finished.judgements[i], ended.evidence);
  if (is_complete(ready.attempt.verdict.outcome)) return ready;  // the program's own output is among the results
  const std::string own = dialect.status_file(run);
  for (const auto& [path, staged] : ready.files) {
    if (path == own) ready.log.own = read_tail(staged, kMostLog).value_or(std::string());
  }
  return ready;
}

std::string batch_memo_name(const std::vector<KeyPart>& parts) {
  constexpr std::array<std::string_view, 7> kCommon{"program",   "libraries", "ned",          "data",
                                                    "arguments", "ini",       "configuration"};
  Hasher hasher;
  for (const KeyPart& part : parts) {
    if (std::find(kCommon.begin(), kCommon.end(), part.name) != kCommon.end())
      hasher.field(part.name).field(part.value);
  }
  return "batch 2 " + hasher.finish().hex();
}

}  // namespace simswarm::campaign
