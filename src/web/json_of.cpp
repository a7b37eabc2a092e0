#include "web/json_of.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace simswarm::web {
namespace {

constexpr std::size_t kDeepest = 16;

Json or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

// Most texts are ids and names that need no escapes.
void append_text(std::string& all, std::string_view text) {
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  if (!std::ranges::all_of(text, is_plain)) {
    all += Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  all += '"';
  all += text;
  all += '"';
}

void append_or_null(std::string& all, std::string_view text) {
  if (text.empty())
    all += "null";
  else
    append_text(all, text);
}

}  // namespace

Json json_of(const jobs::Counts& counts) {
  return {{"deferred", counts.deferred}, {"scheduled", counts.scheduled}, {"queued", counts.queued},
          {"started", counts.started},   {"finished", counts.finished},   {"failed", counts.failed},
          {"canceled", counts.cancelled}};
}

Json json_of(const jobs::WorkerView& view) {
  const jobs::WorkerRecord& one = view.record;
  Json queues = Json::array();
  for (const jobs::QueueName& queue : one.queues) queues.push_back(queue.text);
  return {{"name", one.name.text},
          {"host", one.host},
          {"state", one.state},
          {"obstacle", one.obstacle},
          {"slots", one.slots},
          {"running", one.running},
          {"queues", queues},
          {"finished", one.finished},
          {"failed", one.failed},
          {"version", one.version},
          {"cpu", one.cpu},
          {"born", or_null(view.born_at)},
          {"seen", or_null(view.seen_at)},
          {"working_seconds", one.working_seconds}};
}

Json json_of(const jobs::JobView& job) {
  return {{"id", job.id.text},
          {"queue", job.queue.text},
          {"state", to_text(job.state)},
          {"description", job.description},
          {"attempt", job.attempt},
          {"lost", job.lost_on.size()},
          {"lost_on", job.lost_on},
          {"stop_requested", job.stop_requested},
          {"retries_left", job.retries_left},
          {"worker", job.worker},
          {"node", job.node},
          {"created", or_null(job.created_at)},
          {"enqueued", or_null(job.enqueued_at)},
          {"started", or_null(job.started_at)},
          {"ended", or_null(job.ended_at)},
          {"progress", job.progress.empty() ? Json() : foreign_json(job.progress)}};
}

void append_json(std::string& text, const jobs::JobView& job, const std::string& error) {
  const auto name = [&](std::string_view member) {
    text += text.back() == '{' ? "\"" : ",\"";
    text += member;
    text += "\":";
  };
  const auto put = [&](std::string_view member, std::string_view value) {
    name(member);
    append_text(text, value);
  };
  const auto put_or_null = [&](std::string_view member, std::string_view value) {
    name(member);
    append_or_null(text, value);
  };
  const auto put_number = [&](std::string_view member, auto value) {
    name(member);
    fmt::format_to(std::back_inserter(text), "{}", value);
  };
  text += '{';
  put("id", job.id.text);
  put("queue", job.queue.text);
  put("state", to_text(job.state));
  put("description", job.description);
  put_number("attempt", job.attempt);
  put_number("lost", job.lost_on.size());
  name("lost_on");
  text += job.lost_on.empty() ? "[]" : Json(job.lost_on).dump(-1, ' ', false, Json::error_handler_t::replace);
  put_number("stop_requested", job.stop_requested);
  put_number("retries_left", job.retries_left);
  put("worker", job.worker);
  put("node", job.node);
  put_or_null("created", job.created_at);
  put_or_null("enqueued", job.enqueued_at);
  put_or_null("started", job.started_at);
  put_or_null("ended", job.ended_at);
  put_or_null("error", error);
  name("progress");
  text +=
      job.progress.empty() ? "null" : foreign_json(job.progress).dump(-1, ' ', false, Json::error_handler_t::replace);
  text += '}';
}

Json json_of(const view::BuildProgress& build) {
  return {{"phase", build.phase},     {"compiled", build.compiled}, {"hits", build.hits},
          {"remote", build.remote},   {"expected", build.expected}, {"hosts", build.hosts},
          {"seconds", build.seconds}, {"ahead", build.ahead}};
}

Json json_of(const view::CampaignRow& row) {
  return {{"id", row.id},
          {"name", row.name},
          {"queue", row.queue},
          {"host", row.host},
          {"created", json_of(row.created)},
          {"runs", row.runs},
          {"waiting", row.waiting},
          {"running", row.running},
          {"finished", row.finished},
          {"failed", row.failed},
          {"canceled", row.cancelled},
          {"state", row.state},
          {"rate", row.rate ? Json(*row.rate) : Json()},
          {"left", row.left ? Json(*row.left) : Json()},
          {"priority", row.priority},
          {"build", or_null(row.build)},
          {"planned", row.is_planned},
          {"building", row.building ? json_of(*row.building) : Json()},
          {"error", or_null(row.error)}};
}

Json json_of(const std::vector<view::Trouble>& troubles) {
  Json list = Json::array();
  for (const view::Trouble& one : troubles) {
    list.push_back({{"what", one.what},
                    {"todo", one.todo},
                    {"since", json_of(one.since)},
                    {"level", one.is_error ? "error" : "warning"}});
  }
  return list;
}

Json json_of(const store::AttemptRecord& record) {
  const Attempt& attempt = record.attempt;
  return {{"number", attempt.number},
          {"campaign", attempt.campaign},
          {"outcome", to_text(attempt.verdict.outcome)},
          {"message", attempt.verdict.message},
          {"simulated_time", or_null(attempt.verdict.place.simulated_time)},
          {"module", or_null(attempt.verdict.place.module)},
          {"worker", record.worker},
          {"host", attempt.host},
          {"cpu", attempt.cpu},
          {"started", json_of(attempt.started)},
          {"ended", json_of(attempt.ended)},
          {"wall_seconds", attempt.usage.wall_seconds},
          {"user_seconds", attempt.usage.user_seconds},
          {"system_seconds", attempt.usage.system_seconds},
          {"peak_memory", attempt.usage.peak_memory},
          {"exit_code", attempt.exit_code},
          {"command", attempt.command},
          {"has_output", !record.output.empty() || !record.errors.empty()}};
}

Json json_of(const store::BuildRecord& record) {
  Json by_host = Json::array();
  for (const store::BuildHost& host : record.hosts)
    by_host.push_back({{"name", host.name}, {"done", host.done}, {"failed", host.failed}});
  return {{"key", record.key.hex()},   {"tree", record.tree},         {"created", json_of(record.created)},
          {"host", record.host},       {"compiler", record.compiler}, {"image", record.image},
          {"seconds", record.seconds}, {"compiled", record.compiled}, {"hits", record.hits},
          {"remote", record.remote},   {"by_host", by_host},          {"bytes", record.bytes},
          {"state", "built"},          {"campaign_id", nullptr},      {"error", nullptr}};
}

Json foreign_json(std::string_view text) {
  if (json_depth(text) > kDeepest) return nullptr;
  Json value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json() : value;
}

std::string good_utf8(const std::string& text) {
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

Json json_of(Stamp stamp) {
  return stamp == Stamp{} ? Json() : Json(to_text(stamp));
}

Json moment_json(double seconds) {
  constexpr double kMost = 9e12;  // what microseconds can hold
  if (!(seconds > 0) || seconds > kMost) return nullptr;
  return to_text(Stamp(std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6))));
}

std::string joined(Json before, std::string_view text) {
  std::string all = dumped(std::move(before));
  all.back() = ',';
  all.append(text.substr(text.find('{') + 1));
  return all;
}

std::string dumped(Json object) {
  object["version"] = 1;
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace simswarm::web
