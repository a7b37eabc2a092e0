// What is seen to change in a swarm between two looks.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace simswarm::web {

struct SwarmEvent {
  Stamp at;
  std::string kind;  // node, service, task
  std::string what;  // a line for people
  std::string id;    // of that node, service or task
  friend bool operator==(const SwarmEvent&, const SwarmEvent&) = default;
};

// What differs, the earliest first. It happened between two looks: when the engine does not tell, at the second.
[[nodiscard]] std::vector<SwarmEvent> changes_between(const engine::Swarm& before, const engine::Swarm& after,
                                                      Stamp before_at, Stamp after_at);

// The last of them. Not for several threads.
class SwarmHistory {
 public:
  static constexpr std::size_t kMost = 1000;

  void add(std::vector<SwarmEvent> events);
  [[nodiscard]] const std::deque<SwarmEvent>& newest_first() const { return events_; }

 private:
  std::deque<SwarmEvent> events_;
};

// An object of `events`.
[[nodiscard]] std::string events_json(const std::deque<SwarmEvent>& events);

}  // namespace simswarm::web
