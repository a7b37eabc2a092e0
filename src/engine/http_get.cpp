#include "engine/http_get.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/files.h"
#include "base/text.h"

namespace simswarm::engine {
namespace {

namespace http = boost::beast::http;

using Clock = std::chrono::steady_clock;
template <typename T>
using Tried = tl::expected<T, HttpFailure>;
using Parser = http::response_parser<http::string_body>;

constexpr int kHighestPort = 65'535;
constexpr std::uint32_t kHeaderLimit = 64U << 10U;
constexpr std::size_t kPiece = std::size_t{64} << 10;

tl::unexpected<HttpFailure> failure(int error_number, std::string message) {
  return tl::make_unexpected(HttpFailure{error_number, std::move(message)});
}

tl::unexpected<HttpFailure> system_failure(const Endpoint& endpoint, int error_number) {
  return failure(error_number, fmt::format("{}: {}", endpoint.shown(), std::strerror(error_number)));
}

// Waits for `events` until the deadline.
Tried<void> wait_for(const Endpoint& endpoint, int fd, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return failure(ETIMEDOUT, fmt::format("{}: no answer in time", endpoint.shown()));
    pollfd one{fd, events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(left.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return system_failure(endpoint, errno);
  }
}

Tried<void> connect_in_time(const Endpoint& endpoint, int fd, const sockaddr* address, socklen_t size,
                            Clock::time_point deadline) {
  if (::connect(fd, address, size) == 0) return {};
  // A Unix socket whose queue is full says so at once; TCP goes on by itself.
  if (errno != EINPROGRESS) return system_failure(endpoint, errno);
  if (auto waited = wait_for(endpoint, fd, POLLOUT, deadline); !waited) return waited;
  int error = 0;
  socklen_t length = sizeof(error);
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return system_failure(endpoint, errno);
  if (error != 0) return system_failure(endpoint, error);
  return {};
}

Tried<Fd> connect_unix(const Endpoint& endpoint, Clock::time_point deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (endpoint.socket.size() >= sizeof(address.sun_path)) return system_failure(endpoint, ENAMETOOLONG);
  std::memcpy(address.sun_path, endpoint.socket.data(), endpoint.socket.size());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return system_failure(endpoint, errno);
  auto done =
      connect_in_time(endpoint, fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address), deadline);
  if (!done) return tl::make_unexpected(std::move(done.error()));
  return fd;
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

Tried<Fd> connect_tcp(const Endpoint& endpoint, Clock::time_point deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (code != 0) return failure(0, fmt::format("{}: {}", endpoint.shown(), ::gai_strerror(code)));
  const std::unique_ptr<addrinfo, FreeAddresses> owned(found);
  HttpFailure last{0, fmt::format("{}: no address", endpoint.shown())};
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Fd fd(::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid()) return system_failure(endpoint, errno);
    auto done = connect_in_time(endpoint, fd.get(), one->ai_addr, one->ai_addrlen, deadline);
    if (done) return fd;
    last = std::move(done.error());
  }
  return tl::make_unexpected(std::move(last));
}

Tried<void> send_all(const Endpoint& endpoint, int fd, std::string_view text, Clock::time_point deadline) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EINTR) {
      if (auto waited = wait_for(endpoint, fd, POLLOUT, deadline); !waited) return waited;
    } else {
      return system_failure(endpoint, errno);
    }
  }
  return {};
}

// Bytes that came; 0 at the end.
Tried<std::size_t> receive(const Endpoint& endpoint, int fd, char* into, std::size_t size, Clock::time_point deadline) {
  for (;;) {
    const ssize_t got = ::recv(fd, into, size, 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EAGAIN && errno != EINTR) return system_failure(endpoint, errno);
    if (auto waited = wait_for(endpoint, fd, POLLIN, deadline); !waited)
      return tl::make_unexpected(std::move(waited.error()));
  }
}

Tried<void> check_parsed(const Endpoint& endpoint, const boost::system::error_code& error, const HttpLimits& limits) {
  if (!error || error == http::error::need_more) return {};
  if (error == http::error::body_limit) {
    return failure(EMSGSIZE,
                   fmt::format("{}: the answer has more than {}", endpoint.shown(), human_bytes(limits.most_bytes)));
  }
  if (error == http::error::partial_message || error == http::error::end_of_stream)
    return failure(EPROTO, fmt::format("{}: the answer was cut off", endpoint.shown()));
  return failure(EPROTO, fmt::format("{}: the answer is no HTTP ({})", endpoint.shown(), error.message()));
}

