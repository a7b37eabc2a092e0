#include "simulator/cmdenv_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "base/text.h"
#include "test_folder.h"

namespace simswarm::cmdenv {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kTimeLimit = "<!> Simulation time limit reached -- at t=100s, event #101";
constexpr const char* kInModule = " -- in module (Node) Net.sink (id=2), at t=50s, event #50";
constexpr const char* kScalars = "version 3\nrun Study-0\n\nscalar Net.sink delay:mean 1\n\n";

int exited(int code) {
  return code << 8;
}

// A process that has executed runs of «Study», and what it said and left.
class CmdenvJudge : public testing::Test {
 protected:
  using Run = simswarm::Run;  // not testing::Test::Run

  void SetUp() override {
    evidence_.output = folder_ / "stdout";
    evidence_.errors = folder_ / "stderr";
    evidence_.left = folder_.folder("left");
    batch_of(1);
  }
  void batch_of(std::int64_t count) {
    batch_.clear();
    for (std::int64_t i = 0; i < count; ++i) {
      const std::string stem = "results/Study-load=" + std::to_string(i) + "-#0";
      batch_.push_back(
          {{"Study", i, {}, 0, ""}, stem + ".sca", stem + ".vec", stem + ".vci", stem + ".out", stem + ".elog"});
    }
  }
  void left(const std::string& path, const std::string& content) {
    evidence_.files.push_back({path, folder_.write("left/" + path, content), content.size()});
    std::sort(evidence_.files.begin(), evidence_.files.end(),
              [](const LeftFile& a, const LeftFile& b) { return a.path < b.path; });
  }
  // Result files of a run that was closed as it should be.
  void left_whole(std::size_t i = 0) {
    const std::string vectors = "version 3\nvector 0 Net.sink delay ETV\n0\t1\t1\t2\n\n";
    left(batch_[i].scalars, kScalars);
    left(batch_[i].vectors, vectors);
    left(batch_[i].index, "file " + std::to_string(vectors.size()) + " 1795353668                \nversion 3\n\n");
  }
  // Result files of a run that ended in the middle.
  void left_torn(std::size_t i = 0) {
    left(batch_[i].vectors, "");
    left(batch_[i].index, "");
  }
  void begin(std::size_t i = 0) { output_ += "Study run " + std::to_string(i) + ": $load=1, $repetition=0\n"; }
  void say(const std::string& line) { output_ += "\n" + line + "\n"; }
  void say_error(const std::string& line) { errors_ += "\n" + line + "\n"; }

  std::vector<Judgement> judgements() {
    folder_.write("stdout", output_);
    folder_.write("stderr", errors_);
    return judge(batch_, evidence_);
  }
  // «outcome: message» of each run.
  std::vector<std::string> verdicts() {
    std::vector<std::string> texts;
    for (const Judgement& judgement : judgements()) {
      texts.push_back(std::string(to_text(judgement.verdict.outcome)) + ": " + judgement.verdict.message);
    }
    return texts;
  }
  std::string verdict() { return verdicts().at(0); }

