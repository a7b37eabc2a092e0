// Nothing that runs have started outlives simswarm, whichever way it ends, and whichever way they are contained.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <memory>
#include <sstream>

#include "hardened_support.h"

namespace simswarm::e2e {
namespace {

constexpr int kUsage = 2;
constexpr int kEnvironment = 3;
constexpr int kInterrupted = 130;
constexpr int kRuns = 2;  // at once

enum Kind { kChild = 1, kSession, kTwiceForked, kDeaf, kBare, kBareTwiceForked };

// Starts children, then the simulation as one more without exec, and does not end before the gate is there.
std::string wrapper(const Project& project, const fs::path& gate, bool bare) {
  const auto nap = [&](Kind kind) { return "sleep " + nap_of(project, kind) + " &"; };
  std::string text = "#!/bin/sh\ncase \" $* \" in *\" -r \"*) ;; *) exec ./cmdsim \"$@\" ;; esac\n";
  text += "case \" $* \" in *\" -q \"*|*\" -e \"*) exec ./cmdsim \"$@\" ;; esac\n";
  text += nap(kChild) + "\nsetsid " + nap(kSession) + "\n(setsid " + nap(kTwiceForked) + ")\n";
  text += "(trap '' TERM INT HUP; " + nap(kDeaf) + ")\n";
  if (bare) text += "env -i setsid " + nap(kBare) + "\n(env -i setsid " + nap(kBareTwiceForked) + ")\n";
  return text + "./cmdsim \"$@\"\nstatus=$?\nuntil [ -e " + gate.string() + " ]; do sleep 0.05; done\nexit $status\n";
}

// «Path» of cgroup v2 that a process is in, as it is told.
std::string cgroup_of(const std::string& process) {
  std::istringstream lines(read("/proc/" + process + "/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return "";
}

fs::path mount_of_cgroups() {
  std::istringstream lines(read("/proc/self/mountinfo"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string id;
    std::string parent;
    std::string device;
    std::string root;
    std::string point;
    fields >> id >> parent >> device >> root >> point;
    if (contains(line, " - cgroup2 ")) return point;
  }
  return "";
}

std::string pid_namespace_of(const std::string& process) {
  return fs::read_symlink("/proc/" + process + "/ns/pid").string();
}

// Two runs, each with children of all kinds; ills of the simulation leave further ones.
class Nest {
 public:
  Nest(std::string way, bool ordinary, bool ends = false)
      : way_(std::move(way)), project_(ini(ends)), undertaker_(project_), gate_(project_.outside() / "gate") {
    fs::rename(project_.path("sim"), project_.path("cmdsim"));
    write_program(project_.path("sim"), wrapper(project_, gate_, bare()));
    if (ordinary) user_ = std::make_unique<Ordinary>(project_);
  }
  [[nodiscard]] const Project& project() const { return project_; }
  [[nodiscard]] bool bare() const { return way_ != "guardian"; }
  void open_gate() const { write(gate_, ""); }

  [[nodiscard]] Words words(const Words& options) const {
    const Words all = project_.runall_words(Words{"--containment=" + way_} + options, {mark_word(project_)});
    return user_ ? user_->words({all.begin() + 1, all.end()}) : all;
  }

  // Whether this machine lets that user contain runs this way: asked without simswarm.
  [[nodiscard]] bool is_possible() const {
    if (way_ == "guardian") return true;
    if (way_ == "cgroup") return can_have_cgroup();
    const Words probe{"unshare", "--pid", "--fork", "true"};
    if (geteuid() == 0 && !user_) return run(probe, "/").exit_code == 0;
    const Words unprivileged{"unshare", "--user", "--pid", "--fork", "true"};
    return run(user_ ? user_->as_user(unprivileged) : unprivileged, "/").exit_code == 0;
  }

  [[nodiscard]] bool all_are_there(bool simulations) const {
    const std::vector<Living> all = living(project_);
    const auto count = [&](const std::string& words) {
      return std::ranges::count_if(all, [&](const Living& one) { return contains(one.words, words); });
    };
    for (int kind = kChild; kind <= (bare() ? kBareTwiceForked : kDeaf); ++kind) {
      if (count("sleep " + nap_of(project_, kind)) != kRuns) return false;
    }
    return count("./cmdsim -c") >= (simulations ? 2 * kRuns : kRuns);
  }

  // Each way is known by what processes of a run are in.
  void expect_contained() {
    const std::string process = process_of_a_run();
    const std::string group = cgroup_of(process);
    EXPECT_EQ(pid_namespace_of(process) != pid_namespace_of("self"), way_ == "pid-namespace");
    EXPECT_EQ(contains(group, "/simswarm-"), way_ == "cgroup") << group;
    if (way_ != "cgroup") return;
    group_ = mount_of_cgroups() / fs::path(group.substr(1));
    EXPECT_TRUE(fs::exists(group_)) << group_;
  }

  void expect_nothing_left() const {
    EXPECT_TRUE(nothing_lives(project_)) << "alive:\n" << living_text(project_);
    if (group_.empty()) return;
    EXPECT_TRUE(eventually([&] { return !fs::exists(group_); }, 10)) << group_ << " is left";
  }

 private:
  static std::string ini(bool ends) {
    return std::string("[General]\nnetwork = Net\nsim-time-limit = 4000s\n**.illAt = 0\n") +
           (ends ? "" : "**.sleep = 600\n") + "[Study]\n**.ill = ${ill=\"orphan\",\"daemon\"}\n";
  }
  [[nodiscard]] std::string process_of_a_run() const {
    for (const Living& one : living(project_)) {
      if (contains(one.words, "sleep " + nap_of(project_, kTwiceForked))) return std::to_string(one.pid);
    }
    ADD_FAILURE() << "no process of a run";
    return "self";
  }
  [[nodiscard]] bool can_have_cgroup() const {
    const fs::path group = mount_of_cgroups() / fs::path(cgroup_of("self").substr(1)) / ("e2e-" + mark_of(project_));
    const std::string script =
        "mkdir '" + group.string() + "' && sh -c 'echo $$ >\"" + group.string() + "/cgroup.procs\"'";
    const Words words{"sh", "-c", script};
    const bool can = run(user_ ? user_->as_user(words) : words, "/").exit_code == 0;
    eventually([&] { return ::rmdir(group.c_str()) == 0 || errno == ENOENT; }, 10);
    return can;
  }

  std::string way_;
  Project project_;
  Undertaker undertaker_;
  fs::path gate_;
  std::unique_ptr<Ordinary> user_;
  fs::path group_;
};

void expect_refusal(const Nest& nest, const std::string& way) {
  const Answer answer = run(nest.words({}), nest.project().folder());
  EXPECT_EQ(answer.exit_code, kEnvironment) << answer.all();
  EXPECT_TRUE(is_one_line_error(answer.errors)) << answer.errors;
  EXPECT_TRUE(contains(answer.errors, way)) << answer.errors;
}

struct End {
  std::string name;
  std::vector<int> signals;
  Words options;
  int exit_code;
};
std::ostream& operator<<(std::ostream& out, const End& end) {
  return out << end.name;
}
const End kKilled{"Killed", {SIGKILL}, {}, 128 + SIGKILL};
const End kNormal{"AtItsEnd", {}, {}, 0};

void end_by_signals(Process& campaign, const End& end) {
  for (std::size_t i = 0; i < end.signals.size(); ++i) {
    if (i > 0) {
      ASSERT_TRUE(eventually([&] { return contains(campaign.out(), "interrupted"); })) << campaign.out();
    }
    campaign.send(end.signals[i]);
  }
}

void expect_end(const std::string& way, const End& end, bool ordinary) {
  const bool normal = end.signals.empty();
  Nest nest(way, ordinary, normal);
  if (!nest.is_possible()) return expect_refusal(nest, way);
  Process campaign(nest.words(end.options), nest.project().folder());
  ASSERT_TRUE(eventually([&] { return nest.all_are_there(!normal); })) << campaign.out() << living_text(nest.project());
  nest.expect_contained();
  if (normal) nest.open_gate();
  end_by_signals(campaign, end);
  const Answer answer = campaign.wait(30);
  EXPECT_EQ(answer.exit_code, end.exit_code) << answer.all();
  nest.expect_nothing_left();
  if (!normal) return;
  const Report report = parse_report(answer);
  EXPECT_EQ(report.complete, kRuns);
  EXPECT_THAT(report.notes(), testing::HasSubstr("Study#0 left "));
  EXPECT_THAT(report.notes(), testing::HasSubstr("Study#1 left "));
}

std::string word_of(std::string way) {
  std::erase(way, '-');
  return way;
}

using WayAndEnd = std::tuple<const char*, End>;
std::string name_of(const testing::TestParamInfo<WayAndEnd>& each) {
  return word_of(std::get<0>(each.param)) + std::get<1>(each.param).name;
}
const auto kWays = testing::Values("cgroup", "pid-namespace", "guardian");

class NothingOutlives : public testing::TestWithParam<WayAndEnd> {};

TEST_P(NothingOutlives, Simswarm) {
  expect_end(std::get<0>(GetParam()), std::get<1>(GetParam()), false);
}
INSTANTIATE_TEST_SUITE_P(
    Each, NothingOutlives,
    testing::Combine(kWays, testing::Values(kKilled, kNormal, End{"CtrlC", {SIGINT}, {"--grace", "0"}, kInterrupted},
                                            End{"CtrlCTwice", {SIGINT, SIGINT}, {"--grace", "300"}, kInterrupted},
                                            End{"SIGTERM", {SIGTERM}, {"--grace", "0"}, kInterrupted},
                                            End{"SIGHUP", {SIGHUP}, {"--grace", "0"}, kInterrupted})),
    name_of);

class NothingOutlivesOrdinary : public testing::TestWithParam<WayAndEnd> {};

TEST_P(NothingOutlivesOrdinary, Simswarm) {
  expect_end(std::get<0>(GetParam()), std::get<1>(GetParam()), true);
}
INSTANTIATE_TEST_SUITE_P(Each, NothingOutlivesOrdinary, testing::Combine(kWays, testing::Values(kKilled, kNormal)),
                         name_of);

class EachWay : public testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] static std::string way() { return GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(Each, EachWay, kWays, [](const auto& each) { return word_of(each.param); });

// Somebody kills all processes of simswarm at once: who should have cleaned up is dead, too.
TEST_P(EachWay, TheNextStartSweeps) {
  Nest nest(way(), false);
  if (!nest.is_possible()) return expect_refusal(nest, way());
  Process campaign(nest.words({}), nest.project().folder());
  ASSERT_TRUE(eventually([&] { return nest.all_are_there(true); })) << campaign.out() << living_text(nest.project());
  nest.expect_contained();
  for (const Living& one : living(nest.project())) {
    if (one.words.starts_with(simswarm_program() + " ")) kill(one.pid, SIGKILL);
  }
  EXPECT_EQ(campaign.wait().exit_code, 128 + SIGKILL);
  nest.open_gate();
  replace_in(nest.project().path("omnetpp.ini"), "**.sleep = 600", "**.sleep = 0");
  const Report report = parse_report(run(nest.words({}), nest.project().folder()));
  EXPECT_EQ(report.exit_code, 0) << report.errors << report.out;
  EXPECT_EQ(report.complete, kRuns);
  nest.expect_nothing_left();
}

// Who reads what simswarm prints sees its end.
TEST_P(EachWay, APipeEndsAtTheEnd) {
  Nest nest(way(), false, true);
  if (!nest.is_possible()) return expect_refusal(nest, way());
  nest.open_gate();
  Process pipeline(Words{"sh", "-c", "\"$@\" | cat", "sh"} + nest.words({}), nest.project().folder());
  const Report report = parse_report(pipeline.wait(30));
  EXPECT_EQ(report.complete, kRuns) << report.out << report.errors;
  nest.expect_nothing_left();
}

TEST_P(EachWay, APipeEndsWhenItIsKilled) {
  Nest nest(way(), false);
  if (!nest.is_possible()) return expect_refusal(nest, way());
  const fs::path file = nest.project().outside() / "pid";
  const std::string script = "sh -c 'echo $$ >" + file.string() + "; exec \"$@\"' sh \"$@\" | cat";
  Process pipeline(Words{"sh", "-c", script, "sh"} + nest.words({}), nest.project().folder());
  ASSERT_TRUE(eventually([&] { return nest.all_are_there(true); })) << pipeline.out() << living_text(nest.project());
  kill(static_cast<pid_t>(std::stol(read(file))), SIGKILL);
  EXPECT_EQ(pipeline.wait(30).exit_code, 0) << "of cat";
  nest.expect_nothing_left();
}

TEST(Containment, OfAnotherNameIsAUsageError) {
  const Project project(study());
  const Answer answer = project.simswarm({"runall", "--containment=jail", "./sim", "-c", "Study"});
  EXPECT_EQ(answer.exit_code, kUsage) << answer.all();
  EXPECT_TRUE(is_one_line_error(answer.errors)) << answer.errors;
  for (const char* part : {"--containment", "jail", "auto", "cgroup", "pid-namespace", "guardian"})
    EXPECT_TRUE(contains(answer.errors, part)) << answer.errors;
  EXPECT_THAT(project.results(), testing::IsEmpty());
}

// A run that answers no signal, inside one event, is ended with all that it has started.
TEST_P(EachWay, ARunThatIgnoresSignalsIsEndedWhole) {
  Nest nest(way(), false);
  if (!nest.is_possible()) return expect_refusal(nest, way());
  replace_in(nest.project().path("sim"), "#!/bin/sh\n", "#!/bin/sh\ntrap '' TERM INT HUP\n");
  replace_in(nest.project().path("omnetpp.ini"), "${ill=\"orphan\",\"daemon\"}", "\"stuck\"\nrepeat = 2");
  const Report report = parse_report(run(nest.words({"--timeout", "0.3", "--retries", "0"}), nest.project().folder()));
  EXPECT_EQ(report.exit_code, 1) << report.errors;
  EXPECT_EQ(report.outcomes, (std::map<std::string, int>{{"timed_out", kRuns}}));
  nest.expect_nothing_left();
}

}  // namespace
}  // namespace simswarm::e2e
