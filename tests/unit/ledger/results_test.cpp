// The way of a result through the ledger: intent, done, or given up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger_support.h"

namespace simswarm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Results = LedgerTest;

TEST_F(Results, AreIntendedFirstAndNoResultsYet) {
  std::vector<Intent> intents{intent("a", {"results/b.sca", "results/a.vec"})};
  intents[0].kept = "/kept";
  ASSERT_TRUE(ledger_->intend(intents, {{"output", "errors", ""}}).has_value());
  EXPECT_EQ(intents[0].attempt.number, 1);
  reopen();
  EXPECT_FALSE(ledger_->result_of(key("a")).value().has_value());
  EXPECT_THAT(ledger_->written_paths().value(), ElementsAre("results/a.vec", "results/b.sca"))
      << "whoever plans now must not take them for inputs";
  const auto pending = ledger_->intents().value();
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].attempt.key, key("a"));
  EXPECT_EQ(pending[0].attempt.verdict.outcome, Outcome::kCompleted);
  EXPECT_EQ(pending[0].folder, "/work");
  EXPECT_EQ(pending[0].kept, "/kept");
  ASSERT_EQ(pending[0].files.size(), 2U);
  EXPECT_EQ(pending[0].files[0].path, "results/a.vec");
  EXPECT_EQ(pending[0].files[0].size, 13U);
  EXPECT_EQ(pending[0].files[0].digest, digest_of("results/a.vec"));
  EXPECT_THAT(pending[0].staged, ElementsAre("/staged/results/a.vec", "/staged/results/b.sca"));
  EXPECT_EQ(ledger_->log_of(key("a"), 1).value().value().output, "output");
}

TEST_F(Results, AreAcceptedWhenDone) {
  std::vector<Intent> intents{intent("a", {"x", "y"}), intent("b", {})};
  intents[0].attempt.usage.result_bytes = 5;
  intents[0].files[0].identity = {7, 8, 1, 9, 10};
  ASSERT_TRUE(accept(intents).has_value());
  reopen();
  EXPECT_THAT(ledger_->intents().value(), IsEmpty());
  const ResultRecord result = ledger_->result_of(key("a")).value().value();
  EXPECT_EQ(result.key, key("a"));
  EXPECT_EQ(result.attempt, 1);
  EXPECT_EQ(result.campaign, "01A");
  EXPECT_EQ(result.verdict.outcome, Outcome::kCompleted);
  EXPECT_EQ(result.usage.result_bytes, 5U);
  ASSERT_EQ(result.files.size(), 2U);
  EXPECT_EQ(result.files[0].path, "x");
  EXPECT_EQ(result.files[0].identity, (FileIdentity{7, 8, 1, 9, 10}));
  EXPECT_EQ(ledger_->result_of(key("b")).value().value().files.size(), 0U) << "a run may leave nothing";
}

TEST_F(Results, AreFoundByTheirPath) {
  std::vector<Intent> intents{intent("a", {"x", "y"})};
  ASSERT_TRUE(accept(intents).has_value());
  const auto found = ledger_->files_at("y").value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].first, key("a"));
  EXPECT_EQ(found[0].second.digest, digest_of("y"));
  EXPECT_THAT(ledger_->files_at("z").value(), IsEmpty());
  std::vector<Intent> others{intent("b", {"y"})};
  ASSERT_TRUE(accept(others).has_value());
  EXPECT_EQ(ledger_->files_at("y").value().size(), 2U) << "two may have written it";
}

TEST_F(Results, OfALaterAttemptReplaceTheEarlierWholly) {
  std::vector<Intent> first{intent("a", {"x", "old"})};
  ASSERT_TRUE(accept(first).has_value());
  std::vector<Intent> second{intent("a", {"x"})};
  ASSERT_TRUE(accept(second).has_value());
  EXPECT_EQ(second[0].attempt.number, 2);
  const ResultRecord result = ledger_->result_of(key("a")).value().value();
  EXPECT_EQ(result.attempt, 2);
  EXPECT_EQ(result.files.size(), 1U);
  EXPECT_EQ(ledger_->attempts_of(key("a")).value().size(), 2U) << "attempts are never forgotten";
}