  TestFolder folder_;
  std::vector<ExpectedFiles> batch_;
  Evidence evidence_;
  std::string output_;
  std::string errors_;
};

TEST_F(CmdenvJudge, CompletesARunThatSaysSoAndHasWholeFiles) {
  begin();
  say(kTimeLimit);
  left_whole();
  EXPECT_EQ(verdict(), "completed: ");
  const Judgement judgement = judgements().at(0);
  EXPECT_EQ(judgement.verdict.place.simulated_time, "100");
  EXPECT_EQ(judgement.verdict.place.event, 101);
  EXPECT_EQ(judgement.events, 101U);
  EXPECT_THAT(judgement.files,
              ElementsAre("results/Study-load=0-#0.sca", "results/Study-load=0-#0.vci", "results/Study-load=0-#0.vec"));
}

TEST_F(CmdenvJudge, HearsARunThatWritesToItsOwnFile) {
  begin();
  left_whole();
  left(batch_[0].output, "Initializing...\n\n" + std::string(kTimeLimit) + "\n");
  EXPECT_EQ(verdict(), "completed: ");
}

TEST_F(CmdenvJudge, TellsAModelsOwnStopText) {
  begin();
  say("<!> Simulation stopped with endSimulation()" + std::string(kInModule));
  left_whole();
  EXPECT_EQ(verdict(), "completed: ");
  output_.clear();
  begin();
  say("<!> All packets delivered" + std::string(kInModule));
  EXPECT_EQ(verdict(), "completed: stopped by the model: All packets delivered");
  EXPECT_EQ(judgements().at(0).verdict.place.module, "(Node) Net.sink (id=2)");
}

TEST_F(CmdenvJudge, LooksPastAlertsAndWordsAfterTheEnd) {
  begin();
  say("<!> watch out");
  say("<!> Errors so far: 3");
  say(kTimeLimit);
  say("<!> late alert");
  say("undisposed object: (omnetpp::cMessage) Net.sink.tick -- check module destructor");
  left_whole();
  EXPECT_EQ(verdict(), "completed: ");
}

TEST_F(CmdenvJudge, CompletesARunWithoutVectors) {
  begin();
  say(kTimeLimit);
  left(batch_[0].scalars, kScalars);
  EXPECT_EQ(verdict(), "completed: ");
}

TEST_F(CmdenvJudge, CompletesARunThatRecordsNothingAndSaysSo) {
  begin();
  say(kTimeLimit);
  EXPECT_EQ(verdict(), "completed: wrote no scalar or vector file");
}

TEST_F(CmdenvJudge, DoesNotBelieveTheExitCodeAlone) {
  begin();
  left_whole();
  EXPECT_EQ(verdict(), "incomplete: exit code 0, but no line that says why the simulation ended");
}

TEST_F(CmdenvJudge, DoesNotBelieveTheWordsAlone) {
  begin();
  say(kTimeLimit);
  left(batch_[0].scalars, "");
  EXPECT_EQ(verdict(),
            "incomplete: says «Simulation time limit reached», but results/Study-load=0-#0.sca is empty (was the disk "
            "full?)");
  evidence_.files.clear();
  left(batch_[0].scalars, "version 3\nscalar Net.si");
  EXPECT_THAT(verdict(), HasSubstr("incomplete: says «Simulation time limit reached», but results/Study-load=0-#0.sca "
                                   "ends in the middle of a line"));
}

TEST_F(CmdenvJudge, LooksAtTheIndexOfVectors) {
  begin();
  say(kTimeLimit);
  batch_[0].may_lack_scalars = true;
  left(batch_[0].vectors, "0123456789");
  EXPECT_THAT(verdict(), HasSubstr("has no index: it was not closed"));
  left(batch_[0].index, "                        \nversion 3\n");
  EXPECT_THAT(verdict(), HasSubstr(".vci was not closed"));
  evidence_.files.erase(evidence_.files.begin());
  left(batch_[0].index, "file 11 1795353668      \nversion 3\n");
  EXPECT_THAT(verdict(), HasSubstr(".vec has 10 bytes, its index says 11"));
  evidence_.files.erase(evidence_.files.begin());
  left(batch_[0].index, "file 10 1795353668      \nversion 3\n");
  EXPECT_EQ(verdict(), "completed: ");
}

TEST_F(CmdenvJudge, TakesDatabasesAsResultsToo) {
  begin();
  say(kTimeLimit);
  left(batch_[0].scalars, std::string("SQLite format 3\0binary", 22));
  left(batch_[0].vectors, std::string("SQLite format 3\0binary", 22));
  EXPECT_EQ(verdict(), "completed: ");
  left(batch_[0].scalars + "-journal", "x");
  EXPECT_THAT(verdict(), HasSubstr("-journal was left: a database was not closed"));
}

TEST_F(CmdenvJudge, CallsARunLimitedThatALimitCutShort) {
  for (const std::string what : {"CPU time limit reached", "Realtime limit reached"}) {
    output_.clear();
    begin();
    say("<!> " + what + " -- at t=1024s, event #1024");
    EXPECT_EQ(verdict(), "limited: cut short: " + what);
    EXPECT_EQ(judgements().at(0).verdict.place.simulated_time, "1024");
  }
}

TEST_F(CmdenvJudge, TellsAFingerprintThatDoesNotMatch) {
  begin();
  say(kTimeLimit);
  say("<!> Fingerprint mismatch! calculated: 7f76-22f0/tplx, expected: 0000-0000");
  left_whole();
  EXPECT_EQ(verdict(), "fingerprint_mismatch: Fingerprint mismatch! calculated: 7f76-22f0/tplx, expected: 0000-0000");
}

// An error of each kind, as it looks on standard error and redirected into the run's own file.
struct ErrorCase {
  const char* name;
  std::string line;
  std::string verdict;
};

class CmdenvErrors : public CmdenvJudge, public testing::WithParamInterface<std::tuple<ErrorCase, bool>> {};

TEST_P(CmdenvErrors, AreModelErrorsWithTextAndPlace) {
  const auto& [error, redirected] = GetParam();
  evidence_.wait_status = exited(1);
  begin();
  left_torn();
  if (redirected) {
    left(batch_[0].output, "\n" + error.line + "\n");
    errors_ = "<!> Error -- see " + batch_[0].output + " for details\n";
  } else {
    say_error(error.line);
  }
  EXPECT_EQ(verdict(), error.verdict);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, CmdenvErrors,
    testing::Combine(
        testing::Values(
            ErrorCase{"InEvent", "<!> Error: Queue overflow: 17 packets" + std::string(kInModule),
                      "model_error: Queue overflow: 17 packets"},
            ErrorCase{"OwnWord", "<!> Error in the thing" + std::string(kInModule), "model_error: Error in the thing"},
            ErrorCase{"StdException", "<!> Error: std::runtime_error: plain" + std::string(kInModule),
                      "model_error: std::runtime_error: plain"},
            ErrorCase{"InInitialize",
                      "<!> Error: Bad start -- in module (Node) Net.sink (id=2), during network initialization",
                      "model_error: Bad start (during network initialization)"},
            ErrorCase{"InFinish", "<!> Error: Bad finish -- in module (Node) Net.sink (id=2), during finalization",
                      "model_error: Bad finish (during finalization)"},
            ErrorCase{"NoNetwork", "<!> Error: Network 'Foo' not found, check .ini and .ned files",
                      "model_error: Network 'Foo' not found, check .ini and .ned files"}),
        testing::Bool()),
    [](const auto& info) {
      return std::string(std::get<0>(info.param).name) + (std::get<1>(info.param) ? "Redirected" : "Plain");
    });

TEST_F(CmdenvJudge, BelievesAnErrorAfterTheStopLine) {
  evidence_.wait_status = exited(1);
  begin();
  say(kTimeLimit);
  say_error("<!> Error: Bad finish -- in module (Node) Net.sink (id=2), during finalization");
  left_whole();
  EXPECT_EQ(verdict(), "model_error: Bad finish (during finalization)");
}

TEST_F(CmdenvJudge, HearsAnErrorBeforeTheFirstRun) {
  evidence_.wait_status = exited(1);
  say_error("<!> Error: Could not load NED sources from 'nope': realpath() failed: No such file or directory");
  EXPECT_EQ(verdict(),
            "model_error: Could not load NED sources from 'nope': realpath() failed: No such file or directory");
}

TEST_F(CmdenvJudge, QuotesTheLastWordOfAProgramThatNeverCameToSpeak) {
  evidence_.wait_status = exited(127);
  errors_ = "./aloha: error while loading shared libraries: liboppsim.so: cannot open shared object file\n";
  EXPECT_EQ(verdict(),
            "model_error: exit code 127: ./aloha: error while loading shared libraries: liboppsim.so: cannot open "
            "shared object file");
}

TEST_F(CmdenvJudge, TellsAFullDisk) {
  evidence_.wait_status = exited(1);
  begin();
  errors_ =
      "write: No space left on device\n\n<!> Error: omnetpp::common::opp_runtime_error: Cannot write output vector "
      "file 'x.vec'" +
      std::string(kInModule) + "\n";
  EXPECT_THAT(verdict(), HasSubstr("disk_full: "));
}

TEST_F(CmdenvJudge, KeepsResultsOfARunWhoseTeardownFailed) {
  begin();
  say(kTimeLimit);
  left_whole();
  const std::string line = "<!> Error: Bad teardown -- in module (Node) Net.sink (id=2), during network cleanup";
  say_error(line);
  say_error(line + "\nterminate called after throwing an instance of 'omnetpp::cRuntimeError'");
  for (const int status : {exited(1), exited(134), SIGABRT}) {
    evidence_.wait_status = status;
    EXPECT_EQ(verdict(), "teardown_failed: results are whole; then: Bad teardown");
  }
}

TEST_F(CmdenvJudge, KeepsResultsOfARunThatCrashedAfterThem) {
  begin();
  say(kTimeLimit);
  left_whole();
  evidence_.wait_status = SIGSEGV;
  EXPECT_EQ(verdict(), "teardown_failed: results are whole; the program then ended by signal 11 (Segmentation fault)");
}

TEST_F(CmdenvJudge, KeepsNothingOfATeardownWhoseResultsAreNotClosed) {
  begin();
  say(kTimeLimit);
  left_torn();
  evidence_.wait_status = SIGSEGV;
  EXPECT_EQ(verdict(), "crashed: ended by signal 11 (Segmentation fault)");
}

TEST_F(CmdenvJudge, TellsCrashesFromKills) {
  begin();
  left_torn();
  evidence_.wait_status = SIGABRT;
  EXPECT_EQ(verdict(), "crashed: ended by signal 6 (Aborted)");
  evidence_.wait_status = SIGKILL;
  EXPECT_EQ(verdict(), "killed: ended by signal 9 (Killed)");
  evidence_.wait_status = SIGTERM;
  EXPECT_EQ(verdict(), "killed: ended by signal 15 (Terminated)");
  evidence_.wait_status = exited(139);
  EXPECT_EQ(verdict(), "crashed: ended by signal 11 (Segmentation fault)") << "as a wrapper script tells it";
}

TEST_F(CmdenvJudge, TellsARunThatWasInterruptedThoughItsFilesLookWhole) {
  evidence_.wait_status = exited(2);
  begin();
  say("<!> SIGINT or SIGTERM received, exiting -- at t=50s, event #50");
  left(batch_[0].scalars, kScalars);
  EXPECT_EQ(verdict(), "killed: ended by SIGINT or SIGTERM from outside");
}

TEST_F(CmdenvJudge, TellsDebugOnErrorsAsTheErrorItIs) {
  evidence_.wait_status = SIGTRAP;
  begin();
  say("<!> Queue overflow: 17 packets" + std::string(kInModule));
  say("TRAPPING on the exception above, due to a debug-on-errors=true configuration option. Is your debugger ready?");
  left_torn();
  EXPECT_EQ(verdict(), "model_error: Queue overflow: 17 packets (debug-on-errors stopped the program)");
  EXPECT_EQ(judgements().at(0).verdict.place.event, 50);
}

TEST_F(CmdenvJudge, CallsAnEarlyExitIncomplete) {
  begin();
  output_ += "** Event #0   t=0   Elapsed: 1.3e-05s (0m 00s)  0% completed  (0% total)\n";
  left_torn();
  EXPECT_EQ(verdict(), "incomplete: exit code 0, but no line that says why the simulation ended");
  evidence_.wait_status = exited(3);
  errors_ = "giving up\n";
  EXPECT_EQ(verdict(), "model_error: exit code 3: giving up");
}

TEST_F(CmdenvJudge, SaysWhatWeDidWhateverTheRunSays) {
  begin();
  say("<!> SIGINT or SIGTERM received, exiting -- at t=50s, event #50");
  left_whole();
  for (const Outcome why : {Outcome::kTimedOut, Outcome::kCancelled, Outcome::kOutOfMemory}) {
    evidence_.ended_by_us = why;
    evidence_.wait_status = exited(2);
    EXPECT_EQ(judgements().at(0).verdict.outcome, why);
    EXPECT_EQ(judgements().at(0).verdict.place.simulated_time, "50");
  }
}

// Runs that share a process.
class CmdenvBatch : public CmdenvJudge {
 protected:
  void SetUp() override {
    CmdenvJudge::SetUp();
    batch_of(3);
  }
  void complete(std::size_t i) {
    begin(i);
    left(batch_[i].output, "\n" + std::string(kTimeLimit) + "\n");
    left_whole(i);
  }
};

TEST_F(CmdenvBatch, CompletesEachRunAndSharesOutTheFiles) {
  for (std::size_t i = 0; i < 3; ++i) complete(i);
  EXPECT_THAT(verdicts(), ElementsAre("completed: ", "completed: ", "completed: "));
  const auto found = judgements();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_THAT(found[i].files, ElementsAre(batch_[i].output, batch_[i].scalars, batch_[i].index, batch_[i].vectors));
  }
}

