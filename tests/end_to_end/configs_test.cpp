// Several configurations as one campaign: what is taken, what is left out and named, and that runs are the same as
// alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.h"

namespace simswarm::e2e {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kIni = R"([General]
sim-time-limit = 50s
include more.ini
[Base]
abstract = true
network = Net
constraint = $load < 9
[A]
extends = Base
**.load = ${load=1,2}
[Config B]
network = Net
repeat = 3
[NoNet]
[Old]
#abstract-config = true
network = Net
[Outside]
network = Net
scheduler-class = "inet::RealTimeScheduler"
)";
constexpr std::string_view kBroken = R"([Bad]
network = Net
**.load = ${load=1,2}
constraint = $lod < 2
[Last]
network = Net
)";

class Configs : public testing::Test {
 protected:
  explicit Configs(std::string_view ini = kIni) : project_(ini) {
    project_.write("more.ini", "[Inc]\nnetwork = Net\n**.load = 5\n");
  }
  void break_one() const { project_.write("omnetpp.ini", std::string(kIni) + std::string(kBroken)); }

  [[nodiscard]] Words words(const Words& options, const Words& simulation) const {
    return Words{"runall", "--json", "-j2"} + options + Words{"./sim"} + simulation;
  }
  [[nodiscard]] Report all(const Words& options = {}, const Words& simulation = {}) const {
    return parse_report(project_.simswarm(words(Words{"--all-configs"} + options, simulation)));
  }
  [[nodiscard]] Report these(const Words& simulation, const Words& options = {}) const {
    return parse_report(project_.simswarm(words(options, simulation)));
  }
  [[nodiscard]] std::vector<std::string> runs_of(const Report& report) const {
    std::vector<std::string> runs;
    for (const Event& event : report.of("plan")) runs.push_back(event.run);
    return runs;
  }
  // One line, and the exit code of wrong usage.
  [[nodiscard]] std::string refusal(const Words& options, const Words& simulation) const {
    const Answer answer = project_.simswarm(Words{"runall"} + options + Words{"./sim"} + simulation);
    EXPECT_EQ(answer.exit_code, 2) << answer.all();
    EXPECT_TRUE(is_one_line_error(answer.errors)) << answer.errors;
    return answer.errors;
  }

  Project project_;
};

TEST_F(Configs, AllAreOneCampaignInTheOrderOfTheIniFile) {
  const Report report = all();
  EXPECT_EQ(report.exit_code, 0) << report.notes();
  EXPECT_EQ(report.complete, 6);
  EXPECT_THAT(report.started(), ElementsAre("A#0", "A#1", "B#0", "B#1", "B#2", "Inc#0"));
  EXPECT_THAT(project_.results(), testing::IsSupersetOf({"A-load=1-#0.sca", "B-#2.sca", "Inc-#0.sca"}));
  EXPECT_THAT(runs_of(all({"--dry-run"})), ElementsAre("Inc#0", "A#0", "A#1", "B#0", "B#1", "B#2"));
}

TEST_F(Configs, WhatIsLeftOutIsNamedByItsKind) {
  for (const Report& report : {all({"--dry-run"}), all()}) {
    EXPECT_THAT(report.notes(), HasSubstr("left out, as they are abstract: Base, Old\n"));
    EXPECT_THAT(report.notes(), HasSubstr("left out, as they name no network: General, NoNet\n"));
    EXPECT_THAT(report.notes(), HasSubstr("left out, as they are emulations, which need devices or programs outside: "
                                          "Outside (-c runs them)\n"));
    EXPECT_EQ(report.exit_code, 0);
  }
  const Report named = these({"-c", "Outside"});
  EXPECT_EQ(named.complete, 1);
  EXPECT_THAT(named.notes(), HasSubstr("«Outside» keeps pace with real time (scheduler-class = inet::RealTimeSch"));
}

TEST_F(Configs, ABrokenOneIsNamedAndHidesNoOther) {
  break_one();
  const Report plan = all({"--dry-run"});
  EXPECT_EQ(plan.exit_code, 1);
  EXPECT_THAT(runs_of(plan), testing::Contains("Last#0"));
  const std::string reason =
      "configuration «Bad» is broken: ./sim cannot list its runs: Could not compute number of runs in config Bad: "
      "Cannot evaluate constraint expression: Unknown iteration variable: $lod\n";
  EXPECT_EQ(plan.errors.find(reason), plan.errors.rfind(reason)) << "once: " << plan.errors;
  const Report report = all();
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(report.complete, 7);
  EXPECT_EQ(report.total, 7);
  for (const std::string& said : {plan.errors, report.errors}) {
    EXPECT_THAT(said, HasSubstr("simswarm: not run: " + reason));
  }
  ASSERT_FALSE(report.of("note").empty());
  EXPECT_EQ(report.state, "incomplete") << "the broken one is missing";
  EXPECT_EQ(all().exit_code, 1) << "also when nothing is left to run";
}

