#include "exec/rooted.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include "base/signals.h"
#include "exec/launch.h"

namespace simswarm::exec {
namespace {

constexpr std::size_t kStack = 256 * 1024;
constexpr int kRounds = 2000;
constexpr int kPause = 2;  // milliseconds
constexpr int kMakerGone = SIGUSR1;

// What the root says when it has started the program, or could not. Its addresses are ours: it is a copy of us.
struct Report {
  const char* failed_step = nullptr;
  const char* failed_with = "";
  int error_number = 0;
};

struct Root {
  Launch launch;
  Apart apart = Apart::kBare;
  int reports = -1;   // written: a Report
  int statuses = -1;  // written: the program's wait status
  char* second_stack = nullptr;
};

// The root has copies of all that we have open, locks too: they go before anything else happens.
void keep_streams_only(Root& root) {
  constexpr int kFirst = 100;  // above what is moved to its place
  const int reports = ::fcntl(root.reports, F_DUPFD_CLOEXEC, kFirst);
  const int statuses = ::fcntl(root.statuses, F_DUPFD_CLOEXEC, kFirst);
  ::dup2(root.launch.input, STDIN_FILENO);
  ::dup2(root.launch.output, STDOUT_FILENO);
  ::dup2(root.launch.output, STDERR_FILENO);
  ::dup3(reports, 3, O_CLOEXEC);
  ::dup3(statuses, 4, O_CLOEXEC);
  ::syscall(SYS_close_range, 5U, ~0U, 0U);
  root.reports = 3;
  root.statuses = 4;
  root.launch.input = STDIN_FILENO;
  root.launch.output = STDOUT_FILENO;
  root.launch.errors = STDERR_FILENO;
}

// All signals stay blocked, as they were when we were copied.
void leave_ours() {
  ::setsid();
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &action, nullptr);
  ::sigaction(kMakerGone, &action, nullptr);
  ::prctl(PR_SET_NAME, "simswarm-root");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  (void)write_text("/proc/self/oom_score_adj", "500");  // rather the build than us, when memory is short
}

// Where the kernel refuses a view of processes of its own (masked files below /proc), the old one serves.
void mount_processes(const Root& root) {
  if (root.apart == Apart::kWhole) (void)::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
}

[[noreturn]] void say_and_end(const Root& root) {
  const Report report{root.launch.failed_step, root.launch.failed_with, root.launch.error_number};
  (void)!::write(root.reports, &report, sizeof(report));
  ::_exit(127);
}

// Of the root itself, without allocation: orphans come to it, so that killing children again and again gets all.
void end_children() {
  while (true) {
    const int list = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    std::array<char, 4096> text{};
    const ssize_t size = list < 0 ? 0 : ::read(list, text.data(), text.size());
    ::close(list);
    pid_t pid = 0;
    for (ssize_t i = 0; i < size; ++i) {
      const char digit = text[static_cast<std::size_t>(i)];
      if (digit == ' ') {
        ::kill(pid, SIGKILL);
        pid = 0;
      } else {
        pid = pid * 10 + (digit - '0');
      }
    }
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    if (errno == ECHILD) return;
    ::poll(nullptr, 0, 1);
  }
}

// Reaps what comes to it, and says how the program ended. Who made it ends it; when he has gone, it ends all below.
[[noreturn]] void reap(const Root& root, pid_t program) {
  sigset_t awaited;
  ::sigemptyset(&awaited);
  ::sigaddset(&awaited, SIGCHLD);
  ::sigaddset(&awaited, kMakerGone);
  while (true) {
    int status = 0;
    for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (ended == program) (void)!::write(root.statuses, &status, sizeof(status));
    }
    if (::sigwaitinfo(&awaited, nullptr) != kMakerGone) continue;
    end_children();
    ::_exit(0);
  }
}

int root_main(void* argument) {
  Root& root = *static_cast<Root*>(argument);
  ::prctl(PR_SET_PDEATHSIG, root.apart == Apart::kWhole ? SIGKILL : kMakerGone);
  keep_streams_only(root);
  leave_ours();
  if (!become_mapped_user(root.launch) || !mount_all(root.launch)) say_and_end(root);
  mount_processes(root);
  const pid_t program = ::clone(execute, root.second_stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &root.launch);
  if (program < 0) fail(root.launch, "starting below the root");
  if (program < 0 || root.launch.failed_step != nullptr) {
    (void)::waitpid(program, nullptr, 0);
    say_and_end(root);
  }
  const Report started;
  (void)!::write(root.reports, &started, sizeof(started));
  ::close(root.reports);
  ::dup2(STDIN_FILENO, STDOUT_FILENO);  // the end of the streams is the end of who writes to them
  ::dup2(STDIN_FILENO, STDERR_FILENO);
  reap(root, program);
}

