// Dashboard, visualizer and health as they are called, beside a real Redis server.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "fake_engine.h"
#include "raw_client.h"
#include "work_site.h"

namespace simswarm {
namespace {

using jobs::Program;
using jobs::RedisServer;
using jobs::Words;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using web::body_of;
using web::get;
using web::RawClient;
using web::status_of;

const std::string kToken = "token-of-the-test-0123456789abcdef";

class Pages : public testing::Test {
 protected:
  // Until it listens.
  Program start(Words words, const std::string& first) {
    words.insert(words.begin(), {SIMSWARM_PROGRAM, first});
    Program program(words, folder_ / fmt::format("log{}", logs_++));
    EXPECT_TRUE(program.says("listens at")) << program.log();
    return program;
  }
  Program dashboard(Words more = {}) {
    const fs::path password = folder_.write("password", jobs::kTestPassword);
    for (const std::string& word : Words{"--queue", "unix://" + redis_.socket(), "--password-file", password.string(),
                                         "--unix", socket().string()})
      more.push_back(word);
    return start(more, "dashboard");
  }
  // Its exit code and what it says.
  std::pair<int, std::string> call(Words words) {
    words.insert(words.begin(), SIMSWARM_PROGRAM);
    Program program(words, folder_ / fmt::format("log{}", logs_++));
    const int code = program.wait().value_or(-1);
    return {code, program.log()};
  }
  [[nodiscard]] fs::path socket() const { return folder_ / "page.sock"; }
  std::string ask(const std::string& path, const std::string& headers = "") {
    return RawClient(socket()).ask(get(path, headers));
  }
  json overview() {
    const std::string answer = ask("/api/v1/overview");
    EXPECT_EQ(status_of(answer), 200) << answer;
    return json::parse(body_of(answer));
  }
  std::string token_file() { return folder_.write("token", kToken + "\n").string(); }
  // Commands that the server has carried out.
  std::int64_t commands() {
    const std::string info = redis_.command({"INFO", "stats"}).text;
    const std::size_t at = info.find("total_commands_processed:");
    return std::stoll(info.substr(at + 25));
  }

