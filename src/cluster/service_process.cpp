#include "cluster/service_process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <thread>

#include "base/text.h"
#include "settings/hosts_private.h"

namespace simswarm::cluster {
namespace {

constexpr std::chrono::milliseconds kPause{10};

struct ProcessStat {
  char state = 'X';
  pid_t session = 0;
  std::uint64_t started = 0;
};

// proc(5): /proc/PID/stat is «pid (name) state ppid pgrp session …», the start time its 22nd field; the name may hold
// anything.
std::optional<ProcessStat> stat_of(pid_t pid) {
  const Result<std::string> text = read_file(fmt::format("/proc/{}/stat", pid));
  if (!text) return std::nullopt;
  const std::size_t end = text->rfind(')');
  if (end == std::string::npos) return std::nullopt;
  const auto fields = split(trim(std::string_view(*text).substr(end + 1)), ' ');
  constexpr std::size_t kSession = 3;
  constexpr std::size_t kStarted = 19;
  if (fields.size() <= kStarted || fields[0].empty()) return std::nullopt;
  return ProcessStat{fields[0].front(), static_cast<pid_t>(parse_int(fields[kSession]).value_or(0)),
                     static_cast<std::uint64_t>(parse_int(fields[kStarted]).value_or(0))};
}

bool is_gone(const ProcessStat& stat) {
  return stat.state == 'Z' || stat.state == 'X';
}

bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

bool become(const User& user) {
  return ::setgroups(0, nullptr) == 0 && ::setgid(user.gid) == 0 && ::setuid(user.uid) == 0;
}

struct Pipe {
  Fd read;
  Fd write;
};
Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error(errno, "cannot make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

struct Child {
  char* const* argv;
  char* const* environment;
  int input, log, go, trouble;
};

// Between fork and exec: nothing here allocates.
[[noreturn]] void child(const Daemon& daemon, const Child& with) {
  char word = 0;
  if (::read(with.go, &word, 1) != 1) ::_exit(127);  // our parent has gone before it could note us
  bool ready = ::setsid() >= 0 && ::dup2(with.input, 0) == 0 && ::dup2(with.log, 1) == 1 && ::dup2(with.log, 2) == 2;
  ::umask(daemon.umask);
  if (ready && daemon.user) ready = become(*daemon.user);
  ready = ready && ::chdir(daemon.folder.c_str()) == 0;
  int error_number = errno;
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
  if (ready) {
    ::execve(with.argv[0], with.argv, with.environment);
    error_number = errno;
  }
  [[maybe_unused]] const ssize_t said = ::write(with.trouble, &error_number, sizeof(error_number));
  ::_exit(127);
}

std::string text_of(const ProcessRecord& process) {
  return fmt::format("{} {} {} {}\n", process.pid, process.started, process.boot.empty() ? "-" : process.boot,
                     process.fingerprint);
}

Status note(const Daemon& daemon, pid_t pid) {
  const auto stat = stat_of(pid);
  if (!stat) return environment_error("/proc does not tell of process {}", pid);
  return write_private(daemon.pid_file, text_of({pid, stat->started, boot_id(), daemon.fingerprint}));
}

std::vector<pid_t> session_of(pid_t leader) {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const auto pid = parse_int(entry.path().filename().native());
    const auto stat = pid ? stat_of(static_cast<pid_t>(*pid)) : std::nullopt;
    if (stat && stat->session == leader && *pid != leader && !is_gone(*stat)) found.push_back(static_cast<pid_t>(*pid));
  }
  return found;
}

bool has_variable(pid_t pid, const std::string& variable) {
  const Result<std::string> environment = read_file(fmt::format("/proc/{}/environ", pid));
  if (!environment) return false;
  const auto all = split(*environment, '\0');
  return std::find(all.begin(), all.end(), variable) != all.end();
}

}  // namespace

std::optional<User> user_named(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const passwd* entry = ::getpwnam(name.c_str());
    if (entry != nullptr) return User{entry->pw_uid, entry->pw_gid, name};
  }
  return std::nullopt;
}

