#include "base/stamp.h"

#include <gtest/gtest.h>

namespace simswarm {
namespace {

TEST(StampFrom, ReadsNanoseconds) {
  EXPECT_EQ(to_text(stamp_from("2026-11-22T12:57:03.123456789Z")), "2026-11-22T12:57:03.123456Z");
  EXPECT_EQ(to_text(stamp_from("2026-11-22T12:57:03Z")), "2026-11-22T12:57:03.000000Z");
  EXPECT_EQ(to_text(stamp_from("2026-11-22T12:57:03.5Z")), "2026-11-22T12:57:03.500000Z");
  for (const char* wrong :
       {"", "Z", "2026-11-22", "2026-13-22T12:57:03Z", "2026-11-22T12:57:03", "20x6-11-22T12:57:03Z"})
    EXPECT_EQ(stamp_from(wrong), Stamp{}) << wrong;
}

}  // namespace
}  // namespace simswarm
