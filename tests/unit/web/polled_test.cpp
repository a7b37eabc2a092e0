#include "web/polled.h"

#include <gmock/gmock.h>

#include <atomic>

#include "test_folder.h"

namespace simswarm::web {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(PolledTest, LooksOnlyWhenSomebodyAsks) {
  std::atomic<int> looks = 0;
  Polled<int> polled([&]() -> Result<int> { return ++looks; }, seconds(60), nullptr);
  std::this_thread::sleep_for(milliseconds(30));
  EXPECT_EQ(looks, 0);
  EXPECT_FALSE(polled.seen().is_fresh);
  ASSERT_TRUE(wait_until([&] { return polled.seen().is_fresh; }));
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(*polled.seen().value, 1);
  EXPECT_EQ(looks, 1);
}

TEST(PolledTest, LooksAgainAfterItsPace) {
  std::atomic<int> looks = 0;
  Polled<int> polled([&]() -> Result<int> { return ++looks; }, milliseconds(20), nullptr);
  const auto until = std::chrono::steady_clock::now() + milliseconds(400);
  while (std::chrono::steady_clock::now() < until) (void)polled.seen();
  EXPECT_GE(looks, 2);
  EXPECT_LE(looks, 21);
}

TEST(PolledTest, KeepsWhatItSawWhenTroubleComes) {
  std::atomic<bool> is_well = true;
  std::atomic<int> news = 0;
  Polled<int> polled([&]() -> Result<int> { return is_well ? Result<int>(7) : environment_error("away"); },
                     milliseconds(5), [&] { ++news; });
  ASSERT_TRUE(wait_until([&] { return polled.seen().value != nullptr; }));
  is_well = false;
  ASSERT_TRUE(wait_until([&] { return !polled.seen().trouble.empty(); }));
  const Seen<int> seen = polled.seen();
  EXPECT_EQ(*seen.value, 7);
  EXPECT_EQ(seen.trouble, "away");
  ASSERT_TRUE(wait_until([&] { return polled.seen().trouble_for > milliseconds(20); }));
  is_well = true;
  ASSERT_TRUE(wait_until([&] { return polled.seen().trouble.empty(); }));
  EXPECT_GE(news, 3);
}

TEST(PolledTest, DoesNotAskForMoreThanATenthOfTheTime) {
  std::atomic<int> looks = 0;
  Polled<int> polled(
      [&]() -> Result<int> {
        std::this_thread::sleep_for(milliseconds(60));
        return ++looks;
      },
      milliseconds(1), nullptr);
  ASSERT_TRUE(wait_until([&] { return polled.seen().is_fresh; }));
  const auto until = std::chrono::steady_clock::now() + milliseconds(400);
  while (std::chrono::steady_clock::now() < until) (void)polled.seen();
  EXPECT_EQ(looks, 1);
}

}  // namespace
}  // namespace simswarm::web
