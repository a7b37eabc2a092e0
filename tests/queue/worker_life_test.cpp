// The life of `simswarm worker run` beside a real server: how it begins, drains, hands back, is told to wait, is
// forgotten and comes back; what it says, and what it never shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker_support.h"

namespace simswarm::jobs {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

class WorkerLife : public testing::Test, protected WorkerTest {
 protected:
  WorkerLife() : WorkerTest(SharedRedis::fresh()) {}
  json listed(const std::string& name) const {
    const json list = asked({"worker", "list"});
    for (const json& one : list["workers"]) {
      if (one["name"] == name) return one;
    }
    return {};
  }
  json shown(const std::string& id) const { return asked({"jobs", "show", id})["jobs"][0]; }
};

TEST_F(WorkerLife, RegistersAndSignsOff) {
  const auto one = worker("ours", {"--slots", "3", "--node", "host7"});
  const json seen = listed("ours");
  EXPECT_EQ(seen["host"], "host7");
  EXPECT_EQ(seen["pid"], one->pid());
  EXPECT_EQ(seen["slots"], 3);
  EXPECT_EQ(seen["running"], 0);
  EXPECT_EQ(seen["state"], "idle");
  EXPECT_GT(server().command({"TTL", "rq:worker:ours"}).integer, 0);
  EXPECT_THAT(one->log(), HasSubstr("ours: 3 slots, queues run, run-*"));
  EXPECT_THAT(end(*one), HasSubstr("ours: ended: 0 jobs finished, 0 failed"));
  EXPECT_EQ(server().command({"SCARD", "rq:workers"}).integer, 0);
  EXPECT_FALSE(is_registered("ours"));
  EXPECT_TRUE(listed("ours").is_null());
  EXPECT_THAT(simswarm({"worker", "list"}).output, HasSubstr("no workers; start one: simswarm worker run"));
}

TEST_F(WorkerLife, FinishesWhatRunsWithinTheTimeOfDrain) {
  for (const char* const drain : {"60", "finish"}) {
    const std::string id = std::string("a") + drain;
    const auto one = worker("ours", {"--drain", drain, "--slots", "1"});
    enqueue_gate(id);
    ASSERT_TRUE(begins(id));
    enqueue(run_job("next" + id, {"./prog", "next"}));
    one->send(SIGTERM);
    ASSERT_TRUE(one->says("told to end: nothing new starts, 1 running run"));
    EXPECT_FALSE(one->has_ended());
    open_gate(id);
    EXPECT_EQ(one->wait(), 0) << one->log();
    EXPECT_EQ(details(id).job.state, State::kFinished);
    EXPECT_EQ(details("next" + id).job.state, State::kQueued) << "nothing new starts";
    EXPECT_EQ(good(queue().remove({"next" + id})), jobs::Answer::kDone);
  }
  EXPECT_THAT(results(), UnorderedElementsAre("gate-a60.txt", "gate-afinish.txt"));
}

TEST_F(WorkerLife, HandsBackWhatLastsLonger) {
  enqueue_gate("a", 1);
  const auto one = worker("ours", {"--drain", "0.1", "--slots", "1"});
  ASSERT_TRUE(begins("a"));
  enqueue(run_job("b", {"./prog", "b"}));
  EXPECT_THAT(end(*one), HasSubstr("1 running run may go on for 100 ms, and is handed back then"));
  const JobDetails back = details("a");
  EXPECT_EQ(back.job.state, State::kQueued);
  EXPECT_EQ(back.job.retries_left, 1) << "it has not failed";
  EXPECT_THAT(back.job.lost_on, IsEmpty()) << "nor was it lost";
  EXPECT_THAT(results(), IsEmpty());
  open_gate("a");
  work_burst({"--slots", "1"});
  EXPECT_THAT(begun(), ElementsAre("a", "a", "b")) << "to the front";
  EXPECT_EQ(details("a").job.attempt, 2);
  EXPECT_THAT(results(), ElementsAre("gate-a.txt", "out-b.txt"));
}

TEST_F(WorkerLife, HandsAllBackAtASecondSignal) {
  enqueue_gate("a");
  enqueue_gate("b");
  const auto one = worker("ours", {"--drain", "finish", "--slots", "2"});
  ASSERT_TRUE(begins("a"));
  ASSERT_TRUE(begins("b"));
  one->send(SIGINT);
  ASSERT_TRUE(one->says("told to end: nothing new starts, 2 running runs may finish"));
  EXPECT_FALSE(one->has_ended());
  one->send(SIGTERM);
  EXPECT_EQ(one->wait(), 0) << one->log();
  EXPECT_EQ(counts(), (Counts{0, 0, 2, 0, 0, 0, 0}));
  EXPECT_THAT(details("a").job.lost_on, IsEmpty());
  EXPECT_EQ(server().command({"SCARD", "rq:workers"}).integer, 0);
}

TEST_F(WorkerLife, EndsAtBurstWhenNothingIsLeft) {
  EXPECT_THAT(work_burst(), HasSubstr("ended: 0 jobs finished"));
  for (int i = 0; i < 20; ++i) enqueue(run_job("a" + std::to_string(i), {"./prog", std::to_string(i)}));
  NewJob child = run_job("child", {"./prog", "child"});
  child.depends_on = {{"a3"}, {"a19"}};
  enqueue(child);
  NewJob again = run_job("again", {"./flaky", "again", "2"});
  again.retries = 2;
  enqueue(again);
  EXPECT_THAT(work_burst(), HasSubstr("ended: 22 jobs finished"));
  EXPECT_EQ(counts(), (Counts{0, 0, 0, 0, 22, 0, 0}));
  EXPECT_EQ(begun().size(), 24U);
  EXPECT_EQ(begun().size() - 3, results().size() - 1) << "one result a run";
}

// What is queued by the end of the last job is seen, too: nothing is left half taken.
TEST_F(WorkerLife, LeavesNothingStartedAtTheEndOfABurst) {
  for (int i = 0; i < 15; ++i) {
    const std::string n = std::to_string(i);
    enqueue(run_job("a" + n, {"./prog", "a" + n}));
    NewJob child = run_job("b" + n, {"./prog", "b" + n});
    child.depends_on = {{"a" + n}};
    enqueue(child);
    work_burst({"--slots", "1"});
    ASSERT_EQ(details("b" + n).job.state, State::kFinished);
  }
}

TEST_F(WorkerLife, RunsNoMoreAtOnceThanItHasSlots) {
  for (const char* const id : {"a", "b", "c"}) enqueue_gate(id);
  const auto one = worker("ours", {"--slots", "2"});
  ASSERT_TRUE(begins("a"));
  ASSERT_TRUE(begins("b"));
  EXPECT_TRUE(wait_until([&] { return listed("ours")["running"] == 2 && listed("ours")["state"] == "busy"; }));
  EXPECT_EQ(times_begun("c"), 0U);
  open_gate("b");
  EXPECT_TRUE(begins("c"));
  open_gate("a");
  open_gate("c");
  EXPECT_TRUE(becomes("c", State::kFinished));
}

TEST_F(WorkerLife, ServesTheQueuesThatItIsTold) {
  NewJob mine = run_job("mine", {"./prog", "mine"});
  mine.queue = {"fast-1"};
  NewJob other = run_job("other", {"./prog", "other"});
  enqueue(mine);
  enqueue(other);
  work_burst({"--queues", "fast-*", "--queues", "named"});
  EXPECT_EQ(details("mine").job.state, State::kFinished);
  EXPECT_EQ(details("other").job.state, State::kQueued);
}

TEST_F(WorkerLife, TellsOfARunWhileItGoesOn) {
  project().script("percent", "echo the gate 40%; exec ./gate a");
  NewJob made = run_job("a", {"./percent"}, {{"progress", "gate ([0-9]+)%"}});
  made.description = "the one with the gate";
  enqueue(made);
  const auto one = worker("ours", {"--node", "host7"});
  ASSERT_TRUE(begins("a"));
  const auto tells = [&] {
    return shown("a").value("progress", json::object()).value("line", "") == "behind the gate a";
  };
  EXPECT_TRUE(wait_until(tells)) << shown("a");
  const json seen = shown("a");
  EXPECT_EQ(seen["state"], "started");
  EXPECT_EQ(seen["worker"], "ours");
  EXPECT_EQ(seen["node"], "host7");
  EXPECT_EQ(seen["attempt"], 1);
  EXPECT_EQ(seen["description"], "the one with the gate");
  EXPECT_EQ(seen["progress"]["fraction"], 0.4);
  EXPECT_GT(seen["progress"]["seconds"], 0);
  EXPECT_GT(seen["progress"]["memory"], 0);
  EXPECT_THAT(simswarm({"jobs", "log", "a"}).output, HasSubstr("behind the gate a"));
  EXPECT_THAT(simswarm({"jobs", "list", "--state", "started"}).output,
              AllOf(HasSubstr("behind the gate a"), HasSubstr("ours")));
  open_gate("a");
  EXPECT_TRUE(becomes("a", State::kFinished));
  EXPECT_FALSE(shown("a").contains("progress"));
  EXPECT_EQ(result("a")["host"], "host7");
}

TEST_F(WorkerLife, StartsNothingWhileSuspended) {
  const auto one = worker("ours");
  EXPECT_EQ(simswarm({"jobs", "suspend"}).exit_code, 0);
  enqueue(run_job("a", {"./prog", "a"}));
  EXPECT_TRUE(wait_until([&] { return listed("ours")["state"] == "suspended"; }));
  EXPECT_EQ(details("a").job.state, State::kQueued);
  EXPECT_EQ(simswarm({"jobs", "resume"}).exit_code, 0);
  EXPECT_TRUE(becomes("a", State::kFinished));
}

TEST_F(WorkerLife, ComesBackAfterItWasForgotten) {
  const auto one = worker("ours", {"--queues", "run-1"});
  server().command({"FLUSHALL"});
  EXPECT_TRUE(wait_until([&] { return is_registered("ours"); }));
  enqueue_gate("a");
  ASSERT_TRUE(begins("a"));
  server().command({"DEL", "rq:worker:ours", "rq:workers"});
  EXPECT_TRUE(wait_until([&] { return is_registered("ours"); }));
  EXPECT_EQ(listed("ours")["pid"], one->pid());
  open_gate("a");
  EXPECT_TRUE(becomes("a", State::kFinished));
  EXPECT_EQ(times_begun("a"), 1U);
  EXPECT_EQ(server().command({"SISMEMBER", "rq:workers:run-1", "rq:worker:ours"}).integer, 1);
}

// The queue forgot the run itself: nobody wants what comes of it.
TEST_F(WorkerLife, EndsARunThatTheQueueHasForgotten) {
  const auto one = worker("ours", {"--slots", "1"});
  enqueue_gate("a");
  ASSERT_TRUE(begins("a"));
  server().command({"FLUSHALL"});
  enqueue(run_job("b", {"./prog", "b"}));
  EXPECT_TRUE(becomes("b", State::kFinished)) << "its slot is free again";
  EXPECT_THAT(results(), ElementsAre("out-b.txt"));
  EXPECT_TRUE(is_registered("ours"));
}

TEST_F(WorkerLife, RefusesASecondOfOneName) {
  const auto one = worker("ours", {"--node", "host1"});
  const auto refused = [&](const Words& options) {
    const auto two = started("ours", options);
    EXPECT_EQ(two->wait(), 2) << two->log();
    return two->log();
  };
  EXPECT_THAT(refused({"--node", "host1"}), AllOf(HasSubstr("simswarm: a worker named «ours» is at work here"),
                                                  HasSubstr("give this one another --name\n")));
  const fs::path other = outside().folder("spool");
  EXPECT_THAT(refused({"--node", "host2", "--spool", other}),
              HasSubstr("simswarm: a worker named «ours» is at work on host1: give this one another --name\n"));
  EXPECT_THAT(refused({"--node", "host1", "--spool", other}), HasSubstr("give this one another --name\n"));
  EXPECT_FALSE(one->has_ended());
  EXPECT_TRUE(is_registered("ours"));
}

TEST_F(WorkerLife, MayBeStartedAgainUnderItsNameAfterItWasKilled) {
  enqueue_gate("a");
  auto one = worker("ours");
  ASSERT_TRUE(begins("a"));
  one->send(SIGKILL);
  EXPECT_EQ(one->wait(), 128 + SIGKILL);
  one.reset();
  const auto two = worker("ours");
  EXPECT_TRUE(wait_until([&] { return times_begun("a") == 2; })) << "what stood under its name went back";
  open_gate("a");
  EXPECT_TRUE(becomes("a", State::kFinished));
  EXPECT_EQ(counts(), (Counts{0, 0, 0, 0, 1, 0, 0}));
}

TEST_F(WorkerLife, TakesBackWhatAKilledOneHeld) {
  enqueue_gate("a");
  const auto one = worker("ours", {"--node", "host1"});
  ASSERT_TRUE(begins("a"));
  one->send(SIGKILL);
  EXPECT_EQ(one->wait(), 128 + SIGKILL);
  open_gate("a");
  const auto two = worker("two", {"--node", "host2"});
  EXPECT_TRUE(becomes("a", State::kFinished));
  EXPECT_THAT(details("a").job.lost_on, ElementsAre("host1"));
  EXPECT_EQ(details("a").job.attempt, 2);
  EXPECT_THAT(two->log(), HasSubstr("1 jobs of workers that have gone are taken back"));
}

TEST_F(WorkerLife, SaysInOneLineWhyItCannotBegin) {
  expect_refused({"worker", "run", "--queue", "unix:///nowhere/redis"}, "unix:///nowhere/redis", 3);
  expect_refused({"worker", "run", "--queue", "unix://:wrong@" + server().socket()}, "password", 3);
  expect_refused({"worker", "run", "--queue", "http://host"}, "http://host");
  expect_refused({"worker", "run", "--slots", "0"}, "--slots=0: at least one");
  expect_refused({"worker", "run", "--lease", "0.2"}, "--lease=0.2: expected 1 to 3600 seconds");
  expect_refused({"worker", "run", "--drain", "soon"}, "--drain=soon: expected finish, or a time like 0, 90, 15m");
  expect_refused({"worker", "run", "--queues", "a b"}, "--queues=a b: ");
  expect_refused({"worker", "run", "--name", "a b"}, "'a b' may only have letters, digits, '_', '-' and '.'");
  expect_refused({"worker", "walk"}, "worker walk: there are run, build and list");
  const Subprocess without{{simswarm_program(), "worker", "run"}, "/", {{"SIMSWARM_QUEUE", ""}}, {}, 60};
  const auto answer = run(without);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->exit_code, 2);
  EXPECT_THAT(answer->errors,
              HasSubstr("simswarm: which queue? --queue redis://host[:port] or SIMSWARM_QUEUE says it"));
}

