#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "campaign/campaign.h"
#include "fake_dialect.h"
#include "ledger_support.h"

namespace simswarm::campaign {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A study of three runs whose program is a script.
class APlan : public LedgerTest {
 protected:
  APlan() {
    folder_.script("work/model", "exit 0");
    folder_.write("work/data.csv", "1");
    options_.working_folder = folder_ / "work";
    options_.state.root = folder_ / "state";
  }
  Plan plan(bool dry = false) {
    auto made = make_plan(options_, dialect_, *ledger_, dry);
    EXPECT_TRUE(made.has_value()) << error_of(made);
    return made ? std::move(*made) : Plan{};
  }
  std::string refusal() { return error_of(make_plan(options_, dialect_, *ledger_, false)); }
  std::vector<Decision> decisions() {
    std::vector<Decision> all;
    for (const Planned run : plan().runs) all.push_back(run.decision);
    return all;
  }
  std::string reason(std::size_t run) { return plan().runs.at(run).reason; }

  // As if an earlier campaign had executed the run.
  void complete(std::size_t run, const std::string& path, const std::string& content,
                const std::string& digest_of_text) {
    const fs::path file = folder_.write("work/" + path, content);
    Intent made;
    made.attempt = attempt("");
    made.attempt.key = plan().runs.at(run).key;
    made.folder = options_.working_folder.string();
    made.files = {{path, content.size(), digest_of(digest_of_text), identify(file).value()}};
    made.staged = {"/gone"};
    std::vector<Intent> intents{made};
    ASSERT_TRUE(accept(intents).has_value());
  }
  void complete(std::size_t run) { complete(run, result(run), "result", "result"); }
  void fail(std::size_t run, Outcome outcome) {
    std::vector<Attempt> attempts{attempt("", outcome)};
    attempts[0].key = plan().runs.at(run).key;
    ASSERT_TRUE(ledger_->record_attempts(attempts, std::vector<AttemptLog>(1)).has_value());
  }
  static std::string result(std::size_t run) { return "results/" + std::to_string(run) + ".csv"; }

