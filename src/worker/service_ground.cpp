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
Result<exec::ChosenNetwork> fenced_network(const ServiceOptions& options, int users) {
  exec::ChosenNetwork chosen{exec::network_from(options.network).value_or(exec::Network::kPrivate), {}};
  if (options.network == "auto" || chosen.network == exec::Network::kPrivate) {
    const bool may_choose = options.network == "auto";
    chosen = exec::best_network(users);
    if (chosen.network != exec::Network::kPrivate && !may_choose)
      return environment_error("--network=private: {}; with --network=auto runs get no sockets but Unix ones then",
                               chosen.why);
  }
  SIMSWARM_CHECK(exec::fence_foreign(chosen.network, users));
  return chosen;
}

std::string words_of(const exec::ChosenNetwork& chosen) {
  switch (chosen.network) {
    case exec::Network::kOpen:
      return "network of runs: open, they reach whatever this worker can";
    case exec::Network::kPrivate:
      return "network of runs: private, each has a loopback of its own";
    case exec::Network::kSockets:
      break;
  }
  return fmt::format("network of runs: no sockets but Unix ones{}{}",
                     chosen.why.empty() ? "" : "; a private one cannot be made here: ", chosen.why);
}

}  // namespace simswarm::worker
