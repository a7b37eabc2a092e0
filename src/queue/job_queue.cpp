#include "queue/job_queue.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "base/text.h"
#include "queue/backends.h"

namespace simswarm::jobs {
namespace {

constexpr std::size_t kLongestName = 200;
constexpr std::string_view kMemoryUrl = "memory:";
constexpr std::array<std::string_view, kStates> kSpelled{"deferred", "scheduled", "queued",  "started",
                                                         "finished", "failed",    "stopped", "canceled"};

// `more` are characters that may stand in it beside letters, digits, «_» and «-».
Status check_name(std::string_view what, const std::string& text, std::string_view more) {
  const auto good = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           more.find(c) != std::string_view::npos;
  };
  if (text.empty()) return usage_error("{} is empty", what);
  if (text.size() > kLongestName)
    return usage_error("{} '{}…' is longer than {} characters", what, text.substr(0, 40), kLongestName);
  if (std::all_of(text.begin(), text.end(), good)) return {};
  return usage_error("{} '{}' may only have letters, digits, '_', '-'{}{}", what, text, more.empty() ? "" : " and ",
                     more.empty() ? "" : "'.'");
}

Status check_payload(const NewJob& job) {
  const std::string& payload = job.payload;
  if (payload.size() > kLongestText) {
    return usage_error("job {}: its payload has {} bytes; more than {} belong into a store", job.id.text,
                       payload.size(), kLongestText);
  }
  if (payload.size() >= 2 && payload.front() == '[' && payload.back() == ']') return {};
  return usage_error("job {}: its payload is no JSON list", job.id.text);
}

bool is_ttl(std::chrono::seconds ttl, int least) {
  return ttl == kForever || ttl.count() >= least;
}

Status check_times(const NewJob& job) {
  const auto wrong = [&](std::string_view what) { return usage_error("job {}: {}", job.id.text, what); };
  if (!is_ttl(job.timeout, 1)) return wrong("its timeout is less than 1 s");
  if (!is_ttl(job.result_ttl, 0)) return wrong("its result would live for less than 0 s");
  if (!is_ttl(job.failure_ttl, 1)) return wrong("its failure would live for less than 1 s");
  if (job.retries < 0) return wrong("its retries are less than 0");
  if (job.max_lost < 1) return wrong("it may be lost less than once");
  if (job.delay.count() < 0) return wrong("its delay is less than 0 s");
  if (job.delay.count() > 0 && !job.depends_on.empty())
    return wrong("it can wait for a time or for other jobs, not for both");
  const bool good = std::all_of(job.back_off.begin(), job.back_off.end(), [](auto wait) { return wait.count() >= 0; });
  return good ? Status() : wrong("one of its waits before a retry is less than 0 s");
}

}  // namespace

std::string_view to_text(State state) {
  return kSpelled.at(static_cast<std::size_t>(state));
}

std::optional<State> parse_state(std::string_view text) {
  if (text == "created" || text == "ready_to_enqueue" || text == "rate_limited") return State::kQueued;
  const auto* found = std::find(kSpelled.begin(), kSpelled.end(), text);
  if (found == kSpelled.end()) return std::nullopt;
  return static_cast<State>(found - kSpelled.begin());
}

std::vector<QueueName> order_by_weight(std::vector<WeightedQueue> queues, const std::function<double()>& random) {
  std::vector<QueueName> order;
  while (!queues.empty()) {
    double total = 0;
    for (const WeightedQueue& one : queues) total += one.weight;
    double left = random() * total;
    auto chosen = queues.begin();
    while (chosen + 1 != queues.end() && left >= chosen->weight) left -= (chosen++)->weight;
    order.push_back(std::move(chosen->queue));
    queues.erase(chosen);
  }
  return order;
}

double weight_of(int priority) {
  constexpr double kStep = 1.5;
  return std::pow(kStep, std::clamp(priority, -kMostPriority, kMostPriority));
}

Status check_about(const QueueName& queue, const About& about) {
  SIMSWARM_CHECK(check_queue(queue));
  if (!about.priority || std::abs(*about.priority) <= kMostPriority) return {};
  return usage_error("priority {}: there are {} (last) to {} (first), 0 is the usual", *about.priority, -kMostPriority,
                     kMostPriority);
}

