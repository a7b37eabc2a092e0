#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/text.h"
#include "queue/backends.h"
#include "queue/packed.h"
#include "queue/redis_page.h"
#include "queue/redis_replies.h"
#include "queue/redis_scripts.h"

namespace simswarm::jobs {
namespace {

constexpr std::size_t kMostInStep = 1000;  // jobs that are enqueued at once: a script holds up all other clients
constexpr std::size_t kMostSettled = 500;  // and that are settled

std::string number(std::chrono::seconds time) {
  return std::to_string(time.count());
}

// Written only where it differs from what its absence means.
std::string unless(bool usual, std::string text) {
  return usual ? std::string() : std::move(text);
}

std::string front_of(const NewJob& job) {
  return unless(!job.at_front, "1");
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

using Words = std::vector<std::string>;  // fields of a job's hash, each with its value

void add(Words& words, const char* field, std::string value) {
  if (value.empty()) return;
  words.emplace_back(field);
  words.push_back(std::move(value));
}

// What many jobs of a campaign have in common, …
void add_shared_words(Words& words, const NewJob& job) {
  add(words, "origin", job.queue.text);
  add(words, "timeout", number(job.timeout));
  add(words, "result_ttl", unless(job.result_ttl == kDefaultResultTtl, number(job.result_ttl)));
  add(words, "failure_ttl", unless(job.failure_ttl == kDefaultFailureTtl, number(job.failure_ttl)));
  add(words, "retries_left", unless(job.retries == 0, std::to_string(job.retries)));
  add(words, "retry_intervals", json_list(job.back_off));
  add(words, "sw_max_lost", unless(job.max_lost == 3, std::to_string(job.max_lost)));
  add(words, "enqueue_at_front", front_of(job));
  add(words, "allow_dependency_failures", unless(!job.allow_failed_dependencies, "1"));
}

// … and what is each one's own. The server adds times and state.
void add_own_words(Words& words, const NewJob& job) {
  add(words, "data", job.payload);
  add(words, "description", job.description);
  if (job.depends_on.empty()) return;
  add(words, "dependency_ids", json_list(job.depends_on));
  add(words, "dependency_id", job.depends_on.front().text);
}

// Their own words are of the same fields, all others are equal, and they wait for nothing.
bool is_alike(const NewJob& a, const NewJob& b) {
  return a.depends_on.empty() && a.delay.count() == 0 && a.description.empty() == b.description.empty() &&
         a.queue == b.queue && a.timeout == b.timeout && a.result_ttl == b.result_ttl &&
         a.failure_ttl == b.failure_ttl && a.retries == b.retries && a.back_off == b.back_off &&
         a.max_lost == b.max_lost && a.at_front == b.at_front &&
         a.allow_failed_dependencies == b.allow_failed_dependencies && b.delay.count() == 0;
}

const char* word_of(const Settlement& settlement) {
  switch (settlement.how) {
    case Settlement::How::kComplete:
      return "complete";
    case Settlement::How::kHandBack:
      return "back";
    case Settlement::How::kFail:
      break;
  }
  return settlement.after == AfterFailure::kMayRetry  ? "retry"
         : settlement.after == AfterFailure::kNoRetry ? "end"
                                                      : "stopped";
}

void add(std::vector<std::string>& arguments, const Claim& claim) {
  arguments.push_back(claim.job.text);
  arguments.push_back(std::to_string(claim.attempt));
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
      const std::span<const NewJob> some(jobs.data() + first, end - first);
      const bool alike =
          std::all_of(some.begin(), some.end(), [&](const NewJob& one) { return is_alike(one, some[0]); });
      SIMSWARM_TRY(const RedisReply reply, alike ? enqueue_alike(some) : enqueue_mixed(some));
      for (const RedisReply& one : reply.list) is_new.push_back(one.integer == 1);
    }
    return is_new;
  }

