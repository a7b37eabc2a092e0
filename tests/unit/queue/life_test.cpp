#include "queue/life.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simswarm::jobs {
namespace {

using testing::ElementsAre;

constexpr Stamp kNow{std::chrono::seconds(1'795'000'000)};
constexpr std::chrono::milliseconds kLease{10'000};

// A job in this state, whose attempt 2 was or is the last, with a lease and a due time of now.
Life life_in(State state) {
  Life life;
  life.state = state;
  life.attempt = 2;
  life.settled = state == State::kFinished || state == State::kFailed || state == State::kStopped ? 2 : 1;
  life.retries_left = 1;
  life.max_lost = 3;
  life.node = "node2";
  life.lease_until = kNow;
  life.due = kNow;
  return life;
}

struct Row {
  const char* name;
  Event event;
  Stamp now;
  // What becomes of a job that was deferred, scheduled, queued, started, finished, failed, stopped, cancelled: the
  // letter of the new state, «=» already so, «.» refused.
  const char* becomes;
};

const std::vector<Row>& rows() {
  constexpr Stamp before = kNow - std::chrono::microseconds(1);
  static const std::vector<Row> all{
      {"claimed", Claimed{{"w"}, "node3", kLease}, kNow, "..R....."},
      {"heartbeat", Beaten{2, kLease}, kNow, "...R...."},
      {"heartbeat of an earlier attempt", Beaten{1, kLease}, kNow, "........"},
      {"heartbeat of a later attempt", Beaten{3, kLease}, kNow, "........"},
      {"completed", Completed{2}, kNow, "...F===."},
      {"completed, when nobody has taken it back yet", Completed{2}, kNow + kLease, "...F===."},
      {"completed by an earlier attempt that ended", Completed{1}, kNow, "====...="},
      {"completed by a later attempt", Completed{3}, kNow, "........"},
      {"completed by none", Completed{0}, kNow, "........"},
      {"failed", Failed{2, AfterFailure::kMayRetry}, kNow, "...Q===."},
      {"failed for good", Failed{2, AfterFailure::kNoRetry}, kNow, "...X===."},
      {"stopped", Failed{2, AfterFailure::kWasStopped}, kNow, "...P===."},
      {"failed in a later attempt", Failed{3, AfterFailure::kNoRetry}, kNow, "........"},
      {"handed back", HandedBack{2}, kNow, "...Q===."},
      {"handed back by a later attempt", HandedBack{3}, kNow, "........"},
      {"lease looked at", LeaseLooked{}, before, "........"},
      {"lease looked at when it has run out", LeaseLooked{}, kNow, "...Q...."},
      {"cancelled", Cancelled{}, kNow, "CCCC...="},
      {"asked to stop", StopRequested{}, kNow, "...R..=."},
      {"requeued", Requeued{true}, kNow, "..=..QQQ"},
      {"requeued, but it has to wait", Requeued{false}, kNow, "..=..DDD"},
      {"looked at before it is due", DueLooked{}, before, "........"},
      {"looked at when it is due", DueLooked{}, kNow, ".Q......"},
      {"dependencies met", DependenciesLooked{true}, kNow, "Q......."},
      {"dependencies not met", DependenciesLooked{false}, kNow, "........"},
  };
  return all;
}

bool same(const Life& a, const Life& b) {
  return a.state == b.state && a.attempt == b.attempt && a.settled == b.settled && a.retries_left == b.retries_left &&
         a.worker == b.worker && a.node == b.node && a.lease_until == b.lease_until &&
         a.stop_requested == b.stop_requested && a.lost_on == b.lost_on && a.lost == b.lost && a.due == b.due;
}

TEST(Life, GoesByTheTableInEachStateAtEachEvent) {
  constexpr std::string_view letters = "DSQRFXPC";
  for (const Row& row : rows()) {
    for (int i = 0; i < kStates; ++i) {
      SCOPED_TRACE(std::string(row.name) + " while " + std::string(to_text(static_cast<State>(i))));
      const Life before = life_in(static_cast<State>(i));
      Life life = before;
      const Answer answer = apply(life, row.event, row.now);
      const char expected = row.becomes[i];
      if (expected == '.' || expected == '=') {
        EXPECT_EQ(answer, expected == '.' ? Answer::kRefused : Answer::kAlready);
        EXPECT_TRUE(same(life, before)) << "nothing has changed";
      } else {
        EXPECT_EQ(answer, Answer::kDone);
        EXPECT_EQ(letters[static_cast<std::size_t>(life.state)], expected);
      }
    }
  }
}

TEST(Life, KnowsEachEvent) {
  std::vector<bool> seen(std::variant_size_v<Event>);
  for (const Row& row : rows()) seen[row.event.index()] = true;
  EXPECT_THAT(seen, testing::Each(true));
}

TEST(Life, BeginsDeferredScheduledOrQueued) {
  NewJob job;
  EXPECT_EQ(begin_life(job, true, kNow).state, State::kQueued);
  EXPECT_EQ(begin_life(job, false, kNow).state, State::kDeferred);
  job.delay = std::chrono::seconds(5);
  const Life later = begin_life(job, true, kNow + std::chrono::microseconds(1));
  EXPECT_EQ(later.state, State::kScheduled);
  EXPECT_EQ(later.due, kNow + std::chrono::seconds(6)) << "never early";
}

TEST(Life, BeginsTheLeaseWithTheClaimAndAnewWithEachHeartbeat) {
  Life life = life_in(State::kQueued);
  ASSERT_EQ(apply(life, Claimed{{"w"}, "node3", kLease}, kNow), Answer::kDone);
  EXPECT_EQ(life.attempt, 3);
  EXPECT_EQ(life.worker.text, "w");
  EXPECT_EQ(life.node, "node3");
  EXPECT_EQ(life.lease_until, kNow + kLease);
  ASSERT_EQ(apply(life, Beaten{3, kLease}, kNow + std::chrono::seconds(3)), Answer::kDone);
  EXPECT_EQ(life.lease_until, kNow + std::chrono::seconds(3) + kLease);
}

TEST(Life, CountsRetriesAndLossesApart) {
  Life life = life_in(State::kStarted);
  life.max_lost = 2;
  ASSERT_EQ(apply(life, LeaseLooked{}, kNow), Answer::kDone);
  EXPECT_EQ(life.retries_left, 1);
  EXPECT_THAT(life.lost_on, ElementsAre("node2"));
  ASSERT_EQ(apply(life, Claimed{{"w"}, "node3", kLease}, kNow), Answer::kDone);
  ASSERT_EQ(apply(life, Failed{3, AfterFailure::kMayRetry}, kNow), Answer::kDone);
  EXPECT_EQ(life.retries_left, 0);
  EXPECT_THAT(life.lost_on, ElementsAre("node2"));
  ASSERT_EQ(apply(life, Claimed{{"w"}, "node4", kLease}, kNow), Answer::kDone);
  ASSERT_EQ(apply(life, LeaseLooked{}, kNow + kLease), Answer::kDone);
  EXPECT_EQ(life.state, State::kFailed);
  EXPECT_TRUE(life.lost);
  EXPECT_THAT(life.lost_on, ElementsAre("node2", "node4"));
}

TEST(Life, WaitsBeforeRetriesByRqsRule) {
  Life life = life_in(State::kStarted);
  life.retries_left = 3;
  life.back_off = {std::chrono::seconds(7), std::chrono::seconds(0)};
  ASSERT_EQ(apply(life, Failed{2, AfterFailure::kMayRetry}, kNow), Answer::kDone);
  EXPECT_EQ(life.state, State::kScheduled);
  EXPECT_EQ(life.due, kNow + std::chrono::seconds(7));
  life.state = State::kStarted;
  life.retries_left = 1;
  ASSERT_EQ(apply(life, Failed{2, AfterFailure::kMayRetry}, kNow), Answer::kDone);
  EXPECT_EQ(life.state, State::kQueued) << "the last wait is none";
}

TEST(Life, EndsStoppedWhatWasLostWhileItWasToStop) {
  Life life = life_in(State::kStarted);
  ASSERT_EQ(apply(life, StopRequested{}, kNow), Answer::kDone);
  EXPECT_EQ(apply(life, StopRequested{}, kNow), Answer::kAlready);
  ASSERT_EQ(apply(life, LeaseLooked{}, kNow), Answer::kDone);
  EXPECT_EQ(life.state, State::kStopped);
  EXPECT_FALSE(life.lost);
}

TEST(States, AreReadAsRqSpellsThem) {
  for (int i = 0; i < kStates; ++i) EXPECT_EQ(parse_state(to_text(static_cast<State>(i))), static_cast<State>(i));
  EXPECT_EQ(to_text(State::kCancelled), "canceled");
  EXPECT_EQ(parse_state("ready_to_enqueue"), State::kQueued);
  EXPECT_EQ(parse_state("Queued"), std::nullopt);
}

TEST(OrderByWeight, PutsEachQueueFirstInProportion) {
  const std::vector<WeightedQueue> queues{{{"a"}, 1}, {{"b"}, 2}, {{"c"}, 1}};
  const auto order = [&](std::vector<double> draws) {
    std::size_t next = 0;
    std::string text;
    for (const QueueName& one : order_by_weight(queues, [&] { return draws.at(next++); })) text += one.text;
    return text;
  };
  EXPECT_EQ(order({0, 0, 0}), "abc");
  EXPECT_EQ(order({0.24, 0.7, 0}), "acb");
  EXPECT_EQ(order({0.25, 0, 0}), "bac");
  EXPECT_EQ(order({0.74, 0.5, 0}), "bca");
  EXPECT_EQ(order({0.75, 0.99, 0.99}), "cba");
}

TEST(CheckJob, SaysWhatIsWrong) {
  const auto message = [](auto change) {
    NewJob job;
    job.id = {"j1"};
    job.queue = {"run"};
    job.payload = "[]";
    EXPECT_TRUE(check_job(job).has_value());
    change(job);
    const Status status = check_job(job);
    return status.has_value() ? std::string() : status.error().message;
  };
  EXPECT_EQ(message([](NewJob& job) { job.id = {""}; }), "the job's id is empty");
  EXPECT_EQ(message([](NewJob& job) { job.queue = {"a:b"}; }),
            "the queue's name 'a:b' may only have letters, digits, '_', '-' and '.'");
  EXPECT_EQ(message([](NewJob& job) { job.payload = "x"; }), "job j1: its payload is no JSON list");
  EXPECT_EQ(message([](NewJob& job) { job.payload = '[' + std::string(70'000, ' ') + ']'; }),
            "job j1: its payload has 70002 bytes; more than 65536 belong into a store");
  EXPECT_EQ(message([](NewJob& job) { job.timeout = std::chrono::seconds(0); }),
            "job j1: its timeout is less than 1 s");
  EXPECT_EQ(message([](NewJob& job) { job.result_ttl = std::chrono::seconds(-2); }),
            "job j1: its result would live for less than 0 s");
  EXPECT_EQ(message([](NewJob& job) { job.failure_ttl = std::chrono::seconds(0); }),
            "job j1: its failure would live for less than 1 s");
  EXPECT_EQ(message([](NewJob& job) { job.retries = -1; }), "job j1: its retries are less than 0");
  EXPECT_EQ(message([](NewJob& job) { job.max_lost = 0; }), "job j1: it may be lost less than once");
  EXPECT_EQ(message([](NewJob& job) { job.back_off = {std::chrono::seconds(-1)}; }),
            "job j1: one of its waits before a retry is less than 0 s");
  EXPECT_EQ(message([](NewJob& job) { job.depends_on = {{"j1"}}; }), "job j1: it depends on itself");
  EXPECT_EQ(message([](NewJob& job) {
              job.depends_on = {{"j2"}};
              job.delay = std::chrono::seconds(1);
            }),
            "job j1: it can wait for a time or for other jobs, not for both");
}

}  // namespace
}  // namespace simswarm::jobs
