// Docker's engine, played on a Unix socket: says what the test tells it to, and remembers what it was asked.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"

namespace simswarm::engine {

inline std::string http_answer(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

class FakeEngine {
 public:
  explicit FakeEngine(fs::path socket) : socket_(std::move(socket)) { start(); }
  FakeEngine(const FakeEngine&) = delete;
  FakeEngine& operator=(const FakeEngine&) = delete;
  ~FakeEngine() { stop(); }

  void start() {
    ::unlink(socket_.c_str());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_.c_str(), sizeof(address.sun_path) - 1);
    listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0) << socket_;
    ASSERT_EQ(::listen(listener_.get(), 16), 0);
    ends_ = false;
    thread_ = std::thread([this] { serve(); });
  }
  void stop() {
    ends_ = true;
    if (thread_.joinable()) thread_.join();
    listener_.reset();
  }

  // Raw bytes; an empty answer: nothing is said until the asker leaves.
  void say(const std::string& target, const std::string& raw) {
    const std::lock_guard lock(mutex_);
    answers_[target] = raw;
  }
  void say_json(const std::string& target, const std::string& body) { say(target, http_answer(body)); }
  // A small swarm: a manager, a drained worker, one that is down; three services.
  void be_swarm();

  [[nodiscard]] std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  [[nodiscard]] const fs::path& socket() const { return socket_; }

 private:
  void serve() {
    while (!ends_) {
      pollfd one{listener_.get(), POLLIN, 0};
      if (::poll(&one, 1, 20) <= 0) continue;
      const Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (peer.valid()) answer(peer.get());
    }
  }
  void answer(int peer) {
    std::string head;
    char c = 0;
    while (!head.ends_with("\r\n\r\n") && ::read(peer, &c, 1) == 1) head += c;
    const std::string line = head.substr(0, head.find("\r\n"));
    const std::string target = line.substr(std::min(line.size(), line.find(' ') + 1));
    const std::string raw = answer_of(line, target.substr(0, target.find(' ')));
    if (raw.empty()) {
      pollfd one{peer, POLLIN, 0};
      while (!ends_ && ::poll(&one, 1, 20) == 0) {
      }
      return;
    }
    // In pieces: a reader must not rely on getting all at once.
    for (std::size_t at = 0; at < raw.size();) {
      const std::size_t size = std::min<std::size_t>(raw.size() - at, at == 0 ? 7 : 65'536);
      if (::send(peer, raw.data() + at, size, MSG_NOSIGNAL) != static_cast<ssize_t>(size)) return;
      at += size;
    }
  }
  std::string answer_of(const std::string& line, const std::string& target) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(line);
    const auto found = answers_.find(target);
    return found == answers_.end() ? http_answer(R"({"message":"page not found"})", "404 Not Found") : found->second;
  }

  fs::path socket_;
  Fd listener_;
  std::atomic<bool> ends_ = false;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> answers_;
  std::vector<std::string> asked_;
  std::thread thread_;
};

inline void FakeEngine::be_swarm() {
  say("/_ping", http_answer("OK"));
  say_json("/info",
           R"json({"Name":"one","Swarm":{"NodeID":"n1","LocalNodeState":"active","ControlAvailable":true}})json");
  say_json("/version", R"json({"Version":"20.10.24","ApiVersion":"1.41"})json");
  say_json("/nodes", R"json([
    {"ID":"n1","Spec":{"Role":"manager","Availability":"active","Labels":{"disk":"ssd"}},
     "Description":{"Hostname":"one","Platform":{"Architecture":"x86_64","OS":"linux"},
       "Resources":{"NanoCPUs":4000000000,"MemoryBytes":8589934592},"Engine":{"EngineVersion":"20.10.24","Labels":{"rack":"7"}}},
     "Status":{"State":"ready","Addr":"10.0.0.1"},"ManagerStatus":{"Leader":true,"Reachability":"reachable","Addr":"10.0.0.1:2377"}},
    {"ID":"n2","Spec":{"Role":"worker","Availability":"drain"},
     "Description":{"Hostname":"two","Resources":{"NanoCPUs":2000000000,"MemoryBytes":4294967296},"Engine":{"EngineVersion":"20.10.24"}},
     "Status":{"State":"ready","Addr":"10.0.0.2"}},
    {"ID":"n3","Spec":{"Role":"worker","Availability":"active"},
     "Description":{"Hostname":"three","Resources":{"NanoCPUs":2000000000,"MemoryBytes":4294967296},"Engine":{"EngineVersion":"20.10.24"}},
     "Status":{"State":"down","Message":"heartbeat failure","Addr":"10.0.0.3"}}])json");
  say_json("/services", R"json([
    {"ID":"s1","Spec":{"Name":"sim_runner","Labels":{"com.docker.stack.namespace":"sim"},
      "TaskTemplate":{"ContainerSpec":{"Image":"simswarm:abc@sha256:1234","Env":["PASSWORD=hunter2-of-the-test"],
        "Secrets":[{"SecretName":"redis-password-of-the-test"}],"Mounts":[{"Source":"/mount-of-the-test"}]}},
      "Mode":{"Replicated":{"Replicas":3}}}},
    {"ID":"s2","Spec":{"Name":"sim_distcc","TaskTemplate":{"ContainerSpec":{"Image":"simswarm:abc"}},"Mode":{"Global":{}}},
     "UpdateStatus":{"State":"paused","Message":"update paused due to failure"}}])json");
  say_json("/tasks", R"json([
    {"ID":"t1","ServiceID":"s1","NodeID":"n1","Slot":1,"DesiredState":"running","CreatedAt":"2026-11-22T12:00:00.5Z",
     "Spec":{"ContainerSpec":{"Image":"simswarm:abc@sha256:1234","Env":["PASSWORD=hunter2-of-the-test"]},
       "Resources":{"Reservations":{"NanoCPUs":950000000,"MemoryBytes":1073741824}}},
     "Status":{"State":"running","Timestamp":"2026-11-22T12:00:03.123456789Z","Message":"started"}},
    {"ID":"t2","ServiceID":"s1","Slot":2,"DesiredState":"running","CreatedAt":"2026-11-22T12:00:01Z",
     "Status":{"State":"pending","Timestamp":"2026-11-22T12:00:01Z","Message":"pending task scheduling",
       "Err":"no suitable node (insufficient resources on 2 nodes)"}},
    {"ID":"t3","ServiceID":"s1","NodeID":"n1","Slot":1,"DesiredState":"shutdown","CreatedAt":"2026-11-22T11:00:00Z",
     "Status":{"State":"failed","Timestamp":"2026-11-22T11:59:00Z","Message":"started","Err":"task: non-zero exit (137)",
       "ContainerStatus":{"ExitCode":137}}},
    {"ID":"t4","ServiceID":"s2","NodeID":"n1","DesiredState":"shutdown","CreatedAt":"2026-11-22T10:00:00Z",
     "Status":{"State":"shutdown","Timestamp":"2026-11-22T10:30:00Z","Message":"shutdown"}},
    {"ID":"t5","ServiceID":"s2","NodeID":"n1","DesiredState":"running","CreatedAt":"2026-11-22T10:30:00Z",
     "Status":{"State":"running","Timestamp":"2026-11-22T10:30:02Z","Message":"started"}}])json");
}

}  // namespace simswarm::engine
