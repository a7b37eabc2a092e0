#include "web/visualizer.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "fake_engine.h"
#include "test_folder.h"

namespace simswarm::web {
namespace {

using engine::Swarm;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kHostile = "<script>alert(1)</script>\"'&\x1b[31m\u202Ereversed\xff";
constexpr Stamp kNow{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(12) +
                     std::chrono::minutes(1)};

Seen<Swarm> seen(Swarm swarm) {
  Seen<Swarm> seen;
  seen.value = std::make_shared<const Swarm>(std::move(swarm));
  seen.is_fresh = true;
  return seen;
}

class VisualizerTest : public testing::Test {
 protected:
  Swarm swarm() {
    const TestFolder folder;
    engine::FakeEngine fake(folder / "docker.sock");
    fake.be_swarm();
    auto swarm = engine::Engine((folder / "docker.sock").string()).swarm();
    EXPECT_TRUE(swarm.has_value()) << error_of(swarm);
    return *swarm;
  }
};

TEST_F(VisualizerTest, PassesOnWhatIsShown) {
  const json object = json::parse(swarm_json(seen(swarm()), kNow));
  EXPECT_EQ(object.at("version"), 1);
  const json& one = object.at("nodes").at(0);
  EXPECT_EQ(one.at("host"), "one");
  EXPECT_EQ(one.at("leader"), true);
  EXPECT_EQ(one.at("cores"), 4);
  EXPECT_EQ(one.at("memory"), 8589934592);
  EXPECT_EQ(one.at("reserved_cores"), 0.95);
  EXPECT_EQ(one.at("running"), 2);
  EXPECT_EQ(one.at("labels"), json::parse(R"({"disk":"ssd","rack":"7"})"));
  EXPECT_EQ(object.at("nodes").at(2).at("availability"), "drain");
  EXPECT_EQ(object.at("services").at(1).at("wanted"), 3);
  EXPECT_EQ(object.at("services").at(1).at("image"), "simswarm:abc");
  const json& running = object.at("tasks").at(1);
  EXPECT_EQ(running.at("name"), "sim_runner.1");
  EXPECT_EQ(running.at("host"), "one");
  EXPECT_NEAR(running.at("age").get<double>(), 56.88, 0.01);
}

TEST_F(VisualizerTest, PassesOnNoSecret) {
  const std::string all = swarm_json(seen(swarm()), kNow) + swarm_page(seen(swarm()), kNow, false).body;
  for (const char* secret : {"hunter2", "PASSWORD", "redis-password", "mount-of"})
    EXPECT_THAT(all, Not(HasSubstr(secret)));
}

TEST_F(VisualizerTest, ShowsWhatIsAndWhatFailed) {
  const std::string html = swarm_page(seen(swarm()), kNow, false).body;
  EXPECT_THAT(html, HasSubstr("2 of 3 nodes ready, 6 cores, 12.0 GiB; 2 services, 2 tasks running; seen by one (engine "
                              "20.10.24)"));
  EXPECT_THAT(html, HasSubstr("<td class=\"quiet\">ready, drain</td>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"bad\">down: heartbeat failure</td>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"bad\">failed (137)</td>"));
  EXPECT_THAT(html, HasSubstr("task: non-zero exit (137)"));
  EXPECT_THAT(html, HasSubstr("<h3>Without a node</h3>"));
  EXPECT_THAT(html, HasSubstr("no suitable node (insufficient resources on 2 nodes)"));
  EXPECT_THAT(html, Not(HasSubstr(">shutdown<")));
}

TEST_F(VisualizerTest, SaysWhatIsWrong) {
  EXPECT_THAT(troubles_of(seen(swarm())),
              ElementsAre("node three is down", "the update of sim_distcc is paused: update paused due to failure"));
  Seen<Swarm> old = seen(swarm());
  old.trouble = "the engine does not run";
  old.age = Seconds(12);
  EXPECT_THAT(troubles_of(old).front(), "the engine does not run; what is shown is 12.0 s old");
  EXPECT_EQ(visualizer_readiness(old).status, 503);
  EXPECT_EQ(visualizer_readiness(seen(swarm())).status, 200);
  EXPECT_EQ(visualizer_readiness({}).status, 503);
}

TEST_F(VisualizerTest, MakesEveryNameHarmless) {
  Swarm hostile = swarm();
  engine::Node& node = hostile.nodes.at(0);
  node.host = node.role = node.availability = node.state = node.message = node.address = node.engine = kHostile;
  node.labels = {{kHostile, kHostile}};
  engine::Service& service = hostile.services.at(0);
  service.name = service.image = service.mode = service.update = service.update_message = kHostile;
  for (engine::Task& task : hostile.tasks) task.error = task.message = task.image = task.state = kHostile;
  hostile.tasks.at(0).node = kHostile;
  hostile.info.host = hostile.info.version = kHostile;
  const std::string html = swarm_page(seen(hostile), kNow, false).body;
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  for (const char* bad : {"\x1b", "\xff", "\u202E"}) EXPECT_THAT(html, Not(HasSubstr(bad)));
  EXPECT_FALSE(json::parse(swarm_json(seen(hostile), kNow)).empty());
}

TEST(IsShown, IsThePresentAndWhatFailed) {
  const auto shown = [](const char* state, const char* desired) {
    engine::Task task;
    task.state = state;
    task.desired = desired;
    return is_shown(task);
  };
  EXPECT_TRUE(shown("running", "running"));
  EXPECT_TRUE(shown("running", "shutdown"));  // still at it
  EXPECT_TRUE(shown("pending", "running"));
  EXPECT_TRUE(shown("failed", "shutdown"));
  EXPECT_TRUE(shown("rejected", "shutdown"));
  EXPECT_TRUE(shown("complete", "complete"));
  EXPECT_FALSE(shown("complete", "shutdown"));
  EXPECT_FALSE(shown("shutdown", "shutdown"));
}

}  // namespace
}  // namespace simswarm::web
