// One campaign at a builder: a thread of its own, which says how far it is, and can be told to end.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "builder/planner.h"
#include "builder/workshop.h"
#include "campaign/build_request.h"
#include "queue/job_queue.h"

namespace simswarm::builder {

// What all tasks of a service use. Safe for several threads, but for what each opens for itself.
struct TaskGround {
  Workshop* workshop = nullptr;
  store::Store* store = nullptr;
  PlannerOptions planner;
  std::function<Result<std::unique_ptr<jobs::JobQueue>>()> open_queue;
  std::function<void()> wake;  // something has changed
};

class Task {
 public:
  // Begins at once.
  Task(jobs::ClaimedJob job, const TaskGround& ground);
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task();  // waits for its end

  [[nodiscard]] const jobs::ClaimedJob& job() const { return job_; }
  void cancel() { cancelled_ = true; }
  // The queue gave it to somebody else, or wants it no more: its outcome is told to nobody.
  void lose() { lost_ = cancelled_ = true; }
  [[nodiscard]] bool is_lost() const { return lost_; }
  // Somebody asked for it to end; else it is handed back.
  void stop() { stopped_ = cancelled_ = true; }

  [[nodiscard]] std::string view() const;  // JSON
  // What was printed from this byte on, at most jobs::kOutputPiece, and where it really begins: what nobody has taken
  // for long is not kept.
  [[nodiscard]] std::pair<std::uint64_t, std::string> output(std::uint64_t from) const;
  // Nothing: it goes on.
  [[nodiscard]] std::optional<jobs::Settlement> outcome() const;

 private:
  void run();
  void print(std::string_view piece);
  [[nodiscard]] Result<campaign::BuildAnswer> carry_out();
  [[nodiscard]] bool is_withdrawn() const;
  [[nodiscard]] jobs::Settlement settlement_of(const Result<campaign::BuildAnswer>& answer) const;

  const jobs::ClaimedJob job_;
  const TaskGround& ground_;
  std::atomic<bool> cancelled_ = false, lost_ = false, stopped_ = false;
  mutable std::mutex mutex_;
  campaign::BuildView view_;
  std::string printed_;             // the last of it
  std::uint64_t printed_from_ = 0;  // which byte it begins with
  std::optional<jobs::Settlement> outcome_;
  campaign::BuildAnswer answer_;  // as far as it is known
  std::thread thread_;
};

}  // namespace simswarm::builder
