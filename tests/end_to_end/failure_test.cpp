// Runs that fail: what is tried again, what is not, and when a campaign stops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support.h"

namespace simswarm::e2e {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A folder beside the project in which every user may write.
fs::path open_folder(const Project& project) {
  const fs::path folder = project.outside() / "marks";
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::all);
  return folder;
}

std::string ill_once(const std::string& ill, const std::string& runs) {
  return "**.ill = \"" + ill + "\"\n**.illRuns = \"" + runs + "\"\n";
}

Words marked(const Project& project) {
  return {"--**.illOnce=\"" + (open_folder(project) / "mark").string() + "\""};
}

TEST(Retries, HelpRunsThatWereKilled) {
  const Project project(study(ill_once("kill", "1,4")));
  const Report report = project.runall({}, marked(project));
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(report.complete, 6);
  for (const char* run : {"Study#1", "Study#4"}) {
    const std::vector<Event> ended = report.ended(run);
    ASSERT_EQ(ended.size(), 2U) << run;
    EXPECT_EQ(ended[0].outcome, "killed");
    EXPECT_TRUE(ended[0].will_retry);
    EXPECT_EQ(ended[1].outcome, "completed");
    EXPECT_EQ(ended[1].attempt, 2);
  }
  EXPECT_EQ(report.ended("Study#0").size(), 1U);
}

TEST(Retries, EndAfterTheirNumber) {
  const Project project(study("**.ill = \"kill\"\n**.illRuns = \"2\""));
  const Report report = project.runall({"--retries", "3"});
  EXPECT_EQ(report.exit_code, 1);
  const std::vector<Event> ended = report.ended("Study#2");
  ASSERT_EQ(ended.size(), 4U);
  EXPECT_TRUE(ended[2].will_retry);
  EXPECT_FALSE(ended[3].will_retry);
  EXPECT_EQ(report.complete, 5);
}

TEST(Retries, CanBeNone) {
  const Project project(study("**.ill = \"kill\"\n**.illRuns = \"2\""));
  EXPECT_EQ(project.runall({"--retries", "0"}).ended("Study#2").size(), 1U);
  EXPECT_THAT(project.runall({"--retries", "0"}).started(), ElementsAre("Study#2")) << "the next call tries again";
}

TEST(Retries, OfWhatNeedsTooMuchMemoryHaveFewerAtOnce) {
  const Project project(study(ill_once("memory", "0,1,2,3,4,5") + "**.illMegabytes = 300\n**.sleep = 0.5"));
  const Report report = project.runall({"--memory", "150M"}, marked(project));
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(report.complete, 6);
  EXPECT_EQ(report.ended("Study#3").front().outcome, "out_of_memory");
  EXPECT_TRUE(report.ended("Study#3").front().will_retry);
}

TEST(ModelError, IsNeverTriedAgainInOneCampaign) {
  const Project project(study(ill_once("error", "1")));
  const Report report = project.runall({"--retries", "5"}, marked(project));  // it would have helped
  EXPECT_EQ(report.exit_code, 1);
  ASSERT_EQ(report.ended("Study#1").size(), 1U);
  EXPECT_FALSE(report.ended("Study#1").front().will_retry);
}

TEST(ModelError, IsListedAndNotRepeatedUntilAskedFor) {
  const Project project(study("**.ill = \"error\"\n**.illRuns = \"1\""));
  const Report first = project.runall();
  EXPECT_EQ(first.exit_code, 1);
  ASSERT_EQ(first.not_complete.size(), 1U);

  const Report second = project.runall();
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.started(), IsEmpty());
  ASSERT_EQ(second.not_complete.size(), 1U);
  EXPECT_EQ(second.not_complete[0].run, "Study#1");
  EXPECT_EQ(second.not_complete[0].outcome, "model_error");
  EXPECT_EQ(second.not_complete[0].message, first.not_complete[0].message);
  EXPECT_TRUE(second.not_complete[0].was_known);
  EXPECT_EQ(project.runall({"--dry-run"}).decisions()["Study#1"], "known_error");

  EXPECT_THAT(project.runall({"--retry-failed"}).started(), ElementsAre("Study#1"));
}

TEST(ModelError, IsTriedAgainWhenWhatItSeesHasChanged) {
  const Project project(study("**.ill = \"error\"\n**.illRuns = \"1\""));
  EXPECT_EQ(project.runall().exit_code, 1);
  ASSERT_TRUE(replace_in(project.path("omnetpp.ini"), "\"error\"", "\"none\""));
  const Report report = project.runall();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.outcome_of("Study#1"), "completed");
}

