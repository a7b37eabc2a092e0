// `simswarm jobs`: every action, its filters, pages, JSON, exit codes, and what it says of names that are not there;
// and how campaigns come into a queue.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker_support.h"

namespace simswarm::jobs {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Jobs : public testing::Test, protected WorkerTest {
 protected:
  Jobs() : WorkerTest(SharedRedis::fresh()) {}

  void enqueue_in(const std::string& queue, const Words& ids) const {
    for (const std::string& id : ids) {
      NewJob made = run_job(id, {"./prog", id});
      made.queue = {queue};
      enqueue(made);
    }
  }
  // Of `jobs list WORDS`: total and ids.
  std::pair<std::size_t, Words> listed(const Words& words) const {
    const json list = asked(Words{"jobs", "list"} + words);
    Words ids;
    for (const json& one : list["jobs"]) ids.push_back(one["id"]);
    return {list["total"].get<std::size_t>(), ids};
  }
  Words ids(const Words& words) const { return listed(words).second; }
  json done(const Words& words, int exit_code = 0) const {
    json answer = asked(Words{"jobs"} + words, exit_code);
    EXPECT_EQ(answer["action"], words.front());
    return answer;
  }
  std::string said(const Words& words) const {
    const Said answer = simswarm(Words{"jobs"} + words);
    EXPECT_EQ(answer.exit_code, 0) << answer.errors;
    return answer.output;
  }
};

TEST_F(Jobs, ListCountsQueues) {
  EXPECT_EQ(asked({"jobs", "list"}), json::parse(R"({"suspended": false, "queues": []})"));
  EXPECT_THAT(said({"list"}), HasSubstr("no queues; put something in: simswarm runall --queue URL"));
  enqueue_in("run-1", {"a", "b"});
  enqueue_in("run-2", {"c"});
  enqueue(run_job("bad", {"./broken", "bad"}));
  EXPECT_EQ(good(queue().cancel({"a"})), jobs::Answer::kDone);
  work_burst({"--queues", "run-1"});
  const json queues = asked({"jobs", "list"})["queues"];
  ASSERT_EQ(queues.size(), 2U);
  EXPECT_EQ(queues[0],
            json::parse(R"({"queue": "run-1", "started": 0, "queued": 0, "scheduled": 0, "deferred": 0, "failed": 1,
                                       "finished": 1, "canceled": 1, "campaign": "", "priority": 0})"));
  EXPECT_EQ(queues[1]["queue"], "run-2");
  EXPECT_EQ(queues[1]["queued"], 1);
  EXPECT_THAT(said({"list"}),
              AllOf(HasSubstr("queue  started  queued  scheduled  deferred  failed  finished  canceled"),
                    HasSubstr("run-1        0       0          0         0       1         1         1")));
}

TEST_F(Jobs, HaveThePriorityOfTheirQueue) {
  enqueue_in("run-1", {"a"});
  enqueue_in("run-01CAMPAIGN", {"b"});
  EXPECT_THAT(said({"priority", "3", "--in", "run-1"}),
              HasSubstr("run-1 has priority 3: 3.38 times the share of a usual one"));
  EXPECT_EQ(asked({"jobs", "priority", "--campaign", "01CAMP", "-4"})["queue"], "run-01CAMPAIGN");
  ASSERT_TRUE(queue().describe({"run-1"}, {"loads\x1b[31m", std::nullopt}).has_value());
  const json queues = asked({"jobs", "list"})["queues"];
  EXPECT_EQ(queues[0]["priority"], -4);
  EXPECT_EQ(queues[1]["priority"], 3);
  EXPECT_EQ(queues[1]["campaign"], "loads\x1b[31m");
  EXPECT_THAT(said({"list"}), HasSubstr("loads?[31m"));
  EXPECT_GT(server().command({"TTL", "simswarm:queue:run-1"}).integer, 80 * 86'400);
  const std::string expected = "expected one number from -10 (last) to 10 (first); 0 is the usual";
  expect_refused({"jobs", "priority", "11", "--in", "run-1"}, "jobs priority 11: " + expected);
  expect_refused({"jobs", "priority", "high", "--in", "run-1"}, "jobs priority high: " + expected);
  expect_refused({"jobs", "priority", "1"}, "jobs priority 1: of which queue? (--in, --campaign)");
  expect_refused({"jobs", "priority", "1", "--in", "run-7"}, "there is no queue «run-7»");
}

TEST_F(Jobs, ListsByQueueAndState) {
  enqueue_in("run-1", {"a", "b"});
  enqueue_in("run-2", {"c"});
  NewJob child = run_job("child", {"./prog", "child"});
  child.depends_on = {{"a"}};
  enqueue(child);
  NewJob later = run_job("later", {"./prog", "later"});
  later.delay = std::chrono::hours(1);
  enqueue(later);
  EXPECT_THAT(ids({"--in", "run-1"}), ElementsAre("b", "a", "later", "child"));
  EXPECT_THAT(ids({"--in", "run-2"}), ElementsAre("c"));
  EXPECT_THAT(ids({"--state", "queued"}), ElementsAre("b", "a", "c"));
  EXPECT_THAT(ids({"--in", "run-1", "--state", "deferred"}), ElementsAre("child"));
  EXPECT_THAT(ids({"--in", "run-1", "--state", "scheduled"}), ElementsAre("later"));
  EXPECT_THAT(ids({"--state", "running"}), IsEmpty());
  EXPECT_EQ(done({"cancel", "b"})["done"], 1);
  EXPECT_THAT(ids({"--state", "canceled"}), ElementsAre("b"));
  EXPECT_THAT(ids({"--state", "cancelled"}), ElementsAre("b"));
  EXPECT_THAT(said({"list", "--in", "run-2"}),
              AllOf(HasSubstr("job  state   attempt  worker"), HasSubstr("c    queued")));
  EXPECT_EQ(said({"list", "--in", "run-2", "--state", "failed"}), "none\n");
}

TEST_F(Jobs, ListsPages) {
  Words all;
  for (int i = 0; i < 60; ++i) all.push_back("a" + std::to_string(i));
  enqueue_in("run-1", all);
  enqueue_in("run-2", {"b1", "b2", "b3"});
  EXPECT_EQ(listed({"--in", "run-1"}).first, 60U);
  EXPECT_EQ(ids({"--in", "run-1"}).size(), 50U) << "as the help says";
  EXPECT_THAT(ids({"--in", "run-1", "-n", "2"}), ElementsAre("a59", "a58"));
  EXPECT_THAT(ids({"--in", "run-1", "-n", "2", "--offset", "3"}), ElementsAre("a56", "a55"));
  EXPECT_THAT(ids({"--in", "run-1", "--offset", "58"}), ElementsAre("a1", "a0"));
  EXPECT_THAT(ids({"--state", "queued", "-n", "3", "--offset", "59"}), ElementsAre("a0", "b3", "b2")) << "over queues";
  EXPECT_EQ(listed({"--state", "queued", "-n", "3"}).first, 63U);
  EXPECT_THAT(ids({"--state", "queued", "-n", "3"}), ElementsAre("a59", "a58", "a57"));
  EXPECT_THAT(ids({"--state", "queued", "-n", "60"}), Not(Contains("b3")))
      << "the page is full, there is one more queue";
  EXPECT_THAT(ids({"--in", "run-1", "--offset", "60"}), IsEmpty());
  EXPECT_THAT(said({"list", "--in", "run-1", "-n", "5"}), HasSubstr("5 of 60; --offset and -n show others"));
}

TEST_F(Jobs, ShowsAllThatIsKnown) {
  NewJob made = run_job("a", {"./prog", "a"});
  made.description = "the first";
  made.depends_on = {{"gone"}};
  made.retries = 2;
  enqueue(made);
  enqueue(run_job("bad", {"./broken", "bad"}));
  work_burst({"--node", "host7"});
  const json shown = asked({"jobs", "show", "a", "bad"})["jobs"];
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0]["id"], "a");
  EXPECT_EQ(shown[0]["queue"], "run-1");
  EXPECT_EQ(shown[0]["state"], "finished");
  EXPECT_EQ(shown[0]["description"], "the first");
  EXPECT_EQ(shown[0]["node"], "host7");
  EXPECT_EQ(shown[0]["worker"], "burst");
  EXPECT_EQ(shown[0]["attempt"], 1);
  EXPECT_EQ(shown[0]["retries_left"], 2);
  EXPECT_EQ(shown[0]["payload"][0], "simswarm.run");
  EXPECT_EQ(shown[0]["payload"][3]["command"], json::parse(R"(["./prog", "a"])"));
  EXPECT_EQ(shown[0]["result"]["outcome"], "completed");
  EXPECT_EQ(shown[0]["result"]["files"][0]["path"], "out-a.txt");
  EXPECT_LE(shown[0]["created"], shown[0]["started"]);
  EXPECT_LE(shown[0]["started"], shown[0]["ended"]);
  EXPECT_EQ(shown[1]["state"], "failed");
  EXPECT_THAT(shown[1]["message"].get<std::string>(),
              HasSubstr("model_error: exit code 3: and broke\nattempt 1 on host7 by burst"));
  EXPECT_THAT(said({"show", "bad"}), AllOf(HasSubstr("id              bad\n"), HasSubstr("state           failed\n"),
                                           HasSubstr("message         model_error: exit code 3: and broke\n")));
}

