// Sockets of the loopback that stand for servers which are none.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

namespace simswarm::jobs {

// A socket on a free port of the loopback, which listens.
class Listener {
 public:
  explicit Listener(const std::string& address = "127.0.0.1", int backlog = 4)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    EXPECT_EQ(::inet_pton(AF_INET, address.c_str(), &address_.sin_addr), 1);
    socklen_t size = sizeof(address_);
    EXPECT_EQ(::bind(socket_, generic(), size), 0);
    EXPECT_EQ(::listen(socket_, backlog), 0);
    EXPECT_EQ(::getsockname(socket_, generic(), &size), 0);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(); }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  [[nodiscard]] int port() const { return ntohs(address_.sin_port); }
  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port()); }

  // Takes one connection, reads a command, says this instead of an answer, and closes. Gives what it has read.
  std::string serve_once(const std::string& says) const {
    const int peer = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    std::string buffer(4096, ' ');
    const ssize_t size = ::read(peer, buffer.data(), buffer.size());
    EXPECT_GT(size, 0);
    EXPECT_EQ(::write(peer, says.data(), says.size()), static_cast<ssize_t>(says.size()));
    ::close(peer);
    buffer.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return buffer;
  }

 protected:
  [[nodiscard]] sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }

 private:
  int socket_;
  sockaddr_in address_{};
};

// Who connects gets no answer, not even a refusal: so many wait to be accepted that the kernel drops the next.
class FullListener : public Listener {
 public:
  explicit FullListener(const std::string& address) : Listener(address, 0) {
    while (waiting_.size() < 16 && connects()) {
    }
    EXPECT_LT(waiting_.size(), 16U) << "the backlog is never full";
  }
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;
  ~FullListener() {
    for (const int socket : waiting_) ::close(socket);
  }

 private:
  // One more that waits. The first that is left without an answer is the proof that the backlog is full.
  bool connects() {
    waiting_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (::connect(waiting_.back(), generic(), sizeof(sockaddr_in)) == 0) return true;
    pollfd done{waiting_.back(), POLLOUT, 0};
    return ::poll(&done, 1, 200) == 1;
  }

  std::vector<int> waiting_;
};

}  // namespace simswarm::jobs
