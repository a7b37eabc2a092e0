#include "web/visualizer.h"

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>

#include "fake_engine.h"
#include "test_folder.h"

namespace simswarm::web {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kHostile = "<script>alert(1)</script>\"'&\x1b[31m\u202Ereversed";

// Serves nothing; remembers what it is to say.
class FakeServer final : public Server {
 public:
  void run(const Handler& /*handler*/, int /*stop_descriptor*/) override {}
  void wake() override { ++wakes; }
  void publish(std::string piece) override {
    const std::lock_guard lock(mutex_);
    said_.push_back(std::move(piece));
  }
  [[nodiscard]] std::size_t streams() const override { return open; }
  [[nodiscard]] std::vector<std::string> said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }

  std::atomic<std::size_t> open = 0;
  std::atomic<int> wakes = 0;

 private:
  std::mutex mutex_;
  std::vector<std::string> said_;
};

class VisualizerTest : public testing::Test {
 protected:
  VisualizerTest() { fake_.be_swarm(); }
  void TearDown() override { fake_.stop(); }  // so that no look waits for it

  // With looks as often as the test wants them.
  void begin(VisualizerOptions options = {}) {
    options.engine = fake_.socket().string();
    options.version = "1.2.3";
    if (options.pace == VisualizerOptions().pace) options.pace = milliseconds(20);
    site_.reset();
    visualizer_ = std::make_unique<Visualizer>(std::move(options), server_);
    site_ = std::make_unique<Site>(visualizer_->site());
  }
  // As a server does it: asked again until there is an answer.
  Response ask(const std::string& path, const std::string& query = "") {
    Request request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    request.host = "localhost";
    std::optional<Response> response;
    EXPECT_TRUE(wait_until([&] { return (response = site_->answer(request)).has_value(); })) << path;
    return response.value_or(Response{});
  }
  json ask_json(const std::string& path) {
    const Response response = ask(path);
    EXPECT_EQ(response.type, "application/json");
    return json::parse(response.body);
  }
  // Tasks of the fake, with another state of the first runner.
  void set_task(const std::string& state) {
    fake_.say_json("/tasks", R"json([{"ID":"t1","ServiceID":"s1","NodeID":"n1","Slot":1,"DesiredState":"running",
      "CreatedAt":"2026-11-22T12:00:00.5Z","Status":{"State":")json" +
                                 state + R"json("}}])json");
  }

  TestFolder folder_;
  engine::FakeEngine fake_{folder_ / "docker.sock"};
  FakeServer server_;
  std::unique_ptr<Visualizer> visualizer_;
  std::unique_ptr<Site> site_;
};

TEST_F(VisualizerTest, ShowsTheSwarm) {
  begin();
  const json object = ask_json("/api/v1/swarm");
  EXPECT_EQ(object.at("version"), 1);
  EXPECT_LT(object.at("age").get<double>(), 10);
  EXPECT_EQ(object.at("engine").at("version"), "20.10.24");
  EXPECT_EQ(object.at("nodes").size(), 3U);
  EXPECT_EQ(object.at("tasks").size(), 5U);
  const json& trouble = object.at("trouble").at(0);
  EXPECT_EQ(trouble.at("what"), "node three is down: heartbeat failure");
  EXPECT_EQ(trouble.at("level"), "error");
  EXPECT_THAT(trouble.at("since").get<std::string>(), testing::EndsWith("Z"));
  EXPECT_EQ(object.at("trouble").at(1).at("level"), "warning");
}

TEST_F(VisualizerTest, SaysWhatItIs) {
  begin();
  const json object = ask_json("/api/v1/session");
  EXPECT_EQ(object.at("service"), "visualizer");
  EXPECT_EQ(object.at("simswarm"), "1.2.3");
  EXPECT_EQ(object.at("may_change"), false);
  EXPECT_EQ(object.at("store"), false);
}

TEST_F(VisualizerTest, WaitsForTheFirstLook) {
  fake_.say("/info", "");  // silent
  begin();
  Request request{.method = "GET", .path = "/api/v1/swarm", .host = "localhost"};
  EXPECT_FALSE(site_->answer(request).has_value());
  request.waited = true;
  const auto response = site_->answer(request);
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(json::parse(response->body).at("error"), "the engine has not answered yet");
}

