// How a swarm stands, at a glance: what a person asks for, in the time that a person waits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cluster/swarm_checks.h"
#include "cluster/swarm_engine.h"
#include "cluster/swarm_record.h"

namespace simswarm::cluster {

struct NodeLook {
  SwarmNode node;
  std::size_t tasks = 0;       // of the stack, that run
  std::optional<double> load;  // over a minute; nothing: it is not reached by SSH, or answers slowly
};
struct ServiceLook {
  SwarmService service;
  std::size_t waiting = 0;  // tasks, for room on a node
};
// Jobs of all queues, by Redis itself.
struct QueueLook {
  std::size_t waiting = 0, running = 0, finished = 0, failed = 0;
  std::size_t workers = 0;
};
struct SwarmLook {
  std::vector<NodeLook> nodes;
  std::vector<ServiceLook> services;
  std::optional<QueueLook> queue;
  Findings findings;  // what is wrong, and what to do
};
// An error: the manager does not answer.
[[nodiscard]] Result<SwarmLook> look_at_swarm(const SwarmRecord& record);

// From what redis-cli has printed; nothing when it is no answer.
[[nodiscard]] std::optional<QueueLook> queue_from(std::string_view printed);
// Services of the stack file that are not there; that nothing is deployed, or all is halted.
[[nodiscard]] Findings check_presence(const SwarmRecord& record, const std::vector<SwarmService>& services);

}  // namespace simswarm::cluster
