// What pages see of a queue, at a real Redis server.
#include "queue/queue_watch.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "job_queue_support.h"

namespace simswarm::jobs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::UnorderedElementsAre;

class QueueWatchTest : public JobQueueTest<Redis> {
 protected:
  QueueWatchTest() : watch_(good(open_queue_watch(SharedRedis::current().url()))) {}

  Moves moves() {
    Moves seen = good(watch_->moves({"run-1"}, mark_));
    mark_ = seen.mark;
    return seen;
  }
  static std::vector<std::string> ended(const Moves& moves) {
    std::vector<std::string> all;
    for (const EndedJob& job : moves.ended) all.push_back(job.id.text + " " + std::string(to_text(job.state)));
    return all;
  }
  std::vector<std::string> ids(Place place, std::size_t offset = 0, std::size_t most = 100) {
    return ids_of(good(watch_->ids({"run-1"}, place, offset, most)));
  }
  // As long as there is more; in a few answers, or it never ends.
  void read_all(std::set<std::string>& seen) {
    for (int looks = 0; looks < 10; ++looks) {
      const Moves some = moves();
      for (const EndedJob& one : some.ended) seen.insert(one.id.text);
      if (!some.more) return;
    }
    ADD_FAILURE() << "there is more and more to be read";
  }
  void enqueue_many(int count) {
    std::vector<NewJob> many;
    for (int i = 0; i < count; ++i) many.push_back(job(fmt::format("j{:05}", i)));
    enqueue(many);
  }

  std::unique_ptr<QueueWatch> watch_;
  Mark mark_{{"0", "0", "0"}};
};

TEST_F(QueueWatchTest, SurveysAllAtOneMoment) {
  enqueue({job("a"), job("b"), job("c", "run-2")});
  (void)claim_one();
  EXPECT_TRUE(queue_->describe({"run-1"}, {.name = "a study", .priority = 3}));
  WorkerRecord worker;
  worker.name = {"w1"};
  worker.queues = {{"run-1"}, {"run-2"}};
  worker.host = "lab1";
  worker.slots = 4;
  worker.running = 1;
  worker.obstacle = "the disk is full";
  EXPECT_TRUE(queue_->present(worker));
  const Survey survey = good(watch_->survey());
  EXPECT_FALSE(survey.suspended);
  ASSERT_EQ(survey.queues.size(), 2U);
  EXPECT_EQ(survey.queues[0].name.text, "run-1");
  EXPECT_EQ(survey.queues[0].campaign, "a study");
  EXPECT_EQ(survey.queues[0].priority, 3);
  EXPECT_EQ(survey.queues[0].counts, (Counts{.queued = 1, .started = 1}));
  EXPECT_EQ(survey.queues[1].counts, (Counts{.queued = 1}));
  ASSERT_EQ(survey.workers.size(), 1U);
  EXPECT_EQ(survey.workers[0].record.slots, 4U);
  EXPECT_EQ(survey.workers[0].record.obstacle, "the disk is full");
  EXPECT_TRUE(queue_->suspend());
  EXPECT_TRUE(good(watch_->survey()).suspended);
}

TEST_F(QueueWatchTest, SurveysAnEmptyServer) {
  const Survey survey = good(watch_->survey());
  EXPECT_THAT(survey.queues, IsEmpty());
  EXPECT_THAT(survey.workers, IsEmpty());
}

TEST_F(QueueWatchTest, SurveysWhatOthersWrote) {
  RedisServer& server = SharedRedis::current();
  server.command({"SADD", "rq:queues", "rq:queue:\xff\n\x1b[31m", "nonsense"});
  server.command({"HSET", "simswarm:queue:\xff\n\x1b[31m", "name", "<script>\xfe", "priority", "999999999999"});
  server.command({"SADD", "rq:workers", "rq:worker:\xff\r\n", "x"});
  server.command({"HSET", "rq:worker:\xff\r\n", "birth", "yesterday", "queues", "\xff,", "successful_job_count", "-5"});
  const Survey survey = good(watch_->survey());
  const auto row = std::ranges::find(survey.queues, "<script>\xfe", &QueueRow::campaign);
  ASSERT_NE(row, survey.queues.end());
  EXPECT_LE(std::abs(row->priority), kMostPriority);
}

