// A swarm on this machine: started, used, killed in parts and as a whole, ended.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/subprocess.h"
#include "base/text.h"
#include "services_site.h"

namespace simswarm::cluster {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;

constexpr int kSomethingEnded = 1;  // exit codes
constexpr int kUsage = 2;
constexpr int kEnvironment = 3;

void kill_hard(pid_t pid) {
  ASSERT_GT(pid, 1);
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  ASSERT_TRUE(wait_until([&] { return is_gone(pid); }));
}

class Services : public testing::Test {
 protected:
  // The store of most tests, where a server of MongoDB's protocol is not what they are about.
  void up_small() { site_.services({"up", "--runners", "1", "--distcc", "1", "--store", "directory"}); }
  [[nodiscard]] json state_of(const json& all, const std::string& service) const {
    for (const json& one : all.at("services")) {
      if (one.at("service") == service) return one;
    }
    ADD_FAILURE() << "no service " << service;
    return {};
  }
  void expect_complete(const json& summary, int runs) {
    EXPECT_EQ(summary.value("state", ""), "completed") << summary;
    EXPECT_EQ(summary.value("complete", 0), runs) << summary;
    for (int run = 1; run <= runs; ++run) EXPECT_EQ(site_.result_of(run), fmt::format("run {}\n", run));
  }