  FakeDialect dialect_{3};
  Options options_;
};

TEST_F(APlan, ExecutesAllRunsAtFirst) {
  const Plan first = plan();
  ASSERT_THAT(first.runs, SizeIs(3));
  for (const Planned run : first.runs) {
    EXPECT_EQ(run.decision, Decision::kRun);
    EXPECT_EQ(run.reason, "new, or something that it can see has changed");
  }
  const std::vector<Job> jobs = Backlog(first.jobs).take(9);
  ASSERT_THAT(jobs, SizeIs(3));
  EXPECT_THAT(jobs[2].runs, ElementsAre(2));
  EXPECT_THAT(first.campaign, SizeIs(26));
  EXPECT_TRUE(first.inputs.files.contains("data.csv"));
  EXPECT_TRUE(first.inputs.parts.contains("Study"));
}

TEST_F(APlan, GivesEachRunAKeyOfItsOwnThatStays) {
  const Plan first = plan();
  const Plan second = plan();
  EXPECT_NE(first.runs[0].key, first.runs[1].key);
  EXPECT_EQ(first.runs[0].key, second.runs[0].key);
  EXPECT_NE(first.campaign, second.campaign);
}

TEST_F(APlan, DoesNotExecuteWhatIsKnown) {
  complete(1);
  EXPECT_THAT(decisions(), ElementsAre(Decision::kRun, Decision::kKnown, Decision::kRun));
  EXPECT_EQ(reason(1), "complete since campaign 01A");
  EXPECT_EQ(plan().runs[1].known->number, 1);
  EXPECT_THAT(plan().jobs, SizeIs(2));
}

TEST_F(APlan, ExecutesAgainWhenWhatARunCanSeeHasChanged) {
  complete(1);
  folder_.write("work/README.md", "new");
  EXPECT_EQ(decisions()[1], Decision::kKnown) << "an unrelated file";
  folder_.write("work/data.csv", "2");
  EXPECT_EQ(decisions()[1], Decision::kRun);
  folder_.write("work/data.csv", "1");
  EXPECT_EQ(decisions()[1], Decision::kKnown) << "as it was";
  folder_.script("work/model", "exit 0 # new");
  EXPECT_EQ(decisions()[1], Decision::kRun);
  folder_.script("work/model", "exit 0");
  dialect_.words = {{"arguments", "--x"}};
  EXPECT_EQ(decisions()[1], Decision::kRun);
}

TEST_F(APlan, ExecutesAgainWhatHasLostItsResult) {
  complete(1);
  fs::remove(folder_ / "work" / result(1));
  EXPECT_EQ(reason(1), "its result results/1.csv is gone");
  EXPECT_EQ(plan().runs[1].distrusted, 1);
  EXPECT_EQ(decisions()[1], Decision::kRun);
}

TEST_F(APlan, ExecutesAgainWhatWasTamperedWith) {
  complete(1);
  folder_.write("work/" + result(1), "tampered");
  EXPECT_EQ(reason(1), "its result results/1.csv has been changed");
  EXPECT_EQ(decisions()[1], Decision::kRun) << "and is not believed the next time";
}

TEST_F(APlan, BelievesAResultThatWasOnlyTouched) {
  complete(1);
  fs::last_write_time(folder_ / "work" / result(1), fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_EQ(decisions()[1], Decision::kKnown);
  const auto known = ledger_->result_of(plan().runs[1].key).value().value();
  EXPECT_EQ(known.files.at(0).identity, identify(folder_ / "work" / result(1)).value());
}

TEST_F(APlan, ReadsResultsAgainWhenAskedTo) {
  complete(1, result(1), "result", "another");
  EXPECT_EQ(decisions()[1], Decision::kKnown) << "the same device, inode, size and times";
  options_.verify = true;
  EXPECT_EQ(reason(1), "its result results/1.csv has been changed");
}

TEST_F(APlan, ExecutesAgainWhatHasItsResultsElsewhere) {
  complete(1, "other/1.csv", "result", "result");
  EXPECT_EQ(decisions()[1], Decision::kRun);
  complete(1, "other/1.csv", "result", "result");
  EXPECT_EQ(reason(1), "its results are elsewhere (other/1.csv)");
}

TEST_F(APlan, ListsModelErrorsAndDoesNotRepeatThem) {
  fail(0, Outcome::kModelError);
  fail(1, Outcome::kFingerprintMismatch);
  fail(2, Outcome::kKilled);
  EXPECT_THAT(decisions(), ElementsAre(Decision::kKnownError, Decision::kKnownError, Decision::kRun));
  EXPECT_EQ(reason(0), "the same model_error would come again; --retry-failed tries it all the same");
  EXPECT_EQ(reason(2), "attempt 1 ended killed");
  options_.retry_failed = true;
  EXPECT_THAT(decisions(), Each(Decision::kRun));
  EXPECT_EQ(reason(0), "attempt 1 ended model_error");
}

TEST_F(APlan, KeepsInseparableRunsTogether) {
  dialect_.groups = {{0, 2}};
  complete(0);
  const Plan made = plan();
  EXPECT_EQ(made.runs[0].decision, Decision::kRun);
  EXPECT_EQ(made.runs[0].reason, "shares a result file with a run that runs again");
  const std::vector<Job> jobs = Backlog(made.jobs).take(9);
  ASSERT_THAT(jobs, SizeIs(2));
  EXPECT_THAT(jobs[0].runs, ElementsAre(0, 2));
  EXPECT_THAT(jobs[1].runs, ElementsAre(1));
}

TEST_F(APlan, ExecutesNothingOfAGroupThatIsKnown) {
  dialect_.groups = {{0, 2}};
  complete(0);
  complete(2);
  complete(1);
  EXPECT_THAT(plan().jobs, IsEmpty());
}

TEST_F(APlan, RefusesTwoRunsWithOneKey) {
  dialect_.runs[2] = dialect_.runs[0];
  EXPECT_EQ(refusal(),
            "Study#0 and Study#0 are the same run (same configuration, values, repetition, seed set and number): "
            "leave one out");
}

TEST_F(APlan, RefusesFilesInTheWayWhereItIsTold) {
  folder_.write("work/results/0.csv", "foreign");
  folder_.write("work/results/2.csv", "foreign");
  EXPECT_THAT(decisions(), SizeIs(3)) << "by default they are kept aside later";
  options_.existing = Existing::kRefuse;
  EXPECT_EQ(refusal(),
            "2 result files stand in the way, the first is results/0.csv: move them, or choose --existing=keep (they "
            "are put aside) or --existing=replace");
  fs::remove(folder_ / "work/results/0.csv");
  EXPECT_THAT(refusal(), HasSubstr("1 result file stands in the way, the first is results/2.csv"));
}

TEST_F(APlan, RefusesResultPathsThatAreNoFiles) {
  folder_.folder("work/results/1.csv");
  EXPECT_THAT(refusal(), HasSubstr("is no regular file (a folder)"));
}

TEST_F(APlan, NeedsAProgram) {
  dialect_.program = "./none";
  EXPECT_THAT(refusal(), HasSubstr("program «./none» is not there"));
}

TEST_F(APlan, CountsWhatRunsWroteAsNoInput) {
  const RunKey before = plan().runs[0].key;
  complete(1, "trace.csv", "result", "result");
  EXPECT_EQ(plan().runs[0].key, before);
}

TEST_F(APlan, SweepsAndRollsForwardUnlessItIsDry) {
  folder_.write("state/scratch/dead/x", "");
  Intent made = intent("a", {});
  made.staged = {folder_.write("state/staged", "x").string()};
  made.files = {{"a.csv", 1, digest_of("x"), {}}};
  made.folder = (folder_ / "work").string();
  std::vector<Intent> intents{made};
  ASSERT_TRUE(ledger_->intend(intents, std::vector<AttemptLog>(1)).has_value());
  EXPECT_EQ(plan(true).rolled_forward.placed, 0U);
  EXPECT_TRUE(fs::exists(folder_ / "state/scratch/dead"));
  EXPECT_EQ(plan().rolled_forward.placed, 1U);
  EXPECT_EQ(folder_.read("work/a.csv"), "x");
  EXPECT_FALSE(fs::exists(folder_ / "state/scratch/dead"));
}

TEST_F(APlan, WaitsForFinishedResultsThatCannotBePlaced) {
  Intent made = intent("a", {});
  made.staged = {folder_.write("state/scratch/dead/1/x", "x").string()};
  made.files = {{"blocked/a.csv", 1, digest_of("x"), {}}};
  made.folder = (folder_ / "work").string();
  std::vector<Intent> intents{made};
  ASSERT_TRUE(ledger_->intend(intents, std::vector<AttemptLog>(1)).has_value());
  folder_.write("work/blocked", "a file where a folder should be");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("finished results wait in " + (folder_ / "state").string() +
                                         " and cannot be brought into place: "),
                               HasSubstr("; mend that and call again")));
  EXPECT_EQ(folder_.read("state/scratch/dead/1/x"), "x");
  fs::remove(folder_ / "work/blocked");
  EXPECT_EQ(plan().rolled_forward.placed, 1U);
  EXPECT_EQ(folder_.read("work/blocked/a.csv"), "x");
}

TEST_F(APlan, WatchesItsInputsAndHidesWhatRunsWroteBesideTheirResults) {
  complete(1, "trace.csv", "result", "result");
  const Plan made = plan();
  EXPECT_THAT(made.hidden, ElementsAre("trace.csv"));
  std::vector<std::string> watched;
  for (const WatchedInput& input : made.watched) watched.push_back(input.path.filename().string());
  EXPECT_THAT(watched, Contains("data.csv"));
}

}  // namespace
}  // namespace simswarm::campaign
