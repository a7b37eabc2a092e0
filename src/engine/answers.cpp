#include "engine/answers.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/stamp.h"
#include "base/text.h"

namespace simswarm::engine {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 64;
constexpr double kNanoCpus = 1e9;

// What stands at a path of names; null where there is nothing.
const json& at(const json& value, std::initializer_list<const char*> path) {
  static const json nothing;
  const json* here = &value;
  for (const char* name : path) {
    if (!here->is_object()) return nothing;
    const auto found = here->find(name);
    if (found == here->end()) return nothing;
    here = &*found;
  }
  return *here;
}

std::string text_at(const json& value, std::initializer_list<const char*> path) {
  const json& found = at(value, path);
  return found.is_string() ? found.get<std::string>() : std::string();
}

double number_at(const json& value, std::initializer_list<const char*> path) {
  const json& found = at(value, path);
  return found.is_number() ? found.get<double>() : 0;
}

// Also of numbers that are negative or too large, which no engine says.
std::uint64_t count_at(const json& value, std::initializer_list<const char*> path) {
  const double number = number_at(value, path);
  constexpr double kMost = 9e18;
  return number > 0 && number < kMost ? static_cast<std::uint64_t>(number) : 0;
}

bool is_true_at(const json& value, std::initializer_list<const char*> path) {
  const json& found = at(value, path);
  return found.is_boolean() && found.get<bool>();
}

json parsed(std::string_view text) {
  return json_depth(text) > kDeepest ? json(json::value_t::discarded) : json::parse(text, nullptr, false);
}

template <typename T>
Result<std::vector<T>> list_from(std::string_view what, std::string_view text, T (*one)(const json&)) {
  const json list = parsed(text);
  if (!list.is_array()) return environment_error("the engine's list of {} is no list", what);
  std::vector<T> found;
  found.reserve(list.size());
  for (const json& value : list) found.push_back(one(value));
  return found;
}

void add_labels(const json& object, std::vector<Label>& labels) {
  if (!object.is_object()) return;
  for (const auto& [name, value] : object.items())
    labels.push_back({name, value.is_string() ? value.get<std::string>() : std::string()});
}

// «debian:12@sha256:…» is «debian:12» for people.
std::string without_digest(std::string image) {
  image.resize(std::min(image.find('@'), image.size()));
  return image;
}

Node node_of(const json& value) {
  Node node{.id = text_at(value, {"ID"}),
            .host = text_at(value, {"Description", "Hostname"}),
            .role = text_at(value, {"Spec", "Role"}),
            .availability = text_at(value, {"Spec", "Availability"}),
            .state = text_at(value, {"Status", "State"}),
            .message = text_at(value, {"Status", "Message"}),
            .address = text_at(value, {"Status", "Addr"}),
            .engine = text_at(value, {"Description", "Engine", "EngineVersion"}),
            .system = text_at(value, {"Description", "Platform", "OS"}),
            .leader = is_true_at(value, {"ManagerStatus", "Leader"}),
            .reachability = text_at(value, {"ManagerStatus", "Reachability"}),
            .cores = number_at(value, {"Description", "Resources", "NanoCPUs"}) / kNanoCpus,
            .memory = count_at(value, {"Description", "Resources", "MemoryBytes"}),
            .labels = {}};
  if (const std::string architecture = text_at(value, {"Description", "Platform", "Architecture"});
      !architecture.empty())
    node.system += "/" + architecture;
  add_labels(at(value, {"Spec", "Labels"}), node.labels);
  add_labels(at(value, {"Description", "Engine", "Labels"}), node.labels);
  return node;
}

// The mode's name, and how many tasks it wants; for global services the engine has to tell.
void read_mode(const json& mode, Service& service) {
  if (at(mode, {"Replicated"}).is_object()) {
    service.mode = "replicated";
    service.wanted = count_at(mode, {"Replicated", "Replicas"});
  } else if (at(mode, {"ReplicatedJob"}).is_object()) {
    service.mode = "replicated-job";
    service.wanted = count_at(mode, {"ReplicatedJob", "MaxConcurrent"});
  } else {
    service.mode = at(mode, {"GlobalJob"}).is_object() ? "global-job" : "global";
  }
}

Service service_of(const json& value) {
  Service service;
  service.id = text_at(value, {"ID"});
  service.name = text_at(value, {"Spec", "Name"});
  service.stack = text_at(value, {"Spec", "Labels", "com.docker.stack.namespace"});
  service.image = without_digest(text_at(value, {"Spec", "TaskTemplate", "ContainerSpec", "Image"}));
  service.update = text_at(value, {"UpdateStatus", "State"});
  service.update_message = text_at(value, {"UpdateStatus", "Message"});
  read_mode(at(value, {"Spec", "Mode"}), service);
  return service;
}

Task task_of(const json& value) {
  Task task;
  task.id = text_at(value, {"ID"});
  task.service = text_at(value, {"ServiceID"});
  task.node = text_at(value, {"NodeID"});
  task.slot = static_cast<std::int64_t>(count_at(value, {"Slot"}));
  task.state = text_at(value, {"Status", "State"});
  task.desired = text_at(value, {"DesiredState"});
  task.message = text_at(value, {"Status", "Message"});
  task.error = text_at(value, {"Status", "Err"});
  task.image = without_digest(text_at(value, {"Spec", "ContainerSpec", "Image"}));
  if (const json& code = at(value, {"Status", "ContainerStatus", "ExitCode"}); code.is_number_integer())
    task.exit_code = code.get<int>();
  task.since = stamp_from(text_at(value, {"Status", "Timestamp"}));
  task.created = stamp_from(text_at(value, {"CreatedAt"}));
  task.cores = number_at(value, {"Spec", "Resources", "Reservations", "NanoCPUs"}) / kNanoCpus;
  task.memory = count_at(value, {"Spec", "Resources", "Reservations", "MemoryBytes"});
  return task;
}

Network network_of(const json& value) {
  Network network{.id = text_at(value, {"Id"}),
                  .name = text_at(value, {"Name"}),
                  .driver = text_at(value, {"Driver"}),
                  .scope = text_at(value, {"Scope"}),
                  .subnets = {}};
  const json& config = at(value, {"IPAM", "Config"});
  if (!config.is_array()) return network;
  for (const json& one : config) {
    if (std::string subnet = text_at(one, {"Subnet"}); !subnet.empty()) network.subnets.push_back(std::move(subnet));
  }
  return network;
}

}  // namespace

