#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "queue/backends.h"
#include "queue/packed.h"
#include "queue/redis_scripts.h"

namespace simswarm::jobs {
namespace {

constexpr std::size_t kMostInStep = 1000;  // jobs that are enqueued at once: a script holds up all other clients
constexpr std::array<const char*, kPlaces> kRegistries{"deferred", "scheduled", "",        "wip",
                                                       "finished", "failed",    "canceled"};

std::string number(std::chrono::seconds time) {
  return std::to_string(time.count());
}

// Written only where it differs from what its absence means.
std::string unless(bool usual, std::string text) {
  return usual ? std::string() : std::move(text);
}

// A JSON list of texts that need no escapes.
std::string json_list(const std::vector<JobId>& ids) {
  std::vector<std::string> quoted;
  quoted.reserve(ids.size());
  for (const JobId& id : ids) quoted.push_back('"' + id.text + '"');
  return unless(ids.empty(), '[' + join(quoted, ",") + ']');
}

std::string json_list(const std::vector<std::chrono::seconds>& waits) {
  std::vector<std::string> numbers;
  numbers.reserve(waits.size());
  for (const auto wait : waits) numbers.push_back(number(wait));
  return unless(waits.empty(), '[' + join(numbers, ",") + ']');
}

std::array<std::string, kEnqueueFields> fields_of(const NewJob& job) {
  return {job.id.text,
          job.queue.text,
          job.payload,
          job.description,
          number(job.timeout),
          unless(job.result_ttl == kDefaultResultTtl, number(job.result_ttl)),
          unless(job.failure_ttl == kDefaultFailureTtl, number(job.failure_ttl)),
          unless(job.retries == 0, std::to_string(job.retries)),
          json_list(job.back_off),
          unless(job.max_lost == 3, std::to_string(job.max_lost)),
          unless(!job.at_front, "1"),
          number(job.delay),
          unless(!job.allow_failed_dependencies, "1"),
          json_list(job.depends_on)};
}

int int_of(const RedisReply& reply) {
  if (reply.kind == RedisReply::Kind::kInteger) return static_cast<int>(reply.integer);
  return static_cast<int>(parse_int(reply.text).value_or(0));
}

// As view() of the scripts gives it.
JobView view_of(const RedisReply& reply) {
  const std::vector<RedisReply>& f = reply.list;
  JobView view;
  view.queue.text = f[0].text;
  view.state = parse_state(f[1].text).value_or(State::kQueued);  // a hash that was written by hand may have none
  view.description = f[2].text;
  view.attempt = int_of(f[3]);
  for (const RedisReply& node : f[4].list) view.lost_on.push_back(node.text);
  view.lost = !f[5].is_null();
  view.stop_requested = view.state == State::kStarted && !f[6].is_null();
  view.retries_left = int_of(f[7]);
  view.worker = f[8].text;
  view.node = f[9].text;
  view.created_at = f[10].text;
  view.enqueued_at = f[11].text;
  view.started_at = f[12].text;
  view.ended_at = f[13].text;
  view.id.text = f[14].text;
  return view;
}

// A field of the last result; empty where it is not there or cannot be read.
std::string result_field(const RedisReply& result, std::string_view name) {
  for (std::size_t i = 0; i + 1 < result.list.size(); i += 2) {
    if (result.list[i].text != name) continue;
    const auto bytes = base64_decoded(result.list[i + 1].text);
    return bytes ? unpacked(*bytes).value_or("") : std::string();
  }
  return {};
}

class RedisQueue final : public JobQueue {
 public:
  RedisQueue(RedisConnection connection, JobQueueOptions options)
      : connection_(std::move(connection)), options_(std::move(options)) {}