TEST_F(Jobs, ShowsTheLastWordsOfAnAttempt) {
  enqueue(run_job("a", {"./prog", "a"}));
  enqueue(run_job("bad", {"./broken", "bad"}));
  enqueue(run_job("waits", {"./prog", "waits"}));
  EXPECT_EQ(good(queue().cancel({"waits"})), jobs::Answer::kDone);
  work_burst();
  EXPECT_THAT(said({"log", "a"}), HasSubstr("said a\n")) << "what a run that ended well has said";
  EXPECT_THAT(said({"log", "bad"}),
              AllOf(HasSubstr("model_error: exit code 3"), HasSubstr("$ ./broken bad\nit said this\nand broke\n")));
  EXPECT_EQ(said({"log", "waits"}), "waits is canceled: it has left no word\n");
  const json log = asked({"jobs", "log", "bad"});
  EXPECT_EQ(log["id"], "bad");
  EXPECT_EQ(log["state"], "failed");
  EXPECT_EQ(log["attempt"], 1);
  EXPECT_THAT(log["log"].get<std::string>(), HasSubstr("it said this"));
}

TEST_F(Jobs, CancelsByIdAndByQueue) {
  enqueue_in("run-1", {"a", "b", "c"});
  enqueue_in("run-2", {"d"});
  EXPECT_EQ(done({"cancel", "a"}), json::parse(R"({"action": "cancel", "done": 1, "jobs": {"a": true}})"));
  EXPECT_EQ(said({"cancel", "--in", "run-1"}), "2 jobs cancelled\n");
  EXPECT_EQ(counts(), (Counts{0, 0, 0, 0, 0, 0, 3}));
  EXPECT_EQ(counts("run-2").queued, 1U);
  work_burst();
  EXPECT_THAT(begun(), ElementsAre("d"));
  const Said late = simswarm({"jobs", "cancel", "d"});
  EXPECT_EQ(late.exit_code, 2);
  EXPECT_EQ(late.errors, "simswarm: d has ended\n");
}

