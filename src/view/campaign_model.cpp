#include "view/campaign_model.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>

#include "base/time.h"

namespace simswarm::view {
namespace {

constexpr std::size_t kMostValues = CampaignModel::kNoValue;

std::uint16_t narrow(std::int64_t number) {
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(number, 0, std::numeric_limits<std::uint16_t>::max()));
}

template <typename List>
std::size_t index_in(List& list, const std::string& text) {
  const auto found = std::ranges::find(list, text);
  if (found != list.end()) return static_cast<std::size_t>(found - list.begin());
  list.push_back(text);
  return list.size() - 1;
}

}  // namespace

std::size_t CampaignModel::KeyHash::operator()(const DigestBytes& key) const {
  std::size_t hash = 0;
  std::memcpy(&hash, key.data(), sizeof(hash));  // a digest is as random as can be
  return hash;
}

CampaignModel::CampaignModel(RunList runs, std::vector<DigestBytes> keys)
    : runs_(std::move(runs)),
      keys_(std::move(keys)),
      facts_(runs_.size()),
      counts_(kCells),
      stamp_(static_cast<std::uint64_t>(system_clock().stamp().time_since_epoch().count())),
      first_stamp_(stamp_) {
  keys_.resize(runs_.size());
  counts_[static_cast<std::size_t>(Cell::kUnknown)] = runs_.size();
  config_of_.resize(runs_.size());
  repetitions_.resize(runs_.size());
  positions_.reserve(runs_.size());
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    positions_.emplace(keys_[i], i);
    index_run(i, runs_[i]);
  }
  value_indexes_.clear();
}

void CampaignModel::index_run(std::size_t position, const Run& run) {
  config_of_[position] = narrow(static_cast<std::int64_t>(index_in(configs_, run.config)));
  repetitions_[position] = narrow(run.repetition);
  for (const Variable& variable : run.variables) {
    const auto found = std::ranges::find(axes_, variable.name, &Axis::name);
    const auto axis = static_cast<std::size_t>(found - axes_.begin());
    if (found == axes_.end()) {
      axes_.push_back({variable.name, {}});
      value_indexes_.emplace_back();
      values_.emplace_back(size(), kNoValue);
    }
    auto& indexes = value_indexes_[axis];
    const auto known = indexes.find(variable.value);
    if (known != indexes.end()) {
      values_[axis][position] = known->second;
    } else if (axes_[axis].values.size() < kMostValues) {
      const std::uint16_t index = narrow(static_cast<std::int64_t>(axes_[axis].values.size()));
      indexes.emplace(variable.value, index);
      axes_[axis].values.push_back(variable.value);
      values_[axis][position] = index;
    }
  }
}

std::optional<std::size_t> CampaignModel::position_of(const DigestBytes& key) const {
  const auto found = positions_.find(key);
  return found == positions_.end() ? std::nullopt : std::optional(found->second);
}

void CampaignModel::set(std::size_t position, const Facts& facts) {
  if (position >= facts_.size()) return;
  Facts& known = facts_[position];
  if (known != facts) ++edits_;
  if (known.cell != facts.cell) {
    --counts_[static_cast<std::size_t>(known.cell)];
    ++counts_[static_cast<std::size_t>(facts.cell)];
    changes_.emplace_back(++stamp_, position);
    if (changes_.size() > kMostChanges) changes_.pop_front();
  }
  known = facts;
}

std::uint32_t CampaignModel::place(const Place& place) {
  const auto found = std::ranges::find(places_, place);
  if (found != places_.end()) return static_cast<std::uint32_t>(found - places_.begin());
  places_.push_back(place);
  return static_cast<std::uint32_t>(places_.size() - 1);
}

std::optional<std::vector<std::size_t>> CampaignModel::changed_since(std::uint64_t stamp) const {
  if (stamp > stamp_ || stamp < first_stamp_) return std::nullopt;
  if (stamp < stamp_ && (changes_.empty() || changes_.front().first > stamp + 1)) return std::nullopt;
  std::set<std::size_t> positions;
  for (auto one = changes_.rbegin(); one != changes_.rend() && one->first > stamp; ++one) positions.insert(one->second);
  return std::vector<std::size_t>(positions.begin(), positions.end());
}

std::uint16_t CampaignModel::value_index(std::size_t axis, std::size_t position) const {
  return values_.at(axis).at(position);
}

}  // namespace simswarm::view
