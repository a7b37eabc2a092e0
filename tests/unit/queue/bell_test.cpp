// Waiting for jobs and for commands, without asking.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "job_queue_support.h"
#include "queue/bell.h"

namespace simswarm::jobs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class BellTest : public testing::Test {
 protected:
  BellTest() {
    queue_ = good(open_job_queue(server_.url()));
    bell_ = good(Bell::open(server_.url(), {"w1"}, {{"run"}, {"other"}}, {}));
  }

  // What has come when something has, or after a moment in which nothing did.
  Rung wait(int milliseconds = 5000) {
    Rung all;
    while (true) {
      std::vector<int> descriptors;
      bell_->add_descriptors(descriptors);
      std::vector<pollfd> polled;
      for (const int descriptor : descriptors) polled.push_back({descriptor, POLLIN, 0});
      if (::poll(polled.data(), polled.size(), milliseconds) <= 0) return all;
      Rung rung = good(bell_->look());
      all.jobs = all.jobs || rung.jobs;
      all.resumed = all.resumed || rung.resumed;
      all.woken.insert(all.woken.end(), rung.woken.begin(), rung.woken.end());
      all.commands.insert(all.commands.end(), rung.commands.begin(), rung.commands.end());
      if (rung.jobs || rung.resumed || !rung.woken.empty() || !rung.commands.empty()) milliseconds = 50;
    }
  }
  void arm() { ASSERT_TRUE(bell_->arm().has_value()); }
  std::size_t queued(const std::string& queue) { return good(queue_->counts({queue})).queued; }

  RedisServer& server_ = SharedRedis::fresh();
  std::unique_ptr<JobQueue> queue_;
  std::unique_ptr<Bell> bell_;
};

TEST_F(BellTest, RingsOnceForAJobThatAnyoneEnqueuesAndTakesNone) {
  (void)wait(50);  // the answer to the subscription
  arm();
  EXPECT_FALSE(wait(50).jobs);
  server_.command({"RPUSH", "rq:queue:run", "a", "b", "c"});
  EXPECT_TRUE(wait().jobs);
  EXPECT_FALSE(wait(50).jobs) << "until it is armed anew";
  EXPECT_EQ(queued("run"), 3U);
  const auto order = server_.command({"LRANGE", "rq:queue:run", "0", "-1"}).list;
  EXPECT_EQ(order.at(0).text, "a") << "and they stay in their order";
  arm();
  EXPECT_TRUE(wait().jobs) << "those that are there already ring, too";
}

TEST_F(BellTest, WatchesSeveralQueues) {
  (void)wait(50);
  arm();
  server_.command({"RPUSH", "rq:queue:other", "a"});
  EXPECT_TRUE(wait().jobs);
}

TEST_F(BellTest, HearsOfQueuesOfAnyNameThatWereEmptyWhereOursEnqueues) {
  (void)wait(50);
  ASSERT_TRUE(queue_->enqueue({job("a", "run-7"), job("b", "run-7"), job("c", "run-8")}).has_value());
  const Rung rung = wait();
  EXPECT_FALSE(rung.jobs) << "it is not armed, and does not watch these";
  EXPECT_THAT(rung.woken, ElementsAre(QueueName{"run-7"}, QueueName{"run-8"}));
  ASSERT_TRUE(queue_->enqueue({job("d", "run-7")}).has_value());
  EXPECT_THAT(wait(50).woken, IsEmpty()) << "it was not empty";
}

TEST_F(BellTest, HearsCommandsToItsWorkerAlone) {
  (void)wait(50);
  server_.command({"PUBLISH", "rq:pubsub:w2", R"({"command": "shutdown"})"});
  server_.command({"PUBLISH", "rq:pubsub:w1", R"({"command": "stop-job", "job_id": "a"})"});
  EXPECT_THAT(wait().commands, ElementsAre(R"({"command": "stop-job", "job_id": "a"})"));
}

TEST_F(BellTest, HearsOnceThatSomebodyBeginsToLookAtWhatAJobPrints) {
  (void)wait(50);
  ASSERT_TRUE(queue_->enqueue({job("a")}).has_value());
  ASSERT_TRUE(queue_->claim({.worker = {"w1"}, .node = "n1", .queues = {{"run-1"}}}).has_value());
  ASSERT_TRUE(queue_->watch_output({"a"}).has_value());
  EXPECT_THAT(wait().commands, ElementsAre(R"({"command":"watch-output","job_id":"a"})"));
  ASSERT_TRUE(queue_->watch_output({"a"}).has_value());
  EXPECT_THAT(wait(50).commands, IsEmpty()) << "it is known that somebody looks";
}

TEST_F(BellTest, HearsThatQueuesGoOn) {
  (void)wait(50);
  ASSERT_TRUE(queue_->suspend().has_value());
  ASSERT_TRUE(queue_->resume().has_value());
  EXPECT_TRUE(wait().resumed);
}

TEST_F(BellTest, SaysThatTheServerHasGone) {
  RedisServer server;
  const auto bell = good(Bell::open(server.url(), {"w1"}, {{"run"}}, {}));
  ASSERT_TRUE(bell->arm().has_value());
  server.kill();
  EXPECT_FALSE(bell->look().has_value());
}

}  // namespace
}  // namespace simswarm::jobs