Status check_id(const JobId& id) {
  return check_name("the job's id", id.text, "");
}

Status check_queue(const QueueName& queue) {
  return check_name("the queue's name", queue.text, ".");
}

Status check_job(const NewJob& job) {
  SIMSWARM_CHECK(check_id(job.id));
  SIMSWARM_CHECK(check_queue(job.queue));
  SIMSWARM_CHECK(check_payload(job));
  SIMSWARM_CHECK(check_times(job));
  for (const JobId& parent : job.depends_on) {
    SIMSWARM_CHECK(check_id(parent));
    if (parent == job.id) return usage_error("job {}: it depends on itself", job.id.text);
  }
  return {};
}

Status check_request(const ClaimRequest& request) {
  SIMSWARM_CHECK(check_worker(request.worker));
  SIMSWARM_CHECK(check_name("the node's name", request.node, "."));
  for (const QueueName& queue : request.queues) SIMSWARM_CHECK(check_queue(queue));
  if (request.limits.empty() || request.limits.size() == request.queues.size()) return {};
  return usage_error("a claim has {} limits for {} queues", request.limits.size(), request.queues.size());
}

Status check_result(const Claim& claim, const std::string& result) {
  if (result.size() <= kLongestText) return {};
  return usage_error("job {}: its result has {} bytes; more than {} belong into a store", claim.job.text, result.size(),
                     kLongestText);
}

Status check_worker(const WorkerId& worker) {
  return check_name("the worker's name", worker.text, ".");
}

Status check_worker(const WorkerId& worker, const std::string& node) {
  SIMSWARM_CHECK(check_worker(worker));
  return check_name("the node's name", node, ".");
}

Status check_record(const WorkerRecord& record) {
  SIMSWARM_CHECK(check_worker(record.name));
  if (record.queues.empty()) return usage_error("worker {}: it serves no queue", record.name.text);
  for (const QueueName& queue : record.queues) SIMSWARM_CHECK(check_queue(queue));
  return {};
}

Status check_output(const JobId& id, std::string_view piece) {
  SIMSWARM_CHECK(check_id(id));
  if (piece.size() <= kOutputPiece) return {};
  return usage_error("job {}: a piece of output has {} bytes, more than {}", id.text, piece.size(), kOutputPiece);
}

std::string_view kept_of(std::uint64_t offset, std::string_view piece) {
  return offset >= kMostOutput ? std::string_view() : piece.substr(0, kMostOutput - offset);
}

std::string tail_of(const std::string& tail) {
  return tail.size() <= kMostTail ? tail : tail.substr(tail.size() - kMostTail);
}

Status check_settlement(const Settlement& settlement) {
  if (settlement.how != Settlement::How::kComplete) return {};
  return check_result(settlement.claim, settlement.text);
}

Result<Answer> JobQueue::complete(const Claim& claim, const std::string& result) {
  SIMSWARM_TRY(const std::vector<Answer> answers, settle({{claim, Settlement::How::kComplete, result}}));
  return answers.at(0);
}

Result<Answer> JobQueue::fail(const Claim& claim, const std::string& message, AfterFailure after) {
  SIMSWARM_TRY(const std::vector<Answer> answers, settle({{claim, Settlement::How::kFail, message, after}}));
  return answers.at(0);
}

Result<Answer> JobQueue::hand_back(const Claim& claim) {
  SIMSWARM_TRY(const std::vector<Answer> answers, settle({{claim, Settlement::How::kHandBack}}));
  return answers.at(0);
}

Result<std::unique_ptr<JobQueue>> open_job_queue(std::string_view url, const JobQueueOptions& options) {
  if (url == kMemoryUrl) return make_memory_job_queue(options);
  const std::string_view scheme = url.substr(0, std::min(url.find(':'), url.size()));
  if (scheme != "redis" && scheme != "rediss" && scheme != "unix") {
    return usage_error("queue '{}': it begins with none of memory:, redis://, rediss://, unix://",
                       without_password(url));
  }
  SIMSWARM_TRY(const RedisAddress address, parse_redis_url(url, options.fresh_url));
  return connect_redis_job_queue(address, options);
}

}  // namespace simswarm::jobs
