// The loop over jobs of several studies, and jobs that are wanted no more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "fake_dialect.h"
#include "fake_executor.h"
#include "recording_host.h"
#include "test_folder.h"
#include "worker/worker.h"

namespace simswarm::worker {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

// A study of three runs with an executor of its own, whose program is named after it.
struct AStudy {
  explicit AStudy(const std::string& program) { dialect.program = program; }
  FakeDialect dialect{3};
  exec::FakeExecutor executor;
  RunList runs{dialect.runs};
};

class AWorkerOfStudies : public testing::Test {
 protected:
  AWorkerOfStudies() { options_.scratch = "/scratch"; }
  JobId enqueue(std::size_t study, std::vector<std::size_t> runs) {
    return queue_->enqueue({std::move(runs), false, study});
  }
  void enqueue_all(std::size_t study) {
    for (std::size_t run = 0; run < 3; ++run) enqueue(study, {run});
  }
  std::vector<std::string> work() {
    const Studies studies = [this](std::size_t id) {
      AStudy& study = id == 0 ? first_ : second_;
      return Study{&study.executor, &study.dialect, &study.runs};
    };
    const Status worked = worker::work(*queue_, studies, options_, host_);
    EXPECT_TRUE(worked.has_value()) << error_of(worked);
    return host_.words;
  }
  static std::vector<std::string> commands(const AStudy& study) {
    std::vector<std::string> commands;
    for (const exec::BatchSpec& batch : study.executor.started) commands.push_back(shell_line(batch.argv));
    return commands;
  }
  // Lets what is held end, one round after it was said.
  void release_after(int rounds) {
    host_.on_tick = [this, rounds] {
      if (++ticks_ == rounds) first_.executor.hold = second_.executor.hold = false;
    };
  }

