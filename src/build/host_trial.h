// Tries a distcc server by a job that costs it nothing: who accepts a connection may still be full, or hang, or have
// another compiler. Internal to this room.
#pragma once

#include <poll.h>

#include <optional>
#include <string>

#include "base/files.h"
#include "base/time.h"
#include "build/host_list.h"

namespace simswarm::build {

enum class TrialState { kConnecting, kWaiting, kCompiled, kFailed };

// Never blocks.
class HostTrial {
 public:
  HostTrial(const Address& address, const std::string& compiler);
  [[nodiscard]] TrialState state() const { return state_; }
  [[nodiscard]] Monotonic since() const { return since_; }
  [[nodiscard]] pollfd waits_for() const;
  // When that has come, or time has passed.
  void go_on();

 private:
  void send();
  void receive();

  Fd socket_;
  Monotonic since_;
  TrialState state_ = TrialState::kConnecting;
  std::string request_;  // what is left to be sent
  std::string answer_;
};

// How many jobs a server takes at once, by its page of statistics (distccd --stats, on the port after its own or on
// distcc's usual one). Blocks for half a second at most.
[[nodiscard]] std::optional<std::size_t> jobs_by_statistics(const Address& address, std::uint16_t port);

}  // namespace simswarm::build
