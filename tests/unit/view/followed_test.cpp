#include "view/followed.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "fake_queue_watch.h"
#include "store_samples.h"
#include "view_support.h"

namespace simswarm::view {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kCampaign = "01M82V0000AAAAAAAAAAAAAAAA";
constexpr const char* kEarlier = "01M82U0000AAAAAAAAAAAAAAAA";

// Jobs are «CAMPAIGN-POSITION».
std::optional<std::size_t> position_of(const std::string& campaign, const jobs::JobId& job) {
  if (!job.text.starts_with(campaign + "-")) return std::nullopt;
  const auto number = parse_int(job.text.substr(campaign.size() + 1));
  return number ? std::optional(static_cast<std::size_t>(*number)) : std::nullopt;
}
std::string job_at(std::size_t position) {
  return fmt::format("{}-{}", kCampaign, position);
}

// Six runs, a queue and a store in a folder.
class FollowerTest : public testing::Test {
 protected:
  FollowerTest() { follow(6); }

  void follow(std::size_t runs) {
    store::CampaignRecord record;
    record.id = kCampaign;
    record.queue = "run-a";
    RunPlan plan;
    for (std::size_t i = 0; i < runs; ++i) plan.runs.push_back(run_of("Study", static_cast<std::int64_t>(i)));
    plan.keys = keys_for(runs);
    followed_ = std::make_shared<Followed>(record, std::move(plan));
    follower_ = std::make_unique<Follower>(followed_, position_of);
  }

  // A second later.
  bool look() {
    now_ += seconds(1);
    const auto is_behind = follower_->look_at_queue(queue_, queue_.counts(), now_);
    EXPECT_TRUE(is_behind.has_value()) << error_of(is_behind);
    return is_behind.value_or(false);
  }
  void ask_store(int times = 6) {
    for (int i = 0; i < times; ++i) {
      const Status asked = follower_->look_at_store(*store_);
      EXPECT_TRUE(asked.has_value()) << error_of(asked);
    }
  }

