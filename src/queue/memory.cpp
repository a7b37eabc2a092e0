#include <algorithm>
#include <deque>

#include "queue/queue.h"

namespace simswarm {
namespace {

struct Entry {
  Job job;
  JobState state = JobState::kQueued;
  int generation = 0;  // of claims: names the one that counts
  int used_up = 0;     // attempts
};

class MemoryQueue final : public Queue {
 public:
  JobId enqueue(Job job) override {
    entries_.push_back({std::move(job)});
    waiting_.push_back({forgotten_ + entries_.size() - 1});
    ++counts_.queued;
    return waiting_.back();
  }

  std::vector<Claim> claim(std::size_t most) override {
    std::vector<Claim> claims;
    while (claims.size() < most && !waiting_.empty()) {
      const bool alone = next_is_alone();
      if (alone && !claims.empty()) break;
      claims.push_back(start(waiting_.front()));
      waiting_.pop_front();
      if (alone) break;
    }
    return claims;
  }

  [[nodiscard]] const Job& job(JobId id) const override { return entries_.at(id.index - forgotten_).job; }

  bool complete(Claim claim) override { return end(claim, JobState::kFinished, counts_.finished); }
  bool fail(Claim claim) override { return end(claim, JobState::kFailed, counts_.failed); }

  bool requeue(Claim claim, bool alone, bool counts) override {
    if (!holds(claim)) return false;
    Entry& entry = at(claim.job);
    entry.state = JobState::kQueued;
    entry.job.alone = entry.job.alone || alone;
    if (!counts) --entry.used_up;
    --counts_.started;
    ++counts_.queued;
    waiting_.push_front(claim.job);
    return true;
  }

  void sort_waiting(const std::function<double(const Job&)>& weight) override {
    std::vector<std::pair<double, JobId>> weighed;
    weighed.reserve(waiting_.size());
    for (const JobId id : waiting_) weighed.emplace_back(weight(job(id)), id);
    std::stable_sort(weighed.begin(), weighed.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::transform(weighed.begin(), weighed.end(), waiting_.begin(), [](const auto& one) { return one.second; });
  }

  std::vector<JobId> cancel_waiting() override {
    const std::vector<JobId> cancelled(waiting_.begin(), waiting_.end());
    for (const JobId id : cancelled) at(id).state = JobState::kCancelled;
    waiting_.clear();
    counts_.queued = 0;
    counts_.cancelled += cancelled.size();
    return cancelled;
  }

  bool withdraw(JobId id) override {
    if (!knows(id) || at(id).state != JobState::kQueued) return false;
    waiting_.erase(std::find(waiting_.begin(), waiting_.end(), id));
    at(id).state = JobState::kCancelled;
    --counts_.queued;
    ++counts_.cancelled;
    return true;
  }

  [[nodiscard]] JobState state(JobId id) const override { return entries_.at(id.index - forgotten_).state; }
  [[nodiscard]] int attempts(JobId id) const override { return entries_.at(id.index - forgotten_).used_up; }
  [[nodiscard]] QueueCounts counts() const override { return counts_; }
  [[nodiscard]] JobId next() const override { return waiting_.front(); }
  [[nodiscard]] bool next_is_alone() const override { return !waiting_.empty() && job(waiting_.front()).alone; }

  void forget_ended() override {
    const auto has_ended = [](const Entry& entry) {
      return entry.state != JobState::kQueued && entry.state != JobState::kStarted;
    };
    while (!entries_.empty() && has_ended(entries_.front())) {
      entries_.pop_front();
      ++forgotten_;
    }
  }

 private:
  [[nodiscard]] bool knows(JobId id) const { return id.index >= forgotten_ && id.index - forgotten_ < entries_.size(); }
  Entry& at(JobId id) { return entries_[id.index - forgotten_]; }

  Claim start(JobId id) {
    Entry& entry = at(id);
    entry.state = JobState::kStarted;
    ++entry.used_up;
    ++entry.generation;
    --counts_.queued;
    ++counts_.started;
    return {id, entry.generation};
  }

  [[nodiscard]] bool holds(Claim claim) const {
    if (!knows(claim.job)) return false;
    const Entry& entry = entries_[claim.job.index - forgotten_];
    return entry.state == JobState::kStarted && entry.generation == claim.attempt;
  }

  bool end(Claim claim, JobState state, std::size_t& count) {
    if (!holds(claim)) return false;
    at(claim.job).state = state;
    at(claim.job).job.runs = {};  // a campaign may have a million
    --counts_.started;
    ++count;
    return true;
  }

  std::deque<Entry> entries_;
  std::size_t forgotten_ = 0;  // that stood before these
  std::deque<JobId> waiting_;
  QueueCounts counts_;
};

}  // namespace

std::string_view to_text(JobState state) {
  switch (state) {
    case JobState::kQueued:
      return "queued";
    case JobState::kStarted:
      return "started";
    case JobState::kFinished:
      return "finished";
    case JobState::kFailed:
      return "failed";
    case JobState::kCancelled:
      return "canceled";  // as RQ spells it
  }
  return "?";
}

std::unique_ptr<Queue> make_memory_queue() {
  return std::make_unique<MemoryQueue>();
}

}  // namespace simswarm
