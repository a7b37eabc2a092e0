// What `simswarm worker run` does on a node of a swarm, beside a real server: runs that are kept from the network, and
// that get nothing of the worker's; seats that its workers share; a full disk; a password that changes.
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
  const std::string log = site_.work_burst({"--slots", "1", "--network", "sockets", "--password-file", password});
  const std::string warning = "every user can read " + password + ", runs too: give it mode 0400";
  EXPECT_EQ(log.find(warning) != std::string::npos, ::geteuid() == 0) << log;
  ::unsetenv("SIMSWARM_TEST_SECRET");
  const std::string seen = site_.project().read("a.txt");
  EXPECT_THAT(seen, AllOf(HasSubstr("SIMSWARM_ATTEMPT="), Not(HasSubstr("hush-hush")), Not(HasSubstr(kTestPassword)),
                          Not(HasSubstr(password)), Not(HasSubstr("SIMSWARM_QUEUE"))));
  EXPECT_THAT(seen, HasSubstr("\n0 1 2 3 ")) << "3 is the folder that ls reads";
  EXPECT_THAT(seen, HasSubstr("NoNewPrivs:\t1"));
  if (::geteuid() != 0) return;
  EXPECT_THAT(seen,
              AllOf(Not(HasSubstr("user root\n")), HasSubstr("Groups:\t \n"), HasSubstr("CapBnd:\t0000000000000000")));
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

// Workers of a node share its cores: each has a seat, or waits for one.
TEST_F(WorkerInASwarm, HasASeatOrWaitsForOne) {
  ASSERT_EQ(::setenv("SIMSWARM_CORES", "3", 1), 0);
  const Words seats{"--slots", "1",       "--node",  "host7",  "--seats", site_.outside() / "seats",
                    "--leave", "host7=1", "--leave", "other=3"};
  auto one = site_.worker("one", seats);
  const auto two = site_.worker("two", seats);
  const auto three = site_.started("three", seats);
  const auto four = site_.started("four", seats);
  ASSERT_TRUE(three->says("three: waits for a seat: all 2 seats of this node are taken"));
  ASSERT_TRUE(four->says("four: waits for a seat: all 2 seats of this node are taken"));
  EXPECT_FALSE(site_.is_registered("three"));
  EXPECT_THAT(site_.end(*four), HasSubstr("four: ended: it had no seat yet"));
  one.reset();  // by SIGKILL
  ASSERT_TRUE(wait_until([&] { return site_.is_registered("three"); })) << three->log();
  site_.enqueue_gate("a");
  site_.enqueue_gate("b");
  EXPECT_TRUE(site_.begins("a"));
  EXPECT_TRUE(site_.begins("b"));
  site_.open_gate("a");
  site_.open_gate("b");
  EXPECT_TRUE(site_.becomes("a", State::kFinished));
  EXPECT_TRUE(site_.becomes("b", State::kFinished));
  ::unsetenv("SIMSWARM_CORES");
}

TEST_F(WorkerInASwarm, RefusesSeatsThatANodeDoesNotHave) {
  ASSERT_EQ(::setenv("SIMSWARM_CORES", "2", 1), 0);
  const std::string folder = site_.outside() / "seats";
  site_.expect_refused({"worker", "run", "--seats", folder, "--slots", "3"},
                       "--slots=3: this node has 2 seats (--seats, --leave)");
  site_.expect_refused({"worker", "run", "--leave", "host7"}, "--leave=host7: expected NODE=CORES, like manager=1");
  ::unsetenv("SIMSWARM_CORES");
}

// A node leaves itself one core at least.
TEST_F(WorkerInASwarm, HasASlotForEachCoreThatIsNotLeftToOthers) {
  ASSERT_EQ(::setenv("SIMSWARM_CORES", "4", 1), 0);
  const Words node{"--node", "host7"};
  EXPECT_THAT(site_.end(*site_.worker("one", node + Words{"--leave", "host7=1"})), HasSubstr("one: 3 slots, queues"));
  EXPECT_THAT(site_.end(*site_.worker("two", node + Words{"--leave", "host7=9"})), HasSubstr("two: 1 slot, queues"));
  ::unsetenv("SIMSWARM_CORES");
}

TEST_F(WorkerInASwarm, TakesNothingOnAFullDiskAndSaysSo) {
  const auto full = site_.worker("full", {"--slots", "1", "--min-free", "900000T"});
  ASSERT_TRUE(full->says(" (--min-free): nothing new starts until there is more"));
  site_.enqueue(site_.run_job("a", {"./prog", "a"}));
  const auto listed = [&] { return site_.asked({"worker", "list"})["workers"][0]; };
  EXPECT_TRUE(
      wait_until([&] { return listed()["obstacle"].get<std::string>().find("is, less than ") != std::string::npos; }));
  EXPECT_THAT(
      site_.simswarm({"worker", "list"}).output,
      AllOf(HasSubstr("idle, takes nothing new"), HasSubstr("full: "), HasSubstr(site_.spool().path().string())));
  EXPECT_EQ(site_.details("a").job.state, State::kQueued);
  site_.work_burst({"--slots", "1"});
  EXPECT_EQ(site_.details("a").job.state, State::kFinished) << "by another";
  EXPECT_EQ(site_.end(*full).find("--min-free"), full->log().rfind("--min-free")) << "once";
}

// Passwords are changed while workers run: what runs goes on, and they come back with the new one.
TEST_F(WorkerInASwarm, ReadsItsPasswordAgainWhenTheServerRefusesIt) {
  server_.command({"ACL", "SETUSER", "runner", "on", ">old-secret", "~*", "&*", "+@all"});
  const std::string password = site_.outside().write("password", "old-secret\n");
  const auto one = site_.worker(
      "one", {"--slots", "1", "--queue", "unix://runner@" + server_.socket(), "--password-file", password});
  site_.enqueue_gate("a");
  ASSERT_TRUE(site_.begins("a"));
  server_.command({"ACL", "SETUSER", "runner", "resetpass", ">new-secret"});
  server_.command({"CLIENT", "KILL", "USER", "runner"});
  ASSERT_TRUE(one->says("the server refuses the user or the password of the URL")) << one->log();
  site_.outside().write("password", "new-secret\n");
  ASSERT_TRUE(one->says(" is back after "));
  site_.open_gate("a");
  EXPECT_TRUE(site_.becomes("a", State::kFinished));
  EXPECT_EQ(site_.times_begun("a"), 1U);
  EXPECT_EQ(site_.details("a").job.attempt, 1);
  // Where the file is there before the server wants it, nobody is refused.
  server_.command({"ACL", "SETUSER", "runner", "resetpass", ">third-secret"});
  site_.outside().write("password", "third-secret\n");
  server_.command({"CLIENT", "KILL", "USER", "runner"});
  site_.enqueue(site_.run_job("b", {"./prog", "b"}));
  EXPECT_TRUE(site_.becomes("b", State::kFinished));
  EXPECT_THAT(site_.end(*one), Not(HasSubstr("secret")));
}

TEST_F(WorkerInASwarm, RefusesNetworksThatItDoesNotKnow) {
  site_.expect_refused({"worker", "run", "--network", "privat"},
                       "--network=privat: there are auto, private, sockets and open; did you mean private?");
}

}  // namespace
}  // namespace simswarm::jobs
