// simswarm visualizer: a page of a swarm's nodes, services and tasks.
#include "web/visualizer.h"

#include "cli/commands.h"
#include "cli/pages.h"

namespace simswarm::cli {

Result<ExitCode> visualizer_command(const VisualizerArguments& arguments) {
  SIMSWARM_TRY(web::Service service, open_pages("visualizer", arguments.pages));
  web::Visualizer visualizer({.engine = arguments.engine, .token = service.token(), .version = SIMSWARM_VERSION},
                             service.server());
  return serve_pages(service, visualizer.site());
}

}  // namespace simswarm::cli
