#include "base/time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace simswarm {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(Stamps, AreUtcWithMicroseconds) {
  EXPECT_EQ(to_text(Stamp(microseconds(1'795'352'223'123'456))), "2026-11-22T12:57:03.123456Z");
  EXPECT_EQ(to_text(Stamp()), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_text(Stamp(microseconds(-1))), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_text(Stamp(microseconds(951'782'400'000'007))), "2000-02-29T00:00:00.000007Z");
}

TEST(Ulids, BeginWithTheTimeOfTheSpecification) {
  // github.com/ulid/spec: 1469918176385 ms is «01ARYZ6S41».
  const std::string ulid = make_ulid(Stamp(milliseconds(1'469'918'176'385)));
  EXPECT_EQ(ulid.size(), 26U);
  EXPECT_EQ(ulid.substr(0, 10), "01ARYZ6S41");
  EXPECT_EQ(ulid.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), std::string::npos);
}

TEST(Ulids, SortByTime) {
  EXPECT_LT(make_ulid(Stamp(milliseconds(1'000'000))), make_ulid(Stamp(milliseconds(1'000'001))));
  EXPECT_LT(make_ulid(Stamp(milliseconds(1023))), make_ulid(Stamp(milliseconds(1024))));
}

TEST(Ulids, SortBehindAnEarlierOneWhenTheClockWasSetBack) {
  const std::string earlier = make_ulid(Stamp(milliseconds(5'000'000)));
  EXPECT_GT(make_ulid(Stamp(milliseconds(1'000)), earlier), earlier);
  EXPECT_EQ(make_ulid(Stamp(milliseconds(6'000'000)), earlier).substr(0, 10),
            make_ulid(Stamp(milliseconds(6'000'000))).substr(0, 10));
}

TEST(Ulids, OfOneMomentDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(make_ulid(Stamp()));
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(SystemClock, GoesForward) {
  const Monotonic before = system_clock().monotonic();
  EXPECT_GE(system_clock().monotonic(), before);
  EXPECT_GT(system_clock().stamp(), Stamp(microseconds(1'600'000'000'000'000)));
}

}  // namespace
}  // namespace simswarm
