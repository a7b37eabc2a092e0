// Many runs, of which a part fails in every way at once: the counts are right, and all good runs are complete.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "fault_support.h"

namespace simswarm::e2e {
namespace {

// The order of fault_ills.cpp: what becomes of each. The last eight do harm, but leave whole results.
const std::vector<std::string>& outcomes() {
  // A file that simswarm may not read cannot be taken over; root may.
  static const std::string unreadable = ::geteuid() == 0 ? "completed" : "incomplete";
  static const std::vector<std::string> all{
      "crashed",     "crashed",     "crashed",    "crashed",    "crashed",   "killed",        "killed",    "killed",
      "model_error", "model_error", "incomplete", "incomplete", "timed_out", "out_of_memory", "completed", "completed",
      "completed",   "completed",   unreadable,   "completed",  "completed", "completed"};
  return all;
}

class Many : public testing::Test {
 protected:
  Many() : project_("") {
    fs::copy_file(fault_ills(), project_.path("ills"));
    project_.write("input.txt", "an input\n");
    for (int index = 0; index < runs_; ++index) {
      const bool is_ill = index % every_ == every_ - 1;
      const std::string outcome =
          is_ill ? outcomes()[static_cast<std::size_t>(index / every_) % outcomes().size()] : "completed";
      ++expected_[outcome];
      if (outcome != "completed" && outcome != "model_error") can_be_helped_.push_back("many#" + std::to_string(index));
    }
    std::ranges::sort(can_be_helped_);
  }

  [[nodiscard]] Report sweep() const {
    const Words words{"sweep",     "--json",
                      "-j2",       "--name",
                      "many",      "--timeout",
                      "6",         "--memory",
                      "200M",      "--retries",
                      "0",         "--require",
                      "run.csv",   "i=0.." + std::to_string(runs_ - 1),
                      "--",        "./ills",
                      "{i}",       std::to_string(every_),
                      "{results}", "input.txt"};
    constexpr double kLongest = 1100;
    return parse_report(Process(Words{simswarm_program()} + words, project_.folder()).wait(kLongest));
  }

  void expect_counts(const Report& report) const {
    EXPECT_EQ(report.exit_code, 1) << report.errors;
    EXPECT_EQ(report.total, runs_);
    EXPECT_EQ(report.complete, expected_.at("completed"));
    EXPECT_EQ(report.failed, runs_ - expected_.at("completed"));
    EXPECT_EQ(report.not_run, 0);
    EXPECT_EQ(report.outcomes, expected_);
    EXPECT_EQ(static_cast<int>(report.not_complete.size()), report.failed);
  }

  // Each complete run has its one good file, and nobody else has any.
  void expect_results() const {
    int whole = 0;
    for (const auto& [file, text] : contents_below(project_.path("results"))) {
      if (!file.ends_with("/run.csv")) continue;
      ++whole;
      const std::size_t from = file.find("i=") + 2;
      const long index = std::strtol(file.c_str() + from, nullptr, 10);
      EXPECT_EQ(text, "index,value\n" + std::to_string(index) + "," + std::to_string(3 * index + 7) + "\n") << file;
    }
    EXPECT_EQ(whole, expected_.at("completed"));
  }

  const Project project_;
  const int runs_ = all_faults() ? 10'000 : 440;
  const int every_ = all_faults() ? 100 : 20;
  std::map<std::string, int> expected_;
  std::vector<std::string> can_be_helped_;
};

TEST_F(Many, AreCountedRightAndResumeWhereItHelps) {
  const Report first = sweep();
  expect_counts(first);
  expect_results();
  EXPECT_EQ(project_.read("input.txt"), "an input\n") << "a run deleted it, in its layer";
  EXPECT_TRUE(eventually([&] { return processes_with((project_.folder() / "ills").string()).empty(); }, 10));
  const Report second = sweep();
  expect_counts(second);
  expect_results();
  EXPECT_EQ(second.known, expected_.at("completed"));
  EXPECT_EQ(second.started(), can_be_helped_);
}

}  // namespace
}  // namespace simswarm::e2e