  ServicesSite site_;
};

TEST_F(Services, ComeServeAndGo) {
  const json up = site_.services({"up", "--runners", "2", "--distcc", "2", "--store", "mongodb"});
  const auto pids = site_.pids();
  EXPECT_THAT(pids, ElementsAre(Key("builder"), Key("distcc-1"), Key("distcc-2"), Key("mongodb"), Key("postgres"),
                                Key("redis"), Key("runner")));
  EXPECT_EQ(up.at("notes"), json::array());
  for (const auto& [name, pid] : pids) {
    EXPECT_FALSE(is_gone(pid)) << name;
    EXPECT_EQ(::getsid(pid), pid) << name << " ends with no terminal";
  }
  struct stat info {};
  ASSERT_EQ(::stat(site_.hosts().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);

  site_.services({"status"});
  EXPECT_EQ(site_.pids(), pids);
  site_.services({"up"});
  EXPECT_EQ(site_.pids(), pids) << "nothing is started that runs, and options hold";

  const json first = site_.campaign(4);
  expect_complete(first, 4);
  site_.services({"down"});
  for (const auto& [name, pid] : pids) EXPECT_TRUE(is_gone(pid)) << name;
  EXPECT_THAT(processes_with(site_.folder().path().string()), IsEmpty());
  EXPECT_THAT(sockets_below(site_.state()), IsEmpty());
  site_.services({"status"}, kSomethingEnded);
  EXPECT_EQ(site_.pids().at("redis"), 0);

  site_.services({"up"});
  EXPECT_EQ(site_.pids().size(), pids.size());
  Program store = site_.start({SIMSWARM_PROGRAM, "store", "ls", "--json", "--store", site_.host().store});
  EXPECT_EQ(store.wait(), 0);
  EXPECT_THAT(store.log(), HasSubstr(first.at("campaign").get<std::string>())) << "the store has kept its data";

  site_.services({"down", "--forget"});
  EXPECT_FALSE(fs::exists(site_.state()));
  EXPECT_THAT(*read_hosts(site_.hosts()), IsEmpty());
  site_.services({"down"});
}

TEST_F(Services, ShowTheirSecretsToNobody) {
  site_.services({"up", "--distcc", "1"});
  expect_complete(site_.campaign(2), 2);
  const std::string password(trim(site_.folder().read("state/local-services/secret/queue-password")));
  ASSERT_EQ(password.size(), 64U);
  EXPECT_THAT(shown_with(password), IsEmpty());
  {
    const Program leak = site_.start({"/bin/sleep", "1000"}, {{"LEAK", password}});
    EXPECT_TRUE(wait_until([&] { return shown_with(password).size() == 1; })) << "else the look is no look";
  }
  std::size_t looked_at = 0;
  for (const auto& entry : fs::recursive_directory_iterator(site_.state())) {
    struct stat info {};
    ASSERT_EQ(::lstat(entry.path().c_str(), &info), 0);
    if (!S_ISREG(info.st_mode)) continue;
    const std::string name = entry.path().lexically_relative(site_.folder().path()).string();
    const bool has_it = site_.folder().read(name).find(password) != std::string::npos;
    if (!has_it) continue;
    EXPECT_EQ(info.st_mode & 077U, 0U) << name;
    EXPECT_EQ(name.find("/log/"), std::string::npos) << name;
    ++looked_at;
  }
  EXPECT_EQ(looked_at, 2U) << "its file, and Redis' settings";
  const std::string socket = site_.state() / "redis/redis.sock";
  const auto answer =
      run({.argv = {"redis-cli", "-s", socket, "PING"}, .folder = "/", .environment = {}, .run_as = {}});
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(answer->output + answer->errors, HasSubstr("NOAUTH"));
}

// Each killed alone, with all that it has, and all of them together as by a machine without power.
TEST_F(Services, ThatWereKilledComeAgain) {
  site_.services({"up", "--runners", "1", "--distcc", "1", "--store", "mongodb"});
  expect_complete(site_.campaign(2), 2);
  const auto first = site_.services({"status"});
  for (const auto& [name, pid] : site_.pids()) {
    SCOPED_TRACE(name);
    kill_hard(pid);
    const json status = site_.services({"status"}, kSomethingEnded);
    const json dead = state_of(status, name);
    EXPECT_FALSE(dead.at("running"));
    EXPECT_TRUE(dead.contains("last_line"));
    auto before = site_.pids();
    const auto addresses = site_.addresses();
    site_.services({"up"});
    auto after = site_.pids();
    EXPECT_NE(after.at(name), pid);
    EXPECT_EQ(site_.addresses(), addresses) << "ports and sockets stay";
    before.erase(name);
    after.erase(name);
    EXPECT_EQ(after, before);
  }
  expect_complete(site_.campaign(3), 3);
  for (const auto& [name, pid] : site_.pids()) kill_hard(pid);
  site_.services({"up"});
  expect_complete(site_.campaign(4), 4);
}

// After a start of the machine, numbers of processes are those of others.
TEST_F(Services, NeverTouchWhoHasTheirNumbersNow) {
  site_.services({"up", "--runners", "1", "--distcc", "1", "--store", "mongodb"});
  for (const auto& [name, pid] : site_.pids()) kill_hard(pid);
  for (const pid_t pid : processes_with(site_.state().string())) kill_hard(pid);  // what is left of their sessions
  std::vector<Program> strangers;
  std::vector<pid_t> sleeping;
  while (strangers.size() < site_.pids().size()) {
    strangers.push_back(site_.start({"/bin/sleep", "1000"}, {{"STRANGER", site_.folder() / "stranger"}}));
    ASSERT_TRUE(wait_until([&] {
      sleeping = processes_with("STRANGER=" + (site_.folder() / "stranger").string());
      return sleeping.size() == strangers.size();
    }));
  }
  std::size_t next = 0;
  for (const auto& [name, pid] : site_.pids()) {
    const std::string file = "state/local-services/pid/" + name;
    const std::string text = site_.folder().read(file);
    site_.folder().write(file, std::to_string(sleeping[next++]) + text.substr(text.find(' ')));
  }
  const std::string lock = "state/local-services/postgres/data/postmaster.pid";
  const std::string text = site_.folder().read(lock);
  site_.folder().write(lock, std::to_string(sleeping[0]) + text.substr(text.find('\n')));
  site_.services({"status"}, kSomethingEnded);
  site_.services({"up"});
  for (const pid_t pid : sleeping) EXPECT_FALSE(is_gone(pid));
  expect_complete(site_.campaign(2), 2);
  site_.services({"down"});
  for (const pid_t pid : sleeping) EXPECT_FALSE(is_gone(pid));
}

// One that is cut off leaves nothing that the next one does not know of.
TEST_F(Services, AreKnownWheneverTheirStarterIsKilled) {
  for (const char* name : {"redis", "postgres", "distcc-1", "mongodb", "runner"}) {
    SCOPED_TRACE(name);
    Program up =
        site_.start({SIMSWARM_PROGRAM, "services", "up", "--runners", "1", "--distcc", "1", "--store", "mongodb"});
    ASSERT_TRUE(wait_until([&] { return fs::exists(site_.state() / "pid" / name); }));
    up.kill();
    site_.services({"up"});
    const auto pids = site_.pids();
    for (const auto& [service, pid] : pids) EXPECT_FALSE(is_gone(pid)) << service;
    site_.services({"down"});
    EXPECT_TRUE(wait_until([&] { return processes_with(site_.state().string()).empty(); }));
  }
}

TEST_F(Services, TakeAnotherPortWhereTheirsIsTaken) {
  up_small();
  const std::string before = site_.addresses().at("distcc-1");
  site_.services({"down"});
  const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  address.sin_port = ::htons(static_cast<std::uint16_t>(*parse_int(before.substr(before.find(':') + 1))));
  const int yes = 1;
  ::setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  ASSERT_EQ(::bind(other, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(other, 1), 0);
  site_.services({"up"});
  EXPECT_NE(site_.addresses().at("distcc-1"), before);
  EXPECT_THAT(processes_with(site_.addresses().at("distcc-1")), Contains(site_.pids().at("builder")));
  ::close(other);
}

TEST_F(Services, ChangeWhatOptionsChangeAndNothingElse) {
  up_small();
  const auto before = site_.pids();
  EXPECT_TRUE(site_.host().store.starts_with("directory:/"));
  site_.services({"up", "--runners", "3"});
  auto after = site_.pids();
  EXPECT_NE(after.at("runner"), before.at("runner"));
  EXPECT_TRUE(is_gone(before.at("runner")));
  for (const char* same : {"redis", "distcc-1", "builder"}) EXPECT_EQ(after.at(same), before.at(same)) << same;
  site_.services({"up", "--distcc", "0"});
  EXPECT_THAT(site_.pids(), ElementsAre(Key("builder"), Key("redis"), Key("runner")));
  EXPECT_TRUE(is_gone(before.at("distcc-1")));
  expect_complete(site_.campaign(2), 2);
}

TEST_F(Services, HaveDistccServersThatCompile) {
  up_small();
  site_.folder().write("compile/one.cpp", "int one() { return 1; }\n");
  site_.folder().folder("compile/distcc");
  const auto answer = run({.argv = {"distcc", "g++", "-c", "one.cpp", "-o", "one.o"},
                           .folder = site_.folder() / "compile",
                           .environment = {{"DISTCC_HOSTS", site_.addresses().at("distcc-1")},
                                           {"DISTCC_FALLBACK", "0"},
                                           {"DISTCC_DIR", site_.folder() / "compile/distcc"}},
                           .run_as = {}});
  ASSERT_TRUE(answer.has_value()) << error_of(answer);
  EXPECT_EQ(answer->exit_code, 0) << answer->errors;
  EXPECT_THAT(site_.folder().read("state/local-services/log/distcc-1.log"), HasSubstr("COMPILE_OK"));
}

TEST_F(Services, SayWhatIsMissing) {
  const fs::path empty = site_.folder().folder("empty");
  site_.set("PATH", empty);
  EXPECT_EQ(site_.error_of_services({"up"}, kEnvironment),
            "redis-server is not installed: apt-get install redis-server");
  fs::create_symlink("/usr/bin/redis-server", empty / "redis-server");
  EXPECT_EQ(site_.error_of_services({"up", "--distcc", "1", "--store", "directory"}, kEnvironment),
            "distccd is not installed: apt-get install distcc, or --distcc 0");
  site_.set("SIMSWARM_STANDIN", empty / "standin");
  EXPECT_EQ(site_.error_of_services({"up", "--store", "mongodb"}, kEnvironment),
            "SIMSWARM_STANDIN=" + (empty / "standin").string() + " is no program");
}

TEST_F(Services, SayWhatCannotBe) {
  EXPECT_EQ(site_.error_of_services({"start"}, kUsage), "services start: there are up, down and status");
  EXPECT_EQ(site_.error_of_services({"stats"}, kUsage),
            "services stats: there are up, down and status; did you mean status?");
  EXPECT_EQ(site_.error_of_services({"up", "a/b"}, kUsage),
            "the name «a/b» of a host: letters, digits, «-», «_» and «.» are expected");
  EXPECT_EQ(site_.error_of_services({"up", "--store", "mongod"}, kUsage),
            "--store mongod: expected mongodb, directory or a URL; did you mean «mongodb»?");
  EXPECT_EQ(
      site_.error_of_services({"up", "--store", "mongodb://u:s3cret@h/d?tlsCertificateKeyFilePassword=s3cret"}, kUsage),
      "--store mongodb://h/d: an option of it is a secret, and would stand in lists of processes");
  EXPECT_EQ(site_.error_of_services({"up", "--runners", "0"}, kUsage), "--runners=0: at least one");
  const std::string deep = site_.folder() / std::string(80, 'd');
  site_.set("SIMSWARM_SERVICES_FOLDER", deep);
  EXPECT_THAT(site_.error_of_services({"up"}, kEnvironment),
              HasSubstr("bytes, and 107 are possible: SIMSWARM_SERVICES_FOLDER says another folder"));
  site_.set("SIMSWARM_SERVICES_FOLDER", site_.folder() / "state");
  site_.folder().write("state/mine/thesis.tex", "precious");
  EXPECT_THAT(site_.error_of_services({"up", "mine"}, kEnvironment), HasSubstr("has files in it and no services"));
  site_.services({"down", "mine", "--forget"});
  EXPECT_EQ(site_.folder().read("state/mine/thesis.tex"), "precious");
  fs::permissions(site_.folder().write("config/hosts.toml", ""), fs::perms(0644));
  EXPECT_THAT(site_.error_of_services({"up"}, kEnvironment), HasSubstr("(mode 0644): chmod 600 "));
  EXPECT_THAT(processes_with(site_.state().string()), IsEmpty());
  fs::remove(site_.hosts());
}

TEST_F(Services, SayTheLastWordsOfWhatDoesNotCome) {
  up_small();
  site_.services({"down"});
  fs::permissions(site_.state() / "redis/appendonlydir", fs::perms::none);
  fs::remove_all(site_.state() / "redis/appendonlydir");
  site_.folder().write("state/local-services/redis/appendonlydir", "no folder");
  const std::string said = site_.error_of_services({"up"}, kEnvironment);
  EXPECT_THAT(said, HasSubstr("redis does not come: "));
  EXPECT_THAT(said, HasSubstr((site_.state() / "log/redis.log").string()));
  const json status = site_.services({"status"}, kSomethingEnded);
  EXPECT_NE(state_of(status, "redis").at("last_line"), "");
  fs::remove(site_.state() / "redis/appendonlydir");
  site_.services({"up"});
}

TEST_F(Services, OfAnOrdinaryUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "all the others are of one";
  const fs::path home = site_.folder().folder("home");
  ASSERT_EQ(::chown(home.c_str(), 65534, 65534), 0);
  const auto as_nobody = [&](const Words& words) {
    Words all{"setpriv", "--reuid=65534",         "--regid=65534",  "--clear-groups",
              "env",     "HOME=" + home.string(), SIMSWARM_PROGRAM, "services"};
    all.insert(all.end(), words.begin(), words.end());
    const auto answer =
        run({.argv = all,
             .folder = "/",
             .environment = {{"SIMSWARM_STANDIN", STANDIN}},
             .run_as = {},
             .without = {"SIMSWARM_SERVICES_FOLDER", "SIMSWARM_HOSTS", "XDG_STATE_HOME", "XDG_CONFIG_HOME"}});
    EXPECT_TRUE(answer.has_value()) << error_of(answer);
    EXPECT_EQ(answer->exit_code, 0) << answer->output << answer->errors;
    return answer->output;
  };
  EXPECT_THAT(as_nobody({"up", "--runners", "1", "--distcc", "1"}), HasSubstr("local-services is up"));
  EXPECT_THAT(as_nobody({"status"}), HasSubstr(".local/state/simswarm/services/local-services/redis/redis.sock"));
  EXPECT_TRUE(fs::exists(home / ".config/simswarm/hosts.toml"));
  struct stat info {};
  ASSERT_EQ(::stat((home / ".local/state/simswarm/services/local-services").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0700U);
  EXPECT_THAT(as_nobody({"down", "--forget"}), HasSubstr("its data and its name are removed"));
  EXPECT_TRUE(wait_until([&] { return processes_with(home.string()).empty(); }));
}

}  // namespace
}  // namespace simswarm::cluster