  Result<Claims> claim(const ClaimRequest& request) override {
    SIMSWARM_CHECK(check_request(request));
    std::vector<std::string> arguments{request.worker.text,
                                       request.node,
                                       std::to_string(options_.lease.count()),
                                       std::to_string(request.most),
                                       std::to_string(least_of(request)),
                                       ""};
    for (std::size_t i = 0; i < request.queues.size(); ++i) {
      arguments.push_back(request.queues[i].text);
      arguments.push_back(std::to_string(request.limits.empty() ? request.most : request.limits[i]));
    }
    SIMSWARM_TRY(arguments[5], late_after());
    SIMSWARM_TRY(RedisReply reply, run(scripts_.claim, arguments));
    if (reply.list[0].integer == 2) {  // the server's clock was set
      SIMSWARM_CHECK(note_time());
      SIMSWARM_TRY(arguments[5], late_after());
      SIMSWARM_TRY(reply, run(scripts_.claim, std::move(arguments)));
    }
    Claims claims;
    claims.suspended = reply.list[0].integer == 1;
    claims.more = reply.list[2].integer == 1;
    claims.dropped = static_cast<std::size_t>(reply.list[3].integer);
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
    for (const Claim& claim : claims) add(arguments, claim);
    SIMSWARM_TRY(const RedisReply reply, run(scripts_.heartbeat, std::move(arguments)));
    std::vector<Beat> beats;
    beats.reserve(claims.size());
    for (const RedisReply& one : reply.list) beats.push_back(static_cast<Beat>(one.integer));
    return beats;
  }

  Result<std::vector<Answer>> settle(const std::vector<Settlement>& settlements) override {
    for (const Settlement& one : settlements) SIMSWARM_CHECK(check_settlement(one));
    std::vector<Answer> answers;
    answers.reserve(settlements.size());
    for (std::size_t first = 0; first < settlements.size(); first += kMostSettled) {
      std::vector<std::string> arguments;
      for (std::size_t i = first; i < std::min(first + kMostSettled, settlements.size()); ++i) {
        const Settlement& one = settlements[i];
        add(arguments, one.claim);
        arguments.emplace_back(word_of(one));
        arguments.push_back(one.how == Settlement::How::kComplete ? one.text : one.text.substr(0, kLongestMessage));
      }
      SIMSWARM_TRY(const RedisReply reply, run(scripts_.settle, std::move(arguments)));
      for (const RedisReply& one : reply.list) answers.push_back(static_cast<Answer>(one.integer));
    }
    return answers;
  }

  Result<std::vector<bool>> tell(const std::vector<Told>& told) override {
    std::vector<std::string> arguments{number(kTailTtl)};
    std::vector<bool> watched(told.size(), false);
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < told.size(); ++i) {
      if (told[i].progress.size() > kLongestProgress) continue;
      asked.push_back(i);
      add(arguments, told[i].claim);
      arguments.push_back(told[i].progress);
      arguments.push_back(tail_of(told[i].tail));
    }
    if (asked.empty()) return watched;
    SIMSWARM_TRY(const RedisReply reply, run(scripts_.tell, std::move(arguments)));
    for (std::size_t n = 0; n < asked.size(); ++n) watched[asked[n]] = reply.list.at(n).integer == 1;
    return watched;
  }

  Result<Tail> watch_output(const JobId& id) override {
    SIMSWARM_CHECK(check_id(id));
    SIMSWARM_TRY(RedisReply reply, run(scripts_.watch_output, {id.text, std::to_string(kWatchedFor.count() * 1000)}));
    if (reply.list.size() != 2) return Tail{};
    return Tail{int_of(reply.list[0]), std::move(reply.list[1].text)};
  }

  Status put_output(const JobId& id, std::uint64_t offset, std::string_view piece) override {
    SIMSWARM_CHECK(check_output(id, piece));
    const std::string_view kept = kept_of(offset, piece);
    if (kept.empty()) return {};
    const std::string key = "simswarm:output:" + id.text;
    SIMSWARM_CHECK(connection_.command({"SETRANGE", key, std::to_string(offset), std::string(kept)}));
    SIMSWARM_CHECK(connection_.command({"EXPIRE", key, number(kOutputTtl)}));
    return {};
  }

