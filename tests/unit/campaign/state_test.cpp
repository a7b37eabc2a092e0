#include "campaign/state.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <thread>

#include "base/text.h"
#include "test_folder.h"

namespace simswarm::campaign {
namespace {

using testing::HasSubstr;

class State : public testing::Test {
 protected:
  // A process that shows a sign of life and then hangs until it is killed.
  pid_t start_owner(const std::string& owner) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      const auto life = SignOfLife::show(state_, owner);
      ::pause();
      ::_exit(0);
    }
    EXPECT_TRUE(wait_until([&] { return SignOfLife::is_alive(state_, owner); }));
    return pid;
  }
  // A process with that mark and nothing else in its environment.
  static pid_t start_marked(const std::string& mark) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      std::array<const char*, 3> argv{"sleep", "1000", nullptr};
      std::array<const char*, 2> environment{mark.c_str(), nullptr};
      ::execvpe("sleep", const_cast<char**>(argv.data()), const_cast<char**>(environment.data()));
      ::_exit(127);
    }
    EXPECT_TRUE(wait_until([&] {
      return read_file("/proc/" + std::to_string(pid) + "/environ").value_or("") == mark + std::string(1, '\0');
    }));
    return pid;
  }
  static void kill_owner(pid_t pid) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  // Whether somebody holds the lock.
  [[nodiscard]] bool is_locked() const {
    const Fd file(::open((folder_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    return ::flock(file.get(), LOCK_EX | LOCK_NB) != 0;
  }
  TestFolder folder_;
  StateFolder state_{folder_.path()};
};

TEST_F(State, HasAPlaceForEverything) {
  EXPECT_EQ(state_.scratch("01A"), folder_ / "scratch/01A");
  EXPECT_EQ(state_.kept("01A"), folder_ / "kept/01A");
  EXPECT_EQ(state_.attempts(), folder_ / "attempts");
}

TEST_F(State, LocksAreHeldAsLongAsTheyLive) {
  std::optional<FileLock> lock = FileLock::take(folder_ / "lock").value();
  EXPECT_TRUE(is_locked());
  FileLock moved = std::move(*lock);
  lock.reset();
  EXPECT_TRUE(is_locked()) << "a moved lock is still one";
  { const FileLock last = std::move(moved); }
  EXPECT_FALSE(is_locked());
}

TEST_F(State, LocksAreWaitedFor) {
  std::optional<FileLock> lock = FileLock::take(folder_ / "lock").value();
  std::atomic<bool> waiting = false;
  std::atomic<bool> ours = true;
  bool overlapped = false;
  std::thread other([&] {
    waiting = true;
    const auto second = FileLock::take(folder_ / "lock");
    overlapped = ours;
  });
  EXPECT_TRUE(wait_until([&] { return waiting.load(); }));
  // proc(5): in /proc/locks those that wait have «->» behind the number of the lock.
  const std::string inode = ":" + std::to_string(identify(folder_ / "lock").value().inode) + " ";
  EXPECT_TRUE(wait_until([&] {
    const std::string locks = read_file("/proc/locks").value_or("");
    const auto waits = [&](std::string_view line) {
      return line.find("-> FLOCK") != std::string_view::npos && line.find(inode) != std::string_view::npos;
    };
    const auto all = lines(locks);
    return std::any_of(all.begin(), all.end(), waits);
  }));
  ours = false;
  lock.reset();
  other.join();
  EXPECT_FALSE(overlapped);
}

TEST_F(State, LocksThatCannotBeMadeAreAnError) {
  EXPECT_THAT(error_of(FileLock::take(folder_ / "none/lock")), HasSubstr("none/lock: No such file or directory"));
}

TEST_F(State, OwnersAreAliveAsLongAsTheirSignLives) {
  EXPECT_FALSE(SignOfLife::is_alive(state_, "01A"));
  {
    SignOfLife life = SignOfLife::show(state_, "01A").value();
    EXPECT_TRUE(SignOfLife::is_alive(state_, "01A"));
    EXPECT_TRUE(SignOfLife::is_alive(state_, "01A")) << "looking does not end it";
    EXPECT_FALSE(SignOfLife::is_alive(state_, "01B"));
    const SignOfLife moved = std::move(life);
    EXPECT_TRUE(SignOfLife::is_alive(state_, "01A"));
  }
  EXPECT_FALSE(SignOfLife::is_alive(state_, "01A"));
  EXPECT_TRUE(fs::is_empty(folder_ / "alive"));
}

TEST_F(State, OneNameHasOneOwner) {
  const auto life = SignOfLife::show(state_, "01A");
  EXPECT_THAT(error_of(SignOfLife::show(state_, "01A")), HasSubstr("alive/01A: "));
  EXPECT_TRUE(SignOfLife::is_alive(state_, "01A"));
}

TEST_F(State, OwnersAreDeadWhenTheirProcessIs) {
  const pid_t pid = start_owner("01A");
  EXPECT_TRUE(SignOfLife::is_alive(state_, "01A"));
  kill_owner(pid);
  EXPECT_TRUE(fs::exists(folder_ / "alive/01A")) << "its file stays";
  EXPECT_FALSE(SignOfLife::is_alive(state_, "01A"));
}

TEST_F(State, WhatTheDeadLeftIsSwept) {
  kill_owner(start_owner("dead"));
  const auto life = SignOfLife::show(state_, "living");
  folder_.write("scratch/dead/1/layer/x", "");
  folder_.write("scratch/unknown/1/layer/x", "");
  folder_.write("scratch/living/1/layer/x", "");
  ::chmod((folder_ / "scratch/dead/1/layer").c_str(), 0500);
  ASSERT_TRUE(sweep_scratch(state_, {}).has_value());
  EXPECT_FALSE(fs::exists(folder_ / "scratch/dead"));
  EXPECT_FALSE(fs::exists(folder_ / "scratch/unknown"));
  EXPECT_FALSE(fs::exists(folder_ / "alive/dead"));
  EXPECT_TRUE(fs::exists(folder_ / "scratch/living/1/layer/x"));
  EXPECT_TRUE(SignOfLife::is_alive(state_, "living"));
}

TEST_F(State, WhatIsNeededIsNotSwept) {
  folder_.write("scratch/dead/1/layer/x", "verified");
  folder_.write("scratch/other/1/layer/x", "");
  ASSERT_TRUE(sweep_scratch(state_, {folder_ / "scratch/dead/1/layer/x"}).has_value());
  EXPECT_EQ(folder_.read("scratch/dead/1/layer/x"), "verified");
  EXPECT_FALSE(fs::exists(folder_ / "scratch/other"));
}

TEST_F(State, WhatTheDeadLeftRunningIsEnded) {
  folder_.folder("scratch/dead");
  folder_.folder("scratch/de");
  const pid_t stray = start_marked(mark_of("dead") + ".7");
  const pid_t foreign = start_marked(mark_of("deadly") + ".7");
  ASSERT_TRUE(sweep_scratch(state_, {}).has_value());
  int status = 0;
  EXPECT_EQ(::waitpid(stray, &status, 0), stray);
  EXPECT_EQ(status, SIGKILL);
  EXPECT_EQ(::waitpid(foreign, &status, WNOHANG), 0) << "another owner's";
  kill_owner(foreign);
}

TEST_F(State, SweepingNothingIsNoError) {
  EXPECT_TRUE(sweep_scratch(state_, {}).has_value());
}

}  // namespace
}  // namespace simswarm::campaign
