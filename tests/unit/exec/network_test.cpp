#include "exec/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/subprocess.h"
#include "base/text.h"
#include "exec/keeper.h"
#include "exec/process.h"
#include "listener.h"
#include "test_folder.h"

namespace simswarm::exec {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

// Each line tries something, and says what came of it.
constexpr const char* kTries = R"(
import ctypes, errno, socket, sys
def attempt(name, what):
    try:
        what()
        print(name, 'done')
    except OSError as error:
        print(name, errno.errorcode[error.errno])
def loopback():
    server = socket.create_server(('127.0.0.1', 0))
    client = socket.create_connection(server.getsockname())
    client.sendall(b'x')
    assert server.accept()[0].recv(1) == b'x'
def outside():
    socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)
def call(number):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, 8, 0) < 0: raise OSError(ctypes.get_errno(), '')
def unix():
    one, other = socket.socketpair()
    one.sendall(b'x')
    assert other.recv(1) == b'x'
attempt('unix', unix)
attempt('loopback', loopback)
attempt('outside', outside)
attempt('udp', lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
attempt('netlink', lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
attempt('ring', lambda: call(425))
)";

class ANetworkOfRuns : public testing::Test {
 protected:
  ANetworkOfRuns() {
    spec_.working_folder = folder_.path();
    spec_.output = folder_ / "out";
    spec_.errors = folder_ / "err";
    spec_.environment = {"PATH=/usr/bin:/bin"};
  }
  // What it printed; its wait status goes to `status_`.
  std::string python(const std::string& script) {
    folder_.write("try.py", script);
    spec_.argv = {"/usr/bin/python3", folder_ / "try.py", std::to_string(server_.port())};
    const auto started = start(spec_);
    EXPECT_TRUE(started.has_value()) << error_of(started);
    if (!started) return {};
    EXPECT_EQ(::waitpid(started->pid, &status_, 0), started->pid);
    return folder_.read("out");
  }

  TestFolder folder_;
  jobs::Listener server_;
  ProcessSpec spec_;
  int status_ = -1;
};

TEST_F(ANetworkOfRuns, IsOpenWhereNothingIsSaid) {
  EXPECT_THAT(python(kTries), HasSubstr("unix done\nloopback done\noutside done\n"));
}

TEST_F(ANetworkOfRuns, HasUnixSocketsAlone) {
  spec_.unix_sockets_only = true;
  EXPECT_EQ(python(kTries), "unix done\nloopback EACCES\noutside EACCES\nudp EACCES\nnetlink EACCES\nring ENOSYS\n")
      << folder_.read("err");
  EXPECT_EQ(status_, 0);
}

TEST_F(ANetworkOfRuns, CanNotBeHadBackByWhatARunStarts) {
  spec_.unix_sockets_only = true;
  EXPECT_THAT(python("import subprocess, sys\n"
                     "print(subprocess.run([sys.executable, '-c', 'import socket; socket.socket()'],"
                     " capture_output=True, text=True).stderr)"),
              HasSubstr("PermissionError: [Errno 13] Permission denied"));
}

// The same call under the number of another architecture would pass a filter that looks at numbers alone.
TEST_F(ANetworkOfRuns, EndsProgramsThatCallAsAnotherArchitecture) {
  if (std::string_view("x86_64") != trim(run(Subprocess{{"uname", "-m"}, "/", {}, {}}).value().output)) return;
  spec_.unix_sockets_only = true;
  (void)python("import ctypes\nctypes.CDLL(None).syscall(0x40000000 | 41, 2, 1, 0)\nprint('still here')");
  ASSERT_TRUE(WIFSIGNALED(status_)) << folder_.read("out");
  EXPECT_EQ(WTERMSIG(status_), SIGSYS);
}

// Where this machine lets us make none it says why.
TEST_F(ANetworkOfRuns, IsPrivateWithALoopback) {
  // As a worker does it: who is not root has a user namespace of his keeper's.
  const auto keeper = Keeper::start({"network-test", "NETWORK_TEST=", {}, ::geteuid() != 0});
  spec_.inside = keeper ? (*keeper)->inside() : Inside{};
  const ChosenNetwork best = best_network(spec_.inside.users);
  if (best.network != Network::kPrivate) {
    EXPECT_NE(::geteuid(), 0U) << best.why;
    EXPECT_THAT(best.why, HasSubstr("a private network"));
    return;
  }
  spec_.own_network = true;
  EXPECT_THAT(python(kTries), StartsWith("unix done\nloopback done\noutside ECONNREFUSED\n")) << folder_.read("err");
  const std::string own = python("import os; print(os.readlink('/proc/self/ns/net'))");
  EXPECT_THAT(own, MatchesRegex("net:.[0-9]+.\n"));
  EXPECT_NE(own, fs::read_symlink("/proc/self/ns/net").string() + "\n");
}

TEST_F(ANetworkOfRuns, LeavesRunsOfRootNoRight) {
  if (::geteuid() != 0) return;  // nobody else can run them as another user
  spec_.run_as = User{65534, 65534};
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  const std::string status = python("print(open('/proc/self/status').read())");
  EXPECT_THAT(status, HasSubstr("Uid:\t65534\t65534\t65534\t65534\nGid:\t65534\t65534\t65534\t65534\n"));
  EXPECT_THAT(status, HasSubstr("\nGroups:\t \n"));
  const std::string none = ":\t0000000000000000\n";
  EXPECT_THAT(status, HasSubstr("\nCapInh" + none + "CapPrm" + none + "CapEff" + none + "CapBnd" + none + "CapAmb" +
                                none + "NoNewPrivs:\t1\n"));
}

TEST_F(ANetworkOfRuns, HoldsForProgramsThatAreAsked) {
  ::setenv("SIMSWARM_TEST_SECRET", "1", 1);
  const Subprocess ours{{"/usr/bin/python3", "-c", "import socket; socket.socket(); print('made')"}, "/", {}, {}};
  Subprocess foreign = ours;
  foreign.is_foreign = true;
  Subprocess environment{{"env"}, "/", {}, {}};
  environment.is_foreign = true;
  EXPECT_EQ(run(foreign).value().output, "made\n");
  ASSERT_TRUE(fence_foreign(Network::kSockets, -1));
  EXPECT_THAT(run(foreign).value().errors, HasSubstr("Permission denied"));
  EXPECT_EQ(run(ours).value().output, "made\n");
  EXPECT_THAT(run(environment).value().output, Not(HasSubstr("SIMSWARM_")));
  fence_foreign_with({});
  ::unsetenv("SIMSWARM_TEST_SECRET");
}

TEST(NamesOfNetworks, AreReadAndWritten) {
  for (const Network one : {Network::kOpen, Network::kSockets, Network::kPrivate})
    EXPECT_EQ(network_from(to_text(one)), one);
  EXPECT_EQ(network_from("auto"), std::nullopt);
}

}  // namespace
}  // namespace simswarm::exec
