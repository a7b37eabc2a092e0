#include "web/swarm_events.h"

#include <gmock/gmock.h>

namespace simswarm::web {
namespace {

using engine::Swarm;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Stamp kBefore{std::chrono::seconds(1000)};
constexpr Stamp kAfter{std::chrono::seconds(1002)};

Swarm swarm() {
  Swarm swarm;
  engine::Node node;
  node.id = "n1";
  node.host = "one";
  node.role = "worker";
  node.availability = "active";
  node.state = "ready";
  swarm.nodes = {node};
  engine::Service service;
  service.id = "s1";
  service.name = "sim_runner";
  service.image = "simswarm:a";
  service.wanted = 3;
  service.running = 3;
  swarm.services = {service};
  engine::Task task;
  task.id = "t1";
  task.service = "s1";
  task.node = "n1";
  task.slot = 1;
  task.state = "running";
  task.since = kBefore - std::chrono::seconds(60);
  swarm.tasks = {task};
  return swarm;
}

std::vector<std::string> lines(const Swarm& before, const Swarm& after) {
  std::vector<std::string> lines;
  for (const SwarmEvent& event : changes_between(before, after, kBefore, kAfter))
    lines.push_back(event.kind + " " + event.id + ": " + event.what);
  return lines;
}

TEST(ChangesBetween, AreNoneWhereNothingChanged) {
  EXPECT_THAT(lines(swarm(), swarm()), IsEmpty());
  EXPECT_THAT(lines({}, {}), IsEmpty());
}

TEST(ChangesBetween, TellOfNodes) {
  Swarm after = swarm();
  after.nodes[0].state = "down";
  after.nodes[0].message = "heartbeat failure";
  after.nodes[0].availability = "drain";
  after.nodes[0].role = "manager";
  after.nodes.push_back(swarm().nodes[0]);
  after.nodes[1].id = "n2";
  after.nodes[1].host = "two";
  EXPECT_THAT(
      lines(swarm(), after),
      ElementsAre("node n1: one is down, was ready: heartbeat failure", "node n1: one is set to drain, was active",
                  "node n1: one is manager, was worker", "node n2: two has joined, worker: ready"));
  Swarm before = swarm();
  before.nodes[0].reachability = "reachable";
  after = before;
  after.nodes[0].leader = true;
  after.nodes[0].reachability = "unreachable";
  EXPECT_THAT(lines(before, after),
              ElementsAre("node n1: one leads the swarm", "node n1: manager one is unreachable, was reachable"));
  after.nodes.clear();
  EXPECT_THAT(lines(before, after), ElementsAre("node n1: one has left"));
}

TEST(ChangesBetween, TellOfServices) {
  Swarm after = swarm();
  after.services[0].image = "simswarm:b";
  after.services[0].wanted = 1;
  after.services[0].running = 0;
  after.services[0].update = "paused";
  after.services[0].update_message = "update paused due to failure";
  EXPECT_THAT(
      lines(swarm(), after),
      ElementsAre("service s1: sim_runner is of simswarm:b, was of simswarm:a",
                  "service s1: sim_runner: 1 task wanted, were 3", "service s1: sim_runner: 0 of 1 running, were 3",
                  "service s1: sim_runner: update paused: update paused due to failure"));
  after.services.clear();
  EXPECT_THAT(lines(swarm(), after), ElementsAre("service s1: sim_runner is removed"));
  EXPECT_THAT(lines(after, swarm()), ElementsAre("service s1: sim_runner is deployed, 3 tasks wanted"));
}

TEST(ChangesBetween, TellOfTasks) {
  Swarm after = swarm();
  after.tasks[0].state = "failed";
  after.tasks[0].error = "task: non-zero exit (137)";
  after.tasks[0].exit_code = 137;
  after.tasks.push_back(swarm().tasks[0]);
  after.tasks[1].id = "t2";
  after.tasks[1].node.clear();
  after.tasks[1].state = "pending";
  EXPECT_THAT(lines(swarm(), after),
              ElementsAre("task t1: sim_runner.1 on one is failed (137), was running: task: non-zero exit (137)",
                          "task t2: sim_runner.1 is pending, is new"));
  after.tasks.clear();
  EXPECT_THAT(lines(swarm(), after), IsEmpty());  // the engine forgets
}

TEST(ChangesBetween, AreInTheOrderInWhichTheyHappened) {
  Swarm after = swarm();
  after.nodes[0].availability = "drain";
  after.tasks[0].state = "shutdown";
  after.tasks[0].since = kBefore + std::chrono::seconds(1);
  after.tasks.push_back(swarm().tasks[0]);
  after.tasks[1].id = "t2";
  after.tasks[1].since = kAfter + std::chrono::seconds(100);  // of a clock that goes ahead
  const auto events = changes_between(swarm(), after, kBefore, kAfter);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].id, "t1");
  EXPECT_EQ(events[0].at, kBefore + std::chrono::seconds(1));
  EXPECT_EQ(events[1].id, "n1");
  EXPECT_EQ(events[2].at, kAfter);
}

TEST(SwarmHistory, KeepsTheLast) {
  SwarmHistory history;
  std::vector<SwarmEvent> events;
  for (int i = 0; i < 700; ++i) events.push_back({kAfter, "node", std::to_string(i), "n"});
  history.add(events);
  history.add(events);
  ASSERT_EQ(history.newest_first().size(), SwarmHistory::kMost);
  EXPECT_EQ(history.newest_first().front().what, "699");
  EXPECT_EQ(history.newest_first().back().what, "400");
  SwarmHistory other;
  other.add({{kBefore, "task", "x", "t1"}});
  EXPECT_EQ(events_json(other.newest_first()),
            R"({"events":[{"at":"1970-01-01T00:16:40.000000Z","id":"t1","kind":"task","what":"x"}]})");
}

}  // namespace
}  // namespace simswarm::web
