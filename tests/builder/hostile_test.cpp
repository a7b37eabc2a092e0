// Projects that mean harm, beside one that does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
TEST(Hostile, Placeholder) {
  EXPECT_TRUE(true);
}
