#include "cli/swarm_actions.h"

namespace simswarm::cli {

Result<ExitCode> swarm_deploy(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}
Result<ExitCode> swarm_status(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}
Result<ExitCode> swarm_halt(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}
Result<ExitCode> swarm_logs(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}
Result<ExitCode> swarm_rotate(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}
Result<ExitCode> swarm_delete(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}

}  // namespace simswarm::cli
