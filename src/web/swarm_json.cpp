#include "web/swarm_json.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "engine/tasks.h"

namespace simswarm::web {
namespace {

using engine::Names;
using engine::Node;
using engine::Service;
using engine::Swarm;
using engine::Task;
using nlohmann::json;

// What tasks have of their node.
struct Load {
  std::size_t running = 0;
  double cores = 0;
  std::uint64_t memory = 0;
};

std::map<std::string, Load> loads_of(const Swarm& swarm) {
  std::map<std::string, bool> is_down;
  for (const Node& node : swarm.nodes) is_down[node.id] = node.state == "down";
  std::map<std::string, Load> loads;
  for (const Task& task : swarm.tasks) {
    // Of a node that is down the engine remembers the last word; it has given its tasks to others.
    const bool is_given_up = task.desired == "shutdown" && is_down[task.node];
    if (engine::has_ended(task) || is_given_up) continue;
    Load& load = loads[task.node];
    load.running += task.state == "running" ? 1 : 0;
    load.cores += task.cores;
    load.memory += task.memory;
  }
  return loads;
}

json moment(Stamp stamp) {
  return stamp == Stamp{} ? json() : json(to_text(stamp));
}

json json_of(const std::map<std::string, std::vector<RunSeen>>& places, const std::string& id) {
  json list = json::array();
  const auto found = places.find(id);
  if (found == places.end()) return list;
  for (const RunSeen& run : found->second) {
    list.push_back(
        {{"name", run.name}, {"campaign", run.campaign}, {"fraction", run.fraction ? json(*run.fraction) : json()}});
  }
  return list;
}

json json_of(const Node& node, const Load& load) {
  json labels = json::array();
  for (const engine::Label& label : node.labels) labels.push_back({{"name", label.name}, {"value", label.value}});
  return {{"id", node.id},
          {"host", node.host},
          {"role", node.role},
          {"leader", node.leader},
          {"reachability", node.reachability},
          {"availability", node.availability},
          {"state", node.state},
          {"message", node.message},
          {"address", node.address},
          {"engine", node.engine},
          {"system", node.system},
          {"cores", node.cores},
          {"memory", node.memory},
          {"reserved_cores", load.cores},
          {"reserved_memory", load.memory},
          {"running", load.running},
          {"labels", std::move(labels)}};
}

json json_of(const Service& service) {
  return {{"id", service.id},           {"name", service.name},     {"stack", service.stack},
          {"image", service.image},     {"mode", service.mode},     {"wanted", service.wanted},
          {"running", service.running}, {"update", service.update}, {"update_message", service.update_message}};
}

json json_of(const Task& task, const Names& names, std::size_t restarts, Stamp seen_at) {
  const bool has_begun = task.since != Stamp{};
  const double age = has_begun ? std::max(0.0, Seconds(seen_at - task.since).count()) : 0;
  return {{"id", task.id},
          {"name", names.task(task)},
          {"service", names.service(task.service)},
          {"service_id", task.service},
          {"node", task.node},
          {"host", names.host(task.node)},
          {"slot", task.slot},
          {"state", task.state},
          {"desired", task.desired},
          {"message", task.message},
          {"error", task.error},
          {"image", task.image},
          {"since", moment(task.since)},
          {"age", has_begun ? json(age) : json()},
          {"exit_code", task.exit_code ? json(*task.exit_code) : json()},
          {"restarts", restarts}};
}

// Prometheus takes UTF-8 alone, and no line within a value.
std::string label_value(const std::string& text) {
  const std::string valid = json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace));
  std::string value;
  for (const char c : valid) {
    if (c == '\\' || c == '"') value += '\\';
    const bool is_control = (static_cast<unsigned char>(c) < ' ') || c == '\x7f';
    value += is_control ? '?' : c;
  }
  return value;
}

