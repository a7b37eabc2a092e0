#include "runner.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "event_loop.h"
#include "expression.h"
#include "query.h"
#include "text.h"

namespace cmdsim {
namespace {

constexpr size_t kBlockSamples = 32768;

std::string contentOf(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The error is shown where a debugger would take over; no debugger being there, the process dies.
void trap(const std::string& text) {
  std::cout << "\nRUNTIME ERROR (debug-on-errors)\n\n<!> " << text << "\n\nTRAPPING on the exception above"
            << std::endl;
  ::raise(SIGTRAP);
}

}  // namespace

Runner::Runner(const Arguments& arguments, Configuration& configuration, Output& output)
    : arguments_(arguments), configuration_(configuration), output_(output) {}

int Runner::run() {
  loadLibraries();
  loadNed();
  std::string config = arguments_.value('c').value_or(configuration_.text("cmdenv-config-name"));
  if (config.empty()) config = "General";
  const std::string filter = arguments_.value('r').value_or(configuration_.text("cmdenv-runs-to-execute"));
  const std::vector<int> selected = selectRuns(configuration_, config, filter);
  runsTotal_ = static_cast<int>(selected.size());
  if (configuration_.flag("parallel-simulation")) {
    throw SimulationError(
        "Parallel simulation is turned on in the ini file, but OMNeT++ was compiled without parallel simulation "
        "support "
        "(WITH_PARSIM=no)");
  }
  for (const int number : selected) {
    ++runsTried_;
    const bool good = makeRun(config, number);
    if (!good) ++errors_;
    if (interrupted_ || (!good && configuration_.flag("cmdenv-stop-batch-on-error"))) break;
  }
  if (runsTotal_ > 1 && output_.verbose()) {
    output_.out() << "\nRun statistics: total " << runsTotal_;
    if (runsTried_ > errors_) output_.out() << ", successful " << runsTried_ - errors_;
    if (errors_ > 0) output_.out() << ", errors " << errors_;
    if (runsTotal_ > runsTried_) output_.out() << ", skipped " << runsTotal_ - runsTried_;
    output_.out() << std::endl;
  }
  if (errors_ > 0) return 1;
  return interrupted_ ? 2 : 0;
}

void Runner::loadLibraries() const {
  for (const std::string& library : arguments_.values('l')) {
    const std::string folder = directoryOf(library);
    const std::string base = library.substr(library.rfind('/') + 1);
    if (fileExists(library + ".so") || fileExists(resolve(folder, "lib" + base + ".so"))) continue;
    throw SimulationError("Cannot load library '" + library + ".so': no such file");
  }
}

void Runner::loadNed() {
  std::string path;
  for (const std::string& folder : arguments_.values('n')) path += folder + ";";
  path += configuration_.text("ned-path") + ";";
  if (const char* fromEnvironment = std::getenv("OMNETPP_NED_PATH")) path += fromEnvironment;
  std::vector<std::string> folders = words(path, ";:");
  if (folders.empty()) folders.emplace_back(".");
  for (const std::string& folder : folders) {
    if (!fileExists(folder)) {
      throw SimulationError("Could not load NED sources from '" + folder + "': Cannot canonicalize '" + folder +
                            "': realpath() failed: No such file or directory");
    }
    size_t count = 0;
    const auto options = std::filesystem::directory_options::follow_directory_symlink |
                         std::filesystem::directory_options::skip_permission_denied;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, options)) {
      if (entry.path().extension() != ".ned") continue;
      nedTexts_.push_back(contentOf(entry.path()));
      ++count;
    }
    if (output_.verbose()) output_.out() << "Loading NED files from " << folder << ":  " << count << std::endl;
  }
}

/// The NED file with the network; where there is no NED file at all, any network is found.
std::string Runner::nedTextOf(const std::string& network) const {
  const std::string plain = network.substr(network.rfind('.') + 1);
  for (const std::string& text : nedTexts_) {
    const size_t at = text.find("network " + plain);
    if (at == std::string::npos) continue;
    const size_t end = at + 8 + plain.size();
    if (end == text.size() || !isNameChar(text[end])) return text;
  }
  if (nedTexts_.empty() && plain.rfind("Missing", 0) != 0) return "";
  throw SimulationError("Network '" + network + "' not found, check .ini and .ned files");
}

std::string Runner::fileName(const std::string& option) const {
  std::string name = configuration_.file(option);
  if (!configuration_.flag("fname-append-host")) return name;
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  const size_t dot = std::min(name.rfind('.'), name.size());
  return name.insert(dot, std::string(".") + host + "." + std::to_string(::getpid()));
}