  Result<std::vector<bool>> enqueue(const std::vector<NewJob>& jobs) override {
    for (const NewJob& job : jobs) SIMSWARM_CHECK(check_job(job));
    std::vector<bool> is_new;
    is_new.reserve(jobs.size());
    for (std::size_t first = 0; first < jobs.size(); first += kMostInStep) {
      const std::size_t end = std::min(first + kMostInStep, jobs.size());
      std::vector<std::string> arguments{std::to_string(end - first)};
      arguments.reserve(1 + (end - first) * kEnqueueFields);
      for (std::size_t i = first; i < end; ++i) {
        for (std::string& field : fields_of(jobs[i])) arguments.push_back(std::move(field));
      }
      SIMSWARM_TRY(const RedisReply reply, run(scripts_.enqueue, std::move(arguments)));
      for (const RedisReply& one : reply.list) is_new.push_back(one.integer == 1);
    }
    return is_new;
  }

  Result<Claims> claim(const ClaimRequest& request) override {
    SIMSWARM_CHECK(check_request(request));
    std::vector<std::string> arguments{request.worker.text, request.node, std::to_string(options_.lease.count()),
                                       std::to_string(request.most)};
    for (const QueueName& queue : request.queues) arguments.push_back(queue.text);
    SIMSWARM_TRY(const RedisReply reply, run(scripts_.claim, std::move(arguments)));
    Claims claims;
    claims.suspended = reply.list[0].integer == 1;
    for (const RedisReply& one : reply.list[1].list) {
      ClaimedJob job;
      job.claim = {{one.list[0].text}, int_of(one.list[1])};
      job.queue.text = one.list[2].text;
      job.payload = unpacked(one.list[3].text).value_or("");
      job.timeout = std::chrono::seconds(parse_int(one.list[4].text).value_or(kForever.count()));
      claims.jobs.push_back(std::move(job));
    }
    return claims;
  }

  Result<std::vector<Beat>> heartbeat(const std::vector<Claim>& claims) override {
    std::vector<std::string> arguments{std::to_string(options_.lease.count())};
    for (const Claim& claim : claims) {
      arguments.push_back(claim.job.text);
      arguments.push_back(std::to_string(claim.attempt));
    }
    SIMSWARM_TRY(const RedisReply reply, run(scripts_.heartbeat, std::move(arguments)));
    std::vector<Beat> beats;
    beats.reserve(claims.size());
    for (const RedisReply& one : reply.list) beats.push_back(static_cast<Beat>(one.integer));
    return beats;
  }

  Result<Answer> complete(const Claim& claim, const std::string& result) override {
    SIMSWARM_CHECK(check_result(claim, result));
    return answer(scripts_.complete, {claim.job.text, std::to_string(claim.attempt), result});
  }

  Result<Answer> fail(const Claim& claim, const std::string& message, AfterFailure after) override {
    const char* what = after == AfterFailure::kMayRetry ? "retry" : after == AfterFailure::kNoRetry ? "end" : "stopped";
    return answer(scripts_.fail,
                  {claim.job.text, std::to_string(claim.attempt), message.substr(0, kLongestMessage), what});
  }

  Result<Answer> hand_back(const Claim& claim) override {
    return answer(scripts_.hand_back, {claim.job.text, std::to_string(claim.attempt)});
  }

  Result<Answer> cancel(const JobId& id) override { return answer(scripts_.cancel, {id.text}); }
  Result<Answer> request_stop(const JobId& id) override { return answer(scripts_.request_stop, {id.text}); }
  Result<Answer> requeue(const JobId& id) override { return answer(scripts_.requeue, {id.text}); }
  Result<Answer> remove(const JobId& id) override { return answer(scripts_.remove, {id.text}); }

  Result<Reaped> reap(std::size_t most) override {
    SIMSWARM_TRY(const std::int64_t not_before, end_of_grace());
    SIMSWARM_TRY(const RedisReply reply, run(scripts_.reap, {std::to_string(not_before), std::to_string(most)}));
    Reaped reaped;
    for (const RedisReply& one : reply.list[0].list) reaped.back.push_back({one.text});
    for (const RedisReply& one : reply.list[1].list) reaped.ended.push_back({one.text});
    return reaped;
  }

  Result<std::size_t> drain_due(const QueueName& queue, std::size_t most) override {
    SIMSWARM_CHECK(check_queue(queue));
    SIMSWARM_TRY(const RedisReply reply, run(scripts_.drain_due, {queue.text, std::to_string(most)}));
    return static_cast<std::size_t>(reply.integer);
  }

