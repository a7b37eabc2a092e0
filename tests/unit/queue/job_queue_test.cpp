// What every back end of JobQueue promises.
#include "queue/job_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_queue_support.h"

namespace simswarm::jobs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

template <typename BackEnd>
class JobQueueContract : public JobQueueTest<BackEnd> {};
using BackEnds = testing::Types<Memory, Redis>;
TYPED_TEST_SUITE(JobQueueContract, BackEnds);

TYPED_TEST(JobQueueContract, GivesJobsInTheirOrderEachOnce) {
  this->enqueue({job("a"), job("b"), job("c")});
  EXPECT_EQ(this->counts().queued, 3U);
  EXPECT_THAT(this->claimed_ids(2), ElementsAre("a", "b"));
  EXPECT_THAT(this->claimed_ids(2), ElementsAre("c"));
  EXPECT_THAT(this->claimed_ids(2), IsEmpty());
  EXPECT_EQ(this->counts().started, 3U);
  EXPECT_EQ(this->counts().queued, 0U);
}

TYPED_TEST(JobQueueContract, TellsTheHolderWhatToDo) {
  NewJob made = job("a");
  made.timeout = std::chrono::seconds(77);
  made.description = "PureAloha #3";
  this->enqueue({made});
  const auto claimed = this->claim(1, {"run-1"}, "node7");
  ASSERT_EQ(claimed.size(), 1U);
  EXPECT_EQ(claimed[0].claim.attempt, 1);
  EXPECT_EQ(claimed[0].queue.text, "run-1");
  EXPECT_EQ(claimed[0].payload, made.payload);
  EXPECT_EQ(claimed[0].timeout.count(), 77);
  const JobDetails details = this->details("a");
  EXPECT_EQ(details.job.description, "PureAloha #3");
  EXPECT_EQ(details.job.worker, "w-node7");
  EXPECT_EQ(details.job.node, "node7");
  EXPECT_EQ(details.payload, made.payload);
}

TYPED_TEST(JobQueueContract, PutsAJobToTheFront) {
  NewJob urgent = job("urgent");
  urgent.at_front = true;
  this->enqueue({job("a"), job("b"), urgent});
  EXPECT_THAT(this->claimed_ids(3), ElementsAre("urgent", "a", "b"));
}

TYPED_TEST(JobQueueContract, LeavesAJobWhoseIdIsThereAsItIs) {
  this->enqueue({job("a")});
  const Claim held = this->claim_one();
  EXPECT_THAT(good(this->queue_->enqueue({job("a", "run-2"), job("b")})), ElementsAre(false, true));
  EXPECT_EQ(this->details("a").job.queue.text, "run-1");
  EXPECT_EQ(this->complete(held), Answer::kDone);
}

TYPED_TEST(JobQueueContract, EnqueuesMoreThanFitIntoOneStep) {
  std::vector<NewJob> many;
  for (int i = 0; i < 2500; ++i) many.push_back(job("j" + std::to_string(i)));
  this->enqueue(many);
  EXPECT_EQ(this->counts().queued, 2500U);
  EXPECT_THAT(this->claimed_ids(2), ElementsAre("j0", "j1"));
}

TYPED_TEST(JobQueueContract, TakesAllJobsOfAClaimFromOneQueue) {
  this->enqueue({job("a1", "run-1"), job("a2", "run-1"), job("b1", "run-2"), job("b2", "run-2")});
  EXPECT_THAT(this->claimed_ids(3, {"run-9", "run-2", "run-1"}), ElementsAre("b1", "b2"));
  EXPECT_THAT(this->claimed_ids(1, {"run-2", "run-1"}), ElementsAre("a1"));
}

TYPED_TEST(JobQueueContract, KeepsTheResultOfAFinishedJob) {
  this->enqueue({job("a")});
  const Claim claim = this->claim_one();
  this->pass(5);
  EXPECT_EQ(good(this->queue_->complete(claim, R"({"ok": true})")), Answer::kDone);
  const JobDetails details = this->details("a");
  EXPECT_EQ(details.job.state, State::kFinished);
  EXPECT_EQ(details.result, R"({"ok": true})");
  EXPECT_EQ(details.job.created_at, simswarm::to_text(kBegin + std::chrono::seconds(10)));
  EXPECT_EQ(details.job.enqueued_at, details.job.created_at);
  EXPECT_EQ(details.job.started_at, details.job.created_at);
  EXPECT_EQ(details.job.ended_at, simswarm::to_text(kBegin + std::chrono::seconds(15)));
  EXPECT_EQ(this->counts().finished, 1U);
  EXPECT_EQ(this->counts().started, 0U);
}

