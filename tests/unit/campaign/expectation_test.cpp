#include "campaign/expectation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simswarm::campaign {
namespace {

using testing::DoubleNear;

Run run(const std::string& hosts, const std::string& load, std::int64_t repetition = 0) {
  return {"Study", 0, {{"hosts", hosts}, {"load", load}}, repetition, ""};
}

TEST(Expectation, KnowsNothingAtFirst) {
  const Expectation expectation;
  EXPECT_FALSE(expectation.knows());
  EXPECT_EQ(expectation.seconds(run("1", "1")), 0);
  EXPECT_EQ(expectation.memory(run("1", "1")), 0U);
}

TEST(Expectation, OfARepetitionIsWhatTheOthersTook) {
  Expectation expectation;
  expectation.learn(run("1", "1", 0), 2, 100);
  expectation.learn(run("1", "1", 1), 4, 300);
  expectation.learn(run("2", "1", 0), 100, 200);
  EXPECT_DOUBLE_EQ(expectation.seconds(run("1", "1", 2)), 3);
  EXPECT_EQ(expectation.memory(run("7", "7")), 300U) << "the most that one has used";
}

TEST(Expectation, MultipliesWhatTheVariablesTell) {
  Expectation expectation;
  for (const int hosts : {1, 2, 4}) expectation.learn(run(std::to_string(hosts), "low"), hosts, 0);
  expectation.learn(run("1", "high"), 3, 0);
  EXPECT_THAT(expectation.seconds(run("4", "high")), DoubleNear(12, 2.5));
}

TEST(Expectation, GoesOnAlongAPowerOfANumber) {
  Expectation expectation;
  for (const int hosts : {10, 20, 40}) expectation.learn(run(std::to_string(hosts), "1"), 0.01 * hosts * hosts, 0);
  EXPECT_THAT(expectation.seconds(run("30", "1")), DoubleNear(9, 1.5)) << "between";
  EXPECT_THAT(expectation.seconds(run("80", "1")), DoubleNear(64, 6)) << "beyond";
  EXPECT_LT(expectation.seconds(run("1e30", "1")), 16 * 101) << "not into the absurd";
}

TEST(Expectation, OfAnotherConfigurationIsTheMeanOfAll) {
  Expectation expectation;
  expectation.learn(run("1", "1"), 2, 0);
  expectation.learn(run("2", "1"), 4, 0);
  EXPECT_DOUBLE_EQ(expectation.seconds({"Other", 0, {}, 0, ""}), 3);
}

TEST(SecondsToFinish, IsThatOfTheSlotThatEndsLast) {
  EXPECT_DOUBLE_EQ(seconds_to_finish({}, {}, 2), 0);
  EXPECT_DOUBLE_EQ(seconds_to_finish(std::vector<double>{1, 5}, {}, 2), 5);
  EXPECT_DOUBLE_EQ(seconds_to_finish(std::vector<double>{1, 5}, std::vector<double>{3, 3}, 2), 7);
  EXPECT_DOUBLE_EQ(seconds_to_finish({}, std::vector<double>{4, 3, 2, 1}, 2), 5);
}

}  // namespace
}  // namespace simswarm::campaign
