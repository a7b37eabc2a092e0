#include "web/swarm_look.h"

#include <set>

namespace simswarm::web {
namespace {

using engine::Node;
using engine::Service;
using engine::Task;

// As workers change a host's name into one that the queue takes.
std::string as_worker_host(std::string host) {
  for (char& c : host) {
    const bool is_good =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (!is_good) c = '-';
  }
  return host;
}

// What could be ids in a name: «sim_runner.3.p8z1» has three.
std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find_first_of(".-", at), name.size());
    if (end > at) parts.push_back(name.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

// Runners that run, and the nodes of hosts.
struct Places {
  explicit Places(const engine::Swarm& swarm) {
    std::set<std::string> runners;
    for (const Service& service : swarm.services) {
      if (is_runner(service)) runners.insert(service.id);
    }
    for (const Task& task : swarm.tasks) {
      if (task.state != "running" || !runners.contains(task.service)) continue;
      tasks.insert(task.id);
      tasks_of_node[task.node].push_back(task.id);
    }
    for (const Node& node : swarm.nodes) nodes_of_host[as_worker_host(node.host)].push_back(node.id);
  }

  // Null: nowhere.
  [[nodiscard]] std::vector<RunSeen>* place_of(const RunsOfHost& worker, PlacedRuns& placed) const {
    for (const std::string& part : parts_of(worker.worker)) {
      if (tasks.contains(part)) return &placed.by_task[part];
    }
    const auto nodes = nodes_of_host.find(worker.host);
    if (nodes == nodes_of_host.end() || nodes->second.size() != 1) return nullptr;
    const std::string& node = nodes->second.front();
    const auto there = tasks_of_node.find(node);
    const bool is_alone = there != tasks_of_node.end() && there->second.size() == 1;
    return is_alone ? &placed.by_task[there->second.front()] : &placed.by_node[node];
  }

  std::set<std::string> tasks;
  std::map<std::string, std::vector<std::string>> tasks_of_node, nodes_of_host;
};

}  // namespace

bool is_runner(const Service& service) {
  return service.name == (service.stack.empty() ? "runner" : service.stack + "_runner");
}

PlacedRuns placed_runs(const SwarmLook& look) {
  PlacedRuns placed;
  if (look.runs.empty()) return placed;
  const Places places(look.swarm);
  for (const RunsOfHost& worker : look.runs) {
    if (worker.runs.empty()) continue;
    std::vector<RunSeen>* runs = places.place_of(worker, placed);
    if (runs != nullptr) runs->insert(runs->end(), worker.runs.begin(), worker.runs.end());
  }
  return placed;
}

}  // namespace simswarm::web
