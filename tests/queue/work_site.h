// All that a job needs to live: a Redis server, a proxy before it, a folder with a program, and workers as real
// processes.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fault_proxy.h"
#include "queue/job_queue.h"
#include "redis_server.h"
#include "test_folder.h"

namespace simswarm::jobs {

using Words = std::vector<std::string>;
using Environment = std::vector<std::pair<std::string, std::string>>;

// simswarm in the background; killed when this goes. What it says on both outputs is its log.
class Program {
 public:
  Program(const Words& words, const fs::path& log, const Environment& environment = {});
  Program(Program&& other) noexcept;
  Program& operator=(Program&& other) noexcept;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { kill(); }

  // With SIGKILL; it has gone when this returns. From any thread.
  void kill();
  void send(int signal) const;
  // 128 + signal where one has ended it. Nothing: it has not ended within the time, and the test has failed.
  [[nodiscard]] std::optional<int> wait(std::chrono::seconds at_most = std::chrono::seconds(60));
  [[nodiscard]] bool has_ended();
  [[nodiscard]] std::string log() const;
  [[nodiscard]] bool says(std::string_view text) const;  // waits for it
  [[nodiscard]] std::size_t count(std::string_view text) const;

 private:
  pid_t pid_ = -1;
  std::optional<int> code_;
  fs::path log_;
};

// How a job stands.
struct Standing {
  State state = State::kQueued;
  int attempts = 0;
  std::vector<std::string> lost_on{};
  std::size_t commits = 0;     // ends that were noted by the server
  std::size_t executions = 0;  // of its program
};

class WorkSite {
 public:
  WorkSite();

  // Puts runs into the queue; more words are options of `simswarm sweep`. Runs wait for the gate where there is one.
  void enqueue(int runs, const Words& options = {});
  void close_gate() { gate_ = folder_ / "gate"; }
  void open_gate() const { folder_.write("gate", ""); }

  // `simswarm worker run` through the proxy: one slot, leases of a second, the common folder for outcomes. It has
  // announced itself when this returns.
  [[nodiscard]] Program worker(const std::string& name, const Words& options = {}, const Environment& environment = {});
  // Any words, at once; the queue's address is in the environment.
  [[nodiscard]] Program program(const Words& words, const std::string& log, Environment environment = {}) const;

  [[nodiscard]] JobId job(std::size_t index) const;
  [[nodiscard]] Standing standing(std::size_t index);
  [[nodiscard]] JobView view(std::size_t index);
  [[nodiscard]] Counts counts();
  [[nodiscard]] std::size_t executions(std::size_t index) const;  // of the program, of this run
  [[nodiscard]] std::map<std::string, std::size_t> executions() const;
  [[nodiscard]] bool waits_for_start(std::size_t index) const;  // until the run has begun
  [[nodiscard]] bool waits_for_end();                           // until all jobs stand in `finished`
  // All have finished, each was noted once, all results are whole, and nothing else is left anywhere.
  void expect_all_finished();
  void expect_nothing_left();

  [[nodiscard]] std::string url() const;  // through the proxy
  [[nodiscard]] fs::path spool() const { return folder_ / "spool"; }
  [[nodiscard]] std::string outcomes(const std::string& worker) const {
    return folder_.read("spool/" + worker + ".outcomes");
  }
  [[nodiscard]] const TestFolder& folder() const { return folder_; }
  [[nodiscard]] RedisServer& server() { return server_; }
  [[nodiscard]] FaultProxy& proxy() { return proxy_; }

 private:
  [[nodiscard]] std::string result_of(std::size_t index) const;

  TestFolder folder_;
  RedisServer server_;
  FaultProxy proxy_;
  std::string gate_;
  std::string campaign_;
  std::size_t runs_ = 0;
  int logs_ = 0;
};

}  // namespace simswarm::jobs
