#include "cluster/swarm_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/un.h>

#include <atomic>
#include <thread>

#include "cluster/socket_relay.h"
#include "ssh_server.h"
#include "test_folder.h"

namespace simswarm::cluster {
namespace {

using testing::HasSubstr;

// Answers each caller with what he has said, and much more.
class Service {
 public:
  explicit Service(const fs::path& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(fd_.get(), 16), 0);
    thread_ = std::thread([this] { serve(); });
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    thread_.join();
  }
  static std::string answer(std::string_view question) { return std::string(question) + std::string(3'000'000, '.'); }

 private:
  void serve() const {
    while (true) {
      const Fd caller(::accept(fd_.get(), nullptr, nullptr));
      if (!caller.valid()) return;
      std::string said;
      std::string buffer(4096, '\0');
      for (ssize_t got = 1; got > 0;) {
        got = ::recv(caller.get(), buffer.data(), buffer.size(), 0);
        if (got > 0) said.append(buffer, 0, static_cast<std::size_t>(got));
      }
      const std::string all = said.empty() ? "" : answer(said);
      for (std::size_t at = 0; at < all.size();) {
        const ssize_t put = ::send(caller.get(), all.data() + at, all.size() - at, MSG_NOSIGNAL);
        if (put <= 0) break;
        at += static_cast<std::size_t>(put);
      }
    }
  }

  Fd fd_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::thread thread_;
};

class SwarmConnection : public testing::Test {
 protected:
  SwarmConnection() { ::setenv("SIMSWARM_SWARMS_FOLDER", (folder_ / "swarms").c_str(), 1); }
  ~SwarmConnection() override {
    for (const char* name : {"SIMSWARM_SWARMS_FOLDER", "SIMSWARM_SSH"}) ::unsetenv(name);
  }

  TestFolder folder_;
};

// keep_connection() in a process, as it is used.
class Kept {
 public:
  Kept(const Connection& connection, const fs::path& log) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const Status ended = keep_connection(
        connection, [&](const std::string& line) { std::ofstream(log, std::ios::app) << line << "\n"; });
    ::_exit(ended ? 0 : 1);
  }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() {
    ::kill(pid_, SIGTERM);
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }

 private:
  pid_t pid_ = 0;
};

TEST_F(SwarmConnection, ComesAgainWithTheSamePortsWhenTheLineBreaks) {
  SshServer server;
  ::setenv("SIMSWARM_SSH", server.words().c_str(), 1);
  const Service service(folder_ / "redis.sock");
  const Connection connection{"lab",
                              "there",
                              {{"queue", (folder_ / "redis.sock").string(), free_port(), 6379},
                               {"store", (folder_ / "none.sock").string(), free_port(), 27017}}};
  const int port = connection.forwards.front().port;
  const auto answers = [&] { return asked_on(port, "hello") == Service::answer("hello"); };
  const Kept kept(connection, folder_ / "log");
  ASSERT_TRUE(wait_until(answers)) << folder_.read("log");
  EXPECT_EQ(folder_.read("log"), "");
  EXPECT_EQ(asked_on(connection.forwards.back().port, "hello"), "");
  server.end_connections();
  ASSERT_TRUE(wait_until([&] { return folder_.read("log").find("no line to there") != std::string::npos; }));
  EXPECT_TRUE(wait_until(answers)) << folder_.read("log");
  server.stop();
  ASSERT_TRUE(wait_until([&] { return folder_.read("log").find("Connection refused") != std::string::npos; }));
  server.start();
  EXPECT_TRUE(wait_until(answers)) << folder_.read("log");
}

TEST_F(SwarmConnection, HasPagesOnPortsWithoutSshOnTheManager) {
  const Service service(folder_ / "dashboard.sock");
  const Connection connection{"lab",
                              "",
                              {{"queue", "/none/redis.sock", 0, 6379},
                               {"dashboard", (folder_ / "dashboard.sock").string(), free_port(), 9181},
                               {"visualizer", (folder_ / "later.sock").string(), free_port(), 8080}}};
  const Kept kept(connection, folder_ / "log");
  const auto answers = [&](std::size_t i) {
    return asked_on(connection.forwards[i].port, "page") == Service::answer("page");
  };
  EXPECT_TRUE(wait_until([&] { return answers(1); }));
  EXPECT_EQ(asked_on(connection.forwards[2].port, "page"), "");
  const Service later(folder_ / "later.sock");  // a service that has come again
  EXPECT_TRUE(wait_until([&] { return answers(2); }));
  std::vector<std::thread> many;
  std::atomic<int> good = 0;
  for (int i = 0; i < 40; ++i) many.emplace_back([&] { good += answers(1) ? 1 : 0; });
  for (std::thread& one : many) one.join();
  EXPECT_EQ(good, 40);  // more than its queue of callers holds
}

