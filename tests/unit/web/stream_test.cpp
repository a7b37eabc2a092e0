// Answers that do not end: what is published goes to all who listen.
#include <gmock/gmock.h>

#include <atomic>
#include <deque>

#include "event_client.h"
#include "running_server.h"

namespace simswarm::web {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

std::optional<Response> events(const Request& request) {
  if (request.path != "/events") return Response{.body = "page"};
  Response response;
  response.type = "text/event-stream";
  response.body = "data: first\n\n";
  response.is_stream = true;
  return response;
}

class StreamTest : public testing::Test {
 protected:
  Running& start(const Limits& limits = {}) {
    running_.emplace_back(folder_ / "web.sock", limits, events);
    return running_.back();
  }
  EventClient& listen(Running& running) {
    listeners_.emplace_back(folder_ / "web.sock", get("/events"));
    const std::size_t wanted = listeners_.size();
    EXPECT_TRUE(
        wait_until([&] { return running.server().streams() >= wanted || status_of(listeners_.back().head()) != 200; }));
    return listeners_.back();
  }

  TestFolder folder_;
  std::deque<Running> running_;
  std::deque<EventClient> listeners_;
};

TEST_F(StreamTest, BeginsWithWhatIsKnownAndGoesOn) {
  Running& running = start();
  EventClient& one = listen(running);
  EXPECT_EQ(status_of(one.head()), 200);
  EXPECT_EQ(header_of(one.head(), "Content-Type"), "text/event-stream");
  EXPECT_EQ(header_of(one.head(), "Content-Length"), "");
  EXPECT_EQ(header_of(one.head(), "Cache-Control"), "no-store");
  EXPECT_THAT(header_of(one.head(), "Content-Security-Policy"), HasSubstr("default-src 'none'"));
  running.server().publish("data: second\n\n");
  running.server().publish("data: third\n\n");
  ASSERT_TRUE(one.hears("third\n\n"));
  EXPECT_EQ(one.heard(), "data: first\n\ndata: second\n\ndata: third\n\n");
}

TEST_F(StreamTest, TellsManyTheSame) {
  Running& running = start();
  for (int i = 0; i < 100; ++i) listen(running);
  EXPECT_EQ(running.server().streams(), 100U);
  for (int i = 0; i < 20; ++i) running.server().publish(fmt::format("data: {}\n\n", i));
  for (EventClient& one : listeners_) {
    ASSERT_TRUE(one.hears("data: 19\n\n"));
    EXPECT_THAT(one.heard(), testing::StartsWith("data: first\n\ndata: 0\n\ndata: 1\n\n"));
  }
  EXPECT_EQ(body_of(running.client().ask(get("/"))), "page") << "others are answered beside";
}

TEST_F(StreamTest, ForgetsWhoHasGone) {
  Running& running = start();
  listen(running);
  listen(running);
  listeners_.pop_front();
  EXPECT_TRUE(wait_until([&] { return running.server().streams() == 1; }));
  running.server().publish("data: still\n\n");
  EXPECT_TRUE(listeners_.front().hears("still"));
}

TEST_F(StreamTest, DoesNotWaitForWhoDoesNotRead) {
  Running& running = start({.backlog = 64U << 10U});
  EventClient& lazy = listen(running);
  EventClient& eager = listen(running);
  const std::string piece = "data: " + std::string(8'000, 'x') + "\n\n";
  std::atomic<bool> is_done = false;
  std::thread reading([&] { is_done = eager.hears("the end"); });
  const bool is_dropped = wait_until([&] {
    running.server().publish(piece);
    return running.server().streams() == 1;
  });
  running.server().publish("data: the end\n\n");
  reading.join();
  EXPECT_TRUE(is_dropped);
  EXPECT_TRUE(is_done);
  EXPECT_TRUE(lazy.is_closed());
}

TEST_F(StreamTest, GivesUpOnWhoStopsReadingWithLittleToSay) {
  Running& running = start({.backlog = 64U << 20U, .response = milliseconds(100)});
  listen(running);
  // More than the system takes for him, less than he may be behind.
  running.server().publish(std::string(8U << 20U, 'x'));
  EXPECT_TRUE(wait_until([&] { return running.server().streams() == 0; }));
}

TEST_F(StreamTest, SaysThatItIsThere) {
  EventClient& one = listen(start({.beat = milliseconds(20)}));
  EXPECT_TRUE(one.hears(": beat\n\n: beat\n\n"));
}

TEST_F(StreamTest, LastsLongerThanAnAnswerMayTake) {
  Running& running = start({.idle = milliseconds(50),
                            .request = milliseconds(50),
                            .patience = milliseconds(50),
                            .beat = milliseconds(30),
                            .response = milliseconds(50)});
  EventClient& one = listen(running);
  std::string beats;
  for (int i = 0; i < 10; ++i) beats += ": beat\n\n";
  EXPECT_TRUE(one.hears(beats));
}

TEST_F(StreamTest, HearsWhatClientsSayWithoutMindingIt) {
  Running& running = start();
  EventClient& one = listen(running);
  ASSERT_TRUE(one.send(get("/") + std::string(100'000, 'x')));
  running.server().publish("data: next\n\n");
  EXPECT_TRUE(one.hears("next"));
  EXPECT_THAT(one.heard(), Not(HasSubstr("page")));
}

TEST_F(StreamTest, TellsWhoComesTooManyToComeLater) {
  Running& running = start({.streams = 3});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status_of(listen(running).head()), 200);
  RawClient late = running.client();
  const std::string answer = late.ask(get("/events"));
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_EQ(header_of(answer, "Retry-After"), "10");
  EXPECT_EQ(body_of(late.ask(get("/"))), "page") << "pages themselves are answered";
  listeners_.pop_front();
  EXPECT_TRUE(wait_until([&] { return running.server().streams() == 2; }));
  EXPECT_EQ(status_of(listen(running).head()), 200);
}

TEST_F(StreamTest, AnswersHeadAndGoesOn) {
  Running& running = start();
  RawClient client = running.client();
  client.send("HEAD /events HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = client.answer(false);
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(header_of(answer, "Content-Type"), "text/event-stream");
  EXPECT_EQ(body_of(answer), "");
  EXPECT_EQ(running.server().streams(), 0U);
  EXPECT_EQ(body_of(client.ask(get("/"))), "page");
}

TEST_F(StreamTest, KeepsStreamsWhenRoomIsMadeForRequests) {
  Running& running = start({.connections = 10});
  for (int i = 0; i < 5; ++i) listen(running);
  std::deque<RawClient> idle;
  for (int i = 0; i < 30; ++i) idle.push_back(running.client());
  EXPECT_EQ(body_of(running.client().ask(get("/"))), "page");
  EXPECT_EQ(running.server().streams(), 5U);
}

TEST_F(StreamTest, EndsWithTheServer) {
  Running& running = start();
  EventClient& one = listen(running);
  running.end();
  EXPECT_TRUE(one.is_closed());
  EXPECT_EQ(running.server().streams(), 0U);
  running.server().publish("data: nobody\n\n");
}

TEST_F(StreamTest, IsPublishedToFromManyThreadsWhileListenersComeAndGo) {
  Running& running = start();
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&running] {
      for (int k = 0; k < 2000; ++k) running.server().publish("data: x\n\n");
    });
  }
  for (int i = 0; i < 50; ++i) {
    EventClient one(folder_ / "web.sock", get("/events"));
    EXPECT_TRUE(one.hears("data: first\n\n"));
  }
  for (std::thread& one : threads) one.join();
  EXPECT_TRUE(wait_until([&] { return running.server().streams() == 0; }));
}

// What is published between the answer and its first byte is not missed.
TEST_F(StreamTest, MissesNothingFromItsBeginningOn) {
  std::atomic<Server*> server = nullptr;
  running_.emplace_back(folder_ / "web.sock", Limits{}, [&](const Request& request) {
    std::thread([&] { server.load()->publish("data: just then\n\n"); }).join();
    return events(request);
  });
  server = &running_.back().server();
  EXPECT_TRUE(listen(running_.back()).hears("data: just then\n\n"));
}

}  // namespace
}  // namespace simswarm::web
