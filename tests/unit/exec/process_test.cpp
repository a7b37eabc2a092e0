#include "exec/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "test_folder.h"

namespace simswarm::exec {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AProcess : public testing::Test {
 protected:
  AProcess() {
    spec_.working_folder = folder_.folder("work");
    // Who reads the gate waits: nobody ever writes to it.
    EXPECT_EQ(::mkfifo((folder_ / "work/gate").c_str(), 0600), 0);
    spec_.output = folder_ / "out";
    spec_.errors = folder_ / "err";
    spec_.environment = {"PATH=/usr/bin:/bin", "GREETING=hello world"};
  }
  ~AProcess() override {
    for (const pid_t pid : running_) {
      signal_tree(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
  }
  // Starts a shell with that script.
  Result<Started> shell(const std::string& script) {
    spec_.argv = {"/bin/sh", "-c", script};
    auto started = start(spec_);
    if (started) running_.push_back(started->pid);
    return started;
  }
  // Runs it to its end; gives its wait status.
  int run(const std::string& script) {
    const auto started = shell(script);
    EXPECT_TRUE(started.has_value()) << error_of(started);
    return started ? wait(started->pid) : -1;
  }
  int wait(pid_t pid) {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    running_.erase(std::remove(running_.begin(), running_.end(), pid), running_.end());
    return status;
  }
  // The number that a process has written into a file of the working folder.
  pid_t pid_in(const std::string& name) {
    EXPECT_TRUE(wait_until([&] { return !trim(folder_.read("work/" + name)).empty(); })) << name;
    return static_cast<pid_t>(parse_int(trim(folder_.read("work/" + name))).value_or(-1));
  }

  TestFolder folder_;
  ProcessSpec spec_;
  std::vector<pid_t> running_;
};

bool is_gone(pid_t pid) {
  const auto stat = read_file(fmt::format("/proc/{}/stat", pid));
  return !stat || stat->find(") Z ") != std::string::npos;
}

TEST_F(AProcess, WritesWhereItIsTold) {
  EXPECT_EQ(run("echo out; echo err >&2; exit 3"), 3 << 8);
  EXPECT_EQ(folder_.read("out"), "out\n");
  EXPECT_EQ(folder_.read("err"), "err\n");
}

TEST_F(AProcess, HasItsFolderAndItsEnvironmentAndNoOther) {
  ::setenv("SIMSWARM_TEST_LEAK", "1", 1);
  EXPECT_EQ(run("pwd; echo \"$GREETING\"; echo \"$SIMSWARM_TEST_LEAK\"; cat"), 0);
  ::unsetenv("SIMSWARM_TEST_LEAK");
  EXPECT_EQ(folder_.read("out"), (folder_ / "work").string() + "\nhello world\n\n") << "and reads nothing";
}

TEST_F(AProcess, GetsItsWordsAsTheyAre) {
  spec_.argv = {"/bin/sh", "-c", "for w in \"$@\"; do echo \"[$w]\"; done", "sh", "a b", "", "*", "$x", "größe"};
  const auto started = start(spec_);
  ASSERT_TRUE(started.has_value()) << error_of(started);
  EXPECT_EQ(wait(started->pid), 0);
  EXPECT_EQ(folder_.read("out"), "[a b]\n[]\n[*]\n[$x]\n[größe]\n");
}

TEST_F(AProcess, HasOpenNothingButItsThreeStreams) {
  const Fd ours(::dup(STDERR_FILENO));  // without close-on-exec
  EXPECT_EQ(run("ls /proc/self/fd"), 0);
  EXPECT_EQ(folder_.read("out"), "0\n1\n2\n3\n") << "3 is the folder that ls reads";
}

TEST_F(AProcess, LeadsASessionOfItsOwnAndHasDefaultSignals) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const auto old = ::signal(SIGUSR1, SIG_IGN);
  const auto started = shell("grep -E '^Sig(Blk|Ign)' /proc/self/status; cut -d' ' -f6 /proc/$$/stat; echo $$");
  ::signal(SIGUSR1, old);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(started.has_value()) << error_of(started);
  EXPECT_EQ(wait(started->pid), 0);
  const std::string pid = std::to_string(started->pid);
  EXPECT_EQ(folder_.read("out"), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n" + pid + "\n" + pid + "\n");
}

TEST_F(AProcess, TellsThroughADescriptorWhenItHasEnded) {
  const auto started = shell("read line < gate").value();
  pollfd polled{started.pidfd.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&polled, 1, 0), 0) << "it runs";
  ::kill(started.pid, SIGKILL);
  EXPECT_EQ(::poll(&polled, 1, 30'000), 1);
  EXPECT_EQ(wait(started.pid), SIGKILL);
}

TEST_F(AProcess, ThatIsNotThereCannotStart) {
  spec_.argv = {"./model"};
  EXPECT_EQ(error_of(start(spec_)), "program «./model» is not there (looked in " + (folder_ / "work").string() + ")");
  EXPECT_FALSE(fs::exists(folder_ / "out")) << "nothing has run";
}

TEST_F(AProcess, WhoseInterpreterIsNotThereCannotStart) {
  const auto before = descendants(::getpid());
  folder_.write("work/model", "#!/none/interpreter\n");
  ::chmod((folder_ / "work/model").c_str(), 0755);
  spec_.argv = {"./model"};
  EXPECT_EQ(error_of(start(spec_)),
            "cannot start «./model»: start " + (folder_ / "work/./model").string() + ": No such file or directory");
  EXPECT_EQ(descendants(::getpid()), before) << "and leaves no process behind";
}

TEST_F(AProcess, WithoutItsFolderCannotStart) {
  spec_.working_folder = folder_ / "none";
  EXPECT_EQ(error_of(shell("true")),
            "cannot start «/bin/sh»: working folder " + (folder_ / "none").string() + ": No such file or directory");
}

TEST_F(AProcess, RunsAsAnotherUserWhereThatCanBeHad) {
  spec_.run_as = User{65534, 65533};
  const auto started = shell("id -u; id -g; id -G");
  if (::geteuid() == 0) {
    ASSERT_TRUE(started.has_value()) << error_of(started);
    EXPECT_EQ(wait(started->pid), 0);
    EXPECT_EQ(folder_.read("out"), "65534\n65533\n65533\n");
  } else {
    EXPECT_EQ(error_of(started), "cannot start «/bin/sh»: change of user: Operation not permitted");
  }
}

TEST_F(AProcess, GetsNoFurtherRights) {
  EXPECT_EQ(run("grep NoNewPrivs /proc/self/status"), 0);
  EXPECT_EQ(folder_.read("out"), "NoNewPrivs:\t1\n");
}

TEST_F(AProcess, DiesWithUs) {
  const pid_t parent = ::fork();
  if (parent == 0) {
    const auto started = shell("echo $$ > pid; read line < gate");
    ::pause();
    ::_exit(0);
  }
  const pid_t child = pid_in("pid");
  EXPECT_FALSE(is_gone(child));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_TRUE(wait_until([&] { return is_gone(child); }));
}

TEST_F(AProcess, HasDescendantsThatAreFoundAndEnded) {
  const auto started = shell("sh -c 'echo $$ > deep; sleep 1000' & echo $! > child; wait").value();
  const pid_t child = pid_in("child");
  const pid_t deep = pid_in("deep");
  EXPECT_THAT(descendants(started.pid), Contains(started.pid));
  EXPECT_THAT(descendants(started.pid), Contains(child));
  EXPECT_THAT(descendants(started.pid), Contains(deep));
  signal_tree(started.pid, SIGKILL);
  EXPECT_EQ(wait(started.pid), SIGKILL);
  EXPECT_TRUE(wait_until([&] { return is_gone(deep) && is_gone(child); }));
}

TEST_F(AProcess, EndsWithAllOfItsSessionWhoseParentIsGone) {
  const auto started = shell("(sh -c 'echo $$ > orphan; sleep 1000' &) ; read line < gate").value();
  const pid_t orphan = pid_in("orphan");
  ASSERT_TRUE(wait_until([&] {
    const auto tree = descendants(started.pid);
    return std::find(tree.begin(), tree.end(), orphan) == tree.end();
  }));
  signal_tree(started.pid, SIGKILL);
  EXPECT_TRUE(wait_until([&] { return is_gone(orphan); }));
}

TEST_F(AProcess, IsFoundByItsMark) {
  spec_.environment.emplace_back("MARK=unit.7");
  const auto started = shell("echo $$ > pid; read line < gate").value();
  (void)pid_in("pid");
  EXPECT_THAT(marked("MARK=unit.7"), ElementsAre(started.pid));
  EXPECT_THAT(marked("MARK=unit."), ElementsAre(started.pid)) << "by the beginning of an entry";
  EXPECT_THAT(marked("ARK=unit.7"), IsEmpty());
}

TEST_F(AProcess, CountsTheMemoryOfItsWholeTree) {
  // Each of two processes holds a text of 24 MB.
  const std::string hold = "x=$(head -c 24000000 /dev/zero | tr \"\\0\" x); echo $$ > ";
  const auto started = shell("sh -c '" + hold + "one; read line < gate' & " + hold + "two; wait").value();
  (void)pid_in("one");
  (void)pid_in("two");
  const std::uint64_t whole = tree_usage(started.pid).memory;
  EXPECT_GT(whole, 48'000'000U);
  EXPECT_LT(whole, 400'000'000U);
  EXPECT_EQ(tree_usage(999'999'999).memory, 0U) << "of a process that is gone";
}

TEST(Programs, AreLookedForAsExecvpDoes) {
  const TestFolder folder;
  const fs::path here = folder.script("model", "");
  folder.script("bin/tool", "");
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", ("/none:bin:" + path).c_str(), 1);
  EXPECT_EQ(find_program("tool", folder.path()).value(), folder / "bin/tool") << "PATH may be relative";
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(find_program("./model", folder.path()).value().lexically_normal(), here);
  EXPECT_EQ(find_program(here.string(), "/").value(), here);
  EXPECT_EQ(find_program("sh", folder.path()).value().filename(), "sh");
}

TEST(Programs, ThatCannotBeHadSayWhy) {
  const TestFolder folder;
  folder.script("model", "");
  folder.write("text", "");
  folder.folder("sub");
  const std::string where = folder.path().string();
  EXPECT_EQ(error_of(find_program("model", folder.path())),
            "program «model» is in no folder of PATH; did you mean «./model»?");
  EXPECT_EQ(error_of(find_program("nonesuch", folder.path())), "program «nonesuch» is in no folder of PATH");
  EXPECT_EQ(error_of(find_program("./text", folder.path())),
            "program «./text» is no program that can be started (looked in " + where + ")");
  EXPECT_THAT(error_of(find_program("./sub", folder.path())), HasSubstr("is no program that can be started"));
  EXPECT_EQ(error_of(find_program("", folder.path())), "there is no program to start");
  EXPECT_EQ(find_program("x", folder.path()).error().code, ExitCode::kEnvironment);
}

TEST(Programs, InFoldersThatWeMayNotEnterAreAnErrorToo) {
  const TestFolder folder;
  folder.script("locked/model", "");
  ::chmod((folder / "locked").c_str(), 0);
  const auto found = find_program("./locked/model", folder.path());
  EXPECT_EQ(found.has_value(), ::geteuid() == 0) << error_of(found);
  ::chmod((folder / "locked").c_str(), 0755);
}

}  // namespace
}  // namespace simswarm::exec
