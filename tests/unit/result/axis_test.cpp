#include "result/axis.h"

#include <gmock/gmock.h>

namespace simswarm::result {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> labels(const Axis& axis) {
  std::vector<std::string> list;
  for (const Tick& tick : axis.ticks) list.push_back(tick.label);
  return list;
}

SeriesSet one_series(std::vector<Point> points) {
  return {{}, "", {{"", std::move(points)}}};
}

TEST(Axes, HaveRoundTicksThatEncloseTheRange) {
  EXPECT_THAT(labels(round_axis(0.03, 0.97, 5)), ElementsAre("0", "0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_THAT(labels(round_axis(-3, 12, 4)), ElementsAre("-5", "0", "5", "10", "15"));
  EXPECT_THAT(labels(round_axis(1, 99, 5)), ElementsAre("0", "20", "40", "60", "80", "100"));
}

TEST(Axes, OfLargeAndSmallValuesShareAPowerOfAThousand) {
  const Axis large = round_axis(0, 12e6, 4);
  EXPECT_EQ(large.exponent, 6);
  EXPECT_THAT(labels(large), ElementsAre("0", "5", "10", "15"));
  const Axis small = round_axis(0, 4e-5, 4);
  EXPECT_EQ(small.exponent, -6);
  EXPECT_THAT(labels(small), ElementsAre("0", "10", "20", "30", "40"));
  EXPECT_EQ(axis_title("delay", "s", -6, true), "delay [s] (×10⁻⁶)");
  EXPECT_EQ(axis_title("", "", 3, false), "(x 1e3)");
}

TEST(Axes, OfOneValueOrNoneAreStillAxes) {
  for (const Axis& axis :
       {round_axis(5, 5, 4), round_axis(0, 0, 4), round_axis(0, 5e-324, 4), y_axis({}, 5), x_axis({}, 5)}) {
    EXPECT_LT(axis.low, axis.high);
    EXPECT_GE(axis.ticks.size(), 2U);
  }
}

TEST(Axes, OfYHoldWholeIntervalsAndBeginAtZeroWhenItIsNear) {
  const Axis axis = y_axis(one_series({{1, 10, 3.5, 5, 0}, {2, 4, std::nullopt, 1, 0}}), 5);
  EXPECT_EQ(axis.low, 0);
  EXPECT_GE(axis.high, 13.5);
  EXPECT_GT(y_axis(one_series({{1, 100, {}, 1, 0}, {2, 110, {}, 1, 0}}), 5).low, 0);
}

TEST(Axes, OfCategoriesAreTheirNames) {
  SeriesSet set = one_series({{0, 1, {}, 1, 0}, {1, 2, {}, 1, 0}});
  set.categories = {"fifo", "red"};
  const Axis axis = x_axis(set, 10);
  EXPECT_THAT(labels(axis), ElementsAre("fifo", "red"));
  EXPECT_DOUBLE_EQ(axis.fraction(0), 0.25);
}

}  // namespace
}  // namespace simswarm::result
