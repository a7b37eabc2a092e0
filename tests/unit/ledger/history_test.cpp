#include "ledger/ledger_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger_support.h"

namespace simswarm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class AHistory : public LedgerTest {
 protected:
  static std::vector<PlannedRun> runs(const std::vector<std::string>& keys) {
    std::vector<PlannedRun> planned;
    for (const std::string& text : keys)
      planned.push_back({{"X", static_cast<std::int64_t>(planned.size()), {{"load", text}}, 0, "7"}, key(text)});
    return planned;
  }
  void accept_in(const std::string& campaign, const std::string& text, const std::vector<std::string>& paths = {}) {
    std::vector<Intent> intents{intent(text, paths)};
    intents[0].attempt.campaign = campaign;
    intents[0].attempt.usage.user_seconds = 2;
    intents[0].attempt.usage.system_seconds = 1;
    ASSERT_TRUE(accept(intents).has_value());
  }
  void fail_in(const std::string& campaign, const std::string& text, Outcome outcome = Outcome::kModelError) {
    std::vector<Attempt> attempts{attempt(text, outcome)};
    attempts[0].campaign = campaign;
    ASSERT_TRUE(ledger_->record_attempts(attempts, {{"out", "err", "own"}}).has_value());
  }
  [[nodiscard]] CampaignRecord record(const std::string& id) {
    const auto campaigns = ledger_->campaigns().value();
    for (const CampaignRecord& campaign : campaigns) {
      if (campaign.id == id) return campaign;
    }
    ADD_FAILURE() << "no campaign " << id;
    return {};
  }
  [[nodiscard]] std::vector<std::string> ids() {
    const auto campaigns = ledger_->campaigns().value();
    std::vector<std::string> found;
    for (const CampaignRecord& campaign : campaigns) found.push_back(campaign.id);
    return found;
  }
};

TEST_F(AHistory, KnowsOfRunsThatAreNotWrittenDownYet) {
  CampaignRecord campaign;
  campaign.id = "01A";
  campaign.planned = 5;
  ASSERT_TRUE(ledger_->begin_campaign(campaign, {}, runs({"a", "b"})).has_value());
  EXPECT_EQ(record("01A").planned, 5U);
  EXPECT_EQ(ledger_->count_runs(record("01A"))->total, 5U);
  EXPECT_EQ(ledger_->count_runs(record("01A"))->not_run, 5U);
  ASSERT_TRUE(ledger_->add_runs("01A", std::vector<std::size_t>{4, 2, 3}, runs({"e", "c", "d"})).has_value());
  const auto written = ledger_->runs_of("01A").value();
  ASSERT_EQ(written.size(), 5U);
  EXPECT_EQ(written[4].key, key("e"));
  EXPECT_EQ(ledger_->count_runs(record("01A"))->total, 5U);
}

TEST_F(AHistory, IsNewUntilSomethingHasBeenExecuted) {
  ASSERT_TRUE(begin("01A", runs({"a"})).has_value());
  EXPECT_TRUE(ledger_->is_new().value());
  fail_in("01A", "a");
  EXPECT_FALSE(ledger_->is_new().value());
}

TEST_F(AHistory, RemembersWhatACampaignWasMadeWithAndCameTo) {
  CampaignRecord campaign;
  campaign.id = "01A";
  campaign.provenance = {"/project", "c0ffee", true, "/project/sim", "5ba1", "OMNeT++ 6.1", 12};
  ASSERT_TRUE(ledger_->begin_campaign(campaign, {}, {}).has_value());
  EXPECT_FALSE(record("01A").totals.has_value());
  ASSERT_TRUE(ledger_->end_campaign("01A", {"incomplete", at(9), {10, 6, 4, 3, 1, 1.5, 2.5}}).has_value());
  reopen();
  const CampaignRecord read = record("01A");
  EXPECT_EQ(read.provenance.project, "/project");
  EXPECT_EQ(read.provenance.commit, "c0ffee");
  EXPECT_EQ(read.provenance.uncommitted, true);
  EXPECT_EQ(read.provenance.program, "/project/sim");
  EXPECT_EQ(read.provenance.program_digest, "5ba1");
  EXPECT_EQ(read.provenance.simulator, "OMNeT++ 6.1");
  EXPECT_EQ(read.provenance.cores, 12);
  ASSERT_TRUE(read.totals.has_value());
  EXPECT_EQ(read.totals->total, 10U);
  EXPECT_EQ(read.totals->complete, 6U);
  EXPECT_EQ(read.totals->known, 4U);
  EXPECT_EQ(read.totals->failed, 3U);
  EXPECT_EQ(read.totals->not_run, 1U);
  EXPECT_EQ(read.totals->wall_seconds, 1.5);
  EXPECT_EQ(read.totals->cpu_seconds, 2.5);
}

