// What has to hold of computers that are nodes or become some. Looking asks the machine; the checks themselves are
// pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cluster/machine.h"
#include "cluster/subnet.h"
#include "cluster/swarm_engine.h"

namespace simswarm::cluster {

// One thing that is wrong.
struct Finding {
  std::string check;   // a word for programs: engine, version, clock, port, disk, …
  std::string where;   // machine, node or service
  std::string what;    // and which value
  std::string remedy;  // what to do

  [[nodiscard]] std::string line() const { return where + ": " + what + ": " + remedy; }
};
using Findings = std::vector<Finding>;

// What a look at a computer has shown.
struct HostFacts {
  std::string name;  // Machine::name()
  std::string user;
  bool has_docker = false;
  std::string docker_said;           // in place of an answer
  std::optional<EngineInfo> engine;  // where it has answered
  std::vector<std::string> taken;    // ports of a swarm that something listens at: «2377/tcp»
  std::vector<TakenSubnet> routes;
  std::optional<std::uint64_t> disk_free, disk_size;  // bytes, where the engine keeps its data
  std::optional<double> clock;                        // seconds before ours
  double clock_doubt = 0;                             // it may be as much more or less
};

inline constexpr std::uint64_t kLeastDisk = 5'000'000'000;
inline constexpr double kMostClock = 2;  // seconds

// An error: it is not reached.
[[nodiscard]] Result<HostFacts> look(const Machine& machine);
// The same for several at once, in their order; those that are not reached are findings, and nothing here.
[[nodiscard]] std::vector<std::optional<HostFacts>> look(const std::vector<Machine>& machines, Findings& findings);
// What the script of a look has printed (swarm_checks.cpp).
[[nodiscard]] HostFacts facts_from(std::string_view text, const std::string& name);

// --- of one computer
// Docker is there, may be used, answers, is new enough.
[[nodiscard]] Findings check_engine(const HostFacts& host);
// Ports are free, the disk has room: for one that is in no swarm yet.
[[nodiscard]] Findings check_room(const HostFacts& host);
// The disk is not nearly full: for one that is in a swarm.
[[nodiscard]] Findings check_disk(const HostFacts& host);
// Architecture and clock, next to the manager's.
[[nodiscard]] Findings check_beside(const HostFacts& manager, const HostFacts& host);
// What it is in: nothing, or a swarm as its manager.
[[nodiscard]] Findings check_manager_state(const HostFacts& host);
// In nothing, or in the swarm that has these nodes.
[[nodiscard]] Findings check_worker_state(const HostFacts& host, const std::vector<SwarmNode>& nodes);
[[nodiscard]] bool is_node(const HostFacts& host, const std::vector<SwarmNode>& nodes);

// --- of several
// Each has a host name of its own, among nodes that are up, too.
[[nodiscard]] Findings check_names(const std::vector<HostFacts>& hosts, const std::vector<SwarmNode>& nodes);
// An error: the words are wrong. Findings: they lie upon what is there.
[[nodiscard]] Result<Findings> check_subnets(const std::string& interlink, const std::string& buildnet,
                                             const std::vector<TakenSubnet>& taken);

}  // namespace simswarm::cluster