int flags_of(const Root& root) {
  int flags = SIGCHLD | CLONE_PIDFD;
  if (root.launch.user_namespace) flags |= CLONE_NEWUSER;
  if (root.launch.mount_namespace) flags |= CLONE_NEWNS;
  if (root.apart == Apart::kWhole) flags |= CLONE_NEWPID | CLONE_NEWIPC;
  return flags;
}

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error(errno, "cannot make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// Without a process-id namespace: stops all that is seen until nobody new comes up, then kills.
void end_seen(const Rooted& tree) {
  for (int round = 0; round < kRounds; ++round) {
    std::set<pid_t> stopped;
    std::vector<pid_t> seen = below_root(tree);
    if (seen.empty()) return;
    for (bool found_new = true; found_new; seen = below_root(tree)) {
      found_new = false;
      for (const pid_t pid : seen) {
        if (!stopped.insert(pid).second) continue;
        found_new = ::kill(pid, SIGSTOP) == 0 || found_new;
      }
    }
    for (const pid_t pid : stopped) ::kill(pid, SIGKILL);
    ::poll(nullptr, 0, kPause);
  }
}

Result<Rooted> started(pid_t pid, Fd pidfd, Root& root, const Fd& reports, Fd statuses) {
  Report report;
  const bool said = ::read(reports.get(), &report, sizeof(report)) == static_cast<ssize_t>(sizeof(report));
  if (said && report.failed_step == nullptr) return Rooted{pid, std::move(pidfd), std::move(statuses), root.apart};
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  if (!said) return environment_error("cannot start «{}»: its root was killed", root.launch.argv.front());
  root.launch.failed_step = report.failed_step;
  root.launch.failed_with = report.failed_with;
  root.launch.error_number = report.error_number;
  return launch_error(root.launch, fmt::format("«{}»", root.launch.argv.front()));
}

bool works(Apart apart) {
  ProcessSpec nothing;
  nothing.argv = {"/bin/true"};
  nothing.program = "/bin/true";
  nothing.working_folder = "/";
  const Fd stream(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  nothing.stream = stream.get();
  auto tree = start_rooted(nothing, apart);
  if (!tree) return false;
  const bool worked = status_of(*tree) == 0;
  end_tree(*tree);
  return worked;
}

}  // namespace

Apart apart_here() {
  static const Apart kBest = works(Apart::kWhole)    ? Apart::kWhole
                             : works(Apart::kMounts) ? Apart::kMounts
                                                     : Apart::kBare;
  return kBest;
}

Result<Rooted> start_rooted(const ProcessSpec& spec, Apart apart) {
  fs::path program = spec.program;
  if (program.empty()) {
    SIMSWARM_TRY(program, find_program(spec.argv.front(), spec.working_folder));
  }
  SIMSWARM_TRY(Pipe reports, make_pipe());
  SIMSWARM_TRY(Pipe statuses, make_pipe());
  Root root;
  root.apart = apart;
  root.reports = reports.write.get();
  root.statuses = statuses.write.get();
  fill_program(root.launch, spec, program);
  root.launch.output = spec.stream;
  if (apart != Apart::kBare) fill_mounts(root.launch, std::nullopt, spec.binds);
  root.launch.mount_namespace = apart != Apart::kBare;
  root.launch.user_namespace = apart != Apart::kBare && ::geteuid() != 0;
  root.launch.uid_map = fmt::format("{0} {0} 1", ::geteuid());
  root.launch.gid_map = fmt::format("{0} {0} 1", ::getegid());
  std::vector<char> stacks(2 * kStack);
  root.second_stack = stacks.data() + kStack;
  int pidfd = -1;
  pid_t pid = -1;
  {
    const SignalsBlocked blocked;  // no handler of ours may run in the copy of us
    pid = ::clone(root_main, stacks.data() + 2 * kStack, flags_of(root), &root, &pidfd, nullptr, nullptr);
  }
  if (pid < 0) return system_error(errno, fmt::format("cannot start «{}»", spec.argv.front()));
  reports.write.reset();
  statuses.write.reset();
  return started(pid, Fd(pidfd), root, reports.read, std::move(statuses.read));
}

int status_of(const Rooted& tree) {
  int status = 0;
  ssize_t got = 0;
  do {
    got = ::read(tree.status.get(), &status, sizeof(status));
  } while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(sizeof(status)) ? status : SIGKILL;
}

std::vector<pid_t> below_root(const Rooted& tree) {
  std::vector<pid_t> found = descendants(tree.root);
  found.erase(found.begin());
  return found;
}

void end_tree(Rooted& tree) {
  if (tree.root <= 0) return;
  if (tree.apart != Apart::kWhole) end_seen(tree);
  ::kill(tree.root, SIGKILL);
  ::waitpid(tree.root, nullptr, 0);  // of the first of a namespace: when all others have ended
  tree.root = -1;
}

}  // namespace simswarm::exec
