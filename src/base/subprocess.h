// Runs a short helper program and takes what it prints. Simulations are run by the room exec, not by this.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm {

struct Subprocess {
  std::vector<std::string> argv;  // argv[0] as execvp takes it, relative to `folder`
  fs::path folder;
  std::vector<std::pair<std::string, std::string>> environment;  // added to ours
  std::optional<std::pair<unsigned, unsigned>> run_as;           // uid and gid; only root can
  double timeout = 600;                                          // seconds; then it is killed with its process group
  std::string_view input{};                                      // what it reads; empty: /dev/null
  std::vector<std::string> without{};                            // variables of our environment that it does not get
  // A folder, and where it is seen besides, by this process alone: where that is a folder, too, and we are root.
  std::pair<fs::path, fs::path> seen_at{};
  int output_to = -1;   // a descriptor of ours that gets what it prints, in place of Answer::output
  int input_from = -1;  // the same for what it reads, in place of `input`
  // It executes what users have brought: it is kept as fence_foreign_with() says, and gets none of our own variables.
  bool is_foreign = false;
};

struct Answer {
  int exit_code = 0;  // 128 + signal for a process that was ended by one
  std::string output;
  std::string errors;
};

// An error when the program cannot be started or takes longer than its time; any exit code is an answer.
[[nodiscard]] Result<Answer> run(const Subprocess& subprocess);

// What each foreign subprocess does first, from now on: in a copy of us that has one thread and our rights, so by
// system calls alone. False: it is not started, errno says why. To be called while this is the only thread.
void fence_foreign_with(std::function<bool()> fence);

}  // namespace simswarm
