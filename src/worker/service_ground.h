// What a worker makes before anything else, while it has one thread: who ends its runs with it, and what keeps them
// from the network.
#pragma once

#include <memory>
#include <string>

#include "exec/keeper.h"
#include "exec/network.h"
#include "worker/service.h"

namespace simswarm::worker {

// An error: the containment that was asked for cannot be had.
[[nodiscard]] Result<std::unique_ptr<exec::Keeper>> start_keeper(const ServiceOptions& options,
                                                                 const std::string& owner);
// What runs can reach from now on, and what users' programs can that are asked. `users` is the keeper's user namespace,
// and stays open. An error: what was asked for cannot be had.
[[nodiscard]] Result<exec::ChosenNetwork> fenced_network(const ServiceOptions& options, int users);
// For the log.
[[nodiscard]] std::string words_of(const exec::ChosenNetwork& chosen);

}  // namespace simswarm::worker
