#include <gtest/gtest.h>

#include "campaign/campaign.h"

namespace simswarm::campaign {
namespace {

Run run(const std::string& config, const std::string& load, std::int64_t repetition = 0) {
  return {config, 0, {{"load", load}}, repetition, ""};
}

TEST(TimeLeft, KnowsNothingAtFirst) {
  EXPECT_FALSE(TimeLeft().knows());
  EXPECT_EQ(TimeLeft().expect(run("A", "1")), 0);
}

TEST(TimeLeft, ExpectsOfARepetitionWhatTheOthersTook) {
  TimeLeft left;
  left.learn(run("A", "1", 0), 10);
  left.learn(run("A", "1", 1), 20);
  left.learn(run("A", "2", 0), 1000);
  EXPECT_TRUE(left.knows());
  EXPECT_EQ(left.expect(run("A", "1", 7)), 15);
  EXPECT_EQ(left.expect(run("A", "2", 7)), 1000);
}

TEST(TimeLeft, ExpectsTheMeanOfAllWhereNothingWasSeen) {
  TimeLeft left;
  left.learn(run("A", "1"), 10);
  left.learn(run("A", "2"), 20);
  EXPECT_EQ(left.expect(run("A", "3")), 15);
  EXPECT_EQ(left.expect(run("B", "1")), 15) << "another configuration is another kind";
}

}  // namespace
}  // namespace simswarm::campaign
