#include "model.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "expression.h"
#include "text.h"

namespace cmdsim {
namespace {

/// Never reset: what a model with static variables carries from run to run.
int64_t leakedEvents = 0;

/// Parameters that say how a run behaves and must not change its results.
bool steersOnly(const std::string& name) {
  static const std::set<std::string> kNames = {"work", "sleep", "vectors", "blockSamples", "memory"};
  return kNames.count(name) != 0 || name.rfind("ill", 0) == 0;
}

std::uint64_t mix(std::uint64_t hash, const std::string& text) {
  for (const char c : text + '\n') hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

std::string contentOf(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in.is_open()) throw SimulationError("Cannot open data file '" + file + "'");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Parameters that count, each with the value that wins.
std::uint64_t hashParameters(const Configuration& configuration, std::uint64_t hash) {
  std::set<std::string> seen;
  for (const Entry& entry : configuration.entries()) {
    const size_t dot = entry.key.rfind('.');
    if (dot == std::string::npos) continue;
    const std::string name = entry.key.substr(dot + 1);
    if (name.find('-') != std::string::npos || steersOnly(name) || !seen.insert(entry.key).second) continue;
    hash = mix(mix(hash, entry.key), entry.value);
  }
  return hash;
}

}  // namespace

Model::Model(const Configuration& configuration, std::ostream& out, const std::string& nedText)
    : configuration_(configuration), out_(out), ill_(illOfRun(configuration)) {
  const std::string name = configuration.text("network");
  network_ = name.substr(name.rfind('.') + 1);
  module_ = network_ + ".sink";
  interval_ = number("interval", 1);
  load_ = number("load", 1);
  const std::optional<double> limit = configuration.quantity("sim-time-limit");
  if (!limit || configuration.parameter("events")) lastEvent_ = static_cast<int64_t>(number("events", 100));
  plannedEvents_ = limit ? static_cast<int64_t>(*limit / interval_) : *lastEvent_;
  if (lastEvent_) plannedEvents_ = std::min(plannedEvents_, *lastEvent_);
  strikeEvent_ = std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(plannedEvents_) * ill_.at));
  origin_ = mix(mix(14695981039346656037ULL, nedText), configuration.variable("seedset"));
  origin_ = hashParameters(configuration, mix(origin_, name));
}

double Model::number(const char* name, double otherwise) const {
  const auto value = configuration_.parameter(name);
  return value ? evaluateNumber(*value) : otherwise;
}

std::string Model::place() const {
  return " -- in module (Sink) " + module_ + " (id=2)";
}

void Model::setUp() {
  if (ill_.is("unassigned")) {
    throw SimulationError(
        "The simulation attempted to prompt for user input, set cmdenv-interactive=true to allow it: \"Enter parameter "
        "'" +
        module_ + ".need' (unassigned):\"");
  }
  if (ill_.is("error-setup")) throw SimulationError(ill_.text);
}

void Model::initialize(VectorFile& vectors) {
  const auto file = configuration_.parameter("datafile");
  if (file && !file->empty()) {
    const std::string data = contentOf(*file);
    dataBytes_ = data.size();
    origin_ = mix(origin_, data);
  }
  state_ = origin_;
  if (ill_.is("sigterm-init")) ::raise(SIGTERM);
  if (ill_.is("error-init")) throw SimulationError(ill_.text);
  if (ill_.is("static-leak")) load_ += static_cast<double>(leakedEvents);
  vectors_ = &vectors;
  recording_ = configuration_.parameter("vector-recording") != "false";
  const bool declared = recording_ || configuration_.parameter("vector-record-empty") != "false";
  vectorCount_ = declared ? static_cast<int>(number("vectors", 1)) : 0;
  for (int i = 0; i < vectorCount_; ++i) vectors.add(module_, i == 0 ? "delay:vector" : "v" + std::to_string(i));
}

/// A number between 0 and 1.
double Model::draw() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

