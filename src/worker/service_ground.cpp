#include "worker/service_ground.h"

#include <unistd.h>

#include "base/text.h"

namespace simswarm::worker {

// Who is not root has overlays and networks only in a user namespace of the keeper's; where there is none, what can be
// done without.
Result<std::unique_ptr<exec::Keeper>> start_keeper(const ServiceOptions& options, const std::string& owner) {
  exec::KeeperSpec spec{owner, exec::mark_of(owner) + ".", options.containment, false};
  const bool fences = options.network == "auto" || options.network == "private";
  spec.user_namespace = ::geteuid() != 0 && (options.layer != "links" || fences);
  Result<std::unique_ptr<exec::Keeper>> keeper = exec::Keeper::start(spec);
  if (keeper || !spec.user_namespace || options.layer == "overlay" || options.network == "private") return keeper;
  spec.user_namespace = false;
  return exec::Keeper::start(spec);
}

// What runs can reach from now on, and what users' programs can that are asked.
Result<exec::Network> fenced_network(const ServiceOptions& options, int users) {
  exec::ChosenNetwork chosen{exec::network_from(options.network).value_or(exec::Network::kPrivate), {}};
  if (options.network == "auto" || chosen.network == exec::Network::kPrivate) {
    const bool may_choose = options.network == "auto";
    chosen = exec::best_network(users);
    if (chosen.network != exec::Network::kPrivate && !may_choose)
      return environment_error("--network=private: {}; with --network=auto runs get no sockets but Unix ones then",
                               chosen.why);
  }
  SIMSWARM_CHECK(exec::fence_foreign(chosen.network, users));
  switch (chosen.network) {
    case exec::Network::kOpen:
      options.say("network of runs: open, they reach whatever this worker can");
      break;
    case exec::Network::kSockets:
      options.say(fmt::format("network of runs: no sockets but Unix ones{}{}",
                              chosen.why.empty() ? "" : "; a private one cannot be made here: ", chosen.why));
      break;
    case exec::Network::kPrivate:
      options.say("network of runs: private, each has a loopback of its own");
      break;
  }
  return chosen.network;
}

}  // namespace simswarm::worker
