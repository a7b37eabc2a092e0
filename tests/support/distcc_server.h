// A distccd of the test's own on loopback, as an unprivileged user, with its own log.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "exec/process.h"
#include "test_folder.h"

namespace simswarm {

// A port that was free a moment ago; or one that listens and never accepts, while the object lives.
class LoopbackPort {
 public:
  explicit LoopbackPort(bool listens = false) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    number_ = ntohs(address.sin_port);
    if (listens) {
      EXPECT_EQ(::listen(socket_.get(), 100), 0);
    } else {
      socket_.reset();
    }
  }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(number_); }

 private:
  Fd socket_;
  int number_ = 0;
};

class DistccServer {
 public:
  // With `room` its temporary files have so much place, «256k»: needs root.
  explicit DistccServer(int jobs = 4, std::string room = {}) : jobs_(jobs), room_(std::move(room)) {
    ::chmod(folder_.path().c_str(), 0777);
    ::chmod(folder_.folder("tmp").c_str(), 0777);
  }
  DistccServer(const DistccServer&) = delete;
  DistccServer& operator=(const DistccServer&) = delete;
  ~DistccServer() { kill(); }

  void start() {
    std::vector<std::string> words{"distccd",
                                   "--daemon",
                                   "--no-detach",
                                   "--allow",
                                   "127.0.0.1",
                                   "--listen",
                                   "127.0.0.1",
                                   "--port",
                                   std::to_string(port_.number()),
                                   "--jobs",
                                   std::to_string(jobs_),
                                   "--log-file",
                                   folder_ / "log"};
    if (::geteuid() == 0) words.insert(words.end(), {"--user", "nobody"});
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string temporary = folder_ / "tmp";
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::setsid();
      ::setenv("TMPDIR", temporary.c_str(), 1);
      if (!room_.empty() && !make_room(temporary)) ::_exit(126);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    ASSERT_GT(pid_, 0);
    EXPECT_TRUE(wait_until([&] { return exec::listens(pid_, port_.number()); })) << folder_.read("log");
  }
  // SIGKILL, SIGSTOP: to all of its processes.
  void signal(int number) const {
    if (pid_ > 0) exec::signal_tree(pid_, number);
  }
  void kill() {
    if (pid_ <= 0) return;
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  [[nodiscard]] std::string host() const { return port_.host(); }
  [[nodiscard]] std::string log() const { return folder_.read("log"); }
  // Files that it has compiled, by its own word; trials do not count.
  [[nodiscard]] std::size_t compiled() const { return count("COMPILE_OK"); }
  [[nodiscard]] std::size_t failed() const { return count("COMPILE_ERROR") + count("OTHER"); }

 private:
  bool make_room(const std::string& temporary) const {
    return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("tmpfs", temporary.c_str(), "tmpfs", 0, ("mode=777,size=" + room_).c_str()) == 0;
  }
  [[nodiscard]] std::size_t count(std::string_view word) const {
    std::size_t found = 0;
    const std::string text = log();
    for (const std::string_view line : lines(text)) {
      if (line.find(word) != std::string_view::npos && line.find("simswarm-trial") == std::string_view::npos) ++found;
    }
    return found;
  }

  TestFolder folder_;
  LoopbackPort port_;
  int jobs_;
  std::string room_;
  pid_t pid_ = -1;
};

}  // namespace simswarm
