// A computer that a swarm's commands run on: this one, or another one by SSH, with the user's own ssh and its settings
// (~/.ssh/config, agent, known hosts). Nothing is asked for: a connection that needs a password fails with a word.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/subprocess.h"

namespace simswarm::cluster {

struct Call {
  std::string_view input{};  // what the program reads: the only way for a secret
  double timeout = 60;       // seconds
  int input_from = -1;       // descriptors of ours, in place of `input` and of Answer::output
  int output_to = -1;
};

class Machine {
 public:
  // This one; or as ssh takes it: [user@]host or ssh://[user@]host[:port]. An error names what is neither.
  [[nodiscard]] static Result<Machine> at(const std::string& target);
  [[nodiscard]] static Machine here() { return Machine(""); }

  [[nodiscard]] bool is_here() const { return target_.empty(); }
  // As ssh takes it; empty: this one.
  [[nodiscard]] const std::string& target() const { return target_; }
  // For messages: «this machine», or the target.
  [[nodiscard]] std::string name() const { return is_here() ? "this machine" : target_; }

  // Runs a program there; its words arrive as they are, whatever is in them. An error when it cannot be started, takes
  // too long, or the machine is not reached; any exit code of the program is an answer.
  [[nodiscard]] Result<Answer> run(const std::vector<std::string>& words, const Call& call = {}) const;
  // The same; an exit code that is not 0 is an error with the program's last words. The output, trimmed.
  [[nodiscard]] Result<std::string> output(const std::vector<std::string>& words, const Call& call = {}) const;

  // The words that start ssh to it with `options` before the target: for tunnels. Not for this machine.
  [[nodiscard]] std::vector<std::string> ssh_words(const std::vector<std::string>& options) const;

 private:
  explicit Machine(std::string target) : target_(std::move(target)) {}

  std::string target_;
};

// The words that $SIMSWARM_SSH says in place of `ssh`, split at blanks («ssh -F lab/ssh_config»).
[[nodiscard]] std::vector<std::string> ssh_program();
// One line from what a program has said in an error: its last line that is not blank, cleaned.
[[nodiscard]] std::string last_words(const Answer& answer);

}  // namespace simswarm::cluster
