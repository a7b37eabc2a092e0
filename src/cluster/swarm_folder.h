// The manager's folder of a swarm (manager_folder()): made and removed by a container of the services' image, so that
// the right to use Docker is enough.
#pragma once

#include <string>

#include "base/error.h"
#include "cluster/machine.h"
#include "cluster/swarm_secrets.h"

namespace simswarm::cluster {

struct ManagerFolder {
  ClientFile client;           // kept there for root and the group docker
  std::string stack_override;  // text of the user's stack file; empty: none
  std::string pages_user;      // who its pages run as: name or number; empty: the image's own user
};
[[nodiscard]] Status make_manager_folder(const Machine& manager, const ManagerFolder& folder);
[[nodiscard]] Status remove_manager_folder(const Machine& manager, const SwarmRecord& record);

inline constexpr const char* kOverrideFile = "override.yml";  // in it
inline constexpr const char* kClientFile = "client.json";

}  // namespace simswarm::cluster
