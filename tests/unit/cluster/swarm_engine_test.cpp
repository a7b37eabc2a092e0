#include "cluster/swarm_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_swarm.h"

namespace simswarm::cluster {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Engines, SayWhatTheyAre) {
  FakeSwarm fake;
  const Result<EngineInfo> one = info(Machine::here());
  ASSERT_TRUE(one.has_value()) << one.error().message;
  EXPECT_EQ(one->hostname, "here");
  EXPECT_EQ(one->version, "20.10.24");
  EXPECT_EQ(one->architecture, "x86_64");
  EXPECT_EQ(one->swarm, "inactive");
  EXPECT_EQ(one->cores, 2);
  EXPECT_EQ(one->memory, 8'000'000'000U);
}

TEST(Engines, ThatCannotBeAskedAreErrorsOfOneLine) {
  FakeSwarm fake;
  const std::pair<const char*, const char*> kTable[] = {
      {"Got permission denied while trying to connect to the Docker daemon socket",
       "this machine: this user may not use Docker: sudo usermod -aG docker"},
      {"Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
       "this machine: Docker's server does not answer: sudo systemctl enable --now docker there"},
      {"first\nError response from daemon: what?", "this machine: docker info --format {{json .}}: Error response"},
  };
  for (const auto& [said, message] : kTable) {
    fake.say("here", "info", said);
    EXPECT_THAT(error_of(info(Machine::here())), StartsWith(message));
  }
  EXPECT_THAT(error_of(docker(*Machine::at("nowhere"), {"info"})),
              StartsWith("nowhere is not reached by SSH: ssh: connect to host nowhere port 22: No route to host"));
  fake.host("bare");
  fake.say("bare", "no-docker", "");
  EXPECT_EQ(error_of(docker(*Machine::at("bare"), {"info"})),
            "bare: there is no docker in its PATH: install Docker 20.10 or newer there (docker.io, docker-ce)");
}

TEST(Engines, OfOldClientsSayTheirErrorsInTheAnswer) {
  EXPECT_EQ(error_of(info_from_json(R"({"ServerErrors":["Cannot connect to the Docker daemon"],"ClientInfo":{}})")),
            "Cannot connect to the Docker daemon");
  EXPECT_EQ(error_of(info_from_json("nonsense")), "docker info: the answer is no JSON");
  EXPECT_EQ(info_from_json("{}").value().swarm, "inactive");
}

TEST(Engines, ListNodesManagersFirst) {
  FakeSwarm fake;
  fake.node("id-b", "node2 worker drain down");
  fake.node("id-a", "node1 worker active ready");
  fake.node("id-c", "node9 manager active ready");
  const auto all = nodes(Machine::here());
  ASSERT_TRUE(all.has_value()) << all.error().message;
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ(all->at(0).hostname, "node9");
  EXPECT_TRUE(all->at(0).is_leader);
  EXPECT_EQ(all->at(1).hostname, "node1");
  EXPECT_TRUE(all->at(1).takes_tasks());
  EXPECT_EQ(all->at(2).availability, "drain");
  EXPECT_EQ(all->at(2).state, "down");
  EXPECT_EQ(all->at(2).cores, 2);
  EXPECT_EQ(all->at(2).address, "10.0.9.2");
}

TEST(Engines, ListTasksAndServices) {
  FakeSwarm fake;
  EXPECT_TRUE(services(Machine::here(), "lab").value().empty());
  EXPECT_TRUE(tasks(Machine::here(), "lab").value().empty());
  fake.file(
      "services",
      R"([{"ID":"srv1longid","Spec":{"Name":"lab_runner","Mode":{"Replicated":{"Replicas":3}},)"
      R"("TaskTemplate":{"ContainerSpec":{"Image":"simswarm:abc@sha256:12"}}}},)"
      R"({"ID":"srv2longid","Spec":{"Name":"lab_distcc","Mode":{"Global":{}}},"UpdateStatus":{"State":"paused"}}])");
  fake.file("names", "srv1 lab_runner\nsrv2 lab_distcc\n");
  fake.file(
      "tasks",
      R"({"ID":"t1","Name":"srv1longid.1","Node":"id-a","DesiredState":"Running","CurrentState":"Running 5 minutes ago","Error":""})"
      "\n"
      R"({"ID":"t2","Name":"srv1longid.2","Node":"id-a","DesiredState":"Shutdown","CurrentState":"Failed about an hour ago","Error":"\"task: non-zero exit (1)\""})"
      "\n"
      R"({"ID":"t3","Name":"srv2longid.id-a","Node":"id-a","DesiredState":"Running","CurrentState":"Preparing 2 seconds ago","Error":""})"
      "\n");
  const auto all = tasks(Machine::here(), "lab");
  ASSERT_TRUE(all.has_value()) << all.error().message;
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ(all->at(0).service, "runner");
  EXPECT_EQ(all->at(0).slot, "1");
  EXPECT_EQ(all->at(0).age, 300);
  EXPECT_TRUE(all->at(0).runs());
  EXPECT_EQ(all->at(1).error, "task: non-zero exit (1)");
  EXPECT_EQ(all->at(1).state, "failed");
  EXPECT_EQ(all->at(1).age, 3600);
  EXPECT_TRUE(all->at(1).has_ended());
  EXPECT_EQ(all->at(2).slot, "id-a");
  const auto their = services(Machine::here(), "lab");
  ASSERT_TRUE(their.has_value()) << their.error().message;
  ASSERT_EQ(their->size(), 2U);
  EXPECT_EQ(their->at(0).name, "distcc");
  EXPECT_EQ(their->at(0).wanted, 1U);
  EXPECT_EQ(their->at(0).running, 0U);
  EXPECT_EQ(their->at(0).update, "paused");
  EXPECT_EQ(their->at(1).image, "simswarm:abc");
  EXPECT_EQ(their->at(1).wanted, 3U);
  EXPECT_EQ(their->at(1).running, 1U);
}

TEST(Ages, AreReadAsDockerSaysThem) {
  const std::pair<const char*, double> kTable[] = {{"Less than a second ago", 0},
                                                   {"1 second ago", 1},
                                                   {"41 seconds ago", 41},
                                                   {"About a minute ago", 60},
                                                   {"3 hours ago", 10800},
                                                   {"2 weeks ago", 1209600},
                                                   {"", 0}};
  for (const auto& [words, seconds] : kTable) EXPECT_EQ(age_in_seconds(words), seconds) << words;
}

TEST(Nodes, AreNamedInManyWays) {
  SwarmNode a;
  a.id = "abcdef123";
  a.hostname = "node1";
  a.address = "10.0.9.1";
  SwarmNode b = a;
  b.id = "abcdxyz";
  b.hostname = "node2";
  b.address = "10.0.9.2";
  b.state = "down";
  for (const char* word :
       {"node1", "ada@node1", "ssh://ada@node1:2222", "10.0.9.1", "abcdef123", "abcdef", "node1.lab.org"})
    EXPECT_EQ(node_named({a, b}, word).value().id, a.id) << word;
  EXPECT_EQ(error_of(node_named({a, b}, "nod2")),
            "the swarm has no node «nod2» (there are: node1, node2); did you mean «node2» or «node1»?");
  EXPECT_THAT(error_of(node_named({a, b}, "abcd")),
              HasSubstr("names 2 nodes; name one by its id: abcdef123 (10.0.9.1, "));
}

}  // namespace
}  // namespace simswarm::cluster
