// Secrets of a swarm's services: Docker secrets, whose names tell their contents apart, and what the manager keeps for
// the user's other computers. Values travel by standard input alone.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cluster/machine.h"
#include "cluster/swarm_record.h"

namespace simswarm::cluster {

struct SecretValues {
  std::string queue_password;
  std::vector<std::string> accepted;  // by Redis: queue_password first
  std::string store_password, token;
};
// Of this user's machine; made where they are not there. While they are being changed the old password is accepted,
// too.
[[nodiscard]] Result<SecretValues> secret_values(const std::string& swarm);

// The password that is being replaced; empty: none is. It outlives the call that began the change, so that another one
// finishes it.
inline constexpr std::string_view kFormerQueuePassword = "former_queue_password";
[[nodiscard]] Result<std::string> former_queue_password(const std::string& swarm);
[[nodiscard]] Status forget_former_queue_password(const std::string& swarm);

// Secret of the stack file (queue_passwords, …) → what Docker is given.
[[nodiscard]] std::map<std::string, std::string> secret_contents(const SecretValues& values);
// «NAME_queue_password_0123456789ab»: another content has another name, since a Docker secret cannot be changed.
[[nodiscard]] std::string secret_name(const std::string& swarm, const std::string& secret, std::string_view content);
// «SIMSWARM_SECRET_QUEUE_PASSWORD»: the variable of the stack file with the name of a secret.
[[nodiscard]] std::string secret_variable(std::string_view secret);

// Makes those that are not there yet. Secret of the stack file → name.
[[nodiscard]] Result<std::map<std::string, std::string>> create_secrets(const Machine& manager,
                                                                        const std::string& swarm,
                                                                        const SecretValues& values);
// Removes this swarm's Docker secrets but `kept` (names). Those that a service still has stay; their number is given.
[[nodiscard]] Result<std::size_t> remove_secrets(const Machine& manager, const std::string& swarm,
                                                 const std::map<std::string, std::string>& kept);

// What another computer of the user's needs: the record and the secrets; formats.md, «client.json of a swarm».
struct ClientFile {
  SwarmRecord record;
  SecretValues values;  // `accepted` is not in it
};
[[nodiscard]] std::string to_json(const ClientFile& file);
[[nodiscard]] Result<ClientFile> client_file_from_json(std::string_view text);

}  // namespace simswarm::cluster
