// Time left, told from a campaign that really was: 200 runs, replayed on two slots in the order that simswarm gives
// them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/files.h"
#include "base/text.h"
#include "campaign/expectation.h"

namespace simswarm::campaign {
namespace {

struct Traced {
  Run run;
  double seconds = 0;
};

std::vector<Traced> trace() {
  std::vector<Traced> runs;
  const std::string text = read_file(fs::path(SIMSWARM_UNIT_DATA) / "campaign/trace_200.csv").value();
  for (const std::string_view line : lines(text)) {
    const auto fields = split(line, ',');
    if (line.starts_with("#") || fields.size() < 5) continue;
    runs.push_back({{"Study",
                     parse_int(fields[0]).value(),
                     {{"numHosts", std::string(fields[1])}, {"iaMean", std::string(fields[2])}},
                     parse_int(fields[3]).value(),
                     ""},
                    parse_double(fields[4]).value()});
  }
  return runs;
}

// What Engine does, with the times of the trace in place of real ones.
class Replay {
 public:
  explicit Replay(std::vector<Traced> runs) : runs_(std::move(runs)) {
    for (const std::size_t i : sampling_order(runs_.size())) waiting_.push_back(i);
    resort_at_ = sample_size(runs_.size());
    fill();
  }
  [[nodiscard]] bool is_over() const { return running_.empty(); }
  [[nodiscard]] double now() const { return now_; }
  // To the next end of a run.
  void step() {
    const auto next = std::min_element(running_.begin(), running_.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    now_ = next->second;
    expectation_.learn(runs_[next->first].run, runs_[next->first].seconds, 0);
    running_.erase(next);
    if (++done_ >= resort_at_) {
      sort();
      resort_at_ *= 2;
    }
    fill();
  }
  [[nodiscard]] double estimate() const {
    std::vector<double> busy;
    for (const auto& [run, end] : running_) {
      const double begun = end - runs_[run].seconds;
      busy.push_back(std::max(0.0, expectation_.seconds(runs_[run].run) - (now_ - begun)));
    }
    std::vector<double> waiting;
    for (const std::size_t run : waiting_) waiting.push_back(expectation_.seconds(runs_[run].run));
    return seconds_to_finish(busy, waiting, kSlots);
  }

 private:
  static constexpr std::size_t kSlots = 2;
  void fill() {
    while (running_.size() < kSlots && !waiting_.empty()) {
      running_.emplace_back(waiting_.front(), now_ + runs_[waiting_.front()].seconds);
      waiting_.erase(waiting_.begin());
    }
  }
  void sort() {
    std::stable_sort(waiting_.begin(), waiting_.end(), [this](std::size_t a, std::size_t b) {
      return expectation_.seconds(runs_[a].run) > expectation_.seconds(runs_[b].run);
    });
  }

  std::vector<Traced> runs_;
  std::vector<std::size_t> waiting_;
  std::vector<std::pair<std::size_t, double>> running_;  // run and when it ends
  Expectation expectation_;
  double now_ = 0;
  std::size_t done_ = 0, resort_at_ = 0;
};

TEST(TimeLeft, OfARecordedCampaignIsRightWithin15PercentAfterAFifthOfIt) {
  ASSERT_EQ(trace().size(), 200U);
  Replay whole(trace());
  while (!whole.is_over()) whole.step();
  const double end = whole.now();
  double worst = 0;
  std::size_t looks = 0;
  for (Replay replay(trace()); replay.now() < 0.9 * end; replay.step()) {
    if (replay.now() < 0.2 * end) continue;
    const double left = end - replay.now();
    worst = std::max(worst, std::abs(replay.estimate() - left) / left);
    ++looks;
  }
  RecordProperty("worst_error_percent", static_cast<int>(std::lround(worst * 100)));
  EXPECT_GT(looks, 50U);
  EXPECT_LE(worst, 0.15);
}

}  // namespace
}  // namespace simswarm::campaign
