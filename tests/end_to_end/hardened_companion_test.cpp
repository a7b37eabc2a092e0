// A program beside each run: [companion] in simswarm.toml.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "hardened_support.h"

namespace simswarm::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Outcomes = std::map<std::string, int>;

constexpr int kUsage = 2;

// Nobody listens on it.
std::string free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(probe, reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(probe);
  return std::to_string(ntohs(address.sin_port));
}

class Companion : public testing::Test {
 protected:
  Companion() { add_peer(project_); }

  // `command`: the companion's words as TOML; `run`: of the simulation.
  void settings(const std::string& command, const std::string& further = "", const std::string& run = "ask") {
    const std::string ask = R"(["./peer", "ask", ")" + port_ + R"(", "{n}", "{results}/answer.txt"])";
    const std::string silence = R"(["./peer", "silence", "{n}"])";
    project_.write("simswarm.toml", "[companion]\ncommand = [" + command + "]\nport = " + port_ + "\n" + further +
                                        "\n[sweep.talk]\ncommand = " + (run == "ask" ? ask : silence) +
                                        "\n[sweep.talk.grid]\nn = [1, 2, 3, 4, 5, 6, 7, 8]\n");
  }
  [[nodiscard]] std::string server(const std::string& what = "serve-kindly") const {
    return R"("./peer", ")" + what + R"(", ")" + port_ + R"(", ")" + mark_of(project_) + "\"";
  }
  [[nodiscard]] static Words words(const Words& options = {}) {
    return Words{"sweep", "--json", "-j2", "--retries", "0"} + options + Words{"talk"};
  }
  [[nodiscard]] Report sweep(const Words& options = {}) const {
    return parse_report(project_.simswarm(words(options)));
  }
  // Each of the 8 runs was the first to ask its server.
  void expect_results() const {
    const auto files = contents_below(project_.path("results/talk"));
    EXPECT_EQ(files.size(), 8U);
    for (int n = 1; n <= 8; ++n) {
      const std::string file = "n=" + std::to_string(n) + "/answer.txt";
      ASSERT_TRUE(files.contains(file)) << file;
      EXPECT_EQ(files.at(file), std::to_string(n) + ",1\n");
    }
  }
  void expect_all_lost(const Report& report, const std::string& message) const {
    EXPECT_EQ(report.exit_code, 1) << report.errors << report.out;
    EXPECT_EQ(report.outcomes, (Outcomes{{"lost", 8}})) << report.out;
    for (const Unfinished& run : report.not_complete) {
      EXPECT_THAT(run.message, HasSubstr("companion")) << run.run;
      EXPECT_THAT(run.message, HasSubstr("./peer")) << run.run;
      EXPECT_THAT(run.message, HasSubstr(message)) << run.run;
    }
    EXPECT_THAT(files_below(project_.path("results")), IsEmpty());
    EXPECT_TRUE(nothing_lives(project_)) << living_text(project_);
  }

  const Project project_{""};
  const Undertaker undertaker_{project_};
  const std::string port_ = free_port();
};

TEST_F(Companion, AnswersEachRunOnTheSamePort) {
  settings(server());
  const Report report = sweep();
  EXPECT_EQ(report.exit_code, 0) << report.errors << report.out;
  EXPECT_EQ(report.outcomes, (Outcomes{{"completed", 8}})) << report.out;
  expect_results();
  EXPECT_TRUE(nothing_lives(project_)) << living_text(project_);
  const Report again = sweep();
  EXPECT_EQ(again.known, 8);
  EXPECT_THAT(again.started(), IsEmpty());
}

TEST_F(Companion, ThatIgnoresSignalsIsEndedToo) {
  settings(server("serve"));
  const Report report = sweep({"-j4"});
  EXPECT_EQ(report.exit_code, 0) << report.errors << report.out;
  expect_results();
  EXPECT_TRUE(nothing_lives(project_)) << living_text(project_);
}

TEST_F(Companion, StandsBesideSimulationsToo) {
  const Project study_project(study("**.sleep = 0.05"));
  const Undertaker undertaker(study_project);
  add_peer(study_project);
  study_project.write("simswarm.toml", R"([companion]
command = ["./peer", "serve-kindly", ")" + port_ +
                                           R"(", ")" + mark_of(study_project) + "\"]\nport = " + port_ + "\n");
  const Report report = study_project.runall();
  EXPECT_EQ(report.exit_code, 0) << report.errors << report.out;
  EXPECT_EQ(report.complete, 6);
  EXPECT_EQ(study_project.results().size(), 24U);
  EXPECT_TRUE(nothing_lives(study_project)) << living_text(study_project);
}

TEST_F(Companion, ThatEndsAtOnceIsToldWithItsWords) {
  settings(R"("./peer", "no-such-scenario")");
  expect_all_lost(sweep(), "«no-such-scenario»");
}

TEST_F(Companion, ThatNeverListensIsTold) {
  settings(R"("./peer", "silence", ")" + mark_of(project_) + "\"", "ready = 0.2");
  expect_all_lost(sweep({"-j8"}), port_);
}

TEST_F(Companion, ThatIsNotThereIsTold) {
  settings(R"("./pear")");
  const Report report = sweep();
  EXPECT_NE(report.exit_code, 0);
  EXPECT_TRUE(contains(report.errors + report.out, "./pear")) << report.errors << report.out;
  EXPECT_THAT(files_below(project_.path("results")), IsEmpty());
}

TEST_F(Companion, IsThereAsLongAsItsRunAndEndsWithSimswarm) {
  settings(server("serve"), "", "silence");
  Process campaign(Words{simswarm_program()} + words(), project_.folder());
  ASSERT_TRUE(eventually([&] { return living_with(project_, "peer silence") >= 1; })) << campaign.out();
  EXPECT_GE(living_with(project_, "peer serve"), 1);
  EXPECT_LE(living_with(project_, "peer serve"), 2);
  campaign.send(SIGKILL);
  EXPECT_EQ(campaign.wait().exit_code, 128 + SIGKILL);
  EXPECT_TRUE(nothing_lives(project_)) << living_text(project_);
}

TEST_F(Companion, EndsWhenItsRunIsInterrupted) {
  settings(server("serve"), "", "silence");
  Process campaign(Words{simswarm_program()} + words({"--grace", "0"}), project_.folder());
  ASSERT_TRUE(eventually([&] { return living_with(project_, "peer silence") >= 1; })) << campaign.out();
  campaign.send(SIGINT);
  const Report report = parse_report(campaign.wait(20));
  EXPECT_EQ(report.exit_code, 130);
  EXPECT_EQ(report.complete, 0);
  EXPECT_TRUE(nothing_lives(project_)) << living_text(project_);
}

TEST_F(Companion, OfNoRangeIsAUsageError) {
  project_.write("simswarm.toml", "[companion]\ncommand = [\"./peer\"]\nport = 65536\n");
  const Answer answer = project_.simswarm({"sweep", "--name", "talk", "n=1", "--", "echo", "{n}"});
  EXPECT_EQ(answer.exit_code, kUsage) << answer.all();
  EXPECT_TRUE(is_one_line_error(answer.errors)) << answer.errors;
  for (const char* part : {"simswarm.toml:3", "port", "65535"}) EXPECT_THAT(answer.errors, HasSubstr(part));
}

}  // namespace
}  // namespace simswarm::e2e
