#include "queue/redis_page.h"

#include <array>
#include <span>

#include "queue/redis_replies.h"

namespace simswarm::jobs {
namespace {

// What a row has, in this order. Those that wait have no more than the first, as long as none of them was started.
enum Field : std::size_t {
  kId,
  kStatus,
  kDescription,
  kAttempt,
  kRetriesLeft,
  kCreated,
  kEnqueued,
  kStarted,
  kWorker,
  kFieldsOfWaiting,
  kNode = kFieldsOfWaiting,
  kEnded,
  kLostOn,
  kEnd,
  kFields,
};
constexpr std::array<const char*, kFields> kNames{
    "#",          "status",      "description", "sw_attempt", "retries_left", "created_at", "enqueued_at",
    "started_at", "worker_name", "sw_node",     "ended_at",   "sw_nodes",     "sw_end"};

using Row = std::span<const RedisReply>;

bool has(Row row, Field field) {
  return field < row.size() && !row[field].text.empty();
}

// It has expired, or was deleted behind the queue's back.
bool is_gone(Row row) {
  for (const RedisReply& one : row.subspan(1)) {
    if (!one.is_null()) return false;
  }
  return true;
}

// Whether that is all there is to say of it. Only the script can tell of one that was written in part, that waits for
// another attempt, or has lost some.
bool is_told(Row row) {
  if (!has(row, kStatus) || !has(row, kCreated) || parse_state(row[kStatus].text) == State::kStarted) return false;
  const bool is_short = row.size() == kFieldsOfWaiting;
  const bool was_started = has(row, kAttempt) || has(row, kStarted) || has(row, kWorker);
  return !(is_short && was_started) && !has(row, kLostOn);
}

JobView view_of(Row row, const QueueName& queue) {
  JobView view;
  view.id.text = row[kId].text;
  view.queue = queue;
  view.state = parse_state(row[kStatus].text).value_or(State::kQueued);
  view.description = row[kDescription].text;
  view.attempt = int_of(row[kAttempt]);
  view.retries_left = int_of(row[kRetriesLeft]);
  view.created_at = row[kCreated].text;
  view.enqueued_at = row[kEnqueued].text;
  view.started_at = row[kStarted].text;
  view.worker = row[kWorker].text;
  if (row.size() == kFieldsOfWaiting) return view;
  view.node = row[kNode].text;
  view.ended_at = row[kEnded].text;
  view.lost = !row[kEnd].is_null();
  return view;
}

using Words = std::vector<std::string>;

Words sort_of(const std::string& name, std::size_t fields, std::size_t offset, std::size_t most) {
  Words words{"SORT_RO", name, "BY", "nosort", "DESC", "LIMIT", std::to_string(offset), std::to_string(most)};
  for (std::size_t i = 0; i < fields; ++i) {
    words.emplace_back("GET");
    words.push_back(i == kId ? std::string(kNames.at(i)) : std::string("rq:job:*->") + kNames.at(i));
  }
  return words;
}

}  // namespace

Result<std::optional<Page>> RedisPages::page(RedisConnection& connection, const QueueName& queue, Place place,
                                             std::size_t offset, std::size_t most) {
  // Of what workers of RQ hold the server has not the ids alone.
  if (place == Place::kStarted || most == 0) return std::nullopt;
  SIMSWARM_CHECK(connection.ensure());
  if (refused_at_ == connection.generation()) return std::nullopt;
  const bool is_waiting = place == Place::kQueued;
  const std::size_t fields = is_waiting ? kFieldsOfWaiting : kFields;
  const std::string registry = kRegistries.at(static_cast<std::size_t>(place));
  const std::string name = is_waiting ? "rq:queue:" + queue.text : "rq:" + registry + ":" + queue.text;
  const std::vector<Words> both{{is_waiting ? "LLEN" : "ZCARD", name}, sort_of(name, fields, offset, most)};
  const auto replies = connection.commands(both);
  if (!replies) {
    if (replies.error().can_retry) return propagate(replies.error());
    refused_at_ = connection.generation();
    return std::nullopt;
  }
  Page page;
  page.total = static_cast<std::size_t>(replies->at(0).integer);
  const Row all = replies->at(1).list;
  page.jobs.reserve(all.size() / fields);
  for (std::size_t i = 0; i + fields <= all.size(); i += fields) {
    const Row row = all.subspan(i, fields);
    if (is_gone(row)) continue;
    if (!is_told(row)) return std::nullopt;
    page.jobs.push_back(view_of(row, queue));
  }
  return page;
}

}  // namespace simswarm::jobs
