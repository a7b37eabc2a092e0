#include "cli/app_parts.h"

#include <CLI/CLI.hpp>

namespace simswarm::cli {

void add_queue(CLI::App& app, QueueArguments& arguments) {
  app.add_option("--queue", arguments.queue,
                 "Redis server of the queue, redis://host[:port][/database] or unix:///path (SIMSWARM_QUEUE)")
      ->type_name("URL");
  app.add_option("--password-file", arguments.password_file,
                 "File whose first line is the server's password (SIMSWARM_PASSWORD_FILE)")
      ->type_name("FILE");
}

void add_store(CLI::App& app, StoreArguments& arguments) {
  app.add_option("--store", arguments.store,
                 "Store of programs and results, mongodb://host[:port]/database or directory:PATH (SIMSWARM_STORE)")
      ->type_name("URL");
  app.add_option("--store-password-file", arguments.password_file,
                 "File whose first line is the store's password (SIMSWARM_STORE_PASSWORD_FILE)")
      ->type_name("FILE");
}

}  // namespace simswarm::cli
