// A Redis server of the test's own: on a Unix socket, with a password and an append-only file; never the system's.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "queue/job_queue.h"
#include "queue/redis_connection.h"
#include "test_folder.h"

namespace simswarm::jobs {

inline constexpr const char* kTestPassword = "s3cret-of-the-test";

class RedisServer {
 public:
  explicit RedisServer(std::vector<std::string> more = {}) : more_(std::move(more)) { start(); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() { kill(); }

  // Until it answers.
  void start() {
    std::vector<std::string> words{
        "redis-server", "--port",       "0",   "--unixsocket", socket(), "--dir",     folder_.path(), "--requirepass",
        kTestPassword,  "--appendonly", "yes", "--save",       "",       "--logfile", folder_ / "log"};
    words.insert(words.end(), more_.begin(), more_.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() == parent) ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    ASSERT_GT(pid_, 0);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!connect().has_value()) {
      ASSERT_EQ(::waitpid(pid_, nullptr, WNOHANG), 0) << "redis-server ended: " << folder_.read("log");
      ASSERT_LT(std::chrono::steady_clock::now(), until) << connect().error().message << folder_.read("log");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void kill() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    pid_ = -1;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

  [[nodiscard]] std::string socket() const { return folder_ / "redis.sock"; }
  [[nodiscard]] std::string url() const { return std::string("unix://:") + kTestPassword + "@" + socket(); }
  [[nodiscard]] Result<RedisConnection> connect() const {
    SIMSWARM_TRY(const RedisAddress address, parse_redis_url(url()));
    return RedisConnection::connect(address, std::chrono::seconds(5));
  }
  // One command, as redis-cli would give it.
  RedisReply command(const std::vector<std::string>& words) {
    auto connection = connect();
    if (!connection.has_value()) {
      ADD_FAILURE() << connection.error().message;
      return {};
    }
    auto reply = connection->command(words);
    EXPECT_TRUE(reply.has_value()) << reply.error().message;
    return reply.has_value() ? *reply : RedisReply{};
  }

 private:
  TestFolder folder_;
  std::vector<std::string> more_;
  pid_t pid_ = -1;
};

// One server for all tests of a program, started by the first that wants it. Each test begins with an empty one.
class SharedRedis : public testing::Environment {
 public:
  static RedisServer& fresh() {
    if (!server()) server() = std::make_unique<RedisServer>();
    server()->command({"FLUSHALL"});
    return *server();
  }
  // As the test has it now.
  static RedisServer& current() { return *server(); }
  void TearDown() override { server().reset(); }

 private:
  static std::unique_ptr<RedisServer>& server() {
    static std::unique_ptr<RedisServer> one;
    return one;
  }
};
inline testing::Environment* const kSharedRedis = testing::AddGlobalTestEnvironment(new SharedRedis);

}  // namespace simswarm::jobs
