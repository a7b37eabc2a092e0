// Starting a process in a private view of the file system, and ending its whole tree.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::exec {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  friend bool operator==(const User&, const User&) = default;
};

// One overlay: what is below stays as it is, what is written goes to `upper`.
struct OverlayMount {
  fs::path place;    // an existing folder, seen through the overlay at its own path
  fs::path upper;    // an empty or prepared folder, on a file system that can be an upper layer
  fs::path work;     // an empty folder beside it
  fs::path between;  // a folder that lies on what is at `place` and below `upper`; empty: none
};

// One folder shown at another path.
struct BindMount {
  fs::path source;
  fs::path place;
  // Of what is seen at the source once all that stands before is mounted, with what is mounted there.
  bool late = false;
};

// Namespaces that are entered: descriptors of theirs, -1 for none. `users` gives the right to enter the others to who
// is not root.
struct Inside {
  int users = -1;
  int pids = -1;
  int network = -1;
  int mounts = -1;
};

struct ProcessSpec {
  std::vector<std::string> argv;         // argv[0] with a slash is a path from `working_folder`; else looked up in PATH
  fs::path program{};                    // what argv[0] is known to be; empty or gone: it is looked up
  std::vector<std::string> environment;  // «NAME=value», whole, but for what is inherited
  const std::vector<std::string>* inherited = nullptr;  // the same for many processes
  fs::path working_folder;                              // entered after the mounts
  fs::path output;                                      // files that standard output and standard error are written to
  fs::path errors;
  std::optional<OverlayMount> overlay;  // needs a mount namespace: made with a user namespace when not root
  std::vector<BindMount> binds;
  std::optional<User> run_as;      // only root can; without further groups, and without any capability
  Inside inside;                   // with `mounts` overlay and binds are there already
  bool own_network = false;        // makes one, with nothing but a loopback that is up; only where `inside` lets us
  bool unix_sockets_only = false;  // SocketFilter, for ever
  std::vector<int> cores;          // that it may use; empty: all
  int stream = -1;                 // a descriptor that both streams go to, in place of files
  std::uint64_t processes = 0;     // that its user may have at once (RLIMIT_NPROC), without core files; 0: as we may
};

struct Started {
  pid_t pid = -1;
  Fd pidfd;  // readable when the process has ended
};

// The process leads a session of its own, reads /dev/null, has default signals, and is killed when the calling thread
// ends. An error when the program is not there, or a mount, a change of user or the start is refused.
[[nodiscard]] Result<Started> start(const ProcessSpec& spec);

// Mounts in a namespace that lives as long as the descriptor: a program that enters it sees them, nothing else does.
// For who is not root within that user namespace.
[[nodiscard]] Result<Fd> open_view(const OverlayMount& overlay, const std::vector<BindMount>& binds,
                                   int user_namespace);
// A network of its own with nothing but a loopback that is up.
[[nodiscard]] Result<Fd> open_network(int user_namespace);

// The children of the first thread of a process. Kept open: it is read after each run.
class ChildList {
 public:
  explicit ChildList(pid_t pid);
  // Those that are there now, zombies too; none where the kernel does not tell.
  void visit(const std::function<void(pid_t)>& take) const;

 private:
  Fd file_;
};
// Processes that descend from `pid`, it included, as far as they still hang together.
[[nodiscard]] std::vector<pid_t> descendants(pid_t pid);
// Processes with an entry in the environment they were started with that begins with `mark`, «NAME=value».
[[nodiscard]] std::vector<pid_t> marked(const std::string& mark);
// Sends the signal to the whole tree below `pid` and to all in its session.
void signal_tree(pid_t pid, int signal_number);
// What the tree below `pid` has now: bytes resident in memory, shared pages counted once; CPU seconds since its
// processes began, of children that have ended, too.
struct TreeUsage {
  std::uint64_t memory = 0;
  double cpu_seconds = 0;
};
[[nodiscard]] TreeUsage tree_usage(pid_t pid);
// Whether something listens on this TCP port in the network that the process is in.
[[nodiscard]] bool listens(pid_t pid, int port);

// What an execvp(3) of argv[0] in that folder would start: absolute, or an error with what was looked for where.
[[nodiscard]] Result<fs::path> find_program(const std::string& word, const fs::path& working_folder);

}  // namespace simswarm::exec
