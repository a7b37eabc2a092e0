#include "campaign/campaign.h"

namespace simswarm::campaign {

std::string TimeLeft::kind(const Run& run) {
  std::string kind = run.config;
  for (const Variable& variable : run.variables) kind += "," + variable.name + "=" + variable.value;
  return kind;
}

void TimeLeft::learn(const Run& run, double seconds) {
  Mean& mean = by_kind_[kind(run)];
  mean.sum += seconds;
  ++mean.count;
  sum_ += seconds;
  ++count_;
}

double TimeLeft::expect(const Run& run) const {
  if (const auto found = by_kind_.find(kind(run)); found != by_kind_.end()) {
    return found->second.sum / static_cast<double>(found->second.count);
  }
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

}  // namespace simswarm::campaign
