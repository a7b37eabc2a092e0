// Dashboard, visualizer and health as they are called, beside a real Redis server.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "../unit/web/event_client.h"
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
using web::EventClient;
using web::get;
using web::header_of;
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

  // «j1», into the queue «run-x».
  static void put_job(jobs::JobQueue& queue) {
    jobs::NewJob job;
    job.id = {"j1"};
    job.queue = {"run-x"};
    job.payload = R"(["f", null, [], {}])";
    EXPECT_TRUE(queue.enqueue({job}).has_value());
  }

  TestFolder folder_;
  RedisServer redis_;
  int logs_ = 0;
};

TEST_F(Pages, DashboardShowsWhatStandsInTheQueue) {
  auto queue = jobs::open_job_queue(redis_.url());
  ASSERT_TRUE(queue.has_value());
  put_job(**queue);
  ASSERT_TRUE((*queue)->describe({"run-x"}, {.name = "<script>alert(1)</script>\x1b[31m", .priority = 3}).has_value());
  jobs::WorkerRecord worker;
  worker.name = {"w1"};
  worker.queues = {{"run-x"}};
  worker.host = "\"><img src=x onerror=alert(1)>";
  worker.slots = 4;
  ASSERT_TRUE((*queue)->present(worker).has_value());
  Program program = dashboard();
  EXPECT_EQ(status_of(ask("/readyz")), 200);  // it waits for the first look
  const json object = overview();
  EXPECT_THAT(object.at("trouble").dump(), Not(HasSubstr("nothing has been seen"))) << object;
  EXPECT_LT(object.at("age").get<double>(), 2);
  EXPECT_EQ(object.at("queues").at(0).at("queued"), 1);
  EXPECT_EQ(object.at("queues").at(0).at("priority"), 3);
  EXPECT_EQ(object.at("workers").at(0).at("slots"), 4);
  EXPECT_EQ(object.at("queues").at(0).at("campaign"), "<script>alert(1)</script>\x1b[31m");
  const json jobs = json::parse(body_of(ask("/api/v1/queues/run-x/jobs")));
  EXPECT_EQ(jobs.at("jobs").at(0).at("id"), "j1") << jobs;
  EXPECT_EQ(json::parse(body_of(ask("/api/v1/jobs/j1"))).at("ahead"), 0);
  for (const char* page : {"/", "/campaigns", "/queues/run-x", "/jobs/j1", "/workers/w1", "/login"}) {
    const std::string shell = ask(page);
    EXPECT_EQ(status_of(shell), 200) << page;
    EXPECT_THAT(shell, HasSubstr("/assets/dashboard.js")) << page;
    EXPECT_THAT(shell, Not(HasSubstr("run-x"))) << "a shell holds nothing";
  }
  EXPECT_EQ(status_of(ask("/assets/dashboard.js")), 200);
  EXPECT_THAT(ask("/metrics"), HasSubstr("simswarm_jobs{queue=\"run-x\",state=\"queued\"} 1"));
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
    for (RawClient& client : clients) client.send(get("/api/v1/overview"));
    for (RawClient& client : clients) ASSERT_EQ(status_of(client.answer()), 200);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  // A look is one script and what it calls; the question for the count itself takes three.
  EXPECT_LT(commands() - before, 20 * (seconds + 2));
}

TEST_F(Pages, DashboardTellsWhatChanges) {
  auto queue = jobs::open_job_queue(redis_.url());
  ASSERT_TRUE(queue.has_value());
  Program program = dashboard();
  EventClient events(socket(), get("/api/v1/events"));
  EXPECT_EQ(status_of(events.head()), 200);
  EXPECT_EQ(header_of(events.head(), "Content-Type"), "text/event-stream");
  ASSERT_TRUE(events.hears("\"topics\":"));
  put_job(**queue);
  ASSERT_TRUE(events.hears("\"queue:run-x\":"));
  redis_.kill();
  ASSERT_TRUE(events.hears(redis_.socket()));
  program.send(SIGTERM);
  EXPECT_TRUE(events.is_closed());
  EXPECT_THAT(events.heard(), Not(HasSubstr(jobs::kTestPassword)));
}

TEST_F(Pages, DashboardChangesWhatItIsTold) {
  auto queue = jobs::open_job_queue(redis_.url());
  ASSERT_TRUE(queue.has_value());
  put_job(**queue);
  Program program = dashboard();
  const std::string csrf = json::parse(body_of(ask("/api/v1/session"))).at("csrf");
  const auto change = [&](const std::string& word) {
    return RawClient(socket()).ask(web::post("/api/v1/jobs", R"({"action":"cancel","ids":["j1"]})",
                                             "Content-Type: application/json\r\nX-Simswarm-Csrf: " + word + "\r\n"));
  };
  EXPECT_EQ(status_of(change("wrong")), 403);
  EXPECT_EQ((*queue)->find({"j1"}).value()->job.state, jobs::State::kQueued);
  EXPECT_EQ(json::parse(body_of(change(csrf))).at("done"), 1);
  EXPECT_EQ((*queue)->find({"j1"}).value()->job.state, jobs::State::kCancelled);
  EXPECT_TRUE(program.says("somebody from unix: cancel of j1: 1 done, 0 refused, 0 gone"));
}

