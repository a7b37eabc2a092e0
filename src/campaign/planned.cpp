#include "campaign/planned.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace simswarm::campaign {
namespace {

std::string reason_of(const KnownAttempt& known) {
  return fmt::format("complete since campaign {}", known.campaign);
}

bool is_plain(const Place& place) {
  return place.simulated_time.empty() && !place.event && place.module.empty();
}

}  // namespace

void PlannedRuns::reserve(std::size_t runs) {
  runs_.reserve(runs);
  keys_.reserve(runs);
  decisions_.reserve(runs);
}

void PlannedRuns::push_back(const Planned& planned) {
  runs_.push_back(planned.run);
  keys_.push_back(planned.key.digest.bytes());
  decisions_.push_back(planned.decision);
  if (!complete_.empty()) complete_.emplace_back();
  set(size() - 1, planned);
}

std::uint32_t PlannedRuns::number_of(const std::string& campaign) {
  const auto found = std::find(campaigns_.rbegin(), campaigns_.rend(), campaign);
  if (found != campaigns_.rend()) return static_cast<std::uint32_t>(campaigns_.rend() - found - 1);
  campaigns_.push_back(campaign);
  return static_cast<std::uint32_t>(campaigns_.size() - 1);
}

void PlannedRuns::set(std::size_t position, const Planned& planned) {
  decisions_[position] = planned.decision;
  told_.erase(position);
  if (!complete_.empty()) complete_[position] = {};
  const auto& known = planned.known;
  const bool is_complete = planned.decision == Decision::kKnown && known && known->number > 0 &&
                           known->verdict.outcome == Outcome::kCompleted && known->verdict.message.empty() &&
                           is_plain(known->verdict.place) && planned.distrusted == 0 &&
                           planned.reason == reason_of(*known);
  if (is_complete) {
    if (complete_.empty()) complete_.resize(size());
    complete_[position] = {static_cast<std::uint32_t>(known->number), number_of(known->campaign)};
    return;
  }
  const bool is_new = planned.decision == Decision::kRun && !known && planned.distrusted == 0 && planned.reason == kNew;
  if (!is_new) told_.emplace(position, Told{planned.reason, known, planned.distrusted});
}

Planned PlannedRuns::operator[](std::size_t position) const {
  Planned planned{run(position), key(position), decisions_[position], std::string(kNew), {}, 0};
  if (!complete_.empty() && complete_[position].attempt > 0) {
    const Complete& complete = complete_[position];
    planned.known = {static_cast<int>(complete.attempt), campaigns_[complete.campaign], {Outcome::kCompleted, {}, {}}};
    planned.reason = reason_of(*planned.known);
  } else if (const auto told = told_.find(position); told != told_.end()) {
    planned.reason = told->second.reason;
    planned.known = told->second.known;
    planned.distrusted = told->second.distrusted;
  }
  return planned;
}

Planned PlannedRuns::at(std::size_t position) const {
  if (position >= size()) throw std::out_of_range("no run has this position");
  return (*this)[position];
}

std::size_t PlannedRuns::count(Decision decision) const {
  return static_cast<std::size_t>(std::count(decisions_.begin(), decisions_.end(), decision));
}

std::optional<std::pair<std::size_t, std::size_t>> PlannedRuns::equal_keys() {
  by_key_.resize(size());
  std::iota(by_key_.begin(), by_key_.end(), 0);
  std::sort(by_key_.begin(), by_key_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return keys_[a] != keys_[b] ? keys_[a] < keys_[b] : a < b; });
  const auto same = [&](std::uint32_t a, std::uint32_t b) { return keys_[a] == keys_[b]; };
  const auto found = std::adjacent_find(by_key_.begin(), by_key_.end(), same);
  if (found == by_key_.end()) return std::nullopt;
  return std::pair<std::size_t, std::size_t>(*found, *(found + 1));
}

bool PlannedRuns::has(const RunKey& key) const {
  const DigestBytes wanted = key.digest.bytes();
  const auto found = std::lower_bound(by_key_.begin(), by_key_.end(), wanted,
                                      [&](std::uint32_t a, const DigestBytes& b) { return keys_[a] < b; });
  return found != by_key_.end() && keys_[*found] == wanted;
}

void Finals::push_back(const Final& final) {
  rows_.emplace_back();
  set(size() - 1, final);
}

void Finals::set(std::size_t position, const Final& final) {
  constexpr int kMost = std::numeric_limits<std::uint16_t>::max();
  rows_[position] = {final.outcome, static_cast<std::uint16_t>(std::min(final.attempts, kMost)), final.was_known};
  told_.erase(position);
  if (!final.message.empty() || !is_plain(final.place)) told_.emplace(position, Told{final.message, final.place});
}

Final Finals::operator[](std::size_t position) const {
  const Row& row = rows_[position];
  const auto told = told_.find(position);
  if (told == told_.end()) return {row.outcome, {}, {}, row.attempts, row.was_known};
  return {row.outcome, told->second.message, told->second.place, row.attempts, row.was_known};
}

}  // namespace simswarm::campaign
