// A swarm on this machine alone, for trying it and for tests: Redis, a server that speaks MongoDB's protocol, distcc
// servers, a builder and runners; on Unix sockets or loopback, with passwords of their own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "settings/hosts.h"

namespace simswarm::cluster {

// What is not set stays as it was when these services were started last.
struct ServicesOptions {
  std::string name = "local-services";
  fs::path folder;                     // of their state; empty: services_folder(name)
  fs::path program;                    // simswarm itself
  std::optional<std::size_t> runners;  // runs at once; at first one a core
  std::optional<std::size_t> distcc;   // servers; at first 3 where distccd is installed; 0: none
  std::string store;  // «mongodb» (a server of its own), «directory», or a URL; empty, at first: mongodb where there is
                      // a server, else directory
  // One line each: what has come, and what the user should know.
  std::function<void(const std::string&)> say = [](const std::string&) {};
};

struct ServiceState {
  std::string service;    // redis, postgres, mongodb, distcc-1, builder, runner
  int pid = 0;            // 0: does not run
  std::string address;    // without secrets; empty: it has none
  fs::path log;           // what it says
  std::string last_line;  // of that, where it does not run
};

// Starts what does not run yet or has to run otherwise, waits until all answer, and writes the name into the user's
// hosts (settings/hosts.h). The services belong to no terminal and outlive their caller. An error names what does not
// come, with the last line of its log; what has come stays.
[[nodiscard]] Result<std::vector<ServiceState>> services_up(const ServicesOptions& options);
// Ends them, workers first: runs finish or go back, Redis and the store keep their data unless `forget`, which removes
// the folder and the name. What does not run is no error.
[[nodiscard]] Status services_down(const ServicesOptions& options, bool forget);
// Of all that were started last; empty: none ever were.
[[nodiscard]] Result<std::vector<ServiceState>> services_state(const ServicesOptions& options);

// $SIMSWARM_SERVICES_FOLDER/NAME; for root /var/lib/simswarm/services/NAME, since servers that refuse root have to
// enter it; else $XDG_STATE_HOME or ~/.local/state, and there simswarm/services/NAME.
[[nodiscard]] fs::path services_folder(const std::string& name);

}  // namespace simswarm::cluster
