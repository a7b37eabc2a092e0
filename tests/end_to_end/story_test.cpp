// Campaigns from the first call to the last: what is run, what is known, and what a change makes run again.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "support.h"

namespace simswarm::e2e {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

const std::vector<std::string> kAllRuns = {"Study#0", "Study#1", "Study#2", "Study#3", "Study#4", "Study#5"};

void expect_whole(const Report& report, int known = 0) {
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  ASSERT_TRUE(report.has_summary) << report.out << report.errors;
  EXPECT_EQ(report.state, "completed");
  EXPECT_EQ(report.total, 6);
  EXPECT_EQ(report.complete, 6);
  EXPECT_EQ(report.known, known);
  EXPECT_EQ(report.failed, 0);
  EXPECT_THAT(report.not_complete, IsEmpty());
}

// Runs all of the study by hand in a folder of its own beside the project.
fs::path run_by_hand(const Project& project) {
  const fs::path folder = project.outside() / "by-hand";
  fs::remove_all(folder);
  fs::create_directories(folder);
  for (const auto& entry : fs::directory_iterator(project.folder())) {
    const std::string name = entry.path().filename();
    if (name != "results" && name != ".simswarm") fs::copy(entry.path(), folder / name, fs::copy_options::recursive);
  }
  EXPECT_EQ(project.by_hand({"-r", "0..5"}, folder).exit_code, 0);
  return folder / "results";
}

TEST(FirstCampaign, RunsEachRunOnceAndSumsUp) {
  const Project project(study());
  const Report report = project.runall();
  expect_whole(report);
  ASSERT_EQ(report.of("planned").size(), 1U);
  EXPECT_EQ(report.events.front().kind, "planned");
  EXPECT_EQ(report.started(), kAllRuns);
  EXPECT_EQ(report.of("ended").size(), 6U);
  EXPECT_EQ(report.outcomes, (std::map<std::string, int>{{"completed", 6}}));
  EXPECT_EQ(report.events.back().kind, "summary");
  EXPECT_EQ(project.results().size(), 24U);  // .sca .vec .vci .out
  EXPECT_EQ(report.ended("Study#3").front().name, "Study:load=2,#1");
}

TEST(FirstCampaign, LeavesTheFilesOfTheProgramRunByHand) {
  const Project project(study("**.vectors = 2"));
  expect_whole(project.runall());
  const fs::path reference = run_by_hand(project);
  EXPECT_EQ(project.results(), files_below(reference));
  std::string difference;
  EXPECT_TRUE(equal_results(reference, project.path("results"), &difference)) << difference;
  for (const std::string& file : files_below(reference)) {
    if (!file.ends_with(".sca") && !file.ends_with(".vec")) continue;
    EXPECT_EQ(canonical_text(read(reference / file)), canonical_text(project.read("results/" + file))) << file;
    EXPECT_TRUE(contains(project.read("results/" + file), "\nattr resultdir results\n")) << file;
  }
}

TEST(FirstCampaign, KeepsFileTimesRightForVectorIndexes) {
  const Project project(study());
  expect_whole(project.runall());
  int indexes = 0;
  for (const std::string& file : project.results()) {
    if (!file.ends_with(".vci")) continue;
    ++indexes;
    struct stat vec = {};
    ASSERT_EQ(stat(project.path("results/" + file.substr(0, file.size() - 3) + "vec").c_str(), &vec), 0);
    const std::string expected = "file " + std::to_string(vec.st_size) + " " + std::to_string(vec.st_mtime);
    EXPECT_TRUE(project.read("results/" + file).starts_with(expected)) << file << " does not begin with " << expected;
  }
  EXPECT_EQ(indexes, 6);
}

TEST(FirstCampaign, CanBeNarrowedWithTheFiltersOfTheProgram) {
  const Project project(study());
  EXPECT_THAT(project.runall({}, {"-r", "0,3..4"}).started(), ElementsAre("Study#0", "Study#3", "Study#4"));
  const Report expression = project.runall({}, {"-r", "$load>=2 && $repetition==1"});
  EXPECT_EQ(expression.total, 2);
  EXPECT_EQ(expression.known, 1);
  EXPECT_THAT(expression.started(), ElementsAre("Study#5"));
  expect_whole(project.runall(), 4);
}

TEST(FirstCampaign, TakesTheSeparatorBeforeTheProgram) {
  const Project project(study());
  expect_whole(project.runall({"--"}));
}

TEST(FirstCampaign, TakesTheLastOfAnOptionThatIsGivenTwice) {
  const Project project(study());
  expect_whole(project.runall({"-j1", "-j2"}));
}

TEST(Resume, RunsNothingTwice) {
  const Project project(study());
  expect_whole(project.runall());
  const auto before = contents_below(project.path("results"));
  const Report again = project.runall();
  expect_whole(again, 6);
  EXPECT_THAT(again.started(), IsEmpty());
  EXPECT_EQ(contents_below(project.path("results")), before);
  for (const RunStatus& run : project.status()) EXPECT_EQ(run.attempts, 1) << run.run;
}

TEST(Resume, KeepsWhatIsKnownWithOtherWordsThatChangeNoResult) {
  const Project project(study());
  expect_whole(project.runall());
  expect_whole(project.runall({"-j1", "-b3"}, {"--cmdenv-status-frequency=1s"}), 6);
}

// What changes, and which runs it concerns.
struct Change {
  std::string name;
  void (*make)(const Project&);
  std::vector<std::string> runs;
};
std::ostream& operator<<(std::ostream& out, const Change& change) {
  return out << change.name;
}

class AfterAChange : public testing::TestWithParam<Change> {};

TEST_P(AfterAChange, RunsAgainWhatItConcerns) {
  const Project project(study("**.datafile = \"data/input.txt\""));
  project.write("data/input.txt", "one two three\n");
  project.write("Net.ned", "network Net { }\n");
  project.write("README.md", "A study.\n");
  const Words simulation = {"-l", "queues"};
  fs::copy_file(library(1), project.path("libqueues.so"));
  expect_whole(project.runall({}, simulation));
  GetParam().make(project);
  const Report report = project.runall({}, simulation);
  EXPECT_EQ(report.started(), GetParam().runs);
  expect_whole(report, 6 - static_cast<int>(GetParam().runs.size()));
  expect_whole(project.runall({}, simulation), 6);
}

const std::vector<Change> kChanges = {
    {"ValueOfAVariable",
     [](const Project& p) { replace_in(p.path("omnetpp.ini"), "=1,2,3}", "=1,2,5}"); },
     {"Study#4", "Study#5"}},
    {"ValueForAll", [](const Project& p) { replace_in(p.path("omnetpp.ini"), "50s", "60s"); }, kAllRuns},
    {"Comment",
     [](const Project& p) { p.write("omnetpp.ini", "# a study\n" + p.read("omnetpp.ini") + "# its end\n"); },
     {}},
    {"OtherSection", [](const Project& p) { replace_in(p.path("omnetpp.ini"), "77", "78"); }, {}},
    {"Readme", [](const Project& p) { p.write("README.md", "Another text.\n"); }, {}},
    {"DataFile", [](const Project& p) { p.write("data/input.txt", "one two four!\n"); }, kAllRuns},
    {"Ned", [](const Project& p) { p.write("Net.ned", "network Net { submodules: }\n"); }, kAllRuns},
    {"Library",
     [](const Project& p) { fs::copy_file(library(2), p.path("libqueues.so"), fs::copy_options::overwrite_existing); },
     kAllRuns},
    {"Program", [](const Project& p) { std::ofstream(p.path("sim"), std::ios::app) << "another build"; }, kAllRuns},
    {"DeletedResult", [](const Project& p) { fs::remove(p.path("results/Study-load=2-#0.sca")); }, {"Study#2"}},
    {"DeletedVector", [](const Project& p) { fs::remove(p.path("results/Study-load=2-#1.vec")); }, {"Study#3"}},
    {"LongerResult",
     [](const Project& p) { std::ofstream(p.path("results/Study-load=1-#1.sca"), std::ios::app) << "x"; },
     {"Study#1"}},
    {"AllResultsDeleted", [](const Project& p) { fs::remove_all(p.path("results")); }, kAllRuns},
};
INSTANTIATE_TEST_SUITE_P(Each, AfterAChange, testing::ValuesIn(kChanges),
                         [](const auto& each) { return each.param.name; });

TEST(AfterAChange, ALongerStudyKeepsItsOldRuns) {
  const Project project(study("seed-set = ${repetition}"));
  expect_whole(project.runall());
  replace_in(project.path("omnetpp.ini"), "=1,2,3}", "=1,2,3,4}");
  const Report report = project.runall();
  EXPECT_EQ(report.known, 6);
  EXPECT_THAT(report.started(), ElementsAre("Study#6", "Study#7"));
}

// A result whose content changes, but neither its size nor its mtime.
TEST(TamperedResult, IsFoundByVerify) {
  const Project project(study());
  expect_whole(project.runall());
  const fs::path victim = project.path("results/Study-load=2-#0.sca");
  const std::string before = read(victim);
  struct stat old = {};
  ASSERT_EQ(stat(victim.c_str(), &old), 0);
  std::string text = before;
  const std::size_t digit = text.find("scalar Net.sink digest ") + 23;
  text[digit] = text[digit] == '9' ? '1' : '9';
  write(victim, text);
  const timespec times[2] = {old.st_atim, old.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, victim.c_str(), times, 0), 0);