TEST_F(Jobs, CancelEndsARunThatGoesOn) {
  enqueue_gate("a");
  const auto one = worker("ours", {"--slots", "1"});
  ASSERT_TRUE(begins("a"));
  enqueue(run_job("b", {"./prog", "b"}));
  EXPECT_EQ(done({"cancel", "a"})["done"], 1);
  EXPECT_TRUE(becomes("b", State::kFinished)) << "the slot is free";
  EXPECT_EQ(details("a").job.state, State::kCancelled);
  EXPECT_THAT(results(), ElementsAre("out-b.txt"));
}

TEST_F(Jobs, StopEndsARunForGood) {
  enqueue_gate("a", 3);
  enqueue(run_job("b", {"./prog", "b"}));
  const auto one = worker("ours", {"--slots", "1"});
  ASSERT_TRUE(begins("a"));
  const Said waits = simswarm({"jobs", "stop", "b"});
  EXPECT_EQ(waits.exit_code, 2);
  EXPECT_EQ(waits.errors, "simswarm: b is not started\n");
  EXPECT_EQ(said({"stop", "a"}), "1 job asked to stop\n");
  EXPECT_TRUE(becomes("a", State::kStopped));
  EXPECT_TRUE(becomes("b", State::kFinished));
  EXPECT_EQ(times_begun("a"), 1U);
  EXPECT_THAT(ids({"--in", "run-1", "--state", "failed"}), ElementsAre("a")) << "stopped ones stand there";
}

