#include "campaign/recorder.h"

#include <algorithm>

namespace simswarm::campaign {
namespace {

constexpr std::size_t kBefore = 20'000;  // runs that are written before the campaign begins
constexpr std::size_t kAtOnce =
    50'000;  // keys lie anywhere in the ledger's index: few large steps write less than many

}  // namespace

Status Recorder::begin(CampaignRecord record, const InputRecord& inputs) {
  record.planned = runs_.size();
  campaign_ = record.id;
  std::vector<PlannedRun> rows;
  for (std::size_t i = 0; i < std::min(kBefore, runs_.size()); ++i) rows.push_back({runs_.run(i), runs_.key(i)});
  SIMSWARM_CHECK(ledger_.begin_campaign(record, inputs, rows));
  for (std::size_t i = 0; i < rows.size(); ++i) noted_.insert(i);
  return {};
}

Status Recorder::write(const std::vector<std::size_t>& positions) {
  if (positions.empty()) return {};
  std::vector<PlannedRun> rows;
  rows.reserve(positions.size());
  for (const std::size_t position : positions) rows.push_back({runs_.run(position), runs_.key(position)});
  SIMSWARM_CHECK(ledger_.add_runs(campaign_, positions, rows));
  for (const std::size_t position : positions) noted_.insert(position);
  return {};
}

Status Recorder::note(const std::vector<Job>& jobs) {
  std::vector<std::size_t> positions;
  for (const Job& job : jobs) {
    for (const std::size_t run : job.runs) {
      if (!noted_.contains(run)) positions.push_back(run);
    }
  }
  return write(positions);
}

Status Recorder::finish(const std::function<bool()>& is_left) {
  for (std::size_t next = 0; next < runs_.size() && missing() > 0 && !is_left();) {
    std::vector<std::size_t> positions;
    for (; next < runs_.size() && positions.size() < kAtOnce; ++next) {
      if (!noted_.contains(next)) positions.push_back(next);
    }
    SIMSWARM_CHECK(write(positions));
  }
  return {};
}

}  // namespace simswarm::campaign
