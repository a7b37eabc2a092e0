// What workers need of a queue beside claims, on both back ends.
#include "queue/job_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_queue_support.h"

namespace simswarm::jobs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

template <typename BackEnd>
class JobQueueForWorkers : public JobQueueTest<BackEnd> {};
using BackEnds = testing::Types<Memory, Redis>;
TYPED_TEST_SUITE(JobQueueForWorkers, BackEnds);

TYPED_TEST(JobQueueForWorkers, SettlesManyAtOnceEachAsItWouldAlone) {
  NewJob again = job("b");
  again.retries = 1;
  this->enqueue({job("a"), again, job("c"), job("d")});
  const auto held = this->claim(4);
  ASSERT_EQ(held.size(), 4U);
  using How = Settlement::How;
  const Claim late{held[0].claim.job, 7};
  const std::vector<Settlement> settlements{{held[0].claim, How::kComplete, R"({"n":1})"},
                                            {held[1].claim, How::kFail, "once"},
                                            {held[2].claim, How::kFail, "asked for", AfterFailure::kWasStopped},
                                            {held[3].claim, How::kHandBack},
                                            {held[0].claim, How::kComplete, "2"},
                                            {late, How::kComplete, "3"},
                                            {{{"nobody"}, 1}, How::kComplete, "4"}};
  EXPECT_THAT(good(this->queue_->settle(settlements)),
              ElementsAre(Answer::kDone, Answer::kDone, Answer::kDone, Answer::kDone, Answer::kAlready,
                          Answer::kRefused, Answer::kGone));
  EXPECT_EQ(this->details("a").result, R"({"n":1})");
  EXPECT_EQ(this->state("c"), State::kStopped);
  EXPECT_THAT(this->claimed_ids(4), ElementsAre("d", "b")) << "both at the front, the last one first";
}

TYPED_TEST(JobQueueForWorkers, SettlesMoreThanFitIntoOneStep) {
  std::vector<NewJob> many;
  for (int i = 0; i < 1200; ++i) many.push_back(job("j" + std::to_string(i)));
  this->enqueue(many);
  std::vector<Settlement> settlements;
  for (const ClaimedJob& one : this->claim(1200)) settlements.push_back({one.claim, Settlement::How::kComplete, "0"});
  ASSERT_EQ(settlements.size(), 1200U);
  EXPECT_THAT(good(this->queue_->settle(settlements)), testing::Each(Answer::kDone));
  EXPECT_EQ(this->counts().finished, 1200U);
}

TYPED_TEST(JobQueueForWorkers, ShowsWhatIsToldOfAJobWhileItIsHeld) {
  this->enqueue({job("a")});
  const Claim first = this->claim_one();
  ASSERT_TRUE(this->queue_->tell({{first, R"({"fraction":0.5})"}}).has_value());
  EXPECT_EQ(this->details("a").job.progress, R"({"fraction":0.5})");
  ASSERT_TRUE(this->queue_->tell({{{{"a"}, 7}, "not of this attempt"}, {{{"b"}, 1}, "nobody"}}).has_value());
  EXPECT_EQ(this->details("a").job.progress, R"({"fraction":0.5})");
  ASSERT_TRUE(this->queue_->tell({{first, std::string(kLongestProgress + 1, 'x')}}).has_value());
  EXPECT_EQ(this->details("a").job.progress, R"({"fraction":0.5})");
  EXPECT_EQ(good(this->queue_->hand_back(first)), Answer::kDone);
  EXPECT_EQ(this->details("a").job.progress, "");
  const Claim second = this->claim_one();
  EXPECT_EQ(this->details("a").job.progress, "") << "nothing of an earlier attempt";
  EXPECT_EQ(this->complete(second), Answer::kDone);
}

