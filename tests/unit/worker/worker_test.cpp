#include "worker/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "fake_dialect.h"
#include "fake_executor.h"
#include "recording_host.h"
#include "test_folder.h"

namespace simswarm::worker {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

class AWorker : public testing::Test {
 protected:
  AWorker() { options_.scratch = "/scratch"; }
  // A job for each run, but one for each group of inseparable ones.
  void enqueue() {
    std::vector<bool> grouped(dialect_.runs.size());
    for (const auto& group : dialect_.groups) {
      queue_->enqueue({group});
      for (const std::size_t run : group) grouped[run] = true;
    }
    for (std::size_t i = 0; i < grouped.size(); ++i) {
      if (!grouped[i]) queue_->enqueue({{i}});
    }
  }
  Status work_on_queue() {
    const RunList runs(dialect_.runs);
    return worker::work(
        *queue_,
        [&](std::size_t) {
          return Study{&executor_, &dialect_, &runs};
        },
        options_, host_);
  }
  std::vector<std::string> work() {
    enqueue();
    const Status worked = work_on_queue();
    EXPECT_TRUE(worked.has_value()) << error_of(worked);
    return host_.words;
  }
  [[nodiscard]] std::vector<std::string> commands() const {
    std::vector<std::string> commands;
    for (const exec::BatchSpec& batch : executor_.started) commands.push_back(shell_line(batch.argv));
    return commands;
  }

