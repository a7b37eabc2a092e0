#include "ledger/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "ledger_support.h"

namespace simswarm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

using ALedger = LedgerTest;

TEST_F(ALedger, IsAnEmptyOneAtFirstAndIgnoresItselfInGit) {
  EXPECT_THAT(ledger_->campaigns().value(), IsEmpty());
  EXPECT_THAT(ledger_->runs_of("none").value(), IsEmpty());
  EXPECT_THAT(ledger_->intents().value(), IsEmpty());
  EXPECT_EQ(ledger_->result_of(key("a")).value(), std::nullopt);
  EXPECT_EQ(folder_.read("state/.gitignore"), "*\n");
}

TEST_F(ALedger, RemembersACampaignWithAllThatIsInIt) {
  const CampaignRecord campaign{"01A", "night", "cmdenv", "/w", {"./a b", "-c", "X"}, at(5), {}, "running", "h", "0.1"};
  const InputRecord inputs{{{"omnetpp.ini", "d1"}, {"../lib.so", "d2"}},
                           {{"X", {{"program", "p"}, {"ned", "n"}, {"data", "d"}}}, {"Y", {{"zeta", ""}}}}};
  const std::vector<PlannedRun> runs{{{"X", 9, {{"b", "1"}, {"a", "\"q, r\""}}, 2, "11"}, key("9")},
                                     {{"X", 3, {}, 0, ""}, key("3")}};
  ASSERT_TRUE(ledger_->begin_campaign(campaign, inputs, runs).has_value());
  reopen();
  const auto campaigns = ledger_->campaigns().value();
  ASSERT_EQ(campaigns.size(), 1U);
  const CampaignRecord& read = campaigns.front();
  EXPECT_EQ(read.id, "01A");
  EXPECT_EQ(read.name, "night");
  EXPECT_EQ(read.dialect, "cmdenv");
  EXPECT_EQ(read.folder, "/w");
  EXPECT_THAT(read.command, ElementsAre("./a b", "-c", "X"));
  EXPECT_EQ(read.started, at(5));
  EXPECT_EQ(read.ended, std::nullopt);
  EXPECT_EQ(read.state, "running");
  EXPECT_EQ(read.host, "h");
  EXPECT_EQ(read.version, "0.1");
  const auto planned = ledger_->runs_of("01A").value();
  ASSERT_EQ(planned.size(), 2U);
  EXPECT_EQ(planned[0].run, runs[0].run) << "in the order of the plan, variables in theirs";
  EXPECT_EQ(planned[0].key, key("9"));
  EXPECT_EQ(planned[1].run, runs[1].run);
  const InputRecord known = ledger_->inputs_of("01A").value();
  EXPECT_EQ(known.files, inputs.files);
  EXPECT_EQ(known.parts, inputs.parts);
}

TEST_F(ALedger, ListsCampaignsNewestFirstAndTheirEnds) {
  for (const char* id : {"01B", "01A", "01C"}) ASSERT_TRUE(begin(id).has_value());
  ASSERT_TRUE(ledger_->end_campaign("01B", {"incomplete", at(9), {}}).has_value());
  const auto campaigns = ledger_->campaigns().value();
  ASSERT_EQ(campaigns.size(), 3U);
  EXPECT_EQ(campaigns[0].id, "01C");
  EXPECT_EQ(campaigns[1].id, "01A") << "begun after 01B, while the clock was behind";
  EXPECT_EQ(campaigns[1].ended, std::nullopt);
  EXPECT_EQ(campaigns[2].id, "01B");
  EXPECT_EQ(campaigns[2].state, "incomplete");
  EXPECT_EQ(campaigns[2].ended, at(9));
}

TEST_F(ALedger, RefusesTheSameCampaignTwiceAndKeepsTheFirst) {
  ASSERT_TRUE(begin("01A", {{{"X", 1, {}, 0, ""}, key("1")}}).has_value());
  EXPECT_FALSE(begin("01A", {}).has_value());
  EXPECT_EQ(ledger_->runs_of("01A").value().size(), 1U);
}

