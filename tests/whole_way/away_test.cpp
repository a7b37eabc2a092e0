// The client goes away at each step and comes back, from here or from elsewhere; and somebody ends it all.
#include <gmock/gmock.h>

#include "base/text.h"
#include "whole_site.h"

namespace simswarm::whole {
namespace {

using jobs::Exchange;
using jobs::Moment;
using jobs::Then;
using std::chrono::seconds;
using testing::HasSubstr;

class Away : public testing::Test {
 protected:
  void SetUp() override { site_.make_simulation(); }
  void start() {
    builder_.emplace(site_.builder("builder"));
    runner_.emplace(site_.runner("runner"));
  }
  // The same call, until all is there: each run was executed so often in all.
  void expect_all_with(Program again, std::size_t executions) {
    const Told told = site_.told(std::move(again));
    EXPECT_EQ(told.code, 0) << told.log;
    EXPECT_EQ(told.summary.value("complete", 0), 4) << told.log;
    EXPECT_EQ(site_.executions(), executions) << told.log;
    site_.expect_like_local(4);
  }

  WholeSite site_;
  std::optional<Program> builder_, runner_;
};

// --- it is killed

TEST_F(Away, BeforeItHasAsked) {
  start();
  jobs::FaultProxy& line = site_.watch_client();
  Program client = site_.runall();
  line.at("enqueue", Moment::kAsked, [&](const Exchange&) {
    client.kill();
    return Then{Then::Kind::kCut};
  });
  ASSERT_TRUE(wait_until([&] { return line.happened() == 1; })) << client.log();
  expect_all_with(site_.runall(), 4);
}

TEST_F(Away, AfterItHasAsked) {
  start();
  jobs::FaultProxy& line = site_.watch_client();
  Program client = site_.runall();
  line.at("enqueue", Moment::kAnswered, [&](const Exchange&) {
    client.kill();
    return Then{Then::Kind::kCut};
  });
  ASSERT_TRUE(wait_until([&] { return line.happened() == 1; })) << client.log();
  expect_all_with(site_.runall(), 4);
  EXPECT_EQ(site_.compilations(), 3U);
  EXPECT_EQ(site_.documents(store::kCampaigns), 1U);
}

TEST_F(Away, WhileSourcesAreSent) {
  site_.files().write("data/large.bin", store::noise(60'000'000));
  start();
  Program client = site_.runall();
  ASSERT_TRUE(wait_until([&] { return fs::exists(site_.store_folder() / "files") || client.has_ended(); }));
  client.kill();
  EXPECT_EQ(site_.documents(store::kCampaigns), 0U) << "it was too late";
  expect_all_with(site_.runall(), 4);
}

TEST_F(Away, WhileItIsBuilt) {
  site_.close_gate();
  start();
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_at_gate());
  client.kill();
  Program again = site_.runall();
  EXPECT_TRUE(again.says("going on with the build of campaign"));
  site_.open_gate();
  expect_all_with(std::move(again), 4);
  EXPECT_EQ(site_.compilations(), 3U);
  EXPECT_EQ(site_.documents(store::kCampaigns), 1U);
}

TEST_F(Away, FromTheBuildToTheEnd) {
  site_.close_gate();
  start();
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_at_gate());
  client.kill();
  site_.open_gate();
  ASSERT_TRUE(site_.waits_for_results(4));
  expect_all_with(site_.runall(), 4);
}

TEST_F(Away, WhileItIsPlanned) {
  site_.hold_plan();
  start();
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_for_question());
  client.kill();
  Program again = site_.runall();
  EXPECT_TRUE(again.says("going on with the build of campaign"));
  site_.let_plan_go();
  expect_all_with(std::move(again), 4);
}

TEST_F(Away, WhileItRuns) {
  site_.hold();
  start();
  Program client = site_.runall();
  ASSERT_TRUE(wait_until([&] { return site_.executions() == 2; })) << client.log();
  client.kill();
  Program again = site_.runall();
  EXPECT_TRUE(again.says("going on with campaign"));
  site_.let_go();
  expect_all_with(std::move(again), 4);
}

