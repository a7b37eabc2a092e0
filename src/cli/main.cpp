#include <exception>
#include <iostream>

#include "base/error.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  try {
    return simswarm::cli::run({argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "simswarm: a defect of simswarm itself, please report it: " << error.what() << "\n";
    return static_cast<int>(simswarm::ExitCode::kEnvironment);
  }
}
