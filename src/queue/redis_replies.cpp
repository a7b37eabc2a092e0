#include "queue/redis_replies.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "queue/packed.h"

namespace simswarm::jobs {

int int_of(const RedisReply& reply) {
  const std::int64_t number =
      reply.kind == RedisReply::Kind::kInteger ? reply.integer : parse_int(reply.text).value_or(0);
  constexpr std::int64_t kLeast = std::numeric_limits<int>::min();
  constexpr std::int64_t kMost = std::numeric_limits<int>::max();
  return static_cast<int>(std::clamp(number, kLeast, kMost));
}

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
  view.progress = f[15].text;
  return view;
}

std::size_t size_in(const RedisReply& reply) {
  return static_cast<std::size_t>(std::max<std::int64_t>(parse_int(reply.text).value_or(0), 0));
}

JobDetails details_of(const RedisReply& reply) {
  JobDetails details;
  details.job = view_of(reply.list.at(0));
  details.payload = unpacked(reply.list.at(1).text).value_or("");
  for (const RedisReply& parent : reply.list.at(2).list) details.depends_on.push_back({parent.text});
  const State state = details.job.state;
  if (state == State::kFinished) details.result = result_field(reply.list.at(3), "return_value");
  if (state == State::kFailed || state == State::kStopped)
    details.message = result_field(reply.list.at(3), "exc_string");
  return details;
}

WorkerView worker_of(const RedisReply& reply) {
  const std::vector<RedisReply>& f = reply.list;
  WorkerView view;
  WorkerRecord& record = view.record;
  record.name.text = f[15].text;
  for (const std::string_view queue : split(f[0].text, ',')) record.queues.push_back({std::string(queue)});
  record.host = f[1].text;
  record.address = f[2].text;
  record.pid = int_of(f[3]);
  record.version = f[4].text;
  record.state = f[5].text;
  view.born_at = f[6].text;
  view.seen_at = f[7].text;
  record.finished = size_in(f[8]);
  record.failed = size_in(f[9]);
  record.working_seconds = parse_double(f[10].text).value_or(0);
  record.slots = size_in(f[11]);
  record.running = size_in(f[12]);
  record.cpu = f[13].text;
  record.obstacle = f[14].text;
  return view;
}

Counts counts_of(const RedisReply& reply, std::size_t first) {
  const auto count = [&](Place place) {
    return static_cast<std::size_t>(reply.list.at(first + static_cast<std::size_t>(place)).integer);
  };
  return {count(Place::kDeferred), count(Place::kScheduled), count(Place::kQueued),   count(Place::kStarted),
          count(Place::kFinished), count(Place::kFailed),    count(Place::kCancelled)};
}

std::string result_field(const RedisReply& result, std::string_view name) {
  for (std::size_t i = 0; i + 1 < result.list.size(); i += 2) {
    if (result.list[i].text != name) continue;
    const auto bytes = base64_decoded(result.list[i + 1].text);
    return bytes ? unpacked(*bytes).value_or("") : std::string();
  }
  return {};
}

}  // namespace simswarm::jobs