bool can_reach(const User& user, const fs::path& path) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(become(user) && ::access(path.c_str(), X_OK) == 0 ? 0 : 1);
  int status = 0;
  return pid > 0 && ::waitpid(pid, &status, 0) == pid && status == 0;
}

Status start(const Daemon& daemon) {
  SIMSWARM_TRY(const Pipe go, make_pipe());
  SIMSWARM_TRY(Pipe trouble, make_pipe());
  const Fd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Fd log(::open(daemon.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!input.valid() || !log.valid()) return system_error(errno, daemon.log.string());
  std::vector<std::string> words = daemon.argv;
  std::vector<std::string> variables;
  for (const auto& [name, value] : daemon.environment) variables.push_back(fmt::format("{}={}", name, value));
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> environment = pointers(variables);
  const Child with{argv.data(), environment.data(), input.get(), log.get(), go.read.get(), trouble.write.get()};
  const pid_t pid = ::fork();
  if (pid < 0) return system_error(errno, "cannot start a process");
  if (pid == 0) {
    ::close(go.write.get());
    child(daemon, with);
  }
  trouble.write.reset();
  SIMSWARM_CHECK(note(daemon, pid));  // else it sees the pipe's end, and ends
  if (::write(go.write.get(), "g", 1) != 1) return system_error(errno, "cannot start a process");
  int error_number = 0;
  if (::read(trouble.read.get(), &error_number, sizeof(error_number)) != sizeof(error_number)) return {};
  ::waitpid(pid, nullptr, 0);
  ::unlink(daemon.pid_file.c_str());
  return system_error(error_number,
                      fmt::format("cannot start «{}» in {}", daemon.argv.front(), daemon.folder.string()));
}

std::optional<ProcessRecord> recorded(const fs::path& pid_file) {
  const Result<std::string> text = read_private(pid_file);
  if (!text) return std::nullopt;
  const auto fields = split(trim(*text), ' ');
  if (fields.size() < 4) return std::nullopt;
  const auto pid = parse_int(fields[0]);
  const auto started = parse_int(fields[1]);
  if (!pid || *pid <= 1 || !started) return std::nullopt;
  return ProcessRecord{static_cast<pid_t>(*pid), static_cast<std::uint64_t>(*started),
                       fields[2] == "-" ? "" : std::string(fields[2]), std::string(fields[3])};
}

bool runs(const ProcessRecord& process) {
  if (process.boot != boot_id()) return false;
  const auto stat = stat_of(process.pid);
  if (!stat || stat->started != process.started) return false;
  if (!is_gone(*stat)) return true;
  ::waitpid(process.pid, nullptr, WNOHANG);  // where it is our child
  return false;
}

void send(const ProcessRecord& process, int signal) {
  const Fd descriptor(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!descriptor.valid() || !runs(process)) return;
  ::syscall(SYS_pidfd_send_signal, descriptor.get(), signal, nullptr, 0);
}

bool wait_for_end(const ProcessRecord& process, std::chrono::milliseconds at_most) {
  return wait_until([&] { return !runs(process); }, at_most);
}

bool end_session(const ProcessRecord& process, const std::string& variable, std::chrono::milliseconds at_most) {
  if (process.boot != boot_id()) return true;
  const auto none_is_left = [&] {
    bool none = true;
    for (const pid_t pid : session_of(process.pid)) {
      const Fd descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
      // A session whose leader has gone keeps its number from all others, so that it is the same still where the
      // process is not older than its leader was.
      const auto stat = stat_of(pid);
      if (!descriptor.valid() || !stat || stat->session != process.pid || stat->started < process.started) continue;
      none = false;
      if (has_variable(pid, variable)) ::syscall(SYS_pidfd_send_signal, descriptor.get(), SIGKILL, nullptr, 0);
    }
    return none;
  };
  return wait_until(none_is_left, at_most);
}

}  // namespace simswarm::cluster
