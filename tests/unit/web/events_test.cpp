#include "web/events.h"

#include <gmock/gmock.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "test_folder.h"

namespace simswarm::web {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string kNoTrouble = "[]";
const std::string kTrouble = R"([{"what":"Redis is away","todo":"","since":null,"level":"error"}])";

// Keeps what is published.
class FakeServer final : public Server {
 public:
  void run(const Handler& /*handler*/, int /*stop_descriptor*/) override {}
  void wake() override {}
  void publish(std::string piece) override { said.push_back(std::move(piece)); }
  [[nodiscard]] std::size_t streams() const override { return open; }

  std::vector<std::string> said;
  std::atomic<std::size_t> open = 1;
};

// What stands behind «data: »; the event has to be whole.
json data_of(const std::string& event) {
  const std::size_t at = event.find("event: change\ndata: ");
  if (at == std::string::npos || !event.ends_with("\n\n")) {
    ADD_FAILURE() << event;
    return {};
  }
  const std::size_t begin = at + 20;
  const std::size_t end = event.find('\n', begin);
  EXPECT_EQ(end, event.size() - 2) << "one line: " << event;
  return json::parse(event.substr(begin, end - begin));
}

class EventsTest : public testing::Test {
 protected:
  // Notes until something is said: what is said too early is said later.
  json next(const Events::Topics& topics, const std::string& trouble = kNoTrouble) {
    const std::size_t before = server_.said.size();
    EXPECT_TRUE(wait_until([&] {
      events_.note(topics, 0.4, trouble);
      return server_.said.size() > before;
    }));
    return server_.said.size() > before ? data_of(server_.said.back()) : json();
  }

  FakeServer server_;
  Events events_{server_};
};

TEST_F(EventsTest, BeginsWithAllThatIsKnown) {
  const Response empty = events_.begin();
  EXPECT_TRUE(empty.is_stream);
  EXPECT_EQ(empty.type, "text/event-stream");
  EXPECT_EQ(data_of(empty.body).at("topics"), json::object());
  events_.note({{"overview", 17}, {"queue:run-1", 9}}, 0.4, kTrouble);
  const Response response = events_.begin();
  EXPECT_THAT(response.body, testing::StartsWith("retry: 2000\n\n"));
  const json data = data_of(response.body);
  EXPECT_EQ(data.at("topics"), json::parse(R"({"overview":17,"queue:run-1":9})"));
  EXPECT_EQ(data.at("trouble"), json::parse(kTrouble));
  EXPECT_DOUBLE_EQ(data.at("age").get<double>(), 0.4);
}

TEST_F(EventsTest, TellsWhatHasChanged) {
  EXPECT_EQ(next({{"overview", 1}, {"builds", 1}}).at("topics"), json::parse(R"({"overview":1,"builds":1})"));
  EXPECT_EQ(next({{"overview", 2}, {"builds", 1}}).at("topics"), json::parse(R"({"overview":2})"));
  EXPECT_EQ(next({{"overview", 2}, {"builds", 2}, {"queue:a", 1}}).at("topics"),
            json::parse(R"({"builds":2,"queue:a":1})"));
}

TEST_F(EventsTest, KeepsAPaceAndLosesNothingByIt) {
  (void)next({{"overview", 1}});
  const auto said_at = std::chrono::steady_clock::now();
  for (std::uint64_t i = 2; i < 500; ++i)
    events_.note({{"overview", i}, {"campaign:" + std::to_string(i), 1}}, 0, "[]");
  const bool was_quick = std::chrono::steady_clock::now() - said_at < Events::kPace;
  EXPECT_TRUE(!was_quick || server_.said.size() == 1);
  EXPECT_EQ(data_of(events_.begin().body).at("topics").at("overview"), 499) << "who comes now hears the last";
  EXPECT_EQ(next({{"overview", 499}, {"campaign:499", 1}}).at("topics"),
            json::parse(R"({"overview":499,"campaign:499":1})"));
}

TEST_F(EventsTest, TellsTroubleThatComesAndGoes) {
  (void)next({{"overview", 1}});
  EXPECT_EQ(next({{"overview", 1}}, kTrouble).at("trouble"), json::parse(kTrouble));
  EXPECT_EQ(next({{"overview", 1}}, kNoTrouble).at("trouble"), json::array());
}

TEST_F(EventsTest, SaysNowAndThenHowOldThingsAre) {
  (void)next({{"overview", 1}});
  const json rest = next({{"overview", 1}});
  EXPECT_EQ(rest.at("topics"), json::parse(R"({"overview":1})")) << "all of them, for who has missed one";
  EXPECT_DOUBLE_EQ(rest.at("age").get<double>(), 0.4);
}

TEST_F(EventsTest, SendsNamesOfOthersAsValidJsonOnOneLine) {
  const std::string hostile = "queue:\"\n\ndata: {}\n\n\xff\x1b[31m\u2028<script>";
  const json data = next({{hostile, 3}});
  ASSERT_EQ(data.at("topics").size(), 1U);
  EXPECT_THAT(data.at("topics").begin().key(), HasSubstr("queue:\"\n\ndata: {}\n\n\xEF\xBF\xBD\x1b[31m\u2028<script>"));
}

TEST_F(EventsTest, TakesNewsFromManyThreads) {
  std::vector<std::thread> threads;
  std::atomic<bool> is_ending = false;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      for (std::uint64_t k = 0; k < 2000; ++k) events_.note({{"t" + std::to_string(i), k}}, 0, kNoTrouble);
    });
  }
  threads.emplace_back([&] {
    while (!is_ending) EXPECT_TRUE(events_.begin().is_stream);
  });
  for (std::size_t i = 0; i < 3; ++i) threads[i].join();
  is_ending = true;
  threads.back().join();
}

}  // namespace
}  // namespace simswarm::web
