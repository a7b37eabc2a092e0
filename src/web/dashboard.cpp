#include "web/dashboard.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "view/campaign_rows.h"
#include "web/json_of.h"

namespace simswarm::web {
namespace {

constexpr std::size_t kMostCampaigns = 50;
constexpr std::size_t kMostWorkers = 200;
constexpr std::size_t kMostSearched = 200;  // bytes

Response overview(const view::Picture* picture) {
  Json object{{"suspended", picture->survey.suspended}};
  add_age(object, *picture);
  object["totals"] = json_of(picture->totals);
  object["totals"]["workers"] = picture->survey.workers.size();
  object["totals"]["slots"] = picture->slots;
  object["totals"]["running"] = picture->busy;
  object["campaigns"] = Json::array();
  for (const view::CampaignRow& row : view::with_work_first(picture->campaigns, kMostCampaigns))
    object["campaigns"].push_back(json_of(row));
  object["campaigns_total"] = picture->campaigns.size();
  object["queues"] = Json::array();
  for (const jobs::QueueRow& row : picture->survey.queues) {
    Json one = json_of(row.counts);
    one["name"] = row.name.text;
    one["campaign"] = row.campaign;
    one["priority"] = row.priority;
    const auto campaign = std::ranges::find(picture->campaigns, row.name.text, &view::CampaignRow::queue);
    one["campaign_id"] = campaign == picture->campaigns.end() ? Json() : Json(campaign->id);
    object["queues"].push_back(std::move(one));
  }
  object["workers"] = Json::array();
  for (const jobs::WorkerView& worker : picture->survey.workers) {
    if (object["workers"].size() == kMostWorkers) break;
    object["workers"].push_back(json_of(worker));
  }
  object["workers_total"] = picture->survey.workers.size();
  return json_response(dumped(std::move(object)));
}

// Many pages ask for it at once, when they are told that it has changed.
Handle overview_handle(const Desk& desk) {
  struct Made {
    std::shared_ptr<const view::Picture> of;
    double age = 0;
    Response response;
  };
  return [&desk, made = std::make_shared<Made>()](const Call&) -> std::optional<Response> {
    const auto picture = desk.watch->picture();
    if (made->of != picture || made->age != age_of(*picture))
      *made = {picture, age_of(*picture), overview(picture.get())};
    return made->response;
  };
}

std::optional<Response> campaigns(const Desk& desk, const Call& call) {
  const auto offset = number_in(call, "offset", 0, 1'000'000);
  const auto most = number_in(call, "most", 50, 1000);
  if (!offset || !most) return bad_request(call, "offset and most are to be numbers, most up to 1000");
  const std::string search = call.query("search").substr(0, kMostSearched);
  const auto picture = desk.watch->picture();
  Json object;
  add_age(object, *picture);
  object["campaigns"] = Json::array();
  std::size_t found = 0;
  for (const view::CampaignRow& row : picture->campaigns) {
    const bool is_one = search.empty() || row.name.find(search) != std::string::npos || row.id.starts_with(search) ||
                        row.host.find(search) != std::string::npos;
    if (!is_one || found++ < *offset || object["campaigns"].size() >= *most) continue;
    object["campaigns"].push_back(json_of(row));
  }
  object["total"] = found;
  return json_response(dumped(std::move(object)));
}

Response metrics(const Desk& desk, const Server& server) {
  Response response = text_response(metrics_text(*desk.watch->picture(), server.streams()));
  response.type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

std::optional<Response> readiness(const Desk& desk, const Request& request) {
  const auto picture = desk.watch->picture();
  const bool is_good = picture->has_queue && age_of(*picture) <= Seconds(view::Watch::kOldAfter).count();
  if (is_good) return Response{.status = 200, .body = "ready\n"};
  if (!picture->has_queue && picture->troubles.empty() && !request.waited) return std::nullopt;
  // Anybody may ask: nothing is told but of the server.
  std::string word = picture->queue_trouble;
  if (word.empty()) {
    word = picture->has_queue ? fmt::format("Redis has not answered for {}", human_duration(age_of(*picture)))
                              : "Redis has not answered yet";
  }
  return Response{.status = 503, .body = word + "\n"};
}

}  // namespace

double age_of(const view::Picture& picture) {
  if (!picture.has_queue) return 0;
  // In steps, so that answers to many are the same.
  constexpr double kStep = 0.1;
  return std::floor(Seconds(std::chrono::steady_clock::now() - picture.seen_at).count() / kStep) * kStep;
}

void add_age(nlohmann::json& object, const view::Picture& picture) {
  object["age"] = age_of(picture);
  std::vector<view::Trouble> troubles = picture.troubles;
  if (!picture.has_queue && troubles.empty())
    troubles.push_back({"nothing has been seen of the queue yet", "this page goes on looking", {}, false});
  object["trouble"] = json_of(troubles);
}

Found find_campaign(const Desk& desk, const Call& call) {
  const view::Following following = desk.watch->follow(call.parts.at(0));
  if (following.is_unknown)
    return {nullptr, trouble_response(404, call.request.path, "there is no campaign of this id")};
  if (following.campaign) return {following.campaign, std::nullopt};
  if (!following.trouble.empty()) return {nullptr, trouble_response(503, call.request.path, following.trouble)};
  if (!desk.at_store && desk.at_queue)
    return {nullptr, trouble_response(404, call.request.path, "campaigns are known where there is a store: --store")};
  return {};
}

std::optional<std::size_t> number_in(const Call& call, std::string_view name, std::size_t usual, std::size_t most) {
  const std::string text = call.query(name);
  if (text.empty()) return usual;
  const auto number = parse_int(text);
  if (!number || *number < 0 || static_cast<std::uint64_t>(*number) > most) return std::nullopt;
  return static_cast<std::size_t>(*number);
}

Response bad_request(const Call& call, const std::string& word) {
  return trouble_response(400, call.request.path, word);
}

Response response_of(const Error& error) {
  return trouble_response(error.code == ExitCode::kUsage ? 400 : 503, "/api/v1/", error.message);
}

SiteOptions dashboard_site(const Desk& desk, const DashboardOptions& options) {
  SiteOptions site;
  site.service = "dashboard";
  site.token = options.token;
  site.version = options.version;
  site.about = {{"local", options.is_local}, {"store", desk.at_store != nullptr}};
  site.may_change = desk.at_queue != nullptr;
  site.pages = {"/",          "/campaigns", "/campaigns/*", "/campaigns/*/runs/*",
                "/queues",    "/queues/*",  "/jobs/*",      "/workers",
                "/workers/*", "/builds",    "/builds/*"};
  site.ready = [&desk](const Request& request) { return readiness(desk, request); };
  site.routes = {{"GET", "/api/v1/overview", overview_handle(desk)},
                 {"GET", "/api/v1/events", [options](const Call&) { return options.events->begin(); }},
                 {"GET", "/metrics", [&desk, options](const Call&) { return metrics(desk, *options.server); }},
                 {"GET", "/api/v1/campaigns", [&desk](const Call& call) { return campaigns(desk, call); }}};
  for (const auto& routes :
       {campaign_routes(desk), run_routes(desk), value_routes(desk), job_routes(desk), build_routes(desk)})
    site.routes.insert(site.routes.end(), routes.begin(), routes.end());
  return site;
}

}  // namespace simswarm::web
