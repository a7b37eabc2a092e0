#include "web/visualizer.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "web/json_of.h"
#include "web/swarm_json.h"

namespace simswarm::web {
namespace {

constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;
constexpr int kUnavailable = 503;
constexpr std::chrono::milliseconds kLogTimeout{8'000};  // less than a request waits
constexpr const char* kApi = "/api/v1/";

Json with_age(const SwarmView& view) {
  Json object{{"trouble", json_of(view.troubles)}};
  if (view.seen.value) object["age"] = view.seen.age.count();
  return object;
}

// Where nothing has been seen yet.
Response nothing_seen(const SwarmView& view) {
  Json object = with_age(view);
  object["error"] = view.troubles.empty() ? "the engine has not answered yet" : view.troubles.front().what;
  return json_response(dumped(std::move(object)), kUnavailable);
}

Response readiness(const SwarmView& view) {
  if (view.is_ready()) return text_response("ready\n");
  const std::string word = view.seen.trouble.empty() ? "the engine does not answer just now" : view.seen.trouble;
  return {.status = kUnavailable, .body = word + "\n"};
}

// The end of it, from the beginning of a line.
std::string last_of(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  text.erase(0, text.size() - most);
  const std::size_t end = text.find('\n');
  if (end != std::string::npos && end + 1 < text.size()) text.erase(0, end + 1);
  return text;
}

// As `docker service logs` of nothing.
Response logs_response(const Result<std::string>& text) {
  if (text) return text_response(last_of(*text, Visualizer::kMostLogBytes));
  const Error& error = text.error();
  const int unknown = error.code == ExitCode::kUsage ? kBadRequest : kNotFound;
  return trouble_response(error.can_retry ? kUnavailable : unknown, kApi, error.message);
}

// Nothing: no number of lines that may be asked for.
std::optional<std::size_t> lines_of(const Call& call) {
  const std::string text = call.query("lines");
  if (text.empty()) return Visualizer::kUsualLines;
  const auto number = parse_int(text);
  if (!number || *number < 1 || static_cast<std::uint64_t>(*number) > Visualizer::kMostLines) return std::nullopt;
  return static_cast<std::size_t>(*number);
}

}  // namespace

Visualizer::Visualizer(VisualizerOptions options, Server& server)
    : options_(std::move(options)),
      server_(server),
      events_(server),
      lookups_([&server] { server.wake(); }),
      watch_(watch_options()) {}

SwarmWatchOptions Visualizer::watch_options() {
  SwarmWatchOptions options;
  options.pace = options_.pace;
  options.idle_pace = options_.idle_pace;
  options.look = [this, engine = engine::Engine(options_.engine)]() -> Result<SwarmLook> {
    SwarmLook look;
    SIMSWARM_TRY(look.swarm, engine.swarm());
    if (options_.runs) look.runs = options_.runs();
    return look;
  };
  options.is_watched = [this] { return server_.streams() > 0; };
  options.news = [this] {
    tell(watch_.view());
    server_.wake();
  };
  return options;
}

void Visualizer::tell(const SwarmView& view) {
  events_.note({{"swarm", view.version()}}, view.seen.age.count(),
               json_of(view.troubles).dump(-1, ' ', false, Json::error_handler_t::replace));
}

Handle Visualizer::with_view(Answer answer) {
  return [this, answer](const Call& call) -> std::optional<Response> {
    const SwarmView view = watch_.view();
    if (!view.is_good_enough() && !call.request.waited) return std::nullopt;
    return (this->*answer)(view);
  };
}

Response Visualizer::swarm(const SwarmView& view) {
  if (!view.picture) return nothing_seen(view);
  return json_response(joined_objects(dumped(with_age(view)), view.picture->text));
}

Response Visualizer::history(const SwarmView& view) {
  return json_response(joined_objects(dumped(with_age(view)), events_json(watch_.newest_events())));
}

Response Visualizer::metrics(const SwarmView& view) {
  Response response = text_response(swarm_metrics(view.seen, server_.streams()));
  response.type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

Response Visualizer::events() {
  tell(watch_.view());
  return events_.begin();
}

// The engine waits for the logs of a task that no node has taken yet.
bool Visualizer::has_begun(const std::string& task) {
  const auto look = watch_.view().seen.value;
  if (!look) return true;
  const auto known = std::ranges::find(look->swarm.tasks, task, &engine::Task::id);
  return known == look->swarm.tasks.end() || !known->node.empty();
}

std::optional<Response> Visualizer::logs(engine::LogsOf what, const Call& call) {
  const std::string& id = call.parts.at(0);
  if (!engine::is_id(id)) return trouble_response(kBadRequest, call.request.path, "this is no id");
  const auto lines = lines_of(call);
  if (!lines) {
    return trouble_response(kBadRequest, call.request.path,
                            fmt::format("lines is to be a number from 1 to {}", kMostLines));
  }
  const bool is_task = what == engine::LogsOf::kTask;
  if (is_task && !has_begun(id)) return text_response("");
  const std::string name = fmt::format("logs {} {} {}", is_task ? "task" : "service", id, *lines);
  return lookups_.find(name, kLogsFresh, [socket = options_.engine, what, id, lines = static_cast<int>(*lines)] {
    return logs_response(engine::Engine(socket, {.timeout = kLogTimeout}).logs(what, id, lines));
  });
}

SiteOptions Visualizer::site() {
  SiteOptions site;
  site.service = "visualizer";
  site.token = options_.token;
  site.version = options_.version;
  site.about = {{"local", false}, {"store", false}};
  site.pages = {"/", "/nodes/*", "/services/*", "/tasks/*"};
  site.ready = [this](const Request& request) -> std::optional<Response> {
    const SwarmView view = watch_.view();
    if (!view.is_good_enough() && !request.waited) return std::nullopt;
    return readiness(view);
  };
  const auto logs_of = [this](engine::LogsOf what) {
    return [this, what](const Call& call) { return logs(what, call); };
  };
  site.routes = {{"GET", "/api/v1/swarm", with_view(&Visualizer::swarm)},
                 {"GET", "/api/v1/swarm/events", with_view(&Visualizer::history)},
                 {"GET", "/api/v1/tasks/*/logs", logs_of(engine::LogsOf::kTask)},
                 {"GET", "/api/v1/services/*/logs", logs_of(engine::LogsOf::kService)},
                 {"GET", "/api/v1/events", [this](const Call&) { return events(); }},
                 {"GET", "/metrics", with_view(&Visualizer::metrics)}};
  return site;
}

}  // namespace simswarm::web
