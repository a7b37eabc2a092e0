// Which runs share a process, and which begin first, when nobody says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "hardened_support.h"

namespace simswarm::e2e {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Outcomes = std::map<std::string, int>;

// A study of simulations that note each start of a process that runs anything.
class Batch : public testing::Test {
 protected:
  explicit Batch(const std::string& ini = study_of("", 10)) : project_(ini) {
    fs::copy_file(project_.path("sim"), project_.outside() / "cmdsim");
    write_program(project_.path("sim"),
                  "#!/bin/sh\ncase \" $* \" in *\" -q \"*|*\" -e \"*) ;; *\" -r \"*) echo \"$*\" >>" + log_.string() +
                      " ;; esac\nexec " + (project_.outside() / "cmdsim").string() + " \"$@\"\n");
  }
  // 20 times so many runs that take next to no time.
  static std::string study_of(const std::string& further, int repeat = 4) {
    return "[General]\nnetwork = Net\nsim-time-limit = 20s\n" + further +
           "\n[Study]\n**.load = ${load=1..20}\nrepeat = " + std::to_string(repeat) + "\n";
  }
  void ini(const std::string& text) const { project_.write("omnetpp.ini", text); }

  // How many runs each process was told to execute.
  [[nodiscard]] std::vector<int> processes() const {
    std::vector<int> sizes;
    std::istringstream lines(fs::exists(log_) ? read(log_) : "");
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      for (std::string word; words >> word;) {
        if (word == "-r" && words >> word) sizes.push_back(size_of(word));
      }
    }
    return sizes;
  }
  void forget_processes() const { fs::remove(log_); }
  [[nodiscard]] int most_in_one_process() const {
    const std::vector<int> sizes = processes();
    return sizes.empty() ? 0 : *std::ranges::max_element(sizes);
  }
  // The same project, each run in a process of its own, by simswarm's word and not by hand.
  void expect_results_of_runs_alone(const std::vector<std::string>& without = {}) const {
    const Project alone(project_.read("omnetpp.ini"));
    EXPECT_EQ(alone.runall({"-b1"}).exit_code, without.empty() ? 0 : 1);
    std::string difference;
    EXPECT_TRUE(equal_results(alone.path("results"), project_.path("results"), &difference)) << difference;
    EXPECT_EQ(alone.results(), project_.results());
  }

  const Project project_;

 private:
  static int size_of(const std::string& list) {
    int size = 0;
    std::istringstream parts(list);
    for (std::string part; std::getline(parts, part, ',');) {
      const std::size_t dots = part.find("..");
      const std::size_t dash = part.find('-');
      if (dots == std::string::npos && dash == std::string::npos) {
        ++size;
        continue;
      }
      const std::size_t at = dots == std::string::npos ? dash : dots;
      size += std::stoi(part.substr(at + (dots == std::string::npos ? 1 : 2))) - std::stoi(part.substr(0, at)) + 1;
    }
    return size;
  }
  const fs::path log_ = open_folder(project_, "log") / "processes";
};

TEST_F(Batch, ShortRunsShareProcesses) {
  const Report report = project_.runall();
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(report.outcomes, (Outcomes{{"completed", 200}}));
  EXPECT_EQ(report.complete, 200);
  EXPECT_THAT(report.notes(), Not(HasSubstr("share")));
  EXPECT_LT(processes().size(), 120U) << "of 200 runs";
  EXPECT_GE(most_in_one_process(), 4);
  const fs::path folder = project_.outside() / "by-hand";
  fs::create_directories(folder);
  for (const char* file : {"sim", "omnetpp.ini"}) fs::copy_file(project_.path(file), folder / file);
  ASSERT_EQ(project_.by_hand({"-r", "0..199"}, folder).exit_code, 0);
  std::string difference;
  EXPECT_TRUE(equal_results(folder / "results", project_.path("results"), &difference)) << difference;
  EXPECT_EQ(project_.results().size(), 800U);
  const Report again = project_.runall();
  EXPECT_EQ(again.known, 200);
}

TEST_F(Batch, IsWhatTheCommandsOfAttemptsTell) {
  EXPECT_EQ(project_.runall({}, {"-r", "0..99"}).complete, 100);
  const Answer provenance = project_.simswarm({"provenance", "Study#99"});
  EXPECT_EQ(provenance.exit_code, 0) << provenance.errors;
  EXPECT_THAT(provenance.out, HasSubstr("\"-r\""));
  const std::vector<RunStatus> runs = project_.status({"--all"});
  EXPECT_EQ(runs.size(), 100U);
  for (const RunStatus& run : runs) EXPECT_EQ(run.attempts, 1) << run.run << ": a trial is no attempt";
}

TEST_F(Batch, IsNeverMadeWhenSaidSo) {
  const Report report = project_.runall({"-b1"}, {"-r", "0..39"});
  EXPECT_EQ(report.complete, 40);
  EXPECT_EQ(processes(), std::vector<int>(40, 1));
}

TEST_F(Batch, HasTheSizeThatIsSaid) {
  const Report report = project_.runall({"-b8"}, {"-r", "0..39"});
  EXPECT_EQ(report.complete, 40);
  EXPECT_EQ(processes(), std::vector<int>(5, 8));
}

