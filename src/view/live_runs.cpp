#include "view/live_runs.h"

#include <algorithm>

#include "base/output_end.h"

namespace simswarm::view {
namespace {

constexpr std::size_t kMostOutput = std::size_t{32} * 1024;  // bytes

double seconds_of(Stamp stamp) {
  return Seconds(stamp.time_since_epoch()).count();
}

}  // namespace

LiveRuns live_runs(const Followed& campaign, const Live* live) {
  LiveRuns runs;
  if (live == nullptr) return runs;
  for (const LiveRun& run : live->runs) {
    if (const auto position = campaign.model.position_of(run.key.digest.bytes())) runs[*position] = &run;
  }
  return runs;
}

Facts with_live(const Facts& known, const LiveRun& run, std::uint32_t place) {
  if (known.is_whole || known.ended > seconds_of(run.started)) return known;
  Facts facts;
  facts.cell = Cell::kRunning;
  facts.attempt = static_cast<std::uint16_t>(std::clamp(run.attempt, 1, 65'535));
  facts.place = place;
  facts.started = seconds_of(run.started);
  facts.is_exact = !run.progress.empty();  // else it may wait for its turn in a process of several
  return facts;
}

void take_live(Followed& campaign, const LiveRuns& runs) {
  CampaignModel& model = campaign.model;
  const std::uint32_t place = model.place({"", campaign.record.host});
  for (std::size_t i = 0; i < model.size() && model.count(Cell::kRunning) > 0; ++i) {
    Facts facts = model.facts(i);
    if (facts.cell != Cell::kRunning || runs.contains(i)) continue;
    facts = Facts{};
    facts.cell = Cell::kWaiting;
    model.set(i, facts);
  }
  std::unordered_map<std::size_t, std::string> progress;
  for (const auto& [position, run] : runs) {
    model.set(position, with_live(model.facts(position), *run, place));
    if (model.facts(position).cell == Cell::kRunning && !run->progress.empty()) progress[position] = run->progress;
  }
  if (progress == campaign.progress) return;
  campaign.progress = std::move(progress);
  ++campaign.looks_with_progress;
}

Result<std::optional<std::string>> output_of(const LiveRun& run, const fs::path& scratch) {
  if (run.output.empty()) return std::nullopt;
  const fs::path path = run.output;
  std::error_code error;
  const fs::path folder = fs::canonical(path.parent_path(), error);
  if (error) return std::nullopt;
  const fs::path place = fs::canonical(scratch.parent_path(), error) / scratch.filename();
  if (error || !lies_in(place, folder)) return std::nullopt;
  auto text = read_end_of_output(folder / path.filename(), kMostOutput, run.output_owner);
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

}  // namespace simswarm::view
