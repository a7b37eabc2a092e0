// The process that keeps a swarm's connection up.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "base/text.h"
#include "base/time.h"
#include "cluster/socket_relay.h"
#include "cluster/swarm_connection.h"
#include "simulator/command_text.h"

namespace simswarm::cluster {
namespace {

constexpr std::chrono::milliseconds kFirstPause{500};
constexpr std::chrono::milliseconds kLongestPause{30000};
constexpr std::chrono::seconds kHeldWell{60};  // a line that lasted so long is tried again at once
constexpr std::size_t kMostSaid = 64 * 1024;

// What ends us, as a descriptor.
Fd end_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int one : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, one);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return Fd(::signalfd(-1, &signals, SFD_CLOEXEC));
}

// Until the descriptor can be read (true), or the time is over.
bool wait_for(int descriptor, std::chrono::milliseconds at_most) {
  pollfd one{descriptor, POLLIN, 0};
  return ::poll(&one, 1, static_cast<int>(at_most.count())) > 0;
}

// What ssh has said last, but of single connections to sockets that are not there.
std::string reason_in(const std::string& text) {
  std::string kept;
  for (const std::string_view line : lines(text)) {
    if (!line.starts_with("channel ")) kept += fmt::format("{}\n", line);
  }
  return last_words({0, "", kept.empty() ? "ssh has ended" : kept});
}

class Line {
 public:
  Line(const Connection& connection, Machine manager, int stop) : manager_(std::move(manager)), stop_(stop) {
    // A line of its own: one that is shared with other calls ends with them.
    std::vector<std::string> options{"-N", "-T",
                                     "-o", "ExitOnForwardFailure=yes",
                                     "-o", "ControlMaster=no",
                                     "-o", "ControlPath=none",
                                     "-o", "StreamLocalBindUnlink=no"};
    for (const Forward& one : connection.forwards)
      options.insert(options.end(), {"-L", fmt::format("127.0.0.1:{}:{}", one.port, one.socket)});
    words_ = manager_.ssh_words(options);
  }

  // Until it breaks, with the last words of ssh; nothing: we are to end.
  Result<std::optional<std::string>> hold() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error(errno, "cannot make a pipe");
    const Fd said(ends[0]);
    Fd says(ends[1]);
    const pid_t pid = ::fork();
    if (pid < 0) return system_error(errno, "cannot start a process");
    if (pid == 0) child(says.get());
    says.reset();
    std::string text;
    const bool stopped = follow(said.get(), text);
    if (stopped) ::kill(pid, SIGTERM);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (stopped) return std::nullopt;
    return reason_in(text);
  }

 private:
  // With us it ends, too.
  [[noreturn]] void child(int says) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(nothing, STDOUT_FILENO);
    ::dup2(says, STDERR_FILENO);
    std::vector<char*> argv;
    for (std::string& word : words_) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    constexpr std::string_view kMissing = "ssh cannot be started\n";
    [[maybe_unused]] const ssize_t put = ::write(STDERR_FILENO, kMissing.data(), kMissing.size());
    ::_exit(127);
  }

  // Its errors until they end, which is when it ends; true: we are told to end.
  bool follow(int said, std::string& text) const {
    std::array<pollfd, 2> polled{{{said, POLLIN, 0}, {stop_, POLLIN, 0}}};
    std::array<char, 4096> buffer{};
    while (true) {
      if (::poll(polled.data(), polled.size(), -1) < 0) continue;
      if (polled[1].revents != 0) return true;
      const ssize_t got = ::read(said, buffer.data(), buffer.size());
      if (got == 0) return false;
      if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
      if (text.size() > kMostSaid) text.erase(0, text.size() - kMostSaid);
    }
  }

  Machine manager_;
  std::vector<std::string> words_;
  int stop_;
};

Status keep_line(const Connection& connection, int stop, const std::function<void(const std::string&)>& say) {
  SIMSWARM_TRY(Machine manager, Machine::at(connection.manager));
  Line line(connection, std::move(manager), stop);
  std::chrono::milliseconds pause = kFirstPause;
  while (true) {
    const auto start = std::chrono::steady_clock::now();
    SIMSWARM_TRY(const std::optional<std::string> broken, line.hold());
    if (!broken) return {};
    if (std::chrono::steady_clock::now() - start > kHeldWell) pause = kFirstPause;
    say(fmt::format("no line to {}: {}; again in {}", connection.manager, *broken,
                    human_duration(static_cast<double>(pause.count()) / 1000)));
    if (wait_for(stop, pause)) return {};
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace

Status keep_connection(const Connection& connection, const std::function<void(const std::string&)>& say) {
  const Fd stop = end_signals();
  if (!stop.valid()) return system_error(errno, "cannot wait for signals");
  if (!connection.manager.empty()) return keep_line(connection, stop.get(), say);
  std::vector<RelayPort> ports;
  for (const Forward& one : connection.forwards) {
    if (one.port != 0) ports.push_back({one.port, one.socket});
  }
  return relay_ports(ports, stop.get());
}

}  // namespace simswarm::cluster