TYPED_TEST(JobQueueContract, DeletesAFinishedJobAtOnceThatWantsNoResult) {
  NewJob made = job("a");
  made.result_ttl = std::chrono::seconds(0);
  this->enqueue({made});
  EXPECT_EQ(this->complete(this->claim_one()), Answer::kDone);
  EXPECT_FALSE(this->is_there("a"));
  EXPECT_EQ(this->counts(), Counts{});
}

TYPED_TEST(JobQueueContract, EndsAJobOnce) {
  this->enqueue({job("a")});
  const Claim claim = this->claim_one();
  EXPECT_EQ(this->complete(claim), Answer::kDone);
  EXPECT_EQ(this->complete(claim), Answer::kAlready) << "repeated after a lost reply";
  EXPECT_EQ(this->fail(claim), Answer::kAlready) << "its end has been said";
  EXPECT_EQ(this->state("a"), State::kFinished);
  EXPECT_EQ(this->beat(claim), Beat::kLost);
  EXPECT_EQ(this->complete({{"nobody"}, 1}), Answer::kGone);
}

TYPED_TEST(JobQueueContract, KeepsTheMessageOfAFailedJob) {
  this->enqueue({job("a")});
  const std::string message = "model error: «zu groß»\n" + std::string(100'000, 'x');
  EXPECT_EQ(good(this->queue_->fail(this->claim_one(), message, AfterFailure::kMayRetry)), Answer::kDone);
  const JobDetails details = this->details("a");
  EXPECT_EQ(details.job.state, State::kFailed);
  EXPECT_EQ(details.message, message.substr(0, 32768)) << "the rest is cut off";
  EXPECT_FALSE(details.job.ended_at.empty());
  EXPECT_EQ(this->counts().failed, 1U);
}

TYPED_TEST(JobQueueContract, TriesAFailedJobAgainAsOftenAsItMay) {
  NewJob made = job("a");
  made.retries = 2;
  this->enqueue({made, job("b")});
  EXPECT_EQ(this->fail(this->claim_one()), Answer::kDone);
  EXPECT_EQ(this->details("a").job.retries_left, 1);
  const Claim second = this->claim_one();
  EXPECT_EQ(second.job.text, "a") << "its turn had come";
  EXPECT_EQ(second.attempt, 2);
  EXPECT_EQ(this->fail(second), Answer::kDone);
  EXPECT_EQ(this->fail(second), Answer::kAlready);
  EXPECT_EQ(this->fail(this->claim_one()), Answer::kDone);
  EXPECT_EQ(this->state("a"), State::kFailed);
}

TYPED_TEST(JobQueueContract, DoesNotTryAgainWhatCannotBeHelped) {
  NewJob made = job("a");
  made.retries = 2;
  this->enqueue({made});
  EXPECT_EQ(this->fail(this->claim_one(), AfterFailure::kNoRetry), Answer::kDone);
  EXPECT_EQ(this->state("a"), State::kFailed);
}

TYPED_TEST(JobQueueContract, WaitsBeforeRetriesAsToldTheFirstWaitServingSeveralTimes) {
  NewJob made = job("a");
  made.retries = 3;
  made.back_off = {std::chrono::seconds(20), std::chrono::seconds(40)};
  this->enqueue({made});
  for (const int wait : {20, 20, 40}) {
    EXPECT_EQ(this->fail(this->claim_one()), Answer::kDone);
    EXPECT_EQ(this->state("a"), State::kScheduled);
    this->pass(wait - 1);
    EXPECT_EQ(good(this->queue_->drain_due({"run-1"}, 9)), 0U);
    this->pass(1);
    EXPECT_EQ(good(this->queue_->drain_due({"run-1"}, 9)), 1U);
  }
  EXPECT_EQ(this->fail(this->claim_one()), Answer::kDone);
  EXPECT_EQ(this->state("a"), State::kFailed);
}

TYPED_TEST(JobQueueContract, QueuesScheduledJobsWhenTheyAreDue) {
  NewJob late = job("late");
  late.delay = std::chrono::seconds(60);
  NewJob soon = job("soon");
  soon.delay = std::chrono::seconds(30);
  this->enqueue({late, soon});
  EXPECT_EQ(this->counts().scheduled, 2U);
  EXPECT_THAT(this->listed(Place::kScheduled), ElementsAre("late", "soon"));
  EXPECT_THAT(this->claimed_ids(9), IsEmpty());
  this->pass(60);
  EXPECT_EQ(good(this->queue_->drain_due({"run-2"}, 9)), 0U) << "of another queue";
  EXPECT_EQ(good(this->queue_->drain_due({"run-1"}, 1)), 1U);
  EXPECT_EQ(good(this->queue_->drain_due({"run-1"}, 9)), 1U);
  EXPECT_THAT(this->claimed_ids(9), ElementsAre("soon", "late"));
}

TYPED_TEST(JobQueueContract, QueuesNoJobBeforeItIsDueNotByAFractionOfASecond) {
  this->now_ += std::chrono::milliseconds(500);
  NewJob later = job("later");
  later.delay = std::chrono::seconds(1);
  this->enqueue({later});
  this->now_ += std::chrono::milliseconds(999);
  EXPECT_EQ(good(this->queue_->drain_due({"run-1"}, 9)), 0U);
  this->now_ += std::chrono::milliseconds(501);
  EXPECT_EQ(good(this->queue_->drain_due({"run-1"}, 9)), 1U);
}

TYPED_TEST(JobQueueContract, QueuesWhatWaitedForOneJobInTheOrderOfIds) {
  std::vector<NewJob> all{job("a")};
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    all.push_back(job("c" + std::to_string(10 + (i * 7) % 20)));
    all.back().depends_on = {{"a"}};
    expected.push_back("c" + std::to_string(10 + i));
  }
  this->enqueue(all);
  EXPECT_EQ(this->complete(this->claim_one()), Answer::kDone);
  EXPECT_EQ(this->claimed_ids(99), expected);
}

