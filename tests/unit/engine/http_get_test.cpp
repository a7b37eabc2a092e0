#include "engine/http_get.h"

#include <gmock/gmock.h>

#include <thread>

#include "fake_engine.h"
#include "listener.h"
#include "test_folder.h"

namespace simswarm::engine {
namespace {

using testing::HasSubstr;

class HttpGet : public testing::Test {
 protected:
  tl::expected<HttpAnswer, HttpFailure> get(const std::string& raw, HttpLimits limits = {}) {
    engine_.say("/x", raw);
    return http_get({.socket = engine_.socket().string(), .host = ""}, "/x", limits);
  }
  std::string trouble(const std::string& raw, HttpLimits limits = {}) {
    const auto answer = get(raw, limits);
    return answer ? "an answer" : answer.error().message;
  }

  TestFolder folder_;
  FakeEngine engine_{folder_ / "engine.sock"};
};

TEST_F(HttpGet, TakesAnAnswerWithALength) {
  const auto answer = get(http_answer("[1,2]"));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "[1,2]");
  EXPECT_EQ(engine_.asked(), std::vector<std::string>{"GET /x HTTP/1.1"});
}

TEST_F(HttpGet, PutsChunksTogether) {
  const auto answer =
      get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->body, "abc0123456789");
}

TEST_F(HttpGet, TakesAnAnswerThatEndsWithTheConnection) {
  const auto answer = get("HTTP/1.1 503 Service Unavailable\r\n\r\nnot now");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "not now");
}

TEST_F(HttpGet, TakesALargeAnswer) {
  const std::string large(5U << 20U, 'x');
  const auto answer = get(http_answer(large));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->body, large);
}

TEST_F(HttpGet, SaysWhatIsWrongWithAnAnswer) {
  const std::string at = "unix://" + engine_.socket().string();
  EXPECT_EQ(trouble("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), at + ": the answer was cut off");
  EXPECT_EQ(trouble("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab"), at + ": the answer was cut off");
  EXPECT_EQ(trouble("HTTP/1.1 200"), at + ": the answer was cut off");
  EXPECT_THAT(trouble("-ERR unknown command 'GET', with args beginning with: '/x'\r\n"),
              HasSubstr("the answer is no HTTP"));
  EXPECT_THAT(trouble("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n"), HasSubstr("is no HTTP"));
  EXPECT_THAT(trouble("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"), HasSubstr("is no HTTP"));
}

TEST_F(HttpGet, TakesNoMoreThanIsAllowed) {
  const HttpLimits limits{.most_bytes = 1024};
  const std::string at = "unix://" + engine_.socket().string();
  EXPECT_EQ(trouble(http_answer(std::string(1025, 'x')), limits), at + ": the answer has more than 1.0 KiB");
  EXPECT_EQ(trouble("HTTP/1.1 200 OK\r\n\r\n" + std::string(4096, 'x'), limits),
            at + ": the answer has more than 1.0 KiB");
  EXPECT_EQ(get(http_answer(std::string(1024, 'x')), limits)->body.size(), 1024U);
}

TEST_F(HttpGet, WaitsNoLongerThanIsAllowed) {
  const auto begun = std::chrono::steady_clock::now();
  const auto answer = get("", {.timeout = std::chrono::milliseconds(100)});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().error_number, ETIMEDOUT);
  EXPECT_THAT(answer.error().message, HasSubstr("no answer in time"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

TEST(HttpGetTcp, AsksAPort) {
  const jobs::Listener listener;
  std::string asked;
  std::thread server([&] { asked = listener.serve_once(http_answer("ok")); });
  const auto answer = http_get({.socket = "", .host = "127.0.0.1", .port = listener.port()}, "/healthz");
  server.join();
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->body, "ok");
  EXPECT_THAT(asked, HasSubstr("Host: 127.0.0.1:" + std::to_string(listener.port()) + "\r\n"));
}

TEST(HttpGetTcp, SaysThatNobodyListens) {
  jobs::Listener listener;
  const int port = listener.port();
  listener.close();
  const auto answer = http_get({.socket = "", .host = "127.0.0.1", .port = port}, "/healthz");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().message, fmt::format("http://127.0.0.1:{}: Connection refused", port));
}

TEST(ParseEndpoint, KnowsSocketsAndPorts) {
  EXPECT_EQ(parse_endpoint("unix:///run/x.sock")->socket, "/run/x.sock");
  EXPECT_EQ(parse_endpoint("/run/x.sock")->socket, "/run/x.sock");
  EXPECT_EQ(parse_endpoint("http://127.0.0.1:9181")->port, 9181);
  EXPECT_EQ(parse_endpoint("http://localhost/")->shown(), "http://localhost:80");
  EXPECT_EQ(parse_endpoint("http://[::1]:81")->host, "::1");
  EXPECT_EQ(parse_endpoint("http://[::1]:81")->shown(), "http://[::1]:81");
}

TEST(ParseEndpoint, RefusesOthers) {
  EXPECT_EQ(error_of(parse_endpoint("https://x")),
            "«https://x»: no URL of a server; expected unix:///path, http://host[:port] or the path of a Unix socket");
  for (const char* wrong : {"", "x", "http://", "http://:1", "http://x:0", "http://x:70000", "http://x:", "http://x/y",
                            "http://u@x", "unix://x", "http://[::1"})
    EXPECT_FALSE(parse_endpoint(wrong).has_value()) << wrong;
}

}  // namespace
}  // namespace simswarm::engine
