// What workers did, as far as it was watched.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "queue/job_queue.h"

namespace simswarm::view {

struct WorkerSample {
  std::int64_t at = 0;  // seconds since 1970
  std::uint32_t running = 0, finished = 0, failed = 0;
};

class WorkerHistory {
 public:
  static constexpr std::size_t kMost = 360;  // samples of a worker: an hour
  static constexpr std::chrono::seconds kPace{10};
  static constexpr std::size_t kMostWorkers = 2000;

  void note(const std::vector<jobs::WorkerView>& workers, Stamp now);
  [[nodiscard]] std::vector<WorkerSample> of(const std::string& worker) const;

 private:
  std::map<std::string, std::deque<WorkerSample>> samples_;
};

}  // namespace simswarm::view
