// Workers are killed at random, again and again, and the server now and then: nothing is lost, and nothing counts
// twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <iostream>
#include <random>

#include "base/text.h"
#include "work_site.h"

namespace simswarm::jobs {
namespace {

struct Chaos {
  std::size_t runs;
  std::chrono::milliseconds between;  // two kills of workers, on average
  std::string lease;                  // shorter than a worker lives: only then it takes back what others have lost
  std::size_t server_kills;
};

bool wants_all() {
  const char* wanted = std::getenv("SIMSWARM_FAULTS");
  return wanted != nullptr && std::string_view(wanted) == "all";
}

class WorkersInChaos : public testing::Test {
 protected:
  static constexpr std::size_t kWorkers = 4;

  Program new_worker() { return site_.worker(fmt::format("worker{}", ++started_), {"--lease", lease_}); }
  // Half to one and a half times as long as on average; less when all is done.
  void passes(std::chrono::milliseconds time) {
    const double part = std::uniform_real_distribution<double>(0.5, 1.5)(random_);
    const auto until = std::chrono::steady_clock::now() + part * time;
    (void)wait_until([&] { return std::chrono::steady_clock::now() >= until; });
  }
  void kill_one() {
    const std::size_t one = std::uniform_int_distribution<std::size_t>(0, kWorkers - 1)(random_);
    workers_[one].kill();
    workers_[one] = new_worker();
    ++kills_;
  }
  void expect_survived(const Chaos& chaos);

  WorkSite site_;
  std::mt19937 random_{20261123};
  std::vector<Program> workers_;
  std::string lease_;
  std::size_t started_ = 0;
  std::size_t kills_ = 0;
};

void WorkersInChaos::expect_survived(const Chaos& chaos) {
  lease_ = chaos.lease;
  for (std::size_t i = 0; i < kWorkers; ++i) workers_.push_back(new_worker());
  // Attempts are lost all the time here; that is not to end a job.
  site_.enqueue(static_cast<int>(chaos.runs), {"--max-lost", "1000"});
  std::size_t server_kills = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(20);
  std::size_t finished = 0;
  while (finished < chaos.runs) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << finished << " of " << chaos.runs << " have finished";
    passes(chaos.between);
    kill_one();
    if (finished > chaos.runs * (server_kills + 1) / (chaos.server_kills + 1) * 9 / 10 &&
        server_kills < chaos.server_kills) {
      site_.server().kill();
      site_.server().start();
      ++server_kills;
    }
    finished = site_.counts().finished;
  }
  EXPECT_EQ(server_kills, chaos.server_kills);
  std::size_t executions = 0;
  for (const auto& [run, count] : site_.executions()) executions += count;
  std::cout << kills_ << " workers and " << server_kills << " servers killed, " << executions << " executions\n";
  for (Program& worker : workers_) worker.send(SIGTERM);
  for (Program& worker : workers_) EXPECT_EQ(worker.wait(), 0) << worker.log();
  site_.expect_all_finished();
}

TEST_F(WorkersInChaos, CompleteEachJobOnce) {
  using std::chrono::milliseconds;
  // ./check --full=queue has the long list.
  expect_survived(wants_all() ? Chaos{10'000, milliseconds(700), "2", 4} : Chaos{300, milliseconds(400), "1", 1});
}

}  // namespace
}  // namespace simswarm::jobs
