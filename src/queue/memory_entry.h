// A job as the queue in memory keeps it.
#pragma once

#include <optional>
#include <string>

#include "queue/life.h"

namespace simswarm::jobs {

struct Entry {
  NewJob job;
  Life life;
  std::optional<Stamp> created;
  std::optional<Stamp> enqueued;
  std::optional<Stamp> started;
  std::optional<Stamp> ended;
  std::optional<Stamp> expires;
  std::string result;
  std::string message;
  std::string progress;
  Stamp watched_until{};  // somebody looks at what it prints
  Tail tail;
  Stamp tail_until{};
  bool ahead = false;  // claimed, and not begun as far as was told
  double score = 0;    // in the registry where it stands
};

[[nodiscard]] Place place_of(State state);
[[nodiscard]] JobView view_of(const Entry& entry);

}  // namespace simswarm::jobs