TYPED_TEST(JobQueueContract, DefersAJobUntilAllItDependsOnHaveFinished) {
  NewJob child = job("child");
  child.depends_on = {{"a"}, {"b"}, {"never-was"}};
  this->enqueue({job("a"), job("b"), child});
  EXPECT_EQ(this->state("child"), State::kDeferred);
  EXPECT_THAT(ids_of(this->details("child").depends_on), ElementsAre("a", "b", "never-was"));
  const auto claimed = this->claim(9);
  ASSERT_EQ(claimed.size(), 2U);
  EXPECT_EQ(this->complete(claimed[0].claim), Answer::kDone);
  EXPECT_EQ(this->state("child"), State::kDeferred);
  EXPECT_EQ(this->complete(claimed[1].claim), Answer::kDone);
  EXPECT_EQ(this->state("child"), State::kQueued);
  EXPECT_THAT(this->claimed_ids(9), ElementsAre("child"));
}

TYPED_TEST(JobQueueContract, TakesWhatIsFinishedOrNotThereAsMet) {
  this->enqueue({job("a")});
  EXPECT_EQ(this->complete(this->claim_one()), Answer::kDone);
  NewJob child = job("child");
  child.depends_on = {{"a"}, {"never-was"}};
  this->enqueue({child});
  EXPECT_EQ(this->state("child"), State::kQueued);
}

TYPED_TEST(JobQueueContract, LetsAFailedDependencyPassOnlyWhereThatIsAllowed) {
  NewJob strict = job("strict");
  strict.depends_on = {{"a"}};
  NewJob lenient = job("lenient");
  lenient.depends_on = {{"a"}};
  lenient.allow_failed_dependencies = true;
  this->enqueue({job("a"), strict, lenient});
  EXPECT_EQ(this->fail(this->claim_one()), Answer::kDone);
  EXPECT_EQ(this->state("strict"), State::kDeferred);
  EXPECT_EQ(this->state("lenient"), State::kQueued);
  EXPECT_EQ(good(this->queue_->requeue({"a"})), Answer::kDone);
  for (const ClaimedJob& one : this->claim(9)) EXPECT_EQ(this->complete(one.claim), Answer::kDone);
  EXPECT_EQ(this->state("strict"), State::kQueued) << "it finished after all";
}

