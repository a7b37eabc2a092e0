#include "engine/engine.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_engine.h"
#include "test_folder.h"

namespace simswarm::engine {
namespace {

using testing::ElementsAre;

class EngineTest : public testing::Test {
 protected:
  EngineTest() { fake_.be_swarm(); }
  TestFolder folder_;
  FakeEngine fake_{folder_ / "docker.sock"};
  Engine engine_{(folder_ / "docker.sock").string(), {.timeout = std::chrono::milliseconds(2'000)}};
};

TEST_F(EngineTest, SeesASwarm) {
  const auto swarm = engine_.swarm();
  ASSERT_TRUE(swarm.has_value()) << swarm.error().message;
  EXPECT_EQ(swarm->info.version, "20.10.24");
  EXPECT_TRUE(swarm->info.is_manager);
  std::vector<std::string> hosts;
  for (const Node& node : swarm->nodes) hosts.push_back(node.host);
  EXPECT_THAT(hosts, ElementsAre("one", "three", "two"));
  EXPECT_EQ(swarm->services.at(0).name, "sim_distcc");
  EXPECT_EQ(swarm->services.at(0).wanted, 1U);
  EXPECT_EQ(swarm->services.at(0).running, 1U);
  EXPECT_EQ(swarm->services.at(1).wanted, 3U);
  EXPECT_EQ(swarm->services.at(1).running, 1U);
  EXPECT_EQ(swarm->tasks.at(0).id, "t2");
}

TEST_F(EngineTest, AsksByGetAlone) {
  ASSERT_TRUE(engine_.swarm().has_value());
  ASSERT_TRUE(engine_.ping().has_value());
  for (const std::string& asked : fake_.asked()) EXPECT_THAT(asked, testing::StartsWith("GET /"));
}

TEST_F(EngineTest, ReadsLogs) {
  fake_.say("/services/sim_runner/logs?stdout=1&stderr=1&tail=10",
            http_answer(std::string("\1\0\0\0\0\0\0\3one\2\0\0\0\0\0\0\4two\n", 23)));
  EXPECT_EQ(engine_.logs(LogsOf::kService, "sim_runner", 10).value_or("none"), "onetwo\n");
  EXPECT_EQ(error_of(engine_.logs(LogsOf::kTask, "t9", 10)),
            "the engine at " + fake_.socket().string() + " says: page not found");
}

TEST_F(EngineTest, SaysThatItIsNoManager) {
  fake_.say("/nodes", http_answer(R"({"message":"This node is not a swarm manager. Use \"docker swarm init\""})",
                                  "503 Service Unavailable"));
  EXPECT_EQ(error_of(engine_.swarm()),
            "the engine at " + fake_.socket().string() + " is not a manager of a swarm; ask one that is");
}

TEST_F(EngineTest, SaysThatItIsAway) {
  const std::string at = fake_.socket().string();
  fake_.say("/_ping", "");
  EXPECT_EQ(error_of(Engine(at, {.timeout = std::chrono::milliseconds(50)}).ping()),
            "the engine at " + at + " does not answer in time");
  fake_.stop();
  EXPECT_EQ(error_of(engine_.ping()), "the engine at " + at + " does not run: nobody listens there");
  EXPECT_EQ(error_of(Engine("/nowhere/docker.sock").ping()),
            "there is no engine at /nowhere/docker.sock: no such socket; is Docker installed and running?");
}

TEST_F(EngineTest, SaysThatPermissionIsDenied) {
  ::chmod(fake_.socket().c_str(), 0600);
  const bool is_root = ::getuid() == 0;
  ASSERT_EQ(::seteuid(is_root ? 65534 : ::getuid()), 0);
  const std::string error = error_of(engine_.ping());
  ASSERT_EQ(::seteuid(::getuid()), 0);
  const std::string denied =
      "permission denied to the engine at " + fake_.socket().string() + ": it is for root and the group docker";
  EXPECT_EQ(is_root ? error : denied, denied);  // who made the socket may enter it
}

TEST_F(EngineTest, SurvivesWhatIsNoAnswer) {
  const std::string deep = std::string(100'000, '[');
  for (const std::string& wrong : {std::string("{}"), std::string("null"), std::string("x"), deep, std::string()}) {
    fake_.say_json("/tasks", wrong);
    EXPECT_EQ(error_of(engine_.swarm()), "the engine's list of tasks is no list") << wrong.substr(0, 10);
  }
  fake_.say_json("/tasks", R"([1, null, {"Status":7,"Slot":-3,"Spec":[]}, {"Status":{"Timestamp":"yesterday"}}])");
  const auto swarm = engine_.swarm();
  ASSERT_TRUE(swarm.has_value()) << swarm.error().message;
  EXPECT_EQ(swarm->tasks.size(), 4U);
}

TEST(MayAsk, IsAListOfQuestions) {
  for (const char* good : {"/_ping", "/version", "/info", "/nodes", "/services", "/tasks", "/networks",
                           "/services/a.b-c_1/logs?stdout=1&stderr=1&tail=5", "/tasks/x/logs?stdout=1&stderr=1&tail=5"})
    EXPECT_TRUE(may_ask(good)) << good;
  for (const char* bad : {"",
                          "/",
                          "/containers/json",
                          "/secrets",
                          "/configs",
                          "/swarm",
                          "/nodes/",
                          "/nodes?x",
                          "//nodes",
                          "/nodes/../secrets",
                          "/services/x",
                          "/services/x/update",
                          "/services/../secrets/logs?stdout=1&stderr=1&tail=5",
                          "/services/x%2f/logs?stdout=1&stderr=1&tail=5",
                          "/services//logs?stdout=1&stderr=1&tail=5",
                          "/services/x/logs?follow=1",
                          "/services/x/logs?stdout=1&stderr=1&tail=all",
                          "/tasks/x y/logs?stdout=1&stderr=1&tail=5",
                          "/tasks/x\r\n/logs?stdout=1&stderr=1&tail=5",
                          "/containers/x/logs?stdout=1&stderr=1&tail=5"})
    EXPECT_FALSE(may_ask(bad)) << bad;
}

TEST(MayAsk, ChecksIds) {
  EXPECT_TRUE(is_id("abc.1"));
  for (const std::string& bad : {std::string(), std::string(".."), std::string("a/b"), std::string("a b"),
                                 std::string(200, 'a'), std::string("a\0b", 3)})
    EXPECT_FALSE(is_id(bad));
}

}  // namespace
}  // namespace simswarm::engine
