#include "cli/swarm_actions.h"

namespace simswarm::cli {

Result<ExitCode> swarm_image(const SwarmCommandArguments& arguments) {
  return usage_error("swarm {} comes later", arguments.action);
}

}  // namespace simswarm::cli
