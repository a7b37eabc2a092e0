#include "campaign/recorder.h"

#include <algorithm>

namespace simswarm::campaign {
namespace {

constexpr std::size_t kBefore = 20'000;  // runs that are written before the campaign begins
constexpr std::size_t kAtOnce = 1'000;   // some 10 ms
constexpr std::size_t kAtEnd = 20'000;
constexpr std::chrono::milliseconds kPause{100};

}  // namespace

std::vector<PlannedRun> Recorder::next(std::size_t most) {
  std::vector<PlannedRun> rows;
  const std::size_t end = std::min(runs_.size(), written_ + most);
  rows.reserve(end - written_);
  for (std::size_t i = written_; i < end; ++i) rows.push_back({runs_.run(i), runs_.key(i)});
  return rows;
}

Status Recorder::begin(CampaignRecord record, const InputRecord& inputs) {
  record.planned = runs_.size();
  campaign_ = record.id;
  const std::vector<PlannedRun> rows = next(kBefore);
  SIMSWARM_CHECK(ledger_.begin_campaign(record, inputs, rows));
  written_ = rows.size();
  return {};
}

Status Recorder::write(std::size_t most) {
  const std::vector<PlannedRun> rows = next(most);
  SIMSWARM_CHECK(ledger_.add_runs(campaign_, written_, rows));
  written_ += rows.size();
  last_ = system_clock().monotonic();
  return {};
}

Status Recorder::go_on() {
  if (written_ == runs_.size() || system_clock().monotonic() - last_ < kPause) return {};
  return write(kAtOnce);
}

Status Recorder::finish(const std::function<bool()>& is_left) {
  while (missing() > 0 && !is_left()) SIMSWARM_CHECK(write(kAtEnd));
  return {};
}

}  // namespace simswarm::campaign