TEST_F(ALedger, TellsTheKeysOfAllThatNeedsNoRun) {
  std::vector<Attempt> attempts{attempt("crashed"), attempt("wrong"), attempt("mended")};
  attempts[0].verdict.outcome = Outcome::kCrashed;
  attempts[1].verdict.outcome = attempts[2].verdict.outcome = Outcome::kModelError;
  ASSERT_TRUE(ledger_->record_attempts(attempts, std::vector<AttemptLog>(3)).has_value());
  std::vector<Attempt> again{attempt("mended")};
  again[0].verdict.outcome = Outcome::kCrashed;
  ASSERT_TRUE(ledger_->record_attempts(again, std::vector<AttemptLog>(1)).has_value());
  std::vector<Intent> intents{intent("whole", {})};
  ASSERT_TRUE(accept(intents).has_value());
  EXPECT_THAT(ledger_->known_keys(false, 10).value(), ElementsAre(key("whole")));
  EXPECT_THAT(ledger_->known_keys(true, 10).value(), ElementsAre(key("whole"), key("wrong")));
  EXPECT_THAT(ledger_->known_keys(true, 1).value(), ElementsAre(key("whole")));
}

TEST_F(ALedger, NumbersTheAttemptsOfEachKey) {
  std::vector<Attempt> attempts{attempt("a"), attempt("b"), attempt("a")};
  ASSERT_TRUE(ledger_->record_attempts(attempts, std::vector<AttemptLog>(3)).has_value());
  EXPECT_EQ(attempts[0].number, 1);
  EXPECT_EQ(attempts[1].number, 1);
  EXPECT_EQ(attempts[2].number, 2);
  EXPECT_EQ(ledger_->attempts_of(key("a")).value().size(), 2U);
  EXPECT_THAT(ledger_->attempts_of(key("c")).value(), IsEmpty());
}

TEST_F(ALedger, RemembersAnAttemptWithAllThatIsInIt) {
  Attempt made{key("a"),
               1,
               "01A",
               {Outcome::kModelError, "Queue overflow: «17»", {"50.25", 50, "(Node) Net.sink (id=2)"}},
               {1.5, 1.25, 0.25, 5ULL << 32U, 77, 1234},
               at(10),
               at(12),
               139,
               "node1",
               {"./a", "-r", "1,2"},
               "A Kind (1/2/3)"};
  std::vector<Attempt> attempts{made, attempt("b")};
  attempts[1].verdict.place.event = std::nullopt;
  const std::vector<AttemptLog> logs{{std::string("out\0put\xff", 8), "errors\n", "own\n"}, {}};
  ASSERT_TRUE(ledger_->record_attempts(attempts, logs).has_value());
  reopen();
  const Attempt read = ledger_->attempts_of(key("a")).value().at(0);
  EXPECT_EQ(read.key, made.key);
  EXPECT_EQ(read.campaign, "01A");
  EXPECT_EQ(read.verdict.outcome, Outcome::kModelError);
  EXPECT_EQ(read.verdict.message, made.verdict.message);
  EXPECT_EQ(read.verdict.place.simulated_time, "50.25");
  EXPECT_EQ(read.verdict.place.event, 50);
  EXPECT_EQ(read.verdict.place.module, "(Node) Net.sink (id=2)");
  EXPECT_EQ(read.usage.wall_seconds, 1.5);
  EXPECT_EQ(read.usage.user_seconds, 1.25);
  EXPECT_EQ(read.usage.system_seconds, 0.25);
  EXPECT_EQ(read.usage.peak_memory, 5ULL << 32U);
  EXPECT_EQ(read.usage.result_bytes, 77U);
  EXPECT_EQ(read.usage.events, 1234U);
  EXPECT_EQ(read.started, at(10));
  EXPECT_EQ(read.ended, at(12));
  EXPECT_EQ(read.exit_code, 139);
  EXPECT_EQ(read.host, "node1");
  EXPECT_EQ(read.cpu, "A Kind (1/2/3)");
  EXPECT_THAT(read.command, ElementsAre("./a", "-r", "1,2"));
  EXPECT_EQ(ledger_->attempts_of(key("b")).value().at(0).verdict.place.event, std::nullopt);
  const AttemptLog log = ledger_->log_of(key("a"), 1).value().value();
  EXPECT_EQ(log.output, logs[0].output) << "output is bytes";
  EXPECT_EQ(log.errors, "errors\n");
  EXPECT_EQ(log.own, "own\n");
  EXPECT_FALSE(ledger_->log_of(key("a"), 2).value().has_value());
}

