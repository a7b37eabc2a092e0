// The actions of `simswarm swarm`, by what they are about.
#pragma once

#include <string>

#include "base/error.h"
#include "cli/arguments.h"
#include "cluster/swarm_record.h"

namespace simswarm::cli {

// Nodes: init, add, remove, join-command, doctor, drain, activate.
[[nodiscard]] Result<ExitCode> swarm_init(const SwarmCommandArguments& arguments);
[[nodiscard]] Result<ExitCode> swarm_add(const SwarmCommandArguments& arguments);
[[nodiscard]] Result<ExitCode> swarm_remove(const SwarmCommandArguments& arguments);
[[nodiscard]] Result<ExitCode> swarm_join_command(const SwarmCommandArguments& arguments);
[[nodiscard]] Result<ExitCode> swarm_doctor(const SwarmCommandArguments& arguments);
[[nodiscard]] Result<ExitCode> swarm_drain(const SwarmCommandArguments& arguments);  // and activate

// The stack: deploy, status, halt, resume, logs, rotate-secrets, delete.
[[nodiscard]] Result<ExitCode> swarm_deploy(const SwarmCommandArguments& arguments);
[[nodiscard]] Result<ExitCode> swarm_status(const SwarmCommandArguments& arguments);
[[nodiscard]] Result<ExitCode> swarm_halt(const SwarmCommandArguments& arguments);  // and resume
[[nodiscard]] Result<ExitCode> swarm_logs(const SwarmCommandArguments& arguments);
[[nodiscard]] Result<ExitCode> swarm_rotate(const SwarmCommandArguments& arguments);
[[nodiscard]] Result<ExitCode> swarm_delete(const SwarmCommandArguments& arguments);

// Images.
[[nodiscard]] Result<ExitCode> swarm_image(const SwarmCommandArguments& arguments);

// The way there: connect, disconnect.
[[nodiscard]] Result<ExitCode> swarm_connect(const SwarmCommandArguments& arguments);
[[nodiscard]] Result<ExitCode> swarm_disconnect(const SwarmCommandArguments& arguments);

// The name that is meant: --name, else the only swarm that is known, else «swarm». An error where there are several.
[[nodiscard]] Result<std::string> swarm_name(const SwarmCommandArguments& arguments);
// Its record.
[[nodiscard]] Result<cluster::SwarmRecord> swarm_meant(const SwarmCommandArguments& arguments);

}  // namespace simswarm::cli
