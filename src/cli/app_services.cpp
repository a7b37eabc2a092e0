#include "cli/app_services.h"

#include <CLI/CLI.hpp>

namespace simswarm::cli {
namespace {

void add_swarm_hosts(CLI::App& command, SwarmCommandArguments& arguments) {
  command
      .add_option("--manager", arguments.manager,
                  "With init and connect: its manager, as ssh takes it: [user@]host or ssh://[user@]host:port; by "
                  "default this machine")
      ->type_name("HOST");
  command.add_option("--worker", arguments.workers, "With init: a further node, as ssh takes it; several times")
      ->type_name("HOST")
      ->allow_extra_args(false);
  command
      .add_option("--address", arguments.address,
                  "With init: the manager's address that the other nodes reach; by default the one it takes itself")
      ->type_name("ADDRESS");
  command
      .add_option("--interlink", arguments.interlink,
                  "With init: subnet of the network of all services (10.211.0.0/16)")
      ->type_name("CIDR");
  command.add_option("--buildnet", arguments.buildnet, "With init: subnet of the compilers' network (10.212.0.0/16)")
      ->type_name("CIDR");
}

void add_swarm_images(CLI::App& command, SwarmCommandArguments& arguments) {
  command
      .add_option("--base", arguments.base,
                  "With image: image that it stands on: Debian, or one with OMNeT++ (debian:bookworm-slim)")
      ->type_name("IMAGE");
  command
      .add_option("--with", arguments.with,
                  "With image: folder of this machine that comes into it at the same path, like OMNeT++; several times")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command
      .add_option("--toolchain", arguments.toolchain,
                  "With image: a further image beside the swarm's own; campaigns name it with --image")
      ->type_name("NAME");
  command
      .add_option("--registry", arguments.registry,
                  "With image: registry that nodes take it from; by default none is needed")
      ->type_name("HOST/PATH");
  command.add_option("--image", arguments.image, "With deploy and image: an image that is there already")
      ->type_name("IMAGE");
}

}  // namespace

void add_services(CLI::App& app, ServicesArguments& arguments) {
  CLI::App* command = app.add_subcommand("services", "A swarm on this machine, for trying it and for tests");
  command->footer(
      "simswarm services up [NAME]      starts what does not run yet, and gives it a name for --on\n"
      "simswarm services status [NAME]  exit code 1: something does not run\n"
      "simswarm services down [NAME]    ends all; data stays, but with --forget\n\n"
      "Redis, a store, distcc servers, a builder and a runner, on Unix sockets and the loopback address, with "
      "passwords "
      "of their own. NAME is local-services where nothing is said. Their state lies in "
      "~/.local/state/simswarm/services/NAME (for root /var/lib/simswarm/services/NAME; SIMSWARM_SERVICES_FOLDER). "
      "What "
      "an option has said holds until it says something else.");
  command->add_option("ACTION", arguments.action, "up, down, status")->required();
  command->add_option("NAME", arguments.name, "Which services; by default local-services");
  command->add_option("--runners", arguments.runners, "With up: runs at once; at first one a core")->type_name("N");
  command->add_option("--distcc", arguments.distcc, "With up: distcc servers; at first 3; 0: none")->type_name("N");
  command
      ->add_option("--store", arguments.store,
                   "With up: mongodb (a server of its own), directory, or the URL of one that is there; at first "
                   "mongodb where there is a server")
      ->type_name("STORE");
  command->add_flag("--forget", arguments.forget, "With down: remove all data, and the name for --on");
  command->add_flag("--json", arguments.json, "Print JSON");
}

void add_swarm_command(CLI::App& app, SwarmCommandArguments& arguments) {
  CLI::App* command = app.add_subcommand("swarm", "Docker Swarms: the services of campaigns on computers you have");
  command->footer(
      "simswarm swarm init [--manager HOST] [--worker HOST...]  makes a swarm of these computers, by SSH\n"
      "simswarm swarm add|remove HOST...    a node more, or less\n"
      "simswarm swarm join-command          what to call on a computer without SSH\n"
      "simswarm swarm image [--base IMAGE] [--with DIR]  makes the services' image, and brings it to every node\n"
      "simswarm swarm deploy                starts the services, or brings them up to date\n"
      "simswarm swarm connect|disconnect    a way from here to queue, store and pages; then --on NAME\n"
      "simswarm swarm status|doctor         what there is, what is wrong, what to do\n"
      "simswarm swarm drain|activate HOST   lets a node's runs end or go back; takes it in again\n"
      "simswarm swarm halt|resume           stops the services, and starts them again; data stays\n"
      "simswarm swarm logs SERVICE          what a service has said\n"
      "simswarm swarm rotate-secrets        new passwords, under way\n"
      "simswarm swarm delete                removes the services and their data");
  command->add_option("ACTION", arguments.action, "One of those below")->required();
  command->add_option("WORDS", arguments.words, "Hosts, or a service");
  command->add_option("--name", arguments.name, "Name of the swarm; by default the only one that is known, or «swarm»")
      ->type_name("NAME");
  add_swarm_hosts(*command, arguments);
  add_swarm_images(*command, arguments);
  command->add_option("--stack", arguments.stack, "With deploy: a further stack file, over ours; «-»: none again")
      ->type_name("FILE");
  command
      ->add_option("--runners", arguments.runners,
                   "With deploy: replicas (one slot each, they fill all nodes; at first) or nodes (one a node, with as "
                   "many slots as cores)")
      ->type_name("HOW");
  command->add_option("--tail", arguments.tail, "With logs: so many of the last lines (100)")->type_name("N");
  command->add_option("--since", arguments.since, "With logs: not older than this: 10m, 2026-11-29T10:00:00")
      ->type_name("TIME");
  command->add_flag("--follow", arguments.follow, "With logs: go on with what comes");
  command->add_flag("--foreground", arguments.foreground, "With connect: stay, and end with Ctrl-C");
  command->add_flag("--keep-data", arguments.keep_data,
                    "With delete: leave the queue's and the store's data on the manager");
  command->add_flag("-y,--yes", arguments.yes, "Ask nothing");
  command->add_flag("--dry-run", arguments.dry_run, "Say what would be done, and do nothing");
  command->add_flag("--json", arguments.json, "Print JSON");
}

}  // namespace simswarm::cli
