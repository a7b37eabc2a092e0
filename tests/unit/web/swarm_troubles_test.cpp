#include "web/swarm_troubles.h"

#include <gmock/gmock.h>

namespace simswarm::web {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Stamp kNow{std::chrono::seconds(5000)};

SwarmLook look() {
  SwarmLook look;
  for (int i = 0; i < 9; ++i) {
    engine::Node node;
    node.id = fmt::format("n{}", i);
    node.host = fmt::format("host{}", i);
    node.state = "ready";
    look.swarm.nodes.push_back(node);
  }
  engine::Service service;
  service.id = "s1";
  service.name = "sim_redis";
  service.wanted = service.running = 1;
  look.swarm.services = {service};
  return look;
}

Seen<SwarmLook> seen(SwarmLook look) {
  Seen<SwarmLook> seen;
  seen.value = std::make_shared<const SwarmLook>(std::move(look));
  seen.is_fresh = true;
  return seen;
}

std::vector<std::string> words(const std::vector<view::Trouble>& troubles) {
  std::vector<std::string> words;
  for (const view::Trouble& one : troubles) words.push_back((one.is_error ? "error: " : "warning: ") + one.what);
  return words;
}

TEST(SwarmTroubles, AreNoneWhereAllIsWell) {
  SwarmLook one = look();
  one.swarm.nodes[0].availability = "drain";  // is meant so
  EXPECT_THAT(SwarmTroubles().found(seen(one), Seconds(0), kNow), IsEmpty());
}

TEST(SwarmTroubles, SayTheWorstFirst) {
  SwarmLook one = look();
  one.swarm.services[0].running = 0;
  one.swarm.services[0].update = "paused";
  one.swarm.services[0].update_message = "update paused due to failure";
  one.swarm.nodes[0].state = "down";
  one.swarm.nodes[0].message = "heartbeat failure";
  one.swarm.nodes[1].role = "manager";
  one.swarm.nodes[1].reachability = "unreachable";
  Seen<SwarmLook> now = seen(one);
  now.trouble = "the engine does not run";
  EXPECT_THAT(words(SwarmTroubles().found(now, Seconds(0), kNow)),
              ElementsAre("error: the engine does not run", "error: service sim_redis does not run: 0 of 1 tasks",
                          "error: node host0 is down: heartbeat failure", "error: manager host1 is unreachable",
                          "warning: the update of sim_redis is paused: update paused due to failure"));
}

TEST(SwarmTroubles, AreCountedWhereTheyAreMany) {
  SwarmLook one = look();
  for (engine::Node& node : one.swarm.nodes) node.state = "down";
  const auto found = SwarmTroubles().found(seen(one), Seconds(0), kNow);
  ASSERT_EQ(found.size(), SwarmTroubles::kMostOfAKind + 1);
  EXPECT_EQ(found.back().what, "and 4 more nodes that are not ready");
  EXPECT_TRUE(found.back().is_error);
}

TEST(SwarmTroubles, RememberSinceWhen) {
  SwarmTroubles troubles;
  SwarmLook one = look();
  one.swarm.nodes[1].state = "down";
  EXPECT_EQ(troubles.found(seen(one), Seconds(0), kNow)[0].since, kNow);
  one.swarm.nodes[1].message = "heartbeat failure";
  one.swarm.nodes[2].state = "down";
  const Stamp later = kNow + std::chrono::seconds(60);
  const auto found = troubles.found(seen(one), Seconds(0), later);
  EXPECT_EQ(found.at(0).since, kNow);
  EXPECT_EQ(found.at(1).since, later);
  EXPECT_THAT(troubles.found(seen(look()), Seconds(0), later), IsEmpty());
  EXPECT_EQ(troubles.found(seen(one), Seconds(0), later).at(0).since, later);  // anew
}

TEST(SwarmTroubles, SayThatTheEngineIsAway) {
  SwarmTroubles troubles;
  EXPECT_THAT(words(troubles.found({}, Seconds(0), kNow)), ElementsAre("warning: the engine has not answered yet"));
  Seen<SwarmLook> away = seen(look());
  away.trouble = "the engine does not run";
  away.trouble_for = Seconds(12);
  SwarmTroubles others;
  const auto found = others.found(away, Seconds(0), kNow);
  EXPECT_EQ(found.at(0).since, kNow - std::chrono::seconds(12));
  EXPECT_THAT(found.at(0).todo, HasSubstr("systemctl status docker"));
  away.trouble_for = Seconds(14.0005);
  EXPECT_EQ(others.found(away, Seconds(0), kNow + std::chrono::seconds(2)).at(0).since, found.at(0).since);
}

TEST(SwarmTroubles, SayThatTheEngineIsSilent) {
  EXPECT_THAT(SwarmTroubles().found(seen(look()), Seconds(4), kNow), IsEmpty());
  EXPECT_THAT(words(SwarmTroubles().found(seen(look()), Seconds(6), kNow)),
              ElementsAre("error: the engine does not answer"));
}

}  // namespace
}  // namespace simswarm::web
