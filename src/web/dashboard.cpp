#include "web/dashboard.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "web/html.h"

namespace simswarm::web {
namespace {

using nlohmann::json;
using Cell = HtmlTable::Cell;

constexpr std::size_t kMostCampaigns = 50;
constexpr double kOldAfter = 5;  // seconds

json json_of(const jobs::Counts& counts) {
  return {{"deferred", counts.deferred}, {"scheduled", counts.scheduled}, {"queued", counts.queued},
          {"started", counts.started},   {"finished", counts.finished},   {"failed", counts.failed},
          {"canceled", counts.cancelled}};
}

json json_of(const view::QueueRow& row) {
  json object = json_of(row.counts);
  object["name"] = row.name.text;
  object["campaign"] = row.campaign;
  object["priority"] = row.priority;
  return object;
}

json json_of(const jobs::WorkerView& view) {
  const jobs::WorkerRecord& one = view.record;
  json queues = json::array();
  for (const jobs::QueueName& queue : one.queues) queues.push_back(queue.text);
  return {{"name", one.name.text}, {"host", one.host},       {"state", one.state},   {"obstacle", one.obstacle},
          {"slots", one.slots},    {"running", one.running}, {"queues", queues},     {"finished", one.finished},
          {"failed", one.failed},  {"version", one.version}, {"born", view.born_at}, {"seen", view.seen_at}};
}

json json_of(const view::CampaignRow& row) {
  return {{"id", row.record.id},
          {"name", row.record.name},
          {"queue", row.record.queue},
          {"host", row.record.host},
          {"created", to_text(row.record.created)},
          {"runs", row.record.runs},
          {"waiting", row.waiting()},
          {"running", row.counts.started},
          {"finished", row.counts.finished},
          {"failed", row.counts.failed},
          {"canceled", row.counts.cancelled}};
}

json totals_of(const view::Overview& overview) {
  json object = json_of(overview.totals);
  object["workers"] = overview.workers.size();
  object["slots"] = overview.slots;
  object["running"] = overview.running;
  return object;
}

std::vector<view::CampaignRow> rows_of(const DashboardView& view) {
  if (!view.store.value || !view.queue.value) return {};
  return view::campaigns_of(*view.store.value, *view.queue.value, kMostCampaigns);
}

Cell number(std::size_t value) {
  return {value == 0 ? "·" : std::to_string(value), value == 0 ? "number quiet" : "number"};
}

Cell failures(std::size_t value) {
  return value == 0 ? number(0) : Cell{std::to_string(value), "number bad"};
}

std::string queues_html(const view::Overview& overview) {
  HtmlTable table({"Queue", "Campaign", "Waiting", "Running", "Finished", "Failed", "Cancelled", "Priority"});
  for (const view::QueueRow& row : overview.queues) {
    const jobs::Counts& counts = row.counts;
    table.add_row({{row.name.text},
                   {row.campaign},
                   number(counts.queued + counts.scheduled + counts.deferred),
                   number(counts.started),
                   number(counts.finished),
                   failures(counts.failed),
                   number(counts.cancelled),
                   {std::to_string(row.priority), "number"}});
  }
  return "<h2>Queues</h2>\n" + table.html("There are no queues: nothing has been put in yet.");
}

// What is left of «2026-11-22T16:29:01.123456Z».
std::string short_time(const std::string& stamp) {
  return stamp.size() < 19 ? stamp : replace_all(stamp.substr(0, 19), "T", " ");
}

Cell state_cell(const jobs::WorkerRecord& worker) {
  if (!worker.obstacle.empty()) return {fmt::format("{}: {}", worker.state, worker.obstacle), "bad"};
  return {worker.state, worker.state == "busy" ? "good" : ""};
}

std::string workers_html(const view::Overview& overview) {
  HtmlTable table({"Worker", "Host", "State", "Busy", "Finished", "Failed", "Seen (UTC)", "Queues"});
  for (const jobs::WorkerView& view : overview.workers) {
    const jobs::WorkerRecord& one = view.record;
    std::vector<std::string> queues;
    for (const jobs::QueueName& queue : one.queues) queues.push_back(queue.text);
    table.add_row({{one.name.text},
                   {one.host},
                   state_cell(one),
                   {one.slots == 0 ? "–" : fmt::format("{}/{}", one.running, one.slots), "number"},
                   number(one.finished),
                   failures(one.failed),
                   {short_time(view.seen_at)},
                   {join(queues, " ")}});
  }
  return "<h2>Workers</h2>\n" + table.html("There are no workers.");
}

std::string campaigns_html(const DashboardView& view) {
  if (!view.has_store) return "";
  HtmlTable table(
      {"Campaign", "Id", "Begun (UTC)", "From", "Runs", "Waiting", "Running", "Finished", "Failed", "Cancelled"});
  for (const view::CampaignRow& row : rows_of(view)) {
    table.add_row({{row.record.name},
                   {row.record.id},
                   {short_time(to_text(row.record.created))},
                   {row.record.host},
                   number(row.record.runs),
                   number(row.waiting()),
                   number(row.counts.started),
                   number(row.counts.finished),
                   failures(row.counts.failed),
                   number(row.counts.cancelled)});
  }
  return "<h2>Runs of campaigns</h2>\n" + table.html("The store knows no campaign.");
}

std::string summary_line(const view::Overview& overview) {
  const jobs::Counts& all = overview.totals;
  return fmt::format("{} running, {} waiting, {} finished, {} failed; {} workers, {} of {} slots busy", all.started,
                     all.queued + all.scheduled + all.deferred, all.finished, all.failed, overview.workers.size(),
                     overview.running, overview.slots);
}

// Why the queue is not seen; empty: it is.
std::string queue_trouble(const Seen<view::Overview>& queue) {
  if (!queue.trouble.empty()) return queue.trouble;
  if (!queue.is_fresh && !queue.value) return "Redis has not answered yet";
  if (!queue.is_fresh && queue.age.count() > kOldAfter)
    return fmt::format("Redis has not answered for {}", human_duration(queue.age.count()));
  return "";
}

}  // namespace

std::vector<std::string> troubles_of(const DashboardView& view) {
  std::vector<std::string> troubles;
  if (const std::string trouble = queue_trouble(view.queue); !trouble.empty()) {
    troubles.push_back(view.queue.value
                           ? fmt::format("{}; what is shown is {} old", trouble, human_duration(view.queue.age.count()))
                           : trouble);
  }
  if (view.has_store && !view.store.trouble.empty()) troubles.push_back("the store: " + view.store.trouble);
  if (!view.queue.value) return troubles;
  const view::Overview& overview = *view.queue.value;
  if (overview.suspended) troubles.emplace_back("suspended: no worker takes a job until simswarm jobs resume");
  const std::size_t waiting = overview.totals.queued;
  if (waiting > 0 && overview.workers.empty())
    troubles.push_back(fmt::format("{} jobs wait, and there is no worker: simswarm worker run", waiting));
  return troubles;
}

std::string overview_json(const DashboardView& view) {
  json object{{"version", 1}, {"trouble", troubles_of(view)}};
  if (const auto& overview = view.queue.value) {
    object["age"] = view.queue.age.count();
    object["suspended"] = overview->suspended;
    object["totals"] = totals_of(*overview);
    object["queues"] = json::array();
    for (const view::QueueRow& row : overview->queues) object["queues"].push_back(json_of(row));
    object["workers"] = json::array();
    for (const jobs::WorkerView& one : overview->workers) object["workers"].push_back(json_of(one));
  }
  if (view.store.value && view.queue.value) {
    object["campaigns"] = json::array();
    for (const view::CampaignRow& row : rows_of(view)) object["campaigns"].push_back(json_of(row));
  }
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Response overview_page(const DashboardView& view, bool may_log_out) {
  Frame frame{.title = "simswarm dashboard", .body = "<h1>Dashboard</h1>\n", .may_log_out = may_log_out};
  frame.body += trouble_html(troubles_of(view));
  if (const auto& overview = view.queue.value) {
    frame.body += fmt::format("<p>{}</p>\n", escaped(summary_line(*overview)));
    frame.body += campaigns_html(view) + queues_html(*overview) + workers_html(*overview);
  } else {
    frame.body += "<p>Nothing has been seen of the queue yet; this page goes on looking.</p>\n";
  }
  return page_response(frame);
}

Response dashboard_readiness(const DashboardView& view) {
  const std::string trouble = queue_trouble(view.queue);
  if (trouble.empty() && view.queue.is_fresh) return {.status = 200, .body = "ready\n"};
  return {.status = 503, .body = (trouble.empty() ? "Redis does not answer just now" : trouble) + "\n"};
}

SiteOptions dashboard_site(Polled<view::Overview>& queue, CampaignsSeen* store,
                           const std::optional<std::string>& token) {
  // The store is looked at beside: nothing waits for it.
  const auto seen = [&queue, store] {
    DashboardView view{.queue = queue.seen(), .has_store = store != nullptr, .store = {}};
    if (store != nullptr) view.store = store->seen();
    return view;
  };
  const auto answer = [seen](auto make) -> Handler {
    return [seen, make](const Request& request) -> std::optional<Response> {
      const DashboardView view = seen();
      if (!view.queue.is_fresh && !request.waited) return std::nullopt;
      return make(view);
    };
  };
  const bool may_log_out = token.has_value();
  SiteOptions options{.service = "dashboard", .title = "simswarm dashboard", .token = token, .pages = {}, .ready = {}};
  options.ready = answer(dashboard_readiness);
  options.pages["/"] = answer([may_log_out](const DashboardView& view) { return overview_page(view, may_log_out); });
  options.pages["/api/v1/overview"] = answer(
      [](const DashboardView& view) { return json_response(overview_json(view), view.queue.value ? 200 : 503); });
  return options;
}

}  // namespace simswarm::web