TEST_F(WorkerLife, LogsAsJsonOnRequest) {
  const auto one = worker("ours", {"--json"});
  std::istringstream lines(end(*one));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const json said = json::parse(line, nullptr, false);
    ASSERT_TRUE(said.is_object()) << line;
    EXPECT_EQ(said["worker"], "ours");
    EXPECT_EQ(said["time"].get<std::string>().size(), 27U) << line;
  }
  EXPECT_GE(count, 3);
}

// --- passwords

// Of a process and all that it has started.
std::vector<pid_t> tree_of(pid_t root) {
  std::vector<pid_t> all{root};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(all[i]) + "/task")) {
      std::ifstream children(task.path() / "children");
      for (pid_t child = 0; children >> child;) all.push_back(child);
    }
  }
  return all;
}

std::string shown_of(pid_t pid) {
  std::string text;
  for (const char* const name : {"cmdline", "environ"}) {
    std::ifstream stream(fmt::format("/proc/{}/{}", pid, name), std::ios::binary);
    text.append(std::istreambuf_iterator<char>(stream), {});
    text += '\n';
  }
  return text;
}

class WorkerSecret : public WorkerLife {
 protected:
  // The run writes down its environment, and waits at the gate.
  void expect_hidden(const Words& options, const Environment& environment) {
    project().script("environment", "env >" + (outside() / "environment").string() + "\nexec ./gate secret");
    enqueue(run_job("secret", {"./environment"}));
    const Process one(worker_words("ours", options), environment);
    ASSERT_TRUE(begins("secret")) << one.log();
    const std::vector<pid_t> all = tree_of(one.pid());
    EXPECT_GE(all.size(), 3U) << "the worker, the keeper of its runs, the run";
    for (const pid_t pid : all) EXPECT_THAT(shown_of(pid), Not(HasSubstr(kTestPassword))) << pid;
    EXPECT_THAT(shown_of(one.pid()), HasSubstr(simswarm_program())) << "we see it";
    EXPECT_THAT(outside().read("environment"),
                AllOf(HasSubstr("PATH="), Not(HasSubstr("SIMSWARM_QUEUE")), Not(HasSubstr(kTestPassword))));
    open_gate("secret");
    EXPECT_TRUE(becomes("secret", State::kFinished));
    EXPECT_THAT(one.log(), Not(HasSubstr(kTestPassword)));
  }
  std::string without_password() const { return "unix://" + server().socket(); }
};

