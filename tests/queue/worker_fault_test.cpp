// A worker, or the server, is killed at each step of a job's life: the job ends once, whole, and nothing is left of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "base/text.h"
#include "work_site.h"

namespace simswarm::jobs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Then kCut{Then::Kind::kCut};

// A moment at which something is killed, and how often the program runs then, and how many attempts there are.
struct Step {
  const char* name;
  const char* exchange;
  Moment moment;
  bool while_it_runs = false;
  std::size_t executions = 1;
  int attempts = 1;
  std::size_t lost = 0;
};
std::ostream& operator<<(std::ostream& to, const Step& step) {
  return to << step.name;
}
std::string name_of(const testing::TestParamInfo<Step>& step) {
  return step.param.name;
}

class WorkerFault : public testing::Test {
 protected:
  // Once the step has come the proxy does this and cuts the line, before anything else happens.
  void at(const Step& step, const std::function<void()>& what) {
    const bool claims = std::string_view(step.exchange) == "claim";
    site_.proxy().at(
        step.exchange, step.moment,
        [what](const Exchange&) {
          what();
          return kCut;
        },
        [this, step, claims](const Exchange& exchange) {
          if (step.while_it_runs) return site_.executions(0) > 0;
          if (!claims || step.moment != Moment::kAsked) return !claims || gave_jobs(exchange);
          return std::any_of(exchange.words.begin(), exchange.words.end(),  // not the one for the usual queue alone
                             [](const std::string& word) { return word.starts_with("run-"); });
        });
  }
  void waits_for_the_fault() {
    ASSERT_TRUE(wait_until([this] { return site_.proxy().happened() == 1; }));
  }
  // By a worker that comes after the fault, or has survived it; then it is told to end.
  void expect_finished(Program& worker, const Standing& expected) {
    site_.expect_all_finished();
    const Standing now = site_.standing(0);
    EXPECT_EQ(now.executions, expected.executions) << worker.log();
    EXPECT_EQ(now.attempts, expected.attempts) << worker.log();
    EXPECT_EQ(now.lost_on, expected.lost_on) << worker.log();
    worker.send(SIGTERM);
    EXPECT_EQ(worker.wait(), 0) << worker.log();
    EXPECT_TRUE(fs::is_empty(site_.spool())) << "outcomes are left";
  }
  static Standing standing(std::size_t executions, int attempts, std::vector<std::string> lost_on = {}) {
    return {State::kFinished, attempts, std::move(lost_on), 1, executions};
  }

  WorkSite site_;
};

class WorkerIsKilled : public WorkerFault, public testing::WithParamInterface<Step> {};

TEST_P(WorkerIsKilled, AndAnotherGoesOn) {
  const Step& step = GetParam();
  if (step.while_it_runs) site_.close_gate();
  Program first = site_.worker("first");
  at(step, [&] { first.kill(); });
  site_.enqueue(1);
  waits_for_the_fault();
  if (step.while_it_runs) site_.open_gate();
  Program second = site_.worker("second");
  const std::vector<std::string> lost_on(step.lost, "node-of-first");
  expect_finished(second, standing(step.executions, step.attempts, lost_on));
}

INSTANTIATE_TEST_SUITE_P(At, WorkerIsKilled,
                         testing::Values(Step{"TheClaim", "claim", Moment::kAsked},
                                         Step{"TheReplyToTheClaim", "claim", Moment::kAnswered, false, 1, 2, 1},
                                         Step{"TheStartOfTheRun", "GET", Moment::kAsked, false, 1, 2, 1},
                                         Step{"TheRun", "heartbeat", Moment::kAsked, true, 2, 2, 1},
                                         Step{"TheCommit", "settle", Moment::kAsked},
                                         Step{"TheReplyToTheCommit", "settle", Moment::kAnswered},
                                         Step{"TheEnd", "settle", Moment::kTold}),
                         name_of);

