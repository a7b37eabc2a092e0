#include "engine/answers.h"

#include <gmock/gmock.h>

#include "test_folder.h"

namespace simswarm::engine {
namespace {

TEST(NodesFrom, ReadsWhatIsShown) {
  const auto nodes = nodes_from(R"([{"ID":"n","Spec":{"Role":"worker","Availability":"drain","Labels":{"a":"b"}},
    "Description":{"Hostname":"h","Platform":{"OS":"linux","Architecture":"aarch64"},
      "Resources":{"NanoCPUs":1500000000,"MemoryBytes":1024},"Engine":{"EngineVersion":"28.0","Labels":{"c":""}}},
    "Status":{"State":"down","Message":"gone","Addr":"1.2.3.4"}}])");
  ASSERT_TRUE(nodes.has_value());
  const Node& node = nodes->at(0);
  EXPECT_EQ(node.host, "h");
  EXPECT_EQ(node.availability, "drain");
  EXPECT_EQ(node.state, "down");
  EXPECT_EQ(node.system, "linux/aarch64");
  EXPECT_DOUBLE_EQ(node.cores, 1.5);
  EXPECT_EQ(node.memory, 1024U);
  EXPECT_THAT(node.labels, testing::ElementsAre(Label{"a", "b"}, Label{"c", ""}));
}

TEST(ServicesFrom, KnowsTheModes) {
  const auto services = services_from(R"([
    {"Spec":{"Mode":{"Replicated":{"Replicas":0}}}}, {"Spec":{"Mode":{"Global":{}}}},
    {"Spec":{"Mode":{"ReplicatedJob":{"MaxConcurrent":2}}}}, {"Spec":{"Mode":{"GlobalJob":{}}}}, {}])");
  ASSERT_TRUE(services.has_value());
  std::vector<std::string> modes;
  for (const Service& service : *services) modes.push_back(service.mode);
  EXPECT_THAT(modes, testing::ElementsAre("replicated", "global", "replicated-job", "global-job", "global"));
  EXPECT_EQ(services->at(2).wanted, 2U);
}

TEST(TasksFrom, ReadsFailures) {
  const auto tasks =
      tasks_from(R"([{"ID":"t","Slot":3,"Status":{"State":"failed","Err":"boom","ContainerStatus":{"ExitCode":-1}}}])");
  ASSERT_TRUE(tasks.has_value());
  EXPECT_EQ(tasks->at(0).error, "boom");
  EXPECT_EQ(tasks->at(0).exit_code, -1);
  EXPECT_EQ(tasks->at(0).slot, 3);
}

TEST(NetworksFrom, ReadsSubnets) {
  const auto networks = networks_from(R"([{"Id":"x","Name":"interlink","Driver":"overlay","Scope":"swarm",
    "IPAM":{"Config":[{"Subnet":"10.1.0.0/16"},{}]}},{"IPAM":{"Config":null}}])");
  ASSERT_TRUE(networks.has_value());
  EXPECT_THAT(networks->at(0).subnets, testing::ElementsAre("10.1.0.0/16"));
  EXPECT_TRUE(networks->at(1).subnets.empty());
}

TEST(LogText, TakesTheFramesOff) {
  EXPECT_EQ(log_text(std::string("\1\0\0\0\0\0\0\2hi\2\0\0\0\0\0\0\1!", 19)), "hi!");
  EXPECT_EQ(log_text("plain words of a terminal\n"), "plain words of a terminal\n");
  EXPECT_EQ(log_text(std::string("\1\0\0\0\xff\xff\xff\xff"
                                 "cut",
                                 11)),
            "cut");
  EXPECT_EQ(log_text(""), "");
}

TEST(MessageFrom, IsTheEnginesWord) {
  EXPECT_EQ(message_from(R"({"message":"no"})"), "no");
  EXPECT_EQ(message_from("<html>"), "");
}

}  // namespace
}  // namespace simswarm::engine
