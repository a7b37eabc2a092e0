#include "view/worker_history.h"

namespace simswarm::view {

void WorkerHistory::note(const std::vector<jobs::WorkerView>& workers, Stamp now) {
  const std::int64_t at = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  for (const jobs::WorkerView& view : workers) {
    const jobs::WorkerRecord& one = view.record;
    std::deque<WorkerSample>& samples = samples_[one.name.text];
    if (!samples.empty() && at - samples.back().at < kPace.count()) continue;
    samples.push_back({at, static_cast<std::uint32_t>(one.running), static_cast<std::uint32_t>(one.finished),
                       static_cast<std::uint32_t>(one.failed)});
    if (samples.size() > kMost) samples.pop_front();
  }
  const std::int64_t oldest = at - static_cast<std::int64_t>(kMost) * kPace.count();
  std::erase_if(samples_, [&](const auto& one) { return one.second.back().at < oldest; });
  while (samples_.size() > kMostWorkers) samples_.erase(samples_.begin());
}

std::vector<WorkerSample> WorkerHistory::of(const std::string& worker) const {
  const auto found = samples_.find(worker);
  if (found == samples_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace simswarm::view