// Its calls that change something on disk: `at` is the call before which it is killed.
struct Call {
  const char* name;
  const char* at;
  std::size_t executions;
  int attempts;
  std::size_t lost;
};
std::ostream& operator<<(std::ostream& to, const Call& call) {
  return to << call.name;
}

class WorkerIsKilledAtACall : public WorkerFault, public testing::WithParamInterface<Call> {};

TEST_P(WorkerIsKilledAtACall, AndAnotherGoesOn) {
  const Call& call = GetParam();
  Program first = site_.worker("first", {}, {{"LD_PRELOAD", FAULT_SHIM}, {"SIMSWARM_TEST_KILL_AT", call.at}});
  site_.enqueue(1);
  ASSERT_EQ(first.wait(), 128 + SIGKILL) << first.log();
  Program second = site_.worker("second");
  const std::vector<std::string> lost_on(call.lost, "node-of-first");
  expect_finished(second, standing(call.executions, call.attempts, lost_on));
}

INSTANTIATE_TEST_SUITE_P(Before, WorkerIsKilledAtACall,
                         testing::Values(Call{"ResultsAreInPlace", "1:rename:/out.txt", 2, 2, 1},
                                         Call{"TheOutcomeIsNoted", "2:write:.outcomes", 2, 2, 1},
                                         Call{"OutcomesAreForgotten", "1:ftruncate:.outcomes", 1, 1, 0}),
                         [](const auto& call) { return call.param.name; });

class ServerIsKilled : public WorkerFault, public testing::WithParamInterface<Step> {};

TEST_P(ServerIsKilled, AndTheWorkerGoesOn) {
  const Step& step = GetParam();
  if (step.while_it_runs) site_.close_gate();
  Program worker = site_.worker("first");
  at(step, [this] { site_.server().kill(); });
  site_.enqueue(1);
  waits_for_the_fault();
  EXPECT_TRUE(worker.says("what runs goes on, outcomes wait in"));
  site_.server().start();
  EXPECT_TRUE(worker.says("is back after"));
  if (step.while_it_runs) site_.open_gate();
  expect_finished(worker, standing(step.executions, step.attempts));
  EXPECT_EQ(worker.count("outcomes wait in"), 1U) << worker.log();
  EXPECT_EQ(worker.count("is back after"), 1U) << worker.log();
}

INSTANTIATE_TEST_SUITE_P(At, ServerIsKilled,
                         testing::Values(Step{"TheClaim", "claim", Moment::kAsked},
                                         Step{"TheReplyToTheClaim", "claim", Moment::kAnswered, false, 1, 2},
                                         Step{"TheStartOfTheRun", "GET", Moment::kAsked, false, 1, 2},
                                         Step{"TheHeartbeat", "heartbeat", Moment::kAsked, true},
                                         Step{"TheReplyToTheHeartbeat", "heartbeat", Moment::kAnswered, true},
                                         Step{"TheCommit", "settle", Moment::kAsked},
                                         Step{"TheReplyToTheCommit", "settle", Moment::kAnswered},
                                         Step{"TheEnd", "settle", Moment::kTold}),
                         name_of);

// What a killed worker had claimed and nobody knew of goes back when one of its name comes: no attempt was lost.
TEST_F(WorkerFault, GivesBackWhatTheOneBeforeHadClaimedUnderItsName) {
  Program first = site_.worker("first", {"--lease", "60"});
  at({"", "claim", Moment::kAnswered}, [&] { first.kill(); });
  site_.enqueue(1);
  waits_for_the_fault();
  first = site_.worker("first", {"--lease", "60"});
  expect_finished(first, standing(1, 2));
}

