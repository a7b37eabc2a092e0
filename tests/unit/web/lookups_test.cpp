#include "web/lookups.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>

#include "test_folder.h"

namespace simswarm::web {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

Response saying(std::string text) {
  Response response;
  response.body = std::move(text);
  return response;
}

class LookupsTest : public testing::Test {
 protected:
  // Asked again until it is there, as a server does it.
  Response found(const std::string& name, milliseconds fresh, const Lookups::Make& make) {
    std::optional<Response> response;
    EXPECT_TRUE(wait_until([&] { return (response = lookups_.find(name, fresh, make)).has_value(); }));
    return response.value_or(Response{});
  }
  // How often it was made is what it says.
  Lookups::Make counted() {
    return [this] { return saying(std::to_string(++made_)); };
  }

  std::atomic<int> made_ = 0, news_ = 0;
  Lookups lookups_{[this] { ++news_; }};
};

TEST_F(LookupsTest, AsksOnceForAllWhoWantIt) {
  std::promise<void> may_go_on;
  const auto gate = may_go_on.get_future().share();
  const auto make = [this, gate] {
    gate.wait();
    return saying(std::to_string(++made_));
  };
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(lookups_.find("a", hours(1), make), std::nullopt);
  may_go_on.set_value();
  EXPECT_EQ(found("a", hours(1), make).body, "1");
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(lookups_.find("a", hours(1), make)->body, "1");
  EXPECT_EQ(made_, 1);
}

TEST_F(LookupsTest, TellsWhenThereIsAnAnswer) {
  EXPECT_EQ(lookups_.find("a", hours(1), counted()), std::nullopt);
  EXPECT_TRUE(wait_until([&] { return news_ == 1; }));
  EXPECT_TRUE(lookups_.find("a", hours(1), counted()).has_value());
}

TEST_F(LookupsTest, AsksAgainWhatIsNotFresh) {
  EXPECT_EQ(found("a", hours(1), counted()).body, "1");
  EXPECT_EQ(lookups_.find("a", milliseconds(-1), counted()), std::nullopt);
  ASSERT_TRUE(wait_until([&] { return news_ == 2; }));
  EXPECT_EQ(lookups_.find("a", hours(1), counted())->body, "2");
}

TEST_F(LookupsTest, KeepsAnswersApartByTheirNames) {
  EXPECT_EQ(found("a", hours(1), [] { return saying("of a"); }).body, "of a");
  EXPECT_EQ(found("b", hours(1), [] { return saying("of b"); }).body, "of b");
  EXPECT_EQ(found("a", hours(1), counted()).body, "of a");
}

TEST_F(LookupsTest, AsksAnewForWhatWasForgotten) {
  EXPECT_EQ(found("a", hours(1), counted()).body, "1");
  lookups_.forget();
  EXPECT_EQ(lookups_.find("a", hours(1), counted()), std::nullopt);
  EXPECT_EQ(found("a", hours(1), counted()).body, "2");
}

TEST_F(LookupsTest, DoesWhatChangesSomethingOnce) {
  std::optional<Response> done;
  ASSERT_TRUE(wait_until([&] { return (done = lookups_.once("7", counted())).has_value(); }));
  lookups_.forget();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(lookups_.once("7", counted())->body, "1");
  EXPECT_EQ(made_, 1);
}

TEST_F(LookupsTest, ServesWhatIsOldWhenTooMuchIsAsked) {
  EXPECT_EQ(found("a", hours(1), counted()).body, "1");
  // Each is a question of its own, until no more may be asked in a while.
  while (made_ < 200) {
    const auto again = lookups_.find("a", milliseconds(-1), counted());
    if (again && again->body == std::to_string(made_)) break;
    ASSERT_TRUE(wait_until([&] { return news_ == made_; }));
  }
  EXPECT_GE(made_, 10) << "many may be asked at once";
  EXPECT_LT(made_, 100);
  EXPECT_TRUE(lookups_.once("change", counted()) == std::nullopt) << "a change waits for none of that";
  EXPECT_TRUE(wait_until([&] { return lookups_.once("change", counted()).has_value(); }));
}

TEST_F(LookupsTest, RefusesNewQuestionsWhenFarTooMuchIsAsked) {
  std::optional<Response> last;
  for (int i = 0; i < 200 && (!last || last->status == 200); ++i) {
    const std::string name = std::to_string(i);
    ASSERT_TRUE(wait_until([&] { return (last = lookups_.find(name, hours(1), counted())).has_value(); }));
  }
  ASSERT_EQ(last->status, 503);
  EXPECT_THAT(last->body, testing::HasSubstr("too much is asked at once; try again"));
  EXPECT_EQ(last->headers.at(0).first, "Retry-After");
  EXPECT_GE(made_, static_cast<int>(Lookups::kBurst));
  EXPECT_EQ(lookups_.find("0", hours(1), counted())->body, "1") << "what is known is told all the same";
  EXPECT_TRUE(wait_until([&] { return lookups_.find("new", hours(1), counted()).value_or(*last).status == 200; }))
      << "a little later there is room again";
}

TEST_F(LookupsTest, KeepsAManageableNumberOfAnswers) {
  // Changes may be asked for at any rate; each is kept for a minute.
  for (std::size_t i = 0; i < 20; ++i) (void)found(std::to_string(i), hours(1), counted());
  for (std::size_t i = 0; i < Lookups::kMostAnswers; ++i) {
    const std::string name = std::to_string(i);
    ASSERT_TRUE(wait_until([&] { return lookups_.once(name, counted()).has_value(); }));
  }
  const int before = made_;
  EXPECT_EQ(lookups_.find("0", hours(1), counted()), std::nullopt) << "what was used longest ago went";
  ASSERT_TRUE(wait_until([&] { return made_ == before + 1; }));
  EXPECT_EQ(lookups_.once("0", counted()).value_or(Response{}).body, "21") << "no change is done twice";
}

TEST_F(LookupsTest, KeepsAManageableAmountOfBytes) {
  const std::size_t large = Lookups::kMostBytes / 4;
  for (int i = 0; i < 8; ++i) {
    const Response one = found(std::to_string(i), hours(1), [large] { return saying(std::string(large, 'x')); });
    EXPECT_EQ(one.body.size(), large) << i;
  }
  EXPECT_EQ(lookups_.find("0", hours(1), counted()), std::nullopt);
  EXPECT_TRUE(lookups_.find("7", hours(1), counted()).has_value());
  const Response huge = found("huge", hours(1), [] { return saying(std::string(Lookups::kMostBytes + 1, 'x')); });
  EXPECT_EQ(huge.body.size(), Lookups::kMostBytes + 1) << "who asked gets it all the same";
}

TEST_F(LookupsTest, DoesNotForgetAChangeThatSomebodyWaitsFor) {
  std::optional<Response> done;
  ASSERT_TRUE(wait_until([&] { return (done = lookups_.once("7", counted())).has_value(); }));
  const std::size_t large = Lookups::kMostBytes / 2;
  for (int i = 0; i < 6; ++i)
    found("large " + std::to_string(i), hours(1), [=] { return saying(std::string(large, 'x')); });
  const auto again = lookups_.once("7", counted());
  EXPECT_TRUE(again.has_value());
  EXPECT_EQ(made_, 1);
}

TEST_F(LookupsTest, RefusesWhatWouldWaitTooLong) {
  std::promise<void> may_go_on;
  const auto gate = may_go_on.get_future().share();
  std::size_t busy = 0;
  for (std::size_t i = 0; i < Lookups::kMostWaiting * 2; ++i) {
    const auto answer = lookups_.once(std::to_string(i), [gate] {
      gate.wait();
      return Response{};
    });
    EXPECT_EQ(answer.value_or(Response{.status = 503}).status, 503);
    busy += answer ? 1 : 0;
  }
  may_go_on.set_value();
  EXPECT_GE(busy, Lookups::kMostWaiting - 1);
  EXPECT_LT(busy, Lookups::kMostWaiting + 1);
}

TEST(LookupsEnd, WaitsForNoneOfThoseThatHaveNotBegun) {
  std::atomic<int> made = 0;
  {
    std::promise<void> has_begun;
    Lookups lookups(nullptr);
    (void)lookups.find("first", hours(1), [&] {
      has_begun.set_value();
      ++made;
      return Response{};
    });
    has_begun.get_future().wait();
    for (int i = 0; i < 20; ++i) {
      (void)lookups.find(std::to_string(i), hours(1), [&] {
        ++made;
        return Response{};
      });
    }
  }
  EXPECT_LE(made, 21);
}

TEST(LookupsThreads, AreAskedFromMany) {
  std::atomic<int> made = 0;
  Lookups lookups([] {});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 500; ++k) {
        (void)lookups.find(std::to_string(k % 7), hours(1), [&] {
          ++made;
          return saying("x");
        });
        if (i == 0 && k % 100 == 0) lookups.forget();
      }
    });
  }
  for (std::thread& one : threads) one.join();
  EXPECT_TRUE(wait_until([&] { return lookups.find("0", hours(1), [] { return Response{}; }).has_value(); }));
  EXPECT_LE(made, 7 * 7);
}

}  // namespace
}  // namespace simswarm::web
