// What is wrong with a swarm that runs.
#pragma once

#include <vector>

#include "cluster/swarm_checks.h"
#include "cluster/swarm_engine.h"
#include "cluster/swarm_record.h"

namespace simswarm::cluster {

// Down, drained, of another architecture or a far older engine than the leader.
[[nodiscard]] Findings check_nodes(const std::vector<SwarmNode>& nodes);
// With fewer tasks than wanted, and why. Runners fill what there is: they are short only where a node has none.
[[nodiscard]] Findings check_services(const std::vector<SwarmService>& services, const std::vector<SwarmTask>& tasks,
                                      const std::vector<SwarmNode>& nodes);

struct Examination {
  Findings findings;             // what has to be put right
  std::vector<SwarmNode> nodes;  // none: the manager was not reached
};
// Manager and workers, as far as they are reached, nodes, services, and that images are where they have to be.
[[nodiscard]] Examination examine(const SwarmRecord& record);

}  // namespace simswarm::cluster
