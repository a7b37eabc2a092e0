#include "queue/queue_watch.h"

#include <algorithm>

#include "base/text.h"
#include "queue/redis_replies.h"
#include "queue/redis_scripts.h"

namespace simswarm::jobs {
namespace {

// What ended in the second of the mark may not have been all.
constexpr std::int64_t kOverlap = 1;

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

// The least score to ask for next time; those of results that never expire are infinite, and are told once.
std::string next_mark(const std::vector<RedisReply>& ended, const std::string& before) {
  if (ended.empty()) return before.empty() ? "0" : before;
  const auto score = parse_double(ended.back().list.at(1).text);
  if (!score || *score > 1e15) return before.empty() ? "0" : before;
  return std::to_string(static_cast<std::int64_t>(*score) - kOverlap);
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
    SIMSWARM_CHECK(check_queue(queue));
    SIMSWARM_TRY(const RedisReply reply,
                 connection_.run(looks_.moves, {"", queue.text, std::to_string(kMostMoves), since.scores[0],
                                                since.scores[1], since.scores[2]}));
    Moves moves;
    for (const RedisReply& one : reply.list.at(0).list) moves.started.push_back(view_of(one));
    for (std::size_t i = 0; i < since.scores.size(); ++i) {
      const std::vector<RedisReply>& ended = reply.list.at(1 + i).list;
      for (const RedisReply& one : ended) moves.ended.push_back(ended_of(one));
      moves.mark.scores.at(i) = next_mark(ended, since.scores.at(i));
    }
    return moves;
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
