// Words of the commands for who provides: services on this machine, swarms. Part of the command line (app.h).
#pragma once

#include "cli/arguments.h"

namespace CLI {
class App;
}

namespace simswarm::cli {

void add_services(CLI::App& app, ServicesArguments& arguments);
void add_swarm_command(CLI::App& app, SwarmCommandArguments& arguments);

}  // namespace simswarm::cli
