#include "exec/rooted.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/text.h"
#include "test_folder.h"

namespace simswarm::exec {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr unsigned kUser = 54322;  // that nothing else runs as

// With each way to keep a tree apart that this machine has.
class ATree : public testing::TestWithParam<Apart> {
 protected:
  ATree() : stream_(::open((folder_ / "out").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
    spec_.working_folder = folder_.folder("work");
    ::chmod(spec_.working_folder.c_str(), 0777);
    spec_.environment = {"PATH=/usr/bin:/bin"};
    spec_.stream = stream_.get();
    if (::geteuid() == 0) spec_.run_as = User{kUser, kUser};
  }
  void SetUp() override {
    if (GetParam() < apart_here()) GTEST_SKIP() << "this machine does not let us";
  }
  Result<Rooted> shell(const std::string& script) {
    spec_.argv = {"/bin/sh", "-c", script};
    return start_rooted(spec_, GetParam());
  }

  TestFolder folder_;
  Fd stream_;
  ProcessSpec spec_;
};

INSTANTIATE_TEST_SUITE_P(Apart, ATree, testing::Values(Apart::kWhole, Apart::kMounts, Apart::kBare),
                         [](const auto& info) {
                           return info.param == Apart::kWhole    ? "whole"
                                  : info.param == Apart::kMounts ? "mounts"
                                                                 : "bare";
                         });

TEST_P(ATree, RunsAProgramAndSaysHowItEnded) {
  auto tree = shell("echo out; echo err >&2; exit 3");
  ASSERT_TRUE(tree.has_value()) << error_of(tree);
  EXPECT_EQ(status_of(*tree), 3 << 8);
  end_tree(*tree);
  EXPECT_EQ(folder_.read("out"), "out\nerr\n");
  tree = shell("kill -TERM $$");
  EXPECT_EQ(status_of(*tree), SIGTERM);
  end_tree(*tree);
}

TEST_P(ATree, HasNothingOpenThatIsOurs) {
  const Fd ours(::dup(STDERR_FILENO));  // without close-on-exec
  auto tree = shell("ls /proc/self/fd; sleep 1000");
  ASSERT_TRUE(tree.has_value()) << error_of(tree);
  EXPECT_TRUE(wait_until([&] { return folder_.read("out") == "0\n1\n2\n3\n"; })) << folder_.read("out");
  std::size_t open = 0;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", tree->root))) {
    open += entry.path().empty() ? 0 : 1;
  }
  EXPECT_EQ(open, 4) << "of the root: three streams and its line to us";
  end_tree(*tree);
}

TEST_P(ATree, IsFoundAndEndedWholeWhateverItDid) {
  auto tree = shell(
      "(setsid env -i sh -c 'trap : TERM HUP; touch one; while :; do sleep 1; done' &) ;"
      "setsid sh -c '(env -i setsid sh -c \"touch two; sleep 1000\" &) ; touch three' &"
      "while ! test -e one || ! test -e two || ! test -e three; do :; done; exit 0");
  ASSERT_TRUE(tree.has_value()) << error_of(tree);
  EXPECT_EQ(status_of(*tree), 0);
  const std::vector<pid_t> left = below_root(*tree);
  EXPECT_GE(left.size(), 3);
  end_tree(*tree);
  for (const pid_t pid : left) EXPECT_NE(::kill(pid, 0), 0) << pid;
}

TEST_P(ATree, ThatForksForEverIsEndedWhole) {
  spec_.processes = 400;
  auto tree = shell("bomb() { sleep 1000 & bomb | bomb & bomb; }; bomb");
  ASSERT_TRUE(tree.has_value()) << error_of(tree);
  EXPECT_TRUE(wait_until([&] { return below_root(*tree).size() > 50; })) << below_root(*tree).size();
  end_tree(*tree);
  if (::geteuid() != 0) return;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto status = read_file(entry.path() / "status");
    EXPECT_FALSE(status && status->find(fmt::format("Uid:\t{}", kUser)) != std::string::npos &&
                 status->find("State:\tZ") == std::string::npos)
        << entry.path();
  }
}

TEST_P(ATree, EndsWithTheThreadThatStartedIt) {
  std::vector<pid_t> all;
  std::thread([&] {
    auto tree = shell("setsid env -i sleep 1000 & touch up; sleep 1000");
    ASSERT_TRUE(tree.has_value()) << error_of(tree);
    EXPECT_TRUE(wait_until([&] { return fs::exists(folder_ / "work/up") && below_root(*tree).size() == 3; }));
    all = descendants(tree->root);
  }).join();
  ASSERT_EQ(all.size(), 4);
  EXPECT_EQ(::waitpid(all.front(), nullptr, 0), all.front());
  for (const pid_t pid : all) EXPECT_TRUE(wait_until([&] { return ::kill(pid, 0) != 0; })) << pid;
}

TEST_P(ATree, SaysWhatCouldNotBeDone) {
  spec_.working_folder = folder_ / "none";
  const auto tree = shell("true");
  EXPECT_EQ(error_of(tree),
            "cannot start «/bin/sh»: working folder " + (folder_ / "none").string() + ": No such file or directory");
  spec_.argv = {"no-such-program"};
  EXPECT_THAT(error_of(start_rooted(spec_, GetParam())),
              HasSubstr("program «no-such-program» is in no folder of PATH"));
}

TEST_P(ATree, SeesOtherFoldersWhereMountsCanBeHad) {
  if (GetParam() == Apart::kBare) return;
  folder_.write("hidden/secret", "secret");
  spec_.binds = {{folder_.folder("cover"), folder_ / "hidden"}};
  auto tree = shell("ls -A ../hidden; umount ../hidden 2>/dev/null; cat ../hidden/secret 2>/dev/null; exit 0");
  ASSERT_TRUE(tree.has_value()) << error_of(tree);
  EXPECT_EQ(status_of(*tree), 0);
  end_tree(*tree);
  EXPECT_THAT(folder_.read("out"), IsEmpty());
}

}  // namespace
}  // namespace simswarm::exec
