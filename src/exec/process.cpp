#include "exec/process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#include <array>
#include <cerrno>
#include <cstring>

#include "base/signals.h"
#include "base/text.h"
#include "exec/launch.h"

namespace simswarm::exec {
namespace {

constexpr std::size_t kChildStack = 256 * 1024;

// A user who is not root has none but those that were meant to be handed on.
bool drop_capabilities(Launch& launch) {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0 || fail(launch, "giving up capabilities");
}

// The wrappers of the C library would change the user of all threads of the parent; the system calls change ours only.
bool change_user(Launch& launch) {
  if (launch.run_as == nullptr) return true;
  const auto [uid, gid] = *launch.run_as;
  // Where we may (CAP_SETPCAP): without these no program could give them back, whatever its file says.
  for (unsigned long one = 0; ::prctl(PR_CAPBSET_DROP, one, 0, 0, 0) == 0;) ++one;
  if (::syscall(SYS_setgroups, 0, nullptr) != 0 || ::syscall(SYS_setresgid, gid, gid, gid) != 0 ||
      ::syscall(SYS_setresuid, uid, uid, uid) != 0) {
    return fail(launch, "change of user");
  }
  return drop_capabilities(launch);
}

void default_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < 32; ++number) ::sigaction(number, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool pin(Launch& launch) {
  if (launch.cores == nullptr || launch.cores->empty()) return true;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : *launch.cores) CPU_SET(static_cast<unsigned>(core), &set);
  return ::sched_setaffinity(0, sizeof(set), &set) == 0 || fail(launch, "pinning to cores");
}

// A fork bomb ends at the limit; a core file of each crash would fill the disk.
bool limit(Launch& launch) {
  if (launch.processes == 0) return true;
  const rlimit none{0, 0};
  const rlimit most{launch.processes, launch.processes};
  return (::setrlimit(RLIMIT_CORE, &none) == 0 && ::setrlimit(RLIMIT_NPROC, &most) == 0) || fail(launch, "limits");
}

}  // namespace

// In the namespaces and with the mounts of the run. A group the process shares with nobody: signals reach all of it.
int execute(void* argument) {
  Launch& launch = *static_cast<Launch*>(argument);
  ::setsid();
  if (!pin(launch) || !limit(launch) || !change_user(launch)) ::_exit(127);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after the change of user, which clears it
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::chdir(launch.working_folder) != 0) {
    fail(launch, "working folder", launch.working_folder);
    ::_exit(127);
  }
  ::dup2(launch.input, STDIN_FILENO);
  ::dup2(launch.output, STDOUT_FILENO);
  ::dup2(launch.errors, STDERR_FILENO);
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  default_signals();
  if (launch.filter != nullptr && !launch.filter->apply()) {
    fail(launch, "filter of system calls");
    ::_exit(127);
  }
  ::execve(launch.program, launch.argv.data(), launch.environment.data());
  fail(launch, "start", launch.program);
  ::_exit(127);
}

namespace {

std::vector<char>& child_stack(bool second) {
  static thread_local std::array<std::vector<char>, 2> stacks{std::vector<char>(kChildStack), {}};
  std::vector<char>& stack = stacks[second ? 1 : 0];
  stack.resize(kChildStack);
  return stack;
}

int child_main(void* argument) {
  Launch& launch = *static_cast<Launch*>(argument);
  if (!enter_namespaces(launch) || !become_mapped_user(launch)) ::_exit(127);
  if (launch.network_namespace && !raise_loopback(launch)) ::_exit(127);
  if (!mount_all(launch)) ::_exit(127);
  if (launch.enter_pids < 0) return execute(argument);
  // pid_namespaces(7): setns(2) changes the namespace of children only. Our parent's child it is all the same.
  constexpr int kFlags = CLONE_VM | CLONE_VFORK | CLONE_PARENT | SIGCHLD;
  launch.second = ::clone(execute, launch.second_stack, kFlags, argument);
  if (launch.second < 0) fail(launch, "starting in the process-id namespace");
  ::_exit(launch.second < 0 ? 127 : 0);
}

std::vector<char*> pointers(const std::vector<std::string>* before, const std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve((before == nullptr ? 0 : before->size()) + words.size() + 1);
  for (const std::vector<std::string>* part : {before, &words}) {
    if (part == nullptr) continue;
    for (const std::string& word : *part) result.push_back(const_cast<char*>(word.c_str()));
  }
  result.push_back(nullptr);
  return result;
}

// Empty. To cut a file that is empty would write to the disk all the same.
Result<Fd> open_output(const fs::path& path) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  struct stat info {};
  if (!file.valid() || ::fstat(file.get(), &info) != 0) return system_error(errno, path.string());
  if (info.st_size != 0 && ::ftruncate(file.get(), 0) != 0) return system_error(errno, path.string());
  return file;
}

Result<Started> started_in(pid_t pid, Fd pidfd, Launch& launch) {
  if (launch.enter_pids >= 0 && launch.second > 0) {
    ::waitpid(pid, nullptr, 0);
    pid = launch.second;
    pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
    if (!pidfd.valid()) {
      const int why = errno;
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      return system_error(why, "cannot watch a process");
    }
  }
  if (launch.failed_step != nullptr) {
    ::waitpid(pid, nullptr, 0);
    return launch_error(launch, fmt::format("«{}»", launch.argv.front()));
  }
  return Started{pid, std::move(pidfd)};
}

}  // namespace

