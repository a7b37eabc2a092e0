// Builds: what is being built, what came to nothing, what there is.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "store/looks.h"
#include "view/build_jobs.h"
#include "web/dashboard.h"
#include "web/json_of.h"

namespace simswarm::web {
namespace {

using jobs::Place;

constexpr std::chrono::milliseconds kFresh{1'000};
constexpr std::size_t kMostJobs = 100;         // of each state
constexpr std::size_t kMostErrors = 10;        // failed builds whose reason is read
constexpr std::uint64_t kMostLog = 4U << 20U;  // bytes

// A build that is no record of the store: its job tells.
Json job_json(const jobs::JobView& job, const std::string& campaign, const std::string& message) {
  const Json answer = foreign_json(message);
  const Json progress = job.progress.empty() ? Json() : foreign_json(job.progress);
  const Json& told = progress.is_object() ? progress : answer;
  const auto number = [&](const char* name) { return told.is_object() ? told.value(name, Json(0)) : Json(0); };
  const std::string state = job.state == jobs::State::kStarted  ? "building"
                            : job.state == jobs::State::kQueued ? "waiting"
                                                                : "failed";
  Json error = nullptr;
  if (state == "failed" && answer.is_object()) error = answer.value("message", Json());
  if (state == "failed" && !answer.is_object() && !message.empty()) error = message.substr(0, message.find('\n'));
  return {{"key", job.id.text},
          {"tree", nullptr},
          {"created", job.started_at.empty() ? job.created_at : job.started_at},
          {"host", job.node},
          {"compiler", ""},
          {"image", job.queue.text.starts_with("build-") ? job.queue.text.substr(6) : ""},
          {"seconds", number("seconds")},
          {"compiled", number("compiled")},
          {"hits", number("hits")},
          {"remote", number("remote")},
          {"hosts", number("hosts")},
          {"expected", number("expected")},
          {"phase", progress.is_object() ? progress.value("phase", Json()) : Json()},
          {"bytes", 0},
          {"state", state},
          {"description", job.description},
          {"campaign_id", campaign.empty() ? Json() : Json(campaign)},
          {"error", error}};
}

Result<Json> build_jobs(QueueDesk& queue, const std::vector<jobs::QueueName>& names) {
  Json list = Json::array();
  for (const jobs::QueueName& name : names) {
    for (const Place place : {Place::kStarted, Place::kQueued, Place::kFailed}) {
      SIMSWARM_TRY(const jobs::Page page, queue.jobs->list(name, place, 0, kMostJobs));
      std::size_t asked = 0;
      for (const jobs::JobView& job : page.jobs) {
        std::string message;
        if (place == Place::kFailed && asked++ < kMostErrors) {
          SIMSWARM_TRY(const auto details, queue.jobs->find(job.id));
          if (details) message = details->message;
        }
        list.push_back(job_json(job, view::campaign_of_build(job.id.text), message));
      }
    }
  }
  return list;
}

Response answer_of(const Result<Json>& answer) {
  if (!answer) return response_of(answer.error());
  return json_response(answer->dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::optional<Response> jobs_lookup(const Desk& desk) {
  std::vector<jobs::QueueName> names;
  const auto picture = desk.watch->picture();
  for (const jobs::QueueRow& row : picture->survey.queues) {
    if (view::is_build_queue(row.name.text) && jobs::check_queue(row.name)) names.push_back(row.name);
  }
  return desk.at_queue->find("build jobs", kFresh, [&desk, names] {
    const auto queue = desk.queue();
    return queue ? answer_of(build_jobs(**queue, names)) : response_of(queue.error());
  });
}

Result<Json> stored_builds(store::Store& store) {
  SIMSWARM_TRY(const auto builds, store::builds(store));
  Json list = Json::array();
  for (const store::BuildRecord& build : builds) list.push_back(json_of(build));
  return list;
}

std::optional<Response> stored_lookup(const Desk& desk) {
  return desk.at_store->find("builds", std::chrono::seconds(5), [&desk] {
    const auto store = desk.store();
    return store ? answer_of(stored_builds(**store)) : response_of(store.error());
  });
}

// One that was built since all of them were listed.
std::optional<Response> stored_one(const Desk& desk, const Digest& key) {
  return desk.at_store->find("build " + key.hex(), kFresh, [&desk, key] {
    return answer_of([&]() -> Result<Json> {
      SIMSWARM_TRY(auto* const store, desk.store());
      SIMSWARM_TRY(const auto build, store->build(key));
      return build ? json_of(*build) : Json();
    }());
  });
}

// What goes on and what failed first, then the newest.
std::optional<Response> list_builds(const Desk& desk, const Call& call) {
  const auto offset = number_in(call, "offset", 0, 1'000'000);
  const auto most = number_in(call, "most", 50, 1000);
  if (!offset || !most) return bad_request(call, "offset and most are to be numbers, most up to 1000");
  const auto jobs = jobs_lookup(desk);
  const auto stored = stored_lookup(desk);
  if (!jobs || !stored) return std::nullopt;
  if (jobs->status != 200) return jobs;
  if (stored->status != 200) return stored;
  const auto picture = desk.watch->picture();
  Json all = Json::parse(jobs->body);
  Json records = Json::parse(stored->body);
  for (Json& one : records) {
    const auto user = std::ranges::find(picture->campaigns, one["key"].get<std::string>(), &view::CampaignRow::build);
    if (user != picture->campaigns.end()) one["campaign_id"] = user->id;
    all.push_back(std::move(one));
  }
  Json object;
  add_age(object, *picture);
  object["total"] = all.size();
  object["builds"] = Json::array();
  for (std::size_t i = *offset; i < all.size() && i - *offset < *most; ++i)
    object["builds"].push_back(std::move(all[i]));
  return json_response(dumped(std::move(object)));
}

// What began as the job of a campaign's build is found under that name later, too.
std::string key_of(const std::string& wanted, const view::Picture& picture) {
  const auto row = std::ranges::find(picture.campaigns, view::campaign_of_build(wanted), &view::CampaignRow::id);
  return row == picture.campaigns.end() || row->build.empty() ? wanted : row->build;
}

// Its job has ended, and what came of it is not listed yet.
Json early_json(const view::CampaignRow& row) {
  jobs::JobView job;
  job.id = {row.build};
  job.state = jobs::State::kStarted;
  job.created_at = to_text(row.created);
  job.progress = json_of(*row.building).dump(-1, ' ', false, Json::error_handler_t::replace);
  return job_json(job, row.id, "");
}

std::optional<Response> find_build(const Desk& desk, const Call& call) {
  const auto jobs = jobs_lookup(desk);
  const auto stored = stored_lookup(desk);
  if (!jobs || !stored) return std::nullopt;
  const auto picture = desk.watch->picture();
  Json object;
  add_age(object, *picture);
  object["campaigns"] = Json::array();
  const std::string key = key_of(call.parts.at(0), *picture);
  for (const Response* part : {&*jobs, &*stored}) {
    if (part->status != 200) return *part;
    Json list = Json::parse(part->body);
    for (Json& one : list) {
      if (one["key"] == key) object["build"] = std::move(one);
    }
  }
  const auto early = std::ranges::find(picture->campaigns, key, &view::CampaignRow::build);
  if (!object.contains("build") && early != picture->campaigns.end() && early->building)
    object["build"] = early_json(*early);
  if (const auto digest = Digest::parse(key); digest && !object.contains("build")) {
    const auto one = stored_one(desk, *digest);
    if (!one || one->status != 200) return one;
    if (Json record = Json::parse(one->body); record.is_object()) object["build"] = std::move(record);
  }
  if (!object.contains("build")) return trouble_response(404, call.request.path, "there is no such build (any more)");
  for (const view::CampaignRow& row : picture->campaigns) {
    if (row.build == key) object["campaigns"].push_back(row.id);
  }
  if (object["build"]["campaign_id"].is_string() && object["campaigns"].empty())
    object["campaigns"].push_back(object["build"]["campaign_id"]);
  return json_response(dumped(std::move(object)));
}

// The last of it, where it is long.
Response log_of(store::Store& store, const std::string& key) {
  const auto digest = Digest::parse(key);
  if (!digest) return trouble_response(404, "/api/v1/", "there is no such build");
  const auto build = store.build(*digest);
  if (!build) return response_of(build.error());
  if (!*build) return trouble_response(404, "/api/v1/", "there is no such build (any more)");
  if ((*build)->log.empty()) return text_response("");
  TextSink sink(kMostLog);
  const auto fetched = store.fetch((*build)->log, sink);
  if (!fetched) return response_of(fetched.error());
  if (fetched->state != store::Fetched::State::kWhole) return trouble_response(404, "/api/v1/", fetched->trouble);
  return text_response(sink.text());
}

Response log_of_job(QueueDesk& queue, const jobs::JobId& id) {
  std::string text;
  while (text.size() < kMostLog) {
    const auto piece = queue.jobs->output(id, text.size());
    if (!piece) return response_of(piece.error());
    if (piece->empty()) break;
    text += *piece;
  }
  return text_response(std::move(text));
}

std::optional<Response> build_log(const Desk& desk, const Call& call) {
  const std::string key = call.parts.at(0);
  if (!view::campaign_of_build(key).empty()) {
    if (!jobs::check_id({key})) return bad_request(call, "this is no build's key");
    return desk.at_queue->find("log " + key, kFresh, [&desk, key] {
      const auto queue = desk.queue();
      return queue ? log_of_job(**queue, {key}) : response_of(queue.error());
    });
  }
  return desk.at_store->find("log " + key, std::chrono::minutes(1), [&desk, key] {
    const auto store = desk.store();
    return store ? log_of(**store, key) : response_of(store.error());
  });
}

}  // namespace

std::vector<Route> build_routes(const Desk& desk) {
  if (desk.at_queue == nullptr || desk.at_store == nullptr) return {};
  return {{"GET", "/api/v1/builds", [&desk](const Call& call) { return list_builds(desk, call); }},
          {"GET", "/api/v1/builds/*", [&desk](const Call& call) { return find_build(desk, call); }},
          {"GET", "/api/v1/builds/*/log", [&desk](const Call& call) { return build_log(desk, call); }}};
}

}  // namespace simswarm::web