void Model::work(double share) const {
  const double toCompute = number("work", 0) * share;
  const double begin = seconds(CLOCK_THREAD_CPUTIME_ID);
  volatile std::uint64_t spin = 0;
  while (toCompute > 0 && seconds(CLOCK_THREAD_CPUTIME_ID) - begin < toCompute) {
    for (int i = 0; i < 20000; ++i) spin = spin + 1;
  }
  const double toSleep = number("sleep", 0) * share;
  if (toSleep > 0) ::usleep(static_cast<useconds_t>(toSleep * 1e6));
}

void Model::handle(int64_t event, double time) {
  ++handled_;
  ++leakedEvents;
  const double value = load_ * (0.5 + draw());
  sum_ += value;
  work(1.0 / static_cast<double>(std::max<int64_t>(plannedEvents_, 1)));
  for (int i = 0; recording_ && i < vectorCount_; ++i) vectors_->record(i, event, time, value + i);
  if (ill_.is("growing-memory")) {
    keepMemory(ill_.megabytes / static_cast<double>(std::max<int64_t>(plannedEvents_, 1)));
    ++present_;
  }
  if (event == strikeEvent_) strikeAt();
}

void Model::strikeAt() {
  if (ill_.name.empty()) return;
  if (ill_.is("error") || ill_.is("trap")) throw SimulationError(ill_.text);
  if (ill_.is("std-exception")) throw SimulationError("std::runtime_error: " + ill_.text);
  if (ill_.is("disk-full")) {
    throw SimulationError("omnetpp::common::opp_runtime_error: Cannot write output vector file '" +
                          configuration_.file("output-vector-file") + "'");
  }
  if (ill_.is("end")) throw Termination("Simulation stopped with endSimulation()");
  if (ill_.is("own-stop")) throw Termination(configuration_.parameter("illText").value_or("All packets delivered"));
  if (ill_.is("alert")) alert(ill_.text);
  if (ill_.is("partial-vec")) {
    vectors_->writeBlocks();
    ::raise(SIGKILL);
  }
  strike(ill_);
}

void Model::alert(const std::string& text) {
  out_ << "\n<!> " << text << "\n\n" << std::flush;
}

/// Files beside the results, in the working directory.
void Model::ownFiles() const {
  std::ofstream("example.txt") << "seed set " << configuration_.variable("seedset") << "\n";
  std::ofstream("trace-" + configuration_.variable("runnumber") + ".pcap") << std::string(64, 'p') << handled_;
}

void Model::finish(ScalarFile& scalars) {
  scalars.parameter(module_, "typename", "\"Sink\"");
  scalars.parameter(module_, "load", cmdsim::number(load_));
  scalars.scalar(module_, "packets", static_cast<double>(handled_));
  const double mean = handled_ == 0 ? 0 : sum_ / static_cast<double>(handled_);
  scalars.scalar(module_, "delay:mean", mean);
  scalars.scalar(module_, "digest", static_cast<double>(origin_ >> 20));
  if (dataBytes_ != 0) scalars.scalar(module_, "data bytes", static_cast<double>(dataBytes_));
  out_ << "[INFO]\tfinished after " << handled_ << " packets\n";
  if (ill_.is("error-finish")) throw SimulationError(ill_.text);
  if (ill_.is("late-alert")) alert(ill_.text);
  if (ill_.is("own-files")) ownFiles();
  scalars.histogram(module_, "delay:histogram", {mean, mean + 1, mean + 1});
  scalars.parameter(network_, "typename", "\"" + network_ + "\"");
}

void Model::tearDown() {
  if (ill_.is("error-teardown")) throw SimulationError(ill_.text);
  if (ill_.is("segv-teardown")) {
    Ill crash = ill_;
    crash.name = "segv";
    strike(crash);
  }
  if (ill_.is("undisposed")) {
    out_ << "undisposed object: (omnetpp::cMessage) " << module_ << ".lost -- check module destructor\n";
  }
}

}  // namespace cmdsim
