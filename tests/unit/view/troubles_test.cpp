#include "view/troubles.h"

#include <gmock/gmock.h>

#include "view/worker_history.h"

namespace simswarm::view {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Stamp kNow{seconds(1'795'000'000)};

std::vector<std::string> words(const std::vector<Trouble>& troubles) {
  std::vector<std::string> all;
  for (const Trouble& one : troubles) all.push_back((one.is_error ? "error: " : "warning: ") + one.what);
  return all;
}

jobs::WorkerView worker(const std::string& name, const std::string& queue, const std::string& obstacle = "") {
  jobs::WorkerView view;
  view.record.name = {name};
  view.record.queues = {{queue}};
  view.record.obstacle = obstacle;
  return view;
}

jobs::QueueRow queue(const std::string& name, std::size_t queued) {
  return {.name = {name}, .campaign = "", .priority = 0, .counts = {.queued = queued}};
}

TEST(TroublesOf, AreNoneWhereAllIsWell) {
  Picture picture;
  picture.survey.queues = {queue("run-a", 5), queue("run", 1)};
  picture.survey.workers = {worker("w1", "run")};
  EXPECT_THAT(troubles_of(picture, {}), IsEmpty());
}

TEST(TroublesOf, BeginWithTheWorst) {
  Picture picture;
  picture.survey.suspended = true;
  picture.survey.queues = {queue("run-a", 5)};
  picture.survey.workers = {worker("w1", "other", "the disk is full")};
  CampaignRow row;
  row.name = "study";
  row.runs = 100;
  row.failed = 3;
  row.running = 1;
  picture.campaigns = {row};
  const auto troubles = troubles_of(picture, {"cannot reach Redis", "cannot reach MongoDB"});
  EXPECT_THAT(words(troubles), ElementsAre("error: cannot reach Redis", "error: the store: cannot reach MongoDB",
                                           "error: suspended: no worker takes a job",
                                           "error: 5 jobs wait in run-a, and no worker serves it",
                                           "warning: worker w1 takes nothing new: the disk is full",
                                           "warning: 3 of 100 runs of campaign study failed"));
  for (const Trouble& one : troubles) EXPECT_THAT(one.what + one.todo, testing::Not(HasSubstr("\n")));
  EXPECT_EQ(troubles[3].todo, "start one: simswarm worker run --queues run-a");
}

TEST(TroublesOf, AreNotTooMany) {
  Picture picture;
  for (int i = 0; i < 100; ++i) {
    picture.survey.queues.push_back(queue("run-" + std::to_string(i), 1));
    picture.survey.workers.push_back(worker("w" + std::to_string(i), "other", "the disk is full"));
    CampaignRow row;
    row.failed = row.running = 1;
    picture.campaigns.push_back(row);
  }
  const auto troubles = troubles_of(picture, {});
  EXPECT_LE(troubles.size(), 15U);
  EXPECT_THAT(words(troubles), testing::Contains("warning: 100 workers, w0 among them, takes nothing new: the disk is "
                                                 "full"));
}

TEST(TroublesOf, QuoteForTheShell) {
  Picture picture;
  picture.survey.queues = {queue("a; rm -rf $HOME", 1)};
  EXPECT_EQ(troubles_of(picture, {}).at(0).todo, "start one: simswarm worker run --queues 'a; rm -rf $HOME'");
}

TEST(TroublesOf, AreNoneOfCampaignsThatHaveEnded) {
  Picture picture;
  CampaignRow row;
  row.failed = 3;
  picture.campaigns = {row};
  EXPECT_THAT(troubles_of(picture, {}), IsEmpty());
}

TEST(Serves, KnowsQueuesOfCampaignsBehindADash) {
  EXPECT_TRUE(serves(worker("w", "run"), {"run"}));
  EXPECT_TRUE(serves(worker("w", "run"), {"run-01A"}));
  EXPECT_FALSE(serves(worker("w", "run"), {"runner"}));
  EXPECT_FALSE(serves(worker("w", "run-01A"), {"run"}));
}

TEST(TroubleTimesTest, KeepTheBeginningWhileNumbersChange) {
  TroubleTimes times;
  std::vector<Trouble> first{{"5 jobs wait in run-a1, and no worker serves it", "", {}, true}};
  times.date(first, kNow);
  EXPECT_EQ(first[0].since, kNow);
  std::vector<Trouble> later{{"7 jobs wait in run-a1, and no worker serves it", "", {}, true},
                             {"7 jobs wait in run-a2, and no worker serves it", "", {}, true}};
  times.date(later, kNow + seconds(60));
  EXPECT_EQ(later[0].since, kNow);
  EXPECT_EQ(later[1].since, kNow + seconds(60)) << "another queue is another trouble";
}

TEST(TroubleTimesTest, BeginAnewWhenItComesBack) {
  TroubleTimes times;
  std::vector<Trouble> there{{"suspended", "", {}, true}};
  times.date(there, kNow);
  std::vector<Trouble> none;
  times.date(none, kNow + seconds(1));
  times.date(there, kNow + seconds(2));
  EXPECT_EQ(there[0].since, kNow + seconds(2));
}

std::vector<jobs::WorkerView> busy(const std::string& name, std::size_t running, std::size_t finished) {
  jobs::WorkerView view = worker(name, "run");
  view.record.running = running;
  view.record.finished = finished;
  return {view};
}

TEST(WorkerHistoryTest, TakesASampleEachTenSeconds) {
  WorkerHistory history;
  for (int i = 0; i < 60; ++i) history.note(busy("w", 1, static_cast<std::size_t>(i)), kNow + seconds(i));
  const auto samples = history.of("w");
  ASSERT_EQ(samples.size(), 6U);
  EXPECT_EQ(samples[0].at, 1'795'000'000);
  EXPECT_EQ(samples[5].at, 1'795'000'050);
  EXPECT_EQ(samples[5].finished, 50U);
  EXPECT_THAT(history.of("other"), IsEmpty());
}

TEST(WorkerHistoryTest, KeepsAnHour) {
  WorkerHistory history;
  for (int i = 0; i < 1000; ++i) history.note(busy("w", 1, 0), kNow + seconds(10 * i));
  const auto samples = history.of("w");
  EXPECT_EQ(samples.size(), WorkerHistory::kMost);
  EXPECT_EQ(samples.back().at, 1'795'000'000 + 9990);
}

TEST(WorkerHistoryTest, ForgetsWhoIsGoneForAnHour) {
  WorkerHistory history;
  history.note(busy("gone", 1, 0), kNow);
  history.note(busy("w", 1, 0), kNow + seconds(3500));
  EXPECT_EQ(history.of("gone").size(), 1U) << "his page still shows what he did";
  history.note(busy("w", 1, 0), kNow + seconds(3700));
  EXPECT_THAT(history.of("gone"), IsEmpty());
}

TEST(WorkerHistoryTest, RemembersOnlySoManyWorkers) {
  WorkerHistory history;
  std::vector<jobs::WorkerView> many;
  for (std::size_t i = 0; i < WorkerHistory::kMostWorkers + 100; ++i)
    many.push_back(worker("w" + std::to_string(10'000 + i), "run"));
  history.note(many, kNow);
  std::size_t known = 0;
  for (const jobs::WorkerView& one : many) known += history.of(one.record.name.text).size();
  EXPECT_EQ(known, WorkerHistory::kMostWorkers);
}

}  // namespace
}  // namespace simswarm::view
