// Campaigns that end before their time, run side by side, or leave processes behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <set>

#include "support.h"

namespace simswarm::e2e {
namespace {

using testing::IsEmpty;

int count_of(const Process& process, std::string_view event) {
  const std::string text = process.out();
  int count = 0;
  for (std::size_t at = text.find(event); at != std::string::npos; at = text.find(event, at + 1)) ++count;
  return count;
}
constexpr std::string_view kStarted = R"("event":"started")";
constexpr std::string_view kEnded = R"("event":"ended")";

// A word that marks the processes of one test in the list of all processes.
std::string mark_of(const Project& project) {
  return "--**.mark=\"" + project.outside().filename().string() + "\"";
}

// Every file among the results belongs to a run that is complete, and to the undisturbed campaign.
void expect_only_whole_results(const Project& project) {
  std::set<std::string> accepted;
  for (const RunStatus& run : project.status()) {
    if (run.complete) accepted.insert(run.files.begin(), run.files.end());
  }
  for (const std::string& file : project.results()) {
    EXPECT_TRUE(accepted.contains("results/" + file)) << file << " is nobody's";
  }
  for (const std::string& file : accepted) EXPECT_TRUE(fs::exists(project.path(file))) << file << " is not there";
}

void expect_finished_by_resume(const Project& project, const Words& simulation) {
  const Report report = project.runall({}, simulation);
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(report.complete, 6);
  EXPECT_GT(report.known, 0);
  EXPECT_EQ(static_cast<int>(report.started().size()), 6 - report.known);
  const fs::path folder = project.outside() / "by-hand";
  fs::create_directories(folder);
  for (const char* file : {"sim", "omnetpp.ini"}) fs::copy_file(project.path(file), folder / file);
  ASSERT_EQ(project.by_hand(simulation + Words{"-r", "0..5"}, folder).exit_code, 0);
  std::string difference;
  EXPECT_TRUE(equal_results(folder / "results", project.path("results"), &difference)) << difference;
}

TEST(Interrupt, KeepsWhatIsWholeAndResumes) {
  const Project project(study("**.sleep = 0.4"));
  const Words mark = {mark_of(project)};
  Process campaign(project.runall_words({}, mark), project.folder());
  ASSERT_TRUE(eventually([&] { return count_of(campaign, kEnded) >= 1 && count_of(campaign, kStarted) >= 3; }));
  campaign.send(SIGINT);
  const Report report = parse_report(campaign.wait());
  EXPECT_EQ(report.exit_code, 130);
  ASSERT_TRUE(report.has_summary) << report.out << report.errors;
  EXPECT_EQ(report.state, "cancelled");
  EXPECT_LT(report.complete, 6);
  EXPECT_GE(report.complete, 1);
  EXPECT_THAT(processes_with(mark[0]), IsEmpty());
  expect_only_whole_results(project);
  expect_finished_by_resume(project, mark);
}

// A simulation in its event loop answers SIGTERM with finish() and a .sca that looks complete.
TEST(Interrupt, BelievesNothingThatWasCut) {
  const Project project(study("**.sleep = 30"));
  Process campaign(project.runall_words({"--grace", "0"}, {}), project.folder());
  ASSERT_TRUE(eventually([&] { return count_of(campaign, kStarted) >= 2; }));
  campaign.send(SIGINT);
  const Report report = parse_report(campaign.wait(20));
  EXPECT_EQ(report.exit_code, 130);
  EXPECT_EQ(report.complete, 0);
  EXPECT_THAT(project.results(), IsEmpty());
  for (const Unfinished& run : report.not_complete) {
    EXPECT_THAT((std::vector<std::string>{"cancelled", "not_started"}), testing::Contains(run.outcome)) << run.run;
  }
}

TEST(Interrupt, GivesRunningRunsTimeToEnd) {
  const Project project(study("**.sleep = 0.7"));
  Process campaign(project.runall_words({"--grace", "30"}, {}), project.folder());
  ASSERT_TRUE(eventually([&] { return count_of(campaign, kStarted) >= 2; }));
  campaign.send(SIGINT);
  const Report report = parse_report(campaign.wait(20));
  EXPECT_EQ(report.exit_code, 130);
  EXPECT_EQ(report.complete, 2) << "the two that were running";
  EXPECT_EQ(report.started().size(), 2U) << "nothing new";
  expect_only_whole_results(project);
}

TEST(Interrupt, EndsAtOnceWhenSaidTwice) {
  const Project project(study("**.ill = \"stuck\""));  // ignores all that can be ignored
  const std::string mark = mark_of(project);
  Process campaign(project.runall_words({"--grace", "300"}, {mark}), project.folder());
  ASSERT_TRUE(eventually([&] { return processes_with(mark).size() >= 3 && count_of(campaign, kStarted) >= 2; }));
  campaign.send(SIGINT);
  ASSERT_TRUE(eventually([&] { return count_of(campaign, R"("text":"interrupted)") == 1; })) << campaign.out();
  campaign.send(SIGINT);
  const Report report = parse_report(campaign.wait(20));
  EXPECT_EQ(report.exit_code, 130);
  EXPECT_EQ(report.complete, 0);
  EXPECT_TRUE(eventually([&] { return processes_with(mark).empty(); }, 5)) << "simulations are left";
}

TEST(Killed, ResumesAndLeavesNoProcess) {
  const Project project(study("**.sleep = 0.4"));
  const std::string mark = mark_of(project);
  Process campaign(project.runall_words({}, {mark}), project.folder());
  ASSERT_TRUE(eventually([&] { return count_of(campaign, kEnded) >= 1 && count_of(campaign, kStarted) >= 3; }));
  campaign.send(SIGKILL);
  EXPECT_EQ(campaign.wait().exit_code, 128 + SIGKILL);
  EXPECT_TRUE(eventually([&] { return processes_with(mark).empty(); }, 10)) << "simulations are left";
  // It may have died between the renames of a run and its last word: those files are whole, the next start knows them.
  std::map<std::string, std::string> before;
  for (const std::string& file : project.results()) before[file] = read(project.path("results/" + file));
  expect_finished_by_resume(project, {mark});
  expect_only_whole_results(project);
  for (const auto& [file, content] : before) EXPECT_EQ(read(project.path("results/" + file)), content) << file;
}

TEST(TwoAtOnce, RunEachRunOnce) {
  const Project project(study("**.sleep = 0.3"));
  Process left(project.runall_words({}, {}), project.folder());
  Process right(project.runall_words({}, {}), project.folder());
  const Report reports[] = {parse_report(left.wait()), parse_report(right.wait())};
  std::size_t started = 0;
  for (const Report& report : reports) {
    EXPECT_EQ(report.exit_code, 0) << report.errors << report.notes();
    EXPECT_EQ(report.complete, 6);
    started += report.started().size();
  }
  EXPECT_EQ(started, 6U);
  for (const RunStatus& run : project.status()) EXPECT_EQ(run.attempts, 1) << run.run;
  expect_only_whole_results(project);
}

TEST(TwoAtOnce, OneTakesOverWhenTheOtherIsKilled) {
  const Project project(study("**.sleep = 0.3"));
  Process first(project.runall_words({}, {}), project.folder());
  ASSERT_TRUE(eventually([&] { return count_of(first, kStarted) >= 2; }));
  Process second(project.runall_words({}, {}), project.folder());
  ASSERT_TRUE(eventually([&] { return count_of(second, R"("event":"planned")") == 1; }));
  first.send(SIGKILL);
  EXPECT_EQ(first.wait().exit_code, 128 + SIGKILL);
  const Report report = parse_report(second.wait());
  EXPECT_EQ(report.exit_code, 0) << report.errors << report.notes();
  EXPECT_EQ(report.complete, 6);
  expect_only_whole_results(project);
}

class Outliving : public testing::TestWithParam<const char*> {};

TEST_P(Outliving, ChildrenGoWithTheirRun) {
  const Project project(study("**.ill = \"" + std::string(GetParam()) + "\""));
  const std::string mark = mark_of(project);
  const Report report = project.runall({}, {mark});
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(report.complete, 6);
  EXPECT_TRUE(eventually([&] { return processes_with(mark).empty(); }, 3)) << "children are left";
}
INSTANTIATE_TEST_SUITE_P(Each, Outliving, testing::Values("orphan", "daemon"),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace simswarm::e2e
