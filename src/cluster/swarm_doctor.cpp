#include "cluster/swarm_doctor.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace simswarm::cluster {
namespace {

constexpr std::string_view kRunner = "runner";

std::string_view major_of(const std::string& version) {
  return std::string_view(version).substr(0, version.find('.'));
}

void check_node(const SwarmNode& node, const SwarmNode* leader, Findings& findings) {
  const auto add = [&](const char* check, std::string what, std::string remedy) {
    findings.push_back({check, node.hostname, std::move(what), std::move(remedy)});
  };
  if (!node.is_ready())
    add("down", fmt::format("the node is {}{}", node.state, node.message.empty() ? "" : " (" + node.message + ")"),
        fmt::format("start it, or Docker on it; if it does not come back: simswarm swarm remove {}", node.hostname));
  if (node.availability != "active")
    add("drained", fmt::format("it takes no tasks (availability {})", node.availability),
        fmt::format("simswarm swarm activate {}", node.hostname));
  if (!node.reachability.empty() && node.reachability != "reachable")
    add("reachability", fmt::format("as a manager it is {}", node.reachability), "see that 2377/tcp to it is open");
  if (leader == nullptr || !node.is_ready()) return;
  if (node.architecture != leader->architecture)
    add("architecture",
        fmt::format("it is {}, and {} is {}", node.architecture, leader->hostname, leader->architecture),
        fmt::format("programs of the one do not run on the other: simswarm swarm remove {}", node.hostname));
  if (major_of(node.version) != major_of(leader->version))
    add("version", fmt::format("Docker {}, and {} has {}", node.version, leader->hostname, leader->version),
        "bring both to one version");
}

// The newest word of a task that did not do, per service.
std::string reason_of(const SwarmService& service, const std::vector<SwarmTask>& tasks,
                      const std::vector<SwarmNode>& nodes) {
  const SwarmTask* newest = nullptr;
  for (const SwarmTask& task : tasks) {
    if (task.service == service.name && !task.error.empty() && (newest == nullptr || task.age < newest->age))
      newest = &task;
  }
  if (newest == nullptr) return "its tasks are still starting";
  const auto at =
      std::find_if(nodes.begin(), nodes.end(), [&](const auto& node) { return node.id == newest->node_id; });
  return newest->error + (at == nodes.end() ? "" : " on " + at->hostname);
}

std::string remedy_of(const SwarmService& service, const std::string& reason) {
  if (reason.find("No such image") != std::string::npos) return "simswarm swarm image brings it to every node";
  if (reason.find("no suitable node") != std::string::npos) return "simswarm swarm activate a node, or add one";
  return fmt::format("simswarm swarm logs {}", service.name);
}

// Nodes that could have a runner, and have none.
std::vector<std::string> without_runner(const std::vector<SwarmTask>& tasks, const std::vector<SwarmNode>& nodes) {
  std::set<std::string> with;
  for (const SwarmTask& task : tasks) {
    if (task.service == kRunner && task.is_wanted()) with.insert(task.node_id);
  }
  std::vector<std::string> without;
  for (const SwarmNode& node : nodes) {
    if (node.takes_tasks() && !with.contains(node.id)) without.push_back(node.hostname);
  }
  return without;
}

std::vector<Machine> machines_of(const SwarmRecord& record) {
  std::vector<Machine> machines;
  std::vector<std::string> targets{record.manager};
  targets.insert(targets.end(), record.workers.begin(), record.workers.end());
  for (const std::string& target : targets) {
    if (const Result<Machine> machine = Machine::at(target)) machines.push_back(*machine);
  }
  return machines;
}

void add_all(Findings& findings, const Findings& more) {
  findings.insert(findings.end(), more.begin(), more.end());
}

Findings check_images(const SwarmRecord& record, const Machine& machine, const std::string& name) {
  std::vector<std::string> images;
  if (record.registry.empty()) {
    if (!record.image.empty()) images.push_back(record.image);
    for (const auto& [toolchain, image] : record.toolchains) images.push_back(image);
  }
  Findings findings;
  for (const std::string& image : images) {
    const Result<Answer> there = machine.run({"docker", "image", "inspect", "--format", "{{.Id}}", image});
    if (there && there->exit_code != 0)
      findings.push_back({"image", name, fmt::format("the image {} is not there", image),
                          "simswarm swarm image brings it to every node"});
  }
  return findings;
}

Findings check_host(const SwarmRecord& record, const Machine& machine, const HostFacts& manager, const HostFacts& host,
                    const std::vector<SwarmNode>& nodes) {
  Findings findings = check_engine(host);
  if (!findings.empty()) return findings;
  if (!nodes.empty() && !is_node(host, nodes)) {
    findings = check_worker_state(host, nodes);
    if (findings.empty())
      findings.push_back({"swarm", host.name, "it is in no swarm", "simswarm swarm add " + machine.target()});
    return findings;
  }
  add_all(findings, check_disk(host));
  if (&host != &manager) add_all(findings, check_beside(manager, host));
  add_all(findings, check_images(record, machine, host.name));
  return findings;
}

// A node that is known to be down says no more by not being reached.
bool is_known(const Finding& finding, const Findings& known) {
  return finding.check == "reach" && std::any_of(known.begin(), known.end(), [&](const Finding& one) {
           return one.check == "down" && (finding.where == one.where || finding.where.ends_with("@" + one.where));
         });
}

Findings check_stack(const Machine& manager, const SwarmRecord& record, const std::vector<SwarmNode>& nodes) {
  const auto failed = [&](const Error& error) {
    return Findings{{"services", record.name, error.message, "see `docker service ls` on the manager"}};
  };
  const Result<std::vector<SwarmService>> services = cluster::services(manager, record.name);
  if (!services) return failed(services.error());
  if (services->empty()) return {{"services", record.name, "no service is deployed", "simswarm swarm deploy"}};
  const Result<std::vector<SwarmTask>> tasks = cluster::tasks(manager, record.name);
  if (!tasks) return failed(tasks.error());
  return check_services(*services, *tasks, nodes);
}

}  // namespace