TEST_F(Pages, DashboardOutlivesRedis) {
  Program program = dashboard();
  EXPECT_EQ(status_of(ask("/readyz")), 200);
  redis_.kill();
  ASSERT_TRUE(wait_until([&] { return status_of(ask("/readyz")) == 503; }));
  EXPECT_EQ(status_of(ask("/healthz")), 200);
  EXPECT_THAT(body_of(ask("/readyz")), HasSubstr(redis_.socket()));
  const json object = overview();
  EXPECT_THAT(object.at("trouble").at(0).at("what").get<std::string>(), HasSubstr(redis_.socket()));
  EXPECT_EQ(object.at("trouble").at(0).at("level"), "error");
  EXPECT_NE(object.at("trouble").at(0).at("since"), nullptr);
  EXPECT_GT(object.at("age").get<double>(), 0);
  redis_.start();
  EXPECT_TRUE(wait_until([&] { return status_of(ask("/readyz")) == 200; }));
  EXPECT_THAT(program.log() + overview().dump() + body_of(ask("/readyz")), Not(HasSubstr(jobs::kTestPassword)));
}

TEST_F(Pages, DashboardSaysSoWhenRedisStandsStill) {
  Program program = dashboard();
  EXPECT_EQ(status_of(ask("/readyz")), 200);
  ::kill(redis_.pid(), SIGSTOP);
  EXPECT_TRUE(wait_until([&] { return status_of(ask("/readyz")) == 503; }));
  EXPECT_EQ(status_of(ask("/")), 200);
  EXPECT_GT(overview().at("age").get<double>(), 0) << "what was seen is shown";
  ::kill(redis_.pid(), SIGCONT);
  EXPECT_TRUE(wait_until([&] { return status_of(ask("/readyz")) == 200; }));
}

TEST_F(Pages, DashboardStartsBeforeRedis) {
  redis_.kill();
  Program program = dashboard();
  EXPECT_EQ(status_of(ask("/")), 200);
  EXPECT_EQ(status_of(ask("/readyz")), 503);
  EXPECT_NE(overview().at("trouble"), json::array());
  redis_.start();
  EXPECT_TRUE(wait_until([&] { return status_of(ask("/readyz")) == 200; }));
  EXPECT_TRUE(wait_until([&] { return overview().at("trouble") == json::array(); }));
}

TEST_F(Pages, NeedAToken) {
  Program program = dashboard({"--token-file", token_file(), "--listen", "127.0.0.1:0", "--verbose"});
  ASSERT_TRUE(program.says("http://127.0.0.1:"));
  const std::string log = program.log();
  const int port = std::stoi(log.substr(log.find("http://127.0.0.1:") + 17));
  RawClient client(port);
  for (const char* path : {"/api/v1/overview", "/api/v1/events", "/metrics", "/api/v1/code", "/none"}) {
    EXPECT_EQ(status_of(client.ask(get(path))), 401) << path;
    EXPECT_EQ(status_of(ask(path)), 401) << path;
  }
  for (const char* path : {"/healthz", "/readyz", "/", "/login", "/assets/dashboard.js"})
    EXPECT_EQ(status_of(client.ask(get(path))), 200) << path;
  const std::string path = "/api/v1/overview";
  EXPECT_EQ(status_of(client.ask(get(path, "Authorization: Bearer " + kToken + "\r\n"))), 200);
  EXPECT_EQ(status_of(client.ask(get(path, "Authorization: Bearer wrong\r\n"))), 401);
  EXPECT_EQ(status_of(client.ask(get(path + "?token=" + kToken))), 401);
  EXPECT_EQ(status_of(client.ask(get("/" + kToken))), 401);
  const std::string json_type = "Content-Type: application/json\r\n";
  const std::string in = client.ask(web::post("/api/v1/login", json{{"token", kToken}}.dump(), json_type));
  ASSERT_EQ(status_of(in), 200) << in;
  EXPECT_EQ(json::parse(body_of(in)).at("logged_in"), true);
  const std::string cookie = header_of(in, "Set-Cookie");
  EXPECT_THAT(cookie, HasSubstr("; HttpOnly; SameSite=Strict; Path=/"));
  EXPECT_EQ(status_of(client.ask(get(path, "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n"))), 200);
  const std::string given = client.ask(get("/api/v1/code", "Authorization: Bearer " + kToken + "\r\n"));
  const std::string code = json{{"code", json::parse(body_of(given)).at("code")}}.dump();
  EXPECT_EQ(status_of(client.ask(web::post("/api/v1/login", code, json_type))), 200);
  EXPECT_EQ(status_of(client.ask(web::post("/api/v1/login", code, json_type))), 401) << "once";
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
  EXPECT_THAT(ask("/"), HasSubstr("/assets/visualizer.js"));
  EXPECT_THAT(object.dump(), Not(HasSubstr("hunter2")));
  EXPECT_EQ(status_of(ask("/readyz")), 200);
  for (const char* path : {"/containers/json", "/services", "/api/v1/secrets"}) EXPECT_EQ(status_of(ask(path)), 404);
  const std::size_t before = fake.asked().size();
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 300; ++i) ASSERT_EQ(status_of(ask("/api/v1/swarm")), 200);
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
  EXPECT_THAT(body_of(ask("/api/v1/swarm")), HasSubstr("does not run: nobody listens there"));
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