TYPED_TEST(JobQueueContract, KeepsALeaseAliveByHeartbeatsOfManyAtOnce) {
  this->enqueue({job("a"), job("b")});
  const Claim a = this->claim_one();
  const Claim b = this->claim_one();
  this->pass(9);
  EXPECT_THAT(good(this->queue_->heartbeat({a, {{"b"}, 7}, {{"nobody"}, 1}})),
              ElementsAre(Beat::kHeld, Beat::kLost, Beat::kLost));
  this->pass(9);
  EXPECT_THAT(ids_of(good(this->queue_->reap(9)).back), ElementsAre("b"));
  EXPECT_THAT(good(this->queue_->heartbeat({a, b})), ElementsAre(Beat::kHeld, Beat::kLost));
}

TYPED_TEST(JobQueueContract, TakesBackWhatHasRunOutAsLostNotAsFailed) {
  this->enqueue({job("a"), job("b")});
  const Claim late = this->claim_one("node1");
  this->pass(9);
  EXPECT_THAT(good(this->queue_->reap(9)).back, IsEmpty());
  this->pass(1);
  EXPECT_THAT(ids_of(good(this->queue_->reap(9)).back), ElementsAre("a"));
  EXPECT_THAT(good(this->queue_->reap(9)).back, IsEmpty());
  EXPECT_THAT(this->details("a").job.lost_on, ElementsAre("node1"));
  EXPECT_EQ(this->counts().failed, 0U);
  const Claim now = this->claim_one("node2");
  EXPECT_EQ(now.job.text, "a") << "at the front";
  EXPECT_EQ(now.attempt, 2);
}

TYPED_TEST(JobQueueContract, ChangesNothingAtTheLateWordOfAnEarlierAttempt) {
  this->enqueue({job("a")});
  const Claim late = this->claim_one("node1");
  this->pass(10);
  (void)good(this->queue_->reap(9));
  EXPECT_EQ(this->complete(late), Answer::kRefused) << "nobody holds it";
  const Claim now = this->claim_one("node2");
  EXPECT_EQ(this->beat(late), Beat::kLost);
  EXPECT_EQ(this->complete(late), Answer::kRefused) << "another holds it";
  EXPECT_EQ(this->fail(late), Answer::kRefused);
  EXPECT_EQ(good(this->queue_->hand_back(late)), Answer::kRefused);
  EXPECT_EQ(this->details("a").job.node, "node2");
  EXPECT_EQ(this->beat(now), Beat::kHeld);
  EXPECT_EQ(this->complete(now), Answer::kDone);
}

TYPED_TEST(JobQueueContract, EndsAJobThatIsLostTooOftenAndNamesTheNodes) {
  NewJob made = job("a");
  made.max_lost = 2;
  NewJob child = job("child");
  child.depends_on = {{"a"}};
  child.allow_failed_dependencies = true;
  this->enqueue({made, child});
  (void)this->claim_one("node1");
  this->pass(10);
  EXPECT_THAT(ids_of(good(this->queue_->reap(9)).back), ElementsAre("a"));
  (void)this->claim_one("node2");
  this->pass(10);
  EXPECT_THAT(ids_of(good(this->queue_->reap(9)).ended), ElementsAre("a"));
  const JobDetails details = this->details("a");
  EXPECT_EQ(details.job.state, State::kFailed);
  EXPECT_TRUE(details.job.lost);
  EXPECT_THAT(details.job.lost_on, ElementsAre("node1", "node2"));
  EXPECT_EQ(details.message, "lost with its node: node1, node2");
  EXPECT_EQ(this->state("child"), State::kQueued);
  EXPECT_EQ(good(this->queue_->requeue({"a"})), Answer::kDone);
  EXPECT_THAT(this->details("a").job.lost_on, IsEmpty()) << "it has all its attempts again";
  EXPECT_FALSE(this->details("a").job.lost);
}

TYPED_TEST(JobQueueContract, TakesBackTheOldestFirstAndNoMoreThanAsked) {
  this->enqueue({job("c"), job("b"), job("a")});
  (void)this->claim_one();
  this->pass(1);
  (void)this->claim(2);
  this->pass(20);
  EXPECT_THAT(ids_of(good(this->queue_->reap(2)).back), ElementsAre("c", "a"));
  EXPECT_THAT(ids_of(good(this->queue_->reap(2)).back), ElementsAre("b"));
}

TYPED_TEST(JobQueueContract, TakesAJobThatIsHandedBackWithoutCounting) {
  this->enqueue({job("a"), job("b")});
  const Claim claim = this->claim_one();
  EXPECT_EQ(good(this->queue_->hand_back(claim)), Answer::kDone);
  EXPECT_EQ(good(this->queue_->hand_back(claim)), Answer::kAlready);
  EXPECT_THAT(this->details("a").job.lost_on, IsEmpty());
  EXPECT_THAT(this->claimed_ids(2), ElementsAre("a", "b"));
}