TEST_F(Jobs, RequeuesByIdAndByState) {
  enqueue(run_job("bad", {"./flaky", "bad", "1"}));
  enqueue(run_job("worse", {"./flaky", "worse", "2"}));
  enqueue_in("run-1", {"dropped", "good"});
  done({"cancel", "dropped"});
  work_burst();
  EXPECT_EQ(counts(), (Counts{0, 0, 0, 0, 1, 2, 1}));
  const json answer = done({"requeue", "bad", "good", "none"}, 2);
  EXPECT_EQ(answer["done"], 1);
  EXPECT_EQ(answer["jobs"], json::parse(R"({"bad": true, "good": false, "none": false})"));
  EXPECT_EQ(simswarm({"jobs", "requeue", "good", "none"}).errors,
            "simswarm: good has not failed, nor was it cancelled; there is no job none\n");
  EXPECT_EQ(said({"requeue", "--in", "run-1", "--state", "failed"}), "1 job queued again\n");
  EXPECT_EQ(counts(), (Counts{0, 0, 2, 0, 1, 0, 1}));
  EXPECT_EQ(said({"requeue", "--in", "run-1"}), "1 job queued again\n");
  work_burst();
  EXPECT_EQ(counts(), (Counts{0, 0, 0, 0, 3, 1, 0}));
}

TEST_F(Jobs, DeletesWhatNobodyNeeds) {
  enqueue_in("run-1", {"a", "b"});
  NewJob child = run_job("child", {"./prog", "child"});
  child.depends_on = {{"a"}};
  enqueue(child);
  const Said needed = simswarm({"jobs", "delete", "a"});
  EXPECT_EQ(needed.exit_code, 2);
  EXPECT_EQ(needed.errors, "simswarm: a is started, or others wait for it\n");
  EXPECT_EQ(said({"delete", "b"}), "1 job deleted\n");
  EXPECT_FALSE(good(queue().find({"b"})).has_value());
  EXPECT_EQ(said({"delete", "--in", "run-1", "--state", "deferred"}), "1 job deleted\n");
  EXPECT_EQ(said({"delete", "--in", "run-1"}), "1 job deleted\n");
  EXPECT_EQ(counts(), Counts{});
}

TEST_F(Jobs, EmptiesAQueue) {
  enqueue_in("run-1", {"a", "b", "c"});
  enqueue_in("run-2", {"d"});
  NewJob child = run_job("child", {"./prog", "child"});
  child.depends_on = {{"c"}};
  enqueue(child);
  EXPECT_EQ(asked({"jobs", "empty", "--in", "run-1"}), json::parse(R"({"removed": 2, "kept": 1})"));
  EXPECT_EQ(said({"empty", "run-2"}), "1 waiting jobs deleted\n");
  EXPECT_EQ(counts(), (Counts{1, 0, 1, 0, 0, 0, 0}));
  expect_refused({"jobs", "empty"}, "jobs empty: which queue? (--in NAME)");
}

TEST_F(Jobs, SuspendAndResumeTheQueue) {
  EXPECT_EQ(asked({"jobs", "suspend"}), json::parse(R"({"suspended": true})"));
  enqueue_in("run-1", {"a"});
  EXPECT_THAT(said({"list"}), HasSubstr("suspended: no worker takes a job until simswarm jobs resume"));
  EXPECT_EQ(asked({"jobs", "list"})["suspended"], true);
  EXPECT_EQ(said({"resume"}), "resumed\n");
  EXPECT_EQ(asked({"jobs", "list"})["suspended"], false);
}