TYPED_TEST(JobQueueForWorkers, TellsTheHolderThatSomebodyLooksAtWhatAJobPrints) {
  this->enqueue({job("a"), job("b"), job("c")});
  const auto held = this->claim(2);
  const std::vector<Told> told{{held.at(0).claim, "{}"}, {held.at(1).claim, "{}"}};
  EXPECT_THAT(good(this->queue_->tell(told)), ElementsAre(false, false));
  EXPECT_EQ(good(this->queue_->watch_output({"b"})).attempt, 0) << "none has been told yet";
  EXPECT_THAT(good(this->queue_->tell(told)), ElementsAre(false, true));
  this->pass(10);
  (void)this->queue_->watch_output({"b"});
  this->pass(10);
  EXPECT_THAT(good(this->queue_->tell(told)), ElementsAre(false, true)) << "it was looked at again";
  this->pass(15);
  EXPECT_THAT(good(this->queue_->tell(told)), ElementsAre(false, false)) << "nobody looks any more";
  for (const char* id : {"c", "nobody"}) EXPECT_EQ(good(this->queue_->watch_output({id})).attempt, 0) << id;
  EXPECT_FALSE(this->is_there("nobody")) << "a look makes no job";
  EXPECT_FALSE(this->queue_->watch_output({"a:b"}).has_value());
}

TYPED_TEST(JobQueueForWorkers, ShowsTheEndOfWhatAJobPrintsToWhoLooks) {
  this->enqueue({job("a")});
  const Claim first = this->claim_one();
  const std::string hostile("one\n</pre>\x1b[31m\0\xff\n", 20);
  EXPECT_THAT(good(this->queue_->tell({{first, "{}", hostile}})), ElementsAre(false)) << "unasked is kept, too";
  Tail tail = good(this->queue_->watch_output({"a"}));
  EXPECT_EQ(tail.attempt, 1);
  EXPECT_EQ(tail.text, hostile);
  EXPECT_THAT(good(this->queue_->tell({{first, "{}"}})), ElementsAre(true));
  EXPECT_EQ(good(this->queue_->watch_output({"a"})).text, hostile) << "who tells none takes none back";
  const std::string longer = "begin" + std::string(kMostTail - 3, 'x') + "end";
  ASSERT_TRUE(this->queue_->tell({{first, "{}", longer}, {{{"a"}, 7}, "{}", "not of this attempt"}}).has_value());
  EXPECT_EQ(good(this->queue_->watch_output({"a"})).text, longer.substr(5));
}

TYPED_TEST(JobQueueForWorkers, ShowsNothingThatAnEarlierAttemptHasPrinted) {
  this->enqueue({job("a")});
  const Claim first = this->claim_one();
  ASSERT_TRUE(this->queue_->tell({{first, "{}", "of the first"}}).has_value());
  ASSERT_EQ(good(this->queue_->watch_output({"a"})).text, "of the first");
  EXPECT_EQ(good(this->queue_->hand_back(first)), Answer::kDone);
  EXPECT_EQ(good(this->queue_->watch_output({"a"})).text, "") << "it waits";
  const Claim second = this->claim_one();
  EXPECT_EQ(good(this->queue_->watch_output({"a"})).text, "");
  EXPECT_THAT(good(this->queue_->tell({{first, "{}", "too late"}, {second, "{}", "of the second"}})),
              ElementsAre(false, true));
  EXPECT_EQ(good(this->queue_->watch_output({"a"})).attempt, 2);
  EXPECT_EQ(good(this->queue_->watch_output({"a"})).text, "of the second");
  EXPECT_EQ(this->complete(second), Answer::kDone);
  EXPECT_EQ(good(this->queue_->watch_output({"a"})).text, "") << "what has ended prints nothing";
}

TYPED_TEST(JobQueueForWorkers, TakesAShareOfWhatWaitsWhereMoreIsAsked) {
  std::vector<NewJob> many;
  for (int i = 0; i < 40; ++i) many.push_back(job("j" + std::to_string(i)));
  this->enqueue(many);
  for (const char* name : {"w1", "w2"}) {
    WorkerRecord record;
    record.name = {name};
    record.queues = {{"run-1"}};
    ASSERT_TRUE(this->queue_->present(record).has_value());
  }
  const auto claimed = [&](std::size_t most, std::size_t at_least) {
    return good(this->queue_->claim({{"w1"}, "n", {{"run-1"}}, most, at_least})).jobs.size();
  };
  EXPECT_EQ(claimed(100, 2), 10U) << "half of a half";
  EXPECT_EQ(claimed(5, 2), 5U);
  EXPECT_EQ(claimed(100, 20), 20U);
  const Claims last = good(this->queue_->claim({{"w1"}, "n", {{"run-1"}}, 100, 0}));
  EXPECT_EQ(last.jobs.size(), 5U) << "all there are";
  EXPECT_FALSE(last.more);
}

