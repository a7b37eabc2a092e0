#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/queue.h"

namespace simswarm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A queue with four jobs of one run each.
class MemoryQueue : public testing::Test {
 protected:
  MemoryQueue() {
    for (std::size_t run = 0; run < 4; ++run) queue_->enqueue({{run}});
  }
  Claim claim_one() {
    const std::vector<Claim> claims = queue_->claim(1);
    EXPECT_EQ(claims.size(), 1U);
    return claims.empty() ? Claim{} : claims.front();
  }
  std::vector<std::size_t> claim(std::size_t most) {
    std::vector<std::size_t> jobs;
    for (const Claim& claim : queue_->claim(most)) jobs.push_back(claim.job.index);
    return jobs;
  }
  // queued, started, finished, failed, cancelled
  [[nodiscard]] std::vector<std::size_t> counts() const {
    const QueueCounts all = queue_->counts();
    return {all.queued, all.started, all.finished, all.failed, all.cancelled};
  }
  std::unique_ptr<Queue> queue_ = make_memory_queue();
};

TEST_F(MemoryQueue, GivesJobsInTheirOrderEachOnce) {
  EXPECT_THAT(counts(), ElementsAre(4, 0, 0, 0, 0));
  EXPECT_THAT(claim(3), ElementsAre(0, 1, 2));
  EXPECT_THAT(claim(3), ElementsAre(3));
  EXPECT_THAT(claim(3), IsEmpty());
  EXPECT_THAT(counts(), ElementsAre(0, 4, 0, 0, 0));
}

TEST_F(MemoryQueue, KnowsTheRunsOfAJob) {
  const JobId id = queue_->enqueue({{7, 8, 9}});
  EXPECT_EQ(id.index, 4U);
  EXPECT_THAT(queue_->job(id).runs, ElementsAre(7, 8, 9));
}

TEST_F(MemoryQueue, LeadsAJobFromQueuedToFinished) {
  EXPECT_EQ(queue_->state({0}), JobState::kQueued);
  EXPECT_EQ(queue_->attempts({0}), 0);
  const Claim claim = claim_one();
  EXPECT_EQ(claim.attempt, 1);
  EXPECT_EQ(queue_->state({0}), JobState::kStarted);
  EXPECT_EQ(queue_->attempts({0}), 1);
  EXPECT_TRUE(queue_->complete(claim));
  EXPECT_EQ(queue_->state({0}), JobState::kFinished);
  EXPECT_THAT(counts(), ElementsAre(3, 0, 1, 0, 0));
}

TEST_F(MemoryQueue, EndsAJobOnce) {
  const Claim claim = claim_one();
  EXPECT_TRUE(queue_->fail(claim));
  EXPECT_FALSE(queue_->fail(claim));
  EXPECT_FALSE(queue_->complete(claim));
  EXPECT_FALSE(queue_->requeue(claim, false, true));
  EXPECT_EQ(queue_->state({0}), JobState::kFailed);
  EXPECT_THAT(counts(), ElementsAre(3, 0, 0, 1, 0));
}

TEST_F(MemoryQueue, RefusesTheLateWordOfAnEarlierAttempt) {
  const Claim late = claim_one();
  ASSERT_TRUE(queue_->requeue(late, false, true));
  EXPECT_FALSE(queue_->complete(late)) << "nobody holds it";
  const Claim now = claim_one();
  EXPECT_EQ(now.job, late.job);
  EXPECT_GT(now.attempt, late.attempt);
  EXPECT_FALSE(queue_->complete(late)) << "another holds it";
  EXPECT_FALSE(queue_->fail(late));
  EXPECT_FALSE(queue_->requeue(late, true, true));
  EXPECT_EQ(queue_->state(now.job), JobState::kStarted);
  EXPECT_FALSE(queue_->next_is_alone()) << "the late word changed nothing";
  EXPECT_TRUE(queue_->complete(now));
}

TEST_F(MemoryQueue, RefusesTheLateWordAlsoWhereTheAttemptDidNotCount) {
  const Claim late = claim_one();
  ASSERT_TRUE(queue_->requeue(late, false, false));
  const Claim now = claim_one();
  EXPECT_FALSE(queue_->complete(late));
  EXPECT_TRUE(queue_->complete(now));
}

TEST_F(MemoryQueue, RefusesClaimsOfJobsThatAreNotThere) {
  EXPECT_FALSE(queue_->complete({{99}, 1}));
  EXPECT_FALSE(queue_->complete({{0}, 0})) << "never claimed";
}

TEST_F(MemoryQueue, PutsAJobBackToTheFront) {
  const Claim claim = claim_one();
  ASSERT_TRUE(queue_->requeue(claim, false, true));
  EXPECT_EQ(queue_->state({0}), JobState::kQueued);
  EXPECT_THAT(counts(), ElementsAre(4, 0, 0, 0, 0));
  EXPECT_THAT(this->claim(2), ElementsAre(0, 1));
}

