// What the whole way stands on is killed and emptied at each step of it: the same results, and nothing runs twice but
// what was lost.
#include <gmock/gmock.h>

#include <cstdlib>

#include "base/text.h"
#include "mongo_server.h"
#include "whole_site.h"

namespace simswarm::whole {
namespace {

using jobs::Exchange;
using jobs::Moment;
using jobs::Then;
using std::chrono::seconds;

constexpr Then kCut{Then::Kind::kCut};

bool all_faults() {
  const char* wanted = std::getenv("SIMSWARM_FAULTS");
  return wanted != nullptr && std::string_view(wanted) == "all";
}

class Fault : public testing::Test {
 protected:
  void SetUp() override { site_.make_simulation(); }
  void expect_whole(Program client, std::size_t executions = 4) {
    const Told told = site_.told(std::move(client), seconds(90));
    EXPECT_TRUE(told.is_whole(4));
    EXPECT_EQ(site_.executions(), executions) << told.log;
    EXPECT_EQ(site_.documents(store::kResults), 4U);
    EXPECT_EQ(site_.documents(store::kConflicts), 0U);
    EXPECT_EQ(site_.documents(store::kCampaigns), 1U);
    site_.expect_like_local(4);
  }

  WholeSite site_;
};

// --- the builder

TEST_F(Fault, TheBuilderIsKilledWhileItBuilds) {
  site_.close_gate();
  Program first = site_.builder("first");
  const Program runner = site_.runner("runner");
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_at_gate());
  first.kill();
  EXPECT_TRUE(wait_until([&] { return site_.processes_of_builds() == 0; }, seconds(10)))
      << "its build has gone with it";
  fs::remove(site_.checkouts().front() / "at-gate");
  const Program second = site_.builder("second");
  ASSERT_TRUE(site_.waits_at_gate());
  site_.open_gate();
  expect_whole(std::move(client));
}

TEST_F(Fault, TheBuilderIsKilledWhileItPlans) {
  site_.hold_plan();
  Program first = site_.builder("first");
  const Program runner = site_.runner("runner");
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_for_question());
  first.kill();
  site_.let_plan_go();
  const Program second = site_.builder("second");
  expect_whole(std::move(client));
  EXPECT_EQ(site_.compilations(), 3U);
}

struct Step {
  const char* name;
  const char* exchange;
  Moment moment;
};
std::ostream& operator<<(std::ostream& to, const Step& step) {
  return to << step.name;
}

class BuilderIsKilled : public Fault, public testing::WithParamInterface<Step> {};

TEST_P(BuilderIsKilled, AndAnotherGoesOn) {
  jobs::FaultProxy& line = site_.watch_builders();
  Program first = site_.builder("first");
  const Program runner = site_.runner("runner");
  const bool claims = std::string_view(GetParam().exchange) == "claim";
  line.at(
      GetParam().exchange, GetParam().moment,
      [&](const Exchange&) {
        first.kill();
        return kCut;
      },
      [claims](const Exchange& exchange) { return !claims || gave_jobs(exchange); });
  Program client = site_.runall();
  ASSERT_TRUE(wait_until([&] { return line.happened() == 1; })) << client.log() << first.log();
  const Program second = site_.builder("second");
  expect_whole(std::move(client));
  EXPECT_LE(site_.compilations(), 3U);
}

INSTANTIATE_TEST_SUITE_P(At, BuilderIsKilled,
                         testing::Values(Step{"TheReplyToTheClaim", "claim", Moment::kAnswered},
                                         Step{"TheRuns", "enqueue", Moment::kAsked},
                                         Step{"TheReplyToTheRuns", "enqueue", Moment::kAnswered},
                                         Step{"TheAnswer", "settle", Moment::kAsked},
                                         Step{"TheReplyToTheAnswer", "settle", Moment::kAnswered}),
                         [](const auto& step) { return step.param.name; });