  TestFolder folder_;
  RedisServer redis_;
  int logs_ = 0;
};

TEST_F(Pages, DashboardShowsWhatStandsInTheQueue) {
  auto queue = jobs::open_job_queue(redis_.url());
  ASSERT_TRUE(queue.has_value());
  jobs::NewJob job;
  job.id = {"j1"};
  job.queue = {"run-x"};
  job.payload = R"(["f", null, [], {}])";
  ASSERT_TRUE((*queue)->enqueue({job}).has_value());
  ASSERT_TRUE((*queue)->describe({"run-x"}, {.name = "<script>alert(1)</script>\x1b[31m", .priority = 3}).has_value());
  jobs::WorkerRecord worker;
  worker.name = {"w1"};
  worker.queues = {{"run-x"}};
  worker.host = "\"><img src=x onerror=alert(1)>";
  worker.slots = 4;
  ASSERT_TRUE((*queue)->present(worker).has_value());
  Program program = dashboard();
  const json object = overview();
  EXPECT_EQ(object.at("trouble"), json::array()) << object;
  EXPECT_LT(object.at("age").get<double>(), 2);
  EXPECT_EQ(object.at("queues").at(0).at("queued"), 1);
  EXPECT_EQ(object.at("queues").at(0).at("priority"), 3);
  EXPECT_EQ(object.at("workers").at(0).at("slots"), 4);
  const std::string page = ask("/");
  EXPECT_EQ(status_of(page), 200);
  EXPECT_THAT(page, HasSubstr("<td>run-x</td><td>&lt;script&gt;alert(1)&lt;/script&gt;‹U+001B›[31m</td>"));
  EXPECT_THAT(page, HasSubstr("&quot;&gt;&lt;img src=x onerror=alert(1)&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_EQ(status_of(ask("/readyz")), 200);
  EXPECT_EQ(status_of(ask("/none")), 404);
}

TEST_F(Pages, DashboardAsksRedisOnceASecondForAll) {
  Program program = dashboard();
  (void)overview();
  const std::int64_t before = commands();
  const auto begun = std::chrono::steady_clock::now();
  std::vector<RawClient> clients;
  for (int i = 0; i < 50; ++i) clients.emplace_back(socket());
  for (int round = 0; round < 20; ++round) {
    for (RawClient& client : clients) client.send(get("/"));
    for (RawClient& client : clients) ASSERT_EQ(status_of(client.answer()), 200);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  // A look is three scripts and what they call; the question for the count itself takes three.
  EXPECT_LT(commands() - before, 30 * (seconds + 2));
}

TEST_F(Pages, DashboardOutlivesRedis) {
  Program program = dashboard();
  EXPECT_EQ(status_of(ask("/readyz")), 200);
  redis_.kill();
  ASSERT_TRUE(wait_until([&] { return status_of(ask("/readyz")) == 503; }));
  EXPECT_EQ(status_of(ask("/healthz")), 200);
  EXPECT_THAT(body_of(ask("/readyz")), HasSubstr(redis_.socket()));
  const json object = overview();
  EXPECT_THAT(object.at("trouble").at(0).get<std::string>(), HasSubstr("what is shown is "));
  EXPECT_GT(object.at("age").get<double>(), 0);
  EXPECT_THAT(ask("/"), HasSubstr("<ul class=\"trouble\""));
  redis_.start();
  EXPECT_TRUE(wait_until([&] { return status_of(ask("/readyz")) == 200; }));
  EXPECT_THAT(program.log() + body_of(ask("/")) + body_of(ask("/readyz")), Not(HasSubstr(jobs::kTestPassword)));
}

TEST_F(Pages, DashboardSaysSoWhenRedisStandsStill) {
  Program program = dashboard();
  EXPECT_EQ(status_of(ask("/readyz")), 200);
  ::kill(redis_.pid(), SIGSTOP);
  EXPECT_TRUE(wait_until([&] { return status_of(ask("/readyz")) == 503; }));
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(status_of(ask("/")), 200);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(3));
  ::kill(redis_.pid(), SIGCONT);
  EXPECT_TRUE(wait_until([&] { return status_of(ask("/readyz")) == 200; }));
}

TEST_F(Pages, DashboardStartsBeforeRedis) {
  redis_.kill();
  Program program = dashboard();
  EXPECT_EQ(status_of(ask("/")), 200);
  EXPECT_EQ(status_of(ask("/api/v1/overview")), 503);
  EXPECT_EQ(status_of(ask("/readyz")), 503);
  redis_.start();
  EXPECT_TRUE(wait_until([&] { return status_of(ask("/api/v1/overview")) == 200; }));
}

TEST_F(Pages, NeedAToken) {
  Program program = dashboard({"--token-file", token_file(), "--listen", "127.0.0.1:0", "--verbose"});
  ASSERT_TRUE(program.says("http://127.0.0.1:"));
  const std::string log = program.log();
  const int port = std::stoi(log.substr(log.find("http://127.0.0.1:") + 17));
  RawClient client(port);
  for (const char* path : {"/", "/api/v1/overview", "/script.js", "/none"}) {
    EXPECT_EQ(status_of(client.ask(get(path))), 401) << path;
    EXPECT_EQ(status_of(ask(path)), 401) << path;
  }
  EXPECT_EQ(status_of(client.ask(get("/healthz"))), 200);
  EXPECT_EQ(status_of(client.ask(get("/readyz"))), 200);
  EXPECT_EQ(status_of(client.ask(get("/", "Authorization: Bearer " + kToken + "\r\n"))), 200);
  EXPECT_EQ(status_of(client.ask(get("/", "Authorization: Bearer wrong\r\n"))), 401);
  EXPECT_EQ(status_of(client.ask(get("/?token=" + kToken))), 401);
  const std::string in = client.ask(web::post("/login", "token=" + kToken));
  ASSERT_EQ(status_of(in), 303);
  const std::string cookie = web::header_of(in, "Set-Cookie");
  EXPECT_THAT(cookie, HasSubstr("; HttpOnly; SameSite=Strict; Path=/"));
  EXPECT_EQ(status_of(client.ask(get("/", "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n"))), 200);
  EXPECT_THAT(program.log(), HasSubstr("GET / 200"));
  EXPECT_THAT(program.log(), Not(HasSubstr(kToken)));
}

TEST_F(Pages, EndWhenTheyAreAsked) {
  Program program = dashboard();
  RawClient idle(socket());
  EXPECT_EQ(status_of(idle.ask(get("/healthz"))), 200);
  program.send(SIGTERM);
  EXPECT_EQ(program.wait(std::chrono::seconds(10)), 0);
  EXPECT_TRUE(idle.is_closed());
  EXPECT_FALSE(fs::exists(socket()));
}

TEST_F(Pages, ReplaceTheSocketOfOneThatWasKilled) {
  {
    Program program = dashboard();
    program.kill();
  }
  ASSERT_TRUE(fs::exists(socket()));
  Program program = dashboard();
  EXPECT_EQ(status_of(ask("/healthz")), 200);
  struct stat seen {};
  ASSERT_EQ(::stat(socket().c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777U, 0660U);
  EXPECT_EQ(call({"dashboard", "--queue", "unix:///x", "--unix", socket().string()}),
            std::pair(3, fmt::format("simswarm: --unix {}: another process listens there\n", socket().string())));
}

TEST_F(Pages, SayWhatIsWrongWithOptions) {
  const std::string redis = "unix://" + redis_.socket();
  EXPECT_EQ(call({"dashboard", "--queue", redis}),
            std::pair(2, std::string("simswarm: nothing says where to listen: --unix PATH, or --listen HOST:PORT with "
                                     "--token-file FILE\n")));
  EXPECT_EQ(call({"visualizer", "--listen", "127.0.0.1:0"}),
            std::pair(2, std::string("simswarm: --listen 127.0.0.1:0: anybody who reaches the port could see all; "
                                     "--token-file FILE says what they need\n")));
  const std::string short_file = folder_.write("short", "abc\n").string();
  const auto [code, said] = call({"visualizer", "--unix", socket().string(), "--token-file", short_file});
  EXPECT_EQ(code, 2);
  EXPECT_THAT(said, HasSubstr("has less than 16 characters"));
  EXPECT_EQ(call({"dashboard", "--queue", "http://x", "--unix", socket().string()}).first, 2);
  EXPECT_EQ(call({"dashboard", "--unix", socket().string()}).first, 2);
}

TEST_F(Pages, VisualizerShowsASwarm) {
  engine::FakeEngine fake(folder_ / "docker.sock");
  fake.be_swarm();
  Program program = start({"--engine", fake.socket().string(), "--unix", socket().string()}, "visualizer");
  const json object = json::parse(body_of(ask("/api/v1/swarm")));
  EXPECT_EQ(object.at("nodes").size(), 3U);
  EXPECT_EQ(object.at("services").at(1).at("name"), "sim_runner");
  EXPECT_EQ(object.at("tasks").size(), 5U);
  const std::string page = ask("/");
  EXPECT_THAT(page, HasSubstr("<td class=\"quiet\">ready, drain</td>"));
  EXPECT_THAT(page + object.dump(), Not(HasSubstr("hunter2")));
  EXPECT_EQ(status_of(ask("/readyz")), 200);
  for (const char* path : {"/containers/json", "/services", "/api/v1/secrets"}) EXPECT_EQ(status_of(ask(path)), 404);
  const std::size_t before = fake.asked().size();
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 300; ++i) ASSERT_EQ(status_of(ask("/")), 200);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  EXPECT_LE(static_cast<double>(fake.asked().size() - before), 5 * (seconds / 2 + 1));
  for (const std::string& asked : fake.asked()) EXPECT_THAT(asked, testing::StartsWith("GET /"));
}

TEST_F(Pages, VisualizerOutlivesTheEngine) {
  engine::FakeEngine fake(folder_ / "docker.sock");
  fake.be_swarm();
  Program program = start({"--engine", fake.socket().string(), "--unix", socket().string()}, "visualizer");
  EXPECT_EQ(status_of(ask("/readyz")), 200);
  fake.stop();
  ASSERT_TRUE(wait_until([&] { return status_of(ask("/readyz")) == 503; }));
  EXPECT_THAT(ask("/"), HasSubstr("does not run: nobody listens there; what is shown is "));
  fake.start();
  EXPECT_TRUE(wait_until([&] { return status_of(ask("/readyz")) == 200; }));
  fake.say("/nodes", engine::http_answer(R"({"message":"This node is not a swarm manager."})", "503 Unavailable"));
  EXPECT_TRUE(wait_until([&] { return ask("/readyz").find("is not a manager of a swarm") != std::string::npos; }));
}

TEST_F(Pages, HealthIsAnExitCode) {
  Program program = dashboard({"--token-file", token_file(), "--listen", "127.0.0.1:0"});
  ASSERT_TRUE(program.says("http://127.0.0.1:"));
  const std::string log = program.log();
  const std::string port = std::to_string(std::stoi(log.substr(log.find("http://127.0.0.1:") + 17)));
  EXPECT_EQ(call({"health", "unix://" + socket().string()}), std::pair(0, std::string("healthy\n")));
  EXPECT_EQ(call({"health", socket().string()}).first, 0);
  EXPECT_EQ(call({"health", "http://127.0.0.1:" + port}).first, 0);
  program.kill();
  EXPECT_EQ(call({"health", "unix://" + socket().string()}),
            std::pair(3, fmt::format("simswarm: not healthy: unix://{}: Connection refused\n", socket().string())));
  EXPECT_EQ(call({"health", "unix:///nowhere/x.sock"}),
            std::pair(3, std::string("simswarm: not healthy: unix:///nowhere/x.sock: No such file or directory\n")));
  EXPECT_EQ(call({"health", "nonsense"}).first, 2);
}

TEST_F(Pages, HealthWaitsThreeSeconds) {
  engine::FakeEngine silent(folder_ / "silent.sock");
  silent.say("/healthz", "");
  const auto begun = std::chrono::steady_clock::now();
  const auto [code, said] = call({"health", silent.socket().string()});
  EXPECT_EQ(code, 3);
  EXPECT_THAT(said, HasSubstr("no answer in time"));
  const auto taken = std::chrono::steady_clock::now() - begun;
  EXPECT_GE(taken, std::chrono::milliseconds(2'900));
  EXPECT_LT(taken, std::chrono::seconds(10));
  silent.say("/healthz", engine::http_answer("no", "500 Internal Server Error"));
  EXPECT_THAT(call({"health", silent.socket().string()}).second, HasSubstr("status 500"));
}

}  // namespace
}  // namespace simswarm