TEST_F(Batch, OfLongRunsIsNeverMade) {
  ini("[General]\nnetwork = Net\nsim-time-limit = 20s\n**.sleep = 1.5\n[Study]\n**.load = ${load=1..8}\n");
  const Report report = project_.runall({"-j4"});
  EXPECT_EQ(report.complete, 8) << report.out;
  EXPECT_EQ(processes(), std::vector<int>(8, 1));
}

class LeakyBatch : public Batch {
 protected:
  LeakyBatch() : Batch(study_of("**.ill = \"static-leak\"")) {}
};

TEST_F(LeakyBatch, IsNotMadeAndTheFirstDifferenceIsNamed) {
  const Report report = project_.runall();
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(report.complete, 80);
  std::vector<std::string> told;
  for (const Event& note : report.of("note")) {
    if (contains(note.text, "share")) told.push_back(note.text);
  }
  ASSERT_EQ(told.size(), 1U) << report.notes();
  EXPECT_THAT(told[0], HasSubstr("Study"));
  EXPECT_THAT(told[0], HasSubstr("results/Study-load="));
  EXPECT_THAT(told[0], HasSubstr("Net.sink load")) << "what leaks";
  EXPECT_THAT(told[0], Not(HasSubstr("has «run "))) << "a run's id differs from process to process";
  expect_results_of_runs_alone();
}

TEST_F(LeakyBatch, IsRemembered) {
  EXPECT_EQ(project_.runall().complete, 80);
  EXPECT_GT(most_in_one_process(), 1) << "that was the trial";
  forget_processes();
  const Report report = project_.runall({}, {"--repeat=2"});
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(report.complete, 40);
  EXPECT_GT(processes().size(), 0U);
  EXPECT_EQ(most_in_one_process(), 1) << "needs no other trial";
}

TEST_F(Batch, ThatIsGoodIsRemembered) {
  EXPECT_EQ(project_.runall({}, {"--repeat=4"}).complete, 80);
  forget_processes();
  fs::remove_all(project_.path("results"));
  const Report report = project_.runall({}, {"--repeat=3"});
  EXPECT_EQ(report.complete, 60);
  const std::vector<int> sizes = processes();
  int runs = 0;
  for (const int size : sizes) runs += size;
  EXPECT_EQ(runs, 60) << "nothing was run only to be compared";
  EXPECT_LT(sizes.size(), 40U);
}

// Runs of several places, so that one at least stands amid a batch.
class IllBatch : public Batch, public testing::WithParamInterface<const char*> {
 protected:
  IllBatch() : Batch(study_of("**.ill = \"" + std::string(GetParam()) + "\"\n**.illRuns = \"37,51,52,71\"")) {}
};

TEST_P(IllBatch, CostsOnlyTheRunThatIsIll) {
  const Report report = project_.runall({"--retries", "0"});
  EXPECT_EQ(report.exit_code, 1) << report.errors;
  EXPECT_EQ(report.complete, 76);
  std::vector<std::string> failed;
  for (const Unfinished& run : report.not_complete) failed.push_back(run.run);
  EXPECT_THAT(failed, testing::UnorderedElementsAre("Study#37", "Study#51", "Study#52", "Study#71"));
  EXPECT_LT(processes().size(), 70U) << "of 80 runs";
  for (const RunStatus& run : project_.status({"--all"})) EXPECT_LE(run.attempts, 2) << run.run;
  expect_results_of_runs_alone(failed);
}
INSTANTIATE_TEST_SUITE_P(Each, IllBatch, testing::Values("segv", "exit0"), [](const auto& each) { return each.param; });

// The order in which runs begin, by their names.
std::vector<std::string> order_of(const Report& report) {
  std::vector<std::string> runs;
  for (const Event& event : report.of("started")) runs.push_back(event.run);
  return runs;
}

TEST(Order, IsLongestFirstOnceDurationsAreKnown) {
  const Project project("[General]\nnetwork = Net\nsim-time-limit = 20s\n[Study]\n**.sleep = ${t=0.4,0.05,1.2,0.15}\n");
  const Report first = project.runall();
  EXPECT_EQ(first.complete, 4);
  fs::remove_all(project.path("results"));
  const Report second = project.runall();
  EXPECT_EQ(second.complete, 4);
  EXPECT_THAT(order_of(second), ElementsAre("Study#2", "Study#0", "Study#3", "Study#1"));
}

// What was seen of some values of a variable tells of others.
TEST(Order, IsTakenFromOtherValuesOfTheVariables) {
  const Project project("[General]\nnetwork = Net\nsim-time-limit = 20s\n[Study]\n**.sleep = ${t=0.1,1.2}\n");
  EXPECT_EQ(project.runall().complete, 2);
  fs::remove_all(project.path("results"));
  replace_in(project.path("omnetpp.ini"), "t=0.1,1.2", "t=0.1,0.4,1.2");
  const Report second = project.runall();
  EXPECT_EQ(second.complete, 3);
  EXPECT_THAT(order_of(second), ElementsAre("Study#2", "Study#1", "Study#0"));
}

}  // namespace
}  // namespace simswarm::e2e