// The job was taken back and executed elsewhere before the outcome came to light: it is the word of an earlier attempt.
TEST_F(WorkerFault, TakesNoOutcomeOfAnAttemptThatWasLost) {
  Program first = site_.worker("first");
  at({"", "settle", Moment::kAsked}, [&] { first.kill(); });
  site_.enqueue(1);
  waits_for_the_fault();
  EXPECT_THAT(site_.outcomes("first"), HasSubstr(site_.job(0).text));
  Program second = site_.worker("second", {"--spool", site_.folder() / "elsewhere"});
  site_.expect_all_finished();
  const std::string results = "rq:results:" + site_.job(0).text;
  Program third = site_.worker("third");
  EXPECT_TRUE(third.says("1 outcomes of workers that have gone are handed in"));
  EXPECT_TRUE(wait_until([this] { return site_.outcomes("first").empty(); }));
  expect_finished(third, standing(2, 2, {"node-of-first"}));
}

// A worker that lives beside it does not wait for the lease.
TEST_F(WorkerFault, HandsInTheOutcomesOfAnotherThatHasGone) {
  Program first = site_.worker("first", {"--lease", "10", "--queues", "run-*"});
  Program second = site_.worker("second", {"--lease", "10", "--queues", "nothing"});
  at({"", "settle", Moment::kAsked}, [&] { first.kill(); });
  site_.enqueue(1);
  waits_for_the_fault();
  expect_finished(second, standing(1, 1));
}

// Half a line is what a disk that was full, or a machine that went down, leaves.
TEST_F(WorkerFault, ReadsTheOutcomesBehindHalfALine) {
  fs::create_directories(site_.spool());
  Program first = site_.worker("first");
  first.kill();
  const std::string header = site_.outcomes("first");
  ASSERT_THAT(header, HasSubstr("simswarm-outcomes"));
  site_.folder().write("spool/first.outcomes", header + R"({"after":0,"attem)");
  first = site_.worker("first");
  at({"", "settle", Moment::kAsked}, [&] { first.kill(); });
  site_.enqueue(1);
  waits_for_the_fault();
  Program second = site_.worker("second");
  expect_finished(second, standing(1, 1));
}

// At default settings, by a worker that is there already.
TEST_F(WorkerFault, TakesBackTheJobsOfTheDeadWithoutBeingAsked) {
  site_.close_gate();
  Program first = site_.worker("first", {"--lease", "10"});
  site_.enqueue(1);
  ASSERT_TRUE(site_.waits_for_start(0));
  Program second = site_.worker("second", {"--lease", "10"});
  first.kill();
  EXPECT_TRUE(wait_until([this] { return site_.executions(0) == 2; }));  // 15 s are promised
  site_.open_gate();
  expect_finished(second, standing(2, 2, {"node-of-first"}));
  EXPECT_EQ(second.count("1 jobs of workers that have gone are taken back"), 1U) << second.log();
}

TEST_F(WorkerFault, EndsAJobThatWasLostTooOften) {
  site_.close_gate();
  std::optional<Program> worker(site_.worker("first"));
  site_.enqueue(1, {"--max-lost", "2"});
  ASSERT_TRUE(site_.waits_for_start(0));
  worker->kill();
  worker.emplace(site_.worker("second"));
  ASSERT_TRUE(wait_until([this] { return site_.executions(0) == 2; }));
  worker->kill();
  worker.emplace(site_.worker("third"));
  ASSERT_TRUE(wait_until([this] { return site_.standing(0).state == State::kFailed; }));
  const JobView job = site_.view(0);
  EXPECT_TRUE(job.lost);
  EXPECT_THAT(job.lost_on, ElementsAre("node-of-first", "node-of-second"));
  EXPECT_EQ(site_.executions(0), 2U);
  EXPECT_EQ(site_.counts(), (Counts{0, 0, 0, 0, 0, 1, 0}));
  site_.expect_nothing_left();
  Program shown = site_.program({"jobs", "show", site_.job(0).text}, "show.log");
  EXPECT_EQ(shown.wait(), 0);
  EXPECT_THAT(shown.log(), HasSubstr("lost"));
  EXPECT_THAT(shown.log(), HasSubstr("node-of-first, node-of-second"));
}

}  // namespace
}  // namespace simswarm::jobs
