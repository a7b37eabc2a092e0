#include <chrono>
#include <cstdlib>
#include <iostream>

#include "arguments.h"
#include "configuration.h"
#include "output.h"
#include "query.h"
#include "runner.h"
#include "text.h"

namespace {

using namespace cmdsim;

constexpr const char* kBanner =
    "OMNeT++ Discrete Event Simulation  (cmdsim, a stand-in for tests)\n"
    "Version: 6.1, build: cmdsim, edition: none\n"
    "No simulator is in here\n\n";

IniFile readIniFiles(const Arguments& arguments) {
  IniFile ini;
  std::vector<std::string> files = arguments.iniFiles();
  if (files.empty() && fileExists("omnetpp.ini")) files.emplace_back("omnetpp.ini");
  if (files.empty() && !arguments.given('h') && !arguments.given('v') &&
      arguments.longOptions().count("network") == 0) {
    throw SimulationError(
        "Missing configuration: No ini files specified and no 'omnetpp.ini' in the current working directory");
  }
  for (const std::string& file : files) ini.read(file);
  return ini;
}

// A real program needs some milliseconds before it simulates; benchmarks say how many (CMDSIM_START, in milliseconds).
void takeTimeToStart() {
  const char* wanted = std::getenv("CMDSIM_START");
  if (wanted == nullptr) return;
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::microseconds(static_cast<long>(std::atof(wanted) * 1000));
  while (std::chrono::steady_clock::now() < end) {
  }
}

int runAll(const Arguments& arguments) {
  const bool verbose = !arguments.given('s');
  if (verbose) std::cout << kBanner << std::flush;
  Configuration configuration(readIniFiles(arguments), arguments.longOptions());
  configuration.validate();
  const std::string interface = arguments.value('u').value_or(configuration.text("user-interface"));
  if (!interface.empty() && interface != "Cmdenv") {
    throw SimulationError("Could not start user interface '" + interface + "'");
  }
  if (verbose) std::cout << "Setting up Cmdenv...\n" << std::endl;
  Output output(verbose, arguments.given('m'));
  int code = 0;
  try {
    if (!answerQuery(arguments, configuration, output.out())) code = Runner(arguments, configuration, output).run();
  } catch (const SimulationError& e) {
    output.error(e.what());
    code = 1;
  }
  if (verbose) std::cout << "\nEnd." << std::endl;
  return code;
}

}  // namespace

int main(int count, char** words) {
  bool toStandardOutput = true;  // before the words are understood, errors go to stdout
  try {
    const Arguments arguments(count, words);
    toStandardOutput = arguments.given('m');
    takeTimeToStart();
    return runAll(arguments);
  } catch (const std::exception& e) {
    (toStandardOutput ? std::cout : std::cerr) << "\n<!> Error: " << e.what() << std::endl;
    return 1;
  }
}