TEST_F(WorkerSecret, OfTheEnvironmentIsHidden) {
  expect_hidden({}, {{"SIMSWARM_QUEUE", server().url()}});
}

TEST_F(WorkerSecret, OfTheCommandLineIsHidden) {
  expect_hidden({"--queue", server().url()}, {});
}

TEST_F(WorkerSecret, OfAFileIsHidden) {
  const fs::path file = spool().write("password", std::string(kTestPassword) + "\nand more\n");
  expect_hidden({"--queue", without_password(), "--password-file", file}, {});
}

TEST_F(WorkerSecret, OfAFileThatTheEnvironmentNamesIsHidden) {
  const fs::path file = spool().write("password", kTestPassword);
  expect_hidden({}, {{"SIMSWARM_QUEUE", without_password()}, {"SIMSWARM_PASSWORD_FILE", file}});
}

TEST_F(WorkerSecret, IsNotSaidWhenItIsWrong) {
  const Said answer = simswarm({"jobs", "list", "--queue", "unix://:an-0ther@" + server().socket()});
  EXPECT_EQ(answer.exit_code, 3);
  EXPECT_THAT(answer.errors, AllOf(HasSubstr(server().socket()), Not(HasSubstr("an-0ther"))));
  expect_refused({"jobs", "list", "--password-file", "/nowhere/password"},
                 "the password file cannot be read: /nowhere/password", 3);
  const fs::path empty = spool().write("empty", "\n");
  expect_refused({"jobs", "list", "--password-file", empty},
                 "the first line of the password file " + empty.string() + " is empty");
}

}  // namespace
}  // namespace simswarm::jobs
