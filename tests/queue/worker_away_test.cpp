// The queue is away: killed, stopped, cut off, or there and of no use. What runs goes on, outcomes wait on disk, the
// user hears of it once, and no attempt is lost by it.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <csignal>

#include "base/text.h"
#include "work_site.h"

namespace simswarm::jobs {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kAway = "what runs goes on, outcomes wait in";
constexpr const char* kBack = "is back after";

// Says the same to everybody who says something, or, with nothing to say, nothing.
class FakeServer {
 public:
  // On a Unix socket, or on a free port of this machine.
  FakeServer(std::string answer, const fs::path& socket) : answer_(std::move(answer)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
    fs::remove(socket);
    listen_on(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  explicit FakeServer(std::string answer) : answer_(std::move(answer)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    listen_on(AF_INET, reinterpret_cast<const sockaddr*>(&address), size);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    url_ = fmt::format("redis://127.0.0.1:{}", ntohs(address.sin_port));
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] int asked() const { return asked_; }

 private:
  void listen_on(int family, const sockaddr* address, socklen_t size) {
    listener_ = Fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(listener_.get(), address, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    thread_ = std::thread([this] { work(); });
  }
  void work() {
    std::vector<Fd> quiet;
    while (true) {
      Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client.valid()) return;
      ++asked_;
      if (answer_.empty()) {
        quiet.push_back(std::move(client));
        continue;
      }
      std::array<char, 4096> buffer{};
      (void)!::recv(client.get(), buffer.data(), buffer.size(), 0);
      (void)!::send(client.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL);
    }
  }

  std::string answer_;
  std::string url_;
  Fd listener_;
  std::atomic<int> asked_ = 0;
  std::thread thread_;
};

class QueueIsAway : public testing::Test {
 protected:
  // One run after the other begins, and waits for the gate.
  void begin(int runs, std::vector<Program>& workers) {
    site_.enqueue(runs);
    for (int i = 0; i < runs; ++i) ASSERT_TRUE(site_.waits_for_start(static_cast<std::size_t>(i))) << workers[0].log();
  }
  // That many connections were tried in vain since.
  void waits_for_attempts(int count) {
    const int before = site_.proxy().connections();
    ASSERT_TRUE(wait_until([&] { return site_.proxy().connections() >= before + count; }));
  }
  // A fault has to last for its time.
  static void lasts(std::chrono::seconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    ASSERT_TRUE(wait_until([&] { return std::chrono::steady_clock::now() >= until; }, 2 * time));
  }
  // Each run once, in one attempt; of each worker two lines about the fault, and one more where a server that was away
  // comes back and refuses it.
  void expect_unharmed(const std::vector<Program>& workers, std::size_t runs) {
    site_.expect_all_finished();
    for (std::size_t i = 0; i < runs; ++i) {
      const Standing job = site_.standing(i);
      EXPECT_EQ(job.executions, 1U) << i;
      EXPECT_EQ(job.attempts, 1) << i;
      EXPECT_THAT(job.lost_on, IsEmpty()) << i;
    }
    for (const Program& worker : workers) {
      EXPECT_THAT(worker.count(kAway), testing::AllOf(testing::Ge(1U), testing::Le(2U))) << worker.log();
      EXPECT_EQ(worker.count(kBack), 1U) << worker.log();
    }
  }
  void expect_goes_on_when_mended(const std::function<void()>& breaks, const std::function<void()>& mends,
                                  const std::string& message);

  WorkSite site_;
};

TEST_F(QueueIsAway, OutcomesWaitAlsoForAnotherWorker) {
  site_.close_gate();
  Program first = site_.worker("first", {"--slots", "2"});
  site_.enqueue(3);
  ASSERT_TRUE(site_.waits_for_start(0));
  ASSERT_TRUE(site_.waits_for_start(1));
  site_.server().kill();
  ASSERT_TRUE(first.says(kAway));
  site_.open_gate();
  const auto noted = [&](std::size_t i) {
    return site_.outcomes("first").find(site_.job(i).text) != std::string::npos;
  };
  ASSERT_TRUE(wait_until([&] { return noted(0) && noted(1); }));
  first.kill();
  Program too_early = site_.program({"worker", "run", "--spool", site_.spool()}, "early.log");
  EXPECT_EQ(too_early.wait(), 3);
  site_.server().start();
  Program second = site_.worker("second");
  EXPECT_TRUE(second.says("2 outcomes of workers that have gone are handed in"));
  expect_unharmed({}, 3);
  second.send(SIGTERM);
  EXPECT_EQ(second.wait(), 0);
  EXPECT_TRUE(fs::is_empty(site_.spool()));
}

TEST_F(QueueIsAway, OutcomesStayWhenTheWorkerIsToldToEnd) {
  site_.close_gate();
  Program first = site_.worker("first", {"--drain", "finish"});
  site_.enqueue(1);
  ASSERT_TRUE(site_.waits_for_start(0));
  site_.server().kill();
  ASSERT_TRUE(first.says(kAway));
  site_.open_gate();
  first.send(SIGTERM);
  EXPECT_EQ(first.wait(), 0) << first.log();
  EXPECT_THAT(first.log(), HasSubstr("the queue is away: 1 outcomes stay in " + site_.spool().string()));
  site_.server().start();
  Program second = site_.worker("second");
  expect_unharmed({}, 1);
}

// Longer than their leases. One run ends meanwhile, the other afterwards.
TEST_F(QueueIsAway, ServerIsKilledAndDownLongerThanALease) {
  site_.close_gate();
  std::vector<Program> workers;
  workers.push_back(site_.worker("first"));
  workers.push_back(site_.worker("second"));
  begin(2, workers);
  site_.server().kill();
  for (const Program& worker : workers) ASSERT_TRUE(worker.says(kAway));
  lasts(std::chrono::seconds(4));
  site_.server().start();
  for (const Program& worker : workers) ASSERT_TRUE(worker.says(kBack));
  lasts(std::chrono::seconds(2));  // then they would be taken back
  site_.open_gate();
  expect_unharmed(workers, 2);
}

// What was sent in vain lies in its sockets, and is carried out when it wakes up.
TEST_F(QueueIsAway, ServerIsStoppedLongerThanALease) {
  const char* wanted = std::getenv("SIMSWARM_FAULTS");
  const bool all = wanted != nullptr && std::string_view(wanted) == "all";
  const std::string lease = all ? "10" : "3";
  site_.close_gate();
  std::vector<Program> workers;
  workers.push_back(site_.worker("first", {"--lease", lease}));
  workers.push_back(site_.worker("second", {"--lease", lease}));
  begin(2, workers);
  ::kill(site_.server().pid(), SIGSTOP);
  lasts(std::chrono::seconds(all ? 60 : 8));
  for (const Program& worker : workers) EXPECT_EQ(worker.count(kAway), 1U) << worker.log();
  ::kill(site_.server().pid(), SIGCONT);
  for (const Program& worker : workers) ASSERT_TRUE(worker.says(kBack));
  lasts(std::chrono::seconds(all ? 12 : 4));
  site_.open_gate();
  expect_unharmed(workers, 2);
}

TEST_F(QueueIsAway, EachReplyIsCutInItsMiddle) {
  site_.close_gate();
  Program worker = site_.worker("first", {"--lease", "10"});
  const auto cut = [](const Exchange& exchange) { return Then{Then::Kind::kCut, exchange.reply.size() / 2}; };
  const std::vector<std::string> names{"GET",  "heartbeat", "tell", "present",        "reap",  "queues",
                                       "AUTH", "PING",      "TIME", "return unknown", "SCRIPT"};
  site_.proxy().at("claim", Moment::kAnswered, cut, gave_jobs);
  for (const std::string& name : names) site_.proxy().at(name, Moment::kAnswered, cut);
  site_.enqueue(1);
  const int all = static_cast<int>(names.size()) + 1;
  ASSERT_TRUE(wait_until([&] { return site_.proxy().happened() == all; }, std::chrono::seconds(90)))
      << site_.proxy().happened() << "\n"
      << worker.log();
  site_.proxy().at("settle", Moment::kAnswered, cut);
  site_.open_gate();
  site_.expect_all_finished();
  EXPECT_EQ(site_.executions(0), 1U);
  EXPECT_THAT(site_.standing(0).lost_on, IsEmpty());
}

TEST_F(QueueIsAway, TheLineBreaksAgainAndAgain) {
  constexpr int kCuts = 20;
  int exchanges = 0;
  int cuts = 0;
  site_.proxy().at_each(Moment::kAnswered, [&](const Exchange& exchange) -> Then {
    if (++exchanges % 31 != 0 || cuts == kCuts) return {};
    ++cuts;
    return {Then::Kind::kCut, static_cast<std::size_t>(exchanges) % exchange.reply.size()};
  });
  Program worker = site_.worker("first", {"--lease", "10", "--slots", "2"});
  site_.enqueue(150);
  site_.expect_all_finished();
  site_.proxy().at_each(Moment::kAnswered, {});
  EXPECT_GT(worker.count(kAway), 0U);
  EXPECT_TRUE(wait_until([&] { return worker.count(kAway) == worker.count(kBack); })) << worker.log();
  for (std::size_t i = 0; i < 150; ++i) EXPECT_EQ(site_.executions(i), 1U) << i;
}

// The server has carried it out, and the reply never comes.
TEST_F(QueueIsAway, RepliesAreLost) {
  const auto swallow = [](const Exchange&) { return Then{Then::Kind::kSwallow}; };
  Program worker = site_.worker("first", {"--lease", "10"});
  site_.proxy().at("claim", Moment::kAnswered, swallow, gave_jobs);
  site_.proxy().at("settle", Moment::kAnswered, swallow);
  site_.enqueue(1);
  site_.expect_all_finished();
  ASSERT_TRUE(wait_until([&] { return worker.count(kBack) == 2; }));
  EXPECT_EQ(worker.count("no answer within 5 s"), 2U) << worker.log();
  const Standing job = site_.standing(0);
  EXPECT_EQ(job.executions, 1U);
  EXPECT_EQ(job.attempts, 2);
  EXPECT_THAT(job.lost_on, IsEmpty());
}

TEST_F(QueueIsAway, NothingComesThroughForAWhile) {
  site_.close_gate();
  std::vector<Program> workers;
  workers.push_back(site_.worker("first", {"--lease", "10"}));
  begin(1, workers);
  site_.proxy().hold(true);
  ASSERT_TRUE(workers[0].says(kAway));
  site_.open_gate();
  ASSERT_TRUE(wait_until([&] { return site_.outcomes("first").find(site_.job(0).text) != std::string::npos; }));
  site_.proxy().hold(false);
  ASSERT_TRUE(workers[0].says(kBack));
  expect_unharmed(workers, 1);
}

// Leases run out meanwhile; nobody may take back what others could not renew.
void QueueIsAway::expect_goes_on_when_mended(const std::function<void()>& breaks, const std::function<void()>& mends,
                                             const std::string& message) {
  site_.close_gate();
  std::vector<Program> workers;
  workers.push_back(site_.worker("first"));
  workers.push_back(site_.worker("second"));
  begin(2, workers);
  breaks();
  for (const Program& worker : workers) {
    ASSERT_TRUE(worker.says(kAway));
    EXPECT_THAT(worker.log(), HasSubstr(message));
  }
  waits_for_attempts(24);
  lasts(std::chrono::seconds(1));  // by now the leases have run out
  mends();
  for (const Program& worker : workers) ASSERT_TRUE(worker.says(kBack));
  lasts(std::chrono::seconds(2));  // the grace of leases is over
  site_.open_gate();
  expect_unharmed(workers, 2);
}

TEST_F(QueueIsAway, ServerTakesNoWrites) {
  expect_goes_on_when_mended(
      [this] {
        site_.server().command({"REPLICAOF", "127.0.0.1", "1"});
      },
      [this] {
        site_.server().command({"REPLICAOF", "NO", "ONE"});
      },
      "queue unix://");
}

TEST_F(QueueIsAway, ServerHasNoMemoryLeft) {
  expect_goes_on_when_mended(
      [this] {
        site_.server().command({"CONFIG", "SET", "maxmemory", "1"});
      },
      [this] {
        site_.server().command({"CONFIG", "SET", "maxmemory", "0"});
      },
      "the server has no memory left (its maxmemory)");
}

TEST_F(QueueIsAway, PasswordIsAnotherOne) {
  auto control = site_.server().connect();
  ASSERT_TRUE(control.has_value());
  expect_goes_on_when_mended(
      [&] {
        EXPECT_TRUE(control->command({"CONFIG", "SET", "requirepass", "another"}).has_value());
        site_.proxy().cut_all();
      },
      [&] {
        EXPECT_TRUE(control->command({"CONFIG", "SET", "requirepass", kTestPassword}).has_value());
      },
      "queue unix://");
}

// What it says first is the end of its connection; then that it is still reading.
TEST_F(QueueIsAway, ServerIsStillReadingItsData) {
  std::optional<FakeServer> loading;
  const std::string answer = "-LOADING Redis is loading the dataset in memory\r\n";
  expect_goes_on_when_mended(
      [&] {
        site_.server().kill();
        loading.emplace(answer, site_.server().socket());
      },
      [&] {
        loading.reset();
        site_.server().start();
      },
      "queue unix://");
}

// At the start: one clear line, within 5 s.
class WorkerDoesNotStart : public testing::Test {
 protected:
  void expect_refused(const std::string& url, const std::string& message) {
    const auto begin = std::chrono::steady_clock::now();
    Program worker = site_.program({"worker", "run", "--queue", url, "--spool", site_.spool()}, "refused.log");
    EXPECT_EQ(worker.wait(), 3);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));  // 5 s are promised
    EXPECT_THAT(worker.log(), StartsWith("simswarm: "));
    EXPECT_EQ(worker.count("\n"), 1U) << worker.log();
    EXPECT_THAT(worker.log(), HasSubstr(message));
    EXPECT_EQ(worker.count("the-wrong-one"), 0U) << worker.log();
  }
  WorkSite site_;
};

TEST_F(WorkerDoesNotStart, WithTheWrongPassword) {
  expect_refused("unix://:the-wrong-one@" + site_.server().socket(), "the server refuses the user or the password");
}
TEST_F(WorkerDoesNotStart, WithoutThePassword) {
  expect_refused("unix://" + site_.server().socket(), "the server wants a password");
}
TEST_F(WorkerDoesNotStart, WhereThereIsNoSocket) {
  expect_refused("unix:///nowhere/redis.sock", "cannot connect: No such file or directory");
}
TEST_F(WorkerDoesNotStart, WhereNobodyListens) {
  expect_refused("redis://127.0.0.1:1", "cannot connect: Connection refused");
}
TEST_F(WorkerDoesNotStart, WhereSomethingElseListens) {
  const FakeServer web("HTTP/1.1 400 Bad Request\r\n\r\n");
  expect_refused(web.url(), "does not speak Redis's protocol");
}
TEST_F(WorkerDoesNotStart, WhereNobodyAnswers) {
  const FakeServer silent("");
  expect_refused(silent.url(), "no answer within");
}
TEST_F(WorkerDoesNotStart, WhileTheServerReadsItsData) {
  const FakeServer loading("-LOADING Redis is loading the dataset in memory\r\n");
  expect_refused(loading.url(), "the server is still reading its data");
}

}  // namespace
}  // namespace simswarm::jobs
