// Both back ends of JobQueue for tests, with a clock of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "queue/job_queue.h"
#include "redis_server.h"

namespace simswarm::jobs {

constexpr Stamp kBegin{std::chrono::seconds(1'795'000'000)};

struct Memory {
  static std::string url() { return "memory:"; }
};
struct Redis {
  static std::string url() { return SharedRedis::fresh().url(); }
};

inline NewJob job(const std::string& id, const std::string& queue = "run-1") {
  NewJob made;
  made.id = {id};
  made.queue = {queue};
  made.payload = R"(["simswarm.run",null,["01A",)" + std::to_string(id.size()) + "],{}]";
  return made;
}

inline std::vector<std::string> ids_of(const std::vector<JobId>& jobs) {
  std::vector<std::string> ids;
  for (const JobId& id : jobs) ids.push_back(id.text);
  return ids;
}

// The value, or a failure of the test with the error.
template <typename T>
T good(Result<T> result) {
  if (!result.has_value()) {
    ADD_FAILURE() << result.error().message;
    return T{};
  }
  return std::move(*result);
}

// A queue whose time stands until the test moves it, past the grace of its connection.
template <typename BackEnd>
class JobQueueTest : public testing::Test {
 protected:
  JobQueueTest() {
    options_.now = [this] { return now_; };
    queue_ = good(open_job_queue(BackEnd::url(), options_));
    pass(10);
  }

  void pass(int seconds) { now_ += std::chrono::seconds(seconds); }

  void enqueue(const std::vector<NewJob>& jobs) {
    for (const bool is_new : good(queue_->enqueue(jobs))) EXPECT_TRUE(is_new);
  }
  std::vector<ClaimedJob> claim(std::size_t most, std::vector<std::string> queues = {"run-1"},
                                const std::string& node = "n1") {
    ClaimRequest request{{"w-" + node}, node, {}, most};
    for (std::string& queue : queues) request.queues.push_back({std::move(queue)});
    return good(queue_->claim(request)).jobs;
  }
  std::vector<std::string> claimed_ids(std::size_t most, std::vector<std::string> queues = {"run-1"}) {
    std::vector<std::string> ids;
    for (const ClaimedJob& one : claim(most, std::move(queues))) ids.push_back(one.claim.job.text);
    return ids;
  }
  Claim claim_one(const std::string& node = "n1") {
    const auto claimed = claim(1, {"run-1"}, node);
    EXPECT_EQ(claimed.size(), 1U);
    return claimed.empty() ? Claim{} : claimed.front().claim;
  }
  Answer complete(const Claim& claim) { return good(queue_->complete(claim, "null")); }
  Answer fail(const Claim& claim, AfterFailure after = AfterFailure::kMayRetry) {
    return good(queue_->fail(claim, "it broke", after));
  }
  Beat beat(const Claim& claim) { return good(queue_->heartbeat({claim})).at(0); }

  JobDetails details(const std::string& id) {
    const auto found = good(queue_->find({id}));
    EXPECT_TRUE(found.has_value()) << id;
    return found.value_or(JobDetails{});
  }
  State state(const std::string& id) { return details(id).job.state; }
  bool is_there(const std::string& id) { return good(queue_->find({id})).has_value(); }
  std::vector<std::string> listed(Place place, std::size_t offset = 0, std::size_t most = 100) {
    std::vector<std::string> ids;
    for (const JobView& view : good(queue_->list({"run-1"}, place, offset, most)).jobs) ids.push_back(view.id.text);
    return ids;
  }
  Counts counts(const std::string& queue = "run-1") { return good(queue_->counts({queue})); }

  Stamp now_ = kBegin;
  JobQueueOptions options_;
  std::unique_ptr<JobQueue> queue_;
};

}  // namespace simswarm::jobs
