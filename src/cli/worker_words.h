// What the services of a machine, runners and builders, have in common on the command line.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "cli/arguments.h"

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

// simswarm worker build
[[nodiscard]] Result<ExitCode> run_builder(const WorkerArguments& arguments);

}  // namespace simswarm::cli
