// The table: each ill of cmdsim × its place (alone; first, middle, last of a batch of three) × redirected output or
// not. The run that is ill gets its outcome and leaves nothing among the results; its neighbours end as if nothing had
// been.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "support.h"

namespace simswarm::e2e {
namespace {

struct Ill {
  std::string name;
  std::vector<std::string> outcomes;  // more than one where the facts leave both open
  std::string ini{};                  // further lines
  Words options = {};
  std::string message{};   // what the message has to contain
  bool has_place = false;  // simulated time and module are told
  bool slow = false;       // its campaigns go side by side
  bool blurred = false;    // without redirection nothing says which run of the batch it was
  std::string label{};     // where one ill stands in several rows
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
const std::vector<std::string> kIllLoads = {"1", "5", "9", "10"};

std::string ini_of(const Ill& ill) {
  return "[General]\nnetwork = Net\nsim-time-limit = 50s\n**.ill = \"" + ill.name + "\"\n**.illRuns = \"" +
         std::string(kIllRuns) + "\"\n" + ill.ini + "\n[Study]\n**.load = ${load=1..10}\n";
}

bool is_of_ill_run(const std::string& file) {
  return std::ranges::any_of(kIllLoads, [&](const std::string& load) {
    return contains(file, "load=" + load + "-") || contains(file, "load=" + load + ",");
  });
}

class EachIll : public testing::TestWithParam<std::tuple<Ill, bool>> {
 protected:
  [[nodiscard]] static const Ill& ill() { return std::get<0>(GetParam()); }
  [[nodiscard]] static bool redirected() { return std::get<1>(GetParam()); }
  [[nodiscard]] static Words words() { return redirected() ? Words{} : Words{"--cmdenv-redirect-output=false"}; }
  [[nodiscard]] static std::vector<Report> campaigns(const Project& project) {
    std::vector<std::unique_ptr<Process>> running;
    std::vector<Report> reports;
    for (const Place& place : places()) {
      const Words options = Words{"-j1", "-b3", "--retries", "0"} + ill().options;
      const Words simulation = words() + Words{"-r", place.runs};
      running.push_back(std::make_unique<Process>(project.runall_words(options, simulation), project.folder()));
      if (!ill().slow) reports.push_back(parse_report(running.back()->wait()));
    }
    for (const auto& campaign : running) {
      if (ill().slow) reports.push_back(parse_report(campaign->wait()));
    }
    return reports;
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
  EXPECT_THAT(last.module, testing::HasSubstr("Net.sink"));
  EXPECT_EQ(last.simulated_time.substr(0, 2), "25") << last.simulated_time;
}

void expect_outcomes(const Ill& ill, const Report& report, const Place& place, bool redirected) {
  if (ill.blurred && !redirected) {
    std::vector<std::string> outcomes = {report.outcome_of(place.ill)};
    for (const std::string& run : place.healthy) outcomes.push_back(report.outcome_of(run));
    EXPECT_EQ(std::ranges::count(outcomes, ill.outcomes.front()), 1);
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(outcomes, "completed")), place.healthy.size());
    return;
  }
  expect_outcome(ill, report, place.ill);
  for (const std::string& run : place.healthy) EXPECT_EQ(report.outcome_of(run), "completed") << run;
}

void expect_summary(const Report& report, const Place& place, bool complete) {
  ASSERT_TRUE(report.has_summary) << report.out << report.errors;
  const int total = static_cast<int>(place.healthy.size()) + 1;
  EXPECT_EQ(report.total, total);
  EXPECT_EQ(report.complete, complete ? total : total - 1);
  EXPECT_EQ(report.exit_code, complete ? 0 : 1);
  EXPECT_EQ(report.not_complete.size(), complete ? 0U : 1U);
}

// The healthy runs by hand, in one process, in a copy of the project.
fs::path run_healthy_by_hand(const Project& project, const Words& words) {
  const fs::path folder = project.outside() / "by-hand";
  fs::create_directories(folder);
  for (const char* file : {"sim", "omnetpp.ini"}) fs::copy_file(project.path(file), folder / file);
  EXPECT_EQ(project.by_hand(words + Words{"-r", "1..3,5..7"}, folder).exit_code, 0);
  return folder / "results";
}

// Puts the fingerprint of a healthy run where the ini file has an @.
void set_fingerprint(const Project& project) {
  if (!contains(project.read("omnetpp.ini"), "fingerprint = @")) return;
  replace_in(project.path("omnetpp.ini"), "= @", "= 0000-0000");
  const std::string out =
      project.by_hand({"-r", "1", "--result-dir=.", "--cmdenv-redirect-output=false"}, project.folder()).all();
  for (const std::string& file : files_below(project.folder())) {
    if (contains(file, "load=2")) fs::remove(project.path(file));
  }
  const std::string word = "calculated: ";
  const std::size_t at = out.find(word);
  ASSERT_NE(at, std::string::npos) << out;
  const std::size_t first = at + word.size();
  replace_in(project.path("omnetpp.ini"), "= 0000-0000", "= " + out.substr(first, out.find(',', first) - first));
}

TEST_P(EachIll, IsToldAndHurtsNoNeighbour) {
  const Project project(ini_of(ill()));
  set_fingerprint(project);
  const auto before = contents_below(project.folder());
  const std::vector<Report> reports = campaigns(project);
  const bool complete = counts_as_complete(ill().outcomes.front());
  for (std::size_t i = 0; i < places().size(); ++i) {
    SCOPED_TRACE(places()[i].name);
    expect_outcomes(ill(), reports[i], places()[i], redirected());
    expect_summary(reports[i], places()[i], complete);
  }
  for (const auto& [file, text] : before) EXPECT_EQ(project.read(file), text) << file << " of the project was changed";

  int of_ill_runs = 0;
  for (const std::string& file : project.results()) {
    if (!is_of_ill_run(file)) continue;
    ++of_ill_runs;
    EXPECT_TRUE(complete) << file << " of a run that is not complete";
    fs::remove(project.path("results") / file);
  }
  EXPECT_EQ(of_ill_runs > 0, complete);
  const fs::path reference = run_healthy_by_hand(project, words());
  ASSERT_EQ(files_below(reference).size(), redirected() ? 24U : 18U);
  std::string difference;
  EXPECT_TRUE(equal_results(reference, project.path("results"), &difference)) << difference;
}

// Runs that are ill take their time, so that the limit of memory is looked at while they hold it.
const std::string kSlow = "**.illAt = 0.1\n**.sleep = ${1.5,0,0,0,1.5,0,0,0,1.5,1.5 ! load}\n";
// Their fingerprint is that of 51 events with one seed; a run that stops early has another one.
const std::string kOneSeed = "seed-set = 1\nfingerprint = @\n";
// 2,500 events, so that limits are looked at; a machine under load has time to use a tenth of a second.
const std::string kManyEvents = "**.interval = 0.02s\n**.illSeconds = 1.5\n";

const std::vector<Ill> kIlls = {
    {.name = "none", .outcomes = {"completed"}},
    {.name = "error", .outcomes = {"model_error"}, .message = "", .has_place = true},
    {.name = "std-exception", .outcomes = {"model_error"}, .has_place = true},
    {.name = "error-init", .outcomes = {"model_error"}},
    {.name = "error-setup", .outcomes = {"model_error"}},
    {.name = "unassigned", .outcomes = {"model_error"}},
    {.name = "error-finish", .outcomes = {"model_error"}},
    {.name = "error-teardown", .outcomes = {"teardown_failed"}, .blurred = true},
    {.name = "segv-teardown", .outcomes = {"teardown_failed"}, .blurred = true},
    {.name = "disk-full", .outcomes = {"disk_full"}},
    {.name = "empty-sca", .outcomes = {"disk_full", "incomplete"}, .message = ".sca"},
    {.name = "cut-sca", .outcomes = {"incomplete"}, .message = ".sca"},
    {.name = "no-sca", .outcomes = {"incomplete"}, .message = ".sca"},
    {.name = "exit0", .outcomes = {"incomplete"}},
    {.name = "exit3", .outcomes = {"model_error"}, .message = "3"},
    {.name = "segv", .outcomes = {"crashed"}, .message = "11"},
    {.name = "abort", .outcomes = {"crashed"}, .message = "6"},
    {.name = "kill", .outcomes = {"killed"}, .message = "9"},
    {.name = "partial-vec", .outcomes = {"killed"}, .ini = "**.blockSamples = 4"},
    {.name = "trap", .outcomes = {"model_error"}},
    {.name = "sigint", .outcomes = {"killed"}},
    {.name = "sigterm", .outcomes = {"killed"}},
    {.name = "sigterm-init", .outcomes = {"killed"}},
    {.name = "stuck", .outcomes = {"timed_out"}, .options = {"--timeout", "0.7"}, .slow = true},
    {.name = "asleep", .outcomes = {"timed_out"}, .options = {"--timeout", "0.7"}, .slow = true},
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
     .options = {"--memory", "150M"},
     .slow = true},
    {.name = "growing-memory",
     .outcomes = {"out_of_memory"},
     .ini = "**.illMegabytes = 600\n" + kSlow,
     .options = {"--memory", "150M"},
     .slow = true},
    {.name = "orphan", .outcomes = {"completed"}},
    {.name = "stuck",
     .outcomes = {"limited"},
     .ini = kManyEvents + "cpu-time-limit = 0.1s",
     .slow = true,
     .label = "cpu-time-limit"},
    {.name = "asleep",
     .outcomes = {"limited"},
     .ini = kManyEvents + "real-time-limit = 1.2s",
     .slow = true,
     .label = "real-time-limit"},
    {.name = "end", .outcomes = {"fingerprint_mismatch"}, .ini = kOneSeed, .label = "fingerprint"},
    {.name = "daemon", .outcomes = {"completed"}},
};

std::string name_of(const testing::TestParamInfo<std::tuple<Ill, bool>>& info) {
  const Ill& ill = std::get<0>(info.param);
  std::string name = (ill.label.empty() ? ill.name : ill.label) + (std::get<1>(info.param) ? "_redirected" : "_plain");
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Table, EachIll, testing::Combine(testing::ValuesIn(kIlls), testing::Bool()), name_of);

}  // namespace
}  // namespace simswarm::e2e
