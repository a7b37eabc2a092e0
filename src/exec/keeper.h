// That nothing outlives simswarm, SIGKILL included: a small process of its own that sees its end, and what ends then.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "exec/process.h"

namespace simswarm::exec {

// From the best to the last resort.
enum class Containment {
  kCgroup,        // cgroup v2: simswarm and its runs are in one; the keeper, outside, ends it whole
  kPidNamespace,  // runs are in a process-id namespace whose first process is the keeper: the kernel ends all with it
  kGuardian,      // the keeper looks for the mark in environments, and for sessions: who leaves both is not found
};
[[nodiscard]] std::string_view to_text(Containment containment);
[[nodiscard]] std::optional<Containment> containment_from(std::string_view text);

struct KeeperSpec {
  std::string owner;                  // safe in a file name, unique on this machine
  std::string mark;                   // beginning of the mark in the environment of runs, «NAME=value»
  std::optional<Containment> wanted;  // nothing: the best that works here
  bool user_namespace = false;        // make one, for views of who is not root
};

// Made by the thread that starts runs, while it is the only one of its process.
class Keeper {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Keeper>> start(const KeeperSpec& spec);
  virtual ~Keeper() = default;  // ends what is left
  [[nodiscard]] virtual Containment containment() const = 0;
  // To be entered by runs; `mounts` and `network` stay open.
  [[nodiscard]] virtual Inside inside() const = 0;
  [[nodiscard]] virtual pid_t pid() const = 0;
};

// Ends what a dead owner's keeper should have ended, if that was killed, too.
void end_contained(const std::string& owner, const std::string& mark);

}  // namespace simswarm::exec
