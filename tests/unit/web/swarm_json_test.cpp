#include "web/swarm_json.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "fake_engine.h"
#include "test_folder.h"

namespace simswarm::web {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const std::string kHostile = "<script>alert(1)</script>\"'\\&\n\x1b[31m\u202Ereversed\xff";
constexpr Stamp kNow{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(12) +
                     std::chrono::minutes(1)};

SwarmLook look() {
  const TestFolder folder;
  engine::FakeEngine fake(folder / "docker.sock");
  fake.be_swarm();
  auto swarm = engine::Engine((folder / "docker.sock").string()).swarm();
  EXPECT_TRUE(swarm.has_value()) << error_of(swarm);
  return {std::move(*swarm), {}};
}

json seen_as_json(const SwarmLook& look) {
  return json::parse(swarm_json(look, kNow));
}

TEST(SwarmJson, PassesOnWhatIsShown) {
  const json object = seen_as_json(look());
  EXPECT_EQ(object.at("engine"), json::parse(R"({"host":"one","version":"20.10.24","api":"1.41"})"));
  const json& one = object.at("nodes").at(0);
  EXPECT_EQ(one.at("host"), "one");
  EXPECT_EQ(one.at("leader"), true);
  EXPECT_EQ(one.at("cores"), 4);
  EXPECT_EQ(one.at("memory"), 8589934592);
  EXPECT_EQ(one.at("reserved_cores"), 0.95);
  EXPECT_EQ(one.at("reserved_memory"), 1073741824);
  EXPECT_EQ(one.at("running"), 2);
  EXPECT_EQ(one.at("labels"), json::parse(R"([{"name":"disk","value":"ssd"},{"name":"rack","value":"7"}])"));
  EXPECT_FALSE(one.contains("runs"));
  EXPECT_EQ(object.at("nodes").at(1).at("state"), "down");
  EXPECT_EQ(object.at("nodes").at(2).at("availability"), "drain");
  EXPECT_EQ(object.at("services").at(1).at("wanted"), 3);
  EXPECT_EQ(object.at("services").at(1).at("image"), "simswarm:abc");
  EXPECT_EQ(object.at("services").at(1).at("stack"), "sim");
}

TEST(SwarmJson, HasTasksOfPresentAndPast) {
  const json tasks = seen_as_json(look()).at("tasks");
  ASSERT_EQ(tasks.size(), 5U);
  const json& running = tasks.at(1);
  EXPECT_EQ(running.at("name"), "sim_runner.1");
  EXPECT_EQ(running.at("service"), "sim_runner");
  EXPECT_EQ(running.at("service_id"), "s1");
  EXPECT_EQ(running.at("host"), "one");
  EXPECT_NEAR(running.at("age").get<double>(), 56.88, 0.01);
  EXPECT_EQ(running.at("exit_code"), nullptr);
  EXPECT_EQ(running.at("restarts"), 1);
  const json& failed = tasks.at(2);
  EXPECT_EQ(failed.at("state"), "failed");
  EXPECT_EQ(failed.at("exit_code"), 137);
  EXPECT_EQ(failed.at("restarts"), 0);
  EXPECT_EQ(failed.at("error"), "task: non-zero exit (137)");
  EXPECT_EQ(tasks.at(3).at("name"), "sim_distcc");
  EXPECT_EQ(tasks.at(3).at("restarts"), 1);
}

TEST(SwarmJson, CountsNothingOnANodeThatIsDown) {
  SwarmLook one = look();
  for (engine::Task& task : one.swarm.tasks) {
    if (task.id != "t1") continue;
    task.node = "n3";
    task.desired = "shutdown";
  }
  const json nodes = seen_as_json(one).at("nodes");
  EXPECT_EQ(nodes.at(1).at("host"), "three");
  EXPECT_EQ(nodes.at(1).at("running"), 0);
  EXPECT_EQ(nodes.at(1).at("reserved_cores"), 0);
}

TEST(SwarmJson, SaysWhatRunnersRun) {
  SwarmLook one = look();
  one.runs = {{"one", "sim_runner.1.t1", {{"r<1>", "wifi", 0.25}, {"r2", "wifi", std::nullopt}}},
              {"two", "two-9-beef", {{"r3", "wifi", 0.5}}}};
  const json object = seen_as_json(one);
  EXPECT_EQ(object.at("tasks").at(1).at("runs"), json::parse(R"([{"name":"r<1>","campaign":"wifi","fraction":0.25},
                            {"name":"r2","campaign":"wifi","fraction":null}])"));
  EXPECT_FALSE(object.at("tasks").at(0).contains("runs"));
  EXPECT_EQ(object.at("nodes").at(2).at("runs").at(0).at("name"), "r3");
}

TEST(SwarmJson, PassesOnNoSecret) {
  Seen<SwarmLook> seen;
  seen.value = std::make_shared<const SwarmLook>(look());
  const std::string all = swarm_json(*seen.value, kNow) + swarm_metrics(seen, 0);
  for (const char* secret : {"hunter2", "PASSWORD", "redis-password", "mount-of"})
    EXPECT_THAT(all, Not(HasSubstr(secret)));
}

TEST(SwarmJson, IsUtf8WhateverNamesSay) {
  SwarmLook hostile = look();
  hostile.swarm.nodes.at(0).host = kHostile;
  EXPECT_THAT(seen_as_json(hostile).at("nodes").at(0).at("host").get<std::string>(), HasSubstr("reversed\uFFFD"));
}

TEST(JoinedObjects, IsAnObject) {
  EXPECT_EQ(joined_objects(R"({"a":1})", R"({"b":2})"), R"({"a":1,"b":2})");
  EXPECT_EQ(joined_objects("{}", R"({"b":2})"), R"({"b":2})");
  EXPECT_EQ(joined_objects(R"({"a":1})", "{}"), R"({"a":1})");
}

TEST(SwarmMetrics, CountNodesServicesAndTasks) {
  Seen<SwarmLook> seen;
  seen.value = std::make_shared<const SwarmLook>(look());
  seen.age = Seconds(1.5);
  const std::string text = swarm_metrics(seen, 3);
  for (const char* line :
       {"simswarm_swarm_engine_up 1\n", "simswarm_visualizer_pages_open 3\n", "simswarm_swarm_age_seconds 1.5\n",
        "simswarm_swarm_nodes{state=\"down\",availability=\"active\"} 1\n",
        "simswarm_swarm_nodes{state=\"ready\",availability=\"drain\"} 1\n",
        "simswarm_swarm_service_tasks_wanted{service=\"sim_runner\"} 3\n",
        "simswarm_swarm_service_tasks_running{service=\"sim_runner\"} 1\n",
        "simswarm_swarm_tasks{state=\"running\"} 2\n", "# TYPE simswarm_swarm_tasks gauge\n"})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_THAT(swarm_metrics({}, 0), HasSubstr("simswarm_swarm_engine_up 0\n"));
}

TEST(SwarmMetrics, StayLinesWhateverNamesSay) {
  SwarmLook hostile = look();
  hostile.swarm.services.at(0).name = kHostile;
  Seen<SwarmLook> seen;
  seen.value = std::make_shared<const SwarmLook>(hostile);
  const std::string text = swarm_metrics(seen, 0);
  EXPECT_THAT(text,
              HasSubstr("_wanted{service=\"<script>alert(1)</script>\\\"'\\\\&??[31m\u202Ereversed\uFFFD\"} 1\n"));
}

}  // namespace
}  // namespace simswarm::web