TEST_F(QueueWatchTest, TellsWhatIsStarted) {
  enqueue({job("a"), job("b")});
  const Claim claim = claim_one("lab1");
  EXPECT_TRUE(queue_->tell({{claim, R"({"fraction":0.5})"}}));
  const Moves seen = moves();
  ASSERT_EQ(seen.started.size(), 1U);
  EXPECT_EQ(seen.started[0].id.text, "a");
  EXPECT_EQ(seen.started[0].attempt, 1);
  EXPECT_EQ(seen.started[0].worker, "w-lab1");
  EXPECT_EQ(seen.started[0].node, "lab1");
  EXPECT_EQ(seen.started[0].progress, R"({"fraction":0.5})");
  EXPECT_THAT(seen.ended, IsEmpty());
}

TEST_F(QueueWatchTest, TellsWhatHasEndedSinceTheMark) {
  enqueue({job("a"), job("b"), job("c"), job("d")});
  complete(claim_one());
  fail(claim_one(), AfterFailure::kNoRetry);
  good(queue_->cancel({"d"}));
  const Moves first = moves();
  EXPECT_THAT(ended(first), UnorderedElementsAre("a finished", "b failed", "d canceled"));
  const auto failed = std::ranges::find(first.ended, State::kFailed, &EndedJob::state);
  EXPECT_EQ(failed->attempt, 1);
  EXPECT_EQ(failed->worker, "w-n1");
  EXPECT_EQ(failed->node, "n1");
  EXPECT_NE(failed->started_at, "");
  EXPECT_NE(failed->ended_at, "");
  pass(60);
  complete(claim_one());
  EXPECT_THAT(ended(moves()), testing::Contains("c finished"));
  pass(60);
  EXPECT_THAT(ended(moves()), testing::Not(testing::Contains("a finished"))) << "that was long ago";
}

TEST_F(QueueWatchTest, TellsOfAnEmptyMarkOnlyWhatIsStarted) {
  enqueue({job("a"), job("b")});
  complete(claim_one());
  (void)claim_one();
  const Moves seen = good(watch_->moves({"run-1"}, {}));
  EXPECT_EQ(seen.started.size(), 1U);
  EXPECT_THAT(seen.ended, IsEmpty());
}

TEST_F(QueueWatchTest, MissesNothingThatEndsInTheSecondOfTheMark) {
  enqueue({job("a"), job("b")});
  complete(claim_one());
  EXPECT_THAT(ended(moves()), ElementsAre("a finished"));
  complete(claim_one());
  EXPECT_THAT(ended(moves()), testing::Contains("b finished"));
}

TEST_F(QueueWatchTest, ReadsToTheEndWhatWasCancelledAtOnce) {
  constexpr std::size_t kJobs = QueueWatch::kMostMoves * 2 + 100;
  enqueue_many(static_cast<int>(kJobs));
  EXPECT_EQ(good(queue_->cancel_waiting({"run-1"})), kJobs);
  std::set<std::string> seen;
  read_all(seen);
  EXPECT_EQ(seen.size(), kJobs);
  pass(10);
  enqueue({job("later")});
  good(queue_->cancel({"later"}));
  EXPECT_THAT(ended(moves()), testing::Contains("later canceled"));
}

