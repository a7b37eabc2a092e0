#include "simulator/cmdenv_once.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

namespace simswarm::cmdenv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Run kRun{"Study", 3, {}, 0, ""};

std::string now(const char* form) {
  const std::time_t time = std::time(nullptr);
  std::array<char, 32> text{};
  std::tm date{};
  ::localtime_r(&time, &date);
  return {text.data(), std::strftime(text.data(), text.size(), form, &date)};
}

RunConfig config(const std::vector<std::pair<std::string, std::string>>& entries) {
  return {kRun, entries};
}

TEST(TextsOfOnce, GetTheirVariablesBack) {
  EXPECT_EQ(without_once("results/" + ("Study-3-" + now("%Y%m%d-%H:%M:%S")) + "-4711.sca", kRun),
            "results/${runid}.sca");
  EXPECT_EQ(without_once("x-" + now("%Y%m%d-%H:%M:%S") + "-y", kRun), "x-${datetime}-y");
  EXPECT_EQ(without_once("x-" + now("%Y%m%d-%H%M%S"), kRun), "x-${datetimef}");
}

TEST(TextsOfOnce, AreNoOthers) {
  for (const std::string text :
       {"results/Study-3-#0.sca", "20011122-14:29:52", "Study-3-20011122-14:29:52-4711", "", "4711"}) {
    EXPECT_EQ(without_once(text, kRun), text);
  }
  EXPECT_EQ(without_once("9" + now("%Y%m%d-%H%M%S"), kRun), "9" + now("%Y%m%d-%H%M%S")) << "part of a longer number";
}

TEST(TextsOfOnce, CannotBeForetold) {
  EXPECT_TRUE(is_unpredictable("x-${runid}.sca"));
  EXPECT_TRUE(is_unpredictable("${processid}"));
  EXPECT_FALSE(is_unpredictable("x-${repetition}.sca"));
}

TEST(TextsOfOnce, HaveAProcessIdWhereTwoAnswersDifferInOneNumber) {
  const ProcessId id = process_id_in(config({{"a", "x-100.sca"}, {"b", "100"}, {"c", "7"}}),
                                     config({{"a", "x-205.sca"}, {"b", "205"}, {"c", "7"}}));
  EXPECT_EQ(id.number, "100");
  EXPECT_THAT(id.keys, ElementsAre("a", "b"));
  RunConfig back = config({{"a", "x-100.sca"}, {"b", "100"}, {"c", "100"}});
  put_back_once(back, id);
  EXPECT_EQ(*back.entry("a"), "x-${processid}.sca");
  EXPECT_EQ(*back.entry("c"), "100") << "a number of the user's own";
}

TEST(TextsOfOnce, HaveNoProcessIdWhereAnswersAreEqualOrOfOtherForm) {
  EXPECT_EQ(process_id_in(config({{"a", "x-100"}}), config({{"a", "x-100"}})).number, "");
  EXPECT_THAT(process_id_in(config({{"a", "x-100"}}), config({{"a", "y-205"}})).keys, IsEmpty());
}

}  // namespace
}  // namespace simswarm::cmdenv
