// What can be told of a swarm's tasks beside what the engine says of each.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace simswarm::engine {

[[nodiscard]] bool has_failed(const Task& task);
// Also in order.
[[nodiscard]] bool has_ended(const Task& task);

// Of each task, in their order: how many before it, in the same place of the same service, have ended. The place is the
// slot, or the node where there is one task a node. Counts what the engine remembers.
[[nodiscard]] std::vector<std::size_t> restarts_of(const std::vector<Task>& tasks);

// Names in place of ids; an id that is not known stands for itself. The swarm outlives it.
class Names {
 public:
  explicit Names(const Swarm& swarm);
  [[nodiscard]] std::string host(const std::string& node) const;
  [[nodiscard]] std::string service(const std::string& id) const;
  // «runner.7», as the engine calls it; where there is one task a node it has no number.
  [[nodiscard]] std::string task(const Task& task) const;

 private:
  std::map<std::string_view, const std::string*> hosts_, services_;
};

}  // namespace simswarm::engine
