#include "web/server.h"

#include <gmock/gmock.h>

#include <atomic>
#include <deque>
#include <thread>

#include "running_server.h"

namespace simswarm::web {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

std::optional<Response> echo(const Request& request) {
  Response response;
  response.body = fmt::format("{} {} {} {}", request.method, request.path, request.query, request.body);
  response.route = request.path == "/secret" ? "" : request.path;
  return response;
}

class ServerTest : public testing::Test {
 protected:
  Running& start(const Limits& limits = {}, Handler handler = echo) {
    running_.emplace_back(folder_ / "web.sock", limits, std::move(handler));
    return running_.back();
  }
  TestFolder folder_;
  std::deque<Running> running_;
};

TEST_F(ServerTest, AnswersOverBothKindsOfSockets) {
  Running& running = start();
  EXPECT_EQ(body_of(running.client().ask(get("/a?b=c"))), "GET /a b=c ");
  EXPECT_EQ(body_of(RawClient(running.port()).ask(post("/a", "x=1"))), "POST /a  x=1");
}

TEST_F(ServerTest, SaysWhatBrowsersMayDo) {
  const std::string answer = start().client().ask(get("/"));
  EXPECT_EQ(header_of(answer, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header_of(answer, "X-Frame-Options"), "DENY");
  EXPECT_EQ(header_of(answer, "Referrer-Policy"), "no-referrer");
  EXPECT_EQ(header_of(answer, "Cache-Control"), "no-store");
  EXPECT_THAT(header_of(answer, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_THAT(header_of(answer, "Content-Security-Policy"), Not(HasSubstr("unsafe")));
  EXPECT_EQ(header_of(answer, "Server"), "");
}

TEST_F(ServerTest, SaysWhatIsPackedAndWhatMayBeKept) {
  Running& running = start({}, [](const Request& request) -> std::optional<Response> {
    Response response;
    response.body = request.takes_gzip ? "packed" : "plain";
    response.is_packed = request.takes_gzip;
    response.may_be_stored = true;
    response.status = request.if_none_match == "\"tag\"" ? 304 : 200;
    if (response.status == 304) response.body.clear();
    return response;
  });
  RawClient client = running.client();
  const std::string packed = client.ask(get("/", "Accept-Encoding: deflate, gzip, br\r\n"));
  EXPECT_EQ(header_of(packed, "Content-Encoding"), "gzip");
  EXPECT_EQ(body_of(packed), "packed");
  EXPECT_EQ(header_of(packed, "Cache-Control"), "private, no-cache");
  const std::string plain = client.ask(get("/"));
  EXPECT_EQ(header_of(plain, "Content-Encoding"), "");
  EXPECT_EQ(body_of(plain), "plain");
  client.send(get("/", "If-None-Match: \"tag\"\r\n"));
  const std::string same = client.answer(false);
  EXPECT_EQ(status_of(same), 304);
  EXPECT_EQ(header_of(same, "Content-Length"), "");
  EXPECT_EQ(body_of(client.ask(get("/"))), "plain") << "nothing is left of the one before";
}

TEST_F(ServerTest, PassesOnWhatChangesNeed) {
  Running& running = start({}, [](const Request& request) -> std::optional<Response> {
    return Response{
        .body = fmt::format("{}|{}|{}|{}", request.csrf, request.content_type, request.fetch_site, request.cookie)};
  });
  EXPECT_EQ(body_of(running.client().ask(
                post("/x", "{}",
                     "X-Simswarm-Csrf: word\r\nContent-Type: application/json\r\nSec-Fetch-Site: none\r\n"
                     "Cookie: a=1\r\nCookie: b=2\r\n"))),
            "word|application/json|none|a=1; b=2");
}

TEST_F(ServerTest, NumbersRequestsAndAsksAgainWithTheSameNumber) {
  std::mutex mutex;
  std::vector<std::uint64_t> numbers;
  Running& running = start({.patience = milliseconds(20)}, [&](const Request& request) -> std::optional<Response> {
    const std::lock_guard lock(mutex);
    numbers.push_back(request.number);
    if (!request.waited) return std::nullopt;
    return Response{};
  });
  RawClient client = running.client();
  client.ask(get("/"));
  client.ask(get("/"));
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{1, 1, 2, 2}));
}

TEST_F(ServerTest, KeepsConnectionsAndTakesWhatComesAtOnce) {
  RawClient client = start().client();
  client.send(get("/1") + get("/2") + get("/3", "Connection: close\r\n"));
  EXPECT_EQ(body_of(client.answer()), "GET /1  ");
  EXPECT_EQ(body_of(client.answer()), "GET /2  ");
  EXPECT_EQ(body_of(client.answer()), "GET /3  ");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerTest, AnswersHeadWithoutBody) {
  RawClient client = start().client();
  client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = client.answer(false);
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(header_of(answer, "Content-Length"), "8");
  EXPECT_EQ(body_of(answer), "");
  EXPECT_EQ(body_of(client.ask(get("/b"))), "GET /b  ");
}

TEST_F(ServerTest, RefusesWhatIsNoRequest) {
  Running& running = start();
  const std::vector<std::pair<std::string, int>> wrong{
      {"nonsense\r\n\r\n", 400},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", 13), 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/3.7\r\nHost: a\r\n\r\n", 505},
      {"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 405},
      {"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 405},
      {"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 405},
      {"GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n", 431},
      {"GET /" + std::string(5'000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", 413},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nwith a beginning", 413},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n" + std::string(0xfffff, 'x') +
           "\r\n0\r\n\r\n",
       413},
  };
  for (const auto& [text, status] : wrong) {
    RawClient client = running.client();
    EXPECT_EQ(status_of(client.ask(text)), status) << text.substr(0, 80);
    EXPECT_TRUE(client.is_closed()) << text.substr(0, 80);
  }
  EXPECT_EQ(status_of(running.client().ask(get("/"))), 200);
}

TEST_F(ServerTest, SurvivesBytesThatAreNoText) {
  Running& running = start();
  RawClient client = running.client();
  const int status = status_of(client.ask(get("/\xff\xfe\xc0\x80")));
  EXPECT_TRUE(status == 200 || status == 400) << status;
  for (int seed = 1; seed < 200; ++seed) {
    std::string noise;
    auto state = static_cast<unsigned>(seed);
    for (int i = 0; i < 300; ++i) noise += static_cast<char>((state = state * 1103515245U + 12345U) >> 16U);
    RawClient other = running.client();
    other.send(noise + "\r\n\r\n");
  }
  EXPECT_EQ(status_of(running.client().ask(get("/"))), 200);
}

TEST_F(ServerTest, EndsWhoIsSlow) {
  Running& running = start({.idle = milliseconds(300), .request = milliseconds(300)});
  RawClient silent = running.client();
  RawClient slow = running.client();
  std::atomic<bool> is_done = false;
  std::thread dripping([&] {  // a byte now and then does not make the time begin anew
    const std::string head = get("/", "X: " + std::string(500, 'y') + "\r\n");
    for (std::size_t i = 0; i < head.size() && !is_done && slow.send(head.substr(i, 1)); ++i)
      std::this_thread::sleep_for(milliseconds(20));
  });
  EXPECT_TRUE(silent.is_closed(milliseconds(5'000)));
  EXPECT_TRUE(slow.is_closed(milliseconds(5'000)));
  is_done = true;
  dripping.join();
}

TEST_F(ServerTest, GivesRoomToWhoAsks) {
  Running& running = start({.connections = 20});
  std::deque<RawClient> idle;
  for (int i = 0; i < 60; ++i) {
    idle.push_back(running.client());
    idle.back().send("GET / HT");
  }
  EXPECT_EQ(status_of(running.client().ask(get("/"))), 200);
  EXPECT_TRUE(idle.front().is_closed(milliseconds(5'000)));
  EXPECT_FALSE(idle.back().is_closed(milliseconds(100)));
}

TEST_F(ServerTest, LetsRequestsWaitForNews) {
  std::atomic<bool> has_news = false;
  Running& running = start({.patience = milliseconds(60'000)}, [&](const Request&) -> std::optional<Response> {
    if (!has_news) return std::nullopt;
    return Response{.body = "news"};
  });
  RawClient one = running.client();
  RawClient two = running.client();
  one.send(get("/"));
  two.send(get("/"));
  has_news = true;
  // When they have come to the handler is not seen from here: they are woken until both have been answered.
  std::atomic<bool> is_done = false;
  std::thread waking([&] {
    while (!is_done) {
      running.server().wake();
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(body_of(one.answer()), "news");
  EXPECT_EQ(body_of(two.answer()), "news");
  is_done = true;
  waking.join();
}

TEST_F(ServerTest, LetsNobodyWaitForEver) {
  Running& running = start({.patience = milliseconds(50)}, [](const Request& request) -> std::optional<Response> {
    if (!request.waited || request.path == "/never") return std::nullopt;
    return Response{.body = "old"};
  });
  EXPECT_EQ(body_of(running.client().ask(get("/"))), "old");
  EXPECT_EQ(status_of(running.client().ask(get("/never"))), 503);
}

TEST_F(ServerTest, SaysItsOwnWordsAsTheApiDoes) {
  Running& running = start({.patience = milliseconds(20)}, [](const Request&) { return std::optional<Response>(); });
  const std::string answer = running.client().ask(get("/api/v1/overview"));
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_EQ(header_of(answer, "Content-Type"), "application/json");
  EXPECT_EQ(body_of(answer), "{\"error\":\"there is no answer yet\",\"version\":1}\n");
  EXPECT_EQ(body_of(running.client().ask(get("/page"))), "there is no answer yet\n");
}

TEST_F(ServerTest, FinishesWhatItIsAt) {
  Running& running = start({.patience = milliseconds(60'000)}, [](const Request& request) -> std::optional<Response> {
    if (request.path == "/now") return Response{.body = "now"};
    if (!request.waited) return std::nullopt;
    return Response{.body = "last"};
  });
  RawClient idle = running.client();
  RawClient waiting = running.client();
  waiting.send(get("/now") + get("/later"));
  EXPECT_EQ(body_of(waiting.answer()), "now");
  ASSERT_TRUE(wait_until([&] { return status_of(running.client().ask(get("/now"))) == 200; }));
  running.end();
  EXPECT_EQ(body_of(waiting.answer()), "last");
  EXPECT_TRUE(idle.is_closed());
  running_.clear();
  EXPECT_FALSE(fs::exists(folder_ / "web.sock"));
}

TEST_F(ServerTest, ServesManyAtOnce) {
  Running& running = start();
  std::deque<RawClient> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(running.client());
  for (int round = 0; round < 5; ++round) {
    for (RawClient& client : clients) client.send(get("/x"));
    for (RawClient& client : clients) ASSERT_EQ(status_of(client.answer()), 200);
  }
}

TEST_F(ServerTest, TellsOfRequestsWithoutWhatWasAsked) {
  Running& running = start();
  RawClient client = running.client();
  client.ask(get("/page?token=hidden-in-a-query", "Authorization: Bearer hidden-in-a-header\r\n"));
  client.ask(get("/secret"));
  ASSERT_TRUE(wait_until([&] { return running.lines().size() == 2; }));
  EXPECT_THAT(running.lines().at(0), testing::StartsWith("unix GET /page 200 "));
  EXPECT_THAT(running.lines().at(1), testing::StartsWith("unix GET ? 200 "));
  for (const std::string& line : running.lines()) EXPECT_THAT(line, Not(HasSubstr("hidden")));
}

}  // namespace
}  // namespace simswarm::web
