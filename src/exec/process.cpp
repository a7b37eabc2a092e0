#include "exec/process.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace simswarm::exec {
namespace {

constexpr std::size_t kChildStack = 256 * 1024;

// All that the child needs, prepared beforehand: it shares the parent's memory until it executes the program, so it
// makes system calls only.
struct Launch {
  const char* program = nullptr;
  std::vector<char*> argv;
  std::vector<char*> environment;
  const char* working_folder = nullptr;
  int output = -1;
  int errors = -1;
  int input = -1;
  bool user_namespace = false;
  bool mount_namespace = false;
  const char* overlay_place = nullptr;
  const char* overlay_upper = nullptr;
  const char* overlay_work = nullptr;
  const char* overlay_between = nullptr;  // may stay so
  struct Bind {
    const char* source;
    const char* place;
    int fd;  // of the source, opened by the child
  };
  std::vector<Bind> binds;
  const User* run_as = nullptr;
  std::string uid_map;
  std::string gid_map;
  // What the child says when it could not start the program.
  const char* failed_step = nullptr;
  const char* failed_with = "";
  int error_number = 0;
};

bool fail(Launch& launch, const char* step, const char* with = "") {
  launch.failed_step = step;
  launch.failed_with = with;
  launch.error_number = errno;
  return false;
}

bool write_text(const char* path, std::string_view text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  return written;
}

bool become_mapped_user(Launch& launch) {
  if (!launch.user_namespace) return true;
  if (!write_text("/proc/self/setgroups", "deny") && errno != ENOENT) return fail(launch, "setgroups of the namespace");
  if (!write_text("/proc/self/uid_map", launch.uid_map)) return fail(launch, "map of users");
  if (!write_text("/proc/self/gid_map", launch.gid_map)) return fail(launch, "map of groups");
  return true;
}

// Text without allocation, for the child.
class Text {
 public:
  Text& add(const char* part) {
    while (*part != '\0' && size_ + 1 < buffer_.size()) buffer_[size_++] = *part++;
    return *this;
  }
  Text& add(int number) {
    std::array<char, 12> digits{};
    std::size_t at = digits.size() - 1;
    do {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number > 0);
    return add(digits.data() + at);
  }
  [[nodiscard]] const char* get() const { return buffer_.data(); }

 private:
  std::array<char, 256> buffer_{};
  std::size_t size_ = 0;
};

// The options of a mount are separated by commas, which a path may have: the folders go by descriptors, opened here
// because an overlay takes only what is mounted in its own namespace. They close when the program starts.
bool mount_overlay(Launch& launch) {
  Text options;
  const char* lower = launch.overlay_between == nullptr ? "lowerdir=/proc/self/fd/" : ":/proc/self/fd/";
  const std::array<std::pair<const char*, const char*>, 4> folders{{{"lowerdir=/proc/self/fd/", launch.overlay_between},
                                                                    {lower, launch.overlay_place},
                                                                    {",upperdir=/proc/self/fd/", launch.overlay_upper},
                                                                    {",workdir=/proc/self/fd/", launch.overlay_work}}};
  for (const auto& [name, folder] : folders) {
    if (folder == nullptr) continue;
    const int fd = ::open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail(launch, "folder", folder);
    options.add(name).add(fd);
  }
  if (launch.user_namespace) options.add(",userxattr");
  if (::mount("overlay", launch.overlay_place, "overlay", 0, options.get()) != 0) {
    return fail(launch, "overlay", launch.overlay_place);
  }
  return true;
}

// What is shown elsewhere is opened first: below an overlay its path would lead into the overlay.
bool open_binds(Launch& launch) {
  for (Launch::Bind& bind : launch.binds) {
    bind.fd = ::open(bind.source, O_PATH | O_CLOEXEC);
    if (bind.fd < 0) return fail(launch, "folder", bind.source);
  }
  return true;
}

bool mount_all(Launch& launch) {
  if (!launch.mount_namespace) return true;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return fail(launch, "private mounts");
  if (!open_binds(launch)) return false;
  if (launch.overlay_place != nullptr && !mount_overlay(launch)) return false;
  for (const Launch::Bind& bind : launch.binds) {
    Text source;
    source.add("/proc/self/fd/").add(bind.fd);
    if (::mount(source.get(), bind.place, nullptr, MS_BIND, nullptr) != 0)
      return fail(launch, "bind mount", bind.place);
  }
  return true;
}

// The wrappers of the C library would change the user of all threads of the parent; the system calls change ours only.
bool change_user(Launch& launch) {
  if (launch.run_as == nullptr) return true;
  const auto [uid, gid] = *launch.run_as;
  if (::syscall(SYS_setgroups, 0, nullptr) != 0 || ::syscall(SYS_setresgid, gid, gid, gid) != 0 ||
      ::syscall(SYS_setresuid, uid, uid, uid) != 0) {
    return fail(launch, "change of user");
  }
  return true;
}

void default_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < 32; ++number) ::sigaction(number, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

int child_main(void* argument) {
  Launch& launch = *static_cast<Launch*>(argument);
  ::setsid();
  const bool ready = become_mapped_user(launch) && mount_all(launch) && change_user(launch);
  if (!ready) ::_exit(127);
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
  ::execve(launch.program, launch.argv.data(), launch.environment.data());
  fail(launch, "start", launch.program);
  ::_exit(127);
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

Result<Fd> open_output(const fs::path& path) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644));
  if (!file.valid()) return system_error(errno, path.string());
  return file;
}

