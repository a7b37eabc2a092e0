// Tells open pages what has changed, so that they ask for what they show: server-sent events.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/time.h"
#include "web/server.h"

namespace simswarm::web {

class Events {
 public:
  using Topics = std::map<std::string, std::uint64_t>;
  static constexpr std::chrono::milliseconds kPace{900};  // between two, unless it is the first
  static constexpr std::chrono::seconds kRest{5};         // after which something is said though nothing has changed

  // `server` outlives it.
  explicit Events(Server& server) : server_(server) {}

  // What there is, each with a number that grows with its changes; how old it is, in seconds; what is wrong (a list as
  // the API has it, JSON). From any thread. Publishes what differs from the last time.
  void note(const Topics& topics, double age, const std::string& trouble);
  // The answer to who asks for events: it begins with all that is known.
  [[nodiscard]] Response begin() const;

 private:
  static std::string text(const Topics& topics, double age, const std::string& trouble);

  Server& server_;
  mutable std::mutex mutex_;
  Topics topics_, told_;
  double age_ = 0;
  std::string trouble_ = "[]";
  Monotonic said_at_{};
};

}  // namespace simswarm::web
