#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "simulator/command.h"

namespace simswarm {
namespace {

using testing::ElementsAre;

int exited(int code) {
  return code << 8;
}
int signalled(int number) {
  return number;
}

// A run that has just ended, and what it left.
class Judging : public testing::Test {
 protected:
  using Run = simswarm::Run;  // not testing::Test::Run

  Judging() {
    std::string pattern = (fs::temp_directory_path() / "simswarm-judge-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    fs::create_directories(folder_ / "left");
    write("scenario", "");
    ::chmod((folder_ / "scenario").c_str(), 0755);
    spec_.command = {"./scenario", "{nodes}"};
    spec_.grid = {{"nodes", {"10"}}};
    evidence_.output = folder_ / "stdout";
    evidence_.errors = folder_ / "stderr";
    evidence_.left = folder_ / "left";
    write("stdout", "");
    write("stderr", "");
  }
  ~Judging() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  void left(const std::string& path, std::uint64_t size) {
    evidence_.files.push_back({path, folder_ / "left" / path, size});
  }

  Judgement judgement() {
    auto sweep = make_command_dialect(spec_, folder_);
    EXPECT_TRUE(sweep.has_value()) << sweep.error().message;
    const Run run = (*sweep)->list_runs().value().front();
    std::vector<Judgement> all = (*sweep)->judge({&run, 1}, evidence_);
    EXPECT_EQ(all.size(), 1U);
    return all.front();
  }
  // «outcome: message»
  std::string verdict() {
    const Verdict found = judgement().verdict;
    return std::string(to_text(found.outcome)) + ": " + found.message;
  }

  fs::path folder_;
  SweepSpec spec_;
  Evidence evidence_;
};

TEST_F(Judging, CompletesWithCodeZeroAndTakesAllFiles) {
  left("other/trace.pcap", 0);
  left("results/sweep/nodes=10/run.csv", 12);
  EXPECT_EQ(verdict(), "completed: ");
  EXPECT_THAT(judgement().files, ElementsAre("other/trace.pcap", "results/sweep/nodes=10/run.csv"));
}

TEST_F(Judging, QuotesTheLastLineOfAProgramThatFailed) {
  evidence_.wait_status = exited(3);
  EXPECT_EQ(verdict(), "model_error: exit code 3");
  write("stdout", "working\nresult follows\n");
  EXPECT_EQ(verdict(), "model_error: exit code 3: result follows");
  write("stderr", "first\nValueError: no route  \n\n \n");
  EXPECT_EQ(verdict(), "model_error: exit code 3: ValueError: no route");
}

TEST_F(Judging, QuotesWhatAnyTerminalTakes) {
  evidence_.wait_status = exited(1);
  write("stderr", "\x1b[31mred\xff\n");
  EXPECT_EQ(verdict(), "model_error: exit code 1:  [31mred?") << "the escape is a space";
  write("stderr", std::string(5000, 'x'));
  EXPECT_EQ(verdict(), "model_error: exit code 1: " + std::string(200, 'x') + "…");
}

TEST_F(Judging, TakesOtherCodesForSuccessWhenTold) {
  spec_.success_codes = {0, 3};
  evidence_.wait_status = exited(3);
  EXPECT_EQ(verdict(), "completed: ");
  evidence_.wait_status = exited(2);
  EXPECT_EQ(verdict(), "model_error: exit code 2");
}

TEST_F(Judging, TellsCrashesFromKillings) {
  for (const int number : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) {
    evidence_.wait_status = signalled(number);
    EXPECT_THAT(verdict(), testing::StartsWith("crashed: crashed with SIG"));
  }
  for (const int number : {SIGKILL, SIGTERM, SIGINT, SIGHUP}) {
    evidence_.wait_status = signalled(number);
    EXPECT_THAT(verdict(), testing::StartsWith("killed: killed by SIG"));
  }
  evidence_.wait_status = signalled(SIGSEGV);
  write("stderr", "about to fail\n");
  EXPECT_EQ(verdict(), "crashed: crashed with SIGSEGV: about to fail");
}

TEST_F(Judging, LooksThroughTheExitCodeOfAShell) {
  evidence_.wait_status = exited(128 + SIGSEGV);
  EXPECT_EQ(verdict(), "crashed: exit code 139: a program that it started was ended by SIGSEGV");
  evidence_.wait_status = exited(128 + SIGKILL);
  EXPECT_EQ(verdict(), "killed: exit code 137: a program that it started was ended by SIGKILL");
}

TEST_F(Judging, SaysWhenAProgramWasNotFound) {
  write("stderr", "sh: 1: nosuch: not found\n");
  evidence_.wait_status = exited(127);
  EXPECT_EQ(verdict(), "model_error: exit code 127: a program was not found: sh: 1: nosuch: not found");
  write("stderr", "");
  evidence_.wait_status = exited(126);
  EXPECT_EQ(verdict(), "model_error: exit code 126: a program cannot be executed");
}

TEST_F(Judging, NeverAcceptsARunThatWeEnded) {
  evidence_.ended_by_us = Outcome::kCancelled;
  EXPECT_EQ(verdict(), "cancelled: cancelled") << "though its code is 0";
  evidence_.ended_by_us = Outcome::kTimedOut;
  evidence_.wait_status = signalled(SIGKILL);
  write("stderr", "step 7\n");
  EXPECT_EQ(verdict(), "timed_out: ended at its time limit: step 7");
  evidence_.ended_by_us = Outcome::kOutOfMemory;
  EXPECT_EQ(verdict(), "out_of_memory: ended at its memory limit: step 7");
}

TEST_F(Judging, NoticesAFullDiskWhateverTheCode) {
  write("stderr", "cannot write x: No space left on device\nTraceback\n");
  EXPECT_EQ(verdict(), "disk_full: the disk is full: Traceback");
  evidence_.wait_status = exited(1);
  EXPECT_EQ(verdict(), "disk_full: the disk is full: Traceback");
  evidence_.wait_status = signalled(SIGABRT);
  EXPECT_EQ(verdict(), "disk_full: the disk is full: Traceback");
}

TEST_F(Judging, WantsTheRequiredFilesThereAndNotEmpty) {
  spec_.required_files = {"run-{nodes}.csv"};
  EXPECT_EQ(verdict(), "incomplete: the required file «results/sweep/nodes=10/run-10.csv» is missing");
  left("results/sweep/nodes=10/run-10.csv", 0);
  EXPECT_EQ(verdict(), "incomplete: the required file «results/sweep/nodes=10/run-10.csv» is empty");
  evidence_.files.back().size = 1;
  EXPECT_EQ(verdict(), "completed: ");
}

TEST_F(Judging, WantsThePatternInTheOutput) {
  spec_.success_pattern = "^Simulation (done|finished)$";
  write("stdout", "Simulation started\nbye\n");
  EXPECT_EQ(verdict(), "incomplete: the output does not say «^Simulation (done|finished)$»: bye");
  write("stdout", "a\nSimulation finished\r\nb\n");
  EXPECT_EQ(verdict(), "completed: ");
  write("stdout", "");
  write("stderr", "Simulation done");
  EXPECT_EQ(verdict(), "completed: ");
}

TEST_F(Judging, SearchesOutputOfAnySizeAndLinesOfAnyLength) {
  {
    std::ofstream out(folder_ / "stdout");
    for (int i = 0; i < 30'000; ++i) out << "line " << i << " of much output\n";
    out << std::string(300'000, '.') << "Simulation done" << std::string(300'000, '.');
  }
  spec_.success_pattern = "Simulation done";
  EXPECT_EQ(verdict(), "completed: ");
  spec_.success_pattern = "Sim[a-z]+ done";
  EXPECT_EQ(verdict(), "completed: ");
  spec_.success_pattern = "Sim[a-z]+ over";
  EXPECT_THAT(verdict(), testing::StartsWith("incomplete: the output does not say «Sim[a-z]+ over»"));
}

TEST_F(Judging, FindsThePatternAcrossThePiecesInWhichItReads) {
  spec_.success_pattern = "Sim[a-z]+ done";
  for (const std::size_t border : {4096U, 256U * 1024U, 512U * 1024U}) {
    for (const std::size_t before : {border - 14, border - 7, border - 1, border}) {
      write("stdout", std::string(before, '.') + "Simulation done" + std::string(400'000, '.'));
      EXPECT_EQ(verdict(), "completed: ") << before;
    }
  }
}

TEST_F(Judging, KeepsStandardOutputAsAResult) {
  spec_.stdout_file = "logs/out.txt";
  spec_.required_files = {"logs/out.txt"};
  write("stdout", "42\n");
  EXPECT_EQ(verdict(), "completed: ");
  std::ifstream kept(folder_ / "left/results/sweep/nodes=10/logs/out.txt");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(kept), {}), "42\n");
  fs::remove_all(folder_ / "left/results");
  EXPECT_THAT(judgement().files, ElementsAre("results/sweep/nodes=10/logs/out.txt"));
}

TEST_F(Judging, OverwritesNothingWithStandardOutput) {
  spec_.stdout_file = "out.txt";
  fs::create_directories(folder_ / "left/results/sweep/nodes=10");
  write("left/results/sweep/nodes=10/out.txt", "mine");
  EXPECT_EQ(verdict(),
            "incomplete: standard output was not kept: the program wrote «results/sweep/nodes=10/out.txt» itself, "
            "where its standard output is to be kept; give stdout another name");
}

TEST_F(Judging, FollowsNoLinkThatTheProgramLeft) {
  spec_.stdout_file = "out.txt";
  fs::create_directories(folder_ / "left/results/sweep");
  fs::create_directories(folder_ / "secret");
  fs::create_directory_symlink(folder_ / "secret", folder_ / "left/results/sweep/nodes=10");
  EXPECT_THAT(verdict(), testing::StartsWith("incomplete: standard output was not kept: "));
  EXPECT_FALSE(fs::exists(folder_ / "secret/out.txt"));
}

}  // namespace
}  // namespace simswarm