TEST_F(Configs, ABrokenOneThatIsNamedIsAnError) {
  break_one();
  EXPECT_THAT(refusal({}, {"-c", "A", "-c", "Bad"}), HasSubstr("Unknown iteration variable: $lod"));
  EXPECT_THAT(refusal({}, {"-c", "A", "-c", "Bb"}),
              AllOf(HasSubstr("no configuration «Bb»"), HasSubstr("did you mean")));
}

TEST_F(Configs, ASectionThatExtendsNothingIsNotTakenForTheOneAskedFor) {
  project_.write("omnetpp.ini", std::string(kIni) + "[Lost]\nextends = Nowhere\n");
  EXPECT_THAT(refusal({}, {"-c", "A"}), HasSubstr("./sim cannot list its runs: No such config: Nowhere"));
  EXPECT_THAT(refusal({"--all-configs"}, {}), HasSubstr("./sim cannot list its runs: No such config: Nowhere"));
}

TEST_F(Configs, SeveralCAreOneCampaignInTheirOrder) {
  EXPECT_THAT(runs_of(these({"-c", "B", "-s", "-c", "A", "-cB"}, {"--dry-run"})),
              ElementsAre("B#0", "B#1", "B#2", "A#0", "A#1"));
  EXPECT_EQ(these({"-c", "B", "-c", "A"}).complete, 5);
}

TEST_F(Configs, RunsAreKnownWhicheverWayTheyWereAsked) {
  EXPECT_EQ(these({"-c", "A"}).complete, 2);
  const Report both = these({"-c", "A", "-c", "B"});
  EXPECT_EQ(both.known, 2);
  EXPECT_EQ(both.complete, 5);
  const Report every = all();
  EXPECT_EQ(every.known, 5);
  EXPECT_EQ(every.complete, 6);
  EXPECT_EQ(these({"-c", "Inc"}).known, 1);
}

TEST_F(Configs, FilesAreThoseOfTheProgramRunByHand) {
  const fs::path by_hand = project_.outside() / "by-hand";
  fs::copy(project_.folder(), by_hand, fs::copy_options::recursive);
  EXPECT_EQ(these({"-c", "A", "--x.y=1", "-c", "B"}, {"-b2"}).complete, 5);
  for (const char* config : {"A", "B"}) {
    const Answer answer =
        run({"./sim", "-c", config, "--x.y=1", "-s", "-u", "Cmdenv", "--cmdenv-redirect-output=true"}, by_hand);
    ASSERT_EQ(answer.exit_code, 0) << answer.all();
  }
  std::string difference;
  EXPECT_TRUE(equal_results(by_hand / "results", project_.path("results"), &difference)) << difference;
}

TEST_F(Configs, BatchesEndWithTheirConfiguration) {
  const Report report = these({"-c", "A", "-c", "B"}, {"-b4", "-j1"});
  EXPECT_EQ(report.complete, 5);
  const std::string log = project_.simswarm({"log", "A#1"}).out;
  EXPECT_THAT(log, HasSubstr("-c A")) << log;
  EXPECT_THAT(log, HasSubstr("-r 0,1")) << log;
}

TEST_F(Configs, AFilterGoesForEach) {
  const Report one = these({"-c", "A", "-c", "B", "-r", "$load==2"}, {"--dry-run"});
  EXPECT_THAT(runs_of(one), ElementsAre("A#1"));
  EXPECT_THAT(one.errors, HasSubstr("note: the filter -r '$load==2' fits no run of B\n"));
  EXPECT_EQ(one.exit_code, 0);
  EXPECT_THAT(runs_of(these({"-c", "A", "-c", "B", "-r", "1..2"}, {"--dry-run"})), ElementsAre("B#1", "B#2"));
  EXPECT_THAT(runs_of(these({"-c", "A", "-c", "B", "-r", "$repetition==0"}, {"--dry-run"})),
              ElementsAre("A#0", "A#1", "B#0"));
  EXPECT_THAT(runs_of(all({"--dry-run"}, {"-r", "$load==2"})), ElementsAre("A#1"));
}

TEST_F(Configs, AFilterThatFitsNoneIsAnError) {
  EXPECT_THAT(refusal({}, {"-c", "A", "-c", "B", "-r", "$load==7"}),
              HasSubstr("the filter -r '$load==7' matches none of the 2 runs of «A»: $load is 1, 2"));
  EXPECT_THAT(refusal({}, {"-c", "A", "-c", "B", "-r", "3-"}), HasSubstr("Syntax error in run list"));
}

TEST_F(Configs, AFileThatTwoConfigurationsWriteIsRefused) {
  const Words both = {"-c", "A", "-c", "B", "-r", "0", "--output-scalar-file=all.sca"};
  const Words append = both + Words{"--output-scalar-file-append=true"};
  EXPECT_THAT(refusal({}, both),
              HasSubstr("A#0 and B#0, of different configurations, would write the same file all.sca"));
  EXPECT_THAT(refusal({"--shared-files=serial"}, append), HasSubstr("no process executes both"));
  EXPECT_EQ(these(both, {"--distinct-names"}).complete, 2);
}

