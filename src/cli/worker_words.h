// What the services of a machine, runners and builders, have in common on the command line.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "cli/arguments.h"
#include "cli/interrupts.h"

namespace simswarm::cli {

// Of this machine, in letters that names of the queue may have.
[[nodiscard]] std::string node_name();
// «node-PID-random», or what was given.
[[nodiscard]] std::string worker_name(const std::string& given, const std::string& node);
// Where artifacts are unpacked: others than its owner have to read it, since simulations may run as another user.
[[nodiscard]] fs::path default_cache();
// «finish», «0», «90s», «15m»: seconds; negative: as long as it takes.
[[nodiscard]] Result<double> drain_from(const std::string& text);

// One line a message, with the time; from any thread.
class WorkerLog {
 public:
  WorkerLog(std::string name, bool as_json) : name_(std::move(name)), as_json_(as_json) {}
  void say(const std::string& text);

 private:
  std::mutex mutex_;
  std::string name_;
  bool as_json_;
};

// Whether one comes within this time.
[[nodiscard]] bool waits_for_interrupt(const Interrupts& interrupts, std::chrono::milliseconds at_most);

// What `serve` comes to; where the worker is patient, it is called again until queue and store are there, or an
// interrupt comes. Each trouble is said once.
template <typename Summary>
[[nodiscard]] Result<Summary> served(bool is_patient, const Interrupts& interrupts, WorkerLog& log,
                                     const std::function<Result<Summary>()>& serve) {
  std::string said;
  while (true) {
    Result<Summary> summary = serve();
    if (summary || !is_patient || summary.error().code != ExitCode::kEnvironment || *interrupts.count > 0)
      return summary;
    if (summary.error().message != said) log.say(said = summary.error().message);
    if (waits_for_interrupt(interrupts, std::chrono::seconds(1))) return Summary{};
  }
}
// simswarm worker build
[[nodiscard]] Result<ExitCode> run_builder(const WorkerArguments& arguments);

}  // namespace simswarm::cli
