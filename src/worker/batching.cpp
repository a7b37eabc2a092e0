#include "worker/batching.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace simswarm::worker {
namespace {

constexpr std::size_t kSamples = 3;   // runs of a trial
constexpr std::size_t kFewRuns = 10;  // waiting: too few for a trial to pay
// Seconds: what a process costs us at least, whatever a busy machine has measured.
constexpr double kLeastStart = 0.003;
constexpr double kLongRun = 1.0;           // seconds, alone: start-up is nothing beside it
constexpr double kWorthwhile = 0.05;       // share of start-up in a run's time alone
constexpr double kLongestBatch = 5.0;      // seconds
constexpr double kShortestBatch = 3.0;     // in starts: below that, start-up is more than a quarter again
constexpr double kShareOfRest = 1.0 / 2;   // of what is left for a slot
constexpr double kShareOnTrust = 1.0 / 3;  // the same while what is batched may have to run again
constexpr std::string_view kEqualMemo = "equal ";
constexpr std::string_view kDiffersMemo = "differs ";

}  // namespace

void Batching::recall(const std::string& config, const std::string& memo) {
  State& state = states_[config];
  if (memo.starts_with(kDiffersMemo)) {
    state.trust = Trust::kDiffers;
    state.difference = memo.substr(kDiffersMemo.size());
  } else if (const auto start =
                 memo.starts_with(kEqualMemo) ? parse_double(memo.substr(kEqualMemo.size())) : std::nullopt) {
    state.trust = Trust::kConfirmed;
    state.start = *start;
  }
}

std::optional<std::string> Batching::memo(const std::string& config) {
  State& state = states_[config];
  if (!std::exchange(state.is_news, false)) return std::nullopt;
  if (state.trust == Trust::kDiffers) return fmt::format("{}{}", kDiffersMemo, state.difference);
  if (state.trust == Trust::kEqual) return fmt::format("{}{}", kUnconfirmedMemo, campaign_);
  return fmt::format("{}{:.6f}", kEqualMemo, state.start);
}

void Batching::completed_alone(std::size_t position, const Run& run, double wall_seconds) {
  State& state = states_[run.config];
  if (state.trust != Trust::kUnknown || state.samples.size() >= kSamples) return;
  state.samples.push_back(position);
  state.sample_seconds += wall_seconds;
}

void Batching::completed_in_batch(std::size_t position, const Run& run, bool last) {
  State& state = states_[run.config];
  state.batched.push_back(position);
  if (last && state.trust == Trust::kEqual && !state.suspect) state.suspect = position;
}

std::vector<std::size_t> Batching::next_trial(std::size_t waiting) {
  for (auto& [config, state] : states_) {
    const bool sampled = state.trust == Trust::kUnknown && state.samples.size() == kSamples;
    if (sampled && waiting >= kFewRuns && state.sample_seconds < kLongRun * kSamples) {
      state.trust = Trust::kOnTrial;
      return state.samples;
    }
    if (state.trust == Trust::kEqual && state.suspect) {
      state.trust = Trust::kConfirming;
      return {*state.suspect};
    }
  }
  return {};
}

bool Batching::tried(const Run& run, double wall_seconds, const std::string& difference) {
  State& state = states_[run.config];
  const bool confirmed = state.trust == Trust::kConfirming;
  if (!difference.empty()) {
    state.trust = Trust::kDiffers;
    state.difference = difference;
    state.is_news = true;
    return true;
  }
  if (!confirmed) {  // alone each of k runs pays for a start, together they pay for one
    state.start = std::max(kLeastStart, (state.sample_seconds - wall_seconds) / (kSamples - 1));
  }
  state.trust = confirmed ? Trust::kConfirmed : Trust::kEqual;
  state.is_news = true;
  return false;
}

void Batching::put_off(const std::string& config) {
  constexpr int kMost = 3;
  State& state = states_[config];
  state.trust = state.trust == Trust::kConfirming ? Trust::kEqual : Trust::kUnknown;
  if (++state.put_off >= kMost) state.trust = Trust::kGivenUp;
}

std::vector<std::size_t> Batching::take_batched(const std::string& config) {
  return std::exchange(states_[config].batched, {});
}

std::size_t Batching::limit(const std::string& config, double work, std::size_t waiting) const {
  const auto found = states_.find(config);
  if (found == states_.end()) return 1;
  const State& state = found->second;
  const bool trusted =
      state.trust == Trust::kEqual || state.trust == Trust::kConfirming || state.trust == Trust::kConfirmed;
  if (!trusted || work <= 0 || state.start < kWorthwhile * (work + state.start)) return 1;
  const double rest = work * static_cast<double>(waiting) / static_cast<double>(jobs_);
  const double share = state.trust == Trust::kConfirmed ? kShareOfRest : kShareOnTrust;
  const double wanted = std::clamp(rest * share, kShortestBatch * state.start, kLongestBatch);
  const auto fair = (waiting + jobs_ - 1) / jobs_;  // never more than would leave another slot idle
  const auto taken =
      std::clamp<std::size_t>(static_cast<std::size_t>(wanted / work), 1, std::max<std::size_t>(fair, 1));
  // But a process of its own has to be worth its start, also for those that would be left.
  const auto least = static_cast<std::size_t>(std::ceil(state.start / work));
  const std::size_t worthwhile = std::max(taken, std::min(least, waiting));
  return waiting - std::min(waiting, worthwhile) < least / 2 ? waiting : worthwhile;
}

double Batching::start(const std::string& config) const {
  const auto found = states_.find(config);
  return found == states_.end() ? 0 : found->second.start;
}

bool Batching::differs(const std::string& config) const {
  const auto found = states_.find(config);
  return found != states_.end() && found->second.trust == Trust::kDiffers;
}

bool Batching::is_undecided(const std::string& config) const {
  const auto found = states_.find(config);
  if (found == states_.end()) return false;
  return found->second.trust == Trust::kEqual || found->second.trust == Trust::kConfirming;
}

bool Batching::is_confirmed(const std::string& config) const {
  const auto found = states_.find(config);
  return found != states_.end() && found->second.trust == Trust::kConfirmed;
}

}  // namespace simswarm::worker
