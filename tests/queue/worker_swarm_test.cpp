// What `simswarm worker run` does on a node of a swarm, beside a real server: runs that are kept from the network, and
// that get nothing of the worker's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "listener.h"
#include "worker_support.h"

namespace simswarm::jobs {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A port that is free now.
std::string free_port() {
  return std::to_string(Listener().port());
}

// Its server listens on TCP, too, as in a swarm.
class WorkerInASwarm : public testing::Test {
 protected:
  WorkerInASwarm() {
    // $1: the result, $2: the server's port.
    site_.project().write("tries.py", R"(import socket, sys
def attempt(name, what):
    try:
        what()
        return name + ' done'
    except OSError as error:
        return name + ' ' + str(error.strerror)
def loopback():
    server = socket.create_server(('127.0.0.1', 0))
    client = socket.create_connection(server.getsockname())
def redis():
    socket.create_connection(('127.0.0.1', int(sys.argv[2])), 5)
said = [attempt('loopback', loopback), attempt('redis', redis)]
open(sys.argv[1] + '.txt', 'w').write('\n'.join(said) + '\n')
)");
    site_.project().script("tries", "exec python3 tries.py \"$@\"");
    site_.project().script("looks",
                           "env >$1.txt\nls /proc/self/fd | tr '\\n' ' ' >>$1.txt\necho user $(id -un) >>$1.txt\n"
                           "grep -E '^(Groups|Cap|NoNew)' /proc/self/status >>$1.txt");
  }
  // What a run says that tries what it can reach.
  std::string reached(const std::string& network, std::string& log) {
    site_.enqueue(site_.run_job(network, {"./tries", network, port_}));
    log = site_.work_burst({"--slots", "1", "--network", network});
    EXPECT_EQ(site_.details(network).job.state, State::kFinished) << site_.details(network).message;
    return site_.project().read(network + ".txt");
  }

  const std::string port_ = free_port();
  RedisServer server_{{"--bind", "127.0.0.1", "--port", port_}};
  WorkerTest site_{server_};
};

TEST_F(WorkerInASwarm, LetsRunsReachTheServerWhereNothingIsSaid) {
  std::string log;
  EXPECT_EQ(reached("open", log), "loopback done\nredis done\n");
  EXPECT_THAT(log, HasSubstr("network of runs: open, they reach whatever this worker can"));
}

TEST_F(WorkerInASwarm, LetsRunsHaveNoSocketsButUnixOnes) {
  std::string log;
  EXPECT_EQ(reached("sockets", log), "loopback Permission denied\nredis Permission denied\n");
  EXPECT_THAT(log, HasSubstr("network of runs: no sockets but Unix ones\n"));
}

// Where this machine makes none it says so, and takes the other.
TEST_F(WorkerInASwarm, LetsEachRunHaveALoopbackOfItsOwn) {
  std::string log;
  const std::string said = reached("auto", log);
  if (log.find("a private one cannot be made here: ") != std::string::npos) {
    EXPECT_NE(::geteuid(), 0U) << log;
    EXPECT_EQ(said, "loopback Permission denied\nredis Permission denied\n");
    return;
  }
  EXPECT_EQ(said, "loopback done\nredis Connection refused\n");
  EXPECT_THAT(log, HasSubstr("network of runs: private, each has a loopback of its own"));
}

TEST_F(WorkerInASwarm, GivesRunsNothingOfItsOwn) {
  ASSERT_EQ(::setenv("SIMSWARM_TEST_SECRET", "hush-hush", 1), 0);
  const std::string password = site_.outside().write("password", std::string(kTestPassword) + "\n");
  site_.enqueue(site_.run_job("a", {"./looks", "a"}));
  site_.work_burst({"--slots", "1", "--network", "sockets", "--password-file", password});
  ::unsetenv("SIMSWARM_TEST_SECRET");
  const std::string seen = site_.project().read("a.txt");
  EXPECT_THAT(seen, AllOf(HasSubstr("SIMSWARM_ATTEMPT="), Not(HasSubstr("hush-hush")), Not(HasSubstr(kTestPassword)),
                          Not(HasSubstr(password)), Not(HasSubstr("SIMSWARM_QUEUE"))));
  EXPECT_THAT(seen, HasSubstr("\n0 1 2 3 ")) << "3 is the folder that ls reads";
  EXPECT_THAT(seen, HasSubstr("NoNewPrivs:\t1"));
  if (::geteuid() != 0) return;
  EXPECT_THAT(seen, AllOf(Not(HasSubstr("user root\n")), HasSubstr("Groups:\t \n"), HasSubstr("CapBnd:\t0000000000000000")));
}

// Root could undo all of it.
TEST_F(WorkerInASwarm, ExecutesNothingAsRootBehindAFence) {
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chmod(site_.project().path().c_str(), 0700), 0);
  site_.enqueue(site_.run_job("a", {"./looks", "a"}));
  EXPECT_THAT(site_.work_burst({"--slots", "1", "--network", "sockets"}),
              HasSubstr("its runs are kept from the network (--network=sockets), and root could undo that: no other "
                        "user can reach " +
                        site_.project().path().string() + "; name one with --run-as"));
  EXPECT_EQ(site_.details("a").job.state, State::kFailed);
}

TEST_F(WorkerInASwarm, RefusesNetworksThatItDoesNotKnow) {
  site_.expect_refused({"worker", "run", "--network", "privat"},
                       "--network=privat: there are auto, private, sockets and open; did you mean private?");
}

}  // namespace
}  // namespace simswarm::jobs
