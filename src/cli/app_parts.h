// Options that several commands have.
#pragma once

#include "cli/arguments.h"

namespace CLI {
class App;
}

namespace simswarm::cli {

// --queue, --password-file
void add_queue(CLI::App& app, QueueArguments& arguments);
// --store, --store-password-file
void add_store(CLI::App& app, StoreArguments& arguments);

}  // namespace simswarm::cli
