#include "queue/queue_watch.h"

#include <algorithm>

#include "base/text.h"
#include "queue/redis_replies.h"
#include "queue/redis_scripts.h"

namespace simswarm::jobs {
namespace {

// What ended in the second of the mark may not have been all.
constexpr std::int64_t kOverlap = 1;
constexpr std::size_t kLongestError = 300;  // bytes
constexpr std::size_t kLeastMoves = 500;    // of a queue, however many are asked for

EndedJob ended_of(const RedisReply& reply) {
  const std::vector<RedisReply>& f = reply.list;
  EndedJob job;
  job.id.text = f.at(0).text;
  job.state = parse_state(f.at(2).text).value_or(State::kFinished);
  job.attempt = int_of(f.at(3));
  job.worker = f.at(4).text;
  job.node = f.at(5).text;
  job.started_at = f.at(6).text;
  job.ended_at = f.at(7).text;
  return job;
}

// Where to go on; those of results that never expire are infinite, and are told once.
void move_on(const std::vector<RedisReply>& ended, std::size_t most, std::string& since, std::size_t& skip) {
  constexpr double kInfinite = 1e15;
  if (since.empty()) since = "0";
  const auto score = ended.empty() ? std::nullopt : parse_double(ended.back().list.at(1).text);
  if (!score || *score > kInfinite) return;
  const bool is_full = ended.size() >= most;
  const std::int64_t next = static_cast<std::int64_t>(*score) - kOverlap;
  const bool is_further = next > static_cast<std::int64_t>(parse_double(since).value_or(0));
  // So many have one and the same second: cancelled at once, say.
  if (is_full && !is_further) {
    skip += ended.size();
    return;
  }
  if (!is_further) return;
  since = std::to_string(next);
  skip = 0;
}

Moves moves_of(const RedisReply& reply, const Mark& since, std::size_t most) {
  Moves moves;
  moves.mark = since;
  for (const RedisReply& one : reply.list.at(0).list) moves.started.push_back(view_of(one));
  for (std::size_t i = 0; i < since.scores.size(); ++i) {
    const std::vector<RedisReply>& ended = reply.list.at(1 + i).list;
    for (const RedisReply& one : ended) moves.ended.push_back(ended_of(one));
    moves.more = moves.more || ended.size() >= most;
    move_on(ended, most, moves.mark.scores.at(i), moves.mark.skip.at(i));
  }
  return moves;
}

class RedisWatch final : public QueueWatch {
 public:
  explicit RedisWatch(RedisConnection connection) : connection_(std::move(connection)) {}

  Result<Survey> survey() override {
    SIMSWARM_TRY(const RedisReply reply, connection_.run(looks_.survey, {""}));
    Survey survey;
    survey.suspended = reply.list.at(0).integer == 1;
    for (const RedisReply& one : reply.list.at(1).list) {
      survey.queues.push_back({{one.list.at(0).text},
                               one.list.at(1).text,
                               std::clamp(int_of(one.list.at(2)), -kMostPriority, kMostPriority),
                               counts_of(one, 3)});
    }
    for (const RedisReply& one : reply.list.at(2).list) survey.workers.push_back(worker_of(one));
    std::ranges::sort(survey.queues, {}, [](const QueueRow& row) { return row.name; });
    std::ranges::sort(survey.workers, {}, [](const WorkerView& view) { return view.record.name; });
    return survey;
  }

  Result<Moves> moves(const QueueName& queue, const Mark& since) override {
    SIMSWARM_TRY(std::vector<Moves> all, all_moves({{queue, since}}));
    return std::move(all.front());
  }

  Result<std::vector<Moves>> all_moves(const std::vector<MovesAsked>& asked) override {
    std::vector<Moves> all;
    if (asked.empty()) return all;
    // A script holds up all other clients: what many queues have is told in more steps.
    const std::size_t most = std::max(kMostMoves / asked.size(), kLeastMoves);
    std::vector<std::string> arguments{"", std::to_string(most)};
    for (const MovesAsked& one : asked) {
      SIMSWARM_CHECK(check_queue(one.queue));
      arguments.push_back(one.queue.text);
      for (std::size_t i = 0; i < one.since.scores.size(); ++i) {
        arguments.push_back(one.since.scores.at(i));
        arguments.push_back(std::to_string(one.since.skip.at(i)));
      }
    }
    SIMSWARM_TRY(const RedisReply reply, connection_.run(looks_.moves, arguments));
    for (std::size_t i = 0; i < asked.size(); ++i) all.push_back(moves_of(reply.list.at(i), asked[i].since, most));
    return all;
  }

  Result<std::vector<JobId>> ids(const QueueName& queue, Place place, std::size_t offset, std::size_t most) override {
    SIMSWARM_CHECK(check_queue(queue));
    SIMSWARM_TRY(const RedisReply reply,
                 connection_.run(looks_.ids, {"", queue.text, kRegistries.at(static_cast<std::size_t>(place)),
                                              std::to_string(offset), std::to_string(most)}));
    std::vector<JobId> ids;
    ids.reserve(reply.list.size());
    for (const RedisReply& one : reply.list) ids.push_back({one.text.substr(0, one.text.find(':'))});
    return ids;
  }

  Result<std::vector<std::string>> errors(const std::vector<JobId>& ids) override {
    std::vector<std::string> arguments{""};
    for (const JobId& id : ids) arguments.push_back(id.text);
    SIMSWARM_TRY(const RedisReply reply, connection_.run(looks_.errors, arguments));
    std::vector<std::string> errors;
    for (const RedisReply& one : reply.list) {
      const std::string message = result_field(one, "exc_string");
      errors.push_back(message.substr(0, std::min(message.find('\n'), kLongestError)));
    }
    errors.resize(ids.size());
    return errors;
  }

  Result<std::vector<JobDetails>> details(const std::vector<PlaceAsked>& asked, std::size_t most) override {
    std::vector<JobDetails> all;
    if (asked.empty()) return all;
    std::vector<std::string> arguments{"", std::to_string(most)};
    for (const PlaceAsked& one : asked) {
      SIMSWARM_CHECK(check_queue(one.queue));
      arguments.push_back(one.queue.text);
      arguments.emplace_back(kRegistries.at(static_cast<std::size_t>(one.place)));
    }
    SIMSWARM_TRY(const RedisReply reply, connection_.run(looks_.details, arguments));
    for (const RedisReply& one : reply.list) all.push_back(details_of(one));
    return all;
  }

  Result<std::optional<std::size_t>> ahead(const QueueName& queue, const JobId& id) override {
    SIMSWARM_CHECK(check_queue(queue));
    SIMSWARM_CHECK(check_id(id));
    SIMSWARM_TRY(const RedisReply reply, connection_.command({"LPOS", "rq:queue:" + queue.text, id.text}));
    if (reply.is_null()) return std::nullopt;
    return static_cast<std::size_t>(reply.integer);
  }

 private:
  RedisConnection connection_;
  const RedisLookScripts& looks_ = redis_look_scripts();
};

}  // namespace

Result<std::unique_ptr<QueueWatch>> open_queue_watch(std::string_view url, const JobQueueOptions& options) {
  SIMSWARM_TRY(const RedisAddress address, parse_redis_url(url, options.fresh_url));
  SIMSWARM_TRY(RedisConnection connection, RedisConnection::connect(address, options.connect_timeout));
  return std::make_unique<RedisWatch>(std::move(connection));
}

}  // namespace simswarm::jobs