TYPED_TEST(JobQueueContract, CancelsWhatHasNotEnded) {
  NewJob later = job("later");
  later.delay = std::chrono::seconds(5);
  NewJob child = job("child");
  child.depends_on = {{"a"}};
  this->enqueue({job("a"), job("b"), later, child});
  const Claim held = this->claim_one();
  for (const char* id : {"a", "b", "later", "child"}) {
    EXPECT_EQ(good(this->queue_->cancel({id})), Answer::kDone) << id;
    EXPECT_EQ(good(this->queue_->cancel({id})), Answer::kAlready) << id;
    EXPECT_EQ(this->state(id), State::kCancelled) << id;
  }
  EXPECT_EQ(this->counts().cancelled, 4U);
  EXPECT_EQ(this->counts().queued + this->counts().started + this->counts().deferred + this->counts().scheduled, 0U);
  EXPECT_EQ(this->beat(held), Beat::kLost);
  EXPECT_EQ(this->complete(held), Answer::kRefused);
  EXPECT_EQ(good(this->queue_->cancel({"nobody"})), Answer::kGone);
  this->pass(20);
  EXPECT_THAT(good(this->queue_->reap(9)).back, IsEmpty());
}

TYPED_TEST(JobQueueContract, StopsAStartedJobThroughItsHolder) {
  this->enqueue({job("a")});
  EXPECT_EQ(good(this->queue_->request_stop({"a"})), Answer::kRefused) << "it waits: cancel it";
  const Claim claim = this->claim_one();
  EXPECT_EQ(good(this->queue_->request_stop({"a"})), Answer::kDone);
  EXPECT_EQ(good(this->queue_->request_stop({"a"})), Answer::kAlready);
  EXPECT_TRUE(this->details("a").job.stop_requested);
  EXPECT_EQ(this->beat(claim), Beat::kStop);
  EXPECT_EQ(this->fail(claim, AfterFailure::kWasStopped), Answer::kDone);
  EXPECT_EQ(this->state("a"), State::kStopped);
  EXPECT_EQ(good(this->queue_->request_stop({"a"})), Answer::kAlready);
  EXPECT_EQ(good(this->queue_->request_stop({"nobody"})), Answer::kGone);
  EXPECT_THAT(this->listed(Place::kFailed), ElementsAre("a"));
  EXPECT_EQ(good(this->queue_->requeue({"a"})), Answer::kDone);
  EXPECT_EQ(this->beat(this->claim_one()), Beat::kHeld) << "the request was for the earlier attempt";
}

TYPED_TEST(JobQueueContract, DoesNotGiveOutAgainWhatWasToStopWhenItsNodeDied) {
  this->enqueue({job("a")});
  (void)this->claim_one();
  EXPECT_EQ(good(this->queue_->request_stop({"a"})), Answer::kDone);
  this->pass(10);
  EXPECT_THAT(ids_of(good(this->queue_->reap(9)).ended), ElementsAre("a"));
  EXPECT_EQ(this->state("a"), State::kStopped);
}

TYPED_TEST(JobQueueContract, RequeuesWhatFailedOrWasCancelled) {
  this->enqueue({job("a"), job("b"), job("c")});
  EXPECT_EQ(this->fail(this->claim_one()), Answer::kDone);
  EXPECT_EQ(good(this->queue_->cancel({"b"})), Answer::kDone);
  EXPECT_EQ(good(this->queue_->requeue({"b"})), Answer::kDone);
  EXPECT_EQ(good(this->queue_->requeue({"a"})), Answer::kDone);
  EXPECT_EQ(good(this->queue_->requeue({"a"})), Answer::kAlready);
  EXPECT_EQ(this->details("a").job.started_at, "");
  EXPECT_EQ(this->details("a").message, "");
  EXPECT_EQ(good(this->queue_->requeue({"nobody"})), Answer::kGone);
  const auto claimed = this->claim(9);
  ASSERT_EQ(claimed.size(), 3U);
  EXPECT_EQ(claimed[0].claim.job.text, "c");
  EXPECT_EQ(claimed[1].claim.job.text, "b");
  EXPECT_EQ(claimed[2].claim, (Claim{{"a"}, 2})) << "no attempt has the number of another";
  EXPECT_EQ(good(this->queue_->requeue({"a"})), Answer::kRefused);
}

