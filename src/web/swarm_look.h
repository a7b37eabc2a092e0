// What is seen of a swarm at one moment, and what its runners run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace simswarm::web {

struct RunSeen {
  std::string name, campaign;
  std::optional<double> fraction;  // that is done
  friend bool operator==(const RunSeen&, const RunSeen&) = default;
};

// What a runner runs, as the queue knows it. Builders are not among them.
struct RunsOfHost {
  std::string host;    // the worker's, as it told the queue: its container's host name, which is the node's
  std::string worker;  // its name
  std::vector<RunSeen> runs;
  friend bool operator==(const RunsOfHost&, const RunsOfHost&) = default;
};

struct SwarmLook {
  engine::Swarm swarm;
  std::vector<RunsOfHost> runs;  // empty: not known
  friend bool operator==(const SwarmLook&, const SwarmLook&) = default;
};

// Where the runs are.
struct PlacedRuns {
  std::map<std::string, std::vector<RunSeen>> by_task;  // id of the task
  std::map<std::string, std::vector<RunSeen>> by_node;  // id of the node: on which of its tasks is not known
};
// A worker whose name has the id of a running task in it, between dots or dashes, is that task. Else it is on the node
// of its host: in the only runner that runs there, or somewhere on it. On no node, or on two of that name: nowhere.
[[nodiscard]] PlacedRuns placed_runs(const SwarmLook& look);

// A service of a stack that is called «runner» there.
[[nodiscard]] bool is_runner(const engine::Service& service);

}  // namespace simswarm::web