  void wait(std::vector<std::size_t> positions, jobs::Place place = jobs::Place::kQueued) {
    queue_.places[place].clear();
    for (const std::size_t position : positions) queue_.places[place].push_back(job_at(position));
  }
  void start(std::size_t position, int attempt = 1, const std::string& worker = "w1") {
    std::erase(queue_.places[jobs::Place::kQueued], job_at(position));
    jobs::JobView job;
    job.id = {job_at(position)};
    job.state = jobs::State::kStarted;
    job.attempt = attempt;
    job.worker = worker;
    job.node = "lab1";
    job.started_at = "2026-11-22T12:57:03.500000Z";
    job.progress = R"({"fraction":0.5})";
    queue_.started.push_back(job);
  }
  void leave(std::size_t position) {
    std::erase_if(queue_.started, [&](const jobs::JobView& job) { return job.id.text == job_at(position); });
  }
  void end(std::size_t position, jobs::State state, int attempt = 1) {
    leave(position);
    std::erase(queue_.places[jobs::Place::kQueued], job_at(position));
    queue_.ended.push_back({{job_at(position)},
                            state,
                            attempt,
                            "w1",
                            "lab1",
                            "2026-11-22T12:57:03.500000Z",
                            "2026-11-22T12:57:13.500000Z"});
  }
  store::AttemptRecord attempt(std::size_t position, Outcome outcome, int number = 1,
                               const std::string& campaign = kCampaign) {
    store::AttemptRecord record;
    record.attempt.key = key_at(position);
    record.attempt.campaign = campaign;
    record.attempt.number = number;
    record.attempt.verdict.outcome = outcome;
    record.attempt.verdict.message = is_complete(outcome) ? "" : "it said why";
    record.attempt.usage.wall_seconds = 9.5;
    record.attempt.usage.peak_memory = 5000;
    record.attempt.host = "lab1";
    record.attempt.started = Stamp(seconds(1'795'000'000 + number));
    record.attempt.ended = Stamp(seconds(1'795'000'010 + number));
    record.worker = "w1";
    return record;
  }
  void note(const store::AttemptRecord& record) { EXPECT_TRUE(store_->note_attempts({&record, 1})); }
  void accept(std::size_t position, const std::string& campaign) {
    store::RunRecord record = store::make_result(*store_, campaign, "run", "content", false);
    record.made_by = attempt(position, Outcome::kCompleted, 1, campaign);
    store::accept_one(*store_, record);
  }

  // What runs are, a word each.
  std::vector<std::string> cells() {
    const std::lock_guard lock(followed_->mutex);
    std::vector<std::string> all;
    for (std::size_t i = 0; i < followed_->model.size(); ++i) all.emplace_back(to_text(followed_->model.facts(i).cell));
    return all;
  }
  std::string cell(std::size_t position) { return cells().at(position); }
  Facts facts_at(std::size_t position) {
    const std::lock_guard lock(followed_->mutex);
    return followed_->model.facts(position);
  }

  TestFolder folder_;
  std::unique_ptr<store::Store> store_ =
      std::make_unique<store::Store>(store::value_of(store::open_directory(folder_ / "store")));
  FakeQueueWatch queue_;
  std::shared_ptr<Followed> followed_;
  std::unique_ptr<Follower> follower_;
  Monotonic now_{hours(100)};
};

TEST_F(FollowerTest, SeesRunsWaitRunAndEnd) {
  wait({0, 1, 2, 3, 4, 5});
  look();
  EXPECT_THAT(cells(), testing::Each("waiting"));
  start(0);
  start(1);
  look();
  EXPECT_THAT(cells(), ElementsAre("running", "running", "waiting", "waiting", "waiting", "waiting"));
  EXPECT_EQ(followed_->model.place(facts_at(0).place), (Place{"w1", "lab1"}));
  EXPECT_EQ(followed_->progress.at(0), R"({"fraction":0.5})");
  end(0, jobs::State::kFinished);
  end(1, jobs::State::kFailed);
  look();
  EXPECT_THAT(cells(), ElementsAre("completed", "failed", "waiting", "waiting", "waiting", "waiting"));
  EXPECT_THAT(followed_->progress, IsEmpty());
  EXPECT_FLOAT_EQ(facts_at(0).seconds, 10);
  EXPECT_EQ(facts_at(0).memory, 0U) << "the queue does not know it";
}

TEST_F(FollowerTest, LearnsFromTheStoreWhatAttemptsCameTo) {
  end(0, jobs::State::kFinished);
  end(1, jobs::State::kFailed);
  look();
  note(attempt(0, Outcome::kCompleted));
  note(attempt(1, Outcome::kTimedOut));
  ask_store();
  EXPECT_EQ(cell(0), "completed");
  EXPECT_EQ(cell(1), "timed_out");
  EXPECT_EQ(facts_at(0).memory, 5000U);
  EXPECT_FLOAT_EQ(facts_at(1).seconds, 9.5);
  EXPECT_EQ(followed_->messages.at(1), "it said why");
  EXPECT_FALSE(followed_->messages.contains(0));
  look();
  EXPECT_EQ(cell(1), "timed_out") << "the queue's word is no news";
}

TEST_F(FollowerTest, AsksAgainForWhatTheStoreIsToldLater) {
  end(1, jobs::State::kFailed);
  look();
  ask_store(2);
  EXPECT_EQ(cell(1), "failed");
  note(attempt(1, Outcome::kStalled));
  ask_store(1);
  EXPECT_EQ(cell(1), "stalled");
}

TEST_F(FollowerTest, FollowsARunThatIsQueuedAgain) {
  end(2, jobs::State::kFailed);
  look();
  note(attempt(2, Outcome::kCrashed));
  ask_store();
  ASSERT_EQ(cell(2), "crashed");
  queue_.forget_ended();
  wait({2});
  look();
  EXPECT_EQ(cell(2), "waiting");
  ask_store();
  EXPECT_EQ(cell(2), "waiting") << "what is known of the attempt before does not count";
  start(2, 2);
  look();
  EXPECT_EQ(cell(2), "running");
  EXPECT_EQ(facts_at(2).attempt, 2);
  end(2, jobs::State::kFinished, 2);
  note(attempt(2, Outcome::kCompleted, 2));
  look();
  ask_store();
  EXPECT_EQ(cell(2), "completed");
}

TEST_F(FollowerTest, TakesNoWordOfAnEarlierAttemptForALaterOne) {
  end(2, jobs::State::kFailed);
  look();
  queue_.forget_ended();
  start(2, 2);
  look();
  note(attempt(2, Outcome::kCrashed));
  ask_store();
  EXPECT_EQ(cell(2), "running");
}

TEST_F(FollowerTest, SeesARunThatIsLostWaitAgain) {
  start(3);
  look();
  leave(3);
  wait({3});
  look();
  EXPECT_EQ(cell(3), "waiting");
  start(3, 2, "w2");
  look();
  EXPECT_EQ(cell(3), "running");
  EXPECT_EQ(followed_->model.place(facts_at(3).place).worker, "w2");
}

TEST_F(FollowerTest, SeesCancelledRuns) {
  wait({4, 5});
  look();
  wait({});
  end(4, jobs::State::kCancelled, 0);
  end(5, jobs::State::kStopped);
  look();
  EXPECT_EQ(cell(4), "cancelled");
  EXPECT_EQ(cell(5), "cancelled");
}

TEST_F(FollowerTest, KnowsResultsOfEarlierCampaigns) {
  wait({2, 3, 4, 5});
  accept(0, kEarlier);
  accept(1, kCampaign);
  look();
  EXPECT_FALSE(followed_->is_whole);
  ask_store();
  EXPECT_THAT(cells(), ElementsAre("known", "completed", "waiting", "waiting", "waiting", "waiting"));
  EXPECT_TRUE(followed_->is_whole);
}

TEST_F(FollowerTest, ReadsAllOfTheStoreWhereTheQueueHasForgottenIt) {
  note(attempt(1, Outcome::kLost, 1));
  note(attempt(1, Outcome::kOutOfMemory, 2));
  note(attempt(2, Outcome::kCrashed, 1));
  accept(2, kCampaign);
  accept(0, kEarlier);
  note(attempt(4, Outcome::kCrashed, 1, kEarlier));
  follower_->have_no_queue();
  ask_store();
  EXPECT_THAT(cells(), ElementsAre("known", "out_of_memory", "crashed", "unknown", "unknown", "unknown"));
  EXPECT_TRUE(followed_->is_whole);
  EXPECT_EQ(followed_->messages.at(1), "it said why");
}

TEST_F(FollowerTest, DoesNotGoOnShowingWhatRanWhenTheQueueWasLost) {
  wait({0, 1, 2, 3, 4, 5});
  start(0);
  end(1, jobs::State::kFinished);
  look();
  note(attempt(1, Outcome::kCompleted));
  accept(1, kCampaign);
  ask_store();
  follower_->have_no_queue();
  EXPECT_THAT(cells(), ElementsAre("unknown", "completed", "unknown", "unknown", "unknown", "unknown"));
  EXPECT_THAT(followed_->progress, IsEmpty());
  ask_store();
  EXPECT_TRUE(followed_->is_whole);
  // It is filled anew.
  queue_.forget_ended();
  leave(0);
  wait({0, 2, 3, 4, 5});
  now_ += seconds(20);
  look();
  EXPECT_THAT(cells(), ElementsAre("waiting", "completed", "waiting", "waiting", "waiting", "waiting"));
}

TEST_F(FollowerTest, GoesOnWhereTheStoreWasAway) {
  end(1, jobs::State::kFailed);
  look();
  note(attempt(1, Outcome::kTimedOut));
  accept(0, kEarlier);
  class Away final : public store::BackEnd {
   public:
    static tl::unexpected<Error> gone() { return tl::unexpected(Error{ExitCode::kEnvironment, "the store is away"}); }
    Result<std::vector<bool>> insert(const std::string&, std::span<const store::Document>) override { return gone(); }
    Result<std::vector<std::optional<store::Document>>> find(const std::string&, std::span<const std::string>,
                                                             store::Part) override {
      return gone();
    }
    Status each(const std::string&, const store::Where&, const Visit&) override { return gone(); }
    Result<bool> remove(const std::string&, const std::string&) override { return gone(); }
    Result<std::unique_ptr<store::FileWriter>> create_file() override { return gone(); }
    Result<std::unique_ptr<Source>> open_file(const store::FileRecord&) override { return gone(); }
    Result<std::optional<store::FileRecord>> find_file(const std::string&) override { return gone(); }
    Status each_file(const VisitFile&) override { return gone(); }
    Status remove_file(const std::string&) override { return gone(); }
    Result<store::Swept> sweep(std::chrono::seconds) override { return gone(); }
    const std::string& shown() const override { return shown_; }

   private:
    std::string shown_ = "nowhere";
  };
  store::Store away(std::make_unique<Away>());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(error_of(follower_->look_at_store(away)), "the store is away");
  EXPECT_EQ(cell(1), "failed");
  ask_store();
  EXPECT_EQ(cell(1), "timed_out");
  EXPECT_EQ(cell(0), "known");
}

TEST_F(FollowerTest, GoesOnWhereTheQueueWasAway) {
  start(0);
  look();
  queue_.trouble = "Redis is away";
  EXPECT_EQ(error_of(follower_->look_at_queue(queue_, {}, now_)), "Redis is away");
  EXPECT_EQ(cell(0), "running");
  queue_.trouble.clear();
  end(0, jobs::State::kFinished);
  look();
  EXPECT_EQ(cell(0), "completed");
}

TEST_F(FollowerTest, ReadsOnWhereThereIsMoreThanOneAnswerHolds) {
  constexpr std::size_t kRuns = jobs::QueueWatch::kMostMoves * 2 + 100;
  follow(kRuns);
  for (std::size_t i = 0; i < kRuns; ++i) end(i, jobs::State::kFinished);
  EXPECT_TRUE(look());
  EXPECT_TRUE(look());
  EXPECT_FALSE(look());
  EXPECT_EQ(followed_->model.count(Cell::kCompleted), kRuns);
  EXPECT_EQ(queue_.ids_asked, 0) << "what waits is asked for when all else is known";
}

TEST_F(FollowerTest, AsksForWhatWaitsOnlyNowAndThen) {
  // Somebody else's jobs stand in the same queue: the numbers always differ.
  queue_.places[jobs::Place::kQueued] = {"01OTHER-1", "01OTHER-2"};
  for (int i = 0; i < 30; ++i) look();
  EXPECT_GE(queue_.ids_asked, 2);
  EXPECT_LE(queue_.ids_asked, 4);
  EXPECT_THAT(cells(), testing::Each("unknown"));
}

TEST_F(FollowerTest, ReadsAllPlacesWhereSomethingWaits) {
  wait({0});
  wait({1}, jobs::Place::kScheduled);
  wait({2}, jobs::Place::kDeferred);
  look();
  EXPECT_THAT(cells(), ElementsAre("waiting", "waiting", "waiting", "unknown", "unknown", "unknown"));
}

TEST_F(FollowerTest, MindsNoJobsOfOthers) {
  queue_.ended.push_back({{"01OTHER-1"}, jobs::State::kFinished, 1, "w", "n", "", ""});
  queue_.ended.push_back({{job_at(99)}, jobs::State::kFinished, 1, "w", "n", "", ""});
  queue_.ended.push_back({{job_at(0)}, jobs::State::kFinished, -5, "w", "n", "no time", "neither"});
  jobs::JobView strange;
  strange.id = {job_at(99)};
  strange.attempt = 1'000'000;
  queue_.started.push_back(strange);
  strange.id = {job_at(1)};
  queue_.started.push_back(strange);
  look();
  EXPECT_EQ(cell(0), "completed");
  EXPECT_EQ(facts_at(0).seconds, 0);
  EXPECT_EQ(facts_at(1).attempt, 65535);
}

TEST_F(FollowerTest, KeepsOnlySoManyMessages) {
  follow(Followed::kMostMessages + 10);
  Verdict verdict;
  verdict.outcome = Outcome::kModelError;
  verdict.message = std::string(1U << 20U, 'x');
  for (std::size_t i = 0; i < Followed::kMostMessages + 10; ++i) followed_->note_message(i, verdict);
  EXPECT_EQ(followed_->messages.size(), Followed::kMostMessages);
  EXPECT_EQ(followed_->messages.at(0).size(), Followed::kLongestMessage);
  followed_->note_message(0, {.outcome = Outcome::kCompleted, .message = "", .place = {}});
  EXPECT_FALSE(followed_->messages.contains(0));
}

}  // namespace
}  // namespace simswarm::view
