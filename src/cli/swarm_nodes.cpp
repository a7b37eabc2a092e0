#include "cli/swarm_actions.h"

namespace simswarm::cli {

Result<ExitCode> swarm_init(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}
Result<ExitCode> swarm_add(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}
Result<ExitCode> swarm_remove(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}
Result<ExitCode> swarm_join_command(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}
Result<ExitCode> swarm_doctor(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}
Result<ExitCode> swarm_drain(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}

}  // namespace simswarm::cli