TYPED_TEST(JobQueueContract, RequeuesACancelledJobThatStillHasToWaitAsDeferred) {
  NewJob child = job("child");
  child.depends_on = {{"a"}};
  this->enqueue({job("a"), child});
  EXPECT_EQ(good(this->queue_->cancel({"child"})), Answer::kDone);
  EXPECT_EQ(good(this->queue_->requeue({"child"})), Answer::kDone);
  EXPECT_EQ(this->state("child"), State::kDeferred);
  EXPECT_EQ(this->complete(this->claim_one()), Answer::kDone);
  EXPECT_EQ(this->state("child"), State::kQueued);
}

TYPED_TEST(JobQueueContract, DeletesAJobThatNobodyHoldsOrWaitsFor) {
  NewJob child = job("child");
  child.depends_on = {{"a"}};
  this->enqueue({job("a"), job("b"), child});
  EXPECT_EQ(good(this->queue_->remove({"a"})), Answer::kRefused) << "another waits for it";
  EXPECT_EQ(good(this->queue_->remove({"child"})), Answer::kDone);
  EXPECT_EQ(good(this->queue_->remove({"a"})), Answer::kDone);
  EXPECT_FALSE(this->is_there("a"));
  EXPECT_EQ(good(this->queue_->remove({"a"})), Answer::kGone);
  const Claim claim = this->claim_one();
  EXPECT_EQ(claim.job.text, "b");
  EXPECT_EQ(good(this->queue_->remove({"b"})), Answer::kRefused) << "it is started";
  EXPECT_EQ(this->complete(claim), Answer::kDone);
  EXPECT_EQ(good(this->queue_->remove({"b"})), Answer::kDone);
  EXPECT_EQ(this->counts(), Counts{});
}

TYPED_TEST(JobQueueContract, GivesNothingWhileSuspended) {
  this->enqueue({job("a")});
  ASSERT_TRUE(this->queue_->suspend().has_value());
  const Claims none = good(this->queue_->claim({{"w"}, "n", {{"run-1"}}, 1}));
  EXPECT_TRUE(none.suspended);
  EXPECT_THAT(none.jobs, IsEmpty());
  ASSERT_TRUE(this->queue_->resume().has_value());
  EXPECT_THAT(this->claimed_ids(1), ElementsAre("a"));
}

TYPED_TEST(JobQueueContract, ListsByPageNewestFirst) {
  this->enqueue({job("a"), job("b"), job("c"), job("d"), job("e")});
  EXPECT_THAT(this->listed(Place::kQueued, 0, 2), ElementsAre("e", "d"));
  EXPECT_THAT(this->listed(Place::kQueued, 2, 2), ElementsAre("c", "b"));
  EXPECT_THAT(this->listed(Place::kQueued, 4, 2), ElementsAre("a"));
  EXPECT_THAT(this->listed(Place::kQueued, 6, 2), IsEmpty());
  EXPECT_EQ(good(this->queue_->list({"run-1"}, Place::kQueued, 4, 2)).total, 5U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(this->complete(this->claim_one()), Answer::kDone);
    this->pass(1);
  }
  EXPECT_THAT(this->listed(Place::kFinished, 0, 2), ElementsAre("c", "b"));
  EXPECT_THAT(this->listed(Place::kFinished, 2, 2), ElementsAre("a"));
  EXPECT_THAT(this->listed(Place::kStarted), IsEmpty());
}

TYPED_TEST(JobQueueContract, RefusesWhatNoQueueShouldTake) {
  NewJob bad_id = job("a.b");
  const auto refused = this->queue_->enqueue({job("fine"), bad_id});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "the job's id 'a.b' may only have letters, digits, '_', '-'");
  EXPECT_FALSE(this->is_there("fine")) << "all or none";
  EXPECT_FALSE(this->queue_->counts({"a b"}).has_value());
  EXPECT_FALSE(this->queue_->claim({{"w:1"}, "n", {{"run-1"}}, 1}).has_value());
  this->enqueue({job("a")});
  const auto huge = this->queue_->complete(this->claim_one(), std::string(65'537, ' '));
  ASSERT_FALSE(huge.has_value());
  EXPECT_EQ(huge.error().message, "job a: its result has 65537 bytes; more than 65536 belong into a store");
}

}  // namespace
}  // namespace simswarm::jobs