TEST_F(Jobs, SaysWhatWasMeant) {
  enqueue_in("run-1", {"a"});
  expect_refused({"jobs", "requue", "a"}, "did you mean requeue?");
  expect_refused({"jobs", "shwo", "a"}, "jobs shwo: there are ");
  expect_refused({"jobs", "list", "--in", "run1"}, "there is no queue «run1»; did you mean run-1?");
  expect_refused({"jobs", "cancel", "--in", "rnu-1"}, "there is no queue «rnu-1»; did you mean run-1?");
  expect_refused({"jobs", "list", "--state", "faild"}, "did you mean failed?");
  expect_refused({"jobs", "show", "b"}, "there is no job «b»");
  expect_refused({"jobs", "log"}, "jobs log: which job?");
  expect_refused({"jobs", "cancel"}, "jobs cancel: which? Name jobs, or all of a queue by --in or --campaign");
  expect_refused({"jobs", "show", "a b"}, "the job's id 'a b' may only have letters, digits, '_', '-'");
  expect_refused({"jobs", "list", "--in", "run-1", "-n", "-1"}, "-n -1: at least one job");
  expect_refused({"jobs", "list", "--in", "run-1", "-n", "0"}, "-n 0: at least one job");
  expect_refused({"jobs", "list", "--in", "run-1", "--offset", "-3"}, "-3");
  expect_refused({"jobs", "list", "--queue", "unix:///nowhere/redis"}, "/nowhere/redis", 3);
}

// --- campaigns

TEST_F(Jobs, ACampaignIsAQueue) {
  const json put = asked({"sweep", "--queue", server().url(), "n=1..2", "m=x,y", "--", "./prog", "{n}{m}"});
  EXPECT_EQ(put["event"], "enqueued");
  EXPECT_EQ(put["runs"], 4);
  const std::string campaign = put["campaign"];
  const std::string other = asked({"sweep", "--queue", server().url(), "n=7..7", "--", "./prog", "{n}"})["campaign"];
  EXPECT_EQ(put["queue"], "run-" + campaign);
  EXPECT_EQ(listed({"--campaign", campaign}).first, 4U);
  EXPECT_EQ(listed({"--campaign", campaign.substr(0, campaign.size() - 1)}).first, 4U)
      << "a beginning of its id is enough";
  EXPECT_EQ(ids({"--campaign", campaign}).front(), campaign + "-3");
  const json job = asked({"jobs", "show", campaign + "-1"})["jobs"][0];
  EXPECT_EQ(job["retries_left"], 2);
  EXPECT_EQ(job["payload"], (json{"simswarm.run", nullptr, {campaign, 1}, json::object()}));
  EXPECT_EQ(done({"cancel", "--campaign", other})["done"], 1);
  work_burst();
  EXPECT_THAT(results(), ElementsAre("out-1x.txt", "out-1y.txt", "out-2x.txt", "out-2y.txt"));
  EXPECT_EQ(counts("run-" + campaign).finished, 4U);
}

TEST_F(Jobs, ACampaignTakesWhatItIsGiven) {
  const json put = asked({"sweep", "--queue", server().url(), "--in", "mine", "--retries", "0", "--timeout", "1",
                          "n=1..1", "--", "./gate", "{n}"});
  EXPECT_EQ(put["queue"], "mine");
  const std::string first = put["campaign"].get<std::string>() + "-0";
  EXPECT_EQ(details(first).job.retries_left, 0);
  const std::string wrong =
      asked({"sweep", "--queue", server().url(), "--in", "mine", "n=1..1", "--", "./broken", "{n}"})["campaign"];
  work_burst({"--queues", "mine"});
  EXPECT_THAT(details(first).message, HasSubstr("timed_out: "));
  EXPECT_EQ(details(wrong + "-0").job.state, State::kFailed);
  EXPECT_EQ(details(wrong + "-0").job.attempt, 1) << "a model that is wrong is not helped by its retries";
  EXPECT_EQ(details(wrong + "-0").job.retries_left, 2);
  expect_refused({"sweep", "--queue", server().url(), "--dry-run", "n=1..1", "--", "./prog", "{n}"}, "without --queue");
  expect_refused({"sweep", "--queue", server().url(), "--in", "a b", "n=1..1", "--", "/bin/true", "{n}"}, "a b");
  expect_refused({"sweep", "--queue", "unix:///nowhere/redis", "n=1..1", "--", "/bin/true", "{n}"}, "/nowhere/redis",
                 3);
}

}  // namespace
}  // namespace simswarm::jobs
