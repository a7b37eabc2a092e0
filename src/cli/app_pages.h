// The services that show pages, and the question whether one is well, on the command line.
#pragma once

#include "cli/arguments.h"

namespace CLI {
class App;
}

namespace simswarm::cli {

void add_dashboard(CLI::App& app, DashboardArguments& arguments);
void add_visualizer(CLI::App& app, VisualizerArguments& arguments);
void add_health(CLI::App& app, HealthArguments& arguments);

}  // namespace simswarm::cli
