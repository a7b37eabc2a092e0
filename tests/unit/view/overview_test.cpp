#include "view/overview.h"

#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::view {
namespace {

jobs::NewJob job(const std::string& id, const std::string& queue) {
  jobs::NewJob job;
  job.id = {id};
  job.queue = {queue};
  job.payload = R"(["f", null, [], {}])";
  return job;
}

TEST(LookOver, CountsByQueueAndInAll) {
  const auto queue = jobs::open_job_queue("memory:");
  ASSERT_TRUE(queue.has_value());
  ASSERT_TRUE((*queue)->enqueue({job("a", "run-1"), job("b", "run-1"), job("c", "run-2")}).has_value());
  jobs::WorkerRecord worker;
  worker.name = {"w"};
  worker.queues = {{"run-1"}};
  worker.slots = 3;
  worker.running = 1;
  ASSERT_TRUE((*queue)->present(worker).has_value());
  ASSERT_TRUE((*queue)->claim({.worker = {"w"}, .node = "n", .queues = {{"run-1"}}}).has_value());
  ASSERT_TRUE((*queue)->suspend().has_value());
  const auto overview = look_over(**queue);
  ASSERT_TRUE(overview.has_value()) << error_of(overview);
  ASSERT_EQ(overview->queues.size(), 2U);
  EXPECT_EQ(overview->queues[0].counts, (jobs::Counts{.queued = 1, .started = 1}));
  EXPECT_EQ(overview->totals, (jobs::Counts{.queued = 2, .started = 1}));
  EXPECT_TRUE(overview->suspended);
  EXPECT_EQ(overview->slots, 3U);
  EXPECT_EQ(overview->running, 1U);
}

TEST(CampaignsOf, FindsThemInTheQueue) {
  Overview overview;
  overview.queues.push_back(
      {.name = {"run-1"}, .campaign = "", .counts = {.deferred = 1, .scheduled = 2, .queued = 4}});
  store::CampaignRecord known;
  known.queue = "run-1";
  store::CampaignRecord gone;
  gone.queue = "run-2";
  const std::vector<CampaignRow> rows = campaigns_of({known, gone, gone}, overview, 2);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].waiting(), 7U);
  EXPECT_EQ(rows[1].waiting(), 0U);
}

}  // namespace
}  // namespace simswarm::view
