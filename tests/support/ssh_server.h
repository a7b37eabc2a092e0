// An sshd of the test's own on 127.0.0.1, with a key of its own, and the words with which ssh reaches it as «there».
#pragma once

#include <arpa/inet.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "test_folder.h"

namespace simswarm {

// A port of 127.0.0.1 that nobody listens on at this moment.
inline int free_port() {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(address.sin_port);
}

// What is sent to a port of 127.0.0.1, and all that comes back until the other side ends; empty: nobody is there.
inline std::string asked_on(int port, std::string_view question) {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return {};
  if (::send(fd.get(), question.data(), question.size(), MSG_NOSIGNAL) < 0) return {};
  ::shutdown(fd.get(), SHUT_WR);
  std::string answer;
  std::string buffer(65536, '\0');
  for (ssize_t got = 1; got > 0;) {
    got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) answer.append(buffer, 0, static_cast<std::size_t>(got));
  }
  return answer;
}

class SshServer {
 public:
  SshServer() {
    make_key("host_key");
    make_key("user_key");
    fs::copy_file(folder_ / "user_key.pub", folder_ / "authorized");
    folder_.write("sshd_config",
                  fmt::format("Port {}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\n"
                              "UsePAM no\nPidFile none\n",
                              port_, (folder_ / "host_key").string(), (folder_ / "authorized").string()));
    folder_.write("ssh_config", fmt::format("Host there\n HostName 127.0.0.1\n Port {}\n IdentityFile {}\n"
                                            " IdentitiesOnly yes\n UserKnownHostsFile {}\n"
                                            " StrictHostKeyChecking accept-new\n",
                                            port_, (folder_ / "user_key").string(), (folder_ / "known").string()));
    fs::create_directories("/run/sshd");
    start();
  }
  SshServer(const SshServer&) = delete;
  SshServer& operator=(const SshServer&) = delete;
  ~SshServer() { stop(); }

  // For $SIMSWARM_SSH.
  [[nodiscard]] std::string words() const { return "ssh -F " + (folder_ / "ssh_config").string(); }

  [[nodiscard]] int port() const { return port_; }

  void start() {
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setpgid(0, 0);
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::execl("/usr/sbin/sshd", "/usr/sbin/sshd", "-D", "-f", (folder_ / "sshd_config").c_str(), "-E",
              (folder_ / "log").c_str(), nullptr);
      ::_exit(127);
    }
    ::setpgid(pid_, pid_);
    EXPECT_TRUE(wait_until([this] { return asked_on(port_, "").starts_with("SSH-"); })) << folder_.read("log");
  }
  // With all lines that it holds.
  void stop() {
    if (pid_ <= 0) return;
    end_connections();
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  // Those alone.
  void end_connections() const {
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
      const pid_t pid = std::atoi(entry.path().filename().c_str());
      if (pid > 1 && parent_of(pid) == pid_) ::kill(pid, SIGKILL);
    }
  }

 private:
  void make_key(const std::string& name) const {
    const std::string command =
        fmt::format("ssh-keygen -q -t ed25519 -N '' -f '{}' </dev/null", (folder_ / name).string());
    EXPECT_EQ(std::system(command.c_str()), 0);
  }
  static pid_t parent_of(pid_t pid) {
    const Result<std::string> stat = read_file(fmt::format("/proc/{}/stat", pid));
    const std::size_t end = stat ? stat->rfind(')') : std::string::npos;
    return end == std::string::npos || end + 4 > stat->size() ? 0 : std::atoi(stat->c_str() + end + 4);
  }

  TestFolder folder_;
  int port_ = free_port();
  pid_t pid_ = 0;
};

}  // namespace simswarm