TEST_F(VisualizerTest, TellsWhatIsKnownWhenTheEngineIsSilent) {
  begin();
  EXPECT_EQ(ask("/api/v1/swarm").status, 200);
  fake_.say("/info", "");
  // The answer comes after two seconds, long before the look fails.
  const auto begun = std::chrono::steady_clock::now();
  const auto old = [&] { return ask_json("/api/v1/swarm").at("age").get<double>() > 2; };
  EXPECT_TRUE(wait_until(old));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

TEST_F(VisualizerTest, IsReadyWhenTheEngineAnswers) {
  begin();
  EXPECT_EQ(ask("/readyz").status, 200);
  fake_.stop();
  ASSERT_TRUE(wait_until([&] { return ask("/readyz").status == 503; }));
  // The connection that is open just then is reset.
  EXPECT_TRUE(wait_until([&] { return ask("/readyz").body.find("nobody listens there") != std::string::npos; }));
  const json object = ask_json("/api/v1/swarm");
  EXPECT_THAT(object.at("trouble").at(0).at("what").get<std::string>(), HasSubstr("nobody listens there"));
  EXPECT_EQ(object.at("nodes").size(), 3U);
  fake_.start();
  EXPECT_TRUE(wait_until([&] { return ask("/readyz").status == 200; }));
}

TEST_F(VisualizerTest, RemembersWhatChanged) {
  set_task("running");
  begin();
  EXPECT_EQ(ask_json("/api/v1/swarm/events").at("events"), json::array());
  set_task("failed");
  ASSERT_TRUE(wait_until([&] { return !ask_json("/api/v1/swarm/events").at("events").empty(); }));
  const json events = ask_json("/api/v1/swarm/events").at("events");
  ASSERT_EQ(events.size(), 2U) << events;
  EXPECT_EQ(events.at(0).at("kind"), "task");
  EXPECT_EQ(events.at(0).at("what"), "sim_runner.1 on one is failed, was running");
  EXPECT_EQ(events.at(0).at("id"), "t1");
  EXPECT_EQ(events.at(1).at("what"), "sim_runner: 0 of 3 running, were 1");
}

TEST_F(VisualizerTest, TellsOpenPagesWhatChanged) {
  set_task("running");
  begin();
  EXPECT_EQ(ask("/api/v1/swarm").status, 200);
  const Response stream = ask("/api/v1/events");
  EXPECT_TRUE(stream.is_stream);
  EXPECT_EQ(stream.type, "text/event-stream");
  EXPECT_THAT(stream.body, HasSubstr(R"("topics":{"swarm":1})"));
  EXPECT_THAT(stream.body, HasSubstr("node three is down"));
  server_.open = 1;
  set_task("failed");
  const auto has_told = [&](const std::string& word) {
    for (const std::string& piece : server_.said()) {
      if (piece.find(word) != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(wait_until([&] { return has_told(R"("topics":{"swarm":2})"); }));
  fake_.stop();
  EXPECT_TRUE(wait_until([&] { return has_told("nobody listens there"); }));
  EXPECT_GT(server_.wakes, 0);
}

TEST_F(VisualizerTest, AsksTheEngineNoMoreThanItMay) {
  begin({.engine = "", .pace = milliseconds(60'000), .idle_pace = std::chrono::hours(1)});
  server_.open = 200;
  for (int i = 0; i < 500; ++i) ASSERT_EQ(ask("/api/v1/swarm").status, 200);
  EXPECT_EQ(fake_.asked().size(), 5U);
  for (const std::string& asked : fake_.asked()) EXPECT_THAT(asked, StartsWith("GET /"));
}

TEST_F(VisualizerTest, LooksNowAndThenWhileNobodyDoes) {
  begin({.engine = "", .idle_pace = milliseconds(100)});
  EXPECT_TRUE(wait_until([&] { return fake_.asked().size() >= 10; }));
}

TEST_F(VisualizerTest, ShowsLogs) {
  fake_.say("/tasks/t1/logs?stdout=1&stderr=1&tail=200",
            engine::http_answer(std::string("\1\0\0\0\0\0\0\3one\2\0\0\0\0\0\0\4two\n", 23)));
  fake_.say("/services/sim_runner/logs?stdout=1&stderr=1&tail=7", engine::http_answer("<b>bold</b>\n"));
  begin();
  const Response task = ask("/api/v1/tasks/t1/logs");
  EXPECT_EQ(task.status, 200);
  EXPECT_EQ(task.type, "text/plain; charset=utf-8");
  EXPECT_EQ(task.body, "onetwo\n");
  EXPECT_EQ(ask("/api/v1/services/sim_runner/logs", "lines=7").body, "<b>bold</b>\n");
  const auto logs_asked = [&] {
    return std::ranges::count_if(fake_.asked(),
                                 [](const std::string& line) { return line.find("/logs") != std::string::npos; });
  };
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ask("/api/v1/tasks/t1/logs").status, 200);
  EXPECT_LE(logs_asked(), 3);
}

TEST_F(VisualizerTest, ShowsTheEndOfLogsThatAreLong) {
  std::string text(Visualizer::kMostLogBytes, 'x');
  text += "\nlast line\n";
  fake_.say("/tasks/t1/logs?stdout=1&stderr=1&tail=200", engine::http_answer(text));
  begin();
  EXPECT_EQ(ask("/api/v1/tasks/t1/logs").body, "last line\n");
}

TEST_F(VisualizerTest, ShowsNoLogsOfWhatIsNot) {
  begin();
  const Response unknown = ask("/api/v1/tasks/t99/logs");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(json::parse(unknown.body).at("error").get<std::string>(), HasSubstr("page not found"));
  for (const char* wrong : {"..", "a%2Fb", "a%20b", "x%00"})
    EXPECT_EQ(ask(std::string("/api/v1/tasks/") + wrong + "/logs").status, 400) << wrong;
  for (const char* wrong : {"lines=0", "lines=-1", "lines=2001", "lines=all", "lines=1e3"})
    EXPECT_EQ(ask("/api/v1/tasks/t1/logs", wrong).status, 400) << wrong;
  ASSERT_TRUE(wait_until([&] { return ask("/api/v1/swarm").status == 200; }));
  EXPECT_EQ(ask("/api/v1/tasks/t2/logs").body, "");  // no node has taken it
  for (const std::string& asked : fake_.asked()) EXPECT_THAT(asked, Not(HasSubstr("/t2/")));
  fake_.stop();
  EXPECT_EQ(ask("/api/v1/services/s1/logs").status, 503);
}

TEST_F(VisualizerTest, SaysWhatRunnersRunWhereItIsTold) {
  begin({.engine = "", .runs = [] { return std::vector<RunsOfHost>{{"one", "one-1-beef", {{"r1", "wifi", 0.5}}}}; }});
  const json tasks = ask_json("/api/v1/swarm").at("tasks");
  EXPECT_EQ(tasks.at(1).at("id"), "t1");
  EXPECT_EQ(tasks.at(1).at("runs").at(0).at("name"), "r1");
}

TEST_F(VisualizerTest, MeasuresForPrometheus) {
  begin();
  const Response response = ask("/metrics");
  EXPECT_EQ(response.type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("simswarm_swarm_tasks{state=\"running\"} 2\n"));
}

TEST_F(VisualizerTest, LeavesNamesToThePage) {
  json nodes = json::parse(R"([{"ID":"n1","Spec":{"Role":"manager"},"Description":{},"Status":{"State":"down"}}])");
  nodes[0]["Description"]["Hostname"] = kHostile;
  fake_.say_json("/nodes", nodes.dump());
  begin();
  const Response response = ask("/api/v1/swarm");
  EXPECT_EQ(response.type, "application/json");
  EXPECT_EQ(json::parse(response.body).at("nodes").at(0).at("host"), kHostile);
  EXPECT_THAT(json::parse(response.body).at("trouble").at(0).at("what").get<std::string>(), HasSubstr(kHostile));
}

TEST_F(VisualizerTest, AsksForTheTokenAndChangesNothing) {
  begin({.engine = "", .token = "token-of-the-test-0123456789abcdef"});
  for (const char* path :
       {"/api/v1/swarm", "/api/v1/swarm/events", "/api/v1/events", "/metrics", "/api/v1/tasks/t1/logs"})
    EXPECT_EQ(ask(path).status, 401) << path;
  EXPECT_EQ(ask("/readyz").status, 200);
  Request request{.method = "POST", .path = "/api/v1/swarm", .host = "localhost"};
  request.authorization = "Bearer token-of-the-test-0123456789abcdef";
  EXPECT_EQ(site_->answer(request)->status, 405);
}

}  // namespace
}  // namespace simswarm::web
