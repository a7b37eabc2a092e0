// A whole tree of processes below one of ours, its root, which they can neither end nor leave: who ends the root, or
// end_tree(), ends all of it, whatever they did: sessions of their own, daemons, forks for ever.
#pragma once

#include "base/error.h"
#include "exec/process.h"

namespace simswarm::exec {

// How far a tree can be kept apart on this machine, from the best to the last resort.
enum class Apart {
  kWhole,   // process ids and mounts of its own: the kernel ends all with the root, others are not seen
  kMounts,  // mounts of its own
  kBare,    // neither; orphans still come to the root, and are found below it
};

struct Rooted {
  pid_t root = -1;
  Fd pidfd;   // of the root
  Fd status;  // readable when the program has ended; see status_of()
  Apart apart = Apart::kBare;
};

// What start_rooted() can do here for this user; asked once a process, by a process that does nothing.
[[nodiscard]] Apart apart_here();

// Starts the program below a root. `spec.inside`, `overlay`, `output` and `errors` are not used; `stream` is. With
// kBare its binds are left out. The root ends with the calling thread. Any thread may call.
[[nodiscard]] Result<Rooted> start_rooted(const ProcessSpec& spec, Apart apart);
// The program's wait status (wait(2)), when it has ended: waits for that. SIGKILL where the root was killed.
[[nodiscard]] int status_of(const Rooted& tree);
// All of the tree but its root, as far as it is seen now.
[[nodiscard]] std::vector<pid_t> below_root(const Rooted& tree);
// Kills all of it, and returns when nothing is left.
void end_tree(Rooted& tree);

}  // namespace simswarm::exec
