// What this user's machine knows of a swarm: where its manager is, how it is deployed, and its secrets. One folder a
// swarm, 0700, its files 0600. The manager keeps the same beside its sockets, for other computers of the user's.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::cluster {

struct SwarmRecord {
  std::string name;                         // of the swarm, and of its stack
  std::string manager;                      // as Machine::at takes it; empty: this machine
  std::vector<std::string> workers;         // likewise, those that were joined by SSH
  std::string interlink = "10.211.0.0/16";  // subnets of the overlay networks, CIDR
  std::string buildnet = "10.212.0.0/16";
  std::string image;                              // of the services, by its content tag; empty: none is chosen yet
  std::map<std::string, std::string> toolchains;  // further images by the name that campaigns give (--image)
  std::string registry;                           // HOST[:PORT]/PATH; empty: images travel without one
  bool runner_per_node = false;                   // one runner a node with as many slots as cores
  std::string stack_override;                     // a further stack file of the user's; empty: none
  std::map<std::string, std::string> settings;    // variables SIMSWARM_… of the stack file that the user has set
  std::map<std::string, std::string> secrets;     // name in the stack → name of the Docker secret that is in use
  friend bool operator==(const SwarmRecord&, const SwarmRecord&) = default;
};

// The folder on the manager that holds sockets (one folder a service) and what other computers need; only root and the
// group docker enter.
[[nodiscard]] fs::path manager_folder(const std::string& swarm);

// $SIMSWARM_SWARMS_FOLDER; else $XDG_STATE_HOME or ~/.local/state, and there simswarm/swarms.
[[nodiscard]] fs::path swarms_folder();
[[nodiscard]] std::vector<std::string> swarm_names();
// An error where there is no such swarm, with the near misses; or where its file is of a newer version.
[[nodiscard]] Result<SwarmRecord> read_swarm(const std::string& name);
[[nodiscard]] bool has_swarm(const std::string& name);
[[nodiscard]] Status write_swarm(const SwarmRecord& record);
// With its secrets.
[[nodiscard]] Status forget_swarm(const std::string& name);
// The form in which the manager keeps it, too; formats.md.
[[nodiscard]] std::string to_json(const SwarmRecord& record);
[[nodiscard]] Result<SwarmRecord> swarm_from_json(std::string_view text);

// Secrets by their names: queue_password, store_password, token. Random where they are not there yet.
inline constexpr std::string_view kQueuePassword = "queue_password";
inline constexpr std::string_view kStorePassword = "store_password";
inline constexpr std::string_view kToken = "token";
[[nodiscard]] Result<std::string> swarm_secret(const std::string& swarm, std::string_view secret);
[[nodiscard]] Status set_swarm_secret(const std::string& swarm, std::string_view secret, std::string_view value);
[[nodiscard]] Result<std::string> random_secret();  // 64 hexadecimal digits

}  // namespace simswarm::cluster
