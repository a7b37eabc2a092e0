#include "campaign/claims.h"

namespace simswarm::campaign {
namespace {

// The last attempt of a run, and whether it gave the result that is accepted. Most runs have none: that is asked first.
struct Last {
  std::optional<Attempt> attempt;
  bool has_result = false;
};

Result<Last> last_of(Ledger& ledger, const RunKey& key) {
  SIMSWARM_TRY(const auto attempts, ledger.attempts_of(key));
  if (attempts.empty()) return Last{};
  SIMSWARM_TRY(const auto result, ledger.result_of(key));
  return Last{attempts.back(), result && result->attempt == attempts.back().number};
}

// What became of the run since the plan was made; nothing: it is still to be executed.
Result<std::optional<Attempt>> known_meanwhile(Ledger& ledger, const Planned& run) {
  SIMSWARM_TRY(const Last last, last_of(ledger, run.key));
  const int before = run.known ? run.known->number : run.distrusted;
  if (!last.attempt || last.attempt->number <= before) return std::nullopt;
  const Outcome outcome = last.attempt->verdict.outcome;
  const bool comes_again = outcome == Outcome::kModelError || outcome == Outcome::kFingerprintMismatch;
  return last.has_result || comes_again ? last.attempt : std::nullopt;
}

// Another simswarm has a verified result of it that it could not bring into place.
Result<bool> waits_in_scratch(Ledger& ledger, const Plan& plan, const RunKey& key) {
  SIMSWARM_TRY(const Last last, last_of(ledger, key));
  return last.attempt && !last.has_result && is_complete(last.attempt->verdict.outcome) &&
         last.attempt->campaign != plan.campaign;
}

Status bring_into_place(Ledger& ledger, const StateFolder& state) {
  SIMSWARM_TRY(const RolledForward rolled, roll_forward(ledger, state));
  if (rolled.needed.empty()) return {};
  return environment_error("finished results of another campaign wait in {} and cannot be brought into place: {}",
                           state.root.string(), rolled.trouble);
}

// Another simswarm may have completed it, or failed in a way that would come again.
Result<bool> done_meanwhile(Ledger& ledger, Plan& plan, const Job& job) {
  std::vector<Attempt> known;  // of each run the last
  for (const std::size_t run : job.runs) {
    SIMSWARM_TRY(const auto attempt, known_meanwhile(ledger, plan.runs[run]));
    if (!attempt) return false;
    known.push_back(*attempt);
  }
  for (std::size_t i = 0; i < job.runs.size(); ++i) {
    Planned run = plan.runs[job.runs[i]];
    run.decision = is_complete(known[i].verdict.outcome) ? Decision::kKnown : Decision::kKnownError;
    run.known = KnownAttempt{known[i].number, known[i].campaign, known[i].verdict};
    run.reason = fmt::format("{} since campaign {}", to_text(known[i].verdict.outcome), known[i].campaign);
    if (run.decision == Decision::kKnown) run.reason = fmt::format("complete since campaign {}", known[i].campaign);
    run.distrusted = 0;
    plan.runs.set(job.runs[i], run);
  }
  return true;
}

}  // namespace

Result<Claimed> claim_jobs(Ledger& ledger, const StateFolder& state, Plan& plan, std::vector<Job> jobs, bool is_first) {
  std::vector<RunKey> keys;
  keys.reserve(jobs.size());
  for (const Job& job : jobs) keys.push_back(plan.runs.key(job.runs.front()));
  std::map<std::string, bool> alive;
  bool found_dead = false;
  const auto is_alive = [&](const std::string& owner) {
    const auto [entry, fresh] = alive.try_emplace(owner, false);
    if (fresh) entry->second = SignOfLife::is_alive(state, owner);
    found_dead = found_dead || !entry->second;
    return entry->second;
  };
  SIMSWARM_TRY(const auto others, ledger.claim(keys, plan.campaign, is_alive));
  SIMSWARM_TRY(const std::int64_t version, ledger.data_version());
  const bool may_be_done = version != plan.ledger_version;
  bool must_roll = is_first || found_dead;  // the dead may have left results that want only to be put into place
  for (std::size_t i = 0; may_be_done && !must_roll && i < keys.size(); ++i) {
    SIMSWARM_TRY(must_roll, waits_in_scratch(ledger, plan, keys[i]));
  }
  if (may_be_done && must_roll) SIMSWARM_CHECK(bring_into_place(ledger, state));
  Claimed claimed;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    SIMSWARM_TRY(const bool done, may_be_done ? done_meanwhile(ledger, plan, jobs[i]) : false);
    if (done) {
      claimed.done.insert(claimed.done.end(), jobs[i].runs.begin(), jobs[i].runs.end());
    } else {
      (others.contains(i) ? claimed.elsewhere : claimed.ours).push_back(std::move(jobs[i]));
    }
  }
  return claimed;
}

}  // namespace simswarm::campaign