  Result<std::string> output(const JobId& id, std::uint64_t offset) override {
    SIMSWARM_CHECK(check_id(id));
    SIMSWARM_TRY(RedisReply reply,
                 connection_.command({"GETRANGE", "simswarm:output:" + id.text, std::to_string(offset),
                                      std::to_string(offset + kOutputPiece - 1)}));
    return std::move(reply.text);
  }

  Result<std::vector<JobId>> return_unknown(const WorkerId& worker, const std::vector<Claim>& known) override {
    SIMSWARM_CHECK(check_worker(worker));
    std::vector<std::string> arguments{worker.text};
    for (const Claim& claim : known) add(arguments, claim);
    SIMSWARM_TRY(const RedisReply reply, run(scripts_.return_unknown, std::move(arguments)));
    std::vector<JobId> ids;
    for (const RedisReply& one : reply.list) ids.push_back({one.text});
    return ids;
  }

  Result<Answer> cancel(const JobId& id) override { return answer(scripts_.cancel, {id.text}); }
  Result<Answer> request_stop(const JobId& id) override { return answer(scripts_.request_stop, {id.text}); }
  Result<Answer> requeue(const JobId& id) override { return answer(scripts_.requeue, {id.text}); }
  Result<Answer> remove(const JobId& id) override { return answer(scripts_.remove, {id.text}); }

