// The life of a job: pure logic, the time is passed in. Which job stands where is the back end's matter.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "queue/job_queue.h"

namespace simswarm::jobs {

struct Life {
  State state = State::kQueued;
  int attempt = 0;  // the last that was begun
  int settled = 0;  // the last whose holder said its end
  int retries_left = 0;
  std::vector<std::chrono::seconds> back_off;
  int max_lost = 3;
  WorkerId worker;
  std::string node;
  Stamp lease_until;
  bool stop_requested = false;
  std::vector<std::string> lost_on;
  bool lost = false;
  Stamp due;
};

// What can happen to a job. `met` says whether what it depends on has been met.
struct Claimed {
  WorkerId worker;
  std::string node;
  std::chrono::milliseconds lease;
};
struct Beaten {
  int attempt;
  std::chrono::milliseconds lease;
};
struct Completed {
  int attempt;
};
struct Failed {
  int attempt;
  AfterFailure after;
};
struct HandedBack {
  int attempt;
};
struct LeaseLooked {};
struct Cancelled {};
struct StopRequested {};
struct Requeued {
  bool met;
};
struct DueLooked {};
struct DependenciesLooked {
  bool met;
};
using Event = std::variant<Claimed, Beaten, Completed, Failed, HandedBack, LeaseLooked, Cancelled, StopRequested,
                           Requeued, DueLooked, DependenciesLooked>;

// A new job: deferred, scheduled or queued.
[[nodiscard]] Life begin_life(const NewJob& job, bool met, Stamp now);

// kDone, and the life is changed; else it is as it was.
[[nodiscard]] Answer apply(Life& life, const Event& event, Stamp now);

// What stands in the results of a job that was lost too often.
[[nodiscard]] std::string lost_message(const std::vector<std::string>& nodes);

// Whole seconds, not before the time: RQ's scores have no fractions.
[[nodiscard]] Stamp whole_seconds_from(Stamp time);

}  // namespace simswarm::jobs
