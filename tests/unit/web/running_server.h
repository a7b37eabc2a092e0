// A server of the test's own.
#pragma once

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "raw_client.h"
#include "test_folder.h"
#include "web/server.h"

namespace simswarm::web {

// A server with a socket and a port of its own, in a thread.
class Running {
 public:
  Running(const fs::path& socket, const Limits& limits, Handler handler) : socket_(socket) {
    std::vector<Listening> listening;
    auto unix = listen_unix(socket);
    auto tcp = listen_tcp("127.0.0.1:0");
    EXPECT_TRUE(unix.has_value() && tcp.has_value()) << error_of(unix) << error_of(tcp);
    port_ = std::stoi(tcp->shown.substr(tcp->shown.rfind(':') + 1));
    listening.push_back(std::move(*unix));
    listening.push_back(std::move(*tcp));
    server_ = make_server(std::move(listening), {.limits = limits, .say_request = [this](const std::string& line) {
                                                   const std::lock_guard lock(mutex_);
                                                   lines_.push_back(line);
                                                 }});
    thread_ = std::thread([this, handler = std::move(handler)] { server_->run(handler, stop_.get()); });
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { end(); }
  void end() {
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(stop_.get(), &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] RawClient client() const { return RawClient(socket_); }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] Server& server() { return *server_; }
  [[nodiscard]] std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  fs::path socket_;
  int port_ = 0;
  Fd stop_{::eventfd(0, EFD_CLOEXEC)};
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace simswarm::web
