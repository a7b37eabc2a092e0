// The sample aloha, with opp_runall and with simswarm runall: the same words, the same files. Built and registered only
// where opp_run is on PATH and its sample is built.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "omnetpp_environment.h"
#include "support.h"

namespace simswarm::e2e {
namespace {

class Aloha : public testing::Test {
 protected:
  Aloha() { copy_sample(folder()); }
  [[nodiscard]] const fs::path& folder() const { return temporary_.path(); }
  [[nodiscard]] fs::path other() const { return temporary_.outside() / "by-opp_runall"; }
  static void copy_sample(const fs::path& to) {
    fs::create_directories(to);
    for (const auto& entry : fs::directory_iterator(fs::path(OMNETPP_FOLDER) / "samples" / "aloha")) {
      const std::string name = entry.path().filename();
      if (entry.is_regular_file() && !name.starts_with(".")) fs::copy_file(entry.path(), to / name);
    }
  }
  [[nodiscard]] static Report runall(const fs::path& where, const Words& options, const Words& simulation) {
    const Words words = Words{simswarm_program(), "runall", "--json"} + options + simulation;
    return parse_report(run(words, where, omnetpp_environment()));
  }

 private:
  TemporaryFolder temporary_{"aloha"};
};

const Words kSimulation = {"./aloha", "-c", "PureAlohaExperiment", "-r", "$iaMean<=2", "--sim-time-limit=60s"};

TEST_F(Aloha, GivesTheFilesOfOppRunall) {
  copy_sample(other());
  const Answer opp_runall = run(Words{"opp_runall", "-j2"} + kSimulation, other(), omnetpp_environment());
  ASSERT_EQ(opp_runall.exit_code, 0) << opp_runall.all();
  const Report report = runall(folder(), {"-j2"}, kSimulation);
  EXPECT_EQ(report.exit_code, 0) << report.errors << report.out;
  EXPECT_EQ(report.complete, 12);
  const std::vector<std::string> files = files_below(other() / "results");
  EXPECT_EQ(files.size(), 48U);
  EXPECT_EQ(files_below(folder() / "results"), files);
  std::string difference;
  EXPECT_TRUE(equal_results(other() / "results", folder() / "results", &difference)) << difference;
  for (const std::string& file : files) {
    if (!file.ends_with(".sca") && !file.ends_with(".vec")) continue;
    EXPECT_EQ(canonical_text(read(other() / "results" / file)), canonical_text(read(folder() / "results" / file)))
        << file;
  }
  EXPECT_EQ(runall(folder(), {"-j2"}, kSimulation).known, 12);
}

TEST_F(Aloha, GivesTheSameFilesInBatchesAndInAMirrorOfLinks) {
  copy_sample(other());
  EXPECT_EQ(runall(folder(), {"-j2"}, kSimulation).complete, 12);
  EXPECT_EQ(runall(other(), {"-j2", "-b5", "--layer=links"}, kSimulation).complete, 12);
  std::string difference;
  EXPECT_TRUE(equal_results(other() / "results", folder() / "results", &difference)) << difference;
}

TEST_F(Aloha, IsToldHowItEnds) {
  const Words one = {"./aloha", "-c", "PureAlohaExperiment", "-r", "0"};
  const auto outcome = [&](const Words& more) {
    return runall(folder(), {"--retries", "0"}, one + more).outcome_of("PureAlohaExperiment#0");
  };
  EXPECT_EQ(outcome({"--sim-time-limit=1000000s", "--real-time-limit=0.3s"}), "limited");
  EXPECT_EQ(outcome({"--sim-time-limit=1000000s", "--cpu-time-limit=0.3s"}), "limited");
  EXPECT_EQ(outcome({"--sim-time-limit=60s", "--fingerprint=0000-0000"}), "fingerprint_mismatch");
  EXPECT_EQ(outcome({"--sim-time-limit=60s", "--Aloha.host[3].iaTime=-1s"}), "model_error");
  EXPECT_TRUE(files_below(folder() / "results").empty());
}

}  // namespace
}  // namespace simswarm::e2e