TYPED_TEST(JobQueueForWorkers, SaysWhetherMoreWaits) {
  this->enqueue({job("a"), job("b")});
  EXPECT_TRUE(good(this->queue_->claim({{"w"}, "n", {{"run-1"}}, 1})).more);
  EXPECT_FALSE(good(this->queue_->claim({{"w"}, "n", {{"run-1"}}, 1})).more);
}

TYPED_TEST(JobQueueForWorkers, CountsNoLostAttemptOfWhatWasClaimedAheadAndHadNotBegun) {
  this->enqueue({job("a"), job("b"), job("c"), job("d")});
  const auto held = good(this->queue_->claim({{"w1"}, "n1", {{"run-1"}}, 4, 1})).jobs;
  ASSERT_EQ(held.size(), 2U) << "half of them are its share";
  const auto more = good(this->queue_->claim({{"w1"}, "n1", {{"run-1"}}, 2, 0})).jobs;
  ASSERT_EQ(more.size(), 2U);
  this->pass(11);
  EXPECT_EQ(good(this->queue_->reap(10)).back.size(), 4U);
  EXPECT_THAT(this->details("a").job.lost_on, ElementsAre("n1"));
  EXPECT_THAT(this->details("b").job.lost_on, IsEmpty()) << "it was ahead";
  EXPECT_THAT(this->details("c").job.lost_on, ElementsAre("n1")) << "all were to begin at once";
  EXPECT_EQ(good(this->queue_->heartbeat({held[1].claim})).at(0), Beat::kLost);
}

TYPED_TEST(JobQueueForWorkers, CountsALostAttemptOnceSomethingWasToldOfIt) {
  this->enqueue({job("a"), job("b"), job("c"), job("d")});
  const auto held = good(this->queue_->claim({{"w1"}, "n1", {{"run-1"}}, 4, 1})).jobs;
  ASSERT_EQ(held.size(), 2U);
  EXPECT_EQ(this->details("b").job.progress, "") << "no mark of ours is seen";
  ASSERT_TRUE(this->queue_->tell({{held[1].claim, "{}"}}).has_value());
  this->pass(11);
  EXPECT_EQ(good(this->queue_->reap(10)).back.size(), 2U);
  EXPECT_THAT(this->details("b").job.lost_on, ElementsAre("n1"));
}

TYPED_TEST(JobQueueForWorkers, CancelsAllThatWaits) {
  this->enqueue({job("a"), job("b"), job("c")});
  const Claim held = this->claim_one();
  EXPECT_EQ(good(this->queue_->cancel_waiting({"run-1"})), 2U);
  EXPECT_EQ(this->state("b"), State::kCancelled);
  EXPECT_EQ(this->counts().cancelled, 2U);
  EXPECT_EQ(this->beat(held), Beat::kHeld);
  EXPECT_EQ(good(this->queue_->cancel_waiting({"run-1"})), 0U);
}

TYPED_TEST(JobQueueForWorkers, ReturnsWhatAWorkerHoldsAndDoesNotKnowOf) {
  this->enqueue({job("a"), job("b"), job("c")});
  const auto held = this->claim(2);  // by w-n1
  ASSERT_EQ(held.size(), 2U);
  const Claim others = this->claim_one("n2");
  EXPECT_THAT(ids_of(good(this->queue_->return_unknown({"w-n1"}, {held[0].claim}))), ElementsAre("b"));
  EXPECT_EQ(this->beat(held[0].claim), Beat::kHeld);
  EXPECT_EQ(this->beat(held[1].claim), Beat::kLost);
  EXPECT_EQ(this->beat(others), Beat::kHeld);
  EXPECT_THAT(this->details("b").job.lost_on, IsEmpty()) << "nothing was lost";
  EXPECT_THAT(this->claimed_ids(5), ElementsAre("b"));
}

