#include "worker/node_room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::worker {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kMiB = 1024 * 1024;

// A machine with 1000 MiB, of which 50 are never promised.
class RoomOfANode : public testing::Test {
 protected:
  NodeRoom room(const Seats* seats = nullptr, std::optional<std::uint64_t> least_free = 1) {
    return NodeRoom({folder_.path()}, least_free, seats, [this] { return Memory{available_ * kMiB, 1000 * kMiB}; });
  }
  std::unique_ptr<Seats> seat() {
    return Seats::take(
               {folder_ / "seats", 4, 1}, [] { return false; }, -1, [](const std::string&) {})
        .value();
  }
  // A run of this kind has used so many MiB.
  static void learn(NodeRoom& room, const std::string& kind, std::uint64_t peak) {
    room.began(99, kind);
    room.ended(99, peak * kMiB);
  }
  // Numbers of the machine are not asked for again within a tenth of a second.
  static bool comes_to_fit(NodeRoom& room, const std::string& kind) {
    return wait_until([&] { return room.fits(kind); });
  }

  TestFolder folder_;
  std::uint64_t available_ = 1000;  // MiB
};

TEST_F(RoomOfANode, IsThereForWhatNobodyKnows) {
  NodeRoom one = room();
  EXPECT_TRUE(one.fits("a"));
  one.began(1, "a");
  available_ = 1;
  EXPECT_TRUE(one.fits("a"));
}

TEST_F(RoomOfANode, IsCountedWithWhatRunningOnesAreStillGoingToUse) {
  NodeRoom one = room();
  learn(one, "a", 400);
  ASSERT_TRUE(one.fits("a"));
  one.began(1, "a");
  available_ = 900;  // the first has 100 of its 400 so far: 300 more
  one.look({{1, 100 * kMiB}});
  ASSERT_TRUE(comes_to_fit(one, "a"));
  one.began(2, "a");
  one.look({{1, 100 * kMiB}, {2, 0}});
  EXPECT_FALSE(one.fits("a"));
  one.ended(1, 400 * kMiB);
  EXPECT_TRUE(comes_to_fit(one, "a"));
}

TEST_F(RoomOfANode, IsAlwaysThereForOneRun) {
  NodeRoom one = room();
  learn(one, "a", 5000);
  available_ = 10;
  EXPECT_TRUE(one.fits("a"));
}

TEST_F(RoomOfANode, IsAskedForRunsOfTheirOwnKind) {
  NodeRoom one = room();
  learn(one, "large", 900);
  learn(one, "small", 100);
  learn(one, "", 900);
  one.began(1, "small");
  EXPECT_FALSE(one.fits("large"));
  EXPECT_TRUE(one.fits("small"));
  EXPECT_TRUE(one.fits(""));
}

TEST_F(RoomOfANode, IsSharedByItsWorkers) {
  const auto first = seat();
  const auto second = seat();
  NodeRoom one = room(first.get());
  NodeRoom two = room(second.get());
  learn(one, "a", 600);
  ASSERT_TRUE(one.fits("a"));
  EXPECT_FALSE(two.fits("a")) << "what has been learned and what is about to start is known to all";
  one.began(1, "a");
  EXPECT_FALSE(two.fits("a"));
  available_ = 500;
  one.look({{1, 500 * kMiB}});  // 500 left, 100 of them promised
  EXPECT_TRUE(wait_until([&] { return !two.fits("a"); }));
  one.ended(1, 600 * kMiB);
  EXPECT_TRUE(two.fits("a")) << "now it is the only one";
}

TEST_F(RoomOfANode, IsSaidToBeMissingWhenItIsForAWhile) {
  NodeRoom one = room();
  learn(one, "a", 600);
  one.began(1, "a");
  EXPECT_FALSE(one.fits("a"));
  EXPECT_EQ(one.obstacle(), "") << "for a moment jobs wait here";
  ASSERT_TRUE(wait_until([&] { return !one.obstacle().empty(); }));
  EXPECT_EQ(
      one.obstacle(),
      "the next run may need 600.0 MiB of memory, more than is left here beside those that run: nothing new starts "
      "until there is more");
  one.ended(1, 600 * kMiB);
  EXPECT_EQ(one.obstacle(), "");
}

TEST_F(RoomOfANode, IsNoneOnAFullDisk) {
  NodeRoom one = room(nullptr, ~std::uint64_t{0} / 2);
  const std::string said = one.obstacle();
  EXPECT_THAT(said, HasSubstr(" free where " + folder_.path().string() + " is, less than "));
  EXPECT_THAT(said, HasSubstr(" (--min-free): nothing new starts until there is more"));
  folder_.write("more", std::string(100'000, 'x'));
  EXPECT_EQ(one.obstacle(), said) << "numbers that change are not said again";
}

// As containers see their limits.
class MemoryOfAMachine : public testing::Test {
 protected:
  MemoryOfAMachine() { folder_.write("proc/meminfo", "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:   800 kB\n"); }
  void expect(std::uint64_t available, std::uint64_t total) const {
    const Memory memory = memory_of_machine(folder_.path());
    EXPECT_EQ(memory.available, available * 1024);
    EXPECT_EQ(memory.total, total * 1024);
  }
  TestFolder folder_;
};

TEST_F(MemoryOfAMachine, IsWhatTheKernelSays) {
  expect(800, 1000);
}

TEST_F(MemoryOfAMachine, IsLimitedByTheSecondKindOfGroups) {
  folder_.write("sys/fs/cgroup/memory.max", "512000\n");
  folder_.write("sys/fs/cgroup/memory.current", "204800\n");
  folder_.write("sys/fs/cgroup/memory.stat", "anon 1\nactive_file 51200\ninactive_file 51200\n");
  expect(400, 500);
  folder_.write("sys/fs/cgroup/memory.max", "max\n");
  expect(800, 1000);
}

TEST_F(MemoryOfAMachine, IsLimitedByTheFirstKindOfGroups) {
  folder_.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "512000\n");
  folder_.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "204800\n");
  folder_.write("sys/fs/cgroup/memory/memory.stat", "cache 1\ntotal_inactive_file 102400\ntotal_active_file 0\n");
  expect(400, 500);
  folder_.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  expect(800, 1000);
}

}  // namespace
}  // namespace simswarm::worker