TEST_F(Away, ByCtrlCWhileItIsBuilt) {
  site_.close_gate();
  start();
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_at_gate());
  client.send(SIGINT);
  const Told told = site_.told(std::move(client));
  EXPECT_EQ(told.code, 130) << told.log;
  EXPECT_THAT(told.error, testing::StartsWith("interrupted: the build of campaign " + site_.newest_build()));
  site_.open_gate();
  ASSERT_TRUE(site_.waits_for_results(4));
  expect_all_with(site_.runall(), 4);
}

// --- from elsewhere

TEST_F(Away, AnotherFolderBringsTheResults) {
  site_.hold();
  start();
  Program client = site_.runall();
  ASSERT_TRUE(wait_until([&] { return site_.executions() == 2; })) << client.log();
  client.kill();
  run_in(site_.folder().path(), "git clone -q project elsewhere/clone");
  const fs::path clone = site_.folder() / "elsewhere/clone";
  Program other = site_.user({"attach", "--on", "lab", "--json", "study"}, clone);
  EXPECT_TRUE(other.says(R"("event":"planned")"));
  site_.let_go();
  const Told told = site_.told(std::move(other));
  EXPECT_TRUE(told.is_complete(4));
  EXPECT_EQ(site_.executions(), 4U);
  expect_all_with(site_.runall(), 4);
  store::expect_equal(clone / "results", site_.results());
  const Told wrong = site_.told(site_.user({"attach", "--on", "lab", "--json", "studi"}, clone));
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.error, HasSubstr("there is no campaign «studi» in "));
  EXPECT_THAT(wrong.error, HasSubstr("; did you mean study?"));
}

TEST_F(Away, AnotherFolderFollowsABuild) {
  site_.close_gate();
  start();
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_at_gate());
  client.kill();
  run_in(site_.folder().path(), "git clone -q project elsewhere/clone");
  Program other = site_.user({"attach", "--on", "lab", "--json", "study"}, site_.folder() / "elsewhere/clone");
  EXPECT_TRUE(other.says(fmt::format("campaign {} is still being built", site_.newest_build())));
  site_.open_gate();
  const Told told = site_.told(std::move(other));
  EXPECT_TRUE(told.is_complete(4)) << told.log;
}

TEST_F(Away, AnotherFolderFollowsABuildThatFails) {
  site_.files().break_it();
  site_.close_gate();
  start();
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_at_gate());
  client.kill();
  Program other = site_.user({"attach", "--on", "lab", "--json", "study"});
  EXPECT_TRUE(other.says("is still being built"));
  site_.open_gate();
  const Told told = site_.told(std::move(other));
  EXPECT_EQ(told.code, 4) << told.log;
  EXPECT_THAT(told.error, HasSubstr(".cc:2:"));
}

TEST_F(Away, FromTheBeginning) {
  start();
  const Told told = site_.told(site_.runall({"--detach"}));
  EXPECT_EQ(told.code, 0) << told.log;
  EXPECT_FALSE(fs::exists(site_.results()));
  ASSERT_TRUE(site_.waits_for_results(4));
  const Told attached = site_.told(site_.user({"attach", "--on", "lab", "--json", "study"}));
  EXPECT_TRUE(attached.is_complete(4));
  EXPECT_EQ(site_.executions(), 4U);
  site_.expect_like_local(4);
}

// --- it is cancelled

class Cancel : public Away {
 protected:
  nlohmann::json cancel(const std::string& wanted, int code = 0) {
    Program program = site_.user({"cancel", "--on", "lab", "--json", wanted}, site_.folder() / "elsewhere");
    EXPECT_EQ(program.wait(), code) << program.log();
    const auto said = nlohmann::json::parse(program.log(), nullptr, false);
    return said.is_object() && said.contains("cancelled") ? said.at("cancelled").at(0) : said;
  }
  void expect_cancelled(Program client) {
    const Told told = site_.told(std::move(client), seconds(20));
    EXPECT_EQ(told.code, 130) << told.log;
    EXPECT_EQ(told.error, "the build was cancelled") << told.log;
  }
};

