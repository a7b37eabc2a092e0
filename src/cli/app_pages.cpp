#include "cli/app_pages.h"

#include <CLI/CLI.hpp>

#include "cli/app_parts.h"

namespace simswarm::cli {
namespace {

void add_pages(CLI::App& command, PagesArguments& arguments) {
  command
      .add_option("--unix", arguments.sockets,
                  "Listen on this Unix socket (mode 0660), replacing one that nobody serves any more; may be given "
                  "several times")
      ->type_name("PATH");
  command
      .add_option("--listen", arguments.listen,
                  "Listen on this address; needs --token-file; port 0 is any that is free; may be given several times")
      ->type_name("HOST:PORT");
  command
      .add_option("--token-file", arguments.token_file,
                  "File whose first line is the token that everything but /healthz and /readyz needs, 16 characters or "
                  "more")
      ->type_name("FILE");
  command.add_flag("-V,--verbose", arguments.verbose, "Print a line for each request");
}

}  // namespace

void add_dashboard(CLI::App& app, DashboardArguments& arguments) {
  CLI::App* command = app.add_subcommand("dashboard", "Serve pages of queues, workers, jobs and campaigns");
  command->footer(
      "With --local it shows the campaigns of this folder, without any server: it prints a link to open; so it does "
      "with "
      "--on. Without --store there are queues, jobs and workers, but no campaigns. Behind the "
      "pages stands an API, /api/v1/openapi.json; /metrics is for Prometheus; /healthz says that the process lives, "
      "/readyz that Redis answers. For all open pages together Redis and the store are asked less than five times a "
      "second. What is changed through a page is told on standard error, with who and when. Ends with SIGTERM.");
  command->add_flag("--local", arguments.local,
                    "Show the campaigns that this machine has run in this folder; without --listen at "
                    "127.0.0.1:9181, or another port that is free");
  command
      ->add_option("--state", arguments.state, "With --local: state folder; by default .simswarm in the working folder")
      ->type_name("DIR");
  command
      ->add_option("--on", arguments.queue.on, "Where queue and store are: a name of the hosts file, as of runall --on")
      ->type_name("NAME");
  add_queue(*command, arguments.queue);
  add_store(*command, arguments.store);
  add_pages(*command, arguments.pages);
}

void add_visualizer(CLI::App& app, VisualizerArguments& arguments) {
  CLI::App* command = app.add_subcommand("visualizer", "Serve a page of a swarm's nodes, services and tasks");
  command->footer(
      "/ is the page, /api/v1/swarm the same as JSON (/api/v1/openapi.json); /metrics is for Prometheus; /healthz says "
      "that the process lives, /readyz that the engine "
      "answers and is a manager. The engine is asked at most every 2 s for all open pages together, by a fixed list of "
      "questions that change nothing. With --queue it shows what runners run, too. Ends with SIGTERM.");
  command->add_option("--engine", arguments.engine, "Socket of Docker's engine on a manager (/var/run/docker.sock)")
      ->type_name("PATH");
  add_queue(*command, arguments.queue);
  add_pages(*command, arguments.pages);
}

void add_health(CLI::App& app, HealthArguments& arguments) {
  CLI::App* command = app.add_subcommand("health", "Ask a service whether it lives; exit code 0: it does");
  command->footer(
      "GET /healthz, with 3 s for the answer: for health checks in images that have no curl. Exit code 3: it does not "
      "answer, or not with 200.");
  command->add_option("URL", arguments.url, "unix:///path, a path, or http://host:port")->required();
}

}  // namespace simswarm::cli
