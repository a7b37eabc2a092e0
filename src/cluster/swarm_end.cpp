// Stops the services of a swarm, and removes them with what belongs to them.
#include <algorithm>
#include <set>
#include <thread>

#include "base/text.h"
#include "base/time.h"
#include "cluster/swarm_folder.h"
#include "cluster/swarm_stack.h"

namespace simswarm::cluster {
namespace {

constexpr double kToLetGo = 30;  // seconds, until Docker has let go of volumes and networks

std::string label(const std::string& stack) {
  return "label=com.docker.stack.namespace=" + stack;
}

bool is_worker(const std::string& service) {
  return service == "runner" || service == "builder" || service.starts_with("runner-") ||
         service.starts_with("builder-");
}

// A node that is away ends nothing: its tasks are waited for by nobody.
Result<std::size_t> tasks_left(const Machine& manager, const std::string& stack,
                               const std::vector<SwarmService>& ended) {
  SIMSWARM_TRY(const std::vector<SwarmNode> all_nodes, nodes(manager));
  SIMSWARM_TRY(const std::vector<SwarmTask> all, tasks(manager, stack));
  const auto left = std::count_if(all.begin(), all.end(), [&](const SwarmTask& task) {
    const bool is_there = std::any_of(all_nodes.begin(), all_nodes.end(), [&](const SwarmNode& node) {
      return node.id == task.node_id && node.is_ready();
    });
    const bool is_meant =
        std::any_of(ended.begin(), ended.end(), [&](const SwarmService& one) { return one.id == task.service_id; });
    return is_there && is_meant && !task.has_ended();
  });
  return static_cast<std::size_t>(left);
}

// False: some run on.
Result<bool> await_end(const Machine& manager, const std::string& stack, const std::vector<SwarmService>& ended,
                       const StackOptions& options) {
  const Monotonic start = system_clock().monotonic();
  while (true) {
    SIMSWARM_TRY(const std::size_t left, tasks_left(manager, stack, ended));
    if (left == 0) return true;
    if (Seconds(system_clock().monotonic() - start).count() > options.patience) return false;
    std::this_thread::sleep_for(Seconds(options.interval));
  }
}

Status end_services(const Machine& manager, const SwarmRecord& record, const std::vector<SwarmService>& services,
                    const StackOptions& options, StackOutcome& outcome) {
  if (services.empty()) return {};
  std::vector<std::string> words{"service", "rm"}, names;
  for (const SwarmService& service : services) {
    words.push_back(record.name + "_" + service.name);
    names.push_back(service.name);
  }
  if (options.dry_run) {
    options.say({Step::Kind::kWould, manager.name(), "stop " + join(names, ", ")});
    return {};
  }
  const auto removed = docker(manager, words);
  if (!removed && removed.error().message.find("not found") == std::string::npos) return propagate(removed.error());
  SIMSWARM_TRY(const bool ended, await_end(manager, record.name, services, options));
  if (ended) {
    options.say({Step::Kind::kDone, manager.name(), join(names, ", ") + " ended"});
  } else {
    outcome.findings.push_back({"service", join(names, ", "),
                                fmt::format("tasks run on after {}", human_duration(options.patience)),
                                "docker stack ps " + record.name + " says where"});
  }
  return {};
}

// Docker lets go of what ended containers had some time after their end.
Status let_go(const Machine& machine, const std::string& kind, const std::string& stack, const StackOptions& options) {
  const Monotonic start = system_clock().monotonic();
  while (true) {
    SIMSWARM_TRY(const std::string text, docker(machine, {kind, "ls", "--quiet", "--filter", label(stack)}));
    if (text.empty()) return {};
    std::vector<std::string> words{kind, "rm"};
    for (const std::string_view line : lines(text)) words.emplace_back(trim(line));
    const auto removed = docker(machine, words);
    if (removed) return {};
    if (Seconds(system_clock().monotonic() - start).count() > kToLetGo) return propagate(removed.error());
    std::this_thread::sleep_for(Seconds(options.interval));
  }
}

std::vector<Machine> machines_of(const SwarmRecord& record, const Machine& manager) {
  std::vector<Machine> all{manager};
  for (const std::string& worker : record.workers) {
    if (const auto machine = Machine::at(worker)) all.push_back(*machine);
  }
  return all;
}

// What is not reached keeps its volumes: said, and no reason to keep the rest.
void note(StackOutcome& outcome, const std::string& where, const Status& status, const std::string& remedy) {
  if (!status) outcome.findings.push_back({"delete", where, status.error().message, remedy});
}

void remove_volumes(const SwarmRecord& record, const Machine& manager, const StackOptions& options,
                    StackOutcome& outcome) {
  for (const Machine& machine : machines_of(record, manager)) {
    const Status removed = let_go(machine, "volume", record.name, options);
    note(outcome, machine.name(), removed, fmt::format("docker volume rm there what {}_ begins with", record.name));
    if (removed) options.say({Step::Kind::kDone, machine.name(), "volumes removed"});
  }
}

void say_what_goes(const SwarmRecord& record, const Machine& manager, bool keep_data, const StackOptions& options) {
  options.say({Step::Kind::kWould, manager.name(), "remove services, networks and secrets of " + record.name});
  options.say({Step::Kind::kWould, manager.name(), "remove " + manager_folder(record.name).string()});
  if (keep_data) return;
  for (const Machine& machine : machines_of(record, manager))
    options.say({Step::Kind::kWould, machine.name(), "remove its volumes"});
  options.say({Step::Kind::kWould, "this machine", "forget the swarm and its secrets"});
}

}  // namespace

Result<StackOutcome> halt_stack(const SwarmRecord& record, const StackOptions& options) {
  SIMSWARM_TRY(const Machine manager, Machine::at(record.manager));
  SIMSWARM_TRY(const std::vector<SwarmService> all, services(manager, record.name));
  StackOutcome outcome;
  if (all.empty()) {
    options.say({Step::Kind::kAlready, manager.name(), "no service of " + record.name + " runs"});
    return outcome;
  }
  std::vector<SwarmService> workers, servers;
  for (const SwarmService& service : all) (is_worker(service.name) ? workers : servers).push_back(service);
  SIMSWARM_CHECK(end_services(manager, record, workers, options, outcome));
  SIMSWARM_CHECK(end_services(manager, record, servers, options, outcome));
  return outcome;
}

Result<StackOutcome> delete_stack(const SwarmRecord& record, bool keep_data, const StackOptions& options) {
  SIMSWARM_TRY(const Machine manager, Machine::at(record.manager));
  SIMSWARM_TRY(StackOutcome outcome, halt_stack(record, options));
  if (options.dry_run) {
    say_what_goes(record, manager, keep_data, options);
    return outcome;
  }
  SIMSWARM_CHECK(let_go(manager, "network", record.name, options));
  SIMSWARM_TRY(const std::size_t in_use, remove_secrets(manager, record.name, {}));
  if (in_use > 0)
    outcome.findings.push_back({"delete", manager.name(), fmt::format("{} secrets are in use", in_use),
                                "docker secret ls there, and the services that have them"});
  options.say({Step::Kind::kDone, manager.name(), "networks and secrets removed"});
  if (!keep_data) remove_volumes(record, manager, options, outcome);
  note(outcome, manager.name(), record.image.empty() ? Status() : remove_manager_folder(manager, record),
       fmt::format("sudo rm -r {} there", manager_folder(record.name).string()));
  if (keep_data || !outcome.findings.empty()) return outcome;
  SIMSWARM_CHECK(forget_swarm(record.name));
  options.say({Step::Kind::kDone, "this machine", "swarm and secrets forgotten"});
  return outcome;
}

}  // namespace simswarm::cluster
