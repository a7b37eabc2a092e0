#include "view/campaign_query.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace simswarm::view {
namespace {

template <typename T>
bool is_among(const std::vector<T>& some, T one) {
  return some.empty() || std::ranges::find(some, one) != some.end();
}

bool has_values(const CampaignModel& model, const RunFilter& filter, std::size_t position) {
  for (const auto& [axis, index] : filter.values) {
    const bool is_one = std::ranges::any_of(filter.values, [&, axis = axis](const auto& one) {
      return one.first == axis && model.value_index(axis, position) == one.second;
    });
    if (!is_one) return false;
  }
  return true;
}

bool matches(const CampaignModel& model, const RunFilter& filter, std::size_t position) {
  const Cell cell = model.facts(position).cell;
  if (!is_among(filter.cells, cell)) return false;
  if (!is_among(filter.repetitions, model.repetition(position))) return false;
  if (!is_among(filter.configs, model.config_index(position)) || !has_values(model, filter, position)) return false;
  if (filter.search.empty()) return true;
  const Run run = model.run(position);
  return long_name(run).find(filter.search) != std::string::npos ||
         short_name(run).find(filter.search) != std::string::npos;
}

double weight_of(const Facts& facts, RunOrder order) {
  switch (order) {
    case RunOrder::kSeconds:
      return static_cast<double>(facts.seconds);
    case RunOrder::kMemory:
      return static_cast<double>(facts.memory);
    case RunOrder::kStarted:
      return facts.started;
    case RunOrder::kPosition:
      break;
  }
  return 0;
}

// Each bar gets the first lane of its place that is free by then.
class Lanes {
 public:
  std::size_t take(std::uint32_t place, double start, double end) {
    std::vector<std::size_t>& own = of_place_[place];
    for (const std::size_t lane : own) {
      if (free_at_[lane] > start) continue;
      free_at_[lane] = end;
      return lane;
    }
    own.push_back(free_at_.size());
    free_at_.push_back(end);
    return own.back();
  }

  // In order of places; the new number of each lane.
  std::vector<std::size_t> sort(std::vector<std::uint32_t>& places) const {
    std::vector<std::size_t> numbers(free_at_.size());
    for (const auto& [place, own] : of_place_) {
      for (const std::size_t lane : own) {
        numbers[lane] = places.size();
        places.push_back(place);
      }
    }
    return numbers;
  }

 private:
  std::map<std::uint32_t, std::vector<std::size_t>> of_place_;
  std::vector<double> free_at_;
};

double quantile(const std::vector<double>& sorted, double share) {
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::lround(share * last))];
}

}  // namespace

std::vector<std::size_t> select(const CampaignModel& model, const RunFilter& filter) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < model.size(); ++i) {
    if (matches(model, filter, i)) positions.push_back(i);
  }
  const auto is_less = [&](std::size_t a, std::size_t b) {
    return weight_of(model.facts(a), filter.order) < weight_of(model.facts(b), filter.order);
  };
  if (filter.order != RunOrder::kPosition) std::ranges::stable_sort(positions, is_less);
  if (filter.descending) std::ranges::reverse(positions);
  return positions;
}

Timeline timeline(const CampaignModel& model, double now, double from, double to, std::size_t most) {
  Timeline all;
  std::vector<std::size_t> begun;
  for (std::size_t i = 0; i < model.size(); ++i) {
    if (model.facts(i).started > 0 && model.facts(i).cell != Cell::kKnown) begun.push_back(i);
  }
  std::ranges::sort(begun, {}, [&](std::size_t i) { return model.facts(i).started; });
  Lanes lanes;
  for (const std::size_t i : begun) {
    const Facts& facts = model.facts(i);
    const bool goes_on = facts.cell == Cell::kRunning;
    if (!facts.is_exact || (!goes_on && facts.ended <= 0)) continue;
    const double end = goes_on ? std::max(now, facts.started) : facts.ended;
    const std::size_t lane = lanes.take(facts.place, facts.started, end);
    if (all.begin == 0) all.begin = facts.started;
    all.end = std::max(all.end, end);
    all.busy += std::max(0.0, end - facts.started);
    const bool is_seen = end >= from && (to <= 0 || facts.started <= to);
    if (!is_seen) continue;
    all.cut = all.bars.size() >= most;
    if (!all.cut) all.bars.push_back({lane, facts.started, goes_on ? std::nullopt : std::optional(end), facts.cell, i});
  }
  const std::vector<std::size_t> numbers = lanes.sort(all.lanes);
  for (Bar& bar : all.bars) bar.lane = numbers[bar.lane];
  return all;
}

Histogram histogram(const CampaignModel& model, Measure measure, std::size_t bins) {
  const auto value_of = [&](const Facts& facts) {
    return measure == Measure::kSeconds ? static_cast<double>(facts.seconds) : static_cast<double>(facts.memory);
  };
  const auto counts = [&](const Facts& facts) {
    return facts.ended > 0 && facts.cell != Cell::kRunning && facts.cell != Cell::kWaiting && value_of(facts) > 0 &&
           std::isfinite(value_of(facts));
  };
  std::vector<double> values;
  for (std::size_t i = 0; i < model.size(); ++i) {
    if (counts(model.facts(i))) values.push_back(value_of(model.facts(i)));
  }
  Histogram all;
  if (values.empty()) return all;
  std::ranges::sort(values);
  all.median = quantile(values, 0.5);
  all.p95 = quantile(values, 0.95);
  all.most = values.back();
  const double low = values.front();
  const double width = std::max((all.most - low) / static_cast<double>(bins), low * 1e-9 + 1e-9);
  for (std::size_t i = 0; i <= bins; ++i) all.edges.push_back(low + width * static_cast<double>(i));
  for (std::size_t i = 0; i < model.size(); ++i) {
    const Facts& facts = model.facts(i);
    if (!counts(facts)) continue;
    std::vector<std::size_t>& of_cell = all.counts.at(static_cast<std::size_t>(facts.cell));
    if (of_cell.empty()) of_cell.resize(bins);
    ++of_cell[std::min(static_cast<std::size_t>((value_of(facts) - low) / width), bins - 1)];
  }
  return all;
}

}  // namespace simswarm::view
