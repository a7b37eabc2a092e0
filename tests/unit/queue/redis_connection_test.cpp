#include "queue/redis_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "job_queue_support.h"
#include "listener.h"

namespace simswarm::jobs {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Result<RedisConnection> connect(const std::string& url, int milliseconds = 5000,
                                const Resolver& resolver = system_addresses) {
  SIMSWARM_TRY(const RedisAddress address, parse_redis_url(url));
  return RedisConnection::connect(address, std::chrono::milliseconds(milliseconds), resolver);
}

// What the user reads when it cannot be opened.
std::string complaint(const std::string& url, int milliseconds = 5000, const Resolver& resolver = system_addresses) {
  const auto connection = connect(url, milliseconds, resolver);
  EXPECT_FALSE(connection.has_value());
  if (connection.has_value()) return "";
  EXPECT_THAT(connection.error().message, AllOf(Not(HasSubstr(kTestPassword)), Not(HasSubstr("\n"))));
  EXPECT_EQ(connection.error().code, ExitCode::kEnvironment);
  return connection.error().message;
}

std::string socket_url(const std::string& login, const RedisServer& server) {
  return "unix://" + login + server.socket();
}

TEST(RedisConnection, GivesRepliesOfAllKinds) {
  RedisServer& server = SharedRedis::fresh();
  auto connection = server.connect();
  ASSERT_TRUE(connection.has_value());
  const auto ask = [&](const std::vector<std::string>& words) { return good(connection->command(words)); };
  EXPECT_EQ(ask({"SET", "k", std::string("a\0b", 3)}).text, "OK");
  EXPECT_EQ(ask({"GET", "k"}).text, std::string("a\0b", 3));
  EXPECT_TRUE(ask({"GET", "nothing"}).is_null());
  EXPECT_EQ(ask({"STRLEN", "k"}).integer, 3);
  EXPECT_EQ(ask({"MGET", "k", "nothing"}).list.size(), 2U);
  const auto wrong = connection->command({"LPUSH", "k", "x"});
  ASSERT_FALSE(wrong.has_value());
  EXPECT_THAT(wrong.error().message, HasSubstr(": LPUSH: the server says: WRONGTYPE "));
}

TEST(RedisConnection, KnowsTheDatabaseAndTheUser) {
  RedisServer& server = SharedRedis::fresh();
  server.command({"ACL", "SETUSER", "runner", "on", ">other", "~rq:*", "+@all"});
  auto connection = connect(socket_url("runner:other@", server) + "?db=3");
  ASSERT_TRUE(connection.has_value()) << connection.error().message;
  ASSERT_TRUE(connection->command({"SET", "rq:k", "v"}).has_value());
  EXPECT_TRUE(server.command({"GET", "rq:k"}).is_null()) << "that is database 0";
  const auto refused = connection->command({"SET", "k", "v"});
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("?db=3: the user of the URL may not do this (SET: NOPERM"));
  EXPECT_THAT(refused.error().message, StartsWith("queue unix://runner@/"));
}

TEST(RedisConnection, SaysWhenThePasswordIsMissingOrWrong) {
  RedisServer& server = SharedRedis::fresh();
  EXPECT_THAT(complaint(socket_url("", server)),
              HasSubstr("the server wants a password; write it into the URL, redis://[user]:password@host"));
  EXPECT_THAT(complaint(socket_url(":wr0ng@", server)),
              AllOf(HasSubstr("the server refuses the user or the password of the URL"), Not(HasSubstr("wr0ng"))));
  EXPECT_THAT(complaint(socket_url(std::string("nobody:") + kTestPassword + "@", server)),
              HasSubstr("the server refuses the user or the password of the URL"));
  EXPECT_THAT(
      complaint(server.url() + "?db=99"),
      HasSubstr("?db=99: the server has no database of the URL's number (SELECT: ERR DB index is out of range)"));
}

TEST(RedisConnection, SaysWhenNobodyIsThere) {
  Listener listener;
  const std::string url = listener.url();
  listener.close();
  EXPECT_EQ(complaint(url), "queue " + url + ": cannot connect: Connection refused; is the server running there?");
  EXPECT_EQ(
      complaint("unix:///nowhere/redis.sock"),
      "queue unix:///nowhere/redis.sock: cannot connect: No such file or directory; is the server running there?");
  EXPECT_TRUE(connect(url).error().can_retry);
}

// A host called `many` that has these addresses.
Resolver resolves_to(const std::vector<std::string>& addresses) {
  return [addresses](const std::string& host) -> Result<std::vector<std::string>> {
    EXPECT_EQ(host, "many");
    return addresses;
  };
}