TEST_F(Configs, RunsThatAppendWithinTheirConfigurationAreOneProcess) {
  const Report report =
      these({"-c", "A", "-c", "B", "--output-scalar-file=${configname}.sca", "--output-scalar-file-append=true"},
            {"--shared-files=serial"});
  EXPECT_EQ(report.complete, 5) << report.notes();
  EXPECT_THAT(project_.read("B.sca"), HasSubstr("attr configname B"));
  EXPECT_THAT(project_.read("A.sca"), Not(HasSubstr("attr configname B")));
}

TEST_F(Configs, AParallelSimulationIsRefusedByName) {
  EXPECT_THAT(refusal({}, {"-c", "A", "--parallel-simulation=true"}),
              HasSubstr("configuration «A» is a parallel simulation (parallel-simulation = true)"));
  EXPECT_THAT(refusal({"--all-configs"}, {"--parallel-simulation=true"}),
              AllOf(HasSubstr("omnetpp.ini has no configuration that can be run alone"),
                    HasSubstr("parallel simulation alone (parallel-simulation = true): Inc, A, B")));
}

TEST_F(Configs, AnAbstractBaseThatCannotBeUnrolledIsNotBroken) {
  project_.write("omnetpp.ini",
                 "[General]\nnetwork = Net\nsim-time-limit = 5s\n[NoNet]\nnetwork =\nconstraint = $x < 2\n"
                 "[A]\n");
  const Report report = all();
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_THAT(report.notes(), HasSubstr("left out, as they name no network: NoNet\n"));
  EXPECT_THAT(report.started(), ElementsAre("A#0", "General#0"));
}

TEST_F(Configs, BothWaysToNameThemAreTooMany) {
  EXPECT_THAT(refusal({"--all-configs"}, {"-c", "A"}), HasSubstr("--all-configs and -c A name different things"));
  EXPECT_THAT(refusal({}, {"--all-configs"}), HasSubstr("--all-configs is an option of simswarm"));
  EXPECT_THAT(refusal({"--all-configs"}, {"-f", "nowhere.ini"}), HasSubstr("nowhere.ini"));
}

TEST_F(Configs, QuestionsGoOverAllOfThem) {
  project_.write("omnetpp.ini", std::string(kIni) + "[Ill]\nnetwork = Net\n**.ill = \"error\"\n");
  EXPECT_EQ(all().exit_code, 1);
  std::vector<std::string> names;
  for (const RunStatus& run : project_.status()) names.push_back(run.run);
  EXPECT_THAT(names, ElementsAre("Inc#0", "A#0", "A#1", "B#0", "B#1", "B#2", "Ill#0"));
  EXPECT_EQ(project_.status({"A:load=2,#0"}).size(), 1U);
  EXPECT_THAT(project_.simswarm({"log", "Ill#0"}).out, HasSubstr("-c Ill"));
  EXPECT_THAT(project_.simswarm({"explain", "B#2"}).out, HasSubstr("B:#2 (B#2)"));
  const Answer table = project_.simswarm({"table", "--x", "load", "--y", "delay:mean"});
  EXPECT_EQ(table.exit_code, 0) << table.all();
  const Answer by_config = project_.simswarm({"table", "--x", "configname", "--y", "delay:mean", "--by", "configname"});
  EXPECT_THAT(by_config.out, AllOf(HasSubstr("Inc"), HasSubstr("A "), HasSubstr("B "), Not(HasSubstr("Ill"))));
}

TEST_F(Configs, EachConfigurationIsALineOfATable) {
  project_.write("omnetpp.ini", std::string(kIni) + "[C]\nextends = A\n**.interval = 2s\n");
  EXPECT_EQ(these({"-c", "B", "-c", "A", "-c", "C"}).complete, 7);
  const Answer table = project_.simswarm({"table", "--y", "delay:mean"});
  EXPECT_EQ(table.exit_code, 0) << table.all();
  EXPECT_THAT(table.out, testing::ContainsRegex("A +1 +"));
  EXPECT_THAT(table.out, testing::ContainsRegex("C +2 +"));
  EXPECT_THAT(table.out, Not(testing::ContainsRegex("B +")));
}

TEST_F(Configs, TheMakefileRunsAllOfThem) {
  break_one();
  const Answer exported = project_.simswarm({"runall", "--all-configs", "-b2", "-e", "Runfile", "./sim"});
  EXPECT_EQ(exported.exit_code, 1) << "one is broken: " << exported.all();
  EXPECT_THAT(exported.errors, HasSubstr("not run: configuration «Bad» is broken"));
  EXPECT_THAT(exported.out, HasSubstr("7 runs"));
  const std::string makefile = project_.read("Runfile");
  EXPECT_THAT(makefile, AllOf(HasSubstr("./sim -c A "), HasSubstr("./sim -c B "), HasSubstr("\nB-run2:\n")));
  EXPECT_THAT(project_.results(), IsEmpty());
  const Answer made = run({"make", "-k", "-f", "Runfile"}, project_.folder());
  EXPECT_EQ(made.exit_code, 0) << made.all();
  EXPECT_THAT(project_.results(), testing::IsSupersetOf({"A-load=2-#0.sca", "B-#0.sca", "B-#2.sca", "Last-#0.sca"}));
}

}  // namespace
}  // namespace simswarm::e2e