// Blocks all signals while child and parent share their memory, so that no handler of ours runs in the child.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

Result<Started> clone_child(Launch& launch) {
  static thread_local std::vector<char> stack(kChildStack);
  int pidfd = -1;
  int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
  if (launch.mount_namespace) flags |= CLONE_NEWNS;
  if (launch.user_namespace) flags |= CLONE_NEWUSER;
  const SignalsBlocked blocked;
  const pid_t pid = ::clone(child_main, stack.data() + stack.size(), flags, &launch, &pidfd);
  if (pid < 0) return system_error(errno, "cannot start a process");
  Started started{pid, Fd(pidfd)};
  if (launch.failed_step == nullptr) return started;
  ::waitpid(pid, nullptr, 0);
  const std::string with = launch.failed_with;
  return system_error(launch.error_number, fmt::format("cannot start «{}»: {}{}{}", launch.argv.front(),
                                                       launch.failed_step, with.empty() ? "" : " ", with));
}

}  // namespace

Result<Started> start(const ProcessSpec& spec) {
  SIMSWARM_TRY(const fs::path program, find_program(spec.argv.front(), spec.working_folder));
  SIMSWARM_TRY(const Fd output, open_output(spec.output));
  SIMSWARM_TRY(const Fd errors, open_output(spec.errors));
  const Fd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Launch launch;
  launch.program = program.c_str();
  launch.argv = pointers(spec.argv);
  launch.environment = pointers(spec.environment);
  launch.working_folder = spec.working_folder.c_str();
  launch.output = output.get();
  launch.errors = errors.get();
  launch.input = input.get();
  launch.mount_namespace = spec.overlay.has_value() || !spec.binds.empty();
  launch.user_namespace = launch.mount_namespace && ::geteuid() != 0;
  launch.run_as = spec.run_as ? &*spec.run_as : nullptr;
  launch.uid_map = fmt::format("{0} {0} 1", ::geteuid());
  launch.gid_map = fmt::format("{0} {0} 1", ::getegid());
  if (spec.overlay) {
    launch.overlay_place = spec.overlay->place.c_str();
    launch.overlay_upper = spec.overlay->upper.c_str();
    launch.overlay_work = spec.overlay->work.c_str();
    if (!spec.overlay->between.empty()) launch.overlay_between = spec.overlay->between.c_str();
  }
  for (const BindMount& bind : spec.binds) {
    launch.binds.push_back({bind.source.c_str(), bind.place.c_str(), -1});
  }
  return clone_child(launch);
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