TEST(RedisConnection, SaysThatItMayNotUseTheSocket) {
  RedisServer server;
  ASSERT_EQ(::chmod(server.socket().c_str(), 0), 0);
  const uid_t before = ::geteuid();
  ::setfsuid(before == 0 ? 65534 : before);  // of this thread: to root nothing is forbidden
  const std::string said = complaint("unix://" + server.socket());
  ::setfsuid(before);
  EXPECT_EQ(said, "queue unix://" + server.socket() + ": cannot connect: Permission denied; who may use it?");
}

TEST(RedisConnection, SaysThatTheHostIsNotKnown) {
  const Resolver nobody = [](const std::string& host) -> Result<std::vector<std::string>> {
    return environment_error("host '{}' is not known; is its name right?", host);
  };
  EXPECT_EQ(complaint("redis://managr", 5000, nobody),
            "queue redis://managr:6379: cannot connect: host 'managr' is not known; is its name right?");
}

TEST(RedisConnection, TriesEachAddressOfTheHost) {
  Listener elsewhere;  // gives its port away, which is free on other addresses of the loopback
  const std::string port = std::to_string(elsewhere.port());
  elsewhere.close();
  const RedisServer server({"--port", port, "--bind", "127.0.0.3"});
  const std::string url = std::string("redis://:") + kTestPassword + "@many:" + port;
  auto connection = connect(url, 5000, resolves_to({"127.0.0.1", "127.0.0.2", "127.0.0.3"}));
  ASSERT_TRUE(connection.has_value()) << connection.error().message;
  EXPECT_EQ(complaint(url, 5000, resolves_to({"127.0.0.1", "127.0.0.2"})),
            "queue redis://many:" + port +
                ": cannot connect: Connection refused (127.0.0.1, 127.0.0.2); is the server running there?");
}

TEST(RedisConnection, LeavesTimeForTheLastAddressWhereTheFirstDoNotAnswer) {
  const FullListener full("127.0.0.1");
  const std::string port = std::to_string(full.port());
  const RedisServer server({"--port", port, "--bind", "127.0.0.3"});
  const std::string url = std::string("redis://:") + kTestPassword + "@many:" + port;
  auto connection = connect(url, 2000, resolves_to({"127.0.0.1", "127.0.0.1", "127.0.0.3"}));
  ASSERT_TRUE(connection.has_value()) << connection.error().message;
}

TEST(RedisConnection, ReachesTheServerWithinItsTimeOrGivesUp) {
  const FullListener full("127.0.0.1");
  const std::string port = std::to_string(full.port());
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(
      complaint("redis://127.0.0.1:" + port, 300),
      "queue redis://127.0.0.1:" + port + ": cannot connect: no answer within 0.3 s; is the server running there?");
  EXPECT_EQ(complaint("redis://many:" + port, 300, resolves_to({"127.0.0.1", "127.0.0.1", "127.0.0.2"})),
            "queue redis://many:" + port +
                ": cannot connect: no answer within 0.1 s (127.0.0.1, 127.0.0.1), Connection refused (127.0.0.2); "
                "is the server running there?");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5)) << "and not 300 ms for each address";
}

TEST(RedisConnection, LeavesAResolverBehindThatDoesNotEnd) {
  auto end = std::make_shared<std::promise<void>>();
  auto ended = std::make_shared<std::promise<void>>();
  const Resolver hangs = [end, ended](const std::string&) -> Result<std::vector<std::string>> {
    end->get_future().wait();
    ended->set_value();
    return std::vector<std::string>{"127.0.0.1"};
  };
  EXPECT_EQ(complaint("redis://many", 100, hangs),
            "queue redis://many:6379: cannot connect: nobody says within 0.1 s where host 'many' is; does the name "
            "server work?");
  end->set_value();  // it answers when nobody is there any more
  ended->get_future().wait();
}

