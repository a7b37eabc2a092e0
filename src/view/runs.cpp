#include "view/runs.h"

#include <algorithm>

#include "base/text.h"

namespace simswarm::view {

Result<RunStatus> status_of(Ledger& ledger, const PlannedRun& planned) {
  RunStatus status{planned, Outcome::kNotStarted, false, {}, {}, 0};
  SIMSWARM_TRY(status.attempts, ledger.attempts_of(planned.key));
  SIMSWARM_TRY(auto result, ledger.result_of(planned.key));
  if (result) {
    status.has_result = true;
    status.outcome = result->verdict.outcome;
    status.files = std::move(result->files);
    status.result_attempt = result->attempt;
  } else if (!status.attempts.empty()) {
    const Outcome last = status.attempts.back().verdict.outcome;
    // An attempt that was complete without a result: the result has been taken away since.
    status.outcome = is_complete(last) ? Outcome::kLost : last;
  }
  return status;
}

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

namespace {

// «7» is the run of that number, unless there is none and it can be the beginning of a key.
Result<RunSelector> selector_of(const std::string& text, const std::vector<PlannedRun>& planned) {
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos) {
    auto by_number = RunSelector::parse("#" + text);
    if (by_number && std::any_of(planned.begin(), planned.end(),
                                 [&](const PlannedRun& run) { return by_number->matches(run.run, run.key); }))
      return by_number;
    constexpr std::size_t kFewestKeyDigits = 6;
    if (text.size() < kFewestKeyDigits) return by_number;
  }
  return RunSelector::parse(text);
}

}  // namespace

Result<std::vector<RunStatus>> select_runs(Ledger& ledger, const std::string& campaign, const std::string& text) {
  SIMSWARM_TRY(const auto planned, ledger.runs_of(campaign));
  SIMSWARM_TRY(const RunSelector selector, selector_of(text, planned));
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
