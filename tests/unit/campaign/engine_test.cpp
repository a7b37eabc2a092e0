#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "base/text.h"
#include "campaign/campaign.h"
#include "fake_dialect.h"
#include "ledger/live.h"
#include "ledger_support.h"

namespace simswarm::campaign {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Writes down what happens: «Study#1 killed, again».
class RecordingObserver final : public Observer {
 public:
  std::vector<std::string> words;
  std::vector<std::string> notes;
  std::function<void()> on_progress = [] {};
  Tally last;

  void planned(const Plan& plan) override { words.push_back(fmt::format("{} to do", plan.jobs.size())); }
  void started(const Planned&, int) override {}
  void ended(const Planned& run, const Attempt& attempt, bool will_retry, const Tally& tally) override {
    words.push_back(
        fmt::format("{} {}{}", short_name(run.run), to_text(attempt.verdict.outcome), will_retry ? ", again" : ""));
    last = tally;
  }
  void progress(const std::vector<worker::RunningView>&, const Plan&, const Tally&) override { on_progress(); }
  void note(const std::string& text) override { notes.push_back(text); }
  void finished(const Plan&, const Summary& summary) override { words.push_back(summary.state); }
};

// A study of three runs; the program writes a file for each.
class ACampaign : public LedgerTest {
 protected:
  ACampaign() {
    folder_.script("work/model", "for run; do echo $run > results/$run.csv; done");
    options_.working_folder = folder_ / "work";
    options_.state.root = folder_ / "state";
    options_.layer = "links";
    options_.name = "night";
  }
  Summary run() {
    observer_ = RecordingObserver();
    return go();
  }
  Summary go() {
    auto summary = run_campaign(options_, dialect_, observer_);
    EXPECT_TRUE(summary.has_value()) << error_of(summary);
    return summary ? std::move(*summary) : Summary{};
  }
  FakeDialect dialect_{3};
  Options options_;
  RecordingObserver observer_;
};

TEST_F(ACampaign, ExecutesAllAndPutsTheResultsIntoPlace) {
  const Summary summary = run();
  EXPECT_EQ(summary.state, "completed");
  EXPECT_EQ(summary.total, 3U);
  EXPECT_EQ(summary.complete, 3U);
  EXPECT_EQ(summary.known, 0U);
  EXPECT_EQ(summary.commits.runs, 3U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(folder_.read(fmt::format("work/results/{}.csv", i)), fmt::format("{}\n", i));
  EXPECT_EQ(observer_.words.front(), "3 to do");
  EXPECT_EQ(observer_.words.back(), "completed");
  EXPECT_EQ(observer_.last.complete, 3U);
  const CampaignRecord record = ledger_->campaigns().value().at(0);
  EXPECT_EQ(record.id, summary.campaign);
  EXPECT_EQ(record.name, "night");
  EXPECT_EQ(record.state, "completed");
  EXPECT_TRUE(record.ended.has_value());
  EXPECT_FALSE(fs::exists(options_.state.scratch(summary.campaign)));
}

TEST_F(ACampaign, ExecutesNothingTwice) {
  run();
  const auto before = identify(folder_ / "work/results/1.csv").value();
  const Summary again = run();
  EXPECT_EQ(again.known, 3U);
  EXPECT_EQ(again.complete, 3U);
  EXPECT_THAT(observer_.words, ElementsAre("0 to do", "completed"));
  EXPECT_EQ(identify(folder_ / "work/results/1.csv").value(), before);
}

TEST_F(ACampaign, ExecutesWhatIsMissingOnly) {
  run();
  fs::remove(folder_ / "work/results/1.csv");
  EXPECT_EQ(run().known, 2U);
  EXPECT_THAT(observer_.words, ElementsAre("1 to do", "Study#1 completed", "completed"));
  EXPECT_EQ(folder_.read("work/results/1.csv"), "1\n");
}

TEST_F(ACampaign, ClaimsItsJobsAsTheyAreWanted) {
  dialect_ = FakeDialect(20);
  options_.most_queued = 3;
  const Plan plan = make_plan(options_, dialect_, *ledger_, true).value();
  std::vector<RunKey> keys;
  for (std::size_t i = 0; i < plan.runs.size(); ++i) keys.push_back(plan.runs.key(i));
  const auto claimed = [&] {
    const auto others = ledger_->claim(keys, "probe", [](const std::string&) { return true; }).value();
    EXPECT_TRUE(ledger_->release("probe").has_value());
    return others.size();
  };
  std::size_t most = 0;
  observer_.on_progress = [&] { most = std::max(most, claimed()); };
  EXPECT_EQ(go().complete, 20U);
  EXPECT_THAT(most, AllOf(testing::Gt(0U), testing::Le(12U))) << "those in the queue, running, or being committed";
  EXPECT_EQ(claimed(), 0U);
  EXPECT_THAT(ledger_->runs_of(ledger_->campaigns()->at(0).id).value(), SizeIs(20));
  EXPECT_EQ(run().known, 20U);
}

TEST_F(ACampaign, TellsWhatItIsAtWhileItGoesOn) {
  folder_.script("work/model", "printf 25%%; for i in $(seq 600); do [ -e " + (folder_ / "go").string() +
                                   " ] && break; sleep 0.05; done; for run; do echo $run > results/$run.csv; done");
  options_.jobs = 2;
  std::optional<Live> seen;
  observer_.on_progress = [&] {
    const auto campaigns = ledger_->campaigns().value();
    for (const CampaignRecord& one : campaigns) {
      const auto is_alive = [this](const std::string& id) { return SignOfLife::is_alive(options_.state, id); };
      auto live = read_live(options_.state.root, one.id, is_alive);
      if (!live || live->busy < 2) continue;
      seen = std::move(live);
      folder_.write("go", "");
    }
  };
  const Summary summary = go();
  EXPECT_EQ(summary.complete, 3U);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->campaign, summary.campaign);
  EXPECT_EQ(seen->slots, 2U);
  EXPECT_EQ(seen->running, 2U);
  ASSERT_THAT(seen->runs, SizeIs(2));
  EXPECT_THAT(seen->runs[0].progress, HasSubstr(R"("fraction":0.25)"));
  EXPECT_EQ(fs::path(seen->runs[0].output).filename(), "stdout");
  EXPECT_FALSE(fs::exists(options_.state.root / "live" / (summary.campaign + ".json")));
}

TEST_F(ACampaign, ExecutesBatches) {
  options_.batch_size = 3;
  EXPECT_EQ(run().complete, 3U);
  EXPECT_THAT(ledger_->attempts_of(ledger_->runs_of(ledger_->campaigns()->at(0).id)->at(2).key)->at(0).command,
              ElementsAre("./model", "0", "1", "2"));
}

TEST_F(ACampaign, GoesOnPastFailuresAndTriesAgainWhatCanBeHelped) {
  dialect_.outcomes[0] = {Outcome::kModelError};
  dialect_.outcomes[1] = {Outcome::kKilled};
  const Summary summary = run();
  EXPECT_EQ(summary.state, "incomplete");
  EXPECT_EQ(summary.complete, 2U);
  EXPECT_EQ(summary.failed, 1U);
  EXPECT_EQ(summary.finals[0].outcome, Outcome::kModelError);
  EXPECT_EQ(summary.finals[1].attempts, 2);
  EXPECT_THAT(observer_.words, AllOf(Contains("Study#0 model_error"), Contains("Study#1 killed, again"),
                                     Contains("Study#1 completed"), Contains("Study#2 completed")));
  EXPECT_FALSE(fs::exists(folder_ / "work/results/0.csv"));
}

TEST_F(ACampaign, StopsEarlyWhereItIsTold) {
  options_.max_failures = 1;
  dialect_.outcomes[0] = {Outcome::kModelError};
  // The word of a failure comes when it is committed: a run that has started in between ends in peace.
  const std::string told = (folder_ / "told").string();
  folder_.script("work/model",
                 "[ $1 = 0 ] || until [ -e " + told + " ]; do sleep 0.01; done; echo $1 > results/$1.csv");
  observer_.on_progress = [&] {
    if (!observer_.notes.empty()) folder_.write("told", "");
  };
  const Summary summary = go();
  EXPECT_EQ(summary.state, "incomplete");
  EXPECT_EQ(summary.finals[0].outcome, Outcome::kModelError);
  EXPECT_EQ(summary.finals[2].outcome, Outcome::kNotStarted);
  EXPECT_THAT(observer_.notes, Contains(HasSubstr("nothing new is started (--max-failures)")));
}

TEST_F(ACampaign, EndsAtAnInterruptAndResumes) {
  volatile std::sig_atomic_t interrupts = 0;
  options_.interrupts = &interrupts;
  const std::string go_on = (folder_ / "go").string();  // nothing that the run's key knows of
  folder_.script("work/model", "[ -e " + go_on + " ] || [ $1 = 0 ] || sleep 1000; echo $1 > results/$1.csv");
  observer_.on_progress = [&] {
    if (fs::exists(folder_ / "work/results/0.csv")) interrupts = 2;
  };
  const Summary summary = go();
  EXPECT_EQ(summary.state, "cancelled");
  EXPECT_EQ(summary.complete, 1U);
  EXPECT_EQ(summary.not_run, 2U);
  EXPECT_FALSE(fs::exists(folder_ / "work/results/1.csv"));
  EXPECT_THAT(observer_.notes, Contains(HasSubstr("interrupted: nothing new starts")));
  EXPECT_EQ(ledger_->campaigns()->at(0).state, "cancelled");
  interrupts = 0;
  folder_.write("go", "");
  const Summary resumed = run();
  EXPECT_EQ(resumed.known, 1U);
  EXPECT_EQ(resumed.complete, 3U);
}

TEST_F(ACampaign, KeepsForeignFilesAside) {
  folder_.write("work/results/1.csv", "foreign");
  const Summary summary = run();
  EXPECT_EQ(summary.kept, 1U);
  EXPECT_EQ(folder_.read("work/results/1.csv"), "1\n");
  EXPECT_EQ(folder_.read("state/kept/" + summary.campaign + "/results/1.csv"), "foreign");
}

TEST_F(ACampaign, BelievesNothingThatRanWhileItsInputsChanged) {
  const fs::path data = folder_.write("work/data.csv", "1");
  fs::permissions(data, fs::perms(0666));  // where we are root, runs are somebody else
  folder_.script("work/model", "echo $1 > results/$1.csv; echo changed > " + data.string());
  const Summary summary = run();
  EXPECT_EQ(summary.complete, 0U);
  EXPECT_EQ(summary.finals[0].message, data.string() + " was changed while it ran: call again");
  EXPECT_EQ(summary.finals[2].outcome, Outcome::kNotStarted);
  EXPECT_THAT(observer_.notes, Contains(HasSubstr("data.csv has changed: nothing new is started")));
}

TEST_F(ACampaign, EndsStraysAndSaysSo) {
  folder_.script("work/model", "echo x > results/$1.csv; setsid sleep 1000 &");
  EXPECT_EQ(run().complete, 3U);
  EXPECT_THAT(observer_.notes, Contains(HasSubstr("Study#0 left 1 process running: ended")));
}

TEST_F(ACampaign, LetsGoOfItsRuns) {
  const Summary summary = run();
  EXPECT_FALSE(SignOfLife::is_alive(options_.state, summary.campaign));
  std::vector<RunKey> keys;
  const std::vector<PlannedRun> runs = ledger_->runs_of(summary.campaign).value();
  for (const PlannedRun& run : runs) keys.push_back(run.key);
  EXPECT_THAT(ledger_->claim(keys, "next", [](const std::string&) { return true; }).value(), IsEmpty());
}

TEST_F(ACampaign, WaitsForRunsThatAnotherIsAt) {
  const Plan plan = make_plan(options_, dialect_, *ledger_, true).value();
  const std::vector<RunKey> keys{plan.runs[1].key};
  auto life = std::make_unique<SignOfLife>(SignOfLife::show(options_.state, "other").value());
  ASSERT_THAT(ledger_->claim(keys, "other", [](const std::string&) { return true; }).value(), IsEmpty());
  observer_.on_progress = [&] {
    if (fs::exists(folder_ / "work/results/2.csv")) life.reset();  // the other dies: its run is taken over
  };
  EXPECT_EQ(go().complete, 3U);
  EXPECT_THAT(observer_.notes, Contains("1 run is executed by another simswarm in this folder: waiting for it"));
  EXPECT_EQ(folder_.read("work/results/1.csv"), "1\n");
}

TEST_F(ACampaign, HoldsNoFailedRunBackFromWhoWaitsForIt) {
  const Plan plan = make_plan(options_, dialect_, *ledger_, true).value();
  const std::vector<RunKey> others{plan.runs[1].key};
  const std::vector<RunKey> failed{plan.runs[0].key};
  const auto all_alive = [](const std::string&) { return true; };
  auto life = std::make_unique<SignOfLife>(SignOfLife::show(options_.state, "other").value());
  ASSERT_THAT(ledger_->claim(others, "other", all_alive).value(), IsEmpty());
  dialect_.outcomes[0] = {Outcome::kCrashed};
  options_.retries = 0;
  observer_.on_progress = [&] {
    const bool waits =
        std::find(observer_.notes.begin(), observer_.notes.end(),
                  "1 run is executed by another simswarm in this folder: waiting for it") != observer_.notes.end();
    if (!waits || !life) return;
    EXPECT_THAT(ledger_->claim(failed, "other", all_alive).value(), IsEmpty()) << "the other may have it";
    life.reset();
  };
  EXPECT_EQ(go().complete, 2U);
  EXPECT_FALSE(life);
}

TEST_F(ACampaign, ThatCannotStartItsProgramIsAnError) {
  folder_.write("work/model", "#!/none/interpreter\n");
  EXPECT_THAT(error_of(run_campaign(options_, dialect_, observer_)), HasSubstr("cannot start «./model»"));
  EXPECT_EQ(ledger_->campaigns()->at(0).state, "incomplete");
}

}  // namespace
}  // namespace simswarm::campaign