TEST(RedisConnection, WaitsNoLongerThanItsTime) {
  Listener listener;  // the kernel connects, and nobody answers
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(complaint(listener.url(), 200), "queue " + listener.url() + ": PING: no answer within 0.2 s");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

TEST(RedisConnection, SaysWhenSomethingElseAnswers) {
  Listener listener;
  std::thread server([&] { listener.serve_once("SSH-2.0-OpenSSH_9.2\r\n"); });
  EXPECT_THAT(complaint(listener.url()), HasSubstr("what answers there does not speak Redis's protocol"));
  server.join();
}

TEST(RedisConnection, SaysWhenAWebServerAnswers) {
  Listener listener;
  std::thread server([&] { listener.serve_once("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"); });
  EXPECT_EQ(complaint(listener.url()),
            "queue " + listener.url() +
                ": PING: what answers there does not speak Redis's protocol (Protocol error, "
                "got \"H\" as reply type byte); look at the port");
  server.join();
}

TEST(RedisConnection, SaysWhenAServerOfTlsAnswers) {
  Listener listener;
  std::thread server([&] { listener.serve_once("\x15\x03\x03\x00\x02\x02\x46"s); });
  EXPECT_THAT(complaint(listener.url()), HasSubstr("(Protocol error, got \"\\x15\" as reply type byte); it speaks TLS: "
                                                   "write rediss://"));
  server.join();
}

TEST(RedisConnection, SaysWhenTheServerHasNoPassword) {
  RedisServer server;
  server.command({"CONFIG", "SET", "requirepass", ""});
  EXPECT_THAT(complaint(server.url()),
              HasSubstr(": the server has no password; leave it out of the URL (AUTH: ERR AUTH <password> called"));
}

TEST(RedisConnection, SaysWhenItIsCutInTheMiddleOfAReply) {
  Listener listener;
  std::thread server([&] { listener.serve_once("$100\r\nabc"); });
  EXPECT_EQ(complaint(listener.url()),
            "queue " + listener.url() +
                ": PING: the server closed the connection; is it just starting, or does it want TLS, rediss://?");
  server.join();
}

TEST(RedisConnection, SaysThatTheServerIsStillLoading) {
  Listener listener;
  std::thread server([&] { listener.serve_once("-LOADING Redis is loading the dataset in memory\r\n"); });
  EXPECT_THAT(complaint(listener.url()), HasSubstr("the server is still reading its data (PING: LOADING"));
  server.join();
}

TEST(RedisConnection, ConnectsOverTcp) {
  Listener free_port;
  const std::string port = std::to_string(free_port.port());
  free_port.close();
  const RedisServer server({"--port", port, "--bind", "127.0.0.1"});
  auto connection = connect(std::string("redis://:") + kTestPassword + "@127.0.0.1:" + port + "/2");
  ASSERT_TRUE(connection.has_value()) << connection.error().message;
  EXPECT_EQ(connection->address().shown(), "redis://127.0.0.1:" + port + "/2");
  EXPECT_TRUE(connection->command({"PING"}).has_value());
}

TEST(RedisConnection, IsMadeAnewAfterTheServerWasKilled) {
  RedisServer server;
  auto connection = server.connect();
  ASSERT_TRUE(connection.has_value());
  ASSERT_TRUE(connection->command({"SET", "k", "v"}).has_value());
  server.kill();
  const auto broken = connection->command({"GET", "k"});
  ASSERT_FALSE(broken.has_value());
  EXPECT_TRUE(broken.error().can_retry);
  EXPECT_FALSE(connection->command({"GET", "k"}).has_value()) << "nobody is there";
  server.start();
  EXPECT_EQ(good(connection->command({"GET", "k"})).text, "v") << "as the append-only file has it";
  EXPECT_EQ(connection->generation(), 2);
}

TEST(RedisConnection, LoadsAScriptThatTheServerHasForgotten) {
  RedisServer& server = SharedRedis::fresh();
  auto connection = server.connect();
  ASSERT_TRUE(connection.has_value());
  const RedisScript echo{"echo", "return {ARGV[1], 7}"};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(good(connection->run(echo, {"x"})).list.at(0).text, "x");
    server.command({"SCRIPT", "FLUSH"});
  }
  const auto broken = connection->run({"broken", "return redis.call('HGET')"}, {});
  ASSERT_FALSE(broken.has_value());
  EXPECT_THAT(broken.error().message, HasSubstr(": broken: the server says: "));
}

TEST(RedisConnection, SaysWhenTheServerIsFullOrOnlyReads) {
  RedisServer server;
  JobQueueOptions options;
  auto queue = good(open_job_queue(server.url(), options));
  server.command({"CONFIG", "SET", "maxmemory", "1"});
  const auto full = queue->enqueue({job("a")});
  ASSERT_FALSE(full.has_value());
  EXPECT_THAT(full.error().message, HasSubstr("the server has no memory left (its maxmemory) (enqueue: "));
  EXPECT_TRUE(full.error().can_retry);
  server.command({"CONFIG", "SET", "maxmemory", "0"});
  server.command({"REPLICAOF", "127.0.0.1", "1"});
  const auto reads = queue->enqueue({job("a")});
  ASSERT_FALSE(reads.has_value());
  EXPECT_THAT(reads.error().message, HasSubstr("the server is a replica that only reads; name its master (enqueue: "));
  EXPECT_TRUE(reads.error().can_retry);
  server.command({"REPLICAOF", "NO", "ONE"});
  EXPECT_EQ(good(queue->enqueue({job("a")})).size(), 1U) << "nothing was left half done";
  EXPECT_EQ(good(queue->counts({"run-1"})).queued, 1U);
}

}  // namespace
}  // namespace simswarm::jobs
