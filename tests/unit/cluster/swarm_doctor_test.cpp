#include "cluster/swarm_doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.h"
#include "cluster/swarm_nodes.h"
#include "fake_swarm.h"

namespace simswarm::cluster {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<std::string> lines_of(const Findings& findings) {
  std::vector<std::string> all;
  for (const Finding& one : findings) all.push_back(one.line());
  return all;
}

SwarmNode node(const std::string& name) {
  SwarmNode one;
  one.id = "id-" + name;
  one.hostname = name;
  one.role = "worker";
  one.availability = "active";
  one.state = "ready";
  one.version = "20.10.24";
  one.architecture = "x86_64";
  return one;
}
SwarmNode leader() {
  SwarmNode one = node("m");
  one.role = "manager";
  one.is_leader = true;
  one.reachability = "reachable";
  return one;
}

TEST(Doctor, SeesNodes) {
  EXPECT_THAT(lines_of(check_nodes({leader(), node("n")})), IsEmpty());
  SwarmNode down = node("a");
  down.state = "down";
  down.message = "heartbeat failure";
  SwarmNode drained = node("b");
  drained.availability = "drain";
  SwarmNode other = node("c");
  other.version = "28.2.2";
  other.architecture = "aarch64";
  EXPECT_THAT(
      lines_of(check_nodes({leader(), down, drained, other, node("m")})),
      ElementsAre(
          "a: the node is down (heartbeat failure): start it, or Docker on it; if it does not come back: simswarm "
          "swarm "
          "remove a",
          "b: it takes no tasks (availability drain): simswarm swarm activate b",
          "c: it is aarch64, and m is x86_64: programs of the one do not run on the other: simswarm swarm remove c",
          "c: Docker 28.2.2, and m has 20.10.24: bring both to one version",
          "m: two nodes have this host name (one is id-m): docker node rm the one that is gone, or sudo hostnamectl "
          "set-hostname NAME on one"));
}

SwarmService service(const std::string& name, std::size_t wanted, std::size_t running) {
  SwarmService one;
  one.name = name;
  one.wanted = wanted;
  one.running = running;
  return one;
}
SwarmTask task(const std::string& service, const std::string& node_id, const std::string& state,
               const std::string& error = "") {
  SwarmTask one;
  one.service = service;
  one.node_id = node_id;
  one.state = state;
  one.wanted_state = error.empty() || node_id.empty() ? "running" : "shutdown";
  one.error = error;
  return one;
}

TEST(Doctor, SeesServices) {
  const std::vector<SwarmNode> nodes{leader(), node("n")};
  const std::string full = "no suitable node (insufficient resources on 2 nodes)";
  const std::vector<SwarmTask> fine{task("runner", "id-m", "running"), task("runner", "id-n", "running"),
                                    task("runner", "", "pending", full)};
  EXPECT_THAT(lines_of(check_services({service("redis", 1, 1), service("runner", 100, 2)}, fine, nodes)), IsEmpty())
      << "runners fill what there is";
  EXPECT_THAT(lines_of(check_services({service("redis", 0, 0)}, {}, nodes)), IsEmpty()) << "halted";
  const std::vector<SwarmTask> bad{task("redis", "id-m", "failed", "task: non-zero exit (1)"),
                                   task("distcc", "id-n", "rejected", "No such image: simswarm:abc"),
                                   task("runner", "id-m", "running"), task("mongo", "", "pending", full)};
  EXPECT_THAT(
      lines_of(check_services({service("redis", 1, 0), service("distcc", 2, 1), service("runner", 100, 1),
                               service("mongo", 1, 0), service("builder", 1, 0)},
                              bad, nodes)),
      ElementsAre(
          "redis: 0 of 1 tasks run: task: non-zero exit (1) on m: simswarm swarm logs redis",
          "distcc: 1 of 2 tasks run: No such image: simswarm:abc on n: simswarm swarm image brings it to every node",
          "runner: none runs on n: its tasks are still starting: simswarm swarm logs runner",
          "mongo: 0 of 1 tasks run: " + full + ": simswarm swarm activate a node, or add one",
          "builder: 0 of 1 tasks run: its tasks are still starting: simswarm swarm logs builder"));
}

class DoctorOfFakes : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"node1", "node2", "node3"}) fake_.host(name);
    record_.name = "lab";
    record_.manager = "node1";
    ASSERT_TRUE(make_swarm(record_, {"node2", "node3"}, "", {}).value().findings.empty());
    record_ = read_swarm("lab").value();
    record_.image = "simswarm:abc";
    for (const char* name : {"node1", "node2", "node3"}) fake_.say(name, "images", "simswarm:abc\n");
    fake_.file("services", R"([{"ID":"s1","Spec":{"Name":"lab_redis","Mode":{"Replicated":{"Replicas":1}}}}])");
    fake_.file("names", "s1 lab_redis\n");
    fake_.file(
        "tasks",
        R"({"ID":"t","Name":"s1.1","Node":"id-node1","DesiredState":"Running","CurrentState":"Running 1 hour ago"})");
  }

  FakeSwarm fake_;
  SwarmRecord record_;
};

