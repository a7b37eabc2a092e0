// Runs that go nowhere, write without end, or want cores of their own; disks that are nearly full.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "fault_support.h"
#include "hardened_support.h"

namespace simswarm::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Outcomes = std::map<std::string, int>;

constexpr int kUsage = 2;
constexpr int kInterrupted = 130;
constexpr std::uintmax_t kMiB = 1024 * 1024;

// A sweep of ./peer over what it does.
Words peer_words(const Words& options, const std::string& what) {
  return Words{"sweep", "--json", "-j2", "--retries", "0", "--name", "peers"} + options +
         Words{what, "--", "sh", "-c", "exec ./peer {what}"};
}

TEST(Stall, EndsWhatSleepsInsideAnEvent) {
  const Project project(study("**.ill = \"asleep\"\n**.illRuns = \"1,4\""));
  const Undertaker undertaker(project);
  const Report report = project.runall({"--stall", "1", "--retries", "0"}, {mark_word(project)});
  EXPECT_EQ(report.exit_code, 1) << report.errors;
  EXPECT_EQ(report.outcomes, (Outcomes{{"completed", 4}, {"stalled", 2}})) << report.out;
  for (const char* run : {"Study#1", "Study#4"}) {
    EXPECT_EQ(report.outcome_of(run), "stalled");
    ASSERT_FALSE(report.ended(run).empty());
    EXPECT_THAT(report.ended(run).back().text, HasSubstr("neither output nor CPU time"));
    EXPECT_THAT(report.ended(run).back().text, HasSubstr("--stall"));
  }
  EXPECT_EQ(project.results().size(), 16U) << "of the others";
  EXPECT_TRUE(nothing_lives(project)) << living_text(project);
}

TEST(Stall, LeavesWhatComputesInsideAnEvent) {
  const Project project(study("**.ill = \"stuck\"\n**.illSeconds = 2.5\n**.illRuns = \"1\""));
  const Report report = project.runall({"--stall", "1", "--retries", "0"});
  EXPECT_EQ(report.exit_code, 0) << report.out;
  EXPECT_EQ(report.outcomes, (Outcomes{{"completed", 6}}));
}

// No events are known of it. The first has to be told apart from the second by its output alone.
TEST(Stall, LeavesWhatPrints) {
  const Project project("");
  const Undertaker undertaker(project);
  add_peer(project);
  const Report report = parse_report(project.simswarm(peer_words({"--stall", "1"}, "what=print 2.5,silence")));
  EXPECT_EQ(report.exit_code, 1) << report.out << report.errors;
  EXPECT_EQ(report.outcomes, (Outcomes{{"completed", 1}, {"stalled", 1}})) << report.out;
  ASSERT_EQ(report.not_complete.size(), 1U);
  EXPECT_THAT(report.not_complete[0].message, HasSubstr("events"));
  EXPECT_THAT(report.not_complete[0].message, HasSubstr("not known"));
  EXPECT_TRUE(nothing_lives(project)) << living_text(project);
}

// The clock begins when the run is set up.
TEST(Stall, LeavesWhatIsNotSetUpYet) {
  const Project project("[General]\nnetwork = Net\nsim-time-limit = 5s\n[Study]\n");
  fs::rename(project.path("sim"), project.path("cmdsim"));
  write_program(project.path("sim"),
                "#!/bin/sh\ncase \" $* \" in *\" -q \"*|*\" -e \"*) ;; *\" -r \"*) sleep 2.5 ;; esac\nexec ./cmdsim "
                "\"$@\"\n");
  const Report report = project.runall({"--stall", "1", "--retries", "0"});
  EXPECT_EQ(report.exit_code, 0) << report.out;
  EXPECT_EQ(report.outcomes, (Outcomes{{"completed", 1}}));
}

// It goes on after SIGTERM: what it writes until then is many times what may be kept.
TEST(MaxOutput, EndsARunawayLog) {
  const Project project("");
  const Undertaker undertaker(project);
  add_peer(project);
  const Report report = parse_report(project.simswarm(peer_words({"--max-output", "1M"}, "what=print 0,flood")));
  EXPECT_EQ(report.exit_code, 1) << report.out << report.errors;
  EXPECT_EQ(report.outcomes, (Outcomes{{"completed", 1}, {"too_much_output", 1}})) << report.out;
  ASSERT_EQ(report.not_complete.size(), 1U);
  EXPECT_THAT(report.not_complete[0].message, HasSubstr("--max-output"));
  EXPECT_TRUE(nothing_lives(project)) << living_text(project);
  EXPECT_LT(bytes_below(project.path(".simswarm")) + bytes_below(project.path("results")), 4 * kMiB);
}

TEST(MaxOutput, EndsARunawayVectorFile) {
  const Project project(
      "[General]\nnetwork = Net\n**.interval = 0.001\n**.vectors = 4\n**.blockSamples = 1000\n"
      "[Study]\n**.events = ${events=50,1000000000}\n");
  const Undertaker undertaker(project);
  const Report report = project.runall({"--max-output", "1M", "--retries", "0"}, {mark_word(project)});
  EXPECT_EQ(report.exit_code, 1) << report.out << report.errors;
  EXPECT_EQ(report.outcome_of("Study#0"), "completed");
  EXPECT_EQ(report.outcome_of("Study#1"), "too_much_output");
  ASSERT_EQ(report.not_complete.size(), 1U);
  EXPECT_THAT(report.not_complete[0].message, HasSubstr("--max-output"));
  for (const std::string& file : project.results()) EXPECT_THAT(file, HasSubstr("events=50-"));
  EXPECT_EQ(project.results().size(), 4U);
  EXPECT_TRUE(nothing_lives(project)) << living_text(project);
  EXPECT_LT(bytes_below(project.path(".simswarm")) + bytes_below(project.path("results")), 4 * kMiB);
}

