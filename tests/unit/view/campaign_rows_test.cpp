#include "view/campaign_rows.h"

#include <gmock/gmock.h>

namespace simswarm::view {
namespace {

using std::chrono::seconds;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::Optional;

constexpr Monotonic kBegin{std::chrono::hours(100)};

store::CampaignRecord record(const std::string& id, const std::string& queue, std::size_t runs = 100) {
  store::CampaignRecord made;
  made.id = id;
  made.name = "study " + id;
  made.queue = queue;
  made.runs = runs;
  return made;
}

jobs::Survey survey(const std::string& queue, const jobs::Counts& counts) {
  jobs::Survey made;
  made.queues.push_back({.name = {queue}, .campaign = "", .priority = 3, .counts = counts});
  return made;
}

class RowsTest : public testing::Test {
 protected:
  CampaignRow row(const jobs::Survey& survey, int second = 0, const Marks& marks = {}) {
    const auto rows = campaign_rows({record("01A", "run-a")}, marks, survey, pace_, kBegin + seconds(second));
    return rows.at(0);
  }
  Pace pace_;
};

TEST_F(RowsTest, TellHowRunsStand) {
  const CampaignRow seen =
      row(survey("run-a", {.deferred = 1, .scheduled = 2, .queued = 7, .started = 5, .failed = 4}));
  EXPECT_EQ(seen.waiting, 10U);
  EXPECT_EQ(seen.running, 5U);
  EXPECT_EQ(seen.failed, 4U);
  EXPECT_EQ(seen.finished, 81U) << "also those whose results were known before, or whose jobs are gone";
  EXPECT_EQ(seen.state, "running");
  EXPECT_EQ(seen.priority, 3);
}

TEST_F(RowsTest, NameTheStateOfACampaign) {
  EXPECT_EQ(row(survey("run-a", {.queued = 7})).state, "waiting");
  EXPECT_EQ(row(survey("run-a", {.started = 1})).state, "running");
  EXPECT_EQ(row(survey("run-a", {.finished = 90, .failed = 10})).state, "failed");
  EXPECT_EQ(row(survey("run-a", {.finished = 100})).state, "done");
  EXPECT_EQ(row(survey("run-b", {})).state, "unknown");
  EXPECT_EQ(row(survey("run-a", {.started = 1}), 0, {.cancelled = {"01A"}, .collected = {}}).state, "cancelled");
  jobs::Survey suspended = survey("run-a", {.queued = 7});
  suspended.suspended = true;
  EXPECT_EQ(row(suspended).state, "suspended");
}

TEST_F(RowsTest, KnowThatAllWasBroughtToWhereItWasWanted) {
  const CampaignRow seen = row(survey("run-b", {}), 0, {.cancelled = {}, .collected = {"01A"}});
  EXPECT_EQ(seen.state, "done");
  EXPECT_EQ(seen.finished, 100U);
}

TEST_F(RowsTest, TellNothingOfAQueueThatSeveralShare) {
  const auto rows = campaign_rows({record("01B", "run-a"), record("01A", "run-a")}, {},
                                  survey("run-a", {.queued = 7, .started = 1}), pace_, kBegin);
  for (const CampaignRow& one : rows) {
    EXPECT_EQ(one.state, "unknown") << one.id;
    EXPECT_EQ(one.running, 0U);
  }
}

TEST_F(RowsTest, StandCountsBeyondTheNumberOfRuns) {
  EXPECT_EQ(row(survey("run-a", {.queued = 200, .started = 1, .failed = 7})).finished, 0U);
}

TEST_F(RowsTest, TellHowFastItGoesAndWhenItEnds) {
  EXPECT_EQ(row(survey("run-a", {.queued = 90, .started = 10})).rate, std::nullopt);
  (void)row(survey("run-a", {.queued = 80, .started = 10}), 30);
  const CampaignRow seen = row(survey("run-a", {.queued = 70, .started = 10}), 60);
  EXPECT_THAT(seen.rate, Optional(DoubleNear(20, 0.01)));
  EXPECT_THAT(seen.left, Optional(DoubleNear(240, 0.1)));
  EXPECT_EQ(row(survey("run-a", {.finished = 100}), 90).rate, std::nullopt) << "it is done";
}

TEST_F(RowsTest, SayNothingOfTheEndWhileNothingEnds) {
  for (int i = 0; i < 60; ++i) (void)row(survey("run-a", {.queued = 90, .started = 10}), i);
  const CampaignRow seen = row(survey("run-a", {.queued = 90, .started = 10}), 60);
  EXPECT_THAT(seen.rate, Optional(0.0));
  EXPECT_EQ(seen.left, std::nullopt);
}

TEST(WithWorkFirst, KeepsTheOrderElse) {
  const auto make = [](const std::string& id, std::size_t running, const std::string& state) {
    CampaignRow row;
    row.id = id;
    row.running = running;
    row.state = state;
    return row;
  };
  std::vector<std::string> ids;
  for (const CampaignRow& row :
       with_work_first({make("e", 0, "done"), make("d", 1, "running"), make("c", 1, "cancelled"),
                        make("b", 0, "failed"), make("a", 3, "running")},
                       4))
    ids.push_back(row.id);
  EXPECT_THAT(ids, ElementsAre("d", "a", "e", "c"));
}

TEST(RowsOfTheOverview, CountABuildAsWork) {
  CampaignRow done;
  done.state = "done";
  CampaignRow building;
  building.state = "building";
  building.building.emplace();
  EXPECT_EQ(with_work_first({done, building}, 2).at(0).state, "building");
}

TEST(PaceTest, LooksBackForSomeMinutes) {
  Pace pace;
  // A run a second for an hour, then ten a second.
  int done = 0;
  for (int i = 0; i < 3600; ++i) pace.note("a", static_cast<std::size_t>(done += 1), kBegin + seconds(i));
  for (int i = 3600; i < 4200; ++i) pace.note("a", static_cast<std::size_t>(done += 10), kBegin + seconds(i));
  EXPECT_THAT(pace.rate("a", kBegin + seconds(4200)), Optional(DoubleNear(600, 10)));
  EXPECT_EQ(pace.rate("b", kBegin), std::nullopt);
}

TEST(PaceTest, BeginsAnewWhereSomethingWasQueuedAgain) {
  Pace pace;
  pace.note("a", 50, kBegin);
  pace.note("a", 60, kBegin + seconds(60));
  pace.note("a", 0, kBegin + seconds(61));
  EXPECT_EQ(pace.rate("a", kBegin + seconds(62)), std::nullopt);
  pace.note("a", 10, kBegin + seconds(71));
  EXPECT_THAT(pace.rate("a", kBegin + seconds(71)), Optional(DoubleNear(60, 0.1)));
}

TEST(PaceTest, ForgetsWhatIsGone) {
  Pace pace;
  pace.note("a", 0, kBegin);
  pace.note("b", 0, kBegin);
  pace.forget_others({"b"});
  EXPECT_EQ(pace.rate("a", kBegin + seconds(60)), std::nullopt);
  EXPECT_TRUE(pace.rate("b", kBegin + seconds(60)).has_value());
}

}  // namespace
}  // namespace simswarm::view
