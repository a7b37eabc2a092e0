// The queue: which job is next, who has it, how it ended. The life of a job is here and nowhere else.
// Back end: `memory` (one machine, one process).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace simswarm {

// Jobs are numbered in the order in which they were enqueued.
struct JobId {
  std::size_t index = 0;
  friend auto operator<=>(const JobId&, const JobId&) = default;
};

// What is done as one: one run, or several that only count together, by their position in the study.
struct Job {
  std::vector<std::size_t> runs;
  bool alone = false;     // nothing else may run beside it (it ran out of memory in company)
  std::size_t study = 0;  // whose runs they are, where one queue serves several
};

// A right to execute a job, until it is completed, failed or taken back.
struct Claim {
  JobId job;
  int attempt = 0;  // 1, 2, …; an earlier attempt's word changes nothing
};

enum class JobState { kQueued, kStarted, kFinished, kFailed, kCancelled };
[[nodiscard]] std::string_view to_text(JobState state);

struct QueueCounts {
  std::size_t queued = 0;
  std::size_t started = 0;
  std::size_t finished = 0;
  std::size_t failed = 0;
  std::size_t cancelled = 0;
};

// Not thread-safe. A call with a claim of an earlier attempt, or of a job that is not started, is refused: false.
class Queue {
 public:
  virtual ~Queue() = default;

  virtual JobId enqueue(Job job) = 0;  // at the end
  // Up to `most` jobs from the front. A job that wants to be alone comes only as the first and only one.
  [[nodiscard]] virtual std::vector<Claim> claim(std::size_t most) = 0;
  [[nodiscard]] virtual const Job& job(JobId id) const = 0;  // without its runs once it has ended
  [[nodiscard]] virtual bool complete(Claim claim) = 0;
  [[nodiscard]] virtual bool fail(Claim claim) = 0;
  // Back to the front (its turn had come); `counts` says whether the attempt is one that was used up.
  [[nodiscard]] virtual bool requeue(Claim claim, bool alone, bool counts) = 0;
  // What waits, the heaviest first; equal ones keep their order.
  virtual void sort_waiting(const std::function<double(const Job&)>& weight) = 0;
  // All that waits; what is started goes on. Those that were cancelled, in their order.
  virtual std::vector<JobId> cancel_waiting() = 0;
  // Cancels a job that waits; false: it does not.
  [[nodiscard]] virtual bool withdraw(JobId id) = 0;
  // Jobs that have ended, before the first that has not, are known no more.
  virtual void forget_ended() = 0;
  [[nodiscard]] virtual JobState state(JobId id) const = 0;
  [[nodiscard]] virtual int attempts(JobId id) const = 0;  // that were used up, or run now
  [[nodiscard]] virtual QueueCounts counts() const = 0;
  // The job that claim() gives next; only while some are queued.
  [[nodiscard]] virtual JobId next() const = 0;
  // Whether the next job must run alone.
  [[nodiscard]] virtual bool next_is_alone() const = 0;
};

[[nodiscard]] std::unique_ptr<Queue> make_memory_queue();

}  // namespace simswarm
