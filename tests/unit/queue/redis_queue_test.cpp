// What the queue leaves on the server, and what it makes of what others leave there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/text.h"
#include "job_queue_support.h"
#include "queue/redis_scripts.h"

namespace simswarm::jobs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string dump_of(RedisServer& server, const std::string& key, const std::string& type) {
  const auto ask = [&](const std::vector<std::string>& words) { return server.command(words).list; };
  std::vector<std::string> lines;
  if (type == "hash" || type == "zset") {
    const auto pairs = type == "hash" ? ask({"HGETALL", key}) : ask({"ZRANGE", key, "0", "-1", "WITHSCORES"});
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) lines.push_back(pairs[i].text + ": " + pairs[i + 1].text);
  } else if (type == "list") {
    for (const auto& one : ask({"LRANGE", key, "0", "-1"})) lines.push_back(one.text);
  } else if (type == "set") {
    for (const auto& one : ask({"SMEMBERS", key})) lines.push_back(one.text);
  } else if (type == "stream") {
    for (const auto& entry : ask({"XRANGE", key, "-", "+"})) {
      const auto& fields = entry.list.at(1).list;
      for (std::size_t i = 0; i + 1 < fields.size(); i += 2)
        lines.push_back(fields[i].text + ": " + fields[i + 1].text);
    }
  } else {
    lines.push_back(server.command({"GET", key}).text);
  }
  if (type == "hash" || type == "set") std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