TYPED_TEST(JobQueueForWorkers, EmptiesAQueueButForWhatOthersWaitFor) {
  NewJob child = job("child", "run-2");
  child.depends_on = {{"b"}};
  this->enqueue({job("a"), job("b"), job("c"), job("held")});
  this->enqueue({child});
  const Emptied emptied = good(this->queue_->empty({"run-1"}));
  EXPECT_EQ(emptied.removed, 3U);
  EXPECT_EQ(emptied.kept, 1U);
  EXPECT_FALSE(this->is_there("a"));
  EXPECT_THAT(this->claimed_ids(5), ElementsAre("b"));
  EXPECT_EQ(good(this->queue_->empty({"nobody"})).removed, 0U);
}

TYPED_TEST(JobQueueForWorkers, NamesTheWorkersThatHaveSaidTheyAreThere) {
  WorkerRecord record;
  record.name = {"w1"};
  record.queues = {{"run-1"}, {"run-2"}};
  record.host = "node1";
  record.pid = 42;
  record.finished = 3;
  record.slots = 4;
  record.cpu = "A Kind (1/2/3)";
  record.obstacle = "no room";
  ASSERT_TRUE(this->queue_->present(record).has_value());
  record.name = {"a-first"};
  ASSERT_TRUE(this->queue_->present(record).has_value());
  record.state = "busy";
  ASSERT_TRUE(this->queue_->present(record).has_value());
  const auto workers = good(this->queue_->workers());
  ASSERT_EQ(workers.size(), 2U);
  EXPECT_EQ(workers[0].record.name.text, "a-first");
  EXPECT_EQ(workers[0].record.state, "busy");
  EXPECT_EQ(workers[1].record.state, "idle");
  EXPECT_EQ(workers[1].record.queues.size(), 2U);
  EXPECT_EQ(workers[1].record.host, "node1");
  EXPECT_EQ(workers[1].record.pid, 42);
  EXPECT_EQ(workers[1].record.finished, 3U);
  EXPECT_EQ(workers[1].record.slots, 4U);
  EXPECT_EQ(workers[1].record.cpu, "A Kind (1/2/3)");
  EXPECT_EQ(workers[1].record.obstacle, "no room");
  EXPECT_FALSE(workers[1].born_at.empty());
  EXPECT_FALSE(workers[1].seen_at.empty());
  ASSERT_TRUE(this->queue_->leave({"w1"}).has_value());
  EXPECT_EQ(good(this->queue_->workers()).size(), 1U);
  record.queues.clear();
  EXPECT_FALSE(this->queue_->present(record).has_value());
}

TYPED_TEST(JobQueueForWorkers, KeepsManifests) {
  EXPECT_EQ(good(this->queue_->manifest("01A")), std::nullopt);
  ASSERT_TRUE(this->queue_->keep_manifest("01A", R"({"a":"ü"})").has_value());
  EXPECT_EQ(good(this->queue_->manifest("01A")), R"({"a":"ü"})");
}

TYPED_TEST(JobQueueForWorkers, KeepsWhatJobsPrint) {
  EXPECT_EQ(good(this->queue_->output({"a"}, 0)), "");
  ASSERT_TRUE(this->queue_->put_output({"a"}, 0, "one\n").has_value());
  ASSERT_TRUE(this->queue_->put_output({"a"}, 4, "two\n").has_value());
  ASSERT_TRUE(this->queue_->put_output({"a"}, 4, "two\n").has_value());  // again after a lost reply
  EXPECT_EQ(good(this->queue_->output({"a"}, 0)), "one\ntwo\n");
  EXPECT_EQ(good(this->queue_->output({"a"}, 4)), "two\n");
  EXPECT_EQ(good(this->queue_->output({"a"}, 8)), "");
  EXPECT_EQ(good(this->queue_->output({"b"}, 0)), "");
}

