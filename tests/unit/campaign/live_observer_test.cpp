#include "campaign/live_observer.h"

#include <gmock/gmock.h>

#include "base/host.h"
#include "fake_dialect.h"
#include "ledger_support.h"

namespace simswarm::campaign {
namespace {

using std::chrono::milliseconds;
using testing::SizeIs;

class FakeClock final : public Clock {
 public:
  milliseconds passed{0};
  [[nodiscard]] Monotonic monotonic() const override { return Monotonic(std::chrono::hours(1) + passed); }
  [[nodiscard]] Stamp stamp() const override { return at(0) + passed; }
};

// Counts what is passed on.
class CountingObserver final : public Observer {
 public:
  int calls = 0;
  void planned(const Plan& /*plan*/) override { ++calls; }
  void started(const Planned& /*run*/, int /*attempt*/) override { ++calls; }
  void put_back(const Planned& /*run*/) override { ++calls; }
  void ended(const Planned& /*run*/, const Attempt& /*attempt*/, bool /*will_retry*/, const Tally& /*tally*/) override {
    ++calls;
  }
  void progress(const std::vector<worker::RunningView>& /*running*/, const Plan& /*plan*/,
                const Tally& /*tally*/) override {
    ++calls;
  }
  void note(const std::string& /*text*/) override { ++calls; }
  void finished(const Plan& /*plan*/, const Summary& /*summary*/) override { ++calls; }
};

class LiveObserverTest : public testing::Test {
 protected:
  LiveObserverTest() {
    state_.root = folder_ / "state";
    plan_.campaign = "01A";
    plan_.slots = 2;
    FakeDialect dialect(4);
    for (const auto& run : dialect.runs) {
      Planned planned;
      planned.run = run;
      planned.key = key("run " + std::to_string(run.number));
      plan_.runs.push_back(planned);
    }
    make();
  }
  void make() {
    observer_.emplace(next_, state_, clock_);
    observer_->planned(plan_);
  }
  void tick(const std::vector<std::size_t>& views, milliseconds later, double seconds = 1) {
    clock_.passed += later;
    std::vector<worker::RunningView> running;
    for (const std::size_t run : views) {
      worker::RunningView view{run, seconds, {}};
      view.progress.fraction = 0.5;
      view.line = "so far";
      view.output = "/scratch/out";
      view.output_owner = 1000;
      running.push_back(view);
    }
    Tally tally;
    tally.running = views.size();
    observer_->progress(running, plan_, tally);
  }
  [[nodiscard]] std::optional<Live> told() const {
    return read_live(state_.root, "01A", [](const std::string&) { return true; });
  }
  [[nodiscard]] std::vector<std::string> running() const {
    std::vector<std::string> names;
    const auto live = told();
    for (const LiveRun& one : live ? live->runs : std::vector<LiveRun>()) {
      for (std::size_t i = 0; i < plan_.runs.size(); ++i) {
        if (plan_.runs.key(i) == one.key) names.push_back(std::to_string(i));
      }
    }
    std::ranges::sort(names);
    return names;
  }
  void start(std::size_t run, int attempt = 1) { observer_->started(plan_.runs[run], attempt); }
  void end(std::size_t run, bool will_retry = false) { observer_->ended(plan_.runs[run], {}, will_retry, {}); }

