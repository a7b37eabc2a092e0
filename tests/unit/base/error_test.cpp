#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace simswarm {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return usage_error("{} is odd", number);
  return number / 2;
}

Result<int> quarter(int number) {
  SIMSWARM_TRY(const int once, half(number));
  SIMSWARM_TRY(const int twice, half(once));
  return twice;
}

Status check_even(int number) {
  SIMSWARM_CHECK(half(number));
  return {};
}

TEST(Errors, ArePassedOnAsTheyAre) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).error().message, "3 is odd");
  EXPECT_EQ(quarter(6).error().code, ExitCode::kUsage);
  EXPECT_TRUE(check_even(2).has_value());
  EXPECT_EQ(check_even(5).error().message, "5 is odd");
}

TEST(Errors, OfTheSystemSayWhatAndWhy) {
  const Error missing = system_error(ENOENT, "/x/y").value();
  EXPECT_EQ(missing.message, "/x/y: No such file or directory");
  EXPECT_EQ(missing.code, ExitCode::kEnvironment);
  EXPECT_FALSE(missing.can_retry);
  EXPECT_TRUE(system_error(EAGAIN, "x").value().can_retry);
}

TEST(Errors, OfTheEnvironmentAreToldFromThoseOfUse) {
  EXPECT_EQ(environment_error("no {}", "git").value().code, ExitCode::kEnvironment);
  EXPECT_EQ(environment_error("no {}", "git").value().message, "no git");
}

}  // namespace
}  // namespace simswarm