TYPED_TEST(JobQueueForWorkers, KeepsSoMuchOfWhatAJobPrints) {
  ASSERT_TRUE(this->queue_->put_output({"a"}, kMostOutput - 2, "12345").has_value());
  EXPECT_EQ(good(this->queue_->output({"a"}, kMostOutput - 2)), "12");
  ASSERT_TRUE(this->queue_->put_output({"a"}, kMostOutput + 100, "beyond").has_value());
  EXPECT_EQ(good(this->queue_->output({"a"}, kMostOutput)), "");
  EXPECT_FALSE(this->queue_->put_output({"a"}, 0, std::string(kOutputPiece + 1, 'x')).has_value());
}

TYPED_TEST(JobQueueForWorkers, GivesNoMoreOfAQueueThanIsAskedOfIt) {
  this->enqueue({job("a1", "run-1"), job("a2", "run-1"), job("b1", "run-2"), job("b2", "run-2"), job("b3", "run-2")});
  ClaimRequest request{{"w"}, "n1", {{"run-9"}, {"run-1"}, {"run-2"}}, 10, 0, {5, 1, 2}};
  EXPECT_EQ(good(this->queue_->claim(request)).jobs.size(), 1U);
  request.queues = {{"run-2"}, {"run-1"}};
  request.limits = {2, 1};
  const Claims claims = good(this->queue_->claim(request));
  ASSERT_EQ(claims.jobs.size(), 2U);
  EXPECT_EQ(claims.jobs[1].claim.job.text, "b2");
  EXPECT_TRUE(claims.more);
  request.limits = {0, 0};
  EXPECT_TRUE(good(this->queue_->claim(request)).jobs.empty());
  request.limits = {1};
  EXPECT_EQ(this->queue_->claim(request).error().message, "a claim has 1 limits for 2 queues");
}

TYPED_TEST(JobQueueForWorkers, KeepsWhatPeopleSayOfAQueue) {
  this->enqueue({job("a", "run-1"), job("b", "run-2")});
  ASSERT_TRUE(this->queue_->describe({"run-2"}, {"loads of ü", 3}).has_value());
  ASSERT_TRUE(this->queue_->describe({"run-2"}, {std::nullopt, -10}).has_value());
  ASSERT_TRUE(this->queue_->describe({"run-1"}, {std::string(300, 'x'), std::nullopt}).has_value());
  ASSERT_TRUE(this->queue_->describe({"run-1"}, {}).has_value());
  const auto queues = good(this->queue_->queues());
  ASSERT_EQ(queues.size(), 2U);
  EXPECT_EQ(queues[0].campaign, std::string(200, 'x'));
  EXPECT_EQ(queues[0].priority, 0);
  EXPECT_EQ(queues[1].campaign, "loads of ü");
  EXPECT_EQ(queues[1].priority, -10);
  EXPECT_EQ(this->queue_->describe({"run-2"}, {std::nullopt, 11}).error().message,
            "priority 11: there are -10 (last) to 10 (first), 0 is the usual");
  EXPECT_FALSE(this->queue_->describe({"run/2"}, {std::nullopt, 1}).has_value());
}

TEST(Priorities, AreSharesOfWhichNoneIsNothing) {
  EXPECT_DOUBLE_EQ(weight_of(0), 1);
  EXPECT_DOUBLE_EQ(weight_of(2), 2.25);
  EXPECT_DOUBLE_EQ(weight_of(-1) * weight_of(1), 1);
  EXPECT_GT(weight_of(-10), 0.017);
  EXPECT_DOUBLE_EQ(weight_of(99), weight_of(10));
}

TYPED_TEST(JobQueueForWorkers, ListsQueues) {
  this->enqueue({job("a", "q2"), job("b", "q1"), job("c", "q1")});
  const auto queues = good(this->queue_->queues());
  ASSERT_EQ(queues.size(), 2U);
  EXPECT_EQ(queues[0].name.text, "q1");
  EXPECT_EQ(queues[0].queued, 2U);
}

}  // namespace
}  // namespace simswarm::jobs