class Metrics {
 public:
  void describe(const char* name, const char* help) {
    text_ += fmt::format("# HELP simswarm_{0} {1}\n# TYPE simswarm_{0} gauge\n", name, help);
    name_ = name;
  }
  void add(double value, const std::vector<std::pair<std::string, std::string>>& labels = {}) {
    std::vector<std::string> texts;
    for (const auto& [label, of] : labels) texts.push_back(fmt::format("{}=\"{}\"", label, label_value(of)));
    const std::string among = texts.empty() ? "" : "{" + join(texts, ",") + "}";
    text_ += fmt::format("simswarm_{}{} {}\n", name_, among, value);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_, name_;
};

void add_swarm(const Swarm& swarm, Metrics& metrics) {
  std::map<std::pair<std::string, std::string>, std::size_t> nodes;
  for (const Node& node : swarm.nodes) ++nodes[{node.state, node.availability}];
  metrics.describe("swarm_nodes", "Nodes of the swarm.");
  for (const auto& [words, count] : nodes)
    metrics.add(static_cast<double>(count), {{"state", words.first}, {"availability", words.second}});
  metrics.describe("swarm_service_tasks_wanted", "Tasks that a service is to have.");
  for (const Service& service : swarm.services)
    metrics.add(static_cast<double>(service.wanted), {{"service", service.name}});
  metrics.describe("swarm_service_tasks_running", "Tasks of a service that run.");
  for (const Service& service : swarm.services)
    metrics.add(static_cast<double>(service.running), {{"service", service.name}});
  std::map<std::string, std::size_t> tasks;
  for (const Task& task : swarm.tasks) ++tasks[task.state];
  metrics.describe("swarm_tasks", "Tasks that the engine remembers, those that have ended among them.");
  for (const auto& [state, count] : tasks) metrics.add(static_cast<double>(count), {{"state", state}});
}

}  // namespace

std::string swarm_json(const SwarmLook& look, Stamp seen_at) {
  const Swarm& swarm = look.swarm;
  const Names names(swarm);
  const PlacedRuns runs = placed_runs(look);
  std::map<std::string, Load> loads = loads_of(swarm);
  const std::vector<std::size_t> restarts = engine::restarts_of(swarm.tasks);
  json object{{"engine", {{"host", swarm.info.host}, {"version", swarm.info.version}, {"api", swarm.info.api}}},
              {"nodes", json::array()},
              {"services", json::array()},
              {"tasks", json::array()}};
  for (const Node& node : swarm.nodes) {
    object["nodes"].push_back(json_of(node, loads[node.id]));
    if (runs.by_node.contains(node.id)) object["nodes"].back()["runs"] = json_of(runs.by_node, node.id);
  }
  for (const Service& service : swarm.services) object["services"].push_back(json_of(service));
  for (std::size_t i = 0; i < swarm.tasks.size(); ++i) {
    const Task& task = swarm.tasks[i];
    object["tasks"].push_back(json_of(task, names, restarts[i], seen_at));
    if (runs.by_task.contains(task.id)) object["tasks"].back()["runs"] = json_of(runs.by_task, task.id);
  }
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string joined_objects(const std::string& first, const std::string& second) {
  if (first == "{}") return second;
  if (second == "{}") return first;
  return first.substr(0, first.size() - 1) + "," + second.substr(1);
}

std::string swarm_metrics(const Seen<SwarmLook>& seen, std::size_t streams) {
  Metrics metrics;
  metrics.describe("swarm_engine_up", "Whether the engine answered when it was last asked.");
  metrics.add(seen.value && seen.trouble.empty() ? 1 : 0);
  metrics.describe("visualizer_pages_open", "Pages that listen for changes.");
  metrics.add(static_cast<double>(streams));
  if (!seen.value) return metrics.text();
  metrics.describe("swarm_age_seconds", "How long ago the swarm was seen.");
  metrics.add(seen.age.count());
  add_swarm(seen.value->swarm, metrics);
  return metrics.text();
}

}  // namespace simswarm::web
