#include "result/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace simswarm::result {
namespace {

TEST(StudentsT, AgreesWithPublishedTables) {
  EXPECT_NEAR(student_t_975(1), 12.706, 0.0006);
  EXPECT_NEAR(student_t_975(2), 4.303, 0.0006);
  EXPECT_NEAR(student_t_975(4), 2.776, 0.0006);
  EXPECT_NEAR(student_t_975(9), 2.262, 0.0006);
  EXPECT_NEAR(student_t_975(29), 2.045, 0.0006);
  EXPECT_NEAR(student_t_975(30), 2.042, 0.0006);
  EXPECT_NEAR(student_t_975(40), 2.021, 0.0006);
  EXPECT_NEAR(student_t_975(60), 2.000, 0.0006);
  EXPECT_NEAR(student_t_975(120), 1.980, 0.0006);
  EXPECT_NEAR(student_t_975(1'000'000'000), 1.960, 0.0006);
}

// The distribution function of Student's t by Simpson's rule: the quantile must give 0.975 back.
double student_t_below(double t, double degrees) {
  const double scale = std::exp(std::lgamma((degrees + 1) / 2) - std::lgamma(degrees / 2)) / std::sqrt(degrees * M_PI);
  const auto density = [&](double x) { return scale * std::pow(1 + x * x / degrees, -(degrees + 1) / 2); };
  constexpr int kSteps = 20000;
  const double width = t / kSteps;
  double sum = density(0) + density(t);
  for (int i = 1; i < kSteps; ++i) sum += (i % 2 == 1 ? 4 : 2) * density(i * width);
  return 0.5 + sum * width / 3;
}

TEST(StudentsT, IsTheQuantileOfItsDistribution) {
  for (std::uint64_t degrees = 1; degrees <= 200; ++degrees) {
    EXPECT_NEAR(student_t_below(student_t_975(degrees), static_cast<double>(degrees)), 0.975, 1e-6) << degrees;
  }
}

TEST(StudentsT, FallsWithoutAJumpFromTheTableToTheFormula) {
  for (std::uint64_t degrees = 2; degrees < 100; ++degrees)
    EXPECT_LT(student_t_975(degrees), student_t_975(degrees - 1));
}

TEST(Statistics, OfAFewValuesAreTheTextbooks) {
  Accumulator values;
  for (const double value : {2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0}) values.add(value);
  EXPECT_EQ(values.count(), 8U);
  EXPECT_DOUBLE_EQ(values.mean(), 5);
  EXPECT_NEAR(values.stddev(), 2.13809, 1e-5);
  EXPECT_NEAR(values.half_width().value(), 2.364624 * 2.13809 / std::sqrt(8.0), 1e-5);
  EXPECT_EQ(values.min(), 2);
  EXPECT_EQ(values.max(), 9);
}

TEST(Statistics, OfOneValueHaveNoInterval) {
  Accumulator values;
  EXPECT_TRUE(std::isnan(values.mean()));
  values.add(3);
  EXPECT_EQ(values.mean(), 3);
  EXPECT_TRUE(std::isnan(values.stddev()));
  EXPECT_FALSE(values.half_width().has_value());
}

TEST(Statistics, DoNotLoseSmallDeviationsOfLargeValues) {
  Accumulator values;
  for (int i = 0; i < 1000; ++i) values.add(1e9 + i % 2);
  EXPECT_NEAR(values.stddev(), 0.50025, 1e-4);
}

}  // namespace
}  // namespace simswarm::result
