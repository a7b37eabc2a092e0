// The table: each ill of cmdsim × its place (alone; first, middle, last of a batch of three) × redirected output or
// not. The run that is ill gets its outcome and leaves nothing among the results; its neighbours end as if nothing had
// been.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support.h"

namespace simswarm::e2e {
namespace {

struct Ill {
  std::string name;
  std::vector<std::string> outcomes;  // more than one where the facts leave both open
  std::string ini = "";               // further lines
  Words options = {};
  std::string message = "";  // what the message has to contain
  bool has_place = false;    // simulated time and module are told
};

std::ostream& operator<<(std::ostream& out, const Ill& ill) {
  return out << ill.name;
}

bool counts_as_complete(const std::string& outcome) {
  return outcome == "completed" || outcome == "teardown_failed";
}

// Run 9 is alone; the others stand in batches of three with the run that is ill first, in the middle, last.
struct Place {
  std::string name;
  std::string runs;
  std::string ill;
  std::vector<std::string> healthy;
};
const std::vector<Place>& places() {
  static const std::vector<Place> all = {{"alone", "9", "Study#9", {}},
                                         {"first", "0..2", "Study#0", {"Study#1", "Study#2"}},
                                         {"middle", "3..5", "Study#4", {"Study#3", "Study#5"}},
                                         {"last", "6..8", "Study#8", {"Study#6", "Study#7"}}};
  return all;
}
constexpr std::string_view kIllRuns = "0,4,8,9";
constexpr std::string_view kNoRuns = "99,9999";  // as long as the other: nothing moves in any file
const std::vector<std::string> kIllLoads = {"1", "5", "9", "10"};

std::string ini_of(const Ill& ill) {
  return "[General]\nnetwork = Net\nsim-time-limit = 50s\n**.ill = \"" + ill.name + "\"\n**.illRuns = \"" +
         std::string(kIllRuns) + "\"\n" + ill.ini + "\n[Study]\n**.load = ${load=1..10}\n";
}

bool is_of_ill_run(const std::string& file) {
  return std::ranges::any_of(kIllLoads, [&](const std::string& load) { return contains(file, "load=" + load + "-"); });
}

class EachIll : public testing::TestWithParam<std::tuple<Ill, bool>> {
 protected:
  [[nodiscard]] static const Ill& ill() { return std::get<0>(GetParam()); }
  [[nodiscard]] static bool redirected() { return std::get<1>(GetParam()); }
  [[nodiscard]] static Words words() { return redirected() ? Words{} : Words{"--cmdenv-redirect-output=false"}; }
  [[nodiscard]] static Report campaign(const Project& project, const Place& place) {
    const Words options = Words{"-j1", "-b3", "--retries", "0"} + ill().options;
    return project.runall(options, words() + Words{"-r", place.runs});
  }
};

void expect_outcome(const Ill& ill, const Report& report, const std::string& run) {
  const std::vector<Event> ended = report.ended(run);
  ASSERT_FALSE(ended.empty()) << report.out << report.errors;
  const Event& last = ended.back();
  EXPECT_THAT(ill.outcomes, testing::Contains(last.outcome)) << last.text;
  EXPECT_EQ(last.complete, counts_as_complete(last.outcome));
  EXPECT_TRUE(last.complete || !last.text.empty()) << "no message";
  EXPECT_THAT(last.text, testing::HasSubstr(ill.message));
  if (!ill.has_place) return;
  EXPECT_EQ(last.module, "Net.sink");
  EXPECT_EQ(last.simulated_time.substr(0, 2), "25") << last.simulated_time;
}

void expect_summary(const Report& report, const Place& place, bool complete) {
  ASSERT_TRUE(report.has_summary) << report.out << report.errors;
  const int total = static_cast<int>(place.healthy.size()) + 1;
  EXPECT_EQ(report.total, total);
  EXPECT_EQ(report.complete, complete ? total : total - 1);
  EXPECT_EQ(report.exit_code, complete ? 0 : 1);
  EXPECT_EQ(report.not_complete.size(), complete ? 0U : 1U);
}

TEST_P(EachIll, IsToldAndHurtsNoNeighbour) {
  const Project project(ini_of(ill()));
  const auto before = contents_below(project.folder());
  bool complete = false;
  for (const Place& place : places()) {
    SCOPED_TRACE(place.name);
    const Report report = campaign(project, place);
    expect_outcome(ill(), report, place.ill);
    complete = counts_as_complete(report.outcome_of(place.ill));
    for (const std::string& run : place.healthy) EXPECT_EQ(report.outcome_of(run), "completed") << run;
    expect_summary(report, place, complete);
  }
  for (const auto& [file, text] : before) EXPECT_EQ(project.read(file), text) << file << " of the project was changed";

  // The undisturbed runs, by hand.
  const fs::path reference = project.outside() / "reference";
  fs::create_directories(reference);
  fs::copy_file(project.path("sim"), reference / "sim");
  write(reference / "omnetpp.ini", project.read("omnetpp.ini"));
  ASSERT_TRUE(replace_in(reference / "omnetpp.ini", kIllRuns, kNoRuns));
  ASSERT_EQ(project.by_hand(words() + Words{"-r", "0..9"}, reference).exit_code, 0);
  for (const std::string& file : files_below(reference / "results")) {
    replace_in(reference / "results" / file, kNoRuns, kIllRuns);
    if (is_of_ill_run(file)) fs::remove(reference / "results" / file);
  }
  ASSERT_EQ(files_below(reference / "results").size(), redirected() ? 24U : 18U);

  for (const std::string& file : project.results()) {
    if (!is_of_ill_run(file)) continue;
    EXPECT_TRUE(complete) << file << " of a run that is not complete";
    fs::remove(project.path("results") / file);
  }
  std::string difference;
  EXPECT_TRUE(equal_results(reference / "results", project.path("results"), &difference)) << difference;
}

const std::string kSlow = "**.sleep = 0.5";

const std::vector<Ill>& ills() {
  static const std::vector<Ill> all = {
      {.name = "none", .outcomes = {"completed"}},
      {.name = "error", .outcomes = {"model_error"}, .message = "", .has_place = true},
      {.name = "std-exception", .outcomes = {"model_error"}, .has_place = true},
      {.name = "error-init", .outcomes = {"model_error"}},
      {.name = "error-setup", .outcomes = {"model_error"}},
      {.name = "unassigned", .outcomes = {"model_error"}},
      {.name = "error-finish", .outcomes = {"model_error"}},
      {.name = "error-teardown", .outcomes = {"teardown_failed"}},
      {.name = "segv-teardown", .outcomes = {"teardown_failed"}},
      {.name = "disk-full", .outcomes = {"disk_full"}},
      {.name = "empty-sca", .outcomes = {"disk_full", "incomplete"}, .message = ".sca"},
      {.name = "cut-sca", .outcomes = {"incomplete"}, .message = ".sca"},
      {.name = "no-sca", .outcomes = {"incomplete"}, .message = ".sca"},
      {.name = "exit0", .outcomes = {"incomplete"}},
      {.name = "exit3", .outcomes = {"incomplete", "crashed"}, .message = "3"},
      {.name = "segv", .outcomes = {"crashed"}, .message = "11"},
      {.name = "abort", .outcomes = {"crashed"}, .message = "6"},
      {.name = "kill", .outcomes = {"killed"}, .message = "9"},
      {.name = "partial-vec", .outcomes = {"killed"}, .ini = "**.blockSamples = 4"},
      {.name = "trap", .outcomes = {"model_error"}},
      {.name = "sigint", .outcomes = {"killed"}},
      {.name = "sigterm", .outcomes = {"killed"}},
      {.name = "sigterm-init", .outcomes = {"killed"}},
      {.name = "stuck", .outcomes = {"timed_out"}, .options = {"--timeout", "1"}},
      {.name = "asleep", .outcomes = {"timed_out"}, .options = {"--timeout", "1"}},
      {.name = "end", .outcomes = {"completed"}},
      {.name = "own-stop",
       .outcomes = {"completed"},
       .ini = "**.illText = \"Enough packets\"",
       .message = "Enough packets"},
      {.name = "alert", .outcomes = {"completed"}, .ini = "**.illText = \"Queue is long\""},
      {.name = "late-alert", .outcomes = {"completed"}, .ini = "**.illText = \"Queue was long\""},
      {.name = "undisposed", .outcomes = {"completed"}},
      {.name = "cout", .outcomes = {"completed"}},
      {.name = "cerr", .outcomes = {"completed"}},
      {.name = "static-leak", .outcomes = {"completed"}},
      {.name = "memory",
       .outcomes = {"out_of_memory"},
       .ini = "**.illMegabytes = 300\n" + kSlow,
       .options = {"--memory", "150M"}},
      {.name = "growing-memory",
       .outcomes = {"out_of_memory"},
       .ini = "**.illMegabytes = 600\n" + kSlow,
       .options = {"--memory", "150M"}},
      {.name = "orphan", .outcomes = {"completed"}},
      {.name = "daemon", .outcomes = {"completed"}},
  };
  return all;
}

std::string name_of(const testing::TestParamInfo<std::tuple<Ill, bool>>& info) {
  std::string name = std::get<0>(info.param).name + (std::get<1>(info.param) ? "_redirected" : "_plain");
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Table, EachIll, testing::Combine(testing::ValuesIn(ills()), testing::Bool()), name_of);

}  // namespace
}  // namespace simswarm::e2e