TEST_F(Cancel, BeforeABuilderHasTakenIt) {
  Program client = site_.runall();
  ASSERT_TRUE(wait_until([&] { return !site_.newest_build().empty(); })) << client.log();
  EXPECT_EQ(cancel(site_.newest_build()).at("build"), true);
  expect_cancelled(std::move(client));
  start();
  expect_all_with(site_.runall(), 4);
  EXPECT_EQ(site_.documents(store::kCampaigns), 1U) << "the one that was cancelled never was";
}

TEST_F(Cancel, WhileItIsBuilt) {
  site_.close_gate();
  // A process of its own session, which nobody waits for.
  site_.files().write("Makefile",
                      replace_all(site_.files().read("Makefile"), "@touch at-gate;",
                                  "@[ -e go ] || setsid sleep 1000 </dev/null >/dev/null 2>&1 & touch at-gate;"));
  start();
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_at_gate());
  EXPECT_TRUE(wait_until([&] { return site_.processes_of_builds() >= 3; })) << "make, its shell, the one apart";
  EXPECT_TRUE(client.says(R"("phase":"building")"));
  const nlohmann::json done = cancel("study");  // by its name, though no store knows it yet
  EXPECT_EQ(done.at("campaign"), site_.newest_build());
  EXPECT_EQ(done.at("build"), true) << done;
  EXPECT_TRUE(wait_until([&] { return site_.processes_of_builds() == 0; }, seconds(10)));
  expect_cancelled(std::move(client));
  EXPECT_EQ(site_.documents(store::kCampaigns), 0U);
  Program again = site_.runall();
  ASSERT_TRUE(wait_until([&] { return site_.processes_of_builds() > 0; })) << again.log();
  site_.open_gate();
  expect_all_with(std::move(again), 4);
  EXPECT_TRUE(wait_until([&] { return site_.processes_of_builds() == 0; }, seconds(10)));
}

TEST_F(Cancel, WhileItIsPlanned) {
  site_.hold_plan();
  start();
  Program client = site_.runall();
  ASSERT_TRUE(site_.waits_for_question());
  EXPECT_EQ(cancel(site_.newest_build()).at("build"), true);
  site_.let_plan_go();
  expect_cancelled(std::move(client));
  EXPECT_EQ(site_.queued_runs(), 0U);
  const Told again = site_.told(site_.runall());
  EXPECT_TRUE(again.is_whole(4) && again.built_nothing());
  EXPECT_EQ(site_.executions(), 4U);
}

TEST_F(Cancel, WhileItRuns) {
  site_.hold();
  start();
  Program client = site_.runall();
  ASSERT_TRUE(wait_until([&] { return site_.executions() == 2; })) << client.log();
  const nlohmann::json done = cancel("study");
  EXPECT_EQ(done.at("waiting"), 2) << done;
  EXPECT_EQ(done.at("running"), 2) << done;
  const Told told = site_.told(std::move(client), seconds(20));
  EXPECT_EQ(told.code, 1) << told.log;
  EXPECT_EQ(told.summary.value("complete", -1), 0) << told.log;
  EXPECT_TRUE(wait_until([&] { return site_.queued_runs() == 0; }));
  EXPECT_EQ(site_.executions(), 2U) << "what waited never ran";
  site_.let_go();
  expect_all_with(site_.runall(), 6);
}

TEST_F(Cancel, NamesWhatIsNotThere) {
  Program program = site_.user({"cancel", "--on", "lab", "study"});
  EXPECT_EQ(program.wait(), 2);
  EXPECT_THAT(program.log(), HasSubstr("simswarm: there is no campaign in "));
}

}  // namespace
}  // namespace simswarm::whole
