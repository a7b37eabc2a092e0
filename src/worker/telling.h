// What goes on here, as it is told to the queue; and of which jobs somebody looks at what they print.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "queue/job_queue.h"

namespace simswarm::worker {

class Telling {
 public:
  // What goes on now: replaces what was said before.
  void say(std::vector<jobs::Told> told, std::size_t running, double working_seconds);
  [[nodiscard]] std::size_t running() const { return running_; }  // processes
  [[nodiscard]] double working_seconds() const { return working_seconds_; }
  // All of it, once.
  [[nodiscard]] std::vector<jobs::Told> take() { return std::exchange(told_, {}); }

  // What people wait for: it is told at once, all else with the next beat.
  [[nodiscard]] bool is_urgent() const;
  [[nodiscard]] std::vector<jobs::Told> take_urgent();

  // Somebody looks at what this job prints; what comes of it the answers to what is told say.
  void watch(const std::string& job);
  // The answers to what was told: one each.
  void heard(const std::vector<jobs::Told>& told, const std::vector<bool>& watched);
  [[nodiscard]] bool is_watched(const jobs::JobId& job) const { return watched_.contains(job.text); }
  void forget(const jobs::JobId& job) { watched_.erase(job.text); }

 private:
  std::vector<jobs::Told> told_;
  std::size_t running_ = 0;
  double working_seconds_ = 0;
  std::set<std::string> watched_;
};

}  // namespace simswarm::worker