  const Report report = project.runall({"--verify"});
  EXPECT_THAT(report.started(), ElementsAre("Study#2"));
  expect_whole(report, 5);
  EXPECT_EQ(canonical_text(read(victim)), canonical_text(before));
  EXPECT_GE(report.kept, 1) << "the changed file is nobody's to throw away";
}

TEST(TamperedResult, IsBelievedWhenOnlyItsTimesChanged) {
  const Project project(study());
  expect_whole(project.runall());
  const timespec times[2] = {{1000000000, 0}, {1000000000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, project.path("results/Study-load=2-#0.sca").c_str(), times, 0), 0);
  const Report report = project.runall({"--verify"});
  EXPECT_THAT(report.started(), IsEmpty());
  expect_whole(report, 6);
}

TEST(DryRun, TellsWhatWouldRunAndRunsNothing) {
  const Project project(study());
  const Answer table = project.simswarm({"runall", "--dry-run", "./sim", "-c", "Study"});
  EXPECT_EQ(table.exit_code, 0) << table.errors;
  for (const std::string& run : kAllRuns) EXPECT_TRUE(contains(table.out, run)) << table.out;
  EXPECT_TRUE(contains(table.out, "load=3")) << table.out;
  EXPECT_THAT(project.results(), IsEmpty());
  for (const auto& [run, decision] : project.runall({"--dry-run"}).decisions()) EXPECT_EQ(decision, "run") << run;

  EXPECT_EQ(project.runall({}, {"-r", "0..3"}).exit_code, 0);
  fs::remove(project.path("results/Study-load=1-#0.vec"));
  const Report report = project.runall({"--dry-run"});
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_THAT(report.started(), IsEmpty());
  const std::map<std::string, std::string> expected = {{"Study#0", "run"},   {"Study#1", "known"}, {"Study#2", "known"},
                                                       {"Study#3", "known"}, {"Study#4", "run"},   {"Study#5", "run"}};
  EXPECT_EQ(report.decisions(), expected);
  for (const Event& plan : report.of("plan")) EXPECT_THAT(plan.text, Not(IsEmpty())) << plan.run << " says no reason";
}

}  // namespace
}  // namespace simswarm::e2e
