// Several executors in one process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "base/text.h"
#include "exec/executor.h"
#include "test_folder.h"

namespace simswarm::exec {
namespace {

using std::chrono::milliseconds;
using testing::IsEmpty;

constexpr milliseconds kLong{30'000};

class TwoExecutors : public testing::Test {
 protected:
  TwoExecutors() { folder_.folder("scratch"); }
  [[nodiscard]] std::unique_ptr<Executor> make(const std::string& project, std::size_t cores = 0) const {
    LayerSpec layer;
    layer.kind = LayerKind::kLinks;
    layer.project = layer.working_folder = folder_.folder(project);
    layer.result_folders = {folder_ / (project + "/results")};
    return make_executor({layer, {}, {}, {}, -1, {}, false, cores});
  }
  void start(Executor& executor, std::uint64_t id, const std::string& script) {
    const std::string mark = fmt::format("SIMSWARM_ATTEMPT=unit{}.{}", ::getpid(), id);
    const Status started =
        executor.start({id, {"/bin/sh", "-c", script}, 1, folder_ / ("scratch/" + std::to_string(id)), {}, mark});
    ASSERT_TRUE(started.has_value()) << error_of(started);
  }
  // Of so many batches, by their ids.
  std::map<std::uint64_t, Ended> wait_for_all(std::size_t count) {
    std::map<std::uint64_t, Ended> ended;
    const std::vector<Executor*> both{first_.get(), second_.get()};
    EXPECT_TRUE(wait_until([&] {
      for (Ended& one : wait_for(both, kLong, {})) ended.emplace(one.id, std::move(one));
      return ended.size() == count;
    }));
    return ended;
  }
  // Tells a script to go on.
  void release() { folder_.write("go", ""); }
  [[nodiscard]] std::string until_released() const {
    return fmt::format("while [ ! -e {} ]; do sleep 0.01; done; ", (folder_ / "go").string());
  }

  TestFolder folder_;
  std::unique_ptr<Executor> first_ = make("first");
  std::unique_ptr<Executor> second_ = make("second");
};

TEST_F(TwoExecutors, AreWaitedForTogether) {
  start(*first_, 1, "pwd; exit 3");
  start(*second_, 2, "pwd; exit 4");
  const auto ended = wait_for_all(2);
  EXPECT_EQ(WEXITSTATUS(ended.at(1).evidence.wait_status), 3);
  EXPECT_EQ(WEXITSTATUS(ended.at(2).evidence.wait_status), 4);
}

TEST_F(TwoExecutors, WakeUpWhenABatchOfEitherEnds) {
  start(*first_, 1, "sleep 1000");
  start(*second_, 2, "true");
  const Monotonic since = system_clock().monotonic();
  EXPECT_EQ(wait_for_all(1).begin()->first, 2U);
  EXPECT_LT(system_clock().monotonic() - since, kLong / 2);
}

TEST_F(TwoExecutors, WatchTheirLimitsWhileTheyAreWaitedFor) {
  start(*second_, 2, "sleep 1000");
  second_->stop(2, Outcome::kCancelled);
  start(*first_, 1, "sleep 1000");
  EXPECT_EQ(wait_for_all(1).at(2).evidence.ended_by_us, Outcome::kCancelled);
}

// Each takes what has become a child of this process for a stray, unless it knows better.
TEST_F(TwoExecutors, LeaveEachOthersProcessesAlone) {
  start(*second_, 2, "exit 7");
  start(*second_, 3, until_released() + "exit 8");
  ASSERT_TRUE(wait_until([&] {  // it has ended, and is not reaped
    siginfo_t info{};
    return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
  }));
  start(*first_, 1, "exit 6");
  std::vector<Ended> ended;
  ASSERT_TRUE(wait_until([&] { return !(ended = first_->wait(kLong, {})).empty(); }));
  EXPECT_EQ(ended.front().strays, 0U);
  release();
  const auto others = wait_for_all(2);
  EXPECT_EQ(WEXITSTATUS(others.at(2).evidence.wait_status), 7) << "reaped by nobody else";
  EXPECT_EQ(WEXITSTATUS(others.at(3).evidence.wait_status), 8);
}

TEST_F(TwoExecutors, GiveNoCoreToTwoBatches) {
  if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) GTEST_SKIP() << "this machine has one core";
  first_ = make("first", 1);
  second_ = make("second", 1);
  const std::string tell = "grep Cpus_allowed_list /proc/self/status; " + until_released();
  start(*first_, 1, tell);
  start(*second_, 2, tell);
  release();
  const auto ended = wait_for_all(2);
  EXPECT_NE(read_file(ended.at(1).evidence.output).value(), read_file(ended.at(2).evidence.output).value());
}

TEST(NoExecutor, IsWaitedForUntilADescriptorIsReadable) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const Fd reading(ends[0]);
  const Fd writing(ends[1]);
  ASSERT_EQ(::write(writing.get(), "x", 1), 1);
  const Monotonic since = system_clock().monotonic();
  EXPECT_THAT(wait_for({}, kLong, {reading.get()}), IsEmpty());
  EXPECT_LT(system_clock().monotonic() - since, kLong / 2);
}

}  // namespace
}  // namespace simswarm::exec
