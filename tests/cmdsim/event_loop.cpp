#include "event_loop.h"

#include <time.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>

#include "text.h"

namespace cmdsim {
namespace {

volatile std::sig_atomic_t signalReceived = 0;

void noteSignal(int /*signal*/) {
  signalReceived = 1;
}

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Microseconds are the finest the simulator counts.
double rounded(double value) {
  return static_cast<double>(static_cast<int64_t>(value * 1e6)) * 1e-6;
}

std::string clockText(double value) {
  char text[64];
  const int whole = static_cast<int>(value);
  if (whole < 3600) {
    std::snprintf(text, sizeof text, "%gs (%dm %02ds)", value, whole / 60, whole % 60);
  } else if (whole < 86400) {
    std::snprintf(text, sizeof text, "%gs (%dh %02dm)", value, whole / 3600, whole % 3600 / 60);
  } else {
    std::snprintf(text, sizeof text, "%gs (%dd %02dh)", value, whole / 86400, whole % 86400 / 3600);
  }
  return text;
}

}  // namespace

EventLoop::EventLoop(const Configuration& configuration, Model& model, Output& output, int runsBefore, int runsTotal)
    : configuration_(configuration),
      model_(model),
      output_(output),
      runsBefore_(runsBefore),
      runsTotal_(runsTotal),
      express_(configuration.flag("cmdenv-express-mode")),
      performance_(configuration.flag("cmdenv-performance-display")),
      statusEvery_(configuration.quantity("cmdenv-status-frequency").value_or(2)),
      timeLimit_(configuration.quantity("sim-time-limit").value_or(-1)),
      cpuLimit_(configuration.quantity("cpu-time-limit").value_or(-1)),
      realLimit_(configuration.quantity("real-time-limit").value_or(-1)) {}

double EventLoop::elapsed() const {
  return rounded(seconds(CLOCK_MONOTONIC) - began_);
}

double EventLoop::processorTime() const {
  return seconds(CLOCK_PROCESS_CPUTIME_ID) - beganProcessor_;
}

std::string EventLoop::now() const {
  return "at t=" + number(time_, 12) + "s, event #" + std::to_string(event_);
}

bool EventLoop::interrupted() const {
  return signalReceived != 0;
}

void EventLoop::run() {
  signalReceived = 0;
  std::signal(SIGINT, noteSignal);
  std::signal(SIGTERM, noteSignal);
  began_ = lastStatus_ = intervalBegan_ = seconds(CLOCK_MONOTONIC);
  beganProcessor_ = seconds(CLOCK_PROCESS_CPUTIME_ID);
  const auto end = [this] {
    if (express_) status();
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
  };
  try {
    if (express_) status();
    while (next()) {
    }
  } catch (const Termination& e) {
    end();
    output_.out() << "\n<!> " << e.what() << std::endl;
  } catch (const SimulationError&) {
    end();
    throw;
  }
}

/// One event; always true, what ends the loop is thrown.
bool EventLoop::next() {
  const bool noMore = model_.lastEvent() && event_ >= *model_.lastEvent();
  if (noMore) throw Termination("No more events, simulation completed -- " + now());
  const double time = model_.timeOf(event_ + 1);
  ++event_;
  if (timeLimit_ >= 0 && time > timeLimit_) {
    time_ = timeLimit_;
    throw Termination("Simulation time limit reached -- " + now());
  }
  time_ = time;
  handleEvent();
  checkLimits();
  if (signalReceived != 0) throw Termination("SIGINT or SIGTERM received, exiting -- " + now());
  return true;
}

void EventLoop::handleEvent() {
  const double clock = seconds(CLOCK_MONOTONIC);
  if (!express_) {
    output_.out() << "** Event #" << event_ << "  t=" << number(time_, 12) << progress() << "   "
                  << configuration_.variable("network") << ".sink (Sink, id=2)\n";
  } else if ((event_ & 0xff) == 0 && clock - lastStatus_ > statusEvery_) {
    lastStatus_ = clock;
    status();
  }
  try {
    ++intervalEvents_;
    model_.handle(event_, time_);
  } catch (const Termination& e) {
    throw Termination(e.what() + model_.place() + ", " + now());
  } catch (const SimulationError& e) {
    throw SimulationError(e.what() + model_.place() + ", " + now());
  }
}

void EventLoop::checkLimits() const {
  if (express_ && (event_ & 1023) != 0) return;
  if (realLimit_ >= 0 && elapsed() >= realLimit_) throw Termination("Realtime limit reached -- " + now());
  if (cpuLimit_ >= 0 && processorTime() >= cpuLimit_) throw Termination("CPU time limit reached -- " + now());
}

std::string EventLoop::progress() const {
  double ratio = -1;
  if (timeLimit_ > 0) ratio = time_ / timeLimit_;
  if (realLimit_ > 0) ratio = std::max(ratio, elapsed() / realLimit_);
  if (cpuLimit_ > 0) ratio = std::max(ratio, processorTime() / cpuLimit_);
  if (ratio < 0) return "";
  ratio = std::min(ratio, 1.0);
  const double total = (ratio + runsBefore_) / runsTotal_;
  return "  " + std::to_string(static_cast<int>(100 * ratio)) + "% completed  (" +
         std::to_string(static_cast<int>(100 * total)) + "% total)";
}

void EventLoop::status() {
  const double clock = seconds(CLOCK_MONOTONIC);
  const double span = clock - intervalBegan_;
  const bool known = span >= 0.01 && intervalEvents_ > 0;
  const double perSecond = known ? static_cast<double>(intervalEvents_) / span : 0;
  const double simulated = time_ - intervalTime_;
  std::ostream& out = output_.out();
  out << "** Event #" << event_ << "   t=" << number(time_, 12) << "   Elapsed: " << clockText(elapsed()) << progress();
  if (performance_) {
    out << "\n     Speed:     ev/sec=" << number(perSecond) << "   simsec/sec=" << number(known ? simulated / span : 0)
        << "   ev/simsec=" << number(known && simulated > 0 ? static_cast<double>(intervalEvents_) / simulated : 0)
        << "\n     Messages:  created: " << model_.messagesPresent() << "   present: " << model_.messagesPresent()
        << "   in FES: 1" << std::endl;
  } else {
    out << "   ev/sec=" << number(perSecond) << std::endl;
  }
  intervalBegan_ = clock;
  intervalTime_ = time_;
  intervalEvents_ = 0;
}

/// A check of what happened, not a strong one: events and their time.
std::string EventLoop::fingerprint() const {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : now() + configuration_.variable("seedset")) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%04x-%04x/tplx", static_cast<unsigned>(hash >> 48),
                static_cast<unsigned>(hash >> 32 & 0xffff));
  return text;
}

}  // namespace cmdsim
