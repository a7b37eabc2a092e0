#include "web/visualizer.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "web/html.h"

namespace simswarm::web {
namespace {

using engine::Node;
using engine::Service;
using engine::Swarm;
using engine::Task;
using nlohmann::json;
using Cell = HtmlTable::Cell;

constexpr double kOldAfter = 6;  // seconds

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool has_failed(const Task& task) {
  return is_one_of(task.state, {"failed", "rejected", "orphaned"});
}

bool has_ended(const Task& task) {
  return has_failed(task) || is_one_of(task.state, {"complete", "shutdown", "remove"});
}

// Names in place of ids, and sums over tasks.
struct Index {
  explicit Index(const Swarm& swarm) {
    for (const Node& node : swarm.nodes) hosts[node.id] = node.host;
    for (const Service& service : swarm.services) services[service.id] = service.name;
    for (const Task& task : swarm.tasks) {
      if (has_ended(task)) continue;
      running[task.node] += task.state == "running" ? 1 : 0;
      cores[task.node] += task.cores;
      memory[task.node] += task.memory;
    }
  }
  [[nodiscard]] static std::string name_in(const std::map<std::string, std::string>& names, const std::string& id) {
    const auto found = names.find(id);
    return found == names.end() ? id : found->second;
  }
  template <typename T>
  [[nodiscard]] static T sum_in(const std::map<std::string, T>& sums, const std::string& id) {
    const auto found = sums.find(id);
    return found == sums.end() ? T{} : found->second;
  }
  // «runner.7», as the engine calls it; a global service has one on a node, without a number.
  [[nodiscard]] std::string task_name(const Task& task) const {
    const std::string service = name_in(services, task.service);
    return task.slot > 0 ? fmt::format("{}.{}", service, task.slot) : service;
  }