Result<EngineInfo> info_from(std::string_view info, std::string_view version) {
  const json told = parsed(info);
  const json numbers = parsed(version);
  if (!told.is_object() || !numbers.is_object())
    return environment_error("the engine's word about itself is no object");
  return EngineInfo{.host = text_at(told, {"Name"}),
                    .version = text_at(numbers, {"Version"}),
                    .api = text_at(numbers, {"ApiVersion"}),
                    .node = text_at(told, {"Swarm", "NodeID"}),
                    .swarm = text_at(told, {"Swarm", "LocalNodeState"}),
                    .is_manager = is_true_at(told, {"Swarm", "ControlAvailable"})};
}

Result<std::vector<Node>> nodes_from(std::string_view text) {
  return list_from<Node>("nodes", text, node_of);
}

Result<std::vector<Service>> services_from(std::string_view text) {
  return list_from<Service>("services", text, service_of);
}

Result<std::vector<Task>> tasks_from(std::string_view text) {
  return list_from<Task>("tasks", text, task_of);
}

Result<std::vector<Network>> networks_from(std::string_view text) {
  return list_from<Network>("networks", text, network_of);
}

std::string message_from(std::string_view text) {
  return text_at(parsed(text), {"message"});
}

std::string log_text(std::string_view stream) {
  constexpr std::size_t kHead = 8;
  std::string text;
  std::string_view rest = stream;
  while (rest.size() >= kHead && rest[0] >= 0 && rest[0] <= 2 && rest.substr(1, 3) == std::string_view("\0\0\0", 3)) {
    std::size_t length = 0;
    for (std::size_t i = 4; i < kHead; ++i) length = length << 8U | static_cast<unsigned char>(rest[i]);
    rest.remove_prefix(kHead);
    text += rest.substr(0, length);
    rest.remove_prefix(std::min(length, rest.size()));
  }
  return text += rest;
}

void count_tasks(std::vector<Service>& services, const std::vector<Task>& tasks) {
  struct Count {
    std::uint64_t running = 0;
    std::uint64_t wanted = 0;
  };
  std::map<std::string, Count> counts;
  for (const Task& task : tasks) {
    if (task.desired != "running" && task.desired != "complete") continue;
    Count& count = counts[task.service];
    ++count.wanted;
    if (task.state == "running") ++count.running;
  }
  for (Service& service : services) {
    const Count& count = counts[service.id];
    service.running = count.running;
    if (service.mode.starts_with("global")) service.wanted = count.wanted;
  }
}

}  // namespace simswarm::engine
