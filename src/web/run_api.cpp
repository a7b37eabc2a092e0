// One run: its attempts, what it printed, what it left behind.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "base/text.h"
#include "store/looks.h"
#include "view/result_files.h"
#include "web/dashboard.h"
#include "web/json_of.h"

namespace simswarm::web {
namespace {

constexpr std::chrono::milliseconds kFresh{1'000};
constexpr std::chrono::milliseconds kLive{900};  // pages ask each second
constexpr int kMostAttempts = 50;
constexpr std::uint64_t kMostFile = 32U << 20U;  // bytes; what is larger is got with simswarm store get

// What the model knows of a run, copied out of it.
struct OneRun {
  store::CampaignRecord campaign;
  std::size_t position = 0;
  Run run;
  RunKey key;
  view::Facts facts;
  std::string progress, simulator;
  std::vector<std::string> command;
};

// The run of a call; else the answer to give.
std::optional<OneRun> find_run(const Desk& desk, const Call& call, std::optional<Response>& instead) {
  const Found found = find_campaign(desk, call);
  if (!found.campaign) {
    instead = found.instead;
    return std::nullopt;
  }
  const auto position = parse_int(call.parts.at(1));
  const std::lock_guard lock(found.campaign->mutex);
  const view::CampaignModel& model = found.campaign->model;
  if (!position || *position < 0 || static_cast<std::size_t>(*position) >= model.size()) {
    instead = trouble_response(
        404, call.request.path,
        fmt::format("this campaign has runs 0 to {}", model.size() - std::min<std::size_t>(1, model.size())));
    return std::nullopt;
  }
  OneRun one;
  one.campaign = found.campaign->record;
  one.position = static_cast<std::size_t>(*position);
  one.run = model.run(one.position);
  one.key = model.key(one.position);
  one.facts = model.facts(one.position);
  one.simulator = found.campaign->simulator;
  one.command = found.campaign->command;
  const auto progress = found.campaign->progress.find(one.position);
  if (progress != found.campaign->progress.end()) one.progress = progress->second;
  return one;
}

Json run_json(const OneRun& one) {
  Json variables = Json::array();
  for (const Variable& variable : one.run.variables)
    variables.push_back({{"name", variable.name}, {"value", variable.value}});
  return {{"position", one.position},
          {"name", long_name(one.run)},
          {"config", one.run.config},
          {"number", one.run.number},
          {"repetition", one.run.repetition},
          {"seed_set", one.run.seed_set},
          {"variables", variables},
          {"key", one.key.digest.hex()},
          {"state", view::to_text(one.facts.cell)},
          {"outcome", view::to_text(one.facts.cell)}};
}

// All attempts at the run in this campaign, and its accepted result.
Result<Json> ask_store(store::Store& store, const OneRun& one, int attempts) {
  std::vector<store::AttemptName> names;
  for (int number = 1; number <= std::min(std::max(attempts, 1), kMostAttempts); ++number)
    names.push_back({one.key, number});
  SIMSWARM_TRY(const auto found, store::attempts(store, one.campaign.id, names, store::Part::kAll));
  Json object{{"attempts", Json::array()}, {"accepted", nullptr}, {"files", Json::array()}, {"provenance", nullptr}};
  for (const auto& attempt : found) {
    if (attempt) object["attempts"].push_back(json_of(*attempt));
  }
  SIMSWARM_TRY(const auto results, store.results({&one.key, 1}, store::Part::kBody));
  Json provenance{{"artifact", one.campaign.artifact.hex()},
                  {"plan", one.campaign.plan.hex()},
                  {"build", one.campaign.build},
                  {"simulator", one.simulator},
                  {"canonical", nullptr},
                  {"campaign", nullptr}};
  if (const auto& result = results.front()) {
    object["accepted"] = result->made_by.attempt.number;
    for (std::size_t i = 0; i < result->files.size(); ++i) {
      const ResultFile& file = result->files[i];
      object["files"].push_back(
          {{"index", i}, {"path", file.path}, {"size", file.size}, {"sha256", file.digest.hex()}});
    }
    provenance["canonical"] = result->canonical.hex();
    provenance["campaign"] = result->made_by.attempt.campaign;
    if (result->made_by.attempt.campaign != one.campaign.id) object["attempts"].push_back(json_of(result->made_by));
  }
  object["provenance"] = std::move(provenance);
  return object;
}

Result<Json> ask_queue(QueueDesk& queue, const jobs::JobId& id) {
  SIMSWARM_TRY(const auto details, queue.jobs->find(id));
  return details ? json_of(details->job) : Json();
}

Response packed_answer(const Result<Json>& answer) {
  if (!answer) return response_of(answer.error());
  return json_response(answer->dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::optional<Response> job_of_run(const Desk& desk, const OneRun& one) {
  if (desk.at_queue == nullptr) return json_response("null");
  const jobs::JobId id = desk.job_of(one.campaign.id, one.position);
  return desk.at_queue->find("job of run " + id.text, kFresh, [&desk, id] {
    const auto queue = desk.queue();
    return queue ? packed_answer(ask_queue(**queue, id)) : response_of(queue.error());
  });
}

std::optional<Response> stored_of_run(const Desk& desk, const OneRun& one) {
  const std::string name = fmt::format("run {} {} {} {}", one.campaign.id, one.position, one.facts.attempt,
                                       static_cast<int>(one.facts.cell));
  return desk.at_store->find(name, std::chrono::seconds(10), [&desk, one] {
    const auto store = desk.store();
    return store ? packed_answer(ask_store(**store, one, one.facts.attempt)) : response_of(store.error());
  });
}

// How to see it again on one's own machine, in the project's folder: the plan tells how its first run is begun; of a
// program whose runs have no numbers the attempt itself does.
std::string command_here(const OneRun& one, const Json& attempts) {
  std::vector<std::string> command = one.command;
  if (command.size() > 2 && command[command.size() - 2] == "-r") {
    command.back() = std::to_string(one.run.number);
    return shell_line(command);
  }
  if (attempts.empty()) return shell_line(command);
  return shell_line(attempts.back()["command"].get<std::vector<std::string>>());
}

std::optional<Response> run(const Desk& desk, const Call& call) {
  std::optional<Response> instead;
  const auto one = find_run(desk, call, instead);
  if (!one) return instead;
  const auto job = job_of_run(desk, *one);
  const auto stored = stored_of_run(desk, *one);
  if (!job || !stored) return std::nullopt;
  Json object = stored->status == 200 ? Json::parse(stored->body) : Json{{"attempts", Json::array()}};
  add_age(object, *desk.watch->picture());
  for (const Response* part : {&*job, &*stored}) {
    if (part->status == 200) continue;
    const Json error = Json::parse(part->body, nullptr, false);
    object["trouble"].push_back({{"what", error.is_object() ? error.value("error", "") : "no answer"},
                                 {"todo", ""},
                                 {"since", nullptr},
                                 {"level", "error"}});
  }
  object["run"] = run_json(*one);
  object["job"] = job->status == 200 ? Json::parse(job->body) : Json();
  object["progress"] = one->progress.empty() ? Json() : foreign_json(one->progress);
  object["command"] = command_here(*one, object["attempts"]);
  return json_response(dumped(std::move(object)));
}

// The end of what a run that goes on has printed, once for all pages: its worker hears that somebody looks. Until it
// has told some, its last line.
std::optional<Response> live_output(const Desk& desk, const OneRun& one) {
  if (desk.at_queue != nullptr) {
    const jobs::JobId id = desk.job_of(one.campaign.id, one.position);
    const auto tail = desk.at_queue->find("tail " + id.text, kLive, [&desk, id]() -> Response {
      const auto queue = desk.queue();
      if (!queue) return response_of(queue.error());
      auto told = (*queue)->jobs->watch_output(id);
      return told ? text_response(std::move(told->text)) : response_of(told.error());
    });
    if (!tail || (tail->status == 200 && !tail->body.empty())) return tail;
  }
  const Json progress = one.progress.empty() ? Json() : foreign_json(one.progress);
  const Json line = progress.is_object() ? progress.value("line", Json()) : Json();
  return text_response(line.is_string() ? line.get<std::string>() + "\n" : "");
}

// What an attempt printed last.
std::optional<Response> output(const Desk& desk, const Call& call) {
  std::optional<Response> instead;
  const auto one = find_run(desk, call, instead);
  if (!one) return instead;
  const auto attempt = number_in(call, "attempt", 0, 100'000);
  const std::string stream = call.query("stream").empty() ? "output" : call.query("stream");
  if (!attempt || (stream != "output" && stream != "errors"))
    return bad_request(call, "attempt is to be a number, stream «output» or «errors»");
  const bool runs = one->facts.cell == view::Cell::kRunning || !one->progress.empty();
  if (*attempt == 0 && runs) return live_output(desk, *one);
  if (*attempt == 0 && one->facts.attempt == 0) return text_response("");  // none has been begun, as far as is known
  const int number = static_cast<int>(*attempt == 0 ? std::size_t{one->facts.attempt} : *attempt);
  const std::string name = fmt::format("output {} {} {} {}", one->campaign.id, one->position, number, stream);
  return desk.at_store->find(name, std::chrono::minutes(1), [&desk, one = *one, number, stream]() -> Response {
    const auto store = desk.store();
    if (!store) return response_of(store.error());
    const store::AttemptName of{one.key, number};
    const auto found = store::attempts(**store, one.campaign.id, {&of, 1}, store::Part::kAll);
    if (!found) return response_of(found.error());
    if (!found->front()) return trouble_response(404, "/api/v1/", "nothing is kept of this attempt");
    return text_response(stream == "output" ? found->front()->output : found->front()->errors);
  });
}

// A name that no header can be broken with.
std::string header_name(const std::string& path) {
  std::string name = fs::path(path).filename().string();
  for (char& c : name) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
                          c == '-' || c == '_' || c == '=' || c == ',' || c == '+' || c == '#';
    if (!is_plain) c = '_';
  }
  return name.empty() ? "file" : name;
}

Response file_response(const std::string& path, std::string content) {
  Response response;
  response.type = "application/octet-stream";
  response.body = std::move(content);
  response.headers.emplace_back("Content-Disposition", fmt::format("attachment; filename=\"{}\"", header_name(path)));
  return response;
}

std::optional<Response> file(const Desk& desk, const Call& call) {
  std::optional<Response> instead;
  const auto one = find_run(desk, call, instead);
  if (!one) return instead;
  const auto index = parse_int(call.parts.at(2));
  if (!index || *index < 0) return bad_request(call, "the index of a file is to be a number");
  const std::string name = fmt::format("file {} {} {}", one->campaign.id, one->position, *index);
  return desk.at_store->find(name, std::chrono::seconds(5), [&desk, one = *one, index = *index]() -> Response {
    const auto store = desk.store();
    if (!store) return response_of(store.error());
    const auto found = (*store)->results({&one.key, 1}, store::Part::kAll);
    if (!found) return response_of(found.error());
    const auto& record = found->front();
    if (!record || static_cast<std::size_t>(index) >= record->files.size())
      return trouble_response(404, "/api/v1/", "there is no such file (any more)");
    const ResultFile& wanted = record->files[static_cast<std::size_t>(index)];
    if (wanted.size > kMostFile) {
      return trouble_response(
          413, "/api/v1/",
          fmt::format("{} has {}: get it with simswarm store get", wanted.path, human_bytes(wanted.size)));
    }
    auto content = view::read_result_file(**store, *record, static_cast<std::size_t>(index), kMostFile);
    if (!content) return response_of(content.error());
    return file_response(wanted.path, std::move(*content));
  });
}

// --- on one machine, from the ledger --------------------------------------------------------------------------------

std::optional<Response> local_run(const Desk& desk, const Call& call) {
  std::optional<Response> instead;
  const auto one = find_run(desk, call, instead);
  if (!one) return instead;
  const auto found = desk.local->run(one->campaign.id, one->key);
  if (!found) return response_of(found.error());
  Json object{{"attempts", Json::array()}, {"files", Json::array()}, {"job", nullptr}};
  add_age(object, *desk.watch->picture());
  for (const Attempt& attempt : found->attempts) {
    Json made = json_of(store::AttemptRecord{.attempt = attempt, .run = {}, .worker = {}, .output = {}, .errors = {}});
    made["has_output"] = true;
    object["attempts"].push_back(std::move(made));
  }
  object["accepted"] = found->has_result ? Json(found->result_attempt) : Json();
  for (std::size_t i = 0; i < found->files.size(); ++i) {
    const ResultFile& file = found->files[i];
    object["files"].push_back({{"index", i}, {"path", file.path}, {"size", file.size}, {"sha256", file.digest.hex()}});
  }
  object["provenance"] = {{"simulator", one->simulator}, {"folder", desk.local->folder(one->campaign.id).string()}};
  object["progress"] = one->progress.empty() ? Json() : foreign_json(one->progress);
  object["run"] = run_json(*one);
  object["command"] = command_here(*one, object["attempts"]);
  return json_response(dumped(std::move(object)));
}

std::optional<Response> local_output(const Desk& desk, const Call& call) {
  std::optional<Response> instead;
  const auto one = find_run(desk, call, instead);
  if (!one) return instead;
  const auto attempt = number_in(call, "attempt", 0, 100'000);
  if (!attempt) return bad_request(call, "attempt is to be a number");
  if (*attempt == 0) {
    const auto live = desk.local->live_output(one->campaign.id, one->position);
    if (!live) return response_of(live.error());
    if (*live) return text_response(**live);
  }
  const auto log =
      desk.local->log(one->key, static_cast<int>(*attempt == 0 ? std::size_t{one->facts.attempt} : *attempt));
  if (!log) return response_of(log.error());
  if (!*log) return trouble_response(404, call.request.path, "nothing is kept of this attempt");
  if (call.query("stream") == "errors") return text_response((*log)->errors);
  return text_response((*log)->own.empty() ? (*log)->output : (*log)->own);
}

std::optional<Response> local_file(const Desk& desk, const Call& call) {
  std::optional<Response> instead;
  const auto one = find_run(desk, call, instead);
  if (!one) return instead;
  const auto found = desk.local->run(one->campaign.id, one->key);
  if (!found) return response_of(found.error());
  const auto index = parse_int(call.parts.at(2));
  if (!index || *index < 0 || static_cast<std::size_t>(*index) >= found->files.size())
    return trouble_response(404, call.request.path, "there is no such file (any more)");
  const ResultFile& wanted = found->files[static_cast<std::size_t>(*index)];
  if (wanted.size > kMostFile) {
    return trouble_response(
        413, call.request.path,
        fmt::format("{} has {}: it lies in the results folder", wanted.path, human_bytes(wanted.size)));
  }
  auto content = read_file(desk.local->folder(one->campaign.id) / wanted.path);
  if (!content) return trouble_response(404, call.request.path, content.error().message);
  return file_response(wanted.path, std::move(*content));
}

}  // namespace

std::vector<Route> run_routes(const Desk& desk) {
  const std::string path = "/api/v1/campaigns/*/runs/*";
  if (desk.local != nullptr) {
    return {{"GET", path, [&desk](const Call& call) { return local_run(desk, call); }},
            {"GET", path + "/output", [&desk](const Call& call) { return local_output(desk, call); }},
            {"GET", path + "/files/*", [&desk](const Call& call) { return local_file(desk, call); }}};
  }
  if (desk.at_store == nullptr) return {};
  return {{"GET", path, [&desk](const Call& call) { return run(desk, call); }},
          {"GET", path + "/output", [&desk](const Call& call) { return output(desk, call); }},
          {"GET", path + "/files/*", [&desk](const Call& call) { return file(desk, call); }}};
}

}  // namespace simswarm::web
