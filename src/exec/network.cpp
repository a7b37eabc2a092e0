#include "exec/network.h"

#include <algorithm>
#include <array>

#include "base/subprocess.h"
#include "exec/launch.h"

namespace simswarm::exec {
namespace {

constexpr std::array<std::pair<Network, std::string_view>, 3> kNames{
    {{Network::kOpen, "open"}, {Network::kSockets, "sockets"}, {Network::kPrivate, "private"}}};

}  // namespace

std::string_view to_text(Network network) {
  return std::find_if(kNames.begin(), kNames.end(), [&](const auto& name) { return name.first == network; })->second;
}

std::optional<Network> network_from(std::string_view text) {
  const auto* found = std::find_if(kNames.begin(), kNames.end(), [&](const auto& name) { return name.second == text; });
  if (found == kNames.end()) return std::nullopt;
  return found->first;
}

ChosenNetwork best_network(int user_namespace) {
  const auto made = open_network(user_namespace);
  if (made) return {Network::kPrivate};
  return {Network::kSockets, made.error().message};
}

Status fence_foreign(Network network, int user_namespace) {
  if (network == Network::kSockets) {
    SIMSWARM_TRY(const SocketFilter* const filter, SocketFilter::get());
    fence_foreign_with([filter] { return filter->apply(); });
  } else if (network == Network::kPrivate) {
    fence_foreign_with([user_namespace] {
      Launch launch;
      launch.enter_users = user_namespace;
      launch.network_namespace = true;
      return enter_namespaces(launch) && raise_loopback(launch);
    });
  }
  return {};
}

}  // namespace simswarm::exec
