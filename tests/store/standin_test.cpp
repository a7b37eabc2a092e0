// The server that the store's tests stand on, tried with a client that is not ours: PyMongo.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include "mongo_server.h"

namespace simswarm::store {
namespace {

// True when the command of standin_client.py went well.
bool client(const std::string& command, const std::string& url) {
  const std::string words = std::string("/usr/bin/python3 '") + STANDIN_CLIENT + "' " + command + " '" + url + "'";
  return std::system(words.c_str()) == 0;
}

bool is_running(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return stat >> number >> name >> state && state != "Z";
}

TEST(Standin, KeepsAFileOfGridFs) {
  MongoServer& server = shared_mongo();
  const std::string url = server.url(server.fresh_database());
  EXPECT_TRUE(client("absent", url));
  EXPECT_TRUE(client("put", url));
  EXPECT_TRUE(client("get", url));
}

TEST(Standin, GivesEachTestADatabaseOfItsOwn) {
  MongoServer& server = shared_mongo();
  EXPECT_TRUE(client("put", server.url(server.fresh_database())));
  EXPECT_TRUE(client("absent", server.url(server.fresh_database())));
}

TEST(Standin, ShowsTheSameOnItsSocket) {
  const MongoServer server;
  EXPECT_TRUE(client("put", server.url("one")));
  EXPECT_TRUE(client("get", server.socket_url("one")));
}

TEST(Standin, RefusesWhoHasNoCertificate) {
  const MongoServer server;
  EXPECT_TRUE(client("refused", server.url_without_certificate("one")));
  EXPECT_TRUE(client("ping", server.url("one")));
}

TEST(Standin, KeepsWhatWasAcknowledgedWhenItIsKilled) {
  MongoServer server;
  const std::string url = server.url("one");
  ASSERT_TRUE(client("put", url));
  for (int time = 0; time < 2; ++time) {
    server.kill_hard();
    EXPECT_TRUE(client("refused", url));
    server.start();
    EXPECT_EQ(server.url("one"), url);
    EXPECT_TRUE(client("get", url));
  }
}

TEST(Standin, StandsStillAndGoesOn) {
  const MongoServer server;
  server.stop_still();
  EXPECT_TRUE(client("refused", server.url("one")));
  EXPECT_TRUE(client("refused", server.socket_url("one")));
  server.go_on();
  EXPECT_TRUE(client("ping", server.url("one")));
}

// A test as it is killed: its server stands still, and it has said which processes and folder it has.
void stand_still_until_killed(const TestFolder& folder) try {
  const MongoServer server;
  server.stop_still();
  std::ofstream(folder / "new") << server.pid() << ' ' << server.database_pid() << ' ' << server.folder().string();
  fs::rename(folder / "new", folder / "pids");
  for (;;) ::pause();
} catch (const std::exception& error) {
  ADD_FAILURE() << error.what();
}

TEST(Standin, EndsWithATestThatIsKilled) {
  const TestFolder folder;
  const pid_t test = ::fork();
  if (test == 0) {
    stand_still_until_killed(folder);
    ::_exit(1);
  }
  EXPECT_TRUE(wait_until([&] { return fs::exists(folder / "pids"); }));
  pid_t standin = 0;
  pid_t postgres = 0;
  std::string left;
  std::ifstream(folder / "pids") >> standin >> postgres >> left;
  EXPECT_TRUE(is_running(standin));
  EXPECT_TRUE(is_running(postgres));
  ::kill(test, SIGKILL);
  ::waitpid(test, nullptr, 0);
  EXPECT_TRUE(wait_until([&] { return !is_running(standin) && !is_running(postgres); }, std::chrono::seconds(10)));
  if (!left.empty()) {
    EXPECT_TRUE(
        wait_until([&] { return remove_tree(left).has_value() && !fs::exists(left); }, std::chrono::seconds(10)));
  }
}

TEST(Standin, IsReplacedByAServerOfOnesOwn) {
  MongoServer server("mongodb://user:word@host:1/admin?tls=true");
  EXPECT_EQ(server.url("one"), "mongodb://user:word@host:1/one?tls=true&authSource=admin");
  EXPECT_EQ(server.socket_url("one"), server.url("one"));
  EXPECT_THROW(server.kill_hard(), std::runtime_error);
  EXPECT_THROW(server.start(), std::runtime_error);
}

TEST(Standin, TakesUrlsAsTheyAreWritten) {
  EXPECT_EQ(with_database("mongodb://host", "one"), "mongodb://host/one");
  EXPECT_EQ(with_database("mongodb://host/", "one"), "mongodb://host/one");
  EXPECT_EQ(with_database("mongodb://host?tls=true", "one"), "mongodb://host/one?tls=true");
  EXPECT_EQ(with_database("mongodb://%2Ftmp%2Fsocket/two", "one"), "mongodb://%2Ftmp%2Fsocket/one");
  EXPECT_EQ(with_database("mongodb://u:w@host", "one"), "mongodb://u:w@host/one?authSource=admin");
  EXPECT_EQ(with_database("mongodb://u:w@host/x?authSource=y", "one"), "mongodb://u:w@host/one?authSource=y");
}

}  // namespace
}  // namespace simswarm::store
