#include "view/runs.h"

#include "base/text.h"

namespace simswarm::view {
namespace {

Result<RunStatus> status_of(Ledger& ledger, const PlannedRun& planned) {
  RunStatus status{planned, Outcome::kNotStarted, false, {}, {}};
  SIMSWARM_TRY(status.attempts, ledger.attempts_of(planned.key));
  SIMSWARM_TRY(auto result, ledger.result_of(planned.key));
  if (result) {
    status.has_result = true;
    status.outcome = result->verdict.outcome;
    status.files = std::move(result->files);
  } else if (!status.attempts.empty()) {
    const Outcome last = status.attempts.back().verdict.outcome;
    // An attempt that was complete without a result: the result has been taken away since.
    status.outcome = is_complete(last) ? Outcome::kLost : last;
  }
  return status;
}

}  // namespace

Result<std::vector<RunStatus>> runs_of_campaign(Ledger& ledger, const std::string& campaign) {
  SIMSWARM_TRY(const auto planned, ledger.runs_of(campaign));
  std::vector<RunStatus> runs;
  runs.reserve(planned.size());
  for (const PlannedRun& run : planned) {
    SIMSWARM_TRY(RunStatus status, status_of(ledger, run));
    runs.push_back(std::move(status));
  }
  return runs;
}

Result<std::vector<RunStatus>> select_runs(Ledger& ledger, const std::string& campaign, const std::string& text) {
  SIMSWARM_TRY(const RunSelector selector, RunSelector::parse(text));
  SIMSWARM_TRY(const auto planned, ledger.runs_of(campaign));
  std::vector<RunStatus> runs;
  std::vector<std::string> names;
  for (const PlannedRun& run : planned) {
    names.push_back(short_name(run.run));
    if (!selector.matches(run.run, run.key)) continue;
    SIMSWARM_TRY(RunStatus status, status_of(ledger, run));
    runs.push_back(std::move(status));
  }
  if (runs.empty()) {
    const auto near = near_misses(text, names);
    return usage_error("no run «{}» in this campaign of {}{}", text, planned.size(),
                       near.empty() ? "" : "; did you mean " + join(near, ", ") + "?");
  }
  return runs;
}

}  // namespace simswarm::view
