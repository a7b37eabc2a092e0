// What is wrong with a swarm, and what to do.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "view/picture.h"

namespace simswarm::view {

struct Servers {
  std::string queue_trouble, store_trouble;  // empty: they answer
};

// Without moments; the worst first.
[[nodiscard]] std::vector<Trouble> troubles_of(const Picture& picture, const Servers& servers);

// Remembers since when each has been there.
class TroubleTimes {
 public:
  void date(std::vector<Trouble>& troubles, Stamp now);

 private:
  std::map<std::string, Stamp> since_;
};

}  // namespace simswarm::view
