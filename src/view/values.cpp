#include "view/values.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace simswarm::view {
namespace {

Result<std::size_t> axis_of(const CampaignModel& model, const std::string& name) {
  const auto found = std::ranges::find(model.axes(), name, &Axis::name);
  if (found != model.axes().end()) return static_cast<std::size_t>(found - model.axes().begin());
  std::vector<std::string> names;
  for (const Axis& axis : model.axes()) names.push_back(axis.name);
  return usage_error("there is no iteration variable «{}»; there are {}", name, join(names, ", "));
}

std::string value_of(const CampaignModel& model, std::size_t axis, std::size_t position) {
  const std::uint16_t index = model.value_index(axis, position);
  return index == CampaignModel::kNoValue ? "" : model.axes()[axis].values[index];
}

}  // namespace

void Values::add(std::size_t position, const std::vector<result::Observation>& observations) {
  if (is_read_.at(position)) return;
  is_read_[position] = true;
  ++read_;
  for (const result::Observation& one : observations) {
    const auto key = std::make_pair(one.name, one.module);
    auto found = columns_.find(key);
    if (found == columns_.end()) {
      constexpr std::size_t kName = 300;  // bytes that a column takes besides its values, about
      if ((columns_.size() + 1) * (is_read_.size() * sizeof(float) + kName) > kMostBytes) {
        ++left_out_;
        continue;
      }
      found = columns_.emplace(key, Column{one.unit, std::vector<float>(is_read_.size(), std::nanf("")), 0}).first;
    }
    float& value = found->second.values[position];
    if (std::isnan(value)) ++found->second.runs;
    value = static_cast<float>(one.value);
  }
}

std::vector<ScalarName> Values::names(const std::string& search) const {
  std::vector<ScalarName> names;
  for (const auto& [key, column] : columns_) {
    const bool is_one =
        search.empty() || key.first.find(search) != std::string::npos || key.second.find(search) != std::string::npos;
    if (is_one) names.push_back({key.second, key.first, column.unit, column.runs});
  }
  return names;
}

std::string Values::unit_of(const std::string& name) const {
  const auto found = columns_.lower_bound({name, ""});
  return found != columns_.end() && found->first.first == name ? found->second.unit : "";
}

Result<result::SeriesSet> Values::series(const CampaignModel& model, const std::string& module, const std::string& name,
                                         const std::string& x, const std::vector<std::string>& by) const {
  SIMSWARM_TRY(const std::size_t x_axis, axis_of(model, x));
  std::vector<std::size_t> axes;
  for (const std::string& one : by) {
    SIMSWARM_TRY(const std::size_t axis, axis_of(model, one));
    axes.push_back(axis);
  }
  // Of one run the values of several modules are averaged first: only runs are independent.
  std::vector<double> sums(is_read_.size());
  std::vector<std::size_t> counts(is_read_.size());
  for (auto column = columns_.lower_bound({name, ""}); column != columns_.end() && column->first.first == name;
       ++column) {
    if (!module.empty() && column->first.second != module) continue;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const auto value = static_cast<double>(column->second.values[i]);
      if (std::isnan(value)) continue;
      sums[i] += value;
      ++counts[i];
    }
  }
  std::vector<result::Measurement> measurements;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::string at = value_of(model, x_axis, i);
    if (counts[i] == 0 || at.empty()) continue;
    std::vector<std::string> labels;
    for (std::size_t k = 0; k < axes.size(); ++k) labels.push_back(by[k] + "=" + value_of(model, axes[k], i));
    measurements.push_back({join(labels, ", "), at, sums[i] / static_cast<double>(counts[i])});
  }
  return result::group(measurements);
}

}  // namespace simswarm::view