  Result<Reaped> reap(std::size_t most) override {
    SIMSWARM_TRY(const std::int64_t not_before, end_of_grace());
    SIMSWARM_TRY(const std::string late, late_after());
    SIMSWARM_TRY(const RedisReply reply, run(scripts_.reap, {std::to_string(not_before), std::to_string(most), late}));
    if (reply.list[2].integer == 1) SIMSWARM_CHECK(note_connection());  // the server's clock was set: a grace begins
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

  Result<std::size_t> cancel_waiting(const QueueName& queue) override {
    SIMSWARM_TRY(const Counts before, counts(queue));
    std::size_t cancelled = 0;
    while (cancelled < before.queued) {
      const std::size_t most = std::min(kMostInStep, before.queued - cancelled);
      SIMSWARM_TRY(const RedisReply reply, run(scripts_.cancel_waiting, {queue.text, std::to_string(most)}));
      if (reply.integer == 0) break;
      cancelled += static_cast<std::size_t>(reply.integer);
    }
    return cancelled;
  }

  Status describe(const QueueName& queue, const About& about) override {
    SIMSWARM_CHECK(check_about(queue, about));
    std::vector<std::string> arguments{queue.text, number(kManifestTtl)};
    if (about.name) add(arguments, "name", about.name->substr(0, kLongestAbout));
    if (about.priority) add(arguments, "priority", std::to_string(*about.priority));
    if (arguments.size() > 2) SIMSWARM_CHECK(run(looks_.describe, std::move(arguments)));
    return {};
  }

  Result<Emptied> empty(const QueueName& queue) override {
    SIMSWARM_TRY(const Counts before, counts(queue));
    Emptied emptied;
    for (std::size_t seen = 0; seen < before.queued; seen += kMostInStep) {
      const std::size_t most = std::min(kMostInStep, before.queued - seen);
      SIMSWARM_TRY(const RedisReply reply, run(scripts_.empty, {queue.text, std::to_string(most)}));
      emptied.removed += static_cast<std::size_t>(reply.list.at(0).integer);
      emptied.kept += static_cast<std::size_t>(reply.list.at(1).integer);
    }
    return emptied;
  }

  Status present(const WorkerRecord& record) override {
    SIMSWARM_CHECK(check_record(record));
    std::vector<std::string> queues;
    for (const QueueName& queue : record.queues) queues.push_back(queue.text);
    SIMSWARM_CHECK(run(looks_.present, {record.name.text,
                                        number(kWorkerTtl),
                                        "queues",
                                        join(queues, ","),
                                        "hostname",
                                        record.host,
                                        "ip_address",
                                        record.address,
                                        "pid",
                                        std::to_string(record.pid),
                                        "version",
                                        record.version,
                                        "python_version",
                                        "simswarm",
                                        "state",
                                        record.state,
                                        "successful_job_count",
                                        std::to_string(record.finished),
                                        "failed_job_count",
                                        std::to_string(record.failed),
                                        "total_working_time",
                                        fmt::format("{:.6f}", record.working_seconds),
                                        "sw_slots",
                                        std::to_string(record.slots),
                                        "sw_running",
                                        std::to_string(record.running),
                                        "sw_cpu",
                                        record.cpu,
                                        "sw_obstacle",
                                        record.obstacle}));
    return {};
  }

  Status leave(const WorkerId& worker) override {
    SIMSWARM_CHECK(check_worker(worker));
    SIMSWARM_CHECK(run(looks_.leave, {worker.text}));
    return {};
  }

  Result<std::vector<WorkerView>> workers() override {
    SIMSWARM_TRY(const RedisReply reply, run(looks_.workers, {}));
    std::vector<WorkerView> workers;
    for (const RedisReply& one : reply.list) workers.push_back(worker_of(one));
    std::sort(workers.begin(), workers.end(),
              [](const WorkerView& a, const WorkerView& b) { return a.record.name < b.record.name; });
    return workers;
  }

  Status keep_manifest(const std::string& campaign, const std::string& text) override {
    SIMSWARM_CHECK(check_id({campaign}));
    SIMSWARM_CHECK(connection_.command({"SET", "simswarm:manifest:" + campaign, text, "EX", number(kManifestTtl)}));
    return {};
  }

  Result<std::optional<std::string>> manifest(const std::string& campaign) override {
    SIMSWARM_CHECK(check_id({campaign}));
    const std::string key = "simswarm:manifest:" + campaign;
    SIMSWARM_TRY(RedisReply reply, connection_.command({"GET", key}));
    if (reply.is_null()) return std::nullopt;
    SIMSWARM_CHECK(connection_.command({"EXPIRE", key, number(kManifestTtl)}));
    return std::move(reply.text);
  }

  Status suspend() override {
    SIMSWARM_CHECK(connection_.command({"SET", "rq:suspended", "1"}));
    return {};
  }
  Status resume() override {
    SIMSWARM_CHECK(connection_.command({"DEL", "rq:suspended"}));
    // Who waits hears of it; where that may not be published, it is seen a few seconds later.
    (void)connection_.command({"PUBLISH", "simswarm:wake", ""});
    return {};
  }

  Result<bool> is_suspended() override {
    SIMSWARM_TRY(const RedisReply there, connection_.command({"EXISTS", "rq:suspended"}));
    return there.integer == 1;
  }

  Result<std::vector<QueueView>> queues() override {
    SIMSWARM_TRY(const RedisReply reply, run(looks_.queues, {number(kManifestTtl)}));
    std::vector<QueueView> queues;
    for (const RedisReply& one : reply.list)
      queues.push_back({{one.list.at(0).text},
                        static_cast<std::size_t>(one.list.at(1).integer),
                        static_cast<std::size_t>(one.list.at(2).integer),
                        one.list.at(3).text,
                        std::clamp(int_of(one.list.at(4)), -kMostPriority, kMostPriority)});
    std::sort(queues.begin(), queues.end(), [](const QueueView& a, const QueueView& b) { return a.name < b.name; });
    return queues;
  }

  Result<Counts> counts(const QueueName& queue) override {
    SIMSWARM_CHECK(check_queue(queue));
    SIMSWARM_TRY(const RedisReply reply, run(looks_.counts, {queue.text}));
    return counts_of(reply, 0);
  }

  Result<Page> list(const QueueName& queue, Place place, std::size_t offset, std::size_t most) override {
    SIMSWARM_CHECK(check_queue(queue));
    SIMSWARM_TRY(std::optional<Page> sorted,
                 pages_.page(connection_, queue, place, offset, std::min(most, kMostInPage)));
    if (sorted) return std::move(*sorted);
    SIMSWARM_TRY(const RedisReply reply,
                 run(looks_.list, {queue.text, kRegistries.at(static_cast<std::size_t>(place)), std::to_string(offset),
                                   std::to_string(std::min(most, kMostInPage))}));
    Page page;
    page.total = static_cast<std::size_t>(reply.list[0].integer);
    for (const RedisReply& one : reply.list[1].list) page.jobs.push_back(view_of(one));
    return page;
  }

  Result<std::optional<JobDetails>> find(const JobId& id) override {
    SIMSWARM_TRY(const RedisReply reply, run(looks_.find, {id.text}));
    if (reply.list.empty()) return std::nullopt;
    return details_of(reply);
  }

  // The time from which this connection counts.
  Status note_connection() {
    SIMSWARM_CHECK(note_time());
    grace_from_ = server_time();
    known_generation_ = connection_.generation();
    return {};
  }

 private:
  Result<RedisReply> enqueue_mixed(std::span<const NewJob> jobs) {
    std::vector<std::string> arguments;
    for (const NewJob& job : jobs) {
      Words words;
      add_shared_words(words, job);
      add_own_words(words, job);
      arguments.insert(arguments.end(),
                       {job.id.text, job.queue.text, front_of(job), number(job.delay), std::to_string(words.size())});
      std::ranges::move(words, std::back_inserter(arguments));
    }
    return run(scripts_.enqueue, std::move(arguments));
  }

  Result<RedisReply> enqueue_alike(std::span<const NewJob> jobs) {
    const NewJob& first = jobs.front();
    Words shared;
    add_shared_words(shared, first);
    Words own;
    add_own_words(own, first);
    std::vector<std::string> arguments{first.queue.text, front_of(first), std::to_string(shared.size()),
                                       std::to_string(own.size())};
    arguments.reserve(1 + arguments.size() + shared.size() + jobs.size() * (1 + own.size()));
    std::ranges::move(shared, std::back_inserter(arguments));
    for (const NewJob& job : jobs) {
      arguments.push_back(job.id.text);
      add_own_words(arguments, job);
    }
    return run(scripts_.enqueue_alike, std::move(arguments));
  }

  static std::size_t least_of(const ClaimRequest& request) {
    return request.at_least == 0 ? request.most : std::min(request.at_least, request.most);
  }

  Status note_time() {
    if (options_.now) return {};
    SIMSWARM_TRY(const RedisReply time, connection_.command({"TIME"}));
    noted_at_ = system_clock().monotonic();
    noted_ = parse_int(time.list.at(0).text).value_or(0) * 1000 + parse_int(time.list.at(1).text).value_or(0) / 1000;
    return {};
  }

  // The server's, in ms, as far as it goes on as it did.
  [[nodiscard]] std::int64_t server_time() const {
    if (options_.now) return options_.now().time_since_epoch().count() / 1000;
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(system_clock().monotonic() - noted_at_);
    return noted_ + since.count();
  }

  // When nobody waits any more for the answer to what is sent now. A server that was stopped comes to it later, when
  // it reads what lies in its sockets.
  Result<std::string> late_after() {
    SIMSWARM_CHECK(connection_.ensure());
    if (connection_.generation() != known_generation_) SIMSWARM_CHECK(note_connection());
    constexpr std::int64_t kMargin = 1000;  // ms: clocks drift
    return std::to_string(server_time() + options_.connect_timeout.count() + kMargin);
  }

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
  RedisPages pages_;
  JobQueueOptions options_;
  const RedisScripts& scripts_ = redis_scripts();
  const RedisLookScripts& looks_ = redis_look_scripts();
  int known_generation_ = 0;
  std::int64_t grace_from_ = 0;
  std::int64_t noted_ = 0;  // the server's time, in ms
  Monotonic noted_at_{};    // when that was
};

}  // namespace

Result<std::unique_ptr<JobQueue>> connect_redis_job_queue(const RedisAddress& address, const JobQueueOptions& options) {
  SIMSWARM_TRY(RedisConnection connection, RedisConnection::connect(address, options.connect_timeout));
  auto queue = std::make_unique<RedisQueue>(std::move(connection), options);
  SIMSWARM_CHECK(queue->note_connection());
  return queue;
}

}  // namespace simswarm::jobs
