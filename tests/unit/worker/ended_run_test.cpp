#include "worker/ended_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "base/digest.h"
#include "fake_dialect.h"
#include "test_folder.h"

namespace simswarm::worker {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr int kExit = 256;  // an exit code in a wait status, wait(2)

TEST(EndedRuns, HaveTheCodeThatAShellTells) {
  EXPECT_EQ(exit_code_of(0), 0);
  EXPECT_EQ(exit_code_of(3 * kExit), 3);
  EXPECT_EQ(exit_code_of(SIGKILL), 137);
}

TEST(EndedRuns, AreExplainedWhereWeEndedThem) {
  exec::Limits limits;
  limits.timeout = 90;
  EXPECT_EQ(explain(Outcome::kTimedOut, limits), "took longer than 1 min 30 s (--timeout)");
  EXPECT_EQ(explain(Outcome::kOutOfMemory, limits), "the machine ran out of memory");
  EXPECT_EQ(explain(Outcome::kCancelled, limits), "ended by the user");
  EXPECT_EQ(explain(Outcome::kModelError, limits), "") << "that the dialect says";
}

TEST(EndedRuns, HaveLabelsForFileNames) {
  const simswarm::Run run{"Study", 3, {{"load", "1/2"}}, 0, ""};
  EXPECT_EQ(label_of(run).find_first_of("/: "), std::string::npos) << label_of(run);
}

// A batch of two runs, of which the second failed.
Finished two_runs() {
  Finished finished;
  finished.batch.runs = {0, 1};
  finished.batch.argv = {"./model", "0", "1"};
  finished.ended.usage.wall_seconds = 10;
  finished.ended.usage.user_seconds = 6;
  finished.ended.evidence.wait_status = kExit;
  finished.judgements = {{{Outcome::kCompleted, "", {}}, 100, {}}, {{Outcome::kStalled, "", {}}, 50, {}}};
  return finished;
}

TEST(EndedRuns, ShareWhatTheirProcessUsed) {
  const Attempt attempt = attempt_of({}, two_runs(), 0);
  EXPECT_EQ(attempt.usage.wall_seconds, 5);
  EXPECT_EQ(attempt.usage.user_seconds, 3);
  EXPECT_EQ(attempt.usage.events, 100U);
  EXPECT_EQ(attempt.exit_code, 1);
  EXPECT_THAT(attempt.command, ElementsAre("./model", "0", "1"));
}

TEST(EndedRuns, SayWhyTheLoopEndedThem) {
  Finished finished = two_runs();
  finished.reason = "no sign of life";
  EXPECT_EQ(attempt_of({}, finished, 0).verdict.message, "") << "it was complete before";
  EXPECT_EQ(attempt_of({}, finished, 1).verdict.message, "no sign of life");
}

TEST(EndedRuns, HaveFilesWhereTheyWereLeft) {
  Evidence evidence;
  evidence.left = "/left";
  evidence.files.push_back({"results/a.csv", "/layer/results/a.csv"});
  const Judgement judgement{{}, 0, {"results/a.csv", "results/b.csv"}};
  EXPECT_THAT(files_of(judgement, evidence), ElementsAre(Pair("results/a.csv", fs::path("/layer/results/a.csv")),
                                                         Pair("results/b.csv", fs::path("/left/results/b.csv"))));
}

// A run that was accepted with one file, and was tried again.
class ATrial : public testing::Test {
 protected:
  ATrial() {
    folder_.write("work/results/0.csv", "load,delay\n1,2\n");
    evidence_.left = folder_ / "left";
    judgement_.verdict.outcome = Outcome::kCompleted;
    judgement_.files = {"results/0.csv"};
    accepted_ = {{"results/0.csv", 0, {}, {}}};
  }
  [[nodiscard]] std::string difference() const {
    return trial_difference(dialect_, dialect_.runs[0], judgement_, evidence_, accepted_, folder_ / "work");
  }
  TestFolder folder_;
  FakeDialect dialect_{1};
  Evidence evidence_;
  Judgement judgement_;
  std::vector<ResultFile> accepted_;
};

TEST_F(ATrial, FindsNoDifferenceInEqualFiles) {
  folder_.write("left/results/0.csv", "load,delay\n1,2\n");
  EXPECT_EQ(difference(), "");
}

TEST_F(ATrial, FindsWhatDiffers) {
  folder_.write("left/results/0.csv", "load,delay\n1,3\n");
  EXPECT_NE(difference(), "");
}

TEST_F(ATrial, FindsFilesThatOneOfTheTwoHasNotLeft) {
  accepted_.clear();
  folder_.write("left/results/0.csv", "load,delay\n1,2\n");
  EXPECT_EQ(difference(), "results/0.csv is left by one of the two only");
}

TEST_F(ATrial, DiffersWhereItIsNotComplete) {
  judgement_.verdict.outcome = Outcome::kCrashed;
  EXPECT_EQ(difference(), short_name(dialect_.runs[0]) + " ended crashed when it was tried");
}

}  // namespace
}  // namespace simswarm::worker