Result<pid_t> clone_child(int (*child)(void*), Launch& launch, int more_flags, int* pidfd) {
  std::vector<char>& stack = child_stack(false);
  launch.second_stack = child_stack(true).data() + kChildStack;
#ifdef __SANITIZE_ADDRESS__
  // A child never returns from its frames: what it noted of them must not be held against the next one.
  ASAN_UNPOISON_MEMORY_REGION(child_stack(false).data(), kChildStack);
  ASAN_UNPOISON_MEMORY_REGION(child_stack(true).data(), kChildStack);
#endif
  const SignalsBlocked blocked;  // child and parent share their memory: no handler of ours may run in the child
  const pid_t pid = ::clone(child, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD | more_flags, &launch,
                            pidfd, nullptr, nullptr);
  if (pid < 0) return system_error(errno, "cannot start a process");
  return pid;
}

tl::unexpected<Error> launch_error(const Launch& launch, std::string_view what) {
  const std::string_view with = launch.failed_with;
  return system_error(launch.error_number,
                      fmt::format("cannot start {}: {}{}{}", what, launch.failed_step, with.empty() ? "" : " ", with));
}

void fill_program(Launch& launch, const ProcessSpec& spec, const fs::path& program) {
  static const Fd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  launch.program = program.c_str();
  launch.argv = pointers(nullptr, spec.argv);
  launch.environment = pointers(spec.inherited, spec.environment);
  launch.working_folder = spec.working_folder.c_str();
  launch.input = input.get();
  launch.cores = &spec.cores;
  launch.processes = spec.processes;
  launch.run_as = spec.run_as ? &*spec.run_as : nullptr;
}

Result<Started> start(const ProcessSpec& spec) {
  fs::path program = spec.program;
  if (program.empty() || ::access(program.c_str(), X_OK) != 0) {
    SIMSWARM_TRY(program, find_program(spec.argv.front(), spec.working_folder));
  }
  Launch launch;
  fill_program(launch, spec, program);
  if (spec.unix_sockets_only) {
    SIMSWARM_TRY(launch.filter, SocketFilter::get());
  }
  Fd output;
  Fd errors;
  if (spec.stream < 0) {
    SIMSWARM_TRY(output, open_output(spec.output));
    SIMSWARM_TRY(errors, open_output(spec.errors));
  }
  launch.output = spec.stream < 0 ? output.get() : spec.stream;
  launch.errors = spec.stream < 0 ? errors.get() : spec.stream;
  launch.enter_users = spec.inside.users;
  launch.enter_pids = spec.inside.pids;
  launch.enter_network = spec.inside.network;
  launch.enter_mounts = spec.inside.mounts;
  launch.network_namespace = spec.own_network;
  if (launch.enter_mounts < 0) fill_mounts(launch, spec.overlay, spec.binds);
  launch.user_namespace = launch.mount_namespace && launch.enter_users < 0 && ::geteuid() != 0;
  launch.inside_users = launch.enter_users >= 0;
  launch.uid_map = fmt::format("{0} {0} 1", ::geteuid());
  launch.gid_map = fmt::format("{0} {0} 1", ::getegid());
  int pidfd = -1;
  int flags = CLONE_PIDFD;
  if (launch.mount_namespace && launch.enter_users < 0) flags |= CLONE_NEWNS;
  if (launch.user_namespace) flags |= CLONE_NEWUSER;
  SIMSWARM_TRY(const pid_t pid, clone_child(child_main, launch, flags, &pidfd));
  return started_in(pid, Fd(pidfd), launch);
}

namespace {

// «; did you mean «sim»?», of the programs in the same folder.
std::string near_program(const fs::path& path) {
  std::vector<std::string> programs;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path.parent_path(), ignored)) {
    if (entry.is_regular_file(ignored) && ::access(entry.path().c_str(), X_OK) == 0)
      programs.push_back(entry.path().filename().string());
  }
  const auto near = near_misses(path.filename().string(), programs, 1);
  return near.empty() ? "" : fmt::format("; did you mean «{}»?", near.front());
}

}  // namespace

Result<fs::path> find_program(const std::string& word, const fs::path& working_folder) {
  if (word.empty()) return usage_error("there is no program to start");
  if (word.find('/') != std::string::npos) {
    const fs::path path = working_folder / word;
    std::error_code ignored;
    if (::access(path.c_str(), X_OK) == 0 && fs::is_regular_file(path, ignored)) return path;
    const char* why = fs::exists(path, ignored) ? "is no program that can be started" : "is not there";
    return environment_error("program «{}» {} (looked in {}){}", word, why, working_folder.string(),
                             near_program(path));
  }
  const char* variable = std::getenv("PATH");
  const std::string_view path_variable = variable == nullptr ? "/usr/bin:/bin" : variable;
  for (const std::string_view folder : split(path_variable, ':')) {
    const fs::path path = absolute_from(working_folder, fs::path(folder)) / word;
    std::error_code ignored;
    if (::access(path.c_str(), X_OK) == 0 && fs::is_regular_file(path, ignored)) return path;
  }
  std::error_code ignored;
  const bool here = fs::exists(working_folder / word, ignored);
  return environment_error("program «{}» is in no folder of PATH{}", word,
                           here ? fmt::format("; did you mean «./{}»?", word) : "");
}

}  // namespace simswarm::exec
