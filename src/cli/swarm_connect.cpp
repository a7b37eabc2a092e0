#include "cli/swarm_actions.h"

namespace simswarm::cli {

Result<ExitCode> swarm_connect(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}
Result<ExitCode> swarm_disconnect(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}

}  // namespace simswarm::cli
