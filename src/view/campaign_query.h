// What pages ask of a campaign: lists, timelines, distributions. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "view/campaign_model.h"

namespace simswarm::view {

enum class RunOrder { kPosition, kSeconds, kMemory, kStarted };

struct RunFilter {
  std::vector<Cell> cells{};                                    // none: any
  std::string search{};                                         // in the run's long name; empty: any
  std::vector<std::pair<std::size_t, std::uint16_t>> values{};  // axis and index; of one axis several are alternatives
  std::vector<std::uint16_t> repetitions{};                     // none: any
  std::vector<std::size_t> configs{};                           // likewise, as in CampaignModel::configs()
  RunOrder order = RunOrder::kPosition;
  bool descending = false;
};

// Positions, in order.
[[nodiscard]] std::vector<std::size_t> select(const CampaignModel& model, const RunFilter& filter);

// Who ran what when: one row for each run that a worker had at once.
struct Bar {
  std::size_t lane = 0;
  double start = 0;           // seconds since 1970
  std::optional<double> end;  // nothing: it goes on
  Cell cell = Cell::kUnknown;
  std::size_t position = 0;
};
struct Timeline {
  std::vector<std::uint32_t> lanes;  // the place of each, those of a place side by side
  std::vector<Bar> bars;             // by their beginning
  double begin = 0, end = 0;         // of all that is known; seconds since 1970; `end` is now where something goes on
  double busy = 0;                   // seconds of all lanes between begin and end
  bool cut = false;                  // there are more than `most`
};
[[nodiscard]] Timeline timeline(const CampaignModel& model, double now, double from, double to, std::size_t most);

struct Histogram {
  std::vector<double> edges;                              // one more than bins; empty: nothing is known
  std::array<std::vector<std::size_t>, kCells> counts{};  // by cell; empty: none
  double median = 0, p95 = 0, most = 0;
};
enum class Measure { kSeconds, kMemory };
[[nodiscard]] Histogram histogram(const CampaignModel& model, Measure measure, std::size_t bins);

}  // namespace simswarm::view
