#include "build/host_trial.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "base/text.h"

namespace simswarm::build {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kToConnect{300};
constexpr milliseconds kForStatistics{500};
constexpr std::size_t kMostOfAnswer = 65536;
constexpr std::size_t kMostJobs = 256;

// distcc's protocol 1 (doc/protocol-1.txt of its sources): tokens of four letters and eight hexadecimal digits, which
// are a number or the length of what follows.
std::string request_for(const std::string& compiler) {
  const std::vector<std::string> words{compiler, "-c", "simswarm-trial.ii", "-o", "simswarm-trial.o"};
  const std::string source = "int simswarm_trial;\n";
  std::string request = fmt::format("DIST{:08x}ARGC{:08x}", 1, words.size());
  for (const std::string& word : words) request += fmt::format("ARGV{:08x}{}", word.size(), word);
  return request + fmt::format("DOTI{:08x}{}", source.size(), source);
}

Fd connecting_to(const Address& address) {
  Fd socket(::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return socket;
  const auto* to = reinterpret_cast<const sockaddr*>(&address.bytes);
  if (::connect(socket.get(), to, address.size) != 0 && errno != EINPROGRESS) socket.reset();
  return socket;
}

bool is_connected(const Fd& socket) {
  int error = 0;
  socklen_t size = sizeof(error);
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

bool ready(const Fd& socket, short events, Monotonic until) {
  const auto left = std::chrono::ceil<milliseconds>(until - system_clock().monotonic());
  pollfd polled{socket.get(), events, 0};
  return left.count() > 0 && ::poll(&polled, 1, static_cast<int>(left.count())) == 1;
}

}  // namespace

HostTrial::HostTrial(const Address& address, const std::string& compiler)
    : socket_(connecting_to(address)), since_(system_clock().monotonic()), request_(request_for(compiler)) {
  if (!socket_.valid()) state_ = TrialState::kFailed;
}

pollfd HostTrial::waits_for() const {
  const short events = request_.empty() ? POLLIN : POLLOUT;
  return {socket_.get(), events, 0};
}

void HostTrial::go_on() {
  pollfd polled = waits_for();
  const bool is_ready = ::poll(&polled, 1, 0) == 1;
  if (state_ == TrialState::kConnecting && !is_ready && system_clock().monotonic() - since_ > kToConnect)
    state_ = TrialState::kFailed;
  if (!is_ready) return;
  if (state_ == TrialState::kConnecting) state_ = is_connected(socket_) ? TrialState::kWaiting : TrialState::kFailed;
  if (state_ != TrialState::kWaiting) return;
  request_.empty() ? receive() : send();
}

void HostTrial::send() {
  const ssize_t sent = ::send(socket_.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
  if (sent > 0) request_.erase(0, static_cast<std::size_t>(sent));
  if (sent < 0 && errno != EAGAIN && errno != EINTR) state_ = TrialState::kFailed;
}

// To its end: a server whose client has gone early notes an error.
void HostTrial::receive() {
  std::array<char, 4096> part{};
  const ssize_t got = ::recv(socket_.get(), part.data(), part.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got > 0) answer_.append(part.data(), static_cast<std::size_t>(got));
  if (got > 0 && answer_.size() < kMostOfAnswer) return;
  const bool compiled = answer_.starts_with("DONE00000001STAT00000000") && answer_.find("DOTO") != std::string::npos;
  state_ = compiled ? TrialState::kCompiled : TrialState::kFailed;
}

std::optional<std::size_t> jobs_by_statistics(const Address& address, std::uint16_t port) {
  Address statistics = address;
  const auto next = htons(static_cast<std::uint16_t>(port + 1));
  if (address.bytes.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&statistics.bytes)->sin6_port = next;
  } else {
    reinterpret_cast<sockaddr_in*>(&statistics.bytes)->sin_port = next;
  }
  const Monotonic until = system_clock().monotonic() + kForStatistics;
  const Fd socket = connecting_to(statistics);
  if (!socket.valid() || !ready(socket, POLLOUT, until) || !is_connected(socket)) return std::nullopt;
  constexpr std::string_view kRequest = "GET / HTTP/1.0\r\n\r\n";
  if (::send(socket.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) return std::nullopt;
  std::string page;
  for (std::array<char, 4096> part{}; page.size() < kMostOfAnswer && ready(socket, POLLIN, until);) {
    const ssize_t got = ::recv(socket.get(), part.data(), part.size(), 0);
    if (got <= 0) break;
    page.append(part.data(), static_cast<std::size_t>(got));
  }
  for (const std::string_view line : lines(page)) {
    if (!line.starts_with("dcc_max_kids ")) continue;
    const auto jobs = parse_int(trim(line.substr(13)));
    if (jobs && *jobs > 0) return std::min(static_cast<std::size_t>(*jobs), kMostJobs);
  }
  return std::nullopt;
}

}  // namespace simswarm::build