// All keys with type, rest of life in tens of seconds, and content.
std::string dump(RedisServer& server) {
  std::vector<std::string> keys;
  for (const auto& key : server.command({"KEYS", "*"}).list) keys.push_back(key.text);
  std::sort(keys.begin(), keys.end());
  std::string text;
  for (const std::string& key : keys) {
    const std::string type = server.command({"TYPE", key}).text;
    const auto rest = server.command({"PTTL", key}).integer;
    const std::string life = rest < 0 ? "" : fmt::format(", {} s", (rest + 9999) / 10'000 * 10);
    text += fmt::format("{} ({}{})\n", key, type, life);
    text += dump_of(server, key, type);
  }
  return text;
}

std::string golden(const std::string& name) {
  return read_file(fs::path(SIMSWARM_UNIT_DATA) / "queue/data" / name).value();
}

class RedisQueue : public JobQueueTest<Redis> {
 protected:
  std::string field(const std::string& id, const std::string& name) {
    return server_.command({"HGET", "rq:job:" + id, name}).text;
  }
  RedisServer& server_ = SharedRedis::current();
};

TEST_F(RedisQueue, LeavesTheSchemaOfRqWhileJobsWait) {
  NewJob full = job("full");
  full.description = "Aloha #3";
  full.timeout = std::chrono::seconds(60);
  full.result_ttl = std::chrono::seconds(70);
  full.failure_ttl = std::chrono::seconds(80);
  full.retries = 3;
  full.back_off = {std::chrono::seconds(5), std::chrono::seconds(9)};
  full.max_lost = 2;
  full.at_front = true;
  NewJob later = job("later");
  later.delay = std::chrono::seconds(30);
  NewJob child = job("child");
  child.depends_on = {{"plain"}, {"full"}};
  child.allow_failed_dependencies = true;
  enqueue({job("plain"), full, later, child});
  EXPECT_EQ(dump(server_), golden("redis_waiting.txt"));
}

TEST_F(RedisQueue, LeavesTheSchemaOfRqWhileAJobIsStarted) {
  enqueue({job("a")});
  (void)claim_one();
  ASSERT_EQ(good(queue_->request_stop({"a"})), Answer::kDone);
  EXPECT_EQ(dump(server_), golden("redis_started.txt"));
}

TEST_F(RedisQueue, LeavesTheSchemaOfRqWhenJobsHaveEnded) {
  NewJob kept = job("kept");
  kept.result_ttl = kForever;
  enqueue({job("finished"), job("failed"), job("cancelled"), job("lost"), kept});
  ASSERT_EQ(good(queue_->complete(claim_one(), R"({"a":1})")), Answer::kDone);
  ASSERT_EQ(fail(claim_one()), Answer::kDone);
  ASSERT_EQ(good(queue_->cancel({"cancelled"})), Answer::kDone);
  for (const char* node : {"n1", "n2", "n3"}) {
    (void)claim_one(node);
    pass(10);
    (void)good(queue_->reap(1));
  }
  ASSERT_EQ(complete(claim_one()), Answer::kDone);
  EXPECT_EQ(dump(server_), golden("redis_ended.txt"));
}

TEST_F(RedisQueue, KeepsWhatIsWatchedBesideTheSchemaOfRqAndForAMoment) {
  enqueue({job("a"), job("b")});
  const Claim a = claim_one();
  const Claim b = claim_one();
  (void)good(queue_->watch_output({"a"}));
  EXPECT_EQ(field("a", "sw_watched"), std::to_string(now_.time_since_epoch().count() / 1000 + 15'000));
  EXPECT_THAT(good(queue_->tell({{a, "{}", "one\ntwo"}, {b, "{}"}})), testing::ElementsAre(true, false));
  EXPECT_EQ(server_.command({"GET", "simswarm:tail:a"}).text, "1 one\ntwo");
  EXPECT_LE(server_.command({"TTL", "simswarm:tail:a"}).integer, 30);
  EXPECT_GT(server_.command({"TTL", "simswarm:tail:a"}).integer, 0);
  EXPECT_EQ(server_.command({"EXISTS", "simswarm:tail:b"}).integer, 0);
  server_.command({"HSET", "rq:job:b", "sw_watched", "not a number"});
  EXPECT_THAT(good(queue_->tell({{b, "{}"}})), testing::ElementsAre(false));
  EXPECT_EQ(complete(a), Answer::kDone);
  EXPECT_EQ(field("a", "sw_watched"), "") << "what has ended keeps no word of it";
}

TEST_F(RedisQueue, LeavesJobsOfWorkersOfRqAloneThatSomebodyWouldWatch) {
  enqueue({job("a")});
  (void)claim_one();
  server_.command({"HSET", "rq:job:a", "worker_name", "somebody-of-rq"});
  EXPECT_EQ(good(queue_->watch_output({"a"})).attempt, 0);
  EXPECT_EQ(field("a", "sw_watched"), "");
}

TEST_F(RedisQueue, WritesTimesAsThePythonSideReadsThem) {
  std::vector<std::string> expected;
  int number = 0;
  for (const std::int64_t second : {951'782'399LL, 951'782'400LL, 951'868'800LL, 1'709'164'800LL, 1'735'689'599LL,
                                    1'795'000'000LL, 4'107'542'399LL, 4'107'542'400LL}) {
    now_ = Stamp(std::chrono::seconds(second) + std::chrono::microseconds(number));
    const std::string id = "t" + std::to_string(number++);
    enqueue({job(id)});
    EXPECT_EQ(details(id).job.created_at, simswarm::to_text(now_));
  }
}

TEST_F(RedisQueue, TakesTheServersTime) {
  options_.now = nullptr;
  const auto queue = good(open_job_queue(server_.url(), options_));
  const std::string before = simswarm::to_text(system_clock().stamp());
  EXPECT_EQ(good(queue->enqueue({job("a")})).size(), 1U);
  const std::string after = simswarm::to_text(system_clock().stamp());
  EXPECT_LE(before, details("a").job.created_at);
  EXPECT_LE(details("a").job.created_at, after);
}

TEST_F(RedisQueue, ForgetsNothingWhenTheServerForgetsItsScripts) {
  enqueue({job("a"), job("b")});
  const Claim a = claim_one();
  server_.command({"SCRIPT", "FLUSH"});
  EXPECT_EQ(beat(a), Beat::kHeld);
  EXPECT_EQ(claim_one().job.text, "b");
  EXPECT_EQ(complete(a), Answer::kDone);
}

TEST_F(RedisQueue, NeedsLittleMemoryForAJobThatWaits) {
  std::vector<NewJob> many;
  for (int i = 0; i < 2000; ++i) {
    NewJob made = job("01KB3XQ4T9V8W7Y6Z5A4B3C2D1-" + std::to_string(i), "run-01KB3XQ4T9V8W7Y6Z5A4B3C2D1");
    made.description = "PureAlohaExperiment #" + std::to_string(i);
    many.push_back(made);
  }
  const auto used = [&] {
    const std::string info = server_.command({"INFO", "memory"}).text;
    for (const auto line : lines(info)) {
      if (line.substr(0, 12) == "used_memory:") return parse_int(line.substr(12)).value_or(0);
    }
    return std::int64_t{0};
  };
  enqueue({job("first")});  // what is needed once
  const std::int64_t before = used();
  enqueue(many);
  const auto each = (used() - before) / static_cast<std::int64_t>(many.size());
  EXPECT_LT(each, 700);
  EXPECT_GT(each, 100) << "it was measured";
}

TEST_F(RedisQueue, DropsIdsOfJobsThatAreGoneOrEnded) {
  enqueue({job("gone"), job("cancelled"), job("a")});
  server_.command({"DEL", "rq:job:gone"});
  server_.command({"HSET", "rq:job:cancelled", "status", "canceled"});
  EXPECT_THAT(claimed_ids(9), ElementsAre("a"));
  EXPECT_EQ(counts().queued, 0U);
}

TEST_F(RedisQueue, LeavesJobsUnderARateLimitToRq) {
  enqueue({job("limited1"), job("a"), job("limited2"), job("b")});
  for (const char* id : {"limited1", "limited2"})
    server_.command({"HSET", std::string("rq:job:") + id, "rate_limit_key", "k"});
  EXPECT_THAT(claimed_ids(2), ElementsAre("a", "b"));
  EXPECT_THAT(listed(Place::kQueued), ElementsAre("limited2", "limited1")) << "in their order";
}

TEST_F(RedisQueue, TakesAJobWithTheLeastFields) {
  server_.command({"HSET", "rq:job:hand-made", "data", "[\"f\",null,[],{}]"});
  server_.command({"RPUSH", "rq:queue:run-1", "hand-made"});
  const auto claimed = claim(1);
  ASSERT_EQ(claimed.size(), 1U);
  EXPECT_EQ(claimed[0].payload, "[\"f\",null,[],{}]");
  EXPECT_EQ(complete(claimed[0].claim), Answer::kDone);
  EXPECT_EQ(state("hand-made"), State::kFinished);
}

TEST_F(RedisQueue, KeepsAJobForGoodOnceItIsHeldOrQueuedAgain) {
  enqueue({job("a")});
  server_.command({"EXPIRE", "rq:job:a", "60"});  // the field ttl of RQ: that long it may wait
  const Claim claim = claim_one();
  EXPECT_EQ(server_.command({"TTL", "rq:job:a"}).integer, -1);
  ASSERT_EQ(fail(claim), Answer::kDone);
  EXPECT_GT(server_.command({"TTL", "rq:job:a"}).integer, 0);
  ASSERT_EQ(good(queue_->requeue({"a"})), Answer::kDone);
  EXPECT_EQ(server_.command({"TTL", "rq:job:a"}).integer, -1);
}

TEST_F(RedisQueue, BeginsAnewWhatRqHasRequeued) {
  NewJob fragile = job("lost");
  fragile.max_lost = 1;
  enqueue({fragile, job("stopped")});
  (void)claim_one();
  pass(10);
  EXPECT_EQ(good(queue_->reap(9)).ended.size(), 1U);
  const Claim claim = claim_one();
  ASSERT_EQ(good(queue_->request_stop({"stopped"})), Answer::kDone);
  ASSERT_EQ(fail(claim, AfterFailure::kWasStopped), Answer::kDone);
  for (const std::string id : {"lost", "stopped"}) {
    server_.command({"HSET", "rq:job:" + id, "status", "queued"});
    server_.command({"ZREM", "rq:failed:run-1", id});
    server_.command({"RPUSH", "rq:queue:run-1", id});
    EXPECT_EQ(beat(claim_one()), Beat::kHeld) << id;
    EXPECT_THAT(details(id).job.lost_on, IsEmpty());
    EXPECT_FALSE(details(id).job.lost);
  }
}

TEST_F(RedisQueue, AsksAgainToStopWhatHasBeenStartedAgain) {
  enqueue({job("a")});
  (void)claim_one();
  EXPECT_EQ(good(queue_->request_stop({"a"})), Answer::kDone);
  server_.command({"HSET", "rq:job:a", "worker_name", "python", "started_at", "2026-11-18T12:00:00.000000Z"});
  EXPECT_FALSE(details("a").job.stop_requested);
  EXPECT_EQ(good(queue_->request_stop({"a"})), Answer::kDone);
  EXPECT_TRUE(details("a").job.stop_requested);
  EXPECT_EQ(good(queue_->request_stop({"a"})), Answer::kAlready);
}

TEST_F(RedisQueue, EndsJobsWhoseListsAreNone) {
  NewJob made = job("a");
  made.retries = 1;
  enqueue({made});
  const Claim claim = claim_one();
  server_.command({"HSET", "rq:job:a", "retry_intervals", "[1,", "dependency_ids", "7", "sw_nodes", "x"});
  EXPECT_EQ(fail(claim), Answer::kDone);
  EXPECT_EQ(state("a"), State::kQueued);
  (void)claim_one();
  pass(10);
  EXPECT_EQ(good(queue_->reap(9)).back.size(), 1U);
}

TEST_F(RedisQueue, LeavesNoKeysBehind) {
  NewJob brief = job("a");
  brief.result_ttl = std::chrono::seconds(0);
  NewJob child = job("child");
  child.depends_on = {{"a"}, {"never-was"}};
  child.result_ttl = std::chrono::seconds(0);
  enqueue({brief, child});
  ASSERT_EQ(fail(claim_one()), Answer::kDone);  // this leaves a result
  ASSERT_EQ(good(queue_->requeue({"a"})), Answer::kDone);
  ASSERT_EQ(complete(claim_one()), Answer::kDone);
  EXPECT_EQ(dump(server_).find(":depend"), std::string::npos) << dump(server_);
  ASSERT_EQ(complete(claim_one()), Answer::kDone);
  EXPECT_EQ(dump(server_), "rq:queues (set)\n  rq:queue:run-1\n");
}

TEST_F(RedisQueue, LeavesScheduledJobsToASchedulerOfRq) {
  NewJob later = job("later");
  later.delay = std::chrono::seconds(5);
  enqueue({later});
  pass(5);
  server_.command({"SET", "rq:scheduler-lock:run-1", "4711", "EX", "61"});
  EXPECT_EQ(good(queue_->drain_due({"run-1"}, 9)), 0U);
  server_.command({"DEL", "rq:scheduler-lock:run-1"});
  EXPECT_EQ(good(queue_->drain_due({"run-1"}, 9)), 1U);
}

TEST_F(RedisQueue, KeepsOutOfReachOfRqsMaintenanceWithEachHeartbeat) {
  enqueue({job("a")});
  const Claim claim = claim_one();
  server_.command({"ZADD", "rq:wip:run-1", "1", "a"});
  EXPECT_EQ(beat(claim), Beat::kHeld);
  EXPECT_EQ(server_.command({"ZSCORE", "rq:wip:run-1", "a"}).text, "2795000010");
}

TEST_F(RedisQueue, NeitherHoldsNorTakesBackWhatAWorkerOfRqHasTakenSince) {
  enqueue({job("a")});
  const Claim late = claim_one();
  server_.command({"HSET", "rq:job:a", "worker_name", "python"});
  EXPECT_EQ(beat(late), Beat::kLost);
  EXPECT_EQ(complete(late), Answer::kRefused);
  pass(20);
  EXPECT_THAT(good(queue_->reap(9)).back, IsEmpty());
  EXPECT_EQ(field("a", "status"), "started");
  EXPECT_EQ(counts().started, 1U);
}

TEST_F(RedisQueue, ClearsUpAfterAJobThatWasDeletedWhileItWasStarted) {
  enqueue({job("a")});
  const Claim claim = claim_one();
  server_.command({"DEL", "rq:job:a"});
  EXPECT_EQ(beat(claim), Beat::kLost);
  EXPECT_EQ(complete(claim), Answer::kGone);
  pass(20);
  EXPECT_THAT(good(queue_->reap(9)).back, IsEmpty());
  EXPECT_EQ(counts(), Counts{});
  EXPECT_EQ(server_.command({"EXISTS", "simswarm:leases"}).integer, 0);
}

TEST_F(RedisQueue, ForgetsEntriesOfRegistriesThatHaveExpired) {
  NewJob brief = job("brief");
  brief.result_ttl = std::chrono::seconds(30);
  enqueue({brief});
  ASSERT_EQ(complete(claim_one()), Answer::kDone);
  pass(31);
  EXPECT_EQ(counts().finished, 1U);
  (void)good(queue_->reap(1));
  EXPECT_EQ(counts().finished, 0U);
}

TEST_F(RedisQueue, TakesNothingBackForOneLeaseAfterItsConnectionWasMade) {
  enqueue({job("a")});
  const Claim claim = claim_one();
  pass(60);
  auto other = good(open_job_queue(server_.url(), options_));
  EXPECT_THAT(good(other->reap(9)).back, IsEmpty());
  pass(9);
  EXPECT_THAT(good(other->reap(9)).back, IsEmpty());
  EXPECT_EQ(beat(claim), Beat::kHeld) << "it had time to say that it lives";
  pass(10);
  EXPECT_EQ(good(other->reap(9)).back.size(), 1U);
}

TEST(RedisQueueAfterAFault, KeepsWhatWasDoneAndWaitsOneLeaseBeforeItTakesBack) {
  RedisServer server;
  Stamp now = kBegin;
  JobQueueOptions options;
  options.now = [&] { return now; };
  auto queue = good(open_job_queue(server.url(), options));
  (void)good(queue->enqueue({job("a"), job("b"), job("c")}));
  const Claims claims = good(queue->claim({{"w"}, "n", {{"run-1"}}, 2}));
  ASSERT_EQ(claims.jobs.size(), 2U);
  EXPECT_EQ(good(queue->complete(claims.jobs[0].claim, "1")), Answer::kDone);
  server.kill();
  EXPECT_FALSE(queue->complete(claims.jobs[0].claim, "1").has_value());
  now += std::chrono::seconds(60);
  server.start();
  EXPECT_THAT(good(queue->reap(9)).back, IsEmpty());
  EXPECT_EQ(good(queue->complete(claims.jobs[0].claim, "1")), Answer::kAlready) << "what was committed is committed";
  EXPECT_EQ(good(queue->heartbeat({claims.jobs[1].claim})).at(0), Beat::kHeld);
  EXPECT_EQ(good(queue->counts({"run-1"})), (Counts{0, 0, 1, 1, 1, 0, 0}));
}

// A worker that says the end of a job until it has been heard; whatever fails is tried again.
void work_until(const std::function<bool()>& enough, const std::string& url, const std::string& name) {
  JobQueueOptions options;
  options.lease = std::chrono::milliseconds(300);
  std::unique_ptr<JobQueue> queue;
  while (!enough()) {
    if (!queue) {
      auto opened = open_job_queue(url, options);
      if (opened.has_value()) queue = std::move(*opened);
      continue;
    }
    (void)queue->reap(10);
    const auto claims = queue->claim({{name}, name, {{"run-1"}}, 3});
    if (!claims.has_value()) continue;
    for (const ClaimedJob& one : claims->jobs) {
      while (!enough() && !queue->complete(one.claim, "1").has_value()) continue;
    }
  }
}

TEST(RedisQueueAfterAFault, LosesNoJobAndEndsNoneTwiceWhenTheServerIsKilledAgainAndAgain) {
  constexpr std::size_t jobs = 2000;
  RedisServer server;
  auto queue = good(open_job_queue(server.url()));
  std::vector<NewJob> all;
  for (std::size_t i = 0; i < jobs; ++i) {
    all.push_back(job("j" + std::to_string(i)));
    all.back().max_lost = 1000;
  }
  (void)good(queue->enqueue(all));
  std::atomic<bool> enough = false;
  std::vector<std::thread> workers;
  for (const char* name : {"w1", "w2", "w3"}) {
    workers.emplace_back([&, name] { work_until([&] { return enough.load(); }, server.url(), name); });
  }
  const auto finished = [&](std::size_t count) {
    return [&, count] {
      const auto counts = queue->counts({"run-1"});
      return counts.has_value() && counts->finished >= count;
    };
  };
  for (const std::size_t count : {jobs / 8, jobs / 4, jobs / 2}) {
    EXPECT_TRUE(wait_until(finished(count)));
    server.kill();
    server.start();
  }
  EXPECT_TRUE(wait_until(finished(jobs)));
  enough = true;
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(good(queue->counts({"run-1"})), (Counts{0, 0, 0, 0, jobs, 0, 0}));
  for (std::size_t i = 0; i < jobs; ++i) {
    ASSERT_EQ(server.command({"XLEN", "rq:results:j" + std::to_string(i)}).integer, 1) << i;
  }
  EXPECT_EQ(server.command({"EXISTS", "simswarm:leases"}).integer, 0);
}

}  // namespace
}  // namespace simswarm::jobs
