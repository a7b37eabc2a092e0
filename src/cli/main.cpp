#include <sys/mman.h>

#include <exception>
#include <iostream>

#include "base/error.h"
#include "cli/program.h"
#include "cli/queue_url.h"

// libmongoc counts in shared memory of a name with the process's id, which it asks for when it is loaded. A kill left
// that behind, and who was given the same id later began with a warning on standard error. It gets memory without a
// name.
extern "C" int shm_open(const char* name, int /*flags*/, mode_t /*mode*/) {
  return ::memfd_create(name, MFD_CLOEXEC);
}

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    simswarm::cli::hide_passwords(argc, argv);
    return simswarm::cli::run(words);
  } catch (const std::exception& error) {
    std::cerr << "simswarm: a defect of simswarm itself, please report it: " << error.what() << "\n";
    return static_cast<int>(simswarm::ExitCode::kEnvironment);
  }
}
