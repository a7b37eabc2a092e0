// What campaigns through a store stand on is killed, stopped and emptied while they go on: nothing is lost, and what
// was complete is not executed again.
#include <gmock/gmock.h>
#include <signal.h>

#include "base/text.h"
#include "campaign_site.h"

namespace simswarm::store {
namespace {

using std::chrono::seconds;

// --- the queue

class QueueFault : public testing::Test {
 protected:
  CampaignSite site_;
};

TEST_F(QueueFault, ForgetsACampaignInTheMiddle) {
  site_.make_program();
  site_.hold(2);
  site_.hold(3);
  const Program first = site_.worker("first", {"--slots", "2"});
  Program client = site_.sweep(6);
  ASSERT_TRUE(site_.waits_for_start(2) && site_.waits_for_start(3));
  ASSERT_TRUE(wait_until([&] { return said_by(client).ended.size() == 2; })) << client.log();
  site_.redis().command({"FLUSHALL"});
  EXPECT_TRUE(client.says("the queue has forgotten the campaign"));
  site_.let_go(2);
  site_.let_go(3);
  const Said said = site_.said(std::move(client));
  EXPECT_TRUE(said.is_complete(6));
  site_.expect_results(6);
  EXPECT_EQ(said.count("the queue has forgotten the campaign: what the store has not got is queued again"), 1U);
  for (const int complete : {0, 1}) EXPECT_EQ(site_.executions(complete), 1U) << complete;
  for (const int never : {4, 5}) EXPECT_EQ(site_.executions(never), 1U) << never;
  EXPECT_EQ(site_.documents(kResults), 6U);
  EXPECT_EQ(site_.documents(kConflicts), 0U);
}

TEST_F(QueueFault, IsKilledAndComesBack) {
  site_.make_program();
  site_.hold();
  const Program first = site_.worker("first", {"--lease", "10"});
  Program client = site_.sweep(4);
  ASSERT_TRUE(site_.waits_for_start(0));
  site_.redis().kill();
  EXPECT_TRUE(client.says("asking again"));
  site_.let_go();
  ASSERT_TRUE(site_.waits_for_results(1));  // runs and the store go on without it
  site_.redis().start();
  const Said said = site_.said(std::move(client));
  EXPECT_TRUE(said.is_complete(4));
  site_.expect_results(4);
  EXPECT_EQ(site_.executions(), 4U);
  EXPECT_EQ(said.count("asking again"), 1U) << said.log;
  EXPECT_EQ(said.count("the queue answers again"), 1U) << said.log;
  EXPECT_EQ(first.count("is back after"), 1U) << first.log();
}

// --- workers

class WorkerDies : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { site_.make_program(); }
  CampaignSite site_{Kind::kMongodb};
};

TEST_P(WorkerDies, DuringARun) {
  site_.hold();
  Program first = site_.worker("first");
  Program client = site_.sweep(3);
  ASSERT_TRUE(site_.waits_for_start(0));
  first.kill();
  site_.let_go();
  const Program next = site_.worker(GetParam());
  EXPECT_TRUE(site_.said(std::move(client)).is_complete(3));
  site_.expect_results(3);
  EXPECT_EQ(site_.executions(0), 2U);
  EXPECT_EQ(site_.executions(), 4U);
  EXPECT_EQ(site_.documents(kResults), 3U);
}

// The result is on its disk when it dies.
TEST_P(WorkerDies, BeforeTheUpload) {
  site_.hold();
  Program first = site_.worker("first", {"--lease", "20"});
  Program client = site_.sweep(1);
  ASSERT_TRUE(site_.waits_for_start(0));
  shared_mongo().stop_still();
  site_.let_go();
  ASSERT_TRUE(wait_until([&] { return site_.waiting_on_disk() == 1; })) << first.log();
  first.kill();
  shared_mongo().go_on();
  const Program next = site_.worker(GetParam());
  EXPECT_TRUE(next.says("1 results of workers that have gone are brought to the store"));
  EXPECT_TRUE(site_.said(std::move(client)).is_complete(1));
  site_.expect_results(1);
  EXPECT_EQ(site_.executions(), 1U);
  EXPECT_EQ(site_.documents(kResults), 1U);
  EXPECT_TRUE(wait_until([&] { return site_.waiting_on_disk() == 0; }));
}

// One that lives takes over what another has left, and the name is free again.
TEST_P(WorkerDies, AndComesBackBesideAnother) {
  site_.hold();
  Program first = site_.worker("first", {"--lease", "20"});
  const Program other = site_.worker("other", {"--queues", "none"});
  Program client = site_.sweep(1);
  ASSERT_TRUE(site_.waits_for_start(0));
  shared_mongo().stop_still();
  site_.let_go();
  ASSERT_TRUE(wait_until([&] { return site_.waiting_on_disk() == 1; })) << first.log();
  first.kill();
  shared_mongo().go_on();
  const Program next = site_.worker("third", {"--queues", "none"});
  EXPECT_TRUE(next.says("1 results of workers that have gone are brought to the store"));
  const Program again = site_.worker(GetParam());
  EXPECT_TRUE(site_.said(std::move(client)).is_complete(1));
  EXPECT_EQ(site_.executions(), 1U);
}

// The store has the result, and nobody has heard of it.
TEST_P(WorkerDies, AfterTheUpload) {
  site_.hold();
  Program first = site_.worker("first", {"--lease", "3"});
  Program client = site_.sweep(1);
  ASSERT_TRUE(site_.waits_for_start(0));
  ASSERT_EQ(::kill(site_.redis().pid(), SIGSTOP), 0);
  site_.let_go();
  ASSERT_TRUE(site_.waits_for_results(1));
  first.kill();
  ASSERT_EQ(::kill(site_.redis().pid(), SIGCONT), 0);
  const Program next = site_.worker(GetParam());
  EXPECT_TRUE(site_.said(std::move(client)).is_complete(1));
  site_.expect_results(1);
  EXPECT_EQ(site_.executions(), 1U);
  EXPECT_EQ(site_.documents(kResults), 1U);
}

INSTANTIATE_TEST_SUITE_P(NextIs, WorkerDies, testing::Values("first", "second"),
                         [](const auto& one) { return one.param == "first" ? "OfItsName" : "OfAnotherName"; });

// --- the store

class StoreFault : public testing::Test {
 protected:
  CampaignSite site_{Kind::kMongodb};
};

// Runs go on, and their results wait where they ran.
TEST_F(StoreFault, IsKilledAndComesBack) {
  site_.make_program();
  site_.hold();
  const Program first = site_.worker("first");
  Program client = site_.sweep(4);
  ASSERT_TRUE(site_.waits_for_start(0));
  shared_mongo().kill_hard();
  site_.let_go();
  EXPECT_TRUE(wait_until([&] { return site_.waiting_on_disk() == 4; }, seconds(60))) << first.log();
  EXPECT_EQ(site_.executions(), 4U);
  EXPECT_TRUE(first.says("results wait on disk"));
  shared_mongo().start();
  const Said said = site_.said(std::move(client));
  EXPECT_TRUE(said.is_complete(4));
  site_.expect_results(4);
  EXPECT_EQ(site_.executions(), 4U);
  EXPECT_EQ(first.count("results wait on disk"), 1U) << first.log();
  EXPECT_EQ(first.count("the store is there again"), 1U) << first.log();
  EXPECT_EQ(site_.waiting_on_disk(), 0U);
}

// The client hears from the queue that a run has ended, and cannot have its result.
TEST_F(StoreFault, IsAwayWhenAResultIsFetched) {
  site_.make_program();
  site_.hold(1);
  const Program first = site_.worker("first", {"--slots", "2"});
  Program client = site_.sweep(2);
  ASSERT_TRUE(wait_until([&] { return said_by(client).ended.size() == 1 && site_.executions(1) == 1; }));
  client.send(SIGSTOP);
  site_.let_go(1);
  ASSERT_TRUE(site_.waits_for_finished(2));
  shared_mongo().kill_hard();
  client.send(SIGCONT);
  EXPECT_TRUE(wait_until([&] { return said_by(client).count("; asking again") > 0; }, seconds(60))) << client.log();
  const std::size_t before = client.count(R"("event":"progress")");
  EXPECT_TRUE(wait_until([&] { return client.count(R"("event":"progress")") > before + 2; })) << "the queue is asked";
  shared_mongo().start();
  const Said said = site_.said(std::move(client));
  EXPECT_TRUE(said.is_complete(2));
  site_.expect_results(2);
  EXPECT_EQ(site_.executions(), 2U);
  EXPECT_EQ(said.count("results come again"), 1U) << said.log;
  EXPECT_EQ(said.count("; asking again"), 1U) << said.log;
  EXPECT_EQ(said.notes.size(), 2U) << said.log;
}

// --- the client

class ClientFault : public testing::TestWithParam<int> {
 protected:
  CampaignSite site_;
};

TEST_P(ClientFault, IsEndedAndCalledAgain) {
  site_.make_program(100'000);
  site_.hold(3);
  const Program first = site_.worker("first", {"--slots", "2"});
  Program client = site_.sweep(8);
  ASSERT_TRUE(site_.waits_for_start(3));
  ASSERT_TRUE(wait_until([&] { return !said_by(client).ended.empty(); }));
  client.send(GetParam());
  const Said ended = site_.said(std::move(client));
  EXPECT_EQ(ended.code, GetParam() == SIGINT ? 130 : 137) << ended.log;
  if (GetParam() == SIGINT) {
    EXPECT_EQ(ended.summary.at("state"), "cancelled");
    EXPECT_EQ(ended.count("runs go on in queue run-"), 1U) << ended.log;
  }
  Program again = site_.sweep(8);
  EXPECT_TRUE(again.says("going on with campaign"));
  site_.let_go(3);
  const Said said = site_.said(std::move(again));
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(said.summary.at("complete"), 8) << said.log;
  site_.expect_results(8);
  EXPECT_EQ(site_.executions(), 8U);
  EXPECT_EQ(site_.documents(kCampaigns), 1U);
  EXPECT_EQ(site_.documents(kAttempts), 8U);
}

INSTANTIATE_TEST_SUITE_P(By, ClientFault, testing::Values(SIGINT, SIGKILL),
                         [](const auto& one) { return one.param == SIGINT ? "CtrlC" : "Kill"; });

}  // namespace
}  // namespace simswarm::store