TEST_F(CmdenvBatch, CompletesRunsThatAreNotRedirected) {
  for (std::size_t i = 0; i < 3; ++i) {
    begin(i);
    say(kTimeLimit);
    left_whole(i);
  }
  EXPECT_THAT(verdicts(), ElementsAre("completed: ", "completed: ", "completed: "));
}

TEST_F(CmdenvBatch, FailsTheRunOfTheErrorAndLeavesTheRestForLater) {
  evidence_.wait_status = exited(1);
  complete(0);
  begin(1);
  left(batch_[1].output, "\n<!> Error: Queue overflow" + std::string(kInModule) + "\n");
  errors_ = "<!> Error -- see " + batch_[1].output + " for details\n";
  EXPECT_THAT(verdicts(), ElementsAre("completed: ", "model_error: Queue overflow",
                                      "not_started: the process ended before its turn"));
}

TEST_F(CmdenvBatch, GivesAnErrorOnStandardErrorToTheRunThatWasTheLast) {
  evidence_.wait_status = exited(1);
  begin(0);
  say(kTimeLimit);
  left_whole(0);
  begin(1);
  say_error("<!> Error: Queue overflow" + std::string(kInModule));
  EXPECT_THAT(verdicts(), ElementsAre("completed: ", "model_error: Queue overflow",
                                      "not_started: the process ended before its turn"));
}

