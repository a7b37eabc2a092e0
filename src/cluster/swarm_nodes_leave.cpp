// Nodes that are drained, activated, or leave.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "base/text.h"
#include "base/time.h"
#include "cluster/swarm_engine.h"
#include "cluster/swarm_nodes.h"

namespace simswarm::cluster {
namespace {

constexpr double kDownWithin = 30;  // seconds from leaving until the manager knows it
constexpr auto kPoll = std::chrono::milliseconds(300);

struct Chosen {
  SwarmNode node;
  std::optional<Machine> machine;  // where a target of SSH is known for it
};

class Leaver {
 public:
  Leaver(SwarmRecord record, const NodesOptions& options) : record_(std::move(record)), options_(options) {}

  Result<NodesOutcome> remove(const std::vector<std::string>& words);
  Status set(const std::vector<std::string>& words, bool drain);

 private:
  Status look();
  Result<std::vector<Chosen>> choose(const std::vector<std::string>& words) const;
  Result<SwarmNode> choose(const std::string& word) const;
  Status check_manager(const SwarmNode& node, std::string_view action) const;
  [[nodiscard]] std::optional<Machine> machine_of(const SwarmNode& node, const std::string& word) const;
  Status drain(const SwarmNode& node);
  void await_end(const SwarmNode& node);
  Result<std::size_t> tasks_left(const SwarmNode& node) const;
  Status remove(const Chosen& chosen);
  bool leave(const Chosen& chosen);
  Status take_off(const SwarmNode& node, bool has_left);
  bool forget_former(const std::string& word);
  Status forget(const std::string& target);
  void say(Step::Kind kind, const std::string& where, std::string what) const {
    options_.say({kind, where, std::move(what)});
  }

  SwarmRecord record_;
  const NodesOptions& options_;
  Machine manager_ = Machine::here();
  std::vector<SwarmNode> nodes_;
};

bool is_target(const std::string& word) {
  return word.find('@') != std::string::npos || word.starts_with("ssh://");
}

Status Leaver::look() {
  SIMSWARM_TRY(manager_, Machine::at(record_.manager));
  SIMSWARM_TRY(nodes_, nodes(manager_));
  return {};
}

// A name of ssh's need not be the node's: then the machine is asked who it is.
Result<SwarmNode> Leaver::choose(const std::string& word) const {
  Result<SwarmNode> node = node_named(nodes_, word);
  const bool known = std::find(record_.workers.begin(), record_.workers.end(), word) != record_.workers.end();
  if (node || (!known && !is_target(word))) return node;
  SIMSWARM_TRY(const Machine machine, Machine::at(word));
  SIMSWARM_TRY(const EngineInfo there, info(machine));
  const auto at = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& one) { return one.id == there.node_id; });
  if (at == nodes_.end()) return usage_error("{} is no node of this swarm: simswarm swarm status lists them", word);
  return *at;
}

Result<std::vector<Chosen>> Leaver::choose(const std::vector<std::string>& words) const {
  std::vector<Chosen> all;
  for (const std::string& word : words) {
    SIMSWARM_TRY(SwarmNode node, choose(word));
    all.push_back({node, machine_of(node, word)});
  }
  return all;
}

// Those targets first whose words fit; only the node's own id makes it the machine.
std::optional<Machine> Leaver::machine_of(const SwarmNode& node, const std::string& word) const {
  std::vector<std::string> targets = record_.workers;
  std::stable_partition(targets.begin(), targets.end(), [&](const std::string& target) {
    return target == word || node_named({node}, target).has_value();
  });
  if (is_target(word)) targets.insert(targets.begin(), word);
  for (const std::string& target : targets) {
    const Result<Machine> machine = Machine::at(target);
    const Result<EngineInfo> there = machine ? info(*machine) : propagate(machine.error());
    if (there && there->node_id == node.id) return *machine;
    if (target == word) break;
  }
  return {};
}

// The services that hold data run on the manager alone.
Status Leaver::check_manager(const SwarmNode& node, std::string_view action) const {
  const bool others = std::any_of(nodes_.begin(), nodes_.end(), [&](const SwarmNode& one) {
    return one.id != node.id && one.is_manager() && one.takes_tasks();
  });
  if (!node.is_manager() || others) return {};
  return usage_error(
      "{} is the manager, where queue, store and builder run, and is not {}: simswarm swarm {}", node.hostname, action,
      action == "drained" ? "halt stops the services, and keeps the data" : "delete removes the services");
}

Result<std::size_t> Leaver::tasks_left(const SwarmNode& node) const {
  SIMSWARM_TRY(const std::vector<SwarmTask> all, tasks_on(manager_, node.id));
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const SwarmTask& task) { return !task.has_ended(); }));
}

void Leaver::await_end(const SwarmNode& node) {
  const Monotonic start = system_clock().monotonic();
  std::size_t left = 0;
  while (true) {
    const Result<std::size_t> now = tasks_left(node);
    if (now) left = *now;
    if (now && left == 0) return say(Step::Kind::kDone, node.hostname, "its tasks have ended, runs have gone back");
    if (Seconds(system_clock().monotonic() - start).count() > options_.patience) break;
    std::this_thread::sleep_for(kPoll);
  }
  say(Step::Kind::kNote, node.hostname,
      fmt::format("{} task{} still there after {}", left, left == 1 ? " is" : "s are",
                  human_duration(options_.patience)));
}

