#include "simulator/cmdenv_unroll.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simswarm::cmdenv {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// The runs of nested loops; the first one is the outermost.
std::vector<simswarm::Run> loops(const std::vector<std::pair<std::string, int>>& variables, int repetitions) {
  std::vector<simswarm::Run> runs{{"Study", 0, {}, 0, ""}};
  for (const auto& [name, count] : variables) {
    std::vector<simswarm::Run> more;
    for (const simswarm::Run& run : runs) {
      for (int i = 0; i < count; ++i) {
        more.push_back(run);
        more.back().variables.push_back({name, std::to_string(i)});
      }
    }
    runs = std::move(more);
  }
  std::vector<simswarm::Run> all;
  for (const simswarm::Run& run : runs) {
    for (int i = 0; i < repetitions; ++i) {
      all.push_back(run);
      all.back().repetition = i;
      all.back().number = static_cast<std::int64_t>(all.size()) - 1;
    }
  }
  return all;
}

std::optional<Loop> loop_of(const std::vector<simswarm::Run>& runs) {
  std::vector<const simswarm::Run*> pointers;
  for (const simswarm::Run& run : runs) pointers.push_back(&run);
  return loop_to_split(pointers);
}

TEST(Unroll, TheOutermostLoopIsCut) {
  const auto loop = loop_of(loops({{"one", 1}, {"z", 4}, {"a", 3}}, 5));
  ASSERT_TRUE(loop.has_value());
  EXPECT_EQ(loop->variable, "z");
  EXPECT_EQ(loop->values, 4U);
  EXPECT_TRUE(loop->is_outermost);
}

TEST(Unroll, ALoopInsideAnotherDoesNotKeepTheOrderOfRuns) {
  const auto loop = loop_of(loops({{"0", 2}, {"x", 3}}, 2));  // an unnamed variable cannot be spoken of
  ASSERT_TRUE(loop.has_value());
  EXPECT_EQ(loop->variable, "x");
  EXPECT_FALSE(loop->is_outermost);
}

TEST(Unroll, RepetitionsAreCutWhereNothingElseVaries) {
  const auto loop = loop_of(loops({{"x", 1}}, 7));
  ASSERT_TRUE(loop.has_value());
  EXPECT_EQ(loop->variable, "");
  EXPECT_EQ(loop->values, 7U);
  EXPECT_FALSE(loop_of(loops({{"0", 2}}, 7)).has_value());
  EXPECT_FALSE(loop_of(loops({}, 1)).has_value());
}

TEST(Unroll, TheProposalNamesTheCostAndTheVariable) {
  const std::string text = split_proposal({"Study", 100000, 2.0, Loop{"load", 100, true}, true});
  EXPECT_THAT(text,
              HasSubstr("each process unrolls the study «Study» to find its run: 2 s of computing a run, 2 d 7 h for "
                        "100000 runs; that is more than a tenth of the work where a run takes less than 20.0 s; "));
  EXPECT_THAT(text,
              HasSubstr("take the entry with ${load=…} (100 values) out of [Study], put it with some of the values "
                        "each into 10 configurations [Study-1], [Study-2], … with extends = Study, and call them "
                        "together: -c Study-1 -c Study-2 …"));
  EXPECT_THAT(text, HasSubstr("seed-set = ${runnumber}+N, where N is the number of runs in the parts before, keeps"));
}

TEST(Unroll, SeedsAreSpokenOfWhereTheyGoByRunNumber) {
  EXPECT_THAT(split_proposal({"Study", 10, 2, Loop{"load", 3, true}, false}),
              AllOf(HasSubstr("into 3 configurations"), Not(HasSubstr("seed"))));
  EXPECT_THAT(split_proposal({"Study", 10, 2, Loop{"load", 3, false}, true}),
              AllOf(HasSubstr("seeds go by run number and change"), Not(HasSubstr("+N"))));
}

TEST(Unroll, AStudyOfWhichOnlyAPartIsKnownIsCutByItsOwner) {
  EXPECT_THAT(
      split_proposal({"Study", 10, 2, std::nullopt, true}),
      AllOf(HasSubstr("«Study»"), HasSubstr("20.0 s for 10 runs"), HasSubstr("make several configurations of it")));
}

TEST(Unroll, RepetitionsAreSlicedWithTheirSeedsAndAPlaceOfTheirOwn) {
  EXPECT_THAT(
      split_proposal({"Study", 100000, 2, Loop{"", 100000, true}, true}),
      HasSubstr("--repeat=10000 '--seed-set=${repetition}+K' --result-dir=results/K, with K = 0, 10000, 20000, …"));
}

TEST(Unroll, AWordIsWorthATenthOfARunOfASecond) {
  EXPECT_FALSE(is_worth_a_word(0));
  EXPECT_FALSE(is_worth_a_word(0.1));
  EXPECT_TRUE(is_worth_a_word(0.11));
}

TEST(Unroll, ChildrenAreMeasured) {
  const double before = seconds_of_children();
  ASSERT_EQ(std::system("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"), 0);
  EXPECT_GT(seconds_of_children(), before);
}

}  // namespace
}  // namespace simswarm::cmdenv