TEST_F(CmdenvBatch, CompletesTheRunsAfterAnErrorThatDidNotStopThem) {
  evidence_.wait_status = exited(1);
  complete(0);
  begin(1);
  left(batch_[1].output, "\n<!> Error: Queue overflow" + std::string(kInModule) + "\n");
  complete(2);
  EXPECT_THAT(verdicts(), ElementsAre("completed: ", "model_error: Queue overflow", "completed: "));
}

TEST_F(CmdenvBatch, CrashesOnlyTheRunThatWasAtIt) {
  evidence_.wait_status = SIGSEGV;
  complete(0);
  begin(1);
  left_torn(1);
  EXPECT_THAT(verdicts(), ElementsAre("completed: ", "crashed: ended by signal 11 (Segmentation fault)",
                                      "not_started: the process ended before its turn"));
}

TEST_F(CmdenvBatch, EndsOnlyTheRunThatWasAtItWhenWeDo) {
  evidence_.ended_by_us = Outcome::kTimedOut;
  evidence_.wait_status = SIGKILL;
  complete(0);
  begin(1);
  EXPECT_THAT(verdicts(), ElementsAre("completed: ", "timed_out: ", "not_started: the process ended before its turn"));
}

TEST_F(CmdenvBatch, IsCutShortAtItsFirstRunWhenItNeverSpoke) {
  evidence_.wait_status = SIGKILL;
  EXPECT_THAT(verdicts(),
              ElementsAre("killed: ended by signal 9 (Killed)", "not_started: the process ended before its turn",
                          "not_started: the process ended before its turn"));
}