Findings check_nodes(const std::vector<SwarmNode>& nodes) {
  const auto leader = std::find_if(nodes.begin(), nodes.end(), [](const SwarmNode& node) { return node.is_leader; });
  Findings findings;
  std::set<std::string> names;
  for (const SwarmNode& node : nodes) {
    check_node(node, leader == nodes.end() ? nullptr : &*leader, findings);
    if (!names.insert(node.hostname).second)
      findings.push_back({"name", node.hostname, fmt::format("two nodes have this host name (one is {})", node.id),
                          "docker node rm the one that is gone, or sudo hostnamectl set-hostname NAME on one"});
  }
  return findings;
}

Findings check_services(const std::vector<SwarmService>& services, const std::vector<SwarmTask>& tasks,
                        const std::vector<SwarmNode>& nodes) {
  Findings findings;
  for (const SwarmService& service : services) {
    if (service.update == "paused" || service.update == "rollback_paused")
      findings.push_back(
          {"update", service.name, "its update stands still: " + service.update_message, "simswarm swarm deploy"});
    const bool fills = service.name == kRunner && !service.is_global;
    const std::vector<std::string> without = fills ? without_runner(tasks, nodes) : std::vector<std::string>();
    const bool is_halted = service.wanted == 0 && service.running == 0 && !service.is_global;
    if (is_halted || (fills ? service.running > 0 && without.empty() : service.running >= service.wanted)) continue;
    const std::string reason = reason_of(service, tasks, nodes);
    if (fills && service.running > 0) {
      findings.push_back({"service", service.name, fmt::format("none runs on {}: {}", join(without, ", "), reason),
                          remedy_of(service, reason)});
    } else {
      findings.push_back({"service", service.name,
                          fmt::format("{} of {} tasks run: {}", service.running, service.wanted, reason),
                          remedy_of(service, reason)});
    }
  }
  return findings;
}

Examination examine(const SwarmRecord& record) {
  Examination all;
  const std::vector<Machine> machines = machines_of(record);
  Findings reach;
  const std::vector<std::optional<HostFacts>> facts = look(machines, reach);
  if (!facts.front()) return {reach, {}};
  const HostFacts& manager = *facts.front();
  if (manager.engine && !manager.engine->is_manager)
    all.findings.push_back({"swarm", manager.name, "it is no manager of a swarm", "simswarm swarm init"});
  if (manager.engine && manager.engine->is_manager) {
    Result<std::vector<SwarmNode>> nodes = cluster::nodes(machines.front());
    if (!nodes) all.findings.push_back({"nodes", manager.name, nodes.error().message, "see `docker node ls` there"});
    if (nodes) all.nodes = std::move(*nodes);
  }
  add_all(all.findings, check_nodes(all.nodes));
  for (const Finding& one : reach) {
    if (!is_known(one, all.findings)) all.findings.push_back(one);
  }
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (facts[i]) add_all(all.findings, check_host(record, machines[i], manager, *facts[i], all.nodes));
  }
  std::vector<TakenSubnet> routes;
  for (const auto& one : facts) {
    if (one) routes.insert(routes.end(), one->routes.begin(), one->routes.end());
  }
  add_all(all.findings, check_subnets(record.interlink, record.buildnet, routes).value_or(Findings()));
  if (!all.nodes.empty()) add_all(all.findings, check_stack(machines.front(), record, all.nodes));
  return all;
}

}  // namespace simswarm::cluster
