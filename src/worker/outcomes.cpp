#include "worker/outcomes.h"

#include <algorithm>

#include "base/text.h"
#include "worker/delivery.h"
#include "worker/ended_run.h"

namespace simswarm::worker {
namespace {

using jobs::AfterFailure;
using jobs::Settlement;

constexpr std::size_t kMostSamples = 64;
constexpr std::uint64_t kMostLog = 8 * 1024;  // bytes of each output that the queue is told

Status put_into_place(const OpenStudy& study, const Finished& finished, std::size_t i, Told& told) {
  SIMSWARM_TRY(Delivered delivered, deliver(study.place, files_of(finished.judgements[i], finished.ended.evidence)));
  told.files = std::move(delivered.files);
  told.kept = delivered.kept;
  return {};
}

}  // namespace

void Outcomes::end(OpenStudy& study, const Finished& finished, std::size_t i, const Held& held,
                   std::vector<Settlement>& settlements) {
  Told told = told_of(study, finished, i, held);
  const Outcome outcome = told.attempt.verdict.outcome;
  if (held.lost && !(study.spec.stored && is_complete(outcome))) return;
  if (held.done && !is_complete(outcome))
    return settlements.push_back({held.assigned.claim, Settlement::How::kComplete, kDoneByAnother});
  const bool is_ours = outcome == Outcome::kNotStarted || outcome == Outcome::kCancelled;
  if (is_complete(outcome)) {
    complete(study, finished, i, held, std::move(told), settlements);
  } else if (is_ours && !held.stops) {
    settlements.push_back({held.assigned.claim, Settlement::How::kHandBack});
  } else {
    // Who enqueues single jobs says himself how often they are worth another try.
    const bool may_retry = can_help_to_retry(outcome) || held.assigned.campaign.empty();
    const AfterFailure after = held.stops  ? AfterFailure::kWasStopped
                               : may_retry ? AfterFailure::kMayRetry
                                           : AfterFailure::kNoRetry;
    if (held.stops) told.attempt.verdict.message = "it was asked to stop";
    ++failed_;
    say_ended(study, finished.batch.runs[i], held, told.attempt);
    Known known{{held.assigned.claim, Settlement::How::kFail, failure_text(told), after}};
    if (study.spec.stored) (void)take_files(study, finished, i, held, told, known);
    tell_of(std::move(known), settlements);
  }
}

// To the store first, where it goes there.
void Outcomes::tell_of(Known known, std::vector<Settlement>& settlements) {
  if (known.upload) {
    known.upload->settlement = known.settlement;
    const Status kept = stored_->hand_in(std::move(*known.upload));
    if (kept) return;
    options_.say(fmt::format("{}: {}", known.settlement.claim.job.text, kept.error().message));
    known.settlement.how = Settlement::How::kFail;
    known.settlement.text = kept.error().message + "\n";
  }
  settlements.push_back(std::move(known.settlement));
}

// The files of a run of a stored study, for the store.
Status Outcomes::take_files(OpenStudy& study, const Finished& finished, std::size_t i, const Held& held,
                            const Told& told, Known& known) {
  SIMSWARM_TRY(known.upload, stored_->take(study, finished, i, told, held.assigned));
  return {};
}
void Outcomes::complete(OpenStudy& study, const Finished& finished, std::size_t i, const Held& held, Told told,
                        std::vector<Settlement>& settlements) {
  Known known;
  const Status put =
      study.spec.stored ? take_files(study, finished, i, held, told, known) : put_into_place(study, finished, i, told);
  if (!put) {
    Verdict& verdict = told.attempt.verdict;
    verdict = {Outcome::kIncomplete, "its results could not be put into place: " + put.error().message, {}};
    ++failed_;
    say_ended(study, finished.batch.runs[i], held, told.attempt);
    // What a run leaves it leaves again.
    const bool may_help = put.error().code != ExitCode::kUsage || !study.spec.stored;
    settlements.push_back({held.assigned.claim, Settlement::How::kFail, failure_text(told),
                           may_help ? AfterFailure::kMayRetry : AfterFailure::kNoRetry});
    return;
  }
  ++complete_;
  known.settlement = {held.assigned.claim, Settlement::How::kComplete, result_json(told)};
  const bool in_company = finished.batch.runs.size() > 1;
  learn(study, finished, i, told.files, known.upload);
  const std::string& config = study.runs[finished.batch.runs[i]].config;
  if (in_company && !study.spec.batch_size && !study.batching.is_confirmed(config)) {
    unconfirmed_[{study.id, config}].push_back(std::move(known));
  } else {
    tell_of(std::move(known), settlements);
  }
}

// How long runs take, and whether they may share processes.
void Outcomes::learn(OpenStudy& study, const Finished& finished, std::size_t i, const std::vector<ResultFile>& files,
                     const std::optional<Upload>& upload) {
  const std::size_t position = finished.batch.runs[i];
  const Run run = study.runs[position];
  const auto runs = static_cast<double>(finished.batch.runs.size());
  const double wall = finished.ended.usage.wall_seconds;
  const double work = std::max(0.0005, (wall - study.batching.start(run.config)) / runs);
  constexpr double kWeight = 0.2;  // of the last
  study.run_seconds = study.run_seconds == 0 ? work : (1 - kWeight) * study.run_seconds + kWeight * work;
  if (study.spec.batch_size || !study.dialect->can_batch()) return;
  const auto keep_sample = [&] {
    if (upload) {
      stored_->keep_sample(study, position, *upload);
    } else {
      study.samples[position] = files;
    }
  };
  if (runs == 1) {
    if (study.samples.size() < kMostSamples) keep_sample();
    if (study.samples.contains(position)) study.batching.completed_alone(position, run, wall);
    return;
  }
  const bool last = i + 1 == finished.batch.runs.size();
  if (last && !study.batching.is_confirmed(run.config)) keep_sample();
  study.batching.completed_in_batch(position, run, last);
}

void Outcomes::judge_trial(OpenStudy& study, const Finished& finished) {
  const Run first = study.runs[finished.batch.runs.front()];
  const std::string difference = study.difference_to(finished);
  const bool was_ended = finished.ended.evidence.ended_by_us.has_value() || finished.ended.trouble.has_value() ||
                         !finished.ended.not_started.empty() || finished.ended.disk_was_full;
  if (!difference.empty() && was_ended) return study.batching.put_off(first.config);
  if (!study.batching.tried(first, finished.ended.usage.wall_seconds, difference)) return;
  options_.say(fmt::format("runs of {} do not share processes any more: {}", first.config, difference));
}

void Outcomes::settle_confirmed(const std::map<std::size_t, std::unique_ptr<OpenStudy>>& studies) {
  for (auto& [key, waiting] : unconfirmed_) {
    if (waiting.empty()) continue;
    const Batching& batching = studies.at(key.first)->batching;
    if (batching.is_undecided(key.second)) continue;
    if (!batching.is_confirmed(key.second)) {
      hand_back(waiting);
      continue;
    }
    std::vector<Settlement> settlements;
    for (Known& known : std::exchange(waiting, {})) tell_of(std::move(known), settlements);
    link_.settle(std::move(settlements));
  }
  std::erase_if(unconfirmed_, [](const auto& one) { return one.second.empty(); });
}

void Outcomes::hand_back(std::vector<Known>& waiting) {
  std::vector<Settlement> settlements;
  for (Known& known : waiting) {
    settlements.push_back({known.settlement.claim, Settlement::How::kHandBack});
    if (known.upload) (void)remove_tree(known.upload->folder.parent_path());
  }
  complete_ -= waiting.size();
  waiting.clear();
  link_.settle(std::move(settlements));
}

Told Outcomes::told_of(const OpenStudy& study, const Finished& finished, std::size_t i, const Held& held) const {
  Told told;
  told.attempt = attempt_of(study.limits, finished, i);
  told.attempt.number = held.assigned.claim.attempt;
  told.attempt.host = options_.link.node;
  told.attempt.cpu = options_.link.cpu;
  told.worker = options_.link.name.text;
  told.output = read_tail(finished.ended.evidence.output, kMostLog).value_or("");
  told.errors = read_tail(finished.ended.evidence.errors, kMostLog).value_or("");
  return told;
}

void Outcomes::say_ended(const OpenStudy& study, std::size_t position, const Held& held, const Attempt& attempt) {
  const Verdict& verdict = attempt.verdict;
  options_.say(fmt::format("{} ({}), attempt {}: {}{}{}", held.assigned.claim.job.text,
                           short_name(study.runs[position]), attempt.number, to_text(verdict.outcome),
                           verdict.message.empty() ? "" : ": ", verdict.message));
}

void Outcomes::hand_back_unconfirmed() {
  for (auto& [key, waiting] : unconfirmed_) hand_back(waiting);
}

bool Outcomes::has_unconfirmed(std::size_t study) const {
  return std::any_of(unconfirmed_.begin(), unconfirmed_.end(),
                     [&](const auto& one) { return one.first.first == study && !one.second.empty(); });
}

}  // namespace simswarm::worker
