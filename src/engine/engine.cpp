#include "engine/engine.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.h"
#include "engine/answers.h"

namespace simswarm::engine {
namespace {

constexpr std::array<std::string_view, 7> kQuestions{"/_ping", "/version",  "/info",    "/nodes",
                                                     "/tasks", "/networks", "/services"};
constexpr std::size_t kLongestId = 128;
constexpr int kOk = 200;
constexpr int kUnavailable = 503;
constexpr int kNotFound = 404;

std::string what_of(LogsOf what) {
  return what == LogsOf::kService ? "services" : "tasks";
}

// «/services/ID/logs?stdout=1&stderr=1&tail=N»
bool asks_logs(std::string_view target) {
  for (const std::string_view what : {"/services/", "/tasks/"}) {
    if (!target.starts_with(what)) continue;
    target.remove_prefix(what.size());
    const std::size_t slash = target.find('/');
    if (slash == std::string_view::npos || !is_id(target.substr(0, slash))) return false;
    constexpr std::string_view kLogs = "/logs?stdout=1&stderr=1&tail=";
    const std::string_view rest = target.substr(slash);
    return rest.starts_with(kLogs) && parse_int(rest.substr(kLogs.size())).value_or(0) > 0;
  }
  return false;
}

std::string first_line(std::string_view text) {
  constexpr std::size_t kMost = 300;
  return std::string(trim(text.substr(0, std::min(text.find('\n'), kMost))));
}

Error error_of(const Endpoint& endpoint, const HttpFailure& failure) {
  const std::string socket = endpoint.socket;
  std::string message = failure.message;
  if (failure.error_number == ENOENT) {
    message = fmt::format("there is no engine at {}: no such socket; is Docker installed and running?", socket);
  } else if (failure.error_number == ECONNREFUSED) {
    message = fmt::format("the engine at {} does not run: nobody listens there", socket);
  } else if (failure.error_number == EACCES || failure.error_number == EPERM) {
    message = fmt::format("permission denied to the engine at {}: it is for root and the group docker", socket);
  } else if (failure.error_number == ETIMEDOUT || failure.error_number == EAGAIN) {
    message = fmt::format("the engine at {} does not answer in time", socket);
  }
  return {ExitCode::kEnvironment, message, true};
}

Error error_of(const Endpoint& endpoint, const HttpAnswer& answer) {
  std::string word = first_line(message_from(answer.body));
  if (word.empty()) word = fmt::format("status {}", answer.status);
  if (answer.status == kUnavailable && word.find("swarm manager") != std::string::npos) {
    return {ExitCode::kEnvironment,
            fmt::format("the engine at {} is not a manager of a swarm; ask one that is", endpoint.socket), true};
  }
  return {ExitCode::kEnvironment, fmt::format("the engine at {} says: {}", endpoint.socket, word),
          answer.status != kNotFound};
}

}  // namespace

bool is_id(std::string_view text) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  return !text.empty() && text.size() <= kLongestId && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), good);
}

bool may_ask(std::string_view target) {
  return std::find(kQuestions.begin(), kQuestions.end(), target) != kQuestions.end() || asks_logs(target);
}

Engine::Engine(std::string socket, HttpLimits limits) : limits_(limits) {
  endpoint_.socket = std::move(socket);
}

Result<std::string> Engine::get(const std::string& target) const {
  if (!may_ask(target)) return usage_error("«{}» is nothing that is asked of an engine", target);
  auto answer = http_get(endpoint_, target, limits_);
  if (!answer) return propagate(error_of(endpoint_, answer.error()));
  if (answer->status != kOk) return propagate(error_of(endpoint_, *answer));
  return std::move(answer->body);
}

Status Engine::ping() const {
  SIMSWARM_CHECK(get("/_ping"));
  return {};
}

Result<EngineInfo> Engine::info() const {
  SIMSWARM_TRY(const std::string info, get("/info"));
  SIMSWARM_TRY(const std::string version, get("/version"));
  return info_from(info, version);
}

Result<std::vector<Node>> Engine::nodes() const {
  SIMSWARM_TRY(const std::string text, get("/nodes"));
  return nodes_from(text);
}

Result<std::vector<Service>> Engine::services() const {
  SIMSWARM_TRY(const std::string text, get("/services"));
  return services_from(text);
}

Result<std::vector<Task>> Engine::tasks() const {
  SIMSWARM_TRY(const std::string text, get("/tasks"));
  return tasks_from(text);
}

Result<std::vector<Network>> Engine::networks() const {
  SIMSWARM_TRY(const std::string text, get("/networks"));
  return networks_from(text);
}

Result<Swarm> Engine::swarm() const {
  Swarm swarm;
  SIMSWARM_TRY(swarm.info, info());
  SIMSWARM_TRY(swarm.nodes, nodes());
  SIMSWARM_TRY(swarm.services, services());
  SIMSWARM_TRY(swarm.tasks, tasks());
  count_tasks(swarm.services, swarm.tasks);
  const auto by_host = [](const Node& a, const Node& b) { return std::tie(a.host, a.id) < std::tie(b.host, b.id); };
  std::sort(swarm.nodes.begin(), swarm.nodes.end(), by_host);
  const auto by_name = [](const Service& a, const Service& b) { return a.name < b.name; };
  std::sort(swarm.services.begin(), swarm.services.end(), by_name);
  const auto newest = [](const Task& a, const Task& b) {
    return std::tie(b.created, b.id) < std::tie(a.created, a.id);
  };
  std::sort(swarm.tasks.begin(), swarm.tasks.end(), newest);
  return swarm;
}

Result<std::string> Engine::logs(LogsOf what, const std::string& id, int lines) const {
  if (!is_id(id)) return usage_error("«{}» is no id of the engine's {}", id, what_of(what));
  SIMSWARM_TRY(const std::string stream,
               get(fmt::format("/{}/{}/logs?stdout=1&stderr=1&tail={}", what_of(what), id, std::max(lines, 1))));
  return log_text(stream);
}

}  // namespace simswarm::engine