Status Leaver::drain(const SwarmNode& node) {
  if (node.availability == "drain") {
    say(Step::Kind::kAlready, node.hostname, "is drained already");
  } else {
    SIMSWARM_CHECK(docker(manager_, {"node", "update", "--availability", "drain", node.id}));
    say(Step::Kind::kDone, node.hostname, "takes no tasks any more");
  }
  if (node.is_ready()) await_end(node);
  return {};
}

Status Leaver::set(const std::vector<std::string>& words, bool drain) {
  SIMSWARM_CHECK(look());
  std::vector<SwarmNode> chosen;
  for (const std::string& word : words) {
    SIMSWARM_TRY(SwarmNode node, choose(word));
    if (drain) SIMSWARM_CHECK(check_manager(node, "drained"));
    chosen.push_back(std::move(node));
  }
  for (const SwarmNode& node : chosen) {
    const bool done = node.availability == (drain ? "drain" : "active");
    if (options_.dry_run) {
      say(done ? Step::Kind::kAlready : Step::Kind::kWould, node.hostname,
          fmt::format("{} {}", done ? "is" : "would be", drain ? "drained" : "active"));
    } else if (drain) {
      SIMSWARM_CHECK(this->drain(node));
    } else if (done) {
      say(Step::Kind::kAlready, node.hostname, "is active already");
    } else {
      SIMSWARM_CHECK(docker(manager_, {"node", "update", "--availability", "active", node.id}));
      say(Step::Kind::kDone, node.hostname, "takes tasks again");
    }
  }
  return {};
}

Status Leaver::forget(const std::string& target) {
  const auto gone = std::remove(record_.workers.begin(), record_.workers.end(), target);
  if (gone == record_.workers.end()) return {};
  record_.workers.erase(gone, record_.workers.end());
  return write_swarm(record_);
}

// True: it has left, or is in no swarm.
bool Leaver::leave(const Chosen& chosen) {
  const std::string& host = chosen.node.hostname;
  if (!chosen.machine) {
    say(Step::Kind::kNote, host, "it is not reached by SSH: `docker swarm leave` there, when it is");
    return false;
  }
  if (const Result<std::string> left = docker(*chosen.machine, {"swarm", "leave"}); !left) {
    say(Step::Kind::kNote, host, left.error().message);
    return false;
  }
  say(Step::Kind::kDone, host, "has left the swarm");
  return true;
}

Status Leaver::take_off(const SwarmNode& node, bool has_left) {
  const Monotonic start = system_clock().monotonic();
  while (has_left && Seconds(system_clock().monotonic() - start).count() < kDownWithin) {
    if (docker(manager_, {"node", "rm", node.id})) return {};  // refused while it counts as ready
    std::this_thread::sleep_for(kPoll);
  }
  SIMSWARM_CHECK(docker(manager_, {"node", "rm", "--force", node.id}));
  return {};
}

Status Leaver::remove(const Chosen& chosen) {
  SIMSWARM_CHECK(drain(chosen.node));
  const bool has_left = leave(chosen);
  SIMSWARM_CHECK(take_off(chosen.node, has_left));
  if (chosen.machine) SIMSWARM_CHECK(forget(chosen.machine->target()));
  // What is not reached may be known by its name.
  const std::vector<std::string> workers = record_.workers;
  for (const std::string& target : workers) {
    if (!chosen.machine && node_named({chosen.node}, target)) SIMSWARM_CHECK(forget(target));
  }
  say(Step::Kind::kDone, chosen.node.hostname, "is no node any more");
  return {};
}

// A computer that answers and is none of the nodes: it has been removed before, perhaps up to our record.
bool Leaver::forget_former(const std::string& word) {
  if (node_named(nodes_, word)) return false;
  const Result<Machine> machine = Machine::at(word);
  const Result<EngineInfo> there = machine ? info(*machine) : propagate(machine.error());
  const bool in_swarm = there && std::any_of(nodes_.begin(), nodes_.end(),
                                             [&](const SwarmNode& node) { return node.id == there->node_id; });
  if (!there || in_swarm) return false;
  if (!options_.dry_run && !forget(word)) return false;
  say(Step::Kind::kAlready, word, "is no node of this swarm");
  return true;
}

Result<NodesOutcome> Leaver::remove(const std::vector<std::string>& words) {
  SIMSWARM_CHECK(look());
  std::vector<std::string> left;
  for (const std::string& word : words) {
    if (!forget_former(word)) left.push_back(word);
  }
  SIMSWARM_TRY(const std::vector<Chosen> all, choose(left));
  for (const Chosen& one : all) SIMSWARM_CHECK(check_manager(one.node, "removed"));
  for (const Chosen& one : all) {
    if (options_.dry_run) {
      say(Step::Kind::kWould, one.node.hostname,
          fmt::format("would be drained, leave{} and be removed", one.machine ? "" : " (it is not reached by SSH)"));
    } else {
      SIMSWARM_CHECK(remove(one));
    }
  }
  NodesOutcome outcome;
  SIMSWARM_TRY(outcome.nodes, nodes(manager_));
  return outcome;
}

}  // namespace

Result<NodesOutcome> remove_nodes(SwarmRecord record, const std::vector<std::string>& words,
                                  const NodesOptions& options) {
  return Leaver(std::move(record), options).remove(words);
}

Status set_availability(const SwarmRecord& record, const std::vector<std::string>& words, bool drain,
                        const NodesOptions& options) {
  return Leaver(record, options).set(words, drain);
}

}  // namespace simswarm::cluster