// Takes from the beginning of `unread` what it can. The head is parsed alone: Beast of Boost 1.74 forgets that a length
// is beyond its limit when it goes on at once.
boost::system::error_code parse(Parser& parser, std::string& unread) {
  boost::system::error_code error;
  while (!error && !unread.empty() && !parser.is_done()) {
    parser.eager(parser.is_header_done());
    unread.erase(0, parser.put(boost::asio::buffer(unread), error));
  }
  return error;
}

Tried<void> read_answer(const Endpoint& endpoint, int fd, Parser& parser, const HttpLimits& limits,
                        Clock::time_point deadline) {
  std::string unread;  // what the parser has not taken yet: the beginning of a line
  std::string piece(kPiece, '\0');
  while (!parser.is_done()) {
    auto got = receive(endpoint, fd, piece.data(), piece.size(), deadline);
    if (!got) return tl::make_unexpected(std::move(got.error()));
    boost::system::error_code error;
    if (*got == 0) {
      if (!parser.is_header_done() && !unread.empty() && !unread.starts_with("HTTP/"))
        return failure(EPROTO, fmt::format("{}: the answer is no HTTP", endpoint.shown()));
      parser.put_eof(error);
      if (!error && !parser.is_done()) error = http::error::partial_message;
      return check_parsed(endpoint, error, limits);
    }
    unread.append(piece, 0, *got);
    if (auto checked = check_parsed(endpoint, parse(parser, unread), limits); !checked) return checked;
  }
  return {};
}

std::string host_header(const Endpoint& endpoint) {
  if (!endpoint.socket.empty()) return "localhost";
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(is_v6 ? "[{}]:{}" : "{}:{}"), endpoint.host, endpoint.port);
}

}  // namespace

std::string Endpoint::shown() const {
  return socket.empty() ? "http://" + host_header(*this) : "unix://" + socket;
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return usage_error("«{}»: {}; expected unix:///path, http://host[:port] or the path of a Unix socket", text, what);
  };
  Endpoint endpoint;
  std::string_view rest = text;
  if (rest.starts_with("unix://")) rest.remove_prefix(7);
  if (rest.starts_with("/")) {
    endpoint.socket = rest;
    return endpoint;
  }
  if (!rest.starts_with("http://")) return wrong("no URL of a server");
  rest.remove_prefix(7);
  if (rest.ends_with("/")) rest.remove_suffix(1);
  if (rest.find_first_of("/?#@ ") != std::string_view::npos) return wrong("there is more than a host and a port");
  const std::size_t bracket = rest.starts_with("[") ? rest.find(']') : std::string_view::npos;
  const std::size_t colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const auto port = parse_int(rest.substr(colon + 1));
    if (!port || *port < 1 || *port > kHighestPort) return wrong("no port");
    endpoint.port = static_cast<int>(*port);
    rest = rest.substr(0, colon);
  }
  if (bracket != std::string_view::npos) rest = rest.substr(1, bracket - 1);
  if (rest.empty()) return wrong("no host");
  endpoint.host = rest;
  return endpoint;
}

tl::expected<HttpAnswer, HttpFailure> http_get(const Endpoint& endpoint, const std::string& target,
                                               const HttpLimits& limits) {
  const auto deadline = Clock::now() + limits.timeout;
  auto fd = endpoint.socket.empty() ? connect_tcp(endpoint, deadline) : connect_unix(endpoint, deadline);
  if (!fd) return tl::make_unexpected(std::move(fd.error()));
  const std::string authorization =
      limits.authorization.empty() ? "" : fmt::format("Authorization: {}\r\n", limits.authorization);
  const std::string question = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n{}Connection: close\r\n\r\n",
                                           target, host_header(endpoint), authorization);
  if (auto sent = send_all(endpoint, fd->get(), question, deadline); !sent)
    return tl::make_unexpected(std::move(sent.error()));
  Parser parser;
  parser.header_limit(kHeaderLimit);
  parser.body_limit(limits.most_bytes);
  if (auto read = read_answer(endpoint, fd->get(), parser, limits, deadline); !read)
    return tl::make_unexpected(std::move(read.error()));
  return HttpAnswer{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
}

}  // namespace simswarm::engine
