// Somebody who reads a stream of events.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <string>

#include "base/files.h"

namespace simswarm::web {

class EventClient {
 public:
  // `request` with all headers.
  EventClient(const fs::path& socket, const std::string& request)
      : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_TRUE(send(request));
    EXPECT_TRUE(hears("\r\n\r\n"));
    const std::size_t end = heard_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    head_ = heard_.substr(0, end + 4);
    heard_.erase(0, end + 4);
  }

  [[nodiscard]] const std::string& head() const { return head_; }
  // All behind the head, as far as it was waited for.
  [[nodiscard]] const std::string& heard() const { return heard_; }
  bool send(const std::string& text) {
    return ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  // Until it has heard this; false when it does not come in time.
  bool hears(const std::string& text) {
    while (heard_.find(text) == std::string::npos) {
      if (!more()) return false;
    }
    return true;
  }
  // Reads all that is still to come.
  bool is_closed() {
    while (more()) {
    }
    return is_closed_;
  }

 private:
  bool more() {
    constexpr int kTooLong = 20'000;  // milliseconds
    pollfd one{fd_.get(), POLLIN, 0};
    if (::poll(&one, 1, kTooLong) <= 0) return false;
    std::string piece(65'536, '\0');
    const ssize_t got = ::read(fd_.get(), piece.data(), piece.size());
    is_closed_ = got <= 0;
    if (got > 0) heard_.append(piece, 0, static_cast<std::size_t>(got));
    return got > 0;
  }

  Fd fd_;
  std::string head_, heard_;
  bool is_closed_ = false;
};

}  // namespace simswarm::web
