#include "web/swarm_look.h"

#include <gmock/gmock.h>

namespace simswarm::web {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

engine::Task task(const std::string& id, const std::string& service, const std::string& node,
                  const std::string& state = "running") {
  engine::Task task;
  task.id = id;
  task.service = service;
  task.node = node;
  task.state = state;
  return task;
}

// Two runners on «one», one and a builder on «two», none on «three».
SwarmLook look() {
  SwarmLook look;
  for (const auto& [id, host] : {std::pair("n1", "one"), {"n2", "two"}, {"n3", "three.example org"}}) {
    look.swarm.nodes.emplace_back().id = id;
    look.swarm.nodes.back().host = host;
  }
  for (const auto& [id, name] : {std::pair("s1", "sim_runner"), {"s2", "sim_builder"}}) {
    look.swarm.services.emplace_back().id = id;
    look.swarm.services.back().name = name;
    look.swarm.services.back().stack = "sim";
  }
  look.swarm.tasks = {task("ta", "s1", "n1"), task("tb", "s1", "n1"), task("tc", "s1", "n1", "failed"),
                      task("td", "s1", "n2"), task("te", "s2", "n2")};
  return look;
}

std::vector<RunSeen> run(const std::string& name) {
  return {{name, "c", 0.5}};
}

TEST(PlacedRuns, FollowTheTaskInAWorkersName) {
  SwarmLook one = look();
  one.runs = {{"one", "sim_runner.2.tb", run("r1")}, {"elsewhere", "sim_runner-1-ta", run("r2")}};
  EXPECT_THAT(placed_runs(one).by_task, ElementsAre(Pair("ta", run("r2")), Pair("tb", run("r1"))));
  EXPECT_THAT(placed_runs(one).by_node, IsEmpty());
}

TEST(PlacedRuns, FollowTheHostElse) {
  SwarmLook one = look();
  one.runs = {{"one", "one-7-a1b2", run("r1")},
              {"one", "one-8-c3d4", run("r2")},
              {"two", "two-7-0000", run("r3")},
              {"three.example-org", "three.example-org-1-ffff", run("r4")}};
  const PlacedRuns placed = placed_runs(one);
  EXPECT_THAT(placed.by_task, ElementsAre(Pair("td", run("r3"))));  // the only runner there
  EXPECT_THAT(placed.by_node, ElementsAre(Pair("n1", ElementsAre(run("r1")[0], run("r2")[0])), Pair("n3", run("r4"))));
}

TEST(PlacedRuns, AreNowhereWhereTheHostTellsNothing) {
  SwarmLook one = look();
  one.swarm.nodes.push_back(one.swarm.nodes.at(0));
  one.swarm.nodes.back().id = "n4";
  one.runs = {{"one", "one-7-a1b2", run("r1")}, {"nine", "sim_runner.1.tc", run("r2")}, {"two", "two-1-0", {}}};
  EXPECT_THAT(placed_runs(one).by_task, IsEmpty());
  EXPECT_THAT(placed_runs(one).by_node, IsEmpty());
}

TEST(IsRunner, IsTheStacksOwn) {
  engine::Service service;
  service.name = "sim_runner";
  EXPECT_FALSE(is_runner(service));
  service.stack = "sim";
  EXPECT_TRUE(is_runner(service));
  service.name = "sim_builder";
  EXPECT_FALSE(is_runner(service));
  service.name = "runner";
  service.stack.clear();
  EXPECT_TRUE(is_runner(service));
}

}  // namespace
}  // namespace simswarm::web
