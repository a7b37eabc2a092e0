#include "worker/batching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simswarm::worker {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;

const Run kRun{"Study", 0, {}, 0, ""};

class ABatching : public testing::Test {
 protected:
  // Three runs alone, 17 ms each; then together: 23 ms, so that a start takes 14.
  void sample(double alone = 0.017) {
    for (const std::size_t position : {0U, 1U, 2U}) batching_.completed_alone(position, kRun, alone);
  }
  void trust() {
    sample();
    (void)batching_.next_trial(1000);
    EXPECT_FALSE(batching_.tried(kRun, 0.023, ""));
  }
  Batching batching_{2, "01A"};
};

TEST_F(ABatching, LetsRunsBeAloneUntilItKnows) {
  EXPECT_EQ(batching_.limit("Study", 0.003, 1000), 1U);
  sample();
  EXPECT_EQ(batching_.limit("Study", 0.003, 1000), 1U);
}

TEST_F(ABatching, TriesSeveralRunsInOneProcessOnce) {
  EXPECT_THAT(batching_.next_trial(1000), IsEmpty());
  sample();
  EXPECT_THAT(batching_.next_trial(1000), ElementsAre(0, 1, 2));
  EXPECT_THAT(batching_.next_trial(1000), IsEmpty());
}

TEST_F(ABatching, TriesNothingForAFewOrForLongRuns) {
  sample();
  EXPECT_THAT(batching_.next_trial(9), IsEmpty());
  batching_ = Batching(2, "01A");
  sample(1.5);
  EXPECT_THAT(batching_.next_trial(1000), IsEmpty());
}

TEST_F(ABatching, PutsRunsTogetherWhenFilesWereEqual) {
  trust();
  EXPECT_NEAR(batching_.start("Study"), 0.014, 1e-9);
  const std::size_t first = batching_.limit("Study", 0.003, 1000);
  EXPECT_THAT(first, AllOf(Ge(100U), Le(250U))) << "a third of what is left for a slot";
  EXPECT_THAT(batching_.limit("Study", 0.003, 100), AllOf(Ge(14U), Le(20U))) << "not below three starts of work";
  EXPECT_EQ(batching_.limit("Study", 0.003, 20), 10U) << "each slot has its share";
  EXPECT_EQ(batching_.limit("Study", 0.003, 7), 5U) << "less than a start of work is no process of its own";
  EXPECT_EQ(batching_.limit("Study", 0.003, 6), 6U) << "nor is what would be left";
  EXPECT_EQ(batching_.limit("Study", 0.003, 1), 1U);
  EXPECT_EQ(batching_.limit("Study", 0.5, 1000), 1U) << "long ones are alone";
  EXPECT_LE(batching_.limit("Study", 0.003, 1'000'000), 1700U) << "no process of more than 5 s";
  EXPECT_EQ(batching_.limit("Other", 0.003, 1000), 1U);
}

TEST_F(ABatching, RepeatsTheLastOfTheFirstBatchAlone) {
  trust();
  EXPECT_EQ(batching_.memo("Study"), "unconfirmed 01A");
  batching_.completed_in_batch(7, kRun, false);
  EXPECT_THAT(batching_.next_trial(100), IsEmpty());
  batching_.completed_in_batch(8, kRun, true);
  EXPECT_THAT(batching_.next_trial(100), ElementsAre(8));
  EXPECT_FALSE(batching_.tried(kRun, 0.017, ""));
  EXPECT_EQ(batching_.memo("Study"), "equal 0.014000");
  EXPECT_THAT(batching_.limit("Study", 0.003, 1000), AllOf(Ge(240U), Le(250U)))
      << "half of it when nothing is in doubt";
  EXPECT_EQ(batching_.memo("Study"), std::nullopt) << "once";
}

TEST_F(ABatching, TakesBackWhatWasTogetherWhenItDiffers) {
  trust();
  batching_.completed_in_batch(7, kRun, false);
  batching_.completed_in_batch(8, kRun, true);
  EXPECT_THAT(batching_.next_trial(100), ElementsAre(8));
  EXPECT_TRUE(batching_.tried(kRun, 0.017, "a.sca differs"));
  EXPECT_TRUE(batching_.differs("Study"));
  EXPECT_THAT(batching_.take_batched("Study"), ElementsAre(7, 8));
  EXPECT_EQ(batching_.limit("Study", 0.003, 1000), 1U);
  EXPECT_EQ(batching_.memo("Study"), "differs a.sca differs");
}

TEST_F(ABatching, TriesAgainWhatWasEndedFromOutsideButNotForEver) {
  sample();
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(batching_.next_trial(1000), ElementsAre(0, 1, 2));
    batching_.put_off("Study");
  }
  EXPECT_THAT(batching_.next_trial(1000), IsEmpty());
  EXPECT_EQ(batching_.memo("Study"), std::nullopt) << "it says nothing of the model";
}

TEST_F(ABatching, RecallsWhatWasFoundEarlier) {
  batching_.recall("Study", "equal 0.014");
  EXPECT_GT(batching_.limit("Study", 0.003, 1000), 100U);
  batching_.recall("Study", "differs a.sca");
  EXPECT_EQ(batching_.limit("Study", 0.003, 1000), 1U);
  batching_ = Batching(2, "01A");
  batching_.recall("Study", "something of a later version");
  EXPECT_EQ(batching_.limit("Study", 0.003, 1000), 1U);
  sample();
  EXPECT_THAT(batching_.next_trial(1000), ElementsAre(0, 1, 2)) << "what is not understood is not known";
}

}  // namespace
}  // namespace simswarm::worker
