// Pages of lists by SORT say what the script says.
#include "queue/redis_page.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "job_queue_support.h"
#include "queue/redis_replies.h"
#include "queue/redis_scripts.h"

namespace simswarm::jobs {
namespace {

using testing::ElementsAre;

std::string text_of(const JobView& job) {
  return fmt::format("{} {} {} «{}» {} [{}] {} {} {} w={} n={} {} {} {} {} {}", job.id.text, job.queue.text,
                     to_text(job.state), job.description, job.attempt, join(job.lost_on, ","), job.lost,
                     job.stop_requested, job.retries_left, job.worker, job.node, job.created_at, job.enqueued_at,
                     job.started_at, job.ended_at, job.progress);
}

std::vector<std::string> texts_of(const Page& page) {
  std::vector<std::string> texts{std::to_string(page.total)};
  for (const JobView& job : page.jobs) texts.push_back(text_of(job));
  return texts;
}

class RedisPagesTest : public JobQueueTest<Redis> {
 protected:
  RedisPagesTest() : connection_(SharedRedis::current().connect().value()) {}

  std::vector<std::string> by_script(Place place, std::size_t offset = 0, std::size_t most = 100) {
    const RedisReply reply =
        good(connection_.run(redis_look_scripts().list, {"", "run-1", kRegistries.at(static_cast<std::size_t>(place)),
                                                         std::to_string(offset), std::to_string(most)}));
    Page page;
    page.total = static_cast<std::size_t>(reply.list.at(0).integer);
    for (const RedisReply& one : reply.list.at(1).list) page.jobs.push_back(view_of(one));
    return texts_of(page);
  }
  std::optional<Page> sorted(Place place, std::size_t offset = 0, std::size_t most = 100) {
    return good(pages_.page(connection_, {"run-1"}, place, offset, most));
  }

  RedisConnection connection_;
  RedisPages pages_;
};

// One of each kind that there is, in all states.
class RedisPagesOfAll : public RedisPagesTest {
 protected:
  void fill() {
    std::vector<NewJob> many;
    for (const char* id : {"cancelled", "finished", "failed", "stopped", "lost", "waiting", "last"}) {
      many.push_back(job(id));
      many.back().description = std::string("the «") + id + "»";
      many.back().retries = 2;
    }
    many[2].retries = 0;
    enqueue(many);
    enqueue({due_later(), waiting_for("waiting")});
    EXPECT_EQ(good(queue_->cancel({"cancelled"})), Answer::kDone);
    for (const ClaimedJob& one : claim(4)) {
      const std::string& id = one.claim.job.text;
      if (id == "finished") (void)complete(one.claim);
      if (id == "failed") (void)fail(one.claim);
      if (id == "stopped") (void)fail(one.claim, AfterFailure::kWasStopped);
      pass(1);
    }
  }
  static NewJob due_later() {
    NewJob later = job("later");
    later.delay = std::chrono::seconds(100);
    return later;
  }
  static NewJob waiting_for(const std::string& other) {
    NewJob made = job("deferred");
    made.depends_on = {{other}};
    return made;
  }
};

TEST_F(RedisPagesOfAll, SayWhatTheScriptSays) {
  fill();
  for (const Place place :
       {Place::kDeferred, Place::kScheduled, Place::kQueued, Place::kFinished, Place::kFailed, Place::kCancelled}) {
    const auto page = sorted(place);
    ASSERT_TRUE(page) << static_cast<int>(place);
    EXPECT_FALSE(page->jobs.empty()) << static_cast<int>(place);
    EXPECT_EQ(texts_of(*page), by_script(place));
  }
}

TEST_F(RedisPagesOfAll, BeginAndEndWhereTheScriptDoes) {
  enqueue({job("a"), job("b"), job("c"), job("d"), job("e")});
  for (std::size_t offset = 0; offset < 7; ++offset) {
    const auto page = sorted(Place::kQueued, offset, 2);
    ASSERT_TRUE(page);
    EXPECT_EQ(texts_of(*page), by_script(Place::kQueued, offset, 2)) << offset;
  }
  while (!claimed_ids(1).empty()) {
  }
  for (const auto& id : {"a", "b", "c", "d", "e"}) EXPECT_EQ(good(queue_->cancel({id})), Answer::kDone);
  for (std::size_t offset = 0; offset < 7; ++offset) {
    const auto page = sorted(Place::kCancelled, offset, 2);
    ASSERT_TRUE(page);
    EXPECT_EQ(texts_of(*page), by_script(Place::kCancelled, offset, 2)) << offset;
  }
  EXPECT_EQ(texts_of(good(queue_->list({"none"}, Place::kQueued, 0, 10))), std::vector<std::string>{"0"});
}

// The row of one that waits for the first time has no room for it.
TEST_F(RedisPagesOfAll, LeaveWhatWasStartedToTheScript) {
  fill();
  const auto lost = claim(1);
  EXPECT_FALSE(sorted(Place::kStarted));
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(good(queue_->hand_back(lost.front().claim)), Answer::kDone);
  EXPECT_FALSE(sorted(Place::kQueued));
  EXPECT_EQ(texts_of(good(queue_->list({"run-1"}, Place::kQueued, 0, 100))), by_script(Place::kQueued));
}

TEST_F(RedisPagesOfAll, PassOverWhatIsGone) {
  fill();
  auto& server = SharedRedis::current();
  server.command({"DEL", "rq:job:failed"});
  const auto failed = sorted(Place::kFailed);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->total, 2U);
  EXPECT_EQ(texts_of(*failed), by_script(Place::kFailed));
  server.command({"DEL", "rq:job:last"});
  server.command({"HSET", "rq:job:last", "status", "queued"});  // a word that came too late
  EXPECT_FALSE(sorted(Place::kQueued));
  EXPECT_EQ(texts_of(good(queue_->list({"run-1"}, Place::kQueued, 0, 100))), by_script(Place::kQueued));
}

// Before Redis 7 there is no SORT_RO, and who may not read all keys must not use it.
TEST(RedisPagesRefused, AreLeftToTheScript) {
  RedisServer server({"--rename-command", "SORT_RO", ""});
  RedisConnection connection = server.connect().value();
  RedisPages pages;
  const auto queue = good(open_job_queue(server.url()));
  (void)good(queue->enqueue({job("a"), job("b")}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(good(pages.page(connection, {"run-1"}, Place::kQueued, 0, 10)));
    EXPECT_EQ(good(queue->list({"run-1"}, Place::kQueued, 0, 10)).jobs.size(), 2U);
  }
  EXPECT_EQ(connection.generation(), 1);
  // It is not tried again on this connection.
  const std::string stats = server.command({"INFO", "errorstats"}).text;
  EXPECT_NE(stats.find("errorstat_ERR:count=2"), std::string::npos) << stats;
}

}  // namespace
}  // namespace simswarm::jobs
