#include "view/followed.h"

#include <algorithm>

#include "base/stamp.h"
#include "base/text.h"

namespace simswarm::view {
namespace {

constexpr std::size_t kAtOnce = 1000;       // documents of a question
constexpr std::size_t kIdsAtOnce = 20'000;  // of jobs
constexpr std::chrono::seconds kReadAgain{10};
constexpr int kAskAgain = 3;  // times, for what the store does not know yet

double seconds_of(Stamp stamp) {
  return std::chrono::duration<double>(stamp.time_since_epoch()).count();
}

Cell cell_of(jobs::State state) {
  switch (state) {
    case jobs::State::kFinished:
      return Cell::kCompleted;
    case jobs::State::kFailed:
      return Cell::kFailed;
    case jobs::State::kStopped:
    case jobs::State::kCancelled:
      return Cell::kCancelled;
    case jobs::State::kStarted:
      return Cell::kRunning;
    default:
      return Cell::kWaiting;
  }
}

// How long an attempt has taken by its own word; nothing where it has said none yet.
std::optional<double> seconds_in(std::string_view progress) {
  constexpr std::string_view kName = "\"seconds\":";
  const std::size_t at = progress.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = progress.substr(at + kName.size());
  return parse_double(trim(rest.substr(0, rest.find_first_of(",}"))));
}

std::uint16_t small(int number) {
  return static_cast<std::uint16_t>(std::clamp(number, 0, 65535));
}

template <typename T>
std::vector<T> take_last(std::vector<T>& all) {
  const auto first = all.end() - static_cast<std::ptrdiff_t>(std::min(kAtOnce, all.size()));
  std::vector<T> some(first, all.end());
  all.erase(first, all.end());
  return some;
}

}  // namespace

void Followed::note_message(std::size_t position, const Verdict& verdict) {
  if (is_complete(verdict.outcome) || verdict.message.empty()) {
    messages.erase(position);
  } else if (messages.size() < kMostMessages) {
    messages[position] = verdict.message.substr(0, kLongestMessage);
  }
}

Result<bool> Follower::look_at_queue(jobs::QueueWatch& queue, const jobs::Counts& counts, Monotonic now) {
  SIMSWARM_TRY(const jobs::Moves moves, queue.moves({followed_->record.queue}, mark_));
  return take(moves, queue, counts, now);
}

Result<bool> Follower::take(const jobs::Moves& moves, jobs::QueueWatch& queue, const jobs::Counts& counts,
                            Monotonic now) {
  bool is_behind = false;
  bool is_other = false;
  {
    const std::lock_guard lock(followed_->mutex);
    std::vector<bool> runs_now(followed_->model.size());
    take_started(moves.started, runs_now);
    leave_running(runs_now);
    take_ended(moves.ended);
    followed_->seen_at = now;
    is_behind = moves.more;
    const CampaignModel& model = followed_->model;
    is_other = model.count(Cell::kWaiting) != counts.queued + counts.scheduled + counts.deferred;
  }
  mark_ = moves.mark;
  if (!is_behind && is_other && (read_waiting_at_ == Monotonic{} || now - read_waiting_at_ > kReadAgain)) {
    SIMSWARM_CHECK(read_waiting(queue, counts));
    read_waiting_at_ = now;
  }
  const std::lock_guard lock(followed_->mutex);
  has_no_queue_ = false;
  if (!is_behind && !has_looked_for_unknown_) {
    has_looked_for_unknown_ = true;
    for (std::size_t i = followed_->model.size(); i-- > 0;) {
      if (followed_->model.facts(i).cell == Cell::kUnknown) unknown_.push_back(i);
    }
  }
  return is_behind;
}

void Follower::have_no_queue() {
  const std::lock_guard lock(followed_->mutex);
  if (has_no_queue_) return;
  has_no_queue_ = true;
  has_all_attempts_ = false;
  has_looked_for_unknown_ = true;
  followed_->is_whole = false;
  followed_->progress.clear();
  mark_ = {{"0", "0", "0"}};
  for (std::size_t i = followed_->model.size(); i-- > 0;) {
    Facts facts = followed_->model.facts(i);
    const bool is_open = facts.cell == Cell::kWaiting || facts.cell == Cell::kRunning;
    if (!is_open && facts.cell != Cell::kUnknown) continue;
    facts.cell = Cell::kUnknown;
    facts.is_whole = false;
    followed_->model.set(i, facts);
    unknown_.push_back(i);
  }
}

void Follower::take_started(const std::vector<jobs::JobView>& started, std::vector<bool>& runs_now) {
  followed_->looks_with_progress += followed_->progress.empty() ? 0 : 1;
  followed_->progress.clear();
  for (const jobs::JobView& job : started) {
    const auto position = position_of_(followed_->record.id, job.id);
    if (!position || *position >= runs_now.size()) continue;
    runs_now[*position] = true;
    Facts facts;
    facts.cell = Cell::kRunning;
    facts.attempt = small(job.attempt);
    facts.place = followed_->model.place({job.worker, job.node});
    facts.started = seconds_of(stamp_from(job.started_at));
    // It was claimed then; it tells how long it has been at work.
    if (const auto seconds = seconds_in(job.progress)) {
      facts.started = seconds_of(system_clock().stamp()) - *seconds;
      facts.is_exact = true;
      const Facts& known = followed_->model.facts(*position);
      const bool is_same = known.cell == Cell::kRunning && known.attempt == facts.attempt && known.is_exact;
      if (is_same) facts.started = known.started;
    }
    followed_->model.set(*position, facts);
    if (!job.progress.empty()) followed_->progress[*position] = job.progress;
  }
}

// Back in the queue, unless they have ended.
void Follower::leave_running(const std::vector<bool>& runs_now) {
  for (std::size_t i = 0; i < runs_now.size(); ++i) {
    if (runs_now[i] || followed_->model.facts(i).cell != Cell::kRunning) continue;
    Facts facts = followed_->model.facts(i);
    facts.cell = Cell::kWaiting;
    followed_->model.set(i, facts);
  }
}

void Follower::take_ended(const std::vector<jobs::EndedJob>& ended) {
  for (const jobs::EndedJob& job : ended) {
    const auto position = position_of_(followed_->record.id, job.id);
    if (!position || *position >= followed_->model.size()) continue;
    const Facts& known = followed_->model.facts(*position);
    if (known.is_whole && known.attempt == small(job.attempt) && known.cell != Cell::kWaiting) continue;
    Facts facts;
    facts.cell = cell_of(job.state);
    facts.attempt = small(job.attempt);
    facts.place = followed_->model.place({job.worker, job.node});
    facts.started = seconds_of(stamp_from(job.started_at));
    facts.ended = seconds_of(stamp_from(job.ended_at));
    facts.seconds = static_cast<float>(facts.started > 0 ? std::max(0.0, facts.ended - facts.started) : 0);
    const bool is_news = known.cell != facts.cell || known.attempt != facts.attempt;
    if (is_news && job.attempt > 0) unsure_.push_back({*position, job.attempt, 0});
    if (is_news) followed_->model.set(*position, facts);
  }
}

// Which runs wait, when the numbers differ: something was queued, or queued anew.
Status Follower::read_waiting(jobs::QueueWatch& queue, const jobs::Counts& counts) {
  std::vector<bool> waits(followed_->model.size());
  const std::array<std::pair<jobs::Place, std::size_t>, 3> places{{{jobs::Place::kQueued, counts.queued},
                                                                   {jobs::Place::kScheduled, counts.scheduled},
                                                                   {jobs::Place::kDeferred, counts.deferred}}};
  for (const auto& [place, count] : places) {
    for (std::size_t offset = 0; offset < count; offset += kIdsAtOnce) {
      SIMSWARM_TRY(const auto ids, queue.ids({followed_->record.queue}, place, offset, kIdsAtOnce));
      for (const jobs::JobId& id : ids) {
        const auto position = position_of_(followed_->record.id, id);
        if (position && *position < waits.size()) waits[*position] = true;
      }
    }
  }
  missed_.resize(waits.size());
  const std::lock_guard lock(followed_->mutex);
  for (std::size_t i = 0; i < waits.size(); ++i) {
    Facts facts = followed_->model.facts(i);
    const bool is_missing = !waits[i] && facts.cell == Cell::kWaiting;
    const bool was_missing = missed_[i];
    missed_[i] = is_missing;
    const bool is_new = waits[i] && facts.cell != Cell::kWaiting && facts.cell != Cell::kRunning;
    const bool is_gone = is_missing && was_missing;
    if (!is_new && !is_gone) continue;
    facts.cell = is_new ? Cell::kWaiting : Cell::kUnknown;
    facts.is_whole = false;
    if (is_gone) unknown_.push_back(i);
    followed_->model.set(i, facts);
  }
  return {};
}

Status Follower::look_at_store(store::Store& store) {
  enum class Next { kAttempts, kAll, kResults, kNothing };
  const Next next = [&] {
    const std::lock_guard lock(followed_->mutex);
    // What has ended since the last look is not all that is missing of it.
    const bool is_near = has_looked_for_unknown_ && unknown_.empty() && unsure_.size() <= kAtOnce;
    if (is_near && !(has_no_queue_ && !has_all_attempts_)) followed_->is_whole = true;
    if (!unsure_.empty()) return Next::kAttempts;
    if (has_no_queue_ && !has_all_attempts_) return Next::kAll;
    if (!unknown_.empty()) return Next::kResults;
    return Next::kNothing;
  }();
  if (next == Next::kAttempts) return ask_attempts(store);
  if (next == Next::kAll) return ask_all_attempts(store);
  if (next == Next::kResults) return ask_results(store);
  return {};
}

Status Follower::ask_attempts(store::Store& store) {
  std::vector<Unsure> some;
  {
    const std::lock_guard lock(followed_->mutex);
    some = take_last(unsure_);
  }
  std::vector<store::AttemptName> names;
  for (const Unsure& one : some) names.push_back({followed_->model.key(one.position), one.attempt});
  const auto found = store::attempts(store, followed_->record.id, names, store::Part::kBody);
  const std::lock_guard lock(followed_->mutex);
  if (!found) {
    unsure_.insert(unsure_.end(), some.begin(), some.end());
    return propagate(found.error());
  }
  for (std::size_t i = 0; i < found->size(); ++i) {
    const Facts& known = followed_->model.facts(some[i].position);
    const bool has_ended = known.cell != Cell::kWaiting && known.cell != Cell::kRunning;
    if (!has_ended || known.attempt != small(some[i].attempt)) continue;
    if ((*found)[i]) {
      take(some[i].position, *(*found)[i], false);
    } else if (some[i].asked < kAskAgain) {
      unsure_.insert(unsure_.begin(), {some[i].position, some[i].attempt, some[i].asked + 1});
    }
  }
  return {};
}

// What is not in the queue: its result may be older than the campaign, or the queue has forgotten it.
Status Follower::ask_results(store::Store& store) {
  std::vector<std::size_t> some;
  {
    const std::lock_guard lock(followed_->mutex);
    some = take_last(unknown_);
  }
  std::vector<RunKey> keys;
  for (const std::size_t position : some) keys.push_back(followed_->model.key(position));
  const auto found = store.results(keys, store::Part::kBody);
  const std::lock_guard lock(followed_->mutex);
  if (!found) {
    unknown_.insert(unknown_.end(), some.begin(), some.end());
    return propagate(found.error());
  }
  for (std::size_t i = 0; i < found->size(); ++i) {
    const bool is_open = followed_->model.facts(some[i]).cell == Cell::kUnknown;
    if ((*found)[i] && is_open) take(some[i], (*found)[i]->made_by, true);
  }
  return {};
}

Status Follower::ask_all_attempts(store::Store& store) {
  std::unordered_map<std::size_t, store::AttemptRecord> last;
  SIMSWARM_CHECK(store::each_attempt(store, followed_->record.id, [&](store::AttemptRecord record) {
    const auto position = followed_->model.position_of(record.attempt.key.digest.bytes());
    if (!position) return;
    const auto known = last.find(*position);
    if (known == last.end() || known->second.attempt.started < record.attempt.started)
      last[*position] = std::move(record);
  }));
  const std::lock_guard lock(followed_->mutex);
  for (const auto& [position, record] : last) {
    if (!is_complete(record.attempt.verdict.outcome)) take(position, record, false);
  }
  has_all_attempts_ = true;
  return {};
}

void Follower::take(std::size_t position, const store::AttemptRecord& record, bool is_result) {
  const Attempt& attempt = record.attempt;
  Facts facts;
  facts.cell = view::cell_of(attempt.verdict.outcome);
  const bool is_earlier = is_result && attempt.campaign != followed_->record.id;
  if (is_earlier) facts.cell = Cell::kKnown;
  facts.attempt = small(attempt.number);
  facts.place = followed_->model.place({record.worker, attempt.host});
  facts.seconds = static_cast<float>(attempt.usage.wall_seconds);
  facts.memory = attempt.usage.peak_memory;
  facts.started = seconds_of(attempt.started);
  facts.ended = seconds_of(attempt.ended);
  facts.is_exact = true;
  facts.is_whole = true;
  followed_->model.set(position, facts);
  followed_->note_message(position, attempt.verdict);
}

}  // namespace simswarm::view