  TestFolder folder_;
  StateFolder state_;
  Plan plan_;
  FakeClock clock_;
  CountingObserver next_;
  std::optional<LiveObserver> observer_;
};

TEST_F(LiveObserverTest, WritesNothingInTheFirstSecond) {
  start(0);
  tick({0}, milliseconds(900));
  EXPECT_FALSE(fs::exists(state_.root));
  tick({0}, milliseconds(200));
  EXPECT_TRUE(told().has_value());
}

TEST_F(LiveObserverTest, TellsWhatRuns) {
  clock_.passed = milliseconds(300);
  start(1, 3);
  start(2);
  tick({1}, milliseconds(2000), 1.7);
  const auto live = told();
  ASSERT_TRUE(live.has_value());
  EXPECT_EQ(live->campaign, "01A");
  EXPECT_EQ(live->host, host_name());
  EXPECT_EQ(live->process, ::getpid());
  EXPECT_EQ(live->slots, 2U);
  EXPECT_EQ(live->busy, 1U);
  EXPECT_EQ(live->running, 1U);
  ASSERT_THAT(live->runs, SizeIs(2));
  EXPECT_EQ(live->runs[0].key, plan_.runs.key(1)) << "what has progress comes first";
  EXPECT_EQ(live->runs[0].attempt, 3);
  EXPECT_EQ(live->runs[0].started, at(0) + milliseconds(300));
  EXPECT_EQ(live->runs[0].progress, R"({"fraction":0.5,"line":"so far","seconds":1.7})");
  EXPECT_EQ(live->runs[0].output, "/scratch/out");
  EXPECT_EQ(live->runs[0].output_owner, 1000U);
  EXPECT_EQ(live->runs[1].progress, "");
  EXPECT_EQ(live->runs[1].output, "");
}

TEST_F(LiveObserverTest, WritesOnceASecondAndOnlyNews) {
  start(0);
  tick({0}, milliseconds(1000));
  const auto first = identify(state_.root / "live/01A.json").value();
  tick({0}, milliseconds(500), 2);
  EXPECT_EQ(identify(state_.root / "live/01A.json").value(), first) << "not so soon";
  tick({0}, milliseconds(500));
  EXPECT_EQ(identify(state_.root / "live/01A.json").value(), first) << "nothing new";
  tick({0}, milliseconds(1000), 3);
  EXPECT_NE(identify(state_.root / "live/01A.json").value(), first);
}

TEST_F(LiveObserverTest, GivesASignWhereNothingChanges) {
  tick({}, milliseconds(1000));
  const auto first = identify(state_.root / "live/01A.json").value();
  tick({}, LiveObserver::kSign);
  EXPECT_NE(identify(state_.root / "live/01A.json").value(), first);
}

TEST_F(LiveObserverTest, ARunGoesOnUntilItIsCommitted) {
  start(0);
  start(1);
  tick({0}, milliseconds(1000));
  EXPECT_EQ(running(), (std::vector<std::string>{"0", "1"}));
  end(1);
  tick({0}, milliseconds(1000));
  EXPECT_EQ(running(), std::vector<std::string>{"0"});
}

TEST_F(LiveObserverTest, AnAttemptThatBeginsBeforeTheLastIsCommittedStays) {
  start(0, 1);
  start(0, 2);
  end(0, true);
  tick({0}, milliseconds(1000));
  EXPECT_EQ(running(), std::vector<std::string>{"0"});
  EXPECT_EQ(told()->runs.at(0).attempt, 2);
  end(0);
  tick({}, milliseconds(1000));
  EXPECT_EQ(running(), std::vector<std::string>{});
}

TEST_F(LiveObserverTest, WhatHadNoTurnWaitsAgain) {
  start(0);
  start(1);
  observer_->put_back(plan_.runs[1]);
  tick({0}, milliseconds(1000));
  EXPECT_EQ(running(), std::vector<std::string>{"0"});
}

TEST_F(LiveObserverTest, TheFileGoesWithTheCampaign) {
  tick({}, milliseconds(1000));
  ASSERT_TRUE(told().has_value());
  observer_.reset();
  EXPECT_FALSE(fs::exists(state_.root / "live/01A.json"));
}

TEST_F(LiveObserverTest, RemovesWhatADeadCampaignLeft) {
  const fs::path left = folder_.write("state/live/00OLD.json", "{}");
  fs::last_write_time(left, fs::file_time_type::clock::now() - std::chrono::minutes(1));
  make();
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(LiveObserverTest, AFolderThatCannotBeWrittenTroublesNobody) {
  folder_.write("state", "no folder");
  start(0);
  tick({0}, milliseconds(1000));
  end(0);
  EXPECT_EQ(next_.calls, 4) << "planned, started, progress, ended";
  fs::remove(state_.root);
  tick({}, milliseconds(1000));
  EXPECT_TRUE(told().has_value()) << "it is tried again";
}

TEST_F(LiveObserverTest, PassesOnAllItIsTold) {
  start(0);
  observer_->put_back(plan_.runs[0]);
  end(0);
  tick({}, milliseconds(1));
  observer_->note("a word");
  observer_->finished(plan_, {});
  EXPECT_EQ(next_.calls, 7);
}

}  // namespace
}  // namespace simswarm::campaign