TEST_F(ALedger, GivesTheDurationsOfAcceptedRunsOfAConfiguration) {
  ASSERT_TRUE(begin("01A", {{{"X", 1, {{"a", "1"}}, 0, ""}, key("a")},
                            {{"X", 2, {{"a", "2"}}, 0, ""}, key("b")},
                            {{"Y", 1, {}, 0, ""}, key("c")}})
                  .has_value());
  std::vector<Intent> intents{intent("a", {}), intent("c", {})};
  intents[0].attempt.usage.wall_seconds = 2.5;
  ASSERT_TRUE(accept(intents).has_value());
  std::vector<Attempt> failed{attempt("b")};
  ASSERT_TRUE(ledger_->record_attempts(failed, std::vector<AttemptLog>(1)).has_value());
  const auto learned = ledger_->learned("X").value();
  ASSERT_EQ(learned.size(), 1U);
  EXPECT_EQ(learned[0].run.number, 1);
  EXPECT_EQ(learned[0].wall_seconds, 2.5);
}

TEST_F(ALedger, RecallsWhatItWasToldToRemember) {
  EXPECT_EQ(ledger_->recall("a").value(), std::nullopt);
  ASSERT_TRUE(ledger_->remember("a", "x").has_value());
  ASSERT_TRUE(ledger_->remember("a", "y").has_value());
  EXPECT_EQ(ledger_->recall("a").value(), "y");
  EXPECT_EQ(ledger_->recall("b").value(), std::nullopt);
}

TEST_F(ALedger, RemembersDigestsAsLongAsTheFileIsTheSame) {
  const FileIdentity file{1, 2, 3, 4, 5};
  EXPECT_EQ(ledger_->known_digest(file).value(), std::nullopt);
  ASSERT_TRUE(ledger_->remember_digests({{file, digest_of("x")}, {{1, 7, 3, 4, 5}, digest_of("y")}}).has_value());
  EXPECT_EQ(ledger_->known_digest(file).value(), digest_of("x"));
  EXPECT_EQ(ledger_->known_digest({1, 7, 3, 4, 5}).value(), digest_of("y"));
  for (const FileIdentity& other :
       {FileIdentity{9, 2, 3, 4, 5}, FileIdentity{1, 9, 3, 4, 5}, FileIdentity{1, 2, 9, 4, 5},
        FileIdentity{1, 2, 3, 9, 5}, FileIdentity{1, 2, 3, 4, 9}}) {
    EXPECT_EQ(ledger_->known_digest(other).value(), std::nullopt);
  }
  ASSERT_TRUE(ledger_->remember_digests({{{1, 2, 3, 6, 6}, digest_of("z")}}).has_value());
  EXPECT_EQ(ledger_->known_digest({1, 2, 3, 6, 6}).value(), digest_of("z"));
  EXPECT_EQ(ledger_->known_digest(file).value(), std::nullopt) << "the file that was there is gone";
}

TEST_F(ALedger, GivesAKeyToOneLivingOwnerOnly) {
  const std::vector<RunKey> keys{key("a"), key("b"), key("c")};
  const auto all_alive = [](const std::string&) { return true; };
  EXPECT_THAT(ledger_->claim({keys.data(), 2}, "one", all_alive).value(), IsEmpty());
  EXPECT_THAT(ledger_->claim(keys, "two", all_alive).value(), ElementsAre(Pair(0, "one"), Pair(1, "one")));
  EXPECT_THAT(ledger_->claim(keys, "one", all_alive).value(), ElementsAre(Pair(2, "two"))) << "its own it still has";
}

TEST_F(ALedger, TakesKeysFromTheDead) {
  const std::vector<RunKey> keys{key("a"), key("b")};
  const auto alive = [](const std::string& owner) { return owner != "dead"; };
  ASSERT_THAT(ledger_->claim({keys.data(), 1}, "dead", alive).value(), IsEmpty());
  EXPECT_THAT(ledger_->claim(keys, "living", alive).value(), IsEmpty());
  EXPECT_THAT(ledger_->claim(keys, "third", alive).value(), ElementsAre(Pair(0, "living"), Pair(1, "living")));
}