TEST_F(MemoryQueue, CountsTheAttemptsThatWereUsedUp) {
  ASSERT_TRUE(queue_->requeue(claim_one(), false, true));
  EXPECT_EQ(queue_->attempts({0}), 1);
  ASSERT_TRUE(queue_->requeue(claim_one(), false, false));
  EXPECT_EQ(queue_->attempts({0}), 1) << "its turn had not come";
  (void)claim_one();
  EXPECT_EQ(queue_->attempts({0}), 2);
}

TEST_F(MemoryQueue, GivesAJobThatMustBeAloneAlone) {
  const Claim first = claim_one();
  const Claim second = claim_one();
  ASSERT_TRUE(queue_->requeue(second, true, true));
  EXPECT_TRUE(queue_->next_is_alone());
  EXPECT_TRUE(queue_->job(second.job).alone);
  EXPECT_THAT(claim(3), ElementsAre(1)) << "as the first and only one";
  ASSERT_TRUE(queue_->requeue(first, false, true));
  EXPECT_THAT(claim(9), ElementsAre(0, 2, 3));
}

TEST_F(MemoryQueue, DoesNotGiveAJobThatMustBeAloneAfterAnother) {
  const auto claims = queue_->claim(2);
  ASSERT_TRUE(queue_->requeue(claims[1], true, true));
  ASSERT_TRUE(queue_->requeue(claims[0], false, true));
  EXPECT_THAT(claim(4), ElementsAre(0)) << "it waits for its own turn";
  EXPECT_THAT(claim(4), ElementsAre(1));
}

TEST_F(MemoryQueue, KeepsAJobAloneOnceItIs) {
  const JobId id = queue_->enqueue({{5}, true});
  EXPECT_THAT(claim(9), ElementsAre(0, 1, 2, 3));
  const Claim alone = claim_one();
  EXPECT_EQ(alone.job, id);
  ASSERT_TRUE(queue_->requeue(alone, false, true));
  EXPECT_TRUE(queue_->next_is_alone());
}

TEST_F(MemoryQueue, CancelsWhatWaitsAndLetsTheStartedGoOn) {
  const Claim claim = claim_one();
  EXPECT_THAT(queue_->cancel_waiting(), ElementsAre(JobId{1}, JobId{2}, JobId{3}));
  EXPECT_THAT(counts(), ElementsAre(0, 1, 0, 0, 3));
  EXPECT_EQ(queue_->state({1}), JobState::kCancelled);
  EXPECT_THAT(queue_->claim(9), IsEmpty());
  EXPECT_TRUE(queue_->complete(claim));
  EXPECT_THAT(queue_->cancel_waiting(), IsEmpty());
}

TEST_F(MemoryQueue, WithdrawsWhatWaitsAndNothingElse) {
  const Claim claim = claim_one();
  EXPECT_TRUE(queue_->withdraw({2}));
  EXPECT_EQ(queue_->state({2}), JobState::kCancelled);
  EXPECT_THAT(counts(), ElementsAre(2, 1, 0, 0, 1));
  EXPECT_FALSE(queue_->withdraw({2})) << "it waits no more";
  EXPECT_FALSE(queue_->withdraw(claim.job)) << "it is started";
  EXPECT_FALSE(queue_->withdraw({99}));
  EXPECT_THAT(this->claim(9), ElementsAre(1, 3));
}

TEST_F(MemoryQueue, ForgetsWhatHasEndedBeforeTheFirstThatHasNot) {
  const auto claims = queue_->claim(3);
  EXPECT_TRUE(queue_->complete(claims[0]));
  EXPECT_TRUE(queue_->complete(claims[2]));
  queue_->forget_ended();
  EXPECT_FALSE(queue_->complete(claims[0]));
  EXPECT_FALSE(queue_->withdraw(JobId{0}));
  EXPECT_EQ(queue_->state(JobId{2}), JobState::kFinished) << "one before it goes on";
  EXPECT_TRUE(queue_->complete(claims[1]));
  queue_->forget_ended();
  EXPECT_EQ(queue_->job(JobId{3}).runs, std::vector<std::size_t>{3});
  EXPECT_EQ(queue_->counts().finished, 3U);
  const JobId next = queue_->enqueue({{7}});
  EXPECT_EQ(next.index, 4U);
  EXPECT_EQ(queue_->claim(2).size(), 2U);
}

TEST(JobStates, AreSpelledAsRqSpellsThem) {
  EXPECT_EQ(to_text(JobState::kQueued), "queued");
  EXPECT_EQ(to_text(JobState::kStarted), "started");
  EXPECT_EQ(to_text(JobState::kFinished), "finished");
  EXPECT_EQ(to_text(JobState::kFailed), "failed");
  EXPECT_EQ(to_text(JobState::kCancelled), "canceled");
}

}  // namespace
}  // namespace simswarm
