#include "cluster/socket_relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <list>

#include "base/files.h"
#include "base/time.h"

namespace simswarm::cluster {
namespace {

constexpr std::size_t kMostPairs = 256;
constexpr std::size_t kBuffer = 64 * 1024;  // bytes, one way
constexpr int kRetry = 20;                  // ms
constexpr std::chrono::seconds kPatience{10};

// What goes from one socket to another. When the first has said all, the second is told so once it has it all.
struct Way {
  std::string held{};
  bool ended = false;   // nothing more comes
  bool closed = false;  // and the other one has been told
  [[nodiscard]] bool wants_input() const { return !ended && held.size() < kBuffer; }
};

struct Pair {
  Fd a, b;
  Way from_a{}, from_b{};
  bool broken = false;
  [[nodiscard]] bool is_over() const { return broken || (from_a.closed && from_b.closed); }
};

// A caller whom the service has not taken yet. A server whose queue of callers is full refuses at once whoever does not
// wait; and it may be full because it waits for what only we can move.
struct Caller {
  Fd fd;
  std::size_t port = 0;
  Monotonic since{};
};

enum class Connected { kYes, kLater, kNo };

Connected connect_to(const std::string& socket, Fd& fd) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof(address.sun_path)) return Connected::kNo;
  std::memcpy(address.sun_path, socket.c_str(), socket.size());
  fd = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Connected::kNo;
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return Connected::kYes;
  return errno == EAGAIN ? Connected::kLater : Connected::kNo;
}

Result<Fd> listening_on(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (!fd.valid() || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(fd.get(), 64) != 0)
    return system_error(errno, fmt::format("127.0.0.1:{}", port));
  return fd;
}

bool will_come_later(ssize_t result) {
  return result < 0 && (errno == EAGAIN || errno == EINTR);
}

class Relay {
 public:
  Relay(const std::vector<RelayPort>& ports, int stop) : ports_(ports), stop_(stop) {}

  Status run() {
    for (const RelayPort& one : ports_) {
      SIMSWARM_TRY(Fd listener, listening_on(one.port));
      listeners_.push_back(std::move(listener));
    }
    while (true) {
      const std::vector<pollfd> polled = wait();
      if (polled.front().revents != 0) return {};
      std::size_t at = 1 + listeners_.size();
      for (Pair& pair : pairs_) {
        move(pair, polled[at], polled[at + 1]);
        at += 2;
      }
      pairs_.remove_if([](const Pair& pair) { return pair.is_over(); });
      callers_.remove_if([this](Caller& caller) { return is_settled(caller); });
      for (std::size_t i = 0; i < listeners_.size(); ++i) {
        if (polled[1 + i].revents != 0) accept(i);
      }
    }
  }

 private:
  std::vector<pollfd> wait() {
    std::vector<pollfd> polled{{stop_, POLLIN, 0}};
    const short news = pairs_.size() + callers_.size() < kMostPairs ? POLLIN : 0;
    for (const Fd& listener : listeners_) polled.push_back({listener.get(), news, 0});
    for (const Pair& pair : pairs_) {
      polled.push_back(wish(pair.a, pair.from_a, pair.from_b));
      polled.push_back(wish(pair.b, pair.from_b, pair.from_a));
    }
    if (::poll(polled.data(), polled.size(), callers_.empty() ? -1 : kRetry) < 0)
      for (pollfd& one : polled) one.revents = 0;
    return polled;
  }

  // One that nothing is wanted of is left out: its end would be said again and again.
  static pollfd wish(const Fd& fd, const Way& from, const Way& to) {
    const auto events = static_cast<short>((from.wants_input() ? POLLIN : 0) | (to.held.empty() ? 0 : POLLOUT));
    return {events == 0 ? -1 : fd.get(), events, 0};
  }

  void accept(std::size_t i) {
    Fd fd(::accept4(listeners_[i].get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid()) return;
    Caller caller{std::move(fd), i, std::chrono::steady_clock::now()};
    if (!is_settled(caller)) callers_.push_back(std::move(caller));
  }

  // He has been brought to the service, or is given up.
  bool is_settled(Caller& caller) {
    Fd service;
    const Connected connected = connect_to(ports_[caller.port].socket, service);
    if (connected == Connected::kYes) pairs_.push_back({std::move(caller.fd), std::move(service)});
    return connected != Connected::kLater || std::chrono::steady_clock::now() - caller.since > kPatience;
  }

  static void move(Pair& pair, const pollfd& a, const pollfd& b) {
    if (a.revents != 0) pair.broken = !take(pair.a, pair.from_a) || pair.broken;
    if (b.revents != 0) pair.broken = !take(pair.b, pair.from_b) || pair.broken;
    pair.broken = !give(pair.b, pair.from_a) || !give(pair.a, pair.from_b) || pair.broken;
  }

  static bool take(const Fd& fd, Way& way) {
    if (!way.wants_input()) return true;
    std::array<char, kBuffer> buffer{};
    const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) way.held.append(buffer.data(), static_cast<std::size_t>(got));
    if (got == 0) way.ended = true;
    return got >= 0 || will_come_later(got);
  }

  static bool give(const Fd& fd, Way& way) {
    if (!way.held.empty()) {
      const ssize_t put = ::send(fd.get(), way.held.data(), way.held.size(), MSG_NOSIGNAL);
      if (put < 0) return will_come_later(put);
      way.held.erase(0, static_cast<std::size_t>(put));
    }
    if (way.ended && way.held.empty() && !way.closed) {
      ::shutdown(fd.get(), SHUT_WR);
      way.closed = true;
    }
    return true;
  }

  const std::vector<RelayPort>& ports_;
  int stop_;
  std::vector<Fd> listeners_;
  std::list<Pair> pairs_;
  std::list<Caller> callers_;
};

}  // namespace

Status relay_ports(const std::vector<RelayPort>& ports, int stop) {
  return Relay(ports, stop).run();
}

}  // namespace simswarm::cluster
