// What is wrong with a swarm, since when, and what to do.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "view/picture.h"
#include "web/polled.h"
#include "web/swarm_look.h"

namespace simswarm::web {

// Remembers since when each has been there. Not for several threads.
class SwarmTroubles {
 public:
  static constexpr std::size_t kMostOfAKind = 5;          // the rest is counted
  static constexpr std::chrono::seconds kSilentAfter{5};  // a look that has taken longer says that the engine is silent

  // The worst first. `looking_for`: how long a look has been under way.
  [[nodiscard]] std::vector<view::Trouble> found(const Seen<SwarmLook>& seen, Seconds looking_for, Stamp now);

 private:
  std::map<std::string, Stamp> since_;
};

}  // namespace simswarm::web
