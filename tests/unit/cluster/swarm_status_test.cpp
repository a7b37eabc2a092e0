#include "cluster/swarm_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/swarm_secrets.h"
#include "cluster/swarm_stack.h"
#include "fake_stack.h"

namespace simswarm::cluster {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

SwarmRecord lab() {
  SwarmRecord record;
  record.name = "lab";
  record.image = "img:1";
  return record;
}

std::vector<std::string> lines_of(const Findings& findings) {
  std::vector<std::string> all;
  for (const Finding& one : findings) all.push_back(one.line());
  return all;
}

TEST(SwarmStatus, ReadsCountsOfTheQueue) {
  const auto queue = queue_from("OK\n12\n3\n400\n5\n6\n");
  ASSERT_TRUE(queue.has_value());
  EXPECT_EQ(queue->waiting, 12U);
  EXPECT_EQ(queue->running, 3U);
  EXPECT_EQ(queue->finished, 400U);
  EXPECT_EQ(queue->failed, 5U);
  EXPECT_EQ(queue->workers, 6U);
  EXPECT_TRUE(queue_from("(error) WRONGPASS x\nOK\n0\n0\n0\n0\n0\n").has_value()) << "the other password was right";
  for (const char* text : {"", "NOAUTH Authentication required.\n", "OK\n1\n2\n"})
    EXPECT_FALSE(queue_from(text)) << text;
}

TEST(SwarmStatus, SaysWhatIsNotDeployed) {
  EXPECT_THAT(lines_of(check_presence(lab(), {})),
              testing::ElementsAre("lab: nothing is deployed: simswarm swarm deploy --name lab"));
  SwarmRecord halted = lab();
  halted.secrets = {{"token", "lab_token_1"}};
  EXPECT_THAT(lines_of(check_presence(halted, {})),
              testing::ElementsAre("lab: no service runs: simswarm swarm resume --name lab"));
  SwarmService redis;
  redis.name = "redis";
  EXPECT_THAT(lines_of(check_presence(halted, {redis})),
              Contains("runner: it is not there: simswarm swarm deploy --name lab"));
}

TEST(SwarmStatus, LooksAtAllInOneGo) {
  FakeStack fake;
  StackOptions options;
  options.interval = 0.01;
  ASSERT_TRUE(deploy_stack(lab(), options).has_value());
  fake.file("redis", "OK\n1\n2\n3\n4\n5\n");
  const SwarmRecord record = read_swarm("lab").value();
  const auto look = look_at_swarm(record);
  ASSERT_TRUE(look.has_value()) << look.error().message;
  EXPECT_THAT(lines_of(look->findings), IsEmpty());
  ASSERT_EQ(look->nodes.size(), 1U);
  EXPECT_EQ(look->nodes.front().tasks, 7U);
  EXPECT_TRUE(look->nodes.front().load.has_value());
  EXPECT_EQ(look->services.size(), 7U);
  ASSERT_TRUE(look->queue.has_value());
  EXPECT_EQ(look->queue->workers, 5U);
  const std::string password = secret_values("lab")->queue_password;
  EXPECT_THAT(fake.text("exec"), StartsWith("AUTH " + password + "\nEVAL "));
  EXPECT_THAT(fake.text("words"), Not(HasSubstr(password)));
}

TEST(SwarmStatus, SaysWhatIsWrong) {
  FakeStack fake;
  StackOptions options;
  options.interval = 0.01;
  ASSERT_TRUE(deploy_stack(lab(), options).has_value());
  const SwarmRecord record = read_swarm("lab").value();
  fake.file("redis", "OK\n0\n0\n0\n0\n0\n");
  EXPECT_THAT(lines_of(look_at_swarm(record)->findings),
              Contains("runner: no worker has come to the queue: simswarm swarm logs runner --name lab"));
  fake.file("redis", "NOAUTH Authentication required.\n");
  fake.file("update/distcc", "paused");
  fs::remove(FakeStack::path("live/mongo"));
  fake.node("id-b", "node2 worker active down");
  const std::vector<std::string> lines = lines_of(look_at_swarm(record)->findings);
  EXPECT_THAT(lines,
              Contains("redis: it does not answer, or not to this password: simswarm swarm logs redis --name lab"));
  EXPECT_THAT(lines, Contains(StartsWith("distcc: its last update is paused: it failed: ")));
  EXPECT_THAT(lines, Contains("mongo: it is not there: simswarm swarm deploy --name lab"));
  EXPECT_THAT(lines, Contains(StartsWith("node2: ")));
}

}  // namespace
}  // namespace simswarm::cluster
