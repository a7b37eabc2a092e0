// A client that says what the test wants, whether that is HTTP or not.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <string>
#include <string_view>

#include "base/files.h"

namespace simswarm::web {

class RawClient {
 public:
  explicit RawClient(const fs::path& socket) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket.c_str(), sizeof(address.sun_path) - 1);
    connect(&address, sizeof(address));
  }
  explicit RawClient(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(&address, sizeof(address));
  }

  // False: the other side has closed.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // One answer, head and body; what came of it when the other side closes, or nothing comes for a while.
  std::string answer(bool has_body = true) {
    const auto is_whole = [&] {
      const std::size_t end = buffer_.find("\r\n\r\n");
      if (end == std::string::npos) return false;
      const std::size_t at = buffer_.find("Content-Length: ");
      const std::size_t length = at < end && has_body ? std::stoul(buffer_.substr(at + 16)) : 0;
      whole_ = end + 4 + length;
      return buffer_.size() >= whole_;
    };
    while (!is_whole() && more()) {
    }
    if (!is_whole()) whole_ = buffer_.size();
    std::string one = buffer_.substr(0, whole_);
    buffer_.erase(0, whole_);
    return one;
  }
  std::string ask(std::string_view text) {
    send(text);
    return answer();
  }
  // Until the other side closes; false when it does not in time.
  bool is_closed(std::chrono::milliseconds within = std::chrono::milliseconds(10'000)) {
    const auto until = std::chrono::steady_clock::now() + within;
    while (std::chrono::steady_clock::now() < until) {
      if (!more(std::chrono::milliseconds(50)) && closed_) return true;
    }
    return false;
  }

 private:
  void connect(const void* address, socklen_t size) {
    EXPECT_EQ(::connect(fd_.get(), static_cast<const sockaddr*>(address), size), 0) << std::strerror(errno);
  }
  bool more(std::chrono::milliseconds within = std::chrono::milliseconds(10'000)) {
    pollfd one{fd_.get(), POLLIN, 0};
    if (::poll(&one, 1, static_cast<int>(within.count())) <= 0) return false;
    std::string piece(65'536, '\0');
    const ssize_t got = ::read(fd_.get(), piece.data(), piece.size());
    closed_ = got <= 0;
    if (got > 0) buffer_.append(piece, 0, static_cast<std::size_t>(got));
    return got > 0;
  }

  Fd fd_;
  std::string buffer_;
  std::size_t whole_ = 0;
  bool closed_ = false;
};

inline std::string get(std::string_view path, std::string_view headers = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, headers);
}

inline std::string post(std::string_view path, std::string_view body, std::string_view headers = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n{}", path, body.size(),
                     headers, body);
}

// «HTTP/1.1 200 OK» → 200; 0: no answer.
inline int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

// A header's value; empty: it is not there.
inline std::string header_of(const std::string& answer, const std::string& name) {
  const std::size_t at = answer.find("\r\n" + name + ": ");
  if (at == std::string::npos || at > answer.find("\r\n\r\n")) return "";
  const std::size_t begin = at + name.size() + 4;
  return answer.substr(begin, answer.find("\r\n", begin) - begin);
}

inline std::string body_of(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

}  // namespace simswarm::web
