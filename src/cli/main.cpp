#include <exception>
#include <iostream>

#include "base/error.h"
#include "cli/program.h"
#include "cli/queue_url.h"
#include "store/store.h"

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    simswarm::store::drop_counters();
    simswarm::cli::hide_passwords(argc, argv);
    return simswarm::cli::run(words);
  } catch (const std::exception& error) {
    std::cerr << "simswarm: a defect of simswarm itself, please report it: " << error.what() << "\n";
    return static_cast<int>(simswarm::ExitCode::kEnvironment);
  }
}