  Status suspend() override {
    SIMSWARM_CHECK(connection_.command({"SET", "rq:suspended", "1"}));
    return {};
  }
  Status resume() override {
    SIMSWARM_CHECK(connection_.command({"DEL", "rq:suspended"}));
    return {};
  }

  Result<Counts> counts(const QueueName& queue) override {
    SIMSWARM_CHECK(check_queue(queue));
    SIMSWARM_TRY(const RedisReply reply, run(scripts_.counts, {queue.text}));
    const auto count = [&](Place place) {
      return static_cast<std::size_t>(reply.list[static_cast<std::size_t>(place)].integer);
    };
    return Counts{count(Place::kDeferred), count(Place::kScheduled), count(Place::kQueued),   count(Place::kStarted),
                  count(Place::kFinished), count(Place::kFailed),    count(Place::kCancelled)};
  }

  Result<Page> list(const QueueName& queue, Place place, std::size_t offset, std::size_t most) override {
    SIMSWARM_CHECK(check_queue(queue));
    SIMSWARM_TRY(const RedisReply reply,
                 run(scripts_.list, {queue.text, kRegistries.at(static_cast<std::size_t>(place)),
                                     std::to_string(offset), std::to_string(std::min(most, kMostInPage))}));
    Page page;
    page.total = static_cast<std::size_t>(reply.list[0].integer);
    for (const RedisReply& one : reply.list[1].list) page.jobs.push_back(view_of(one));
    return page;
  }

  Result<std::optional<JobDetails>> find(const JobId& id) override {
    SIMSWARM_TRY(const RedisReply reply, run(scripts_.find, {id.text}));
    if (reply.list.empty()) return std::nullopt;
    JobDetails details;
    details.job = view_of(reply.list[0]);
    details.payload = unpacked(reply.list[1].text).value_or("");
    for (const RedisReply& parent : reply.list[2].list) details.depends_on.push_back({parent.text});
    const State state = details.job.state;
    if (state == State::kFinished) details.result = result_field(reply.list[3], "return_value");
    if (state == State::kFailed || state == State::kStopped)
      details.message = result_field(reply.list[3], "exc_string");
    return details;
  }

  // The time from which this connection counts.
  Status note_connection() {
    if (options_.now) {
      grace_from_ = options_.now().time_since_epoch().count() / 1000;
    } else {
      SIMSWARM_TRY(const RedisReply time, connection_.command({"TIME"}));
      grace_from_ =
          parse_int(time.list.at(0).text).value_or(0) * 1000 + parse_int(time.list.at(1).text).value_or(0) / 1000;
    }
    known_generation_ = connection_.generation();
    return {};
  }

 private:
  Result<RedisReply> run(const RedisScript& script, std::vector<std::string> arguments) {
    const std::string now = options_.now ? std::to_string(options_.now().time_since_epoch().count()) : "";
    arguments.insert(arguments.begin(), now);
    return connection_.run(script, arguments);
  }

  Result<Answer> answer(const RedisScript& script, std::vector<std::string> arguments) {
    SIMSWARM_TRY(const RedisReply reply, run(script, std::move(arguments)));
    return static_cast<Answer>(reply.integer);
  }

  // One lease after the connection was made: a server that was restarted has broken it. In ms of the server's time.
  Result<std::int64_t> end_of_grace() {
    SIMSWARM_CHECK(connection_.ensure());
    if (connection_.generation() != known_generation_) SIMSWARM_CHECK(note_connection());
    return grace_from_ + options_.lease.count();
  }

  RedisConnection connection_;
  JobQueueOptions options_;
  const RedisScripts& scripts_ = redis_scripts();
  int known_generation_ = 0;
  std::int64_t grace_from_ = 0;
};

}  // namespace

Result<std::unique_ptr<JobQueue>> connect_redis_job_queue(const RedisAddress& address, const JobQueueOptions& options) {
  SIMSWARM_TRY(RedisConnection connection, RedisConnection::connect(address, options.connect_timeout));
  auto queue = std::make_unique<RedisQueue>(std::move(connection), options);
  SIMSWARM_CHECK(queue->note_connection());
  return queue;
}

}  // namespace simswarm::jobs
