// simswarm visualizer: a page of a swarm's nodes, services and tasks.
#include "web/visualizer.h"

#include "cli/commands.h"
#include "cli/pages.h"

namespace simswarm::cli {
namespace {

constexpr std::chrono::milliseconds kPace{2'000};

}  // namespace

Result<ExitCode> visualizer_command(const VisualizerArguments& arguments) {
  SIMSWARM_TRY(web::Service service, open_pages("visualizer", arguments.pages));
  const engine::Engine engine(arguments.engine);
  const auto news = [&server = service.server()] { server.wake(); };
  web::Polled<engine::Swarm> swarm([&engine] { return engine.swarm(); }, kPace, news);
  return serve_pages(service, web::visualizer_site(swarm, service.token()));
}

}  // namespace simswarm::cli