TEST_F(QueueWatchTest, ReadsOnThroughResultsOfManySeconds) {
  constexpr std::size_t kJobs = QueueWatch::kMostMoves + 1000;
  enqueue_many(static_cast<int>(kJobs));
  std::vector<Settlement> all;
  for (const ClaimedJob& one : claim(kJobs)) all.push_back({one.claim, Settlement::How::kComplete, "null"});
  for (std::size_t i = 0; i < all.size(); i += 500) {
    good(queue_->settle({all.begin() + static_cast<std::ptrdiff_t>(i),
                         all.begin() + static_cast<std::ptrdiff_t>(std::min(i + 500, all.size()))}));
    pass(2);
  }
  std::set<std::string> seen;
  read_all(seen);
  EXPECT_EQ(seen.size(), all.size());
}

TEST_F(QueueWatchTest, TellsAllThatIsKnownOfJobsAtSeveralPlaces) {
  enqueue({job("a", "run-1"), job("b", "run-1"), job("c", "run-1"), job("d", "run-2")});
  const Claim first = claim_one();
  good(queue_->fail(first, "it broke\nfor good", AfterFailure::kNoRetry));
  const Claim second = claim_one();
  good(queue_->tell({{second, R"({"phase":"building"})"}}));
  const auto all = good(watch_->details({{{"run-1"}, Place::kStarted},
                                         {{"run-1"}, Place::kQueued},
                                         {{"run-2"}, Place::kQueued},
                                         {{"run-1"}, Place::kFailed},
                                         {{"none"}, Place::kFailed}},
                                        100));
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].job.id.text, "b");
  EXPECT_EQ(all[0].job.progress, R"({"phase":"building"})");
  EXPECT_EQ(all[1].job.id.text, "c");
  EXPECT_EQ(all[1].payload, job("c").payload);
  EXPECT_EQ(all[2].job.queue.text, "run-2");
  EXPECT_EQ(all[3].job.state, State::kFailed);
  EXPECT_EQ(all[3].message, "it broke\nfor good");
  enqueue({job("e", "run-1")});
  const auto newest = good(watch_->details({{{"run-1"}, Place::kQueued}}, 1));
  ASSERT_EQ(newest.size(), 1U);
  EXPECT_EQ(newest[0].job.id.text, "e");
  EXPECT_THAT(good(watch_->details({}, 100)), IsEmpty());
}

TEST_F(QueueWatchTest, TellsOfSeveralQueuesInOneStep) {
  enqueue({job("a", "run-1"), job("b", "run-2"), job("c", "run-3")});
  complete(claim_one());
  good(queue_->cancel({"c"}));
  const auto all =
      good(watch_->all_moves({{{"run-1"}, mark_}, {{"run-2"}, mark_}, {{"run-3"}, mark_}, {{"none"}, {}}}));
  ASSERT_EQ(all.size(), 4U);
  EXPECT_THAT(ended(all[0]), ElementsAre("a finished"));
  EXPECT_THAT(ended(all[1]), IsEmpty());
  EXPECT_THAT(ended(all[2]), ElementsAre("c canceled"));
  EXPECT_THAT(ended(all[3]), IsEmpty());
  EXPECT_FALSE(all[0].more);
  EXPECT_THAT(good(watch_->all_moves({})), IsEmpty());
}

TEST_F(QueueWatchTest, ReadsToTheEndBesideManyOtherQueues) {
  constexpr std::size_t kJobs = 3000;
  enqueue_many(static_cast<int>(kJobs));
  EXPECT_EQ(good(queue_->cancel_waiting({"run-1"})), kJobs);
  std::set<std::string> seen;
  for (int looks = 0; looks < 20; ++looks) {
    std::vector<MovesAsked> asked(30, {{"other"}, {}});
    asked.push_back({{"run-1"}, mark_});
    const auto all = good(watch_->all_moves(asked));
    for (const EndedJob& one : all.back().ended) seen.insert(one.id.text);
    mark_ = all.back().mark;
    if (!all.back().more) break;
  }
  EXPECT_EQ(seen.size(), kJobs);
}

