// What runs can reach of the network, from the most to nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace simswarm::exec {

enum class Network {
  kOpen,  // whatever we can
  // Unix sockets alone, by a filter of system calls, which needs no right: socket(2) of another family is refused with
  // EACCES, as are ways around it; programs of a foreign architecture are killed (SIGSYS). Nothing listens on a
  // loopback address either. Abstract Unix sockets of other processes of this machine can be connected to.
  kSockets,
  // A network of its own for each run and its companion, with a loopback that is up. Unix sockets that have a path can
  // be connected to as their permissions allow, abstract ones of others cannot.
  kPrivate,
};
[[nodiscard]] std::string_view to_text(Network network);
[[nodiscard]] std::optional<Network> network_from(std::string_view text);

struct ChosenNetwork {
  Network network = Network::kOpen;
  std::string why{};  // kPrivate is not: one line
};
// The farthest apart that can be made here. `user_namespace` as for open_network().
[[nodiscard]] ChosenNetwork best_network(int user_namespace);

// A program of seccomp(2), as the kernel takes it: filters that refuse every socket but Unix ones. Valid as long as the
// process lives; made at the first call, from any thread. An error: this kernel or machine is not known to the library.
class SocketFilter {
 public:
  [[nodiscard]] static Result<const SocketFilter*> get();
  // For the calling process, for ever, and all that it starts; it can gain no rights any more. Makes system calls only;
  // false: errno says why.
  [[nodiscard]] bool apply() const;

 private:
  std::vector<char> program_;  // instructions of the kernel's (struct sock_filter)
};

// Keeps subprocesses that execute what users have brought (Subprocess::is_foreign) as runs are kept, from now on. To be
// called while this is the only thread. `user_namespace` stays open.
[[nodiscard]] Status fence_foreign(Network network, int user_namespace);

}  // namespace simswarm::exec
