#include "cluster/swarm_engine.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/text.h"
#include "simulator/command_text.h"

namespace simswarm::cluster {
namespace {

using nlohmann::json;

constexpr int kNoProgram = 127;  // of a shell
constexpr std::size_t kShortestId = 4;

// Docker leaves out what it does not know, or says null.
template <typename T>
T value_at(const json& object, std::initializer_list<const char*> path, T otherwise) {
  const json* at = &object;
  for (const char* key : path) {
    if (!at->is_object() || !at->contains(key)) return otherwise;
    at = &at->at(key);
  }
  try {
    return at->is_null() ? otherwise : at->get<T>();
  } catch (const json::exception&) {
    return otherwise;
  }
}
std::string text_at(const json& object, std::initializer_list<const char*> path) {
  return clean_line(value_at<std::string>(object, path, ""), 500);
}

bool says(std::string_view text, std::string_view words) {
  return text.find(words) != std::string_view::npos;
}

tl::unexpected<Error> trouble(const Machine& machine, std::string_view asked, std::string_view said) {
  const std::string name = machine.name();
  if (says(said, "permission denied"))
    return environment_error(
        "{}: this user may not use Docker: sudo usermod -aG docker $USER there, then log in again (for SSH: "
        "end what is connected)",
        name);
  if (says(said, "annot connect to the Docker daemon") || says(said, "is the docker daemon running"))
    return environment_error("{}: Docker's server does not answer: sudo systemctl enable --now docker there", name);
  if (says(said, "not a swarm manager"))
    return environment_error("{}: it is no manager of a swarm: simswarm swarm init, or name the manager", name);
  return environment_error("{}: docker {}: {}", name, asked, said);
}

tl::unexpected<Error> no_docker(const Machine& machine) {
  return environment_error(
      "{}: there is no docker in its PATH: install Docker 20.10 or newer there (docker.io, docker-ce)", machine.name());
}

Result<std::string> asked_of_docker(const Machine& machine, const std::vector<std::string>& words,
                                    std::string_view asked, const Call& call) {
  const Result<Answer> answer = machine.run(words, call);
  if (!answer) {
    if (machine.is_here() && says(answer.error().message, "No such file")) return no_docker(machine);
    return propagate(answer.error());
  }
  if (answer->exit_code == kNoProgram) return no_docker(machine);
  if (answer->exit_code != 0) return trouble(machine, asked, last_words(*answer));
  return std::string(trim(answer->output));
}

Result<json> list_from(const Machine& machine, const std::string& text, std::string_view what) {
  if (text.empty()) return json::array();
  json all = json::parse(text, nullptr, false);
  if (!all.is_array()) return environment_error("{}: docker {}: the answer is no list", machine.name(), what);
  return all;
}

std::string without_port(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  return colon == std::string::npos || address.find(':') != colon ? address : address.substr(0, colon);
}

SwarmNode node_from(const json& node) {
  constexpr double kNano = 1e9;
  SwarmNode one;
  one.id = text_at(node, {"ID"});
  one.hostname = text_at(node, {"Description", "Hostname"});
  one.role = text_at(node, {"Spec", "Role"});
  one.availability = text_at(node, {"Spec", "Availability"});
  one.state = text_at(node, {"Status", "State"});
  one.message = text_at(node, {"Status", "Message"});
  one.address = text_at(node, {"Status", "Addr"});
  one.reachability = text_at(node, {"ManagerStatus", "Reachability"});
  one.version = text_at(node, {"Description", "Engine", "EngineVersion"});
  one.architecture = text_at(node, {"Description", "Platform", "Architecture"});
  one.os = text_at(node, {"Description", "Platform", "OS"});
  one.cores = value_at<double>(node, {"Description", "Resources", "NanoCPUs"}, 0) / kNano;
  one.memory = value_at<std::uint64_t>(node, {"Description", "Resources", "MemoryBytes"}, 0);
  one.is_leader = value_at(node, {"ManagerStatus", "Leader"}, false);
  // A manager on all addresses says 0.0.0.0 of itself.
  if (one.address == "0.0.0.0" || one.address.empty())
    one.address = without_port(text_at(node, {"ManagerStatus", "Addr"}));
  return one;
}

std::string without_prefix(const std::string& name, const std::string& stack) {
  return name.starts_with(stack + "_") ? name.substr(stack.size() + 1) : name;
}

SwarmService service_from(const json& service, const std::string& stack) {
  SwarmService one;
  one.id = text_at(service, {"ID"});
  one.name = without_prefix(text_at(service, {"Spec", "Name"}), stack);
  const json mode = value_at<json>(service, {"Spec", "Mode"}, json::object());
  one.is_global = mode.is_object() && mode.contains("Global");
  one.wanted = value_at<std::size_t>(mode, {"Replicated", "Replicas"}, 0);
  one.image = text_at(service, {"Spec", "TaskTemplate", "ContainerSpec", "Image"});
  one.image = one.image.substr(0, one.image.find('@'));
  one.update = text_at(service, {"UpdateStatus", "State"});
  one.update_message = text_at(service, {"UpdateStatus", "Message"});
  return one;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// A line of `docker stack ps --no-resolve` or `docker node ps --no-resolve`.
SwarmTask task_from(const json& line, const std::map<std::string, std::string>& names, const std::string& stack) {
  SwarmTask one;
  one.id = text_at(line, {"ID"});
  const std::string name = text_at(line, {"Name"});
  const std::size_t dot = name.find('.');
  one.service_id = name.substr(0, dot);
  if (dot != std::string::npos) one.slot = name.substr(dot + 1);
  one.service = one.service_id;
  for (const auto& [id, service] : names) {
    if (one.service_id.starts_with(id)) one.service = without_prefix(service, stack);
  }
  one.node_id = text_at(line, {"Node"});
  one.wanted_state = lower(text_at(line, {"DesiredState"}));
  const std::string current = text_at(line, {"CurrentState"});
  const std::size_t blank = current.find(' ');
  one.state = lower(current.substr(0, blank));
  if (blank != std::string::npos) one.age = age_in_seconds(std::string_view(current).substr(blank + 1));
  one.error = text_at(line, {"Error"});
  if (one.error.size() > 1 && one.error.front() == '"' && one.error.back() == '"')
    one.error = one.error.substr(1, one.error.size() - 2);
  return one;
}

// First lines «ID NAME» of services, then, behind an empty line, a task a line.
Result<std::vector<SwarmTask>> tasks_from(const std::string& text, const std::string& stack) {
  std::map<std::string, std::string> names;
  std::vector<SwarmTask> all;
  for (const std::string_view line : lines(text)) {
    if (line.starts_with('{')) {
      const json one = json::parse(line, nullptr, false);
      if (!one.is_discarded()) all.push_back(task_from(one, names, stack));
    } else if (const std::size_t blank = line.find(' '); blank != std::string_view::npos) {
      names.emplace(line.substr(0, blank), line.substr(blank + 1));
    }
  }
  return all;
}

// The services with a label, or all; then the tasks that a command lists.
std::string tasks_script(std::string_view filter, std::string_view list) {
  return fmt::format(
      "docker service ls {} --format '{{{{.ID}}}} {{{{.Name}}}}' && docker {} --no-trunc --no-resolve --format "
      "'{{{{json .}}}}' \"$1\"",
      filter, list);
}

}  // namespace

Result<std::string> docker(const Machine& machine, const std::vector<std::string>& arguments, const Call& call) {
  std::vector<std::string> words{"docker"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return asked_of_docker(machine, words, join(arguments, " "), call);
}

Result<EngineInfo> info_from_json(std::string_view text) {
  const json all = json::parse(text, nullptr, false);
  if (!all.is_object()) return environment_error("docker info: the answer is no JSON");
  if (all.contains("ServerErrors") && all.at("ServerErrors").is_array() && !all.at("ServerErrors").empty() &&
      all.at("ServerErrors").front().is_string())
    return environment_error("{}", clean_line(all.at("ServerErrors").front().get<std::string>(), 300));
  EngineInfo one;
  one.id = text_at(all, {"ID"});
  one.hostname = text_at(all, {"Name"});
  one.version = text_at(all, {"ServerVersion"});
  one.architecture = text_at(all, {"Architecture"});
  one.os = text_at(all, {"OperatingSystem"});
  one.root = text_at(all, {"DockerRootDir"});
  one.cores = value_at<double>(all, {"NCPU"}, 0);
  one.memory = value_at<std::uint64_t>(all, {"MemTotal"}, 0);
  one.swarm = text_at(all, {"Swarm", "LocalNodeState"});
  if (one.swarm.empty()) one.swarm = "inactive";
  one.swarm_error = text_at(all, {"Swarm", "Error"});
  one.is_manager = value_at(all, {"Swarm", "ControlAvailable"}, false);
  one.node_id = text_at(all, {"Swarm", "NodeID"});
  one.address = text_at(all, {"Swarm", "NodeAddr"});
  one.swarm_id = text_at(all, {"Swarm", "Cluster", "ID"});
  for (const json& manager : value_at<json>(all, {"Swarm", "RemoteManagers"}, json::array()))
    one.managers.push_back(text_at(manager, {"Addr"}));
  return one;
}

Result<EngineInfo> info(const Machine& machine) {
  SIMSWARM_TRY(const std::string text, docker(machine, {"info", "--format", "{{json .}}"}));
  Result<EngineInfo> one = info_from_json(text);
  if (!one) return trouble(machine, "info", one.error().message);
  if (one->version.empty()) return trouble(machine, "info", "is the docker daemon running");
  return one;
}

Result<std::vector<SwarmNode>> nodes(const Machine& machine) {
  // In one call; one that is removed between the two is asked for no more the second time.
  const std::string script =
      "ids=$(docker node ls -q) || exit 1; docker node inspect $ids || docker node inspect $(docker node ls -q)";
  SIMSWARM_TRY(const std::string text, asked_of_docker(machine, {"sh", "-c", script}, "node inspect", {}));
  SIMSWARM_TRY(const json all, list_from(machine, text, "node inspect"));
  std::vector<SwarmNode> found;
  for (const json& node : all) found.push_back(node_from(node));
  std::sort(found.begin(), found.end(), [](const SwarmNode& a, const SwarmNode& b) {
    return std::tuple(!a.is_manager(), a.hostname, a.id) < std::tuple(!b.is_manager(), b.hostname, b.id);
  });
  return found;
}

Result<std::vector<SwarmService>> services(const Machine& machine, const std::string& stack) {
  const std::string script =
      "ids=$(docker service ls -q --filter \"label=com.docker.stack.namespace=$1\") || exit 1; "
      "[ -z \"$ids\" ] || docker service inspect $ids";
  SIMSWARM_TRY(const std::string text,
               asked_of_docker(machine, {"sh", "-c", script, "sh", stack}, "service inspect", {}));
  SIMSWARM_TRY(const json all, list_from(machine, text, "service inspect"));
  std::vector<SwarmService> found;
  for (const json& service : all) found.push_back(service_from(service, stack));
  if (found.empty()) return found;
  SIMSWARM_TRY(const std::vector<SwarmTask> their, tasks(machine, stack));
  for (const SwarmTask& task : their) {
    const auto at =
        std::find_if(found.begin(), found.end(), [&](const auto& one) { return one.id == task.service_id; });
    if (at == found.end()) continue;
    if (task.runs()) ++at->running;
    if (at->is_global && task.is_wanted()) ++at->wanted;
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return found;
}

Result<std::vector<SwarmTask>> tasks(const Machine& machine, const std::string& stack) {
  const std::string script = tasks_script("--filter \"label=com.docker.stack.namespace=$1\"", "stack ps");
  SIMSWARM_TRY(const Answer answer, machine.run({"sh", "-c", script, "sh", stack}));
  if (answer.exit_code == 0) return tasks_from(answer.output, stack);
  const std::string said = last_words(answer);
  if (says(lower(said), "nothing found in stack")) return std::vector<SwarmTask>();
  if (answer.exit_code == kNoProgram) return no_docker(machine);
  return trouble(machine, "stack ps " + stack, said);
}

Result<std::vector<SwarmTask>> tasks_on(const Machine& machine, const std::string& node_id) {
  SIMSWARM_TRY(const std::string text,
               asked_of_docker(machine, {"sh", "-c", tasks_script("", "node ps"), "sh", node_id}, "node ps", {}));
  return tasks_from(text, "");
}

bool SwarmTask::has_ended() const {
  constexpr std::array kEnds{"complete", "shutdown", "failed", "rejected", "remove", "orphaned"};
  return std::find(kEnds.begin(), kEnds.end(), state) != kEnds.end();
}

double age_in_seconds(std::string_view words) {
  static const std::map<std::string_view, double> units{{"second", 1},     {"minute", 60},   {"hour", 3600},
                                                        {"day", 86400},    {"week", 604800}, {"month", 2592000},
                                                        {"year", 31536000}};
  double count = 1;  // «about an hour», «about a minute»
  for (std::string_view word : split(words, ' ')) {
    if (word == "Less" || word == "less") return 0;
    if (const auto number = parse_double(word)) count = *number;
    if (word.ends_with('s')) word.remove_suffix(1);
    if (const auto unit = units.find(word); unit != units.end()) return count * unit->second;
  }
  return 0;
}

Result<SwarmNode> node_named(const std::vector<SwarmNode>& nodes, const std::string& word) {
  std::string host = word.starts_with("ssh://") ? word.substr(6) : word;
  host = host.substr(host.find('@') == std::string::npos ? 0 : host.find('@') + 1);
  host = without_port(host);
  std::vector<SwarmNode> found;
  std::vector<std::string> names;
  for (const SwarmNode& node : nodes) {
    names.push_back(node.hostname);
    if (node.id == word) return node;
    if (node.hostname == host || node.address == host || node.hostname == host.substr(0, host.find('.')) ||
        (word.size() >= kShortestId && node.id.starts_with(word)))
      found.push_back(node);
  }
  if (found.size() == 1) return found.front();
  if (found.empty())
    return usage_error("the swarm has no node «{}» (there are: {}){}", clean_line(word, 100), join(names, ", "),
                       did_you_mean(host, names));
  std::vector<std::string> ids;
  for (const SwarmNode& node : found) ids.push_back(fmt::format("{} ({}, {})", node.id, node.address, node.state));
  return usage_error("«{}» names {} nodes; name one by its id: {}", clean_line(word, 100), found.size(),
                     join(ids, ", "));
}

}  // namespace simswarm::cluster