  int ticks_ = 0;
  AStudy first_{"first"};
  AStudy second_{"second"};
  std::unique_ptr<Queue> queue_ = make_memory_queue();
  Options options_;
  RecordingHost host_;
};

TEST_F(AWorkerOfStudies, ExecutesEachJobByItsOwnStudy) {
  enqueue(0, {0});
  enqueue(1, {2});
  enqueue(0, {1});
  EXPECT_THAT(work(), ElementsAre("start first 0", "run 0: completed", "study 1 start second 2",
                                  "study 1 run 2: completed", "start first 1", "run 1: completed"));
  EXPECT_EQ(queue_->counts().finished, 3U);
  EXPECT_EQ(second_.executor.started.at(0).scratch, "/scratch/2") << "numbered among all";
}

TEST_F(AWorkerOfStudies, SharesTheSlotsAmongStudies) {
  options_.jobs = 2;
  first_.executor.hold = second_.executor.hold = true;
  enqueue_all(0);
  enqueue_all(1);
  std::vector<std::size_t> started;
  host_.on_tick = [&] {
    first_.executor.hold = false;  // one of the first ends in each round, until those of the second have all slots
    started.push_back(first_.executor.started.size() + second_.executor.started.size());
    if (second_.executor.started.size() == 2 && first_.executor.started.size() == 3) second_.executor.hold = false;
  };
  work();
  EXPECT_EQ(queue_->counts().finished, 6U);
  EXPECT_EQ(started.front(), 2U) << "not two of each";
  EXPECT_THAT(first_.executor.beside, ElementsAre(0, 1, 1));
  EXPECT_THAT(second_.executor.beside, Contains(1U));
  EXPECT_THAT(second_.executor.beside, Each(testing::Le(1U)));
}

TEST_F(AWorkerOfStudies, GathersFromAllThatRun) {
  options_.jobs = 2;
  enqueue(0, {0});
  enqueue(1, {0});
  EXPECT_THAT(work(),
              ElementsAre("start first 0", "study 1 start second 0", "run 0: completed", "study 1 run 0: completed"));
}

TEST_F(AWorkerOfStudies, NeverMixesStudiesInABatch) {
  host_.batch_size = 4;
  enqueue(0, {0});
  enqueue(0, {1});
  enqueue(1, {0});
  enqueue(1, {1});
  enqueue(0, {2});
  work();
  EXPECT_THAT(commands(first_), ElementsAre("first 0 1", "first 2"));
  EXPECT_THAT(commands(second_), ElementsAre("second 0 1"));
}

TEST_F(AWorkerOfStudies, ShowsWhichStudyARunBelongsTo) {
  second_.executor.hold = true;
  enqueue(1, {2});
  release_after(1);
  work();
  ASSERT_EQ(host_.views.size(), 1U);
  EXPECT_EQ(host_.views[0].study, 1U);
  EXPECT_EQ(host_.views[0].run, 2U);
}

TEST_F(AWorkerOfStudies, EndsAllStudiesAtAnInterrupt) {
  options_.jobs = 2;
  first_.executor.hold = second_.executor.hold = true;
  enqueue(0, {0});
  enqueue(1, {0});
  const JobId waiting = enqueue(1, {1});
  host_.on_tick = [this] { host_.stop = 2; };
  work();
  EXPECT_THAT(first_.executor.ended_by_us, ElementsAre("kill"));
  EXPECT_THAT(second_.executor.ended_by_us, ElementsAre("kill"));
  EXPECT_THAT(host_.withdrawn_jobs, ElementsAre(waiting.index));
}

TEST_F(AWorkerOfStudies, WithdrawsAJobThatWaits) {
  enqueue_all(0);
  host_.stops = {{{1}, Outcome::kCancelled}};
  EXPECT_THAT(work(), ElementsAre("start first 0", "run 0: completed", "start first 2", "run 2: completed"));
  EXPECT_THAT(host_.withdrawn_jobs, ElementsAre(1)) << "once, however often it is asked for";
  EXPECT_EQ(queue_->state({1}), JobState::kCancelled);
}

TEST_F(AWorkerOfStudies, EndsAJobThatIsWantedNoMore) {
  options_.jobs = 2;
  options_.retries = 3;
  first_.executor.hold = true;
  enqueue(0, {0});
  enqueue(1, {0});
  host_.on_start = [this] { host_.stops = {{{0}, Outcome::kLost}}; };
  EXPECT_THAT(work(), ElementsAre("start first 0", "study 1 start second 0", "study 1 run 0: completed", "run 0: lost"))
      << "not again, though that could help";
  EXPECT_THAT(first_.executor.ended_by_us, ElementsAre("stop 1")) << "once, though it is asked for in every round";
  EXPECT_THAT(second_.executor.ended_by_us, IsEmpty());
  EXPECT_EQ(queue_->state({0}), JobState::kFailed);
  EXPECT_THAT(host_.withdrawn_jobs, IsEmpty());
}

TEST_F(AWorkerOfStudies, KnowsNothingToStopOfAJobThatHasEnded) {
  enqueue_all(0);
  host_.stops = {{{0}, Outcome::kCancelled}, {{77}, Outcome::kCancelled}};
  ASSERT_EQ(queue_->claim(1).size(), 1U);
  work();
  EXPECT_THAT(first_.executor.ended_by_us, IsEmpty());
  EXPECT_EQ(queue_->counts().finished, 2U);
}

// Three runs in a process, of which the second is wanted no more while it runs.
class AStoppedBatch : public AWorkerOfStudies {
 protected:
  AStoppedBatch() {
    host_.batch_size = 3;
    first_.executor.hold = true;
    enqueue_all(0);
    host_.on_start = [this] {
      if (first_.executor.started.size() > 1) first_.executor.hold = false;
    };
    host_.on_tick = [this] { host_.stops = {{{1}, Outcome::kCancelled}}; };
    first_.dialect.when_ended = {{0, Outcome::kCompleted}, {2, Outcome::kNotStarted}};
  }
};

TEST_F(AStoppedBatch, KeepsWhatHadEndedAndTriesTheOthersAgain) {
  EXPECT_THAT(work(), ElementsAre("start first 0 1 2", "run 0: completed", "run 1: cancelled",
                                  "run 2: not_started, again", "start first 2", "run 2: completed"));
  EXPECT_EQ(queue_->attempts({2}), 1) << "the first was none";
  EXPECT_EQ(queue_->state({1}), JobState::kFailed);
}

TEST_F(AStoppedBatch, BlamesNoOtherRunThatWasCutShort) {
  first_.dialect.when_ended = {{0, Outcome::kModelError}, {1, Outcome::kNotStarted}};
  EXPECT_THAT(work(), ElementsAre("start first 0 1 2", "run 0: model_error", "run 1: cancelled",
                                  "run 2: not_started, again", "start first 2", "run 2: completed"));
  EXPECT_THAT(host_.messages, Contains("its process was ended because of another run"));
  EXPECT_EQ(queue_->attempts({2}), 1);
}

TEST_F(AStoppedBatch, CountsAJobThatWasCompleteBefore) {
  first_.dialect.when_ended[1] = Outcome::kCompleted;
  EXPECT_THAT(work(), Contains("run 1: completed"));
  EXPECT_EQ(queue_->counts().finished, 3U);
}

TEST_F(AStoppedBatch, TriesNothingOfItAgainThatHadFailedBefore) {
  options_.retries = 3;
  first_.dialect.when_ended[1] = Outcome::kDiskFull;
  EXPECT_THAT(work(), Contains("run 1: disk_full")) << "its own end, not ours";
  EXPECT_EQ(queue_->state({1}), JobState::kFailed);
}

TEST_F(AStoppedBatch, BelievesNothingOfALayerThatCannotBeRead) {
  first_.executor.trouble = Error{ExitCode::kEnvironment, "x: Permission denied", false};
  host_.on_start = [this] {
    if (first_.executor.started.size() < 2) return;
    first_.executor.hold = false;
    first_.executor.trouble.reset();
  };
  EXPECT_THAT(work(),
              ElementsAre("start first 0 1 2", "run 0: not_started, again", "run 1: cancelled",
                          "run 2: not_started, again", "start first 2 0", "run 2: completed", "run 0: completed"));
}

TEST_F(AStoppedBatch, HandsBackTheOthersWhenTheLoopIsEnding) {
  host_.on_tick = [this] {
    host_.draining = true;
    if (++ticks_ == 2) host_.stops = {{{1}, Outcome::kCancelled}};
  };
  EXPECT_THAT(work(), ElementsAre("start first 0 1 2", "run 0: completed", "run 1: cancelled", "run 2: not_started"));
}

TEST_F(AStoppedBatch, MayLoseAllItsRunsOneByOne) {
  host_.on_tick = [this] {
    host_.stops = {{{0}, Outcome::kCancelled}, {{1}, Outcome::kTimedOut}, {{2}, Outcome::kCancelled}};
  };
  first_.dialect.when_ended.clear();
  EXPECT_THAT(work(), ElementsAre("start first 0 1 2", "run 0: cancelled", "run 1: timed_out", "run 2: cancelled"));
}

}  // namespace
}  // namespace simswarm::worker