// Before each of its calls that change something on disk, or before some of them.
TEST(BuilderAtItsCalls, IsKilledAndAnotherGoesOn) {
  std::size_t calls = 0;
  {
    WholeSite site;
    site.make_simulation();
    const fs::path list = site.folder() / "calls";
    const Program builder =
        site.builder("first", {}, {{"LD_PRELOAD", FAULT_SHIM}, {"SIMSWARM_TEST_CALLS", list.string()}});
    const Program runner = site.runner("runner");
    ASSERT_TRUE(site.told(site.runall()).is_whole(4)) << builder.log();
    const std::string all = read_file(list).value_or("");
    for (const std::string_view line : split(all, '\n')) calls += !line.empty() && !line.starts_with("main ") ? 1 : 0;
  }
  ASSERT_GT(calls, 20U);
  const std::size_t points = all_faults() ? 60 : 6;
  for (std::size_t i = 0; i < points; ++i) {
    WholeSite site;
    site.make_simulation();
    const std::string at = fmt::format("other:{}", 1 + (2 * i + 1) * calls / (2 * points));
    SCOPED_TRACE(at);
    Program first = site.builder("first", {}, {{"LD_PRELOAD", FAULT_SHIM}, {"SIMSWARM_TEST_KILL", at}});
    const Program runner = site.runner("runner");
    Program client = site.runall();
    const bool has_ended = wait_until([&] { return first.has_ended() || client.has_ended(); });
    EXPECT_TRUE(has_ended) << client.log();
    const Program second = site.builder("second");
    const Told told = site.told(std::move(client));
    EXPECT_TRUE(told.is_whole(4)) << second.log();
    EXPECT_EQ(site.executions(), 4U);
    if (i == 0 || all_faults()) site.expect_like_local(4);
  }
}

TEST_F(Fault, TheBuilderIsToldToEndAndAnotherGoesOn) {
  site_.close_gate();
  Program first = site_.builder("first", {"--drain", "0"});
  const Program runner = site_.runner("runner");
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_at_gate());
  first.send(SIGTERM);
  EXPECT_EQ(first.wait(seconds(20)), 0) << first.log();
  EXPECT_EQ(site_.processes_of_builds(), 0U);
  fs::remove(site_.checkouts().front() / "at-gate");
  const Program second = site_.builder("second");
  ASSERT_TRUE(site_.waits_at_gate());
  site_.open_gate();
  expect_whole(std::move(client));
}

// --- a runner

TEST_F(Fault, ARunnerIsKilledWhileItRuns) {
  site_.hold();
  const Program builder = site_.builder("builder");
  Program first = site_.runner("first");
  Program client = site_.runall();
  ASSERT_TRUE(wait_until([&] { return site_.executions() == 2; })) << client.log();
  first.kill();
  site_.let_go();
  const Program second = site_.runner("second");
  expect_whole(std::move(client), 6);
}

// --- Redis

TEST_F(Fault, RedisIsKilledWhileItIsBuilt) {
  site_.close_gate();
  const Program builder = site_.builder("builder", {"--lease", "10"});
  const Program runner = site_.runner("runner");
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_at_gate());
  site_.redis().kill();
  EXPECT_TRUE(client.says("asking again"));
  EXPECT_TRUE(builder.says("trying again"));
  site_.open_gate();
  site_.redis().start();
  expect_whole(std::move(client));
  EXPECT_EQ(site_.compilations(), 3U);
}

TEST_F(Fault, RedisIsKilledWhileItIsPlanned) {
  site_.hold_plan();
  const Program builder = site_.builder("builder", {"--lease", "10"});
  const Program runner = site_.runner("runner");
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_for_question());
  site_.redis().kill();
  EXPECT_TRUE(client.says("asking again"));
  site_.let_plan_go();
  site_.redis().start();
  expect_whole(std::move(client));
  EXPECT_EQ(site_.compilations(), 3U);
}

TEST_F(Fault, RedisIsKilledWhileItRuns) {
  site_.hold();
  const Program builder = site_.builder("builder");
  const Program runner = site_.runner("runner", {"--lease", "10"});
  Program client = site_.runall();
  ASSERT_TRUE(wait_until([&] { return site_.executions() == 2; })) << client.log();
  site_.redis().kill();
  EXPECT_TRUE(client.says("asking again"));
  site_.let_go();
  site_.redis().start();
  expect_whole(std::move(client));
}

class RedisIsKilled : public Fault, public testing::WithParamInterface<Step> {};

TEST_P(RedisIsKilled, AndTheBuilderGoesOn) {
  jobs::FaultProxy& line = site_.watch_builders();
  const Program builder = site_.builder("builder", {"--lease", "10"});
  const Program runner = site_.runner("runner");
  line.at(GetParam().exchange, GetParam().moment, [&](const Exchange&) {
    site_.redis().kill();
    return kCut;
  });
  Program client = site_.runall();
  ASSERT_TRUE(wait_until([&] { return line.happened() == 1; })) << client.log() << builder.log();
  site_.redis().start();
  expect_whole(std::move(client));
  EXPECT_EQ(site_.compilations(), 3U);
}