TEST(MaxFailures, StopsEarly) {
  const Project project(study("**.ill = \"error\""));
  const Report report = project.runall({"-j1", "--max-failures", "2"});
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(report.started().size(), 2U);
  EXPECT_EQ(report.not_run, 4);
  EXPECT_EQ(report.outcomes.at("model_error"), 2);
}

TEST(Campaign, GoesOnPastFailedRuns) {
  const Project project(study("**.ill = \"segv\"\n**.illRuns = \"0,3\""));
  const Report report = project.runall({"-j1"});
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(report.complete, 4);
  EXPECT_EQ(report.not_run, 0);
}

TEST(Campaign, PrintsATableOfWhatIsNotCompleteAndHowToSeeItsLog) {
  const Project project(study("**.ill = \"error\"\n**.illRuns = \"3\""));
  const Answer answer = project.simswarm({"runall", "-j2", "./sim", "-c", "Study"});
  EXPECT_EQ(answer.exit_code, 1);
  for (const char* part : {"Study#3", "load=2", "model_error", "Net.sink", "simswarm log", "5 of 6 runs complete"}) {
    EXPECT_TRUE(contains(answer.out, part)) << part << " is missing in:\n" << answer.out;
  }
}

TEST(Campaign, SaysFailuresOnlyWhenQuiet) {
  const Project project(study("**.ill = \"error\"\n**.illRuns = \"3\""));
  const Answer answer = project.simswarm({"runall", "--quiet", "-j2", "./sim", "-c", "Study"});
  EXPECT_TRUE(contains(answer.all(), "Study#3")) << answer.all();
  EXPECT_FALSE(contains(answer.all(), "Study#2")) << answer.all();
}

TEST(Campaign, SaysFewLinesInAPipe) {
  const Project project(study("**.sleep = 0.3"));
  const Answer answer = project.simswarm({"runall", "-j2", "./sim", "-c", "Study"});
  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_LE(std::ranges::count(answer.out, '\n'), 20) << answer.out;
  EXPECT_FALSE(contains(answer.all(), "\r")) << "a bar is for terminals";
  EXPECT_FALSE(contains(answer.all(), "\033")) << "so are colours";
}

// Each run burns time in one event, so that the limits find it at their next look.
constexpr std::string_view kLong = "**.interval = 0.02s\n**.illSeconds = 1.5\n**.illRuns = \"2\"\n";

TEST(Limits, OfTheSimulationCutARunShort) {
  const Project cpu(study(std::string(kLong) + "**.ill = \"stuck\"\ncpu-time-limit = 0.1s"));
  const Report by_cpu = cpu.runall();
  EXPECT_EQ(by_cpu.exit_code, 1);
  EXPECT_EQ(by_cpu.outcome_of("Study#2"), "limited");
  EXPECT_EQ(by_cpu.complete, 5);
  EXPECT_EQ(by_cpu.ended("Study#2").size(), 1U) << "it would be cut again";
  EXPECT_FALSE(fs::exists(cpu.path("results/Study-load=2-#0.sca")));
}

TEST(Limits, OfTimeEndAWrappedSimulationToo) {
  const Project project("[General]\nnetwork = Net\nsim-time-limit = 5s\n**.ill = \"stuck\"\n[Study]\n");
  const std::string mark = "--**.mark=\"" + project.outside().filename().string() + "\"";
  fs::copy_file(cmdsim_wrapper(), project.path("wrapper"));
  fs::rename(project.path("sim"), project.path("cmdsim"));
  const Report report =
      parse_report(project.simswarm({"runall", "--json", "--timeout", "1", "./wrapper", "-c", "Study", mark}));
  EXPECT_EQ(report.exit_code, 1) << report.errors;
  EXPECT_EQ(report.outcome_of("Study#0"), "timed_out");
  EXPECT_TRUE(eventually([&] { return processes_with(mark).empty(); }, 3)) << "the simulation is left";
}

TEST(Fingerprint, MismatchIsNotComplete) {
  const Project project(study("fingerprint = 0000-0000"));
  const Report report = project.runall();
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(report.outcomes, (std::map<std::string, int>{{"fingerprint_mismatch", 6}}));
  EXPECT_THAT(project.results(), IsEmpty());
}

}  // namespace
}  // namespace simswarm::e2e