TEST(MinFree, OfMoreThanThereIsStartsNothing) {
  const Project project(study());
  Process campaign(project.runall_words({"--min-free", "1000000GiB"}, {}), project.folder());
  ASSERT_TRUE(eventually([&] { return count_of(campaign, "--min-free") > 0; })) << campaign.out();
  ASSERT_TRUE(eventually([&] { return count_of(campaign, R"("event":"progress")") >= 2; })) << "has looked again";
  campaign.send(SIGINT);
  const Report report = parse_report(campaign.wait(20));
  EXPECT_EQ(report.exit_code, kInterrupted);
  EXPECT_EQ(report.state, "cancelled");
  EXPECT_THAT(report.started(), IsEmpty());
  EXPECT_EQ(report.not_run, 6);
  EXPECT_EQ(std::ranges::count_if(report.of("note"), [](const Event& e) { return contains(e.text, "--min-free"); }), 1);
}

// A disk of the test's own is nearly full: nothing starts, it is said once; there is room: it goes on.
TEST(MinFree, GoesOnWhenThereIsRoom) {
  const Project project(study("**.sleep = 0.1"));
  enter_own_namespace();
  mount_tmpfs(project.path("results"), "32m");
  const fs::path filler = project.path("results/filler.bin");
  write(filler, std::string(24 * kMiB, 'x'));
  {
    Process campaign(project.runall_words({"--min-free", "16M"}, {}), project.folder());
    ASSERT_TRUE(eventually([&] { return count_of(campaign, "--min-free") > 0; })) << campaign.out();
    EXPECT_EQ(count_of(campaign, R"("event":"started")"), 0);
    fs::remove(filler);
    const Report report = parse_report(campaign.wait(30));
    EXPECT_EQ(report.exit_code, 0) << report.errors << report.notes();
    EXPECT_EQ(report.complete, 6);
    const std::vector<Event> notes = report.of("note");
    EXPECT_EQ(std::ranges::count_if(notes, [](const Event& e) { return contains(e.text, "--min-free"); }), 1);
    EXPECT_EQ(std::ranges::count_if(notes, [](const Event& e) { return contains(e.text, "going on"); }), 1);
  }
  ::umount2(project.path("results").c_str(), MNT_DETACH);
}

// While runs run, the disk fills: those end well, and nothing new starts until there is room.
TEST(MinFree, LetsRunningRunsEnd) {
  const Project project(study("**.sleep = 1"));
  enter_own_namespace();
  mount_tmpfs(project.path("results"), "32m");
  const fs::path filler = project.path("results/filler.bin");
  {
    Process campaign(project.runall_words({"-j1", "--min-free", "16M"}, {"-r", "0..1"}), project.folder());
    ASSERT_TRUE(eventually([&] { return count_of(campaign, R"("event":"started")") == 1; })) << campaign.out();
    write(filler, std::string(24 * kMiB, 'x'));
    ASSERT_TRUE(eventually([&] { return count_of(campaign, "--min-free") > 0; })) << campaign.out();
    ASSERT_TRUE(eventually([&] { return count_of(campaign, R"("event":"ended")") == 1; })) << campaign.out();
    fs::remove(filler);
    const Report report = parse_report(campaign.wait(30));
    EXPECT_EQ(report.exit_code, 0) << report.errors << report.notes();
    EXPECT_EQ(report.complete, 2);
    EXPECT_EQ(report.started().size(), 2U);
  }
  ::umount2(project.path("results").c_str(), MNT_DETACH);
}

std::size_t cores_of_this_machine() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  return static_cast<std::size_t>(CPU_COUNT(&set));
}

// A run that shares a core with another finds it taken: so no more run at once than there are cores for.
class CoresPerRun : public testing::TestWithParam<std::size_t> {};

TEST_P(CoresPerRun, AreHeldByOneRunAtATime) {
  ASSERT_GE(cores_of_this_machine(), GetParam());
  const Project project("");
  add_peer(project);
  const fs::path locks = open_folder(project, "locks");
  const Report report = parse_report(
      project.simswarm({"sweep", "--json", "-j8", "--cores-per-run", std::to_string(GetParam()), "--name", "pinned",
                        "n=1..6", "--", "./peer", "pin", locks.string(), "{results}/cores-{n}", "0.1"}));
  EXPECT_EQ(report.exit_code, 0) << report.errors << report.out;
  EXPECT_EQ(report.complete, 6);
  const auto files = contents_below(project.path("results"));
  ASSERT_EQ(files.size(), 6U);
  for (const auto& [file, text] : files) {
    EXPECT_FALSE(contains(text, "taken")) << file << ": " << text;
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, ' ')), GetParam()) << file << ": " << text;
  }
}
INSTANTIATE_TEST_SUITE_P(Each, CoresPerRun, testing::Values(1, 2),
                         [](const auto& each) { return std::to_string(each.param); });

TEST(CoresPerRun, MoreThanThereAreIsAUsageError) {
  const Project project(study());
  const std::string wanted = std::to_string(cores_of_this_machine() + 1);
  const Answer answer = project.simswarm({"runall", "--cores-per-run", wanted, "./sim", "-c", "Study"});
  EXPECT_EQ(answer.exit_code, kUsage) << answer.all();
  EXPECT_TRUE(is_one_line_error(answer.errors)) << answer.errors;
  EXPECT_THAT(answer.errors, HasSubstr("--cores-per-run"));
  EXPECT_THAT(answer.errors, HasSubstr(wanted));
  EXPECT_THAT(project.results(), IsEmpty());
}

}  // namespace
}  // namespace simswarm::e2e
