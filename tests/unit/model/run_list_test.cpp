#include "model/run_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simswarm {
namespace {

using testing::ElementsAreArray;

const std::vector<Run> kRuns{{"A", 0, {{"n", "10"}, {"load", "0.5"}}, 0, "1"},
                             {"A", 1, {{"n", "20"}, {"load", ""}}, 3, ""},
                             {"B", 0, {}, 0, "7"},
                             {"A", -5, {{"n", std::string(100'000, 'x')}, {"load", std::string("a\0b", 3)}}, 0, "s"},
                             {"A", 1, {{"load", "1"}, {"n", "2"}}, 0, "order of variables"},
                             {"", 1, {{"n", "2"}}, 0, ""}};

TEST(RunList, GivesBackWhatItWasGiven) {
  const RunList list(kRuns);
  EXPECT_EQ(list.size(), kRuns.size());
  for (std::size_t i = 0; i < kRuns.size(); ++i) {
    EXPECT_EQ(list[i], kRuns[i]) << i;
    EXPECT_EQ(list.config(i), kRuns[i].config) << i;
  }
  EXPECT_EQ(list.front(), kRuns.front());
  EXPECT_THROW((void)list.at(kRuns.size()), std::out_of_range);
}

TEST(RunList, IsGoneThroughInOrder) {
  const RunList list(kRuns);
  EXPECT_THAT(std::vector<simswarm::Run>(list.begin(), list.end()), ElementsAreArray(kRuns));
}

TEST(RunList, KnowsTextsOfEveryLength) {
  RunList list;
  for (const std::size_t length : {0U, 1U, 127U, 128U, 129U, 16'383U, 16'384U, 70'000U})
    list.push_back({"A", 0, {{"v", std::string(length, 'v')}}, 0, std::string(length, 's')});
  for (const simswarm::Run run : list) EXPECT_EQ(run.seed_set.size(), run.variables.at(0).value.size());
  EXPECT_EQ(list[7].variables.at(0).value, std::string(70'000, 'v'));
}

}  // namespace
}  // namespace simswarm
