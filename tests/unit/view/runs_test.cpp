#include "view/runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger_support.h"

namespace simswarm::view {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A campaign of four runs of Aloha.
class Runs : public LedgerTest {
 protected:
  Runs() {
    std::vector<PlannedRun> runs;
    for (std::int64_t i = 0; i < 4; ++i) {
      runs.push_back({{"Aloha", i, {{"load", std::to_string(i / 2)}}, i % 2, ""}, key(std::to_string(i))});
    }
    EXPECT_TRUE(begin("01A", runs).has_value());
  }
  void fail(const std::string& text, Outcome outcome) {
    std::vector<Attempt> attempts{attempt(text, outcome)};
    ASSERT_TRUE(ledger_->record_attempts(attempts, std::vector<AttemptLog>(1)).has_value());
  }
  void complete(const std::string& text, const std::vector<std::string>& paths) {
    std::vector<Intent> intents{intent(text, paths)};
    ASSERT_TRUE(accept(intents).has_value());
  }
  std::vector<RunStatus> all() { return runs_of_campaign(*ledger_, "01A").value(); }
  std::vector<std::int64_t> select(const std::string& selector) {
    std::vector<std::int64_t> numbers;
    const auto selected = select_runs(*ledger_, "01A", selector);
    EXPECT_TRUE(selected.has_value()) << error_of(selected);
    for (const RunStatus& run : selected.value_or(std::vector<RunStatus>{})) numbers.push_back(run.planned.run.number);
    return numbers;
  }
};

TEST_F(Runs, HaveNotStartedAtFirst) {
  const auto runs = all();
  ASSERT_THAT(runs, SizeIs(4));
  for (const RunStatus& run : runs) {
    EXPECT_EQ(run.outcome, Outcome::kNotStarted);
    EXPECT_FALSE(run.has_result);
    EXPECT_THAT(run.attempts, IsEmpty());
  }
  EXPECT_EQ(runs[3].planned.run.number, 3);
}

TEST_F(Runs, EndAsTheirLastAttempt) {
  fail("1", Outcome::kKilled);
  fail("1", Outcome::kModelError);
  EXPECT_EQ(all()[1].outcome, Outcome::kModelError);
  EXPECT_THAT(all()[1].attempts, SizeIs(2));
}

TEST_F(Runs, WithAResultAreWhatItIs) {
  fail("1", Outcome::kKilled);
  complete("1", {"results/1.sca", "results/1.vec"});
  const RunStatus run = all()[1];
  EXPECT_TRUE(run.has_result);
  EXPECT_EQ(run.outcome, Outcome::kCompleted);
  EXPECT_THAT(run.attempts, SizeIs(2));
  EXPECT_THAT(run.files, SizeIs(2));
}

TEST_F(Runs, KeepTheirResultWhenALaterAttemptFails) {
  complete("1", {"x"});
  fail("1", Outcome::kKilled);
  EXPECT_EQ(all()[1].outcome, Outcome::kCompleted);
}

TEST_F(Runs, WhoseResultWasTakenAwayAreLost) {
  complete("1", {"x"});
  ASSERT_TRUE(ledger_->forget_results(std::vector{key("1")}).has_value());
  EXPECT_EQ(all()[1].outcome, Outcome::kLost);
  EXPECT_FALSE(all()[1].has_result);
}

TEST_F(Runs, AreSelectedByAllTheirNames) {
  EXPECT_THAT(select("Aloha#2"), ElementsAre(2));
  EXPECT_THAT(select("#0"), ElementsAre(0));
  EXPECT_THAT(select("Aloha:load=1"), ElementsAre(2, 3));
  EXPECT_THAT(select("Aloha:load=1,#1"), ElementsAre(3));
  EXPECT_THAT(select(key("2").digest.hex().substr(0, 8)), ElementsAre(2));
}

TEST_F(Runs, ThatAreNotThereHaveNearMisses) {
  EXPECT_EQ(error_of(select_runs(*ledger_, "01A", "Alhoa#2")),
            "no run «Alhoa#2» in this campaign of 4; did you mean Aloha#2?");
  EXPECT_EQ(error_of(select_runs(*ledger_, "01A", "Completely#17")), "no run «Completely#17» in this campaign of 4");
  EXPECT_THAT(error_of(select_runs(*ledger_, "01A", "Aloha")), HasSubstr("«Aloha» names no run"));
  EXPECT_EQ(select_runs(*ledger_, "01A", "Nope#1").error().code, ExitCode::kUsage);
}

TEST_F(Runs, OfNoCampaignAreNone) {
  EXPECT_THAT(runs_of_campaign(*ledger_, "01Z").value(), IsEmpty());
}

}  // namespace
}  // namespace simswarm::view
