// simswarm is ended by SIGKILL at each of its calls that changes something on disk, and called again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "fault_support.h"

namespace simswarm::e2e {
namespace {

constexpr int kKilled = 128 + SIGKILL;
constexpr int kShards = 8;  // for tests side by side

std::vector<KillPoint> calls_of(const Campaign& campaign, const Process::Environment& environment) {
  const fs::path file = campaign.project().outside() / "calls";
  const Report report = campaign.run(with_calls(environment, file));
  EXPECT_TRUE(report.has_summary) << report.errors;
  return calls_in(file);
}

// How many of the points were met: a campaign counts a call more or less, as its threads meet.
class Met {
 public:
  void count(const Report& report) { ++(report.exit_code == kKilled ? killed_ : missed_); }
  ~Met() {
    if (killed_ + missed_ == 0) return;  // a shard without points
    EXPECT_GT(killed_, 9 * missed_) << killed_ << " points were met, " << missed_ << " were not";
    ::testing::Test::RecordProperty("points", killed_);
  }

 private:
  int killed_ = 0;
  int missed_ = 0;
};

// In the default tier a sample: of the main thread's calls, and of the ledger's many writes on the way of a result.
std::vector<KillPoint> wanted(std::vector<KillPoint> points, int one_of) {
  constexpr int kOneWriteOf = 3;
  if (all_faults()) return points;
  std::erase_if(points, [&](const KillPoint& point) {
    const bool is_write = point.call.starts_with("pwrite64 ");
    return point.in_main ? point.number % one_of != 0 : is_write && point.number % kOneWriteOf != 0;
  });
  return points;
}

class KilledAt : public testing::TestWithParam<int> {};

TEST_P(KilledAt, EachCallLosesNothing) {
  const Campaign undisturbed;
  const std::vector<KillPoint> points = wanted(calls_of(undisturbed, shim(undisturbed.temporary())), 4);
  ASSERT_GT(points.size(), 80U);
  Met met;
  for (auto i = static_cast<std::size_t>(GetParam()); i < points.size(); i += kShards) {
    SCOPED_TRACE("killed at " + points[i].text() + ", " + points[i].call);
    const Campaign campaign;
    const Report before = campaign.run(with_kill(shim(campaign.temporary()), points[i]));
    met.count(before);
    expect_foreign_file(campaign);
    expect_nothing_lost(campaign, {before}, campaign.run(), undisturbed);
    if (HasFailure()) return;
  }
}
INSTANTIATE_TEST_SUITE_P(Shard, KilledAt, testing::Range(0, kShards));

// In the middle of the renames of the first run: its intent is noted, some of its files are in place.
KillPoint amid_renames(const std::vector<KillPoint>& points) {
  const auto renames = [](const KillPoint& point) {
    return !point.in_main && point.call.starts_with("rename ") && point.call.ends_with(".vci");
  };
  const auto found = std::ranges::find_if(points, renames);
  return found == points.end() ? KillPoint() : *found;
}

// Up to its own scratch: what a start does about what it finds.
std::vector<KillPoint> calls_of_recovery(const KillPoint& first) {
  const Campaign campaign;
  (void)campaign.run(with_kill(shim(campaign.temporary()), first));
  std::vector<KillPoint> points = calls_of(campaign, shim(campaign.temporary()));
  const auto runs = [](const KillPoint& point) { return !point.in_main; };
  points.erase(std::ranges::find_if(points, runs), points.end());
  return points;
}

class KilledAgain : public testing::TestWithParam<int> {};

TEST_P(KilledAgain, WhileRecoveringLosesNothing) {
  const Campaign undisturbed;
  const KillPoint first = amid_renames(calls_of(undisturbed, shim(undisturbed.temporary())));
  ASSERT_GT(first.number, 0);
  const std::vector<KillPoint> points = wanted(calls_of_recovery(first), 4);
  ASSERT_GT(points.size(), 10U);
  Met met;
  for (auto i = static_cast<std::size_t>(GetParam()); i < points.size(); i += kShards) {
    SCOPED_TRACE("killed while recovering at " + points[i].text() + ", " + points[i].call);
    const Campaign campaign;
    const Report before = campaign.run(with_kill(shim(campaign.temporary()), first));
    const Report again = campaign.run(with_kill(shim(campaign.temporary()), points[i]));
    met.count(again);
    expect_foreign_file(campaign);
    expect_nothing_lost(campaign, {before, again}, campaign.run(), undisturbed);
    if (HasFailure()) return;
  }
}
INSTANTIATE_TEST_SUITE_P(Shard, KilledAgain, testing::Range(0, kShards));

// Results on another file system than scratch come into place by a copy.
class KilledAcross : public testing::TestWithParam<int> {};

TEST_P(KilledAcross, FileSystemsLosesNothing) {
  enter_own_namespace();
  const Campaign undisturbed;
  (void)undisturbed.run();
  const Campaign counted(Campaign::Results::kOnTmpfs);
  const std::vector<KillPoint> points = calls_of(counted, shim(counted.temporary()));
  const auto copies = [](const KillPoint& point) { return point.call.starts_with("sendfile "); };
  ASSERT_GT(std::ranges::count_if(points, copies), 4);
  Met met;
  for (auto i = static_cast<std::size_t>(GetParam()); i < points.size(); i += kShards) {
    if (points[i].in_main || points[i].call.starts_with("pwrite64 ")) continue;  // as above
    if (!all_faults() && points[i].number % 2 != 0) continue;
    SCOPED_TRACE("killed at " + points[i].text() + ", " + points[i].call);
    const Campaign campaign(Campaign::Results::kOnTmpfs);
    const Report before = campaign.run(with_kill(shim(campaign.temporary()), points[i]));
    met.count(before);
    expect_foreign_file(campaign);
    expect_nothing_lost(campaign, {before}, campaign.run(), undisturbed);
    if (HasFailure()) return;
  }
}
INSTANTIATE_TEST_SUITE_P(Shard, KilledAcross, testing::Range(0, kShards));

// An hour back: campaigns are named by time, and runs have times.
TEST(ClockSetBack, LosesNothingAndRunsNothingTwice) {
  const Campaign undisturbed;
  const KillPoint point = amid_renames(calls_of(undisturbed, shim(undisturbed.temporary())));
  const Campaign campaign;
  const Report before = campaign.run(with_kill(shim(campaign.temporary()), point));
  Process::Environment past = shim(campaign.temporary());
  past.emplace_back("SIMSWARM_TEST_CLOCK", "-3600");
  const Report after = campaign.run(past);
  expect_nothing_lost(campaign, {before}, after, undisturbed);
  EXPECT_EQ(after.known, 1) << "it was in the middle of its renames";
  const Report again = campaign.run(past);
  EXPECT_EQ(again.known, 2);
  EXPECT_THAT(again.started(), testing::IsEmpty());
}

// What `status` shows is the campaign that was called last, whatever the clock said.
TEST(ClockSetBack, TheNewestCampaignIsTheOneCalledLast) {
  const Campaign campaign;
  (void)campaign.run();
  Process::Environment past = shim(campaign.temporary());
  past.emplace_back("SIMSWARM_TEST_CLOCK", "-3600");
  const Report later = campaign.run(past, {"--name", "later"});
  const Answer status = campaign.project().simswarm({"status", "--json"});
  EXPECT_TRUE(contains(status.out, "\"name\":\"later\"")) << status.all();
}

}  // namespace
}  // namespace simswarm::e2e
