// TCP ports of 127.0.0.1 that lead to Unix sockets, in one thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace simswarm::cluster {

struct RelayPort {
  int port = 0;
  std::string socket;
};
// Passes on what comes, until `stop` (a descriptor) can be read. Whose socket is not there is closed at once: the
// service comes again, and with it the way. An error: a port cannot be listened on.
[[nodiscard]] Status relay_ports(const std::vector<RelayPort>& ports, int stop);

}  // namespace simswarm::cluster
