#include "campaign/time_left.h"

#include <algorithm>

namespace simswarm::campaign {
namespace {

constexpr std::size_t kMostForSum = 20'000;  // waiting runs that are looked at one by one

double sum_up(const Expectation& expectation, const RunList& runs, const Positions& waiting,
              const std::set<std::size_t>& running, const std::vector<worker::RunningView>& views, std::size_t slots) {
  std::vector<double> coming;
  double begun = 0;
  for (const std::size_t position : waiting.first(kMostForSum)) {
    const double seconds = expectation.seconds(runs[position]);
    if (running.contains(position)) {
      begun += seconds;
    } else {
      coming.push_back(seconds);
    }
  }
  for (const worker::RunningView& view : views)
    begun -= std::min(view.wall_seconds, expectation.seconds(runs[view.run]));
  const std::vector<double> busy(slots, std::max(0.0, begun) / static_cast<double>(slots));
  const auto looked_at = static_cast<double>(coming.size() + running.size());
  const double scale = looked_at > 0 ? static_cast<double>(waiting.size()) / looked_at : 1;
  return seconds_to_finish(busy, coming, slots) * std::max(1.0, scale);
}

}  // namespace

void TimeLeft::started() {
  if (!first_start_) first_start_ = system_clock().monotonic();
}

double TimeLeft::share(const std::vector<worker::RunningView>& views, std::size_t slots) const {
  constexpr double kLeast = 0.01;
  if (!first_start_ || ran_ == 0) return 1;
  double ran = ran_;
  for (const worker::RunningView& view : views) ran += view.wall_seconds;
  const double had = Seconds(system_clock().monotonic() - *first_start_).count() * static_cast<double>(slots);
  return std::clamp(ran / had, kLeast, 1.0);
}

std::optional<double> TimeLeft::seconds(const Expectation& expectation, const RunList& runs, const Positions& waiting,
                                        const std::set<std::size_t>& running,
                                        const std::vector<worker::RunningView>& views, std::size_t slots) {
  constexpr std::chrono::seconds kPause{1};
  if (asked_ && system_clock().monotonic() - *asked_ < kPause) return seconds_;
  seconds_.reset();
  if (expectation.knows() && !waiting.empty())
    seconds_ = sum_up(expectation, runs, waiting, running, views, slots) / share(views, slots);
  asked_ = system_clock().monotonic();  // after it: a long sum is not made anew at once
  return seconds_;
}

}  // namespace simswarm::campaign