  std::map<std::string, std::string> hosts, services;
  std::map<std::string, std::size_t> running;
  std::map<std::string, double> cores;
  std::map<std::string, std::uint64_t> memory;
};

double age_of(Stamp since, Stamp now) {
  return since == Stamp{} ? 0 : std::max(0.0, std::chrono::duration<double>(now - since).count());
}

json json_of(const Node& node, const Index& index) {
  json labels = json::object();
  for (const engine::Label& label : node.labels) labels[label.name] = label.value;
  return {{"id", node.id},
          {"host", node.host},
          {"role", node.role},
          {"leader", node.leader},
          {"availability", node.availability},
          {"state", node.state},
          {"message", node.message},
          {"address", node.address},
          {"engine", node.engine},
          {"system", node.system},
          {"cores", node.cores},
          {"memory", node.memory},
          {"reserved_cores", Index::sum_in(index.cores, node.id)},
          {"reserved_memory", Index::sum_in(index.memory, node.id)},
          {"running", Index::sum_in(index.running, node.id)},
          {"labels", labels}};
}

json json_of(const Service& service) {
  return {{"id", service.id},           {"name", service.name},     {"stack", service.stack},
          {"image", service.image},     {"mode", service.mode},     {"wanted", service.wanted},
          {"running", service.running}, {"update", service.update}, {"update_message", service.update_message}};
}

json json_of(const Task& task, const Index& index, Stamp now) {
  json object{{"id", task.id},
              {"name", index.task_name(task)},
              {"service", Index::name_in(index.services, task.service)},
              {"node", task.node},
              {"host", Index::name_in(index.hosts, task.node)},
              {"slot", task.slot},
              {"state", task.state},
              {"desired", task.desired},
              {"message", task.message},
              {"error", task.error},
              {"image", task.image},
              {"since", to_text(task.since)},
              {"age", age_of(task.since, now)}};
  if (task.exit_code) object["exit_code"] = *task.exit_code;
  return object;
}

std::string labels_text(const std::vector<engine::Label>& labels) {
  std::vector<std::string> texts;
  for (const engine::Label& label : labels)
    texts.push_back(label.value.empty() ? label.name : label.name + "=" + label.value);
  return join(texts, ", ");
}

std::string role_text(const Node& node) {
  return node.leader ? "manager, leads" : node.role;
}

Cell state_cell(const Node& node) {
  const std::string text = node.availability == "active" ? node.state : node.state + ", " + node.availability;
  if (node.state != "ready") return {node.message.empty() ? text : text + ": " + node.message, "bad"};
  return {text, node.availability == "active" ? "good" : "quiet"};
}

std::string nodes_html(const Swarm& swarm, const Index& index) {
  HtmlTable table(
      {"Node", "Role", "State", "Running", "Cores", "reserved", "Memory", "reserved", "Engine", "Address", "Labels"});
  for (const Node& node : swarm.nodes) {
    table.add_row({{node.host},
                   {role_text(node)},
                   state_cell(node),
                   {std::to_string(Index::sum_in(index.running, node.id)), "number"},
                   {fmt::format("{:g}", node.cores), "number"},
                   {fmt::format("{:.2f}", Index::sum_in(index.cores, node.id)), "number"},
                   {human_bytes(node.memory), "number"},
                   {human_bytes(Index::sum_in(index.memory, node.id)), "number"},
                   {node.engine},
                   {node.address},
                   {labels_text(node.labels)}});
  }
  return "<h2>Nodes</h2>\n" + table.html("The swarm has no nodes.");
}

std::string services_html(const Swarm& swarm) {
  HtmlTable table({"Service", "Running", "Wanted", "Mode", "Image", "Update"});
  for (const Service& service : swarm.services) {
    const bool lacks = service.running < service.wanted;
    table.add_row({{service.name},
                   {std::to_string(service.running), lacks ? "number bad" : "number good"},
                   {std::to_string(service.wanted), "number"},
                   {service.mode},
                   {service.image},
                   {service.update_message.empty() ? service.update : service.update + ": " + service.update_message}});
  }
  return "<h2>Services</h2>\n" + table.html("No service has been deployed.");
}

Cell state_cell(const Task& task) {
  if (has_failed(task))
    return {task.exit_code && *task.exit_code != 0 ? fmt::format("{} ({})", task.state, *task.exit_code) : task.state,
            "bad"};
  return {task.state, task.state == "running" ? "good" : "quiet"};
}

std::string tasks_html_of(const std::vector<const Task*>& tasks, const Index& index, Stamp now) {
  HtmlTable table({"Task", "State", "For", "Error", "Image"});
  for (const Task* task : tasks) {
    table.add_row({{index.task_name(*task)},
                   state_cell(*task),
                   {human_duration(age_of(task->since, now)), "number"},
                   {task->error.empty() && task->state != "running" ? task->message : task->error,
                    task->error.empty() ? "quiet" : "bad"},
                   {task->image}});
  }
  return table.html("none");
}

// By node in their order; those that have no node yet at the end. In each what goes on comes before what failed.
std::string tasks_html(const Swarm& swarm, const Index& index, Stamp now) {
  std::map<std::string, std::vector<const Task*>> by_node;
  for (const Task& task : swarm.tasks) {
    if (is_shown(task)) by_node[task.node].push_back(&task);
  }
  std::string html = "<h2>Tasks</h2>\n";
  const auto add = [&](const std::string& id, const std::string& name) {
    std::vector<const Task*>& tasks = by_node[id];
    std::sort(tasks.begin(), tasks.end(), [&](const Task* a, const Task* b) {
      return std::tuple(has_ended(*a), index.task_name(*a), b->created) <
             std::tuple(has_ended(*b), index.task_name(*b), a->created);
    });
    html += fmt::format("<h3>{}</h3>\n", escaped(name)) + tasks_html_of(tasks, index, now);
    by_node.erase(id);
  };
  for (const Node& node : swarm.nodes) add(node.id, node.host);
  while (!by_node.empty()) {
    const std::string id = by_node.rbegin()->first;
    add(id, id.empty() ? "Without a node" : "On a node that has left: " + id);
  }
  return html;
}

std::string summary_line(const Swarm& swarm) {
  double cores = 0;
  std::uint64_t memory = 0;
  std::size_t ready = 0;
  for (const Node& node : swarm.nodes) {
    if (node.state != "ready") continue;
    ++ready;
    cores += node.cores;
    memory += node.memory;
  }
  const auto running =
      std::count_if(swarm.tasks.begin(), swarm.tasks.end(), [](const Task& task) { return task.state == "running"; });
  return fmt::format("{} of {} nodes ready, {:g} cores, {}; {} services, {} tasks running; seen by {} (engine {})",
                     ready, swarm.nodes.size(), cores, human_bytes(memory), swarm.services.size(), running,
                     swarm.info.host, swarm.info.version);
}

// Why the engine is not seen; empty: it is.
std::string engine_trouble(const Seen<Swarm>& seen) {
  if (!seen.trouble.empty()) return seen.trouble;
  if (!seen.is_fresh && !seen.value) return "the engine has not answered yet";
  if (!seen.is_fresh && seen.age.count() > kOldAfter)
    return fmt::format("the engine has not answered for {}", human_duration(seen.age.count()));
  return "";
}

}  // namespace

bool is_shown(const Task& task) {
  return !has_ended(task) || has_failed(task) || (task.state == "complete" && task.desired == "complete");
}

std::vector<std::string> troubles_of(const Seen<Swarm>& seen) {
  std::vector<std::string> troubles;
  if (const std::string trouble = engine_trouble(seen); !trouble.empty()) {
    troubles.push_back(
        seen.value ? fmt::format("{}; what is shown is {} old", trouble, human_duration(seen.age.count())) : trouble);
  }
  if (!seen.value) return troubles;
  for (const Node& node : seen.value->nodes) {
    if (node.state != "ready") troubles.push_back(fmt::format("node {} is {}", node.host, node.state));
    if (node.role == "manager" && node.reachability == "unreachable")
      troubles.push_back(fmt::format("manager {} is unreachable", node.host));
  }
  for (const Service& service : seen.value->services) {
    if (service.update == "paused" || service.update == "rollback_paused")
      troubles.push_back(fmt::format("the update of {} is paused: {}", service.name, service.update_message));
    if (service.running == 0 && service.wanted > 0)
      troubles.push_back(fmt::format("service {} does not run: 0 of {} tasks", service.name, service.wanted));
  }
  return troubles;
}

std::string swarm_json(const Seen<Swarm>& seen, Stamp now) {
  json object{{"version", 1}, {"trouble", troubles_of(seen)}};
  if (const auto& swarm = seen.value) {
    const Index index(*swarm);
    object["age"] = seen.age.count();
    object["engine"] = {{"host", swarm->info.host}, {"version", swarm->info.version}, {"api", swarm->info.api}};
    for (const char* name : {"nodes", "services", "tasks"}) object[name] = json::array();
    for (const Node& node : swarm->nodes) object["nodes"].push_back(json_of(node, index));
    for (const Service& service : swarm->services) object["services"].push_back(json_of(service));
    for (const Task& task : swarm->tasks) object["tasks"].push_back(json_of(task, index, now));
  }
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Response swarm_page(const Seen<Swarm>& seen, Stamp now, bool may_log_out) {
  Frame frame{.title = "simswarm visualizer", .body = "<h1>Swarm</h1>\n", .may_log_out = may_log_out};
  frame.body += trouble_html(troubles_of(seen));
  if (const auto& swarm = seen.value) {
    const Index index(*swarm);
    frame.body += fmt::format("<p>{}</p>\n", escaped(summary_line(*swarm)));
    frame.body += nodes_html(*swarm, index) + services_html(*swarm) + tasks_html(*swarm, index, now);
  } else {
    frame.body += "<p>Nothing has been seen of the swarm yet; this page goes on looking.</p>\n";
  }
  return page_response(frame);
}

Response visualizer_readiness(const Seen<Swarm>& seen) {
  const std::string trouble = engine_trouble(seen);
  if (trouble.empty() && seen.is_fresh) return {.status = 200, .body = "ready\n"};
  return {.status = 503, .body = (trouble.empty() ? "the engine does not answer just now" : trouble) + "\n"};
}

SiteOptions visualizer_site(Polled<Swarm>& swarm, const std::optional<std::string>& token) {
  const auto answer = [&swarm](auto make) -> Handler {
    return [&swarm, make](const Request& request) -> std::optional<Response> {
      const Seen<Swarm> seen = swarm.seen();
      if (!seen.is_fresh && !request.waited) return std::nullopt;
      return make(seen, system_clock().stamp());
    };
  };
  const bool may_log_out = token.has_value();
  SiteOptions options{
      .service = "visualizer", .title = "simswarm visualizer", .token = token, .pages = {}, .ready = {}};
  options.ready = answer([](const Seen<Swarm>& seen, Stamp) { return visualizer_readiness(seen); });
  options.pages["/"] =
      answer([may_log_out](const Seen<Swarm>& seen, Stamp now) { return swarm_page(seen, now, may_log_out); });
  options.pages["/api/v1/swarm"] = answer(
      [](const Seen<Swarm>& seen, Stamp now) { return json_response(swarm_json(seen, now), seen.value ? 200 : 503); });
  return options;
}

}  // namespace simswarm::web
