#include "campaign/backlog.h"

#include <algorithm>

#include "campaign/expectation.h"

namespace simswarm::campaign {
namespace {

constexpr std::size_t kMostRuns = ~std::size_t{0} >> 1;  // what an entry holds

}  // namespace

void Backlog::add(std::size_t run) {
  order_.push_back({run & kMostRuns, 0});
}

void Backlog::add(Job job) {
  if (job.runs.size() == 1 && !job.alone) return add(job.runs.front());
  order_.push_back({jobs_.size() & kMostRuns, 1});
  jobs_.push_back(std::move(job));
}

Job Backlog::job(Entry entry) const {
  if (entry.is_whole_job != 0) return jobs_[entry.index];
  return {{entry.index}, false};
}

void Backlog::sample_first() {
  std::vector<Entry> ordered;
  ordered.reserve(size());
  for (const std::size_t i : sampling_order(size())) ordered.push_back(order_[taken_ + i]);
  order_ = std::move(ordered);
  taken_ = 0;
}

void Backlog::sort(const std::function<double(const Job&)>& weight) {
  std::vector<std::pair<double, Entry>> weighed;
  weighed.reserve(size());
  for (std::size_t i = taken_; i < order_.size(); ++i) weighed.emplace_back(weight(job(order_[i])), order_[i]);
  std::stable_sort(weighed.begin(), weighed.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  order_.resize(weighed.size());
  taken_ = 0;
  std::transform(weighed.begin(), weighed.end(), order_.begin(), [](const auto& one) { return one.second; });
}

std::vector<Job> Backlog::take(std::size_t most) {
  std::vector<Job> taken;
  const std::size_t count = std::min(most, size());
  taken.reserve(count);
  for (std::size_t i = 0; i < count; ++i) taken.push_back(job(order_[taken_++]));
  return taken;
}

}  // namespace simswarm::campaign