TEST_F(DoctorOfFakes, FindsNothingWhereNothingIsWrong) {
  const Examination all = examine(record_);
  EXPECT_THAT(lines_of(all.findings), IsEmpty());
  EXPECT_EQ(all.nodes.size(), 3U);
}

TEST_F(DoctorOfFakes, LooksAtAllHosts) {
  fake_.say("node2", "images", "");
  fake_.say("node2", "disk", "1000000");
  fake_.say("node3", "clock", "40");
  const Monotonic begun = system_clock().monotonic();
  const std::vector<std::string> lines = lines_of(examine(record_).findings);
  const double took = Seconds(system_clock().monotonic() - begun).count();
  ASSERT_THAT(lines,
              ElementsAre(HasSubstr("node2: its disk is nearly full: 1.0 GB of 102.4 GB are free in /data"),
                          "node2: the image simswarm:abc is not there: simswarm swarm image brings it to every node",
                          AllOf(StartsWith("node3: its clock is "), HasSubstr(" s ahead of that of node1"))));
  // A clock that is asked for over a line is known no better than the answer took, and is told by tenths.
  EXPECT_NEAR(std::stod(lines[2].substr(std::string_view("node3: its clock is ").size())), 40, took + 0.1);
}

TEST_F(DoctorOfFakes, TellsAHostThatIsDownOnce) {
  fake_.say("node3", "calls-left", "0");
  EXPECT_THAT(lines_of(examine(record_).findings), ElementsAre(HasSubstr("node3: is not reached by SSH")));
  fake_.node("id-node3", "node3 worker active down");
  EXPECT_THAT(lines_of(examine(record_).findings), ElementsAre(HasSubstr("node3: the node is down")));
}

TEST_F(DoctorOfFakes, SeesHostsThatHaveLeft) {
  fake_.forget("node3", "swarm");
  fs::remove(fake_.path() / "nodes/id-node3");
  EXPECT_THAT(lines_of(examine(record_).findings), ElementsAre("node3: it is in no swarm: simswarm swarm add node3"));
}

TEST_F(DoctorOfFakes, SaysWhatItCannotSee) {
  fs::remove(fake_.path() / "services");
  EXPECT_THAT(lines_of(examine(record_).findings), ElementsAre("lab: no service is deployed: simswarm swarm deploy"));
  fake_.say("node1", "info", "Cannot connect to the Docker daemon");
  EXPECT_THAT(lines_of(examine(record_).findings),
              ElementsAre("node1: Docker's server does not answer: sudo systemctl enable --now docker there"));
  fake_.say("node1", "calls-left", "0");
  EXPECT_THAT(lines_of(examine(record_).findings), ElementsAre(HasSubstr("node1: is not reached by SSH")));
}

}  // namespace
}  // namespace simswarm::cluster
