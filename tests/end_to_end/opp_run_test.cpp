// The real opp_run, with a network that is NED only. Built and registered only where opp_run is on PATH.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "omnetpp_environment.h"
#include "support.h"

namespace simswarm::e2e {
namespace {

constexpr std::string_view kIni = R"([General]
network = Relay
sim-time-limit = 10s
[Study]
*.load = ${load=1,2,3}
repeat = 2
)";

class OppRun : public testing::Test {
 protected:
  OppRun() {
    write(folder() / "omnetpp.ini", kIni);
    write(folder() / "Relay.ned", "network Relay { parameters: int load; }\n");
  }
  [[nodiscard]] const fs::path& folder() const { return temporary_.path(); }
  [[nodiscard]] Report runall(const Words& simulation = {}) const {
    const Words words = {simswarm_program(), "runall", "--json", "-j2", "opp_run", "-c", "Study"};
    return parse_report(run(words + simulation, folder(), omnetpp_environment()));
  }

 private:
  TemporaryFolder temporary_{"project"};
};

TEST_F(OppRun, RunsAndResumesACampaign) {
  const Report report = runall();
  EXPECT_EQ(report.exit_code, 0) << report.errors << report.out;
  EXPECT_EQ(report.complete, 6);
  EXPECT_EQ(runall().known, 6);
  const fs::path results = folder().parent_path() / "simswarm";
  fs::rename(folder() / "results", results);
  const Words by_hand = {"opp_run", "-c", "Study", "-s", "-u", "Cmdenv", "--cmdenv-redirect-output=true", "-r", "0..5"};
  ASSERT_EQ(run(by_hand, folder(), omnetpp_environment()).exit_code, 0);
  std::string difference;
  EXPECT_TRUE(equal_results(folder() / "results", results, &difference)) << difference;
}

TEST_F(OppRun, SeesTheNedFile) {
  EXPECT_EQ(runall().complete, 6);
  write(folder() / "Relay.ned", "network Relay { parameters: int load; int more = default(3); }\n");
  EXPECT_EQ(runall().started().size(), 6U);
}

TEST_F(OppRun, TellsErrorsOfTheRealProgram) {
  const Report network = runall({"--network=Nowhere", "-r", "0"});
  EXPECT_EQ(network.outcome_of("Study#0"), "model_error");
  EXPECT_THAT(network.not_complete.at(0).message, testing::HasSubstr("Nowhere"));
  EXPECT_EQ(runall({"--fingerprint=1234-5678", "-r", "0"}).outcome_of("Study#0"), "fingerprint_mismatch");
  EXPECT_EQ(runall({"--network=Nowhere", "--debug-on-errors=true", "-r", "0"}).outcome_of("Study#0"), "model_error");
}

TEST_F(OppRun, SaysWhatIsNotThereInOneLine) {
  const Words words = {simswarm_program(), "runall", "opp_run", "-c", "Studdy"};
  const Answer answer = run(words, folder(), omnetpp_environment());
  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_TRUE(is_one_line_error(answer.errors)) << answer.errors;
  EXPECT_THAT(answer.errors, testing::AllOf(testing::HasSubstr("Studdy"), testing::HasSubstr("did you mean")));
  const Answer filter =
      run({simswarm_program(), "runall", "opp_run", "-c", "Study", "-r", "$load==9"}, folder(), omnetpp_environment());
  EXPECT_EQ(filter.exit_code, 2);
  EXPECT_TRUE(is_one_line_error(filter.errors)) << filter.errors;
}

}  // namespace
}  // namespace simswarm::e2e
