// A swarm on this machine alone, for trying it and for tests: Redis, a server that speaks MongoDB's protocol, distcc
// servers, a builder and runners; on Unix sockets or loopback, with passwords of their own.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "settings/hosts.h"

namespace simswarm::cluster {

struct ServicesOptions {
  std::string name = "local-services";
  fs::path folder;          // of its state; empty: ~/.local/state/simswarm/services/NAME
  fs::path program;         // simswarm itself
  std::size_t runners = 0;  // slots in all; 0: one a core
  std::size_t distcc = 3;   // servers; 0: none
  std::string store;  // «mongodb» (a server of its own), «directory», or a URL; empty: mongodb where there is a server,
                      // else directory
};

struct ServiceState {
  std::string service;  // redis, mongodb, distcc-1, builder, runner
  int pid = 0;          // 0: does not run
  std::string address;  // without secrets
};

// Starts what does not run yet, waits until all answer, and writes the name into the user's hosts (settings/hosts.h).
[[nodiscard]] Result<std::vector<ServiceState>> services_up(const ServicesOptions& options);
// Ends them: runs finish or go back, Redis and the store keep their data unless `forget`. What does not run is no
// error.
[[nodiscard]] Status services_down(const ServicesOptions& options, bool forget);
[[nodiscard]] Result<std::vector<ServiceState>> services_state(const ServicesOptions& options);

}  // namespace simswarm::cluster
