// Where the queue and the store are: from options and environment, with the password from where nobody else reads it.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "cli/arguments.h"

namespace simswarm::cli {

// --queue or SIMSWARM_QUEUE, with the first line of --password-file or SIMSWARM_PASSWORD_FILE put in. Nothing was said:
// an error.
[[nodiscard]] Result<std::string> queue_url(const QueueArguments& arguments);
// Whether one was said.
[[nodiscard]] bool names_queue(const QueueArguments& arguments);

// Likewise: --store or SIMSWARM_STORE, --store-password-file or SIMSWARM_STORE_PASSWORD_FILE.
[[nodiscard]] Result<std::string> store_url(const StoreArguments& arguments);
// Whether one was said.
[[nodiscard]] bool names_store(const StoreArguments& arguments);

// What SIMSWARM_STORE said before hide_passwords() took it out of the environment; nothing: it said nothing.
[[nodiscard]] const char* said_store();

// The files that passwords have been read from.
[[nodiscard]] std::vector<std::string> password_files();

// Overwrites passwords of URLs among our own arguments and in SIMSWARM_QUEUE and SIMSWARM_STORE, which lists of
// processes show. To be called when the arguments have been copied; the variables are remembered.
void hide_passwords(int argc, char** argv);

}  // namespace simswarm::cli