TEST_F(ALedger, LetsGoOfAllThatAnOwnerHas) {
  const std::vector<RunKey> keys{key("a"), key("b")};
  const auto all_alive = [](const std::string&) { return true; };
  ASSERT_TRUE(ledger_->claim({keys.data(), 1}, "one", all_alive).has_value());
  ASSERT_TRUE(ledger_->claim({&keys[1], 1}, "two", all_alive).has_value());
  ASSERT_TRUE(ledger_->release("one").has_value());
  EXPECT_THAT(ledger_->claim(keys, "three", all_alive).value(), ElementsAre(Pair(1, "two")));
}

TEST_F(ALedger, LetsGoOfAKeyWhoseResultIsAccepted) {
  const std::vector<RunKey> keys{key("a")};
  const auto all_alive = [](const std::string&) { return true; };
  ASSERT_TRUE(ledger_->claim(keys, "one", all_alive).has_value());
  std::vector<Intent> intents{intent("a", {"x"})};
  ASSERT_TRUE(accept(intents).has_value());
  EXPECT_THAT(ledger_->claim(keys, "two", all_alive).value(), IsEmpty());
}

TEST_F(ALedger, LetsGoOfSingleKeys) {
  const std::vector<RunKey> keys{key("a"), key("b")};
  const auto all_alive = [](const std::string&) { return true; };
  ASSERT_TRUE(ledger_->claim(keys, "one", all_alive).has_value());
  ASSERT_TRUE(ledger_->release(std::span(keys).first(1)).has_value());
  EXPECT_THAT(ledger_->claim(keys, "two", all_alive).value(), ElementsAre(Pair(1, "one")));
}

TEST_F(ALedger, KnowsHowManyRunsOfACampaignAreNoted) {
  ASSERT_TRUE(begin("01A", {{{"X", 1, {}, 0, ""}, key("a")}}).has_value());
  EXPECT_EQ(ledger_->noted_runs("01A").value(), 1U);
  EXPECT_EQ(ledger_->noted_runs("01B").value(), 0U);
}

TEST_F(ALedger, IsSharedByTwoAtOnce) {
  auto other = Ledger::open(folder_ / "state").value();
  ASSERT_TRUE(begin("01A").has_value());
  EXPECT_EQ(other->campaigns().value().size(), 1U) << "the other sees it at once";
  const std::vector<RunKey> keys{key("a")};
  const auto all_alive = [](const std::string&) { return true; };
  ASSERT_THAT(other->claim(keys, "other", all_alive).value(), IsEmpty());
  EXPECT_THAT(ledger_->claim(keys, "we", all_alive).value(), ElementsAre(Pair(0, "other")));
}

// Each of two ledgers records attempts of the same key as fast as it can: no number is given twice.
TEST_F(ALedger, IsWrittenByTwoAtOnce) {
  constexpr int kEach = 25;
  const auto record = [this](std::string& trouble) {
    const auto ledger = Ledger::open(folder_ / "state");
    if (!ledger) trouble = ledger.error().message;
    for (int i = 0; i < kEach && ledger; ++i) {
      std::vector<Attempt> attempts{attempt("a")};
      if (const auto recorded = (*ledger)->record_attempts(attempts, std::vector<AttemptLog>(1)); !recorded) {
        trouble = recorded.error().message;
      }
    }
  };
  std::string first;
  std::string second;
  std::thread one(record, std::ref(first));
  std::thread two(record, std::ref(second));
  one.join();
  two.join();
  EXPECT_EQ(first + second, "");
  const auto attempts = ledger_->attempts_of(key("a")).value();
  ASSERT_EQ(attempts.size(), 2U * kEach);
  for (std::size_t i = 0; i < attempts.size(); ++i) EXPECT_EQ(attempts[i].number, static_cast<int>(i) + 1);
}

TEST_F(ALedger, TellsThePathsThatRunsHaveWritten) {
  std::vector<Intent> intents{intent("a", {"results/a.sca", "x"}), intent("b", {"x"})};
  ASSERT_TRUE(accept(intents).has_value());
  ASSERT_TRUE(ledger_->forget_results(std::vector{key("a")}).has_value());
  EXPECT_THAT(ledger_->written_paths().value(), UnorderedElementsAre("results/a.sca", "x")) << "forgotten ones too";
}

}  // namespace
}  // namespace simswarm