TEST_F(Results, MayBeForgotten) {
  std::vector<Intent> intents{intent("a", {"x"}), intent("b", {"y"})};
  ASSERT_TRUE(accept(intents).has_value());
  ASSERT_TRUE(ledger_->forget_results(std::vector{key("a")}).has_value());
  EXPECT_FALSE(ledger_->result_of(key("a")).value().has_value());
  EXPECT_THAT(ledger_->files_at("x").value(), IsEmpty());
  EXPECT_EQ(ledger_->attempts_of(key("a")).value().size(), 1U);
  EXPECT_TRUE(ledger_->result_of(key("b")).value().has_value());
}

TEST_F(Results, GetNewIdentitiesWhenTheirFilesWereTouched) {
  std::vector<Intent> intents{intent("a", {"x"})};
  ASSERT_TRUE(accept(intents).has_value());
  std::vector<ResultFile> files = intents[0].files;
  files[0].identity = {1, 1, files[0].size, 1, 1};
  ASSERT_TRUE(ledger_->update_files(key("a"), files).has_value());
  EXPECT_EQ(ledger_->result_of(key("a")).value().value().files[0].identity, files[0].identity);
}

TEST_F(Results, ThatCannotBePlacedAreGivenUp) {
  std::vector<Intent> intents{intent("a", {"x"}), intent("b", {"y"})};
  ASSERT_TRUE(ledger_->intend(intents, std::vector<AttemptLog>(2)).has_value());
  ASSERT_TRUE(ledger_->give_up(intents[0].attempt, {Outcome::kDiskFull, "no room", {}}).has_value());
  const auto pending = ledger_->intents().value();
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].attempt.key, key("b"));
  const Attempt attempt = ledger_->attempts_of(key("a")).value().at(0);
  EXPECT_EQ(attempt.verdict.outcome, Outcome::kDiskFull);
  EXPECT_EQ(attempt.verdict.message, "no room");
  EXPECT_FALSE(ledger_->result_of(key("a")).value().has_value());
}

TEST_F(Results, OfASecondIntentReplaceTheFirstWholly) {
  std::vector<Intent> first{intent("a", {"x", "old"})};
  ASSERT_TRUE(ledger_->intend(first, std::vector<AttemptLog>(1)).has_value());
  std::vector<Intent> second{intent("a", {"x"})};
  ASSERT_TRUE(ledger_->intend(second, std::vector<AttemptLog>(1)).has_value());
  const auto pending = ledger_->intents().value();
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].attempt.number, 2);
  EXPECT_EQ(pending[0].files.size(), 1U);
}

TEST_F(Results, OfAnEarlierAttemptStayKnownWhileALaterOneIsIntended) {
  std::vector<Intent> first{intent("a", {"x"})};
  ASSERT_TRUE(accept(first).has_value());
  std::vector<Intent> second{intent("a", {"x"})};
  ASSERT_TRUE(ledger_->intend(second, std::vector<AttemptLog>(1)).has_value());
  EXPECT_EQ(ledger_->result_of(key("a")).value().value().attempt, 1);
  EXPECT_EQ(ledger_->intents().value().at(0).attempt.number, 2);
}

TEST_F(Results, AreAskedForInTurns) {
  std::vector<Intent> intents{intent("a", {"x"}), intent("b", {"y"})};
  ASSERT_TRUE(accept(intents).has_value());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ledger_->result_of(key("a")).value().value().files[0].path, "x");
    EXPECT_FALSE(ledger_->result_of(key("none")).value().has_value());
    EXPECT_EQ(ledger_->result_of(key("b")).value().value().files[0].path, "y");
  }
}

}  // namespace
}  // namespace simswarm
