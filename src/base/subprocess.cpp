#include "base/subprocess.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "base/time.h"

namespace simswarm {
namespace {

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error(errno, "cannot make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// What a process is to read, whole: it need not be waited for while it reads.
Result<Fd> input_of(std::string_view text) {
  if (text.empty()) {
    Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!nothing.valid()) return system_error(errno, "/dev/null");
    return nothing;
  }
  Fd file(::memfd_create("simswarm-input", MFD_CLOEXEC));
  if (!file.valid()) return system_error(errno, "cannot make a file in memory");
  while (!text.empty()) {
    const ssize_t wrote = ::write(file.get(), text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return system_error(errno, "cannot write to a file in memory");
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return system_error(errno, "a file in memory");
  return file;
}

// Says errno through `trouble` when the program cannot be started.
// What cannot be shown is not there: the program tells what it misses.
void show(const std::pair<fs::path, fs::path>& seen_at) {
  if (seen_at.second.empty() || ::unshare(CLONE_NEWNS) != 0) return;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
  (void)::mount(seen_at.first.c_str(), seen_at.second.c_str(), nullptr, MS_BIND, nullptr);
}

std::function<bool()>& fence() {
  static std::function<bool()> one;
  return one;
}

void forget_ours() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (text.starts_with("SIMSWARM_")) names.emplace_back(text.substr(0, text.find('=')));
  }
  for (const std::string& name : names) ::unsetenv(name.c_str());
}

[[noreturn]] void child(const Subprocess& subprocess, int input, int output, int errors, int trouble) {
  ::setpgid(0, 0);
  const bool fenced = !subprocess.is_foreign || !fence() || fence()();
  show(subprocess.seen_at);
  bool ready = fenced && ::chdir(subprocess.folder.empty() ? "." : subprocess.folder.c_str()) == 0;
  if (ready && subprocess.run_as) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const auto [uid, gid] = *subprocess.run_as;
    ready = ::setgroups(0, nullptr) == 0 && ::setgid(gid) == 0 && ::setuid(uid) == 0;
  }
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  // Libraries open files that stay open: connections.
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  if (subprocess.is_foreign) forget_ours();
  for (const std::string& name : subprocess.without) ::unsetenv(name.c_str());
  for (const auto& [name, value] : subprocess.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv;
  for (const std::string& word : subprocess.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (ready) ::execvp(argv[0], argv.data());
  const int error_number = errno;
  [[maybe_unused]] const ssize_t said = ::write(trouble, &error_number, sizeof(error_number));
  ::_exit(127);
}

// Reads what is there; false at the end.
bool drain(int fd, std::string& into) {
  std::array<char, 65536> buffer{};
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  if (got > 0) into.append(buffer.data(), static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && errno == EINTR);
}

// True when both ends were reached, and the process ended, in time.
bool read_both(const Fd& output, const Fd& errors, const Fd& process, Answer& answer, double timeout) {
  std::array<pollfd, 3> polled{{{output.get(), POLLIN, 0}, {errors.get(), POLLIN, 0}, {process.get(), POLLIN, 0}}};
  const Monotonic start = system_clock().monotonic();
  while (polled[0].fd >= 0 || polled[1].fd >= 0 || polled[2].fd >= 0) {
    const double left = timeout - Seconds(system_clock().monotonic() - start).count();
    if (left <= 0) return false;
    if (::poll(polled.data(), polled.size(), static_cast<int>(left * 1000) + 1) < 0) {
      if (errno != EINTR) return false;
      continue;
    }
    if (polled[0].fd >= 0 && polled[0].revents != 0 && !drain(polled[0].fd, answer.output)) polled[0].fd = -1;
    if (polled[1].fd >= 0 && polled[1].revents != 0 && !drain(polled[1].fd, answer.errors)) polled[1].fd = -1;
    if (polled[2].fd >= 0 && polled[2].revents != 0) polled[2].fd = -1;
  }
  return true;
}

}  // namespace

void fence_foreign_with(std::function<bool()> given) {
  fence() = std::move(given);
}

Result<Answer> run(const Subprocess& subprocess) {
  SIMSWARM_TRY(const Fd input, input_of(subprocess.input_from >= 0 ? std::string_view() : subprocess.input));
  SIMSWARM_TRY(Pipe output, make_pipe());
  SIMSWARM_TRY(Pipe errors, make_pipe());
  SIMSWARM_TRY(Pipe trouble, make_pipe());
  const pid_t pid = ::fork();
  if (pid < 0) return system_error(errno, "cannot start a process");
  if (pid == 0) {
    const int reads = subprocess.input_from >= 0 ? subprocess.input_from : input.get();
    const int prints = subprocess.output_to >= 0 ? subprocess.output_to : output.write.get();
    child(subprocess, reads, prints, errors.write.get(), trouble.write.get());
  }
  output.write.reset();
  errors.write.reset();
  trouble.write.reset();
  Answer answer;
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const bool in_time = read_both(output.read, errors.read, process, answer, subprocess.timeout);
  if (!in_time) ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  int error_number = 0;
  if (::read(trouble.read.get(), &error_number, sizeof(error_number)) == sizeof(error_number)) {
    return system_error(error_number, fmt::format("cannot start «{}»", subprocess.argv.front()));
  }
  if (!in_time) {
    return environment_error("«{}» gave no answer within {:.0f} s", subprocess.argv.front(), subprocess.timeout);
  }
  answer.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return answer;
}

}  // namespace simswarm
