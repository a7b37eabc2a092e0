#include "model/outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace simswarm {
namespace {

using testing::ElementsAre;

constexpr int kOutcomes = static_cast<int>(Outcome::kNotStarted) + 1;

template <typename Predicate>
std::set<std::string_view> those_that(Predicate predicate) {
  std::set<std::string_view> names;
  for (int i = 0; i < kOutcomes; ++i) {
    if (predicate(static_cast<Outcome>(i))) names.insert(to_text(static_cast<Outcome>(i)));
  }
  return names;
}

TEST(Outcomes, HaveAWordEachThatLeadsBack) {
  std::set<std::string_view> words;
  for (int i = 0; i < kOutcomes; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    words.insert(to_text(outcome));
    EXPECT_EQ(outcome_from(to_text(outcome)), outcome) << to_text(outcome);
  }
  EXPECT_EQ(words.size(), static_cast<std::size_t>(kOutcomes));
}

TEST(Outcomes, AreStoredByTheseWords) {
  EXPECT_THAT(those_that([](Outcome) { return true; }),
              ElementsAre("cancelled", "completed", "crashed", "disk_full", "fingerprint_mismatch", "incomplete",
                          "killed", "limited", "lost", "model_error", "not_started", "out_of_memory", "stalled",
                          "teardown_failed", "timed_out", "too_much_output"));
  EXPECT_EQ(outcome_from("Completed"), std::nullopt);
  EXPECT_EQ(outcome_from(""), std::nullopt);
}

TEST(Outcomes, AreCompleteWhenResultsAreWhole) {
  EXPECT_THAT(those_that(is_complete), ElementsAre("completed", "teardown_failed"));
}

TEST(Outcomes, ThatAreDeterministicAreNotTriedAgain) {
  EXPECT_THAT(those_that(can_help_to_retry),
              ElementsAre("disk_full", "killed", "lost", "not_started", "out_of_memory"));
}

}  // namespace
}  // namespace simswarm
