// Questions to Docker on a machine, by its command line (clients 20.10 to 29): what a swarm has and does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cluster/machine.h"

namespace simswarm::cluster {

// `docker ARGUMENTS…` there; its output, trimmed. An error is one line of what Docker says, with the machine's name and
// what to do about the known ones (no docker, no permission, no server, no manager).
[[nodiscard]] Result<std::string> docker(const Machine& machine, const std::vector<std::string>& arguments,
                                         const Call& call = {});

// Of the engine itself; `swarm` as Docker calls it: inactive, pending, active, error, locked.
struct EngineInfo {
  std::string id, hostname, version, architecture, os, root;  // x86_64; «Debian GNU/Linux 12»; folder of its data
  double cores = 0;
  std::uint64_t memory = 0;  // bytes
  std::string swarm = "inactive";
  std::string swarm_error;            // why, where it is no good
  bool is_manager = false;            // it can be asked about nodes and services
  std::string node_id, address;       // in its swarm
  std::string swarm_id;               // on a manager
  std::vector<std::string> managers;  // addresses with ports, where it is in a swarm
};
[[nodiscard]] Result<EngineInfo> info(const Machine& machine);
// From what `docker info --format '{{json .}}'` has printed.
[[nodiscard]] Result<EngineInfo> info_from_json(std::string_view text);

struct SwarmNode {
  std::string id, hostname;
  std::string role;                       // manager, worker
  std::string availability;               // active, pause, drain
  std::string state;                      // ready, down, unknown, disconnected
  std::string message;                    // why it is not ready
  std::string address;                    // without a port
  std::string reachability;               // of managers: reachable, unreachable
  std::string version, architecture, os;  // of its engine; x86_64; linux
  double cores = 0;
  std::uint64_t memory = 0;  // bytes
  bool is_leader = false;

  [[nodiscard]] bool is_manager() const { return role == "manager"; }
  [[nodiscard]] bool is_ready() const { return state == "ready"; }
  [[nodiscard]] bool takes_tasks() const { return is_ready() && availability == "active"; }
};
// Managers first, then by host name. `machine` is a manager.
[[nodiscard]] Result<std::vector<SwarmNode>> nodes(const Machine& machine);

struct SwarmService {
  std::string id;
  std::string name;  // without «STACK_»
  bool is_global = false;
  std::size_t wanted = 0;   // replicas; global: the nodes that can have it, as far as its tasks tell
  std::size_t running = 0;  // tasks
  std::string image;        // without «@sha256:…»
  std::string update;       // of the last update: updating, paused, completed, rollback_…; empty: there was none
  std::string update_message;
};
struct SwarmTask {
  std::string id;
  std::string service;  // without «STACK_»
  std::string service_id;
  std::string slot;          // number of the replica; global: the node's id
  std::string node_id;       // empty: it has none yet
  std::string state;         // running, pending, failed, rejected, …
  std::string wanted_state;  // running, ready, shutdown, …
  std::string error;
  double age = 0;  // seconds in this state, as exactly as Docker tells

  [[nodiscard]] bool is_wanted() const { return wanted_state == "running" || wanted_state == "ready"; }
  [[nodiscard]] bool runs() const { return state == "running" && wanted_state == "running"; }
  [[nodiscard]] bool has_ended() const;
};
// Of a stack, by name. None: there is no such stack.
[[nodiscard]] Result<std::vector<SwarmService>> services(const Machine& machine, const std::string& stack);
// Those that have ended, too, as far as Docker remembers; newest first within a slot.
[[nodiscard]] Result<std::vector<SwarmTask>> tasks(const Machine& machine, const std::string& stack);
// Of a node, whatever they belong to; `service` is the whole name.
[[nodiscard]] Result<std::vector<SwarmTask>> tasks_on(const Machine& machine, const std::string& node_id);

// «5 minutes ago», «About an hour ago», «Less than a second ago» in seconds.
[[nodiscard]] double age_in_seconds(std::string_view words);

// The node that a user means by its host name, its id or the beginning of it, its address or a target of SSH. An error
// names those that there are, with the near misses.
[[nodiscard]] Result<SwarmNode> node_named(const std::vector<SwarmNode>& nodes, const std::string& word);

}  // namespace simswarm::cluster