TEST_F(AHistory, LeavesOpenWhetherAProjectWithoutARepositoryWasChanged) {
  ASSERT_TRUE(begin("01A").has_value());
  EXPECT_EQ(record("01A").provenance.uncommitted, std::nullopt);
}

TEST_F(AHistory, CountsWhatACampaignThatWasCutOffHadDone) {
  ASSERT_TRUE(begin("01A", runs({"a"})).has_value());
  accept_in("01A", "a");
  ASSERT_TRUE(begin("01B", runs({"a", "b", "c", "d", "e"})).has_value());
  fail_in("01B", "b", Outcome::kKilled);
  accept_in("01B", "b");
  fail_in("01B", "c");
  fail_in("01B", "d", Outcome::kCancelled);
  ASSERT_TRUE(begin("01C", runs({"e"})).has_value());
  accept_in("01C", "e");  // not the work of 01B, nor known to it
  const CampaignTotals totals = ledger_->count_runs(record("01B")).value();
  EXPECT_EQ(totals.total, 5U);
  EXPECT_EQ(totals.known, 1U);
  EXPECT_EQ(totals.complete, 2U) << "the known and the one that a second attempt completed";
  EXPECT_EQ(totals.failed, 1U);
  EXPECT_EQ(totals.not_run, 2U);
  EXPECT_EQ(totals.cpu_seconds, 3);
  EXPECT_EQ(totals.wall_seconds, 1) << "to the end of its last attempt";
}

TEST_F(AHistory, GivesTheAcceptedRunsThatACampaignPlannedInItsOrder) {
  ASSERT_TRUE(begin("01A", runs({"z"})).has_value());
  accept_in("01A", "z", {"results/z.vec", "results/z.sca"});
  ASSERT_TRUE(begin("01B", runs({"z", "b", "a"})).has_value());
  fail_in("01B", "b");
  accept_in("01B", "a", {"results/a.sca"});
  std::vector<std::string> found;
  ASSERT_TRUE(ledger_
                  ->each_accepted("01B",
                                  [&](const AcceptedRun& run) -> Status {
                                    std::string text =
                                        run.planned.run.variables.at(0).value + " of " + run.attempt.campaign;
                                    for (const ResultFile& file : run.files) text += " " + file.path;
                                    EXPECT_GT(run.accepted, at(0));
                                    EXPECT_EQ(run.planned.key, run.attempt.key);
                                    found.push_back(text);
                                    return {};
                                  })
                  .has_value());
  EXPECT_THAT(found, ElementsAre("z of 01A results/z.sca results/z.vec", "a of 01B results/a.sca"));
}

TEST_F(AHistory, StopsGivingRunsAtAnError) {
  ASSERT_TRUE(begin("01A", runs({"a", "b"})).has_value());
  accept_in("01A", "a");
  accept_in("01A", "b");
  int calls = 0;
  const Status status = ledger_->each_accepted("01A", [&](const AcceptedRun&) -> Status {
    ++calls;
    return environment_error("no more");
  });
  EXPECT_EQ(error_of(status), "no more");
  EXPECT_EQ(calls, 1);
}

TEST_F(AHistory, DropsTheLogsOfTheNamedCampaignsOnly) {
  fail_in("01A", "a");
  fail_in("01B", "b");
  const Amount logs = ledger_->logs_of({"01A"}).value();
  EXPECT_EQ(logs.count, 1U);
  EXPECT_EQ(logs.bytes, 9U);
  ASSERT_TRUE(ledger_->drop_logs({"01A"}).has_value());
  EXPECT_EQ(ledger_->logs_of({"01A"}).value().count, 0U);
  EXPECT_EQ(ledger_->log_of(key("a"), 1).value()->output, "");
  EXPECT_EQ(ledger_->log_of(key("b"), 1).value()->output, "out");
  EXPECT_EQ(ledger_->attempts_of(key("a")).value().size(), 1U) << "the attempt itself stays";
}

