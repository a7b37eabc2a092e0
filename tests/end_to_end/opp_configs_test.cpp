// All configurations of an ini file with the real opp_run, and that the program of tests answers as it does. Built and
// registered only where opp_run is on PATH.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "omnetpp_environment.h"
#include "support.h"

namespace simswarm::e2e {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kIni = R"([General]
sim-time-limit = 10s
include more.ini
[Base]
abstract = true
network = Relay
[A]
extends = Base
*.load = ${load=1,2}
[Config B]
network = Relay
repeat = 3
[NoNet]
network =
[RealTime]
network = Relay
sim-time-limit = 0.1s
scheduler-class = "omnetpp::cRealTimeScheduler"
[Bad]
network = Relay
*.load = ${load=1,2}
constraint = $lod < 2
[Last]
network = Relay
)";

class OppConfigs : public testing::Test {
 protected:
  OppConfigs() {
    write(folder() / "omnetpp.ini", kIni);
    write(folder() / "more.ini", "[Inc]\nnetwork = Relay\n");
    write(folder() / "Relay.ned", "network Relay { parameters: int load = default(1); }\n");
  }
  [[nodiscard]] const fs::path& folder() const { return temporary_.path(); }
  [[nodiscard]] Answer simswarm(const Words& options, const Words& simulation = {}) const {
    const Words words = Words{simswarm_program(), "runall", "--json", "-j2"} + options + Words{"opp_run"} + simulation;
    return run(words, folder(), omnetpp_environment());
  }

 private:
  TemporaryFolder temporary_{"project"};
};

TEST_F(OppConfigs, AllThatCanBeRunAloneAreRun) {
  const Report report = parse_report(simswarm({"--all-configs"}));
  EXPECT_EQ(report.exit_code, 1) << "one is broken";
  EXPECT_THAT(report.started(), ElementsAre("A#0", "A#1", "B#0", "B#1", "B#2", "Inc#0", "Last#0", "RealTime#0"));
  EXPECT_EQ(report.complete, 8) << report.out;
  for (const char* said : {"as they are abstract: Base\n", "as they name no network: General, NoNet\n",
                           "configuration «Bad» is broken: ", "Unknown iteration variable: $lod", "«RealTime» keeps"}) {
    EXPECT_THAT(report.notes(), HasSubstr(said));
  }
  EXPECT_EQ(parse_report(simswarm({}, {"-c", "A", "-c", "B"})).known, 5);
  EXPECT_EQ(parse_report(simswarm({}, {"-c", "B"})).known, 3);
}

TEST_F(OppConfigs, FilesAreThoseOfEachConfigurationRunByHand) {
  const fs::path results = folder().parent_path() / "simswarm";
  EXPECT_EQ(parse_report(simswarm({}, {"-c", "A", "-c", "B"})).complete, 5);
  fs::rename(folder() / "results", results);
  for (const char* config : {"A", "B"}) {
    const Words by_hand = {"opp_run", "-c", config, "-s", "-u", "Cmdenv", "--cmdenv-redirect-output=true"};
    ASSERT_EQ(run(by_hand, folder(), omnetpp_environment()).exit_code, 0);
  }
  std::string difference;
  EXPECT_TRUE(equal_results(folder() / "results", results, &difference)) << difference;
}

TEST_F(OppConfigs, AParallelSimulationIsRefused) {
  write(folder() / "omnetpp.ini", "[General]\nnetwork = Relay\nparallel-simulation = true\n[P]\n");
  const Answer answer = simswarm({}, {"-c", "P"});
  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_THAT(answer.errors, HasSubstr("configuration «P» is a parallel simulation"));
}

TEST_F(OppConfigs, TheProgramOfTestsAnswersAsTheRealOne) {
  fs::copy_file(cmdsim_program(), folder() / "sim");
  for (const Words& question :
       {Words{"-a"}, Words{"-q", "runconfig", "-c", "Base"}, Words{"-q", "runconfig", "-c", "A"},
        Words{"-q", "runconfig", "-c", "NoNet"}, Words{"-q", "sectioninheritance", "-c", "A"},
        Words{"-q", "sectioninheritance", "-c", "Bad"}, Words{"-q", "numruns", "-c", "Bad"},
        Words{"-q", "runs", "-c", "A", "-c", "B"}, Words{"-q", "numruns", "-c", "A,B"},
        Words{"-q", "numruns", "-c", "B", "-r", "$load==1"}, Words{"-q", "numruns", "-c", "A", "-r", "2"}}) {
    const Answer real = run(Words{"opp_run", "-s"} + question, folder(), omnetpp_environment());
    const Answer ours = run(Words{"./sim", "-s"} + question, folder());
    EXPECT_EQ(ours.exit_code, real.exit_code) << testing::PrintToString(question);
    EXPECT_EQ(ours.out, real.out) << testing::PrintToString(question);
    EXPECT_EQ(ours.errors, real.errors) << testing::PrintToString(question);
  }
}

// A study that costs each process more than a tenth of a second is told with the way to split it, and what is proposed
// is what the program does.
TEST_F(OppConfigs, ALargeStudyIsToldWithTheWayToSplitIt) {
  const std::string axes = "*.y = ${y=1..100}\n*.z = ${z=1..100}\nconstraint = $y != 200\n";
  write(folder() / "omnetpp.ini", "[General]\nnetwork = Relay\nsim-time-limit = 1s\n[Whole]\n*.x = ${x=1..4}\n" + axes +
                                      "[Cut]\n" + axes +
                                      "[Cut-1]\nextends = Cut\n*.x = ${x=1,2}\nseed-set = ${runnumber}+0\n"
                                      "[Cut-2]\nextends = Cut\n*.x = ${x=3,4}\nseed-set = ${runnumber}+20000\n");
  const Answer whole = simswarm({"--dry-run"}, {"-c", "Whole", "-r", "39990..39999"});
  EXPECT_EQ(whole.exit_code, 0) << whole.errors;
  EXPECT_THAT(whole.errors, HasSubstr("note: each process unrolls the study «Whole» to find its run: "));
  const auto ask = [&](const Words& words) {
    return run(Words{"opp_run", "-s"} + words, folder(), omnetpp_environment()).out;
  };
  EXPECT_EQ(ask({"-q", "numruns", "-c", "Cut-2"}), "20000\n");
  EXPECT_EQ(ask({"-q", "runs", "-c", "Cut-2", "-r", "0"}), "Run 0: $x=3, $y=1, $z=1, $repetition=0\n");
  EXPECT_EQ(ask({"-q", "runs", "-c", "Whole", "-r", "20000"}), "Run 20000: $x=3, $y=1, $z=1, $repetition=0\n");
  (void)ask({"-c", "Cut-2", "-r", "7"});
  EXPECT_THAT(read(folder() / "results" / "Cut-2-x=3,y=1,z=8-#0.sca"), HasSubstr("attr seedset 20007\n"));
}

}  // namespace
}  // namespace simswarm::e2e