void Runner::announce(const std::string& config, int run) {
  std::ostream& out = output_.out();
  const std::string name = config + ", run #" + std::to_string(run) + "...";
  if (output_.verbose()) out << "\nPreparing for running configuration " << name << std::endl;
  configuration_.activate(config, run);
  const std::string scenario =
      configuration_.variable("iterationvars") + ", $repetition=" + configuration_.variable("repetition");
  if (!output_.verbose()) out << config << " run " << run << ": " << scenario << std::endl;
  if (configuration_.flag("cmdenv-redirect-output")) {
    const std::string file = fileName("cmdenv-output-file");
    if (output_.verbose()) out << "Redirecting output to file \"" << file << "\"..." << std::endl;
    output_.redirect(file);
    if (output_.verbose()) out << "\nRunning configuration " << name << std::endl;
  }
  if (!output_.verbose()) return;
  if (!configuration_.variable("iterationvars").empty()) out << "Scenario: " << scenario << std::endl;
  out << "Assigned runID=" << configuration_.variable("runid") << std::endl;
}

void Runner::setUp(Parts& parts) {
  const std::string network = configuration_.text("network");
  if (network.empty()) {
    throw SimulationError("No network specified (missing or empty network= configuration option)");
  }
  const std::string ned = nedTextOf(network);
  if (output_.verbose()) output_.out() << "Setting up network \"" << network << "\"..." << std::endl;
  auto model = std::make_unique<Model>(configuration_, output_.out(), ned);
  try {
    model->setUp();
  } catch (const SimulationError& e) {
    throw SimulationError(e.what() + model->place() + ", during network setup");
  }
  parts.model = std::move(model);
  if (output_.verbose()) output_.out() << "Initializing..." << std::endl;
  const auto block = configuration_.parameter("blockSamples");
  parts.vectors = std::make_unique<VectorFile>(configuration_, fileName("output-vector-file"),
                                               block ? static_cast<size_t>(evaluateNumber(*block)) : kBlockSamples);
  parts.scalars = std::make_unique<ScalarFile>(configuration_, fileName("output-scalar-file"));
  try {
    parts.model->initialize(*parts.vectors);
  } catch (const SimulationError& e) {
    throw SimulationError(e.what() + parts.model->place() + ", during network initialization");
  }
}

std::string Runner::simulate(Parts& parts) {
  if (output_.verbose()) output_.out() << "\nRunning simulation..." << std::endl;
  EventLoop loop(configuration_, *parts.model, output_, runsTried_ - 1, runsTotal_);
  try {
    loop.run();
  } catch (const SimulationError& e) {
    if (configuration_.flag("debug-on-errors") || parts.model->ill().is("trap")) trap(e.what());
    throw;
  }
  interrupted_ = loop.interrupted();
  return loop.fingerprint();
}

void Runner::finish(Parts& parts, int run, const std::string& fingerprint) {
  if (output_.verbose()) output_.out() << "\nCalling finish() at end of Run #" << run << "..." << std::endl;
  try {
    parts.model->finish(*parts.scalars);
  } catch (const SimulationError& e) {
    throw SimulationError(e.what() + parts.model->place() + ", during finalization");
  }
  checkFingerprint(fingerprint);
}

void Runner::checkFingerprint(const std::string& calculated) {
  const std::string expected = configuration_.text("fingerprint");
  if (expected.empty()) return;
  const std::string verdict = calculated.rfind(expected.substr(0, 9), 0) == 0
                                  ? "Fingerprint successfully verified: " + calculated
                                  : "Fingerprint mismatch! calculated: " + calculated + ", expected: " + expected;
  output_.out() << "\n<!> " << verdict << "\n" << std::endl;
}

void Runner::closeResults(Parts& parts) {
  if (parts.vectors) parts.vectors->end();
  if (!parts.scalars) return;
  parts.scalars->end();
  const Ill& ill = parts.model->ill();
  const std::string& name = parts.scalars->name();
  std::error_code ignored;
  if (ill.is("empty-sca")) std::filesystem::resize_file(name, 0, ignored);
  if (ill.is("cut-sca")) std::filesystem::resize_file(name, std::filesystem::file_size(name, ignored) / 2, ignored);
  if (ill.is("no-sca")) std::filesystem::remove(name, ignored);
}

void Runner::tearDown(Parts& parts) {
  try {
    if (parts.model) parts.model->tearDown();
  } catch (const SimulationError& e) {
    ++errors_;
    output_.error(e.what() + parts.model->place() + ", during network cleanup");
  }
  output_.stopRedirection();
}

bool Runner::makeRun(const std::string& config, int run) {
  bool good = false;
  Parts parts;
  try {
    announce(config, run);
    setUp(parts);
    const std::string fingerprint = simulate(parts);
    finish(parts, run, fingerprint);
    good = true;
  } catch (const SimulationError& e) {
    output_.error(e.what());
  }
  try {
    closeResults(parts);
  } catch (const SimulationError& e) {
    good = false;
    output_.error(e.what());
  }
  tearDown(parts);
  return good;
}

}  // namespace cmdsim