INSTANTIATE_TEST_SUITE_P(At, RedisIsKilled,
                         testing::Values(Step{"TheRuns", "enqueue", Moment::kAsked},
                                         Step{"TheReplyToTheRuns", "enqueue", Moment::kAnswered},
                                         Step{"TheAnswer", "settle", Moment::kAsked},
                                         Step{"TheReplyToTheAnswer", "settle", Moment::kAnswered}),
                         [](const auto& step) { return step.param.name; });

TEST_F(Fault, RedisForgetsAllWhileItIsBuilt) {
  site_.close_gate();
  const Program builder = site_.builder("builder");
  const Program runner = site_.runner("runner");
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_at_gate());
  site_.redis().command({"FLUSHALL"});
  EXPECT_TRUE(client.says("the queue has forgotten the build: it is asked for again"));
  EXPECT_TRUE(wait_until([&] { return builder.count(", attempt 1: begun") == 2; })) << builder.log();
  ASSERT_TRUE(wait_until([&] {
    site_.open_gate();
    return site_.documents(store::kBuilds) == 1;
  }));
  expect_whole(std::move(client));
}

TEST_F(Fault, RedisForgetsAllWhileItRuns) {
  site_.hold();
  const Program builder = site_.builder("builder");
  const Program runner = site_.runner("runner");
  Program client = site_.runall();
  ASSERT_TRUE(wait_until([&] { return site_.executions() == 2; })) << client.log();
  ASSERT_TRUE(client.says(R"("event":"started")"));  // it follows
  site_.redis().command({"FLUSHALL"});
  EXPECT_TRUE(client.says("the queue has forgotten the campaign"));
  site_.let_go();
  const Told told = site_.told(std::move(client));
  EXPECT_TRUE(told.is_whole(4));
  EXPECT_LE(site_.executions(), 6U) << "what ran when it was forgotten may run again";
  site_.expect_like_local(4);
}

// --- the store's server

class StoreIsKilled : public testing::Test {
 protected:
  void SetUp() override { site_.make_simulation(); }
  void kill_and_start(const Program& client) {
    store::shared_mongo().kill_hard();
    EXPECT_FALSE(wait_until([&] { return client.count("\"event\":\"error\"") > 0; }, seconds(1))) << client.log();
    store::shared_mongo().start();
  }
  WholeSite site_{Kind::kMongodb};
};

TEST_F(StoreIsKilled, WhileItIsBuilt) {
  site_.close_gate();
  const Program builder = site_.builder("builder");
  const Program runner = site_.runner("runner");
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_at_gate());
  store::shared_mongo().kill_hard();
  site_.open_gate();
  EXPECT_TRUE(builder.says("handed back")) << builder.log();
  store::shared_mongo().start();
  EXPECT_TRUE(wait_until([&] {
    site_.open_gate();
    return site_.documents(store::kBuilds) == 1;
  }));
  EXPECT_TRUE(site_.told(std::move(client)).is_whole(4));
  EXPECT_EQ(site_.executions(), 4U);
  site_.expect_like_local(4);
}

TEST_F(StoreIsKilled, WhileItIsPlanned) {
  site_.hold_plan();
  const Program builder = site_.builder("builder");
  const Program runner = site_.runner("runner");
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_for_question());
  kill_and_start(client);
  site_.let_plan_go();
  EXPECT_TRUE(site_.told(std::move(client)).is_whole(4));
  EXPECT_EQ(site_.executions(), 4U);
  EXPECT_EQ(site_.compilations(), 3U);
  site_.expect_like_local(4);
}

TEST_F(StoreIsKilled, WhileItRuns) {
  site_.hold();
  const Program builder = site_.builder("builder");
  const Program runner = site_.runner("runner");
  Program client = site_.runall();
  ASSERT_TRUE(wait_until([&] { return site_.executions() == 2; })) << client.log();
  kill_and_start(client);
  site_.let_go();
  EXPECT_TRUE(site_.told(std::move(client)).is_whole(4));
  EXPECT_EQ(site_.executions(), 4U);
  site_.expect_like_local(4);
}

}  // namespace
}  // namespace simswarm::whole
