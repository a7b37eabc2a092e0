#include "view/values.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "test_folder.h"
#include "view_support.h"

namespace simswarm::view {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;

result::Observation value(const std::string& module, const std::string& name, double number,
                          const std::string& unit = "") {
  return {nullptr, module, name, number, unit};
}

class ValuesTest : public testing::Test {
 protected:
  result::SeriesSet series(const std::string& name, const std::string& x = "load",
                           const std::vector<std::string>& by = {}, const std::string& module = "") {
    auto set = values_.series(model_, module, name, x, by);
    EXPECT_TRUE(set.has_value()) << error_of(set);
    return set.value_or(result::SeriesSet{});
  }
  // Two values of «load», three repetitions each; «kind» is odd and even in turn.
  CampaignModel model_ = model_over({"1", "2"}, 3);
  Values values_{6};
};

TEST_F(ValuesTest, KnowsWhatItHasRead) {
  values_.add(0, {value("net", "delay", 1.5, "s"), value("net.host[0]", "lost", 3)});
  values_.add(1, {value("net", "delay", 2.5, "s")});
  values_.add(2, {});
  EXPECT_EQ(values_.read(), 3U);
  EXPECT_TRUE(values_.is_read(2));
  EXPECT_FALSE(values_.is_read(3));
  const auto names = values_.names("");
  ASSERT_EQ(names.size(), 2U);
  EXPECT_EQ(names[0].name, "delay");
  EXPECT_EQ(names[0].module, "net");
  EXPECT_EQ(names[0].unit, "s");
  EXPECT_EQ(names[0].runs, 2U);
  EXPECT_EQ(values_.names("host").size(), 1U) << "also by module";
  EXPECT_THAT(values_.names("none"), IsEmpty());
  EXPECT_EQ(values_.unit_of("delay"), "s");
  EXPECT_EQ(values_.unit_of("none"), "");
}

TEST_F(ValuesTest, TakesARunOnce) {
  values_.add(0, {value("net", "delay", 1)});
  values_.add(0, {value("net", "delay", 100), value("net", "more", 1)});
  EXPECT_EQ(values_.read(), 1U);
  EXPECT_EQ(values_.names("").size(), 1U);
  EXPECT_DOUBLE_EQ(series("delay").series.at(0).points.at(0).mean, 1);
}

TEST_F(ValuesTest, GivesMeansWithConfidence) {
  const double delays[] = {1, 2, 3, 10, 10, 10};
  for (std::size_t i = 0; i < 6; ++i) values_.add(i, {value("net", "delay", delays[i], "s")});
  const result::SeriesSet set = series("delay");
  EXPECT_THAT(set.categories, IsEmpty()) << "x is a number";
  ASSERT_EQ(set.series.size(), 1U);
  const auto& points = set.series[0].points;
  ASSERT_EQ(points.size(), 2U);
  EXPECT_DOUBLE_EQ(points[0].x, 1);
  EXPECT_DOUBLE_EQ(points[0].mean, 2);
  EXPECT_EQ(points[0].n, 3U);
  // Student's t of 2 degrees of freedom: 4.3027 · 1 / √3.
  EXPECT_THAT(points[0].half_width, Optional(DoubleNear(2.484, 0.001)));
  EXPECT_THAT(points[1].half_width, Optional(DoubleNear(0, 1e-9)));
}

TEST_F(ValuesTest, SaysNothingOfConfidenceInOneRun) {
  values_.add(0, {value("net", "delay", 1)});
  EXPECT_EQ(series("delay").series.at(0).points.at(0).half_width, std::nullopt);
}

TEST_F(ValuesTest, GivesASeriesForEachCombination) {
  for (std::size_t i = 0; i < 6; ++i) values_.add(i, {value("net", "delay", double(i))});
  std::vector<std::string> labels;
  const result::SeriesSet set = series("delay", "load", {"kind"});
  for (const result::Series& one : set.series) labels.push_back(one.label);
  EXPECT_THAT(labels, ElementsAre("kind=even", "kind=odd"));
  EXPECT_THAT(series("delay", "kind").categories, ElementsAre("odd", "even")) << "x is a word";
}

TEST_F(ValuesTest, AveragesModulesOfARunFirst) {
  values_.add(0, {value("net.a", "delay", 1), value("net.b", "delay", 3)});
  values_.add(1, {value("net.a", "delay", 6)});
  const result::SeriesSet set = series("delay");
  const result::Point& all = set.series.at(0).points.at(0);
  EXPECT_DOUBLE_EQ(all.mean, 4);
  EXPECT_EQ(all.n, 2U) << "only runs are independent";
  EXPECT_DOUBLE_EQ(series("delay", "load", {}, "net.b").series.at(0).points.at(0).mean, 3);
  EXPECT_THAT(series("delay", "load", {}, "none").series, IsEmpty());
}

TEST_F(ValuesTest, LeavesOutWhatIsNoNumber) {
  values_.add(0, {value("net", "delay", std::nan(""))});
  values_.add(1, {value("net", "delay", std::numeric_limits<double>::infinity())});
  values_.add(2, {value("net", "delay", 5)});
  const result::SeriesSet set = series("delay");
  const auto& points = set.series.at(0).points;
  ASSERT_EQ(points.size(), 1U);
  EXPECT_DOUBLE_EQ(points[0].mean, 5);
  EXPECT_EQ(points[0].n, 1U);
}

TEST_F(ValuesTest, LeavesOutRunsWithoutTheVariable) {
  CampaignModel mixed(RunList{run_of("With", 0, {{"load", "1"}}), run_of("Without")}, keys_for(2));
  Values values(2);
  values.add(0, {value("net", "delay", 1)});
  values.add(1, {value("net", "delay", 100)});
  const auto set = values.series(mixed, "", "delay", "load", {});
  ASSERT_TRUE(set.has_value());
  EXPECT_EQ(set->series.at(0).points.at(0).n, 1U);
}

TEST_F(ValuesTest, RefusesWhatTheCampaignHasNot) {
  const auto set = values_.series(model_, "", "delay", "laod", {});
  EXPECT_EQ(error_of(set), "there is no iteration variable «laod»; there are load, kind");
  EXPECT_FALSE(values_.series(model_, "", "delay", "load", {"none"}).has_value());
  EXPECT_THAT(series("never measured").series, IsEmpty());
}

TEST(ValuesMemory, HasABound) {
  constexpr std::size_t kRuns = 100'000;
  Values values(kRuns);
  std::vector<result::Observation> many;
  for (int i = 0; i < 1000; ++i) many.push_back(value("net", "scalar " + std::to_string(i), i));
  values.add(0, many);
  EXPECT_EQ(values.names("").size() + values.left_out(), 1000U);
  EXPECT_LE(values.names("").size() * kRuns * sizeof(float), Values::kMostBytes);
  EXPECT_GE(values.names("").size(), 100U);
  values.add(1, {many.front()});
  EXPECT_EQ(values.names("scalar 0").at(0).runs, 2U) << "what is there goes on";
}

TEST(ValuesMemory, CountsNamesOfFewRuns) {
  Values values(1);
  std::vector<result::Observation> many;
  for (int i = 0; i < 300'000; ++i) many.push_back(value("net", std::to_string(i), i));
  values.add(0, many);
  EXPECT_LT(values.names("").size(), 200'000U);
  EXPECT_GT(values.left_out(), 0U);
}

}  // namespace
}  // namespace simswarm::view