TEST_F(SwarmConnection, TakesTheUsualPortsOrOthers) {
  SwarmRecord record;
  record.name = "lab";
  record.manager = "there";
  const fs::path folder = manager_folder("lab");
  ManagerSide side;
  side.sockets = {(folder / "mongo/other.sock").string(), (folder / "redis/redis.sock").string()};
  const auto first = plan_connection(record, side, std::nullopt);
  ASSERT_TRUE(first) << error_of(first);
  EXPECT_EQ(first->find("store")->socket, (folder / "mongo/other.sock").string());
  EXPECT_EQ(first->find("dashboard")->socket, (folder / "pages/dashboard.sock").string());
  Connection before = *first;
  before.forwards[2].port = free_port();
  const auto second = plan_connection(record, side, before);
  EXPECT_EQ(second->forwards[2].port, before.forwards[2].port);
  EXPECT_TRUE(leads_there(*second, record, side));
  EXPECT_TRUE(leads_there(*second, record, {}));
  side.sockets[0] = (folder / "mongo/mongodb-27017.sock").string();
  EXPECT_FALSE(leads_there(*second, record, side));
  record.manager = "";
  EXPECT_FALSE(leads_there(*second, record, {}));
  const auto here = plan_connection(record, side, std::nullopt);
  EXPECT_EQ(here->find("queue")->port, 0);
  EXPECT_NE(here->find("dashboard")->port, 0);
}

TEST_F(SwarmConnection, GivesUrlsWithPasswords) {
  Connection connection{
      "lab", "there", {{"queue", "/m/redis.sock", 6379, 6379}, {"store", "/m/db.sock", 27018, 27017}}};
  EXPECT_EQ(queue_through(connection, "p@ss"), "redis://:p%40ss@127.0.0.1:6379");
  EXPECT_EQ(store_through(connection, "", "word"), "mongodb://simswarm:word@127.0.0.1:27018/simswarm?authSource=admin");
  EXPECT_EQ(store_through(connection, "mongodb://tasks.mongo:27017/other", "word"), "mongodb://127.0.0.1:27018/other");
  EXPECT_EQ(store_through(connection, "mongodb://db.example/other", "word"), "mongodb://db.example/other");
  for (Forward& one : connection.forwards) one.port = 0;
  EXPECT_EQ(queue_through(connection, "word"), "unix://:word@/m/redis.sock");
  EXPECT_EQ(store_through(connection, "", "word"), "mongodb://simswarm:word@%2Fm%2Fdb.sock/simswarm?authSource=admin");
}

TEST_F(SwarmConnection, IsKeptInAFileWithoutSecrets) {
  const Connection connection{"lab", "there", {{"queue", "/m/redis.sock", 6379, 6379}}};
  const auto again = connection_from_json(to_json(connection));
  ASSERT_TRUE(again) << error_of(again);
  EXPECT_EQ(*again, connection);
  EXPECT_EQ(error_of(connection_from_json("[")), "it is no JSON");
  EXPECT_THAT(error_of(connection_from_json(R"({"version":2})")), HasSubstr("of another version than 1"));
  EXPECT_THAT(error_of(connection_from_json(R"({"version":1})")), HasSubstr("it is damaged"));
}

TEST_F(SwarmConnection, AsksTheManagerOnce) {
  // The manager's folder is another one in the test.
  folder_.script("ssh", fmt::format("for last; do :; done\nexec sh -c \"$(printf %s \"$last\" | sed "
                                    "s,/var/lib/simswarm-swarm,{},)\"",
                                    folder_.path().string()));
  ::setenv("SIMSWARM_SSH", (folder_ / "ssh").c_str(), 1);
  const Machine manager = *Machine::at("there");
  const auto nothing = look_at_manager(manager, "lab");
  ASSERT_TRUE(nothing) << error_of(nothing);
  EXPECT_TRUE(nothing->sockets.empty() && nothing->client.empty());
  folder_.folder("lab/redis");
  const Service service(folder_ / "lab/redis/redis.sock");
  folder_.write("lab/mongo/no.sock", "no socket");
  folder_.write("lab/client.json", "{\"a\": 1}\n");
  const auto side = look_at_manager(manager, "lab");
  ASSERT_TRUE(side) << error_of(side);
  EXPECT_THAT(side->sockets, testing::ElementsAre((folder_ / "lab/redis/redis.sock").string()));
  EXPECT_EQ(side->client, "{\"a\": 1}");
}

TEST_F(SwarmConnection, SaysThatAPortCannotBeListenedOn) {
  const SshServer other;
  EXPECT_THAT(error_of(relay_ports({{other.port(), "/none"}}, -1)),
              HasSubstr(fmt::format("127.0.0.1:{}: Address already in use", other.port())));
}

}  // namespace
}  // namespace simswarm::cluster