TEST_F(CmdenvBatch, GivesOtherFilesToTheRunWhoseNameTheyCarry) {
  for (std::size_t i = 0; i < 3; ++i) complete(i);
  left("results/Study-load=1-#0-trace.pcap", "x");
  left("results/Study-load=1-#0.anything", "x");
  left("results/Study-load=1-#01.csv", "x");
  left("summary.txt", "x");
  const auto found = judgements();
  EXPECT_THAT(found[1].files,
              testing::IsSupersetOf({"results/Study-load=1-#0-trace.pcap", "results/Study-load=1-#0.anything"}));
  EXPECT_THAT(found[2].files, testing::Contains("summary.txt")) << "to the last one that started";
  EXPECT_THAT(found[2].files, testing::Contains("results/Study-load=1-#01.csv")) << "«#01» is not «#0»";
}

TEST_F(CmdenvBatch, GivesFilesThatNameNoRunToTheLastThatStarted) {
  evidence_.wait_status = SIGSEGV;
  complete(0);
  begin(1);
  left("example.txt", "x");
  const auto found = judgements();
  EXPECT_THAT(found[1].files, ElementsAre("example.txt"));
  EXPECT_THAT(found[2].files, IsEmpty());
}

TEST_F(CmdenvBatch, DoesNotTakeAnotherConfigurationsWordsForARun) {
  complete(0);
  output_ += "Other run 1: $load=1\n";
  EXPECT_EQ(verdicts()[1], "not_started: the process ended before its turn");
}

}  // namespace
}  // namespace simswarm::cmdenv
