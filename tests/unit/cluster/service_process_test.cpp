#include "cluster/service_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "settings/hosts_private.h"
#include "test_folder.h"

namespace simswarm::cluster {
namespace {

using testing::HasSubstr;

class ServiceProcess : public testing::Test {
 protected:
  ~ServiceProcess() override {
    if (const auto process = recorded(pid_file())) {
      send(*process, SIGKILL);
      EXPECT_TRUE(wait_for_end(*process, std::chrono::seconds(10)));
    }
  }

  [[nodiscard]] fs::path pid_file() const { return folder_ / "pid"; }
  [[nodiscard]] Daemon shell(const std::string& script) const {
    Daemon daemon;
    daemon.argv = {"/bin/sh", "-c", script};
    daemon.environment = {{"PATH", "/usr/bin:/bin"}, {"SIGN", folder_.path().string()}};
    daemon.folder = folder_.path();
    daemon.log = folder_ / "log";
    daemon.pid_file = pid_file();
    daemon.fingerprint = "print";
    return daemon;
  }
  ProcessRecord started(const std::string& script) const {
    EXPECT_EQ(error_of(start(shell(script))), "no error");
    const auto process = recorded(pid_file());
    EXPECT_TRUE(process.has_value());
    return process.value_or(ProcessRecord{});
  }

  TestFolder folder_;
};

TEST_F(ServiceProcess, HasASessionOfItsOwnAndNothingOfOurs) {
  ::setenv("SECRET", "s3cret", 1);
  const ProcessRecord process = started("ulimit -c 0; env; umask; ls -l /proc/self/fd; echo done; exec sleep 1000");
  ASSERT_TRUE(wait_until([&] { return folder_.read("log").find("done") != std::string::npos; }));
  EXPECT_TRUE(runs(process));
  EXPECT_EQ(process.fingerprint, "print");
  EXPECT_EQ(::getsid(process.pid), process.pid);
  const std::string said = folder_.read("log");
  EXPECT_THAT(said, HasSubstr("0077\n"));
  EXPECT_EQ(said.find("s3cret"), std::string::npos);
  EXPECT_THAT(said, HasSubstr("0 -> /dev/null"));
  EXPECT_EQ(said.find("pipe:"), std::string::npos) << said;
  struct stat info {};
  ASSERT_EQ(::stat((folder_ / "log").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  send(process, SIGTERM);
  EXPECT_TRUE(wait_for_end(process, std::chrono::seconds(10)));
  EXPECT_FALSE(runs(process));
  ::unsetenv("SECRET");
}

TEST_F(ServiceProcess, ThatCannotBeStartedIsNotNoted) {
  Daemon daemon = shell("");
  daemon.argv = {"/nowhere/program"};
  EXPECT_EQ(error_of(start(daemon)),
            fmt::format("cannot start «/nowhere/program» in {}: No such file or directory", folder_.path().string()));
  EXPECT_FALSE(recorded(pid_file()).has_value());
  daemon = shell("");
  daemon.folder = folder_ / "nowhere";
  EXPECT_THAT(error_of(start(daemon)), HasSubstr("nowhere: No such file or directory"));
}

// The kernel gives a number again.
TEST_F(ServiceProcess, OfAnotherTimeIsNeverTouched) {
  const ProcessRecord process = started("exec sleep 1000");
  for (const auto& [started, boot] :
       {std::pair{process.started + 1, process.boot}, std::pair{process.started, std::string("another")}}) {
    const ProcessRecord other{process.pid, started, boot, "print"};
    EXPECT_FALSE(runs(other));
    send(other, SIGKILL);
    EXPECT_TRUE(wait_for_end(other, std::chrono::seconds(0)));
  }
  EXPECT_TRUE(runs(process));
}

TEST_F(ServiceProcess, IsUnknownFromAFileThatTellsNothing) {
  for (const char* text : {"", "x", "12 x boot print", "1 100 boot print", "-5 100 boot print", "12 100"}) {
    ASSERT_TRUE(write_private(pid_file(), text).has_value());
    EXPECT_FALSE(recorded(pid_file()).has_value()) << text;
  }
  ASSERT_TRUE(write_private(pid_file(), "12345 100 - print\n").has_value());
  EXPECT_EQ(recorded(pid_file())->pid, 12345);
  ::chmod(pid_file().c_str(), 0666);
  EXPECT_FALSE(recorded(pid_file()).has_value()) << "anybody may have written that";
}

TEST_F(ServiceProcess, LeavesNobodyOfItsSession) {
  const ProcessRecord process =
      started("sleep 1000 & echo $! >child; env -u SIGN sleep 0.3 & echo $! >other; echo ready >ready; wait");
  ASSERT_TRUE(wait_until([&] { return folder_.read("ready") == "ready\n"; }));
  const auto child = static_cast<pid_t>(parse_int(trim(folder_.read("child"))).value_or(0));
  send(process, SIGKILL);
  ASSERT_TRUE(wait_for_end(process, std::chrono::seconds(10)));
  EXPECT_EQ(::kill(child, 0), 0) << "it outlives its parent";
  EXPECT_TRUE(end_session(process, "SIGN=" + folder_.path().string(), std::chrono::seconds(10)));
  const std::string text = read_file(fmt::format("/proc/{}/stat", child)).value_or("");
  EXPECT_TRUE(text.empty() || text.find(") Z ") != std::string::npos) << text;
}

TEST_F(ServiceProcess, OfTheSessionButWithoutItsSignIsNotKilled) {
  const ProcessRecord process = started("sleep 1000 & echo $! >child; echo ready >ready; wait");
  ASSERT_TRUE(wait_until([&] { return folder_.read("ready") == "ready\n"; }));
  const auto child = static_cast<pid_t>(parse_int(trim(folder_.read("child"))).value_or(0));
  send(process, SIGKILL);
  ASSERT_TRUE(wait_for_end(process, std::chrono::seconds(10)));
  EXPECT_FALSE(end_session(process, "SIGN=other", std::chrono::milliseconds(50)));
  EXPECT_EQ(::kill(child, 0), 0);
  EXPECT_TRUE(end_session(process, "SIGN=" + folder_.path().string(), std::chrono::seconds(10)));
}

TEST_F(ServiceProcess, RunsAsAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can start it as another user";
  Daemon daemon = shell("id -un; echo done; exec sleep 1000");
  daemon.user = user_named({"no-such-user", "nobody"});
  ASSERT_TRUE(daemon.user.has_value());
  EXPECT_EQ(daemon.user->name, "nobody");
  EXPECT_EQ(error_of(start(daemon)), "no error");
  EXPECT_TRUE(wait_until([&] { return folder_.read("log") == "nobody\ndone\n"; })) << folder_.read("log");
  EXPECT_TRUE(can_reach(*daemon.user, folder_.path()));
  folder_.folder("closed/inner");
  ::chmod((folder_ / "closed").c_str(), 0700);
  EXPECT_FALSE(can_reach(*daemon.user, folder_ / "closed/inner"));
}

}  // namespace
}  // namespace simswarm::cluster
