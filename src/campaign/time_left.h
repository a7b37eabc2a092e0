// How long a campaign still takes, by what is expected of the runs that are not done.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "base/time.h"
#include "campaign/expectation.h"
#include "campaign/planned.h"
#include "campaign/positions.h"
#include "worker/worker.h"

namespace simswarm::campaign {

class TimeLeft {
 public:
  // A process has begun; a run has ended that took so long.
  void started();
  void ended(double wall_seconds) { ran_ += wall_seconds; }
  // Seconds; nothing where nothing is known. `waiting` holds the running ones, too. Asked again within a second it
  // says the same.
  [[nodiscard]] std::optional<double> seconds(const Expectation& expectation, const RunList& runs,
                                              const Positions& waiting, const std::set<std::size_t>& running,
                                              const std::vector<worker::RunningView>& views, std::size_t slots);

 private:
  // The part of the slots' time that runs have had: starting and committing short ones takes the rest.
  [[nodiscard]] double share(const std::vector<worker::RunningView>& views, std::size_t slots) const;

  std::optional<double> seconds_;
  std::optional<Monotonic> asked_;
  std::optional<Monotonic> first_start_;
  double ran_ = 0;  // seconds, of all runs that have ended
};

}  // namespace simswarm::campaign