TEST_F(AHistory, ForgetsNoCampaignThatMadeAnAcceptedResultOrOneOnItsWay) {
  for (const char* id : {"01A", "01B", "01C"}) ASSERT_TRUE(begin(id, runs({"a", "b"})).has_value());
  accept_in("01A", "a");
  std::vector<Intent> intents{intent("b", {"x"})};
  intents[0].attempt.campaign = "01B";
  ASSERT_TRUE(ledger_->intend(intents, std::vector<AttemptLog>(1)).has_value());
  EXPECT_THAT(ledger_->forgettable({"01A", "01B", "01C"}).value(), ElementsAre("01C"));
  EXPECT_EQ(ledger_->records_of({"01C"}).value().count, 1U);
  EXPECT_GT(ledger_->records_of({"01C"}).value().bytes, 0U);
  ASSERT_TRUE(ledger_->forget_campaigns({"01A", "01B", "01C"}).has_value());
  EXPECT_THAT(ids(), ElementsAre("01B", "01A"));
  EXPECT_THAT(ledger_->runs_of("01C").value(), IsEmpty());
  EXPECT_EQ(ledger_->runs_of("01A").value().size(), 2U);
  EXPECT_TRUE(ledger_->result_of(key("a")).value().has_value());
  EXPECT_EQ(ledger_->intents().value().size(), 1U);
}

TEST_F(AHistory, ForgetsACampaignWhosePlacesHaveBeenTakenButNotItsResults) {
  ASSERT_TRUE(begin("01B", runs({"old", "equal"})).has_value());
  accept_in("01B", "old", {"results/a.sca"});
  ASSERT_TRUE(begin("01A", runs({"new"})).has_value());
  std::vector<Intent> intents{intent("new", {"results/a.sca"})};
  ASSERT_TRUE(accept(intents).has_value());
  EXPECT_THAT(ledger_->forgettable({"01A", "01B"}).value(), IsEmpty()) << "it has the same content";
  intents[0].files[0].digest = digest_of("other content");
  ASSERT_TRUE(accept(intents).has_value());
  EXPECT_THAT(ledger_->forgettable({"01A", "01B"}).value(), ElementsAre("01B"));
  ASSERT_TRUE(ledger_->forget_campaigns({"01B"}).has_value());
  EXPECT_TRUE(ledger_->result_of(key("old")).value().has_value()) << "its file may come back";
}

TEST_F(AHistory, ForgetsErrorsOnlyOfRunsThatNoCampaignPlansAnyMore) {
  ASSERT_TRUE(begin("01A", runs({"gone", "planned"})).has_value());
  fail_in("01A", "gone");
  fail_in("01A", "planned");
  ASSERT_TRUE(begin("01B", runs({"planned"})).has_value());
  ASSERT_TRUE(ledger_->forget_campaigns({"01A"}).has_value());
  EXPECT_THAT(ledger_->attempts_of(key("gone")).value(), IsEmpty());
  EXPECT_EQ(ledger_->attempts_of(key("planned")).value().size(), 1U) << "else it would be repeated";
}

TEST_F(AHistory, GivesRoomBackWhenItIsCompacted) {
  const AttemptLog log{std::string(60'000, 'x'), "", ""};
  std::vector<Attempt> attempts(20, attempt("a", Outcome::kKilled));
  ASSERT_TRUE(ledger_->record_attempts(attempts, std::vector<AttemptLog>(20, log)).has_value());
  EXPECT_EQ(ledger_->attempts_of(key("a")).value().size(), 20U);  // leaves a statement of its own behind
  ASSERT_TRUE(ledger_->drop_logs({"01A"}).has_value());
  EXPECT_GT(ledger_->unused_bytes().value(), 1'000'000U);
  ASSERT_TRUE(ledger_->compact().has_value());
  EXPECT_EQ(ledger_->unused_bytes().value(), 0U);
  EXPECT_LT(fs::file_size(folder_ / "state/ledger.sqlite"), 200'000U);
  EXPECT_EQ(ledger_->attempts_of(key("a")).value().size(), 20U);
}

}  // namespace
}  // namespace simswarm