  const Monotonic begin_ = system_clock().monotonic();
  FakeDialect dialect_{4};
  std::unique_ptr<Queue> queue_ = make_memory_queue();
  exec::FakeExecutor executor_;
  Options options_;
  RecordingHost host_;
};

TEST_F(AWorker, ExecutesOneRunAfterAnother) {
  EXPECT_THAT(work(), ElementsAre("start ./model 0", "run 0: completed", "start ./model 1", "run 1: completed",
                                  "start ./model 2", "run 2: completed", "start ./model 3", "run 3: completed"));
  EXPECT_EQ(queue_->counts().finished, 4U);
  EXPECT_THAT(executor_.beside, Each(0U));
}

TEST_F(AWorker, ExecutesAsManyAtOnceAsItMay) {
  options_.jobs = 3;
  work();
  EXPECT_THAT(executor_.beside, ElementsAre(0, 1, 2, 2));
}

TEST_F(AWorker, ExecutesSeveralRunsInOneProcess) {
  host_.batch_size = 3;
  EXPECT_THAT(work(), ElementsAre("start ./model 0 1 2", "run 0: completed", "run 1: completed", "run 2: completed",
                                  "start ./model 3", "run 3: completed"));
  EXPECT_EQ(executor_.started[0].runs, 3U);
}

TEST_F(AWorker, ExecutesRunsAloneWhereTheDialectKnowsNoBatches) {
  host_.batch_size = 3;
  dialect_.batches = false;
  work();
  EXPECT_THAT(commands(), ElementsAre("./model 0", "./model 1", "./model 2", "./model 3"));
}

TEST_F(AWorker, TellsTheExecutorAllItNeeds) {
  options_.mark = "SIMSWARM_ATTEMPT=01A";
  host_.batch_size = 2;
  dialect_.folder_of_runs = "results";
  work();
  const exec::BatchSpec& second = executor_.started.at(1);
  EXPECT_EQ(second.scratch, "/scratch/2");
  EXPECT_EQ(second.mark, "SIMSWARM_ATTEMPT=01A.2");
  EXPECT_THAT(second.folders, ElementsAre("results/2", "results/3"));
  EXPECT_NE(second.id, executor_.started.at(0).id);
}

TEST_F(AWorker, PutsIntoOneProcessOnlyWhatMayShareIt) {
  host_.batch_size = 4;
  dialect_.runs[2].config = "Other";
  work();
  EXPECT_THAT(commands(), ElementsAre("./model 0 1", "./model 2", "./model 3"));
}

TEST_F(AWorker, ExecutesTrialsBesideTheQueue) {
  host_.trials = {{0, 1}};
  EXPECT_THAT(work(), ElementsAre("trial of 2 runs", "start ./model 0", "run 0: completed", "start ./model 1",
                                  "run 1: completed", "start ./model 2", "run 2: completed", "start ./model 3",
                                  "run 3: completed"));
  EXPECT_EQ(commands().front(), "./model 0 1");
}

TEST_F(AWorker, StartsBesideOthersOnlyWhatHasRoom) {
  options_.jobs = 3;
  host_.room = 2;
  work();
  EXPECT_THAT(executor_.beside, ElementsAre(0, 1, 0, 0)) << "but what nothing runs beside always has";
}

TEST_F(AWorker, EndsWhatShowsNoSignOfLife) {
  options_.stall = 0.6;
  dialect_ = FakeDialect(1);
  executor_.hold = true;
  const auto words = work();
  EXPECT_THAT(executor_.ended_by_us, ElementsAre("stop 1"));
  EXPECT_THAT(host_.messages,
              Contains(testing::HasSubstr("(--stall); it tells no events, so whether these went on is not known")));
}

TEST_F(AWorker, LetsGoOnWhatWorksOrWrites) {
  options_.stall = 0.6;
  dialect_ = FakeDialect(1);
  executor_.hold = true;
  int ticks = 0;
  host_.on_tick = [&] {
    executor_.cpu_seconds += 1;
    if (system_clock().monotonic() - begin_ > milliseconds(1500)) executor_.hold = false;
    ++ticks;
  };
  work();
  EXPECT_THAT(executor_.ended_by_us, testing::IsEmpty());
}

TEST_F(AWorker, TriesAgainWhatCanBeHelped) {
  options_.retries = 1;
  dialect_ = FakeDialect(2);
  dialect_.outcomes[0] = {Outcome::kKilled};
  EXPECT_THAT(work(), ElementsAre("start ./model 0", "run 0: killed, again", "start ./model 0", "run 0: completed",
                                  "start ./model 1", "run 1: completed"));
  EXPECT_EQ(queue_->attempts({0}), 2);
  EXPECT_EQ(queue_->counts().finished, 2U);
}

TEST_F(AWorker, TriesNothingAgainMoreOftenThanItMay) {
  options_.retries = 2;
  dialect_ = FakeDialect(1);
  dialect_.outcomes[0] = {Outcome::kKilled, Outcome::kDiskFull, Outcome::kKilled, Outcome::kKilled};
  EXPECT_THAT(work(), ElementsAre("start ./model 0", "run 0: killed, again", "start ./model 0",
                                  "run 0: disk_full, again", "start ./model 0", "run 0: killed"));
  EXPECT_EQ(queue_->state({0}), JobState::kFailed);
}

TEST_F(AWorker, TriesNothingAgainThatIsDeterministic) {
  options_.retries = 5;
  const std::vector<Outcome> ends{Outcome::kModelError, Outcome::kCrashed, Outcome::kIncomplete, Outcome::kTimedOut};
  for (std::size_t i = 0; i < ends.size(); ++i) dialect_.outcomes[static_cast<std::int64_t>(i)] = {ends[i]};
  work();
  EXPECT_THAT(commands(), ElementsAre("./model 0", "./model 1", "./model 2", "./model 3"));
  EXPECT_EQ(queue_->counts().failed, 4U);
}

TEST_F(AWorker, GoesOnPastFailedRuns) {
  dialect_.outcomes[0] = {Outcome::kCrashed};
  work();
  EXPECT_EQ(queue_->counts().failed, 1U);
  EXPECT_EQ(queue_->counts().finished, 3U);
}

TEST_F(AWorker, CountsATeardownThatFailedAsComplete) {
  dialect_.outcomes[0] = {Outcome::kTeardownFailed};
  work();
  EXPECT_EQ(queue_->counts().finished, 4U);
}

TEST_F(AWorker, TriesWhatRanOutOfMemoryAgainAlone) {
  options_.jobs = 2;
  options_.retries = 1;
  dialect_.outcomes[0] = {Outcome::kOutOfMemory};
  work();
  EXPECT_THAT(commands(), ElementsAre("./model 0", "./model 1", "./model 0", "./model 2", "./model 3"));
  EXPECT_THAT(executor_.beside, ElementsAre(0, 1, 0, 0, 1)) << "nothing beside it, and nothing comes beside it";
}

TEST_F(AWorker, LetsRunsComeBackWhoseTurnHadNotCome) {
  host_.batch_size = 4;
  dialect_.outcomes[0] = {Outcome::kCompleted};
  dialect_.outcomes[1] = {Outcome::kCrashed};
  dialect_.outcomes[2] = {Outcome::kNotStarted};
  dialect_.outcomes[3] = {Outcome::kNotStarted};
  const auto words = work();
  EXPECT_THAT(std::vector<std::string>(words.begin(), words.begin() + 5),
              ElementsAre("start ./model 0 1 2 3", "run 0: completed", "run 1: crashed", "run 2: not_started, again",
                          "run 3: not_started, again"));
  EXPECT_THAT(words, Contains("run 2: completed"));
  EXPECT_THAT(words, Contains("run 3: completed"));
  EXPECT_EQ(queue_->counts().finished, 3U);
  EXPECT_EQ(queue_->attempts({2}), 1) << "though no retries are allowed: it was no attempt of theirs";
}

TEST_F(AWorker, BlamesNoRunThatAnInterruptHasReachedFirst) {
  options_.retries = 1;
  dialect_.outcomes[0] = {Outcome::kKilled};
  host_.on_start = [this] { host_.stop = 1; };
  EXPECT_THAT(work(), ElementsAre("start ./model 0", "run 0: cancelled"));
}

TEST_F(AWorker, TriesRunsOfABatchAgainInProcessesOfTheirOwn) {
  host_.batch_size = 2;
  options_.retries = 1;
  dialect_.outcomes[0] = {Outcome::kKilled};
  work();
  EXPECT_THAT(commands(), ElementsAre("./model 0 1", "./model 0", "./model 2 3"));
}

TEST_F(AWorker, KeepsInseparableRunsInOneProcess) {
  dialect_.groups = {{1, 2}};
  EXPECT_THAT(work(), ElementsAre("start ./model 1 2", "run 1: completed", "run 2: completed", "start ./model 0",
                                  "run 0: completed", "start ./model 3", "run 3: completed"));
}

TEST_F(AWorker, PutsNoOtherRunsIntoTheProcessOfInseparableOnes) {
  dialect_.groups = {{1, 2}};
  host_.batch_size = 4;
  work();
  EXPECT_THAT(commands(), ElementsAre("./model 1 2", "./model 0 3"));
}

TEST_F(AWorker, CountsInseparableRunsOnlyTogether) {
  dialect_ = FakeDialect(2);
  dialect_.groups = {{0, 1}};
  dialect_.outcomes[1] = {Outcome::kModelError};
  EXPECT_THAT(work(), ElementsAre("start ./model 0 1", "run 0: incomplete", "run 1: model_error"));
  EXPECT_EQ(host_.messages[0], "shares a result file with a run that is not complete");
  EXPECT_EQ(queue_->counts().failed, 1U);
}

TEST_F(AWorker, TriesInseparableRunsAgainTogether) {
  dialect_ = FakeDialect(2);
  dialect_.groups = {{0, 1}};
  options_.retries = 1;
  dialect_.outcomes[1] = {Outcome::kKilled};
  EXPECT_THAT(work(), ElementsAre("start ./model 0 1", "run 0: incomplete, again", "run 1: killed, again",
                                  "start ./model 0 1", "run 0: completed", "run 1: completed"));
}

TEST_F(AWorker, BelievesNothingOfALayerThatCannotBeRead) {
  dialect_ = FakeDialect(1);
  executor_.trouble = Error{ExitCode::kEnvironment, "x: Permission denied", false};
  EXPECT_THAT(work(), ElementsAre("start ./model 0", "run 0: incomplete"));
  EXPECT_THAT(host_.messages, ElementsAre("what it left cannot be read: x: Permission denied"));
}

TEST_F(AWorker, CountsAStartThatFailsAsALostAttempt) {
  dialect_ = FakeDialect(1);
  options_.retries = 1;
  executor_.refuse = Error{ExitCode::kEnvironment, "cannot start «./model»: no memory", false};
  EXPECT_THAT(work(), ElementsAre("start ./model 0", "run 0: lost, again", "start ./model 0", "run 0: lost"));
  EXPECT_EQ(host_.messages[0], "could not be started: cannot start «./model»: no memory");
  EXPECT_EQ(queue_->counts().failed, 1U);
}

TEST_F(AWorker, GivesUpWhenStartsFailTimeAndAgain) {
  dialect_ = FakeDialect(20);
  enqueue();
  executor_.refuse = Error{ExitCode::kUsage, "program «./model» is not there", false};
  EXPECT_EQ(error_of(work_on_queue()), "program «./model» is not there");
  EXPECT_EQ(queue_->counts().queued, 0U);
  EXPECT_GE(queue_->counts().cancelled, 10U);
}

TEST_F(AWorker, GoesOnWhereStartsThatFailAreEachRunsOwnFailure) {
  options_.gives_up = false;
  dialect_ = FakeDialect(20);
  executor_.refuse = Error{ExitCode::kUsage, "program «./model» is not there", false};
  host_.on_tick = [&] {
    if (queue_->counts().failed == 7) executor_.refuse.reset();
  };
  work();
  EXPECT_EQ(queue_->counts().failed, 7U);
  EXPECT_EQ(queue_->counts().finished, 13U);
}

TEST_F(AWorker, LetsRunningRunsEndInTheirOwnTimeWhenItDrains) {
  options_.grace = 0;
  options_.jobs = 2;
  executor_.hold = true;
  int ticks = 0;
  host_.on_tick = [&] {
    host_.draining = true;
    if (++ticks == 3) executor_.hold = false;
  };
  EXPECT_THAT(work(), ElementsAre("start ./model 0", "start ./model 1", "run 0: completed", "run 1: completed"));
  EXPECT_THAT(executor_.ended_by_us, IsEmpty());
  EXPECT_EQ(queue_->counts().cancelled, 2U);
  EXPECT_THAT(host_.withdrawn_jobs, ElementsAre(2, 3)) << "the host may hand them back";
}

TEST_F(AWorker, CanBeInterruptedWhileItDrains) {
  options_.grace = 0;
  executor_.hold = true;
  int ticks = 0;
  host_.on_tick = [&] {
    host_.draining = true;
    if (++ticks == 3) host_.stop = 1;
  };
  EXPECT_THAT(work(), ElementsAre("start ./model 0", "run 0: cancelled"));
}

TEST_F(AWorker, DoesNotAskForeverForABatchThatNeverStarts) {
  host_.batch_size = 2;
  dialect_ = FakeDialect(2);
  for (std::int64_t i = 0; i < 2; ++i) dialect_.outcomes[i] = {50, Outcome::kNotStarted};
  work();
  EXPECT_EQ(queue_->counts().failed, 2U);
}

TEST_F(AWorker, StartsNothingNewWhileTheHostIsBusy) {
  host_.busy_rounds = 3;
  std::vector<std::size_t> started;
  host_.on_tick = [&] { started.push_back(executor_.started.size()); };
  work();
  ASSERT_GE(started.size(), 4U);
  EXPECT_THAT(std::vector<std::size_t>(started.begin(), started.begin() + 4), ElementsAre(0, 0, 0, 1));
  EXPECT_EQ(queue_->counts().finished, 4U);
}

TEST_F(AWorker, ShowsHowFarRunsAre) {
  const TestFolder folder;
  executor_.output = folder.write("stdout", "25%");
  executor_.hold = true;
  dialect_ = FakeDialect(1);
  host_.on_tick = [&] { executor_.hold = false; };
  work();
  ASSERT_EQ(host_.views.size(), 1U);
  EXPECT_EQ(host_.views[0].run, 0U);
  EXPECT_EQ(host_.views[0].wall_seconds, 2.5);
  EXPECT_EQ(host_.views[0].progress.fraction, 0.25);
  EXPECT_EQ(host_.views[0].progress.memory, 1000U);
}

TEST_F(AWorker, GivesRunningRunsTheirGraceAfterTheFirstInterrupt) {
  options_.grace = 1000;
  executor_.hold = true;
  int ticks = 0;
  host_.on_tick = [&] {
    host_.stop = 1;
    if (++ticks == 3) executor_.hold = false;
  };
  EXPECT_THAT(work(), ElementsAre("start ./model 0", "run 0: completed"));
  EXPECT_THAT(executor_.ended_by_us, IsEmpty());
  EXPECT_EQ(queue_->counts().cancelled, 3U);
  EXPECT_EQ(queue_->counts().finished, 1U) << "what ended within its grace counts";
}

TEST_F(AWorker, EndsRunningRunsWhenTheirGraceIsOver) {
  options_.grace = 0;
  options_.retries = 3;
  executor_.hold = true;
  host_.on_tick = [&] { host_.stop = 1; };
  EXPECT_THAT(work(), ElementsAre("start ./model 0", "run 0: cancelled"));
  EXPECT_THAT(executor_.ended_by_us, ElementsAre("stop 1")) << "with SIGTERM first, and once";
}

TEST_F(AWorker, EndsAllNowAfterTheSecondInterrupt) {
  options_.grace = 1000;
  options_.jobs = 2;
  executor_.hold = true;
  host_.on_tick = [&] { ++host_.stop; };
  EXPECT_THAT(work(), ElementsAre("start ./model 0", "start ./model 1", "run 0: cancelled", "run 1: cancelled"));
  EXPECT_THAT(executor_.ended_by_us, ElementsAre("kill"));
}

TEST_F(AWorker, TriesNothingAgainAfterAnInterrupt) {
  options_.grace = 1000;
  options_.retries = 3;
  dialect_.outcomes[0] = {Outcome::kDiskFull};
  executor_.hold = true;
  int ticks = 0;
  host_.on_tick = [&] {
    host_.stop = 1;
    if (++ticks == 2) executor_.hold = false;
  };
  EXPECT_THAT(work(), ElementsAre("start ./model 0", "run 0: disk_full"));
}

TEST_F(AWorker, StartsNothingWhenItWasInterruptedBefore) {
  host_.stop = 1;
  EXPECT_THAT(work(), IsEmpty());
  EXPECT_EQ(queue_->counts().cancelled, 4U);
}

}  // namespace
}  // namespace simswarm::worker