TEST_F(QueueWatchTest, GivesIdsTheOldestFirst) {
  enqueue({job("a"), job("b"), job("c")});
  EXPECT_THAT(ids(Place::kQueued), ElementsAre("a", "b", "c"));
  EXPECT_THAT(ids(Place::kQueued, 1, 1), ElementsAre("b"));
  EXPECT_THAT(ids(Place::kQueued, 7), IsEmpty());
  fail(claim_one(), AfterFailure::kNoRetry);
  pass(2);
  fail(claim_one(), AfterFailure::kNoRetry);
  EXPECT_THAT(ids(Place::kFailed), ElementsAre("a", "b"));
  (void)claim_one();
  EXPECT_THAT(ids(Place::kStarted), ElementsAre("c"));
}

TEST_F(QueueWatchTest, CountsWhatStandsBeforeAJob) {
  enqueue({job("a"), job("b"), job("c")});
  EXPECT_THAT(good(watch_->ahead({"run-1"}, {"a"})), Optional(0U));
  EXPECT_THAT(good(watch_->ahead({"run-1"}, {"c"})), Optional(2U));
  (void)claim_one();
  EXPECT_THAT(good(watch_->ahead({"run-1"}, {"c"})), Optional(1U));
  EXPECT_EQ(good(watch_->ahead({"run-1"}, {"a"})), std::nullopt);
  EXPECT_EQ(good(watch_->ahead({"run-1"}, {"none"})), std::nullopt);
}

TEST_F(QueueWatchTest, TellsTheFirstLineOfErrors) {
  enqueue({job("a"), job("b")});
  good(queue_->fail(claim_one(), "it broke\nin many\nlines", AfterFailure::kNoRetry));
  good(queue_->fail(claim_one(), std::string(1U << 20U, 'x'), AfterFailure::kNoRetry));
  const auto errors = good(watch_->errors({{"a"}, {"none"}, {"b"}}));
  ASSERT_EQ(errors.size(), 3U);
  EXPECT_EQ(errors[0], "it broke");
  EXPECT_EQ(errors[1], "");
  EXPECT_EQ(errors[2], std::string(300, 'x'));
  EXPECT_THAT(good(watch_->errors({})), IsEmpty());
}

TEST_F(QueueWatchTest, ChangesNothing) {
  enqueue({job("a"), job("b")});
  (void)claim_one();
  (void)moves();
  (void)good(watch_->survey());
  (void)ids(Place::kQueued);
  EXPECT_EQ(counts(), (Counts{.queued = 1, .started = 1}));
  EXPECT_EQ(state("a"), State::kStarted);
}

TEST_F(QueueWatchTest, RefusesNamesThatAreNone) {
  EXPECT_FALSE(watch_->moves({"a b"}, mark_).has_value());
  EXPECT_FALSE(watch_->ids({""}, Place::kQueued, 0, 1).has_value());
  EXPECT_FALSE(watch_->ahead({"run-1"}, {"x y"}).has_value());
}

TEST(OpenQueueWatch, SaysWhatIsWrongWithoutThePassword) {
  const auto away = open_queue_watch("unix://:hunter2@/nowhere/redis.sock");
  ASSERT_FALSE(away.has_value());
  EXPECT_THAT(away.error().message, testing::HasSubstr("/nowhere/redis.sock"));
  EXPECT_THAT(away.error().message, testing::Not(testing::HasSubstr("hunter2")));
  EXPECT_FALSE(open_queue_watch("memory:").has_value());
}

TEST(QueueWatchAway, GoesOnWhenTheServerIsBack) {
  RedisServer server;
  const auto watch = good(open_queue_watch(server.url()));
  EXPECT_TRUE(watch->survey().has_value());
  server.kill();
  EXPECT_FALSE(watch->survey().has_value());
  server.start();
  EXPECT_TRUE(wait_until([&] { return watch->survey().has_value(); }));
}

}  // namespace
}  // namespace simswarm::jobs
