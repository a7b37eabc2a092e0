#include "result/series.h"

#include <gmock/gmock.h>

#include <cmath>

#include "result_support.h"

namespace simswarm::result {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<double> xs(const Series& series) {
  std::vector<double> list;
  for (const Point& point : series.points) list.push_back(point.x);
  return list;
}

TEST(Grouping, RepetitionsBecomeOnePointWithItsInterval) {
  const SeriesSet set = group({{"", "10", 1}, {"", "2", 5}, {"", "10", 2}, {"", "10", 3}});
  ASSERT_EQ(set.series.size(), 1U);
  EXPECT_TRUE(set.categories.empty());
  EXPECT_THAT(xs(set.series[0]), ElementsAre(2, 10));
  const Point& point = set.series[0].points[1];
  EXPECT_EQ(point.mean, 2);
  EXPECT_EQ(point.n, 3U);
  EXPECT_NEAR(point.half_width.value(), 4.302653 / std::sqrt(3.0), 1e-5);
  EXPECT_FALSE(set.series[0].points[0].half_width.has_value());
}

TEST(Grouping, ACommonUnitKeepsXNumeric) {
  const SeriesSet set = group({{"", "1.5s", 1}, {"", "0.5s", 1}});
  EXPECT_EQ(set.x_unit, "s");
  EXPECT_THAT(xs(set.series[0]), ElementsAre(0.5, 1.5));
}

TEST(Grouping, DifferentSpellingsOfANumberAreOnePlace) {
  EXPECT_EQ(group({{"", "1", 1}, {"", "1.0", 3}}).series[0].points.at(0).mean, 2);
}

TEST(Grouping, MixedUnitsOrWordsAreCategoriesInTheOrderTheyAreSeen) {
  EXPECT_THAT(group({{"", "1s", 1}, {"", "500ms", 1}}).categories, ElementsAre("1s", "500ms"));
  const SeriesSet set = group({{"", "wfq", 1}, {"", "fifo", 2}, {"", "wfq", 3}});
  EXPECT_THAT(set.categories, ElementsAre("wfq", "fifo"));
  EXPECT_EQ(set.series[0].points[0].mean, 2);
}

TEST(Grouping, CategoriesCanBeSorted) {
  SeriesSet set = group({{"", "q10", 1}, {"", "q9", 2}, {"", "q", 3}});
  sort_categories(set);
  EXPECT_THAT(set.categories, ElementsAre("q", "q9", "q10"));
  EXPECT_THAT(xs(set.series[0]), ElementsAre(0, 1, 2));
  EXPECT_EQ(set.series[0].points[0].mean, 3);
}

TEST(Grouping, SeriesStandInNaturalOrder) {
  const SeriesSet set = group({{"n=10", "1", 1}, {"n=9", "1", 1}});
  EXPECT_EQ(set.series[0].label, "n=9");
}

TEST(Grouping, ValuesThatAreNoNumbersAreLeftOutAndCounted) {
  const SeriesSet set = group({{"", "1", 4}, {"", "1", NAN}, {"", "1", INFINITY}, {"", "2", NAN}});
  ASSERT_EQ(set.series[0].points.size(), 1U);
  EXPECT_EQ(set.series[0].points[0].mean, 4);
  EXPECT_EQ(set.series[0].points[0].n, 1U);
  EXPECT_EQ(set.series[0].points[0].excluded, 2U);
}

TEST(Grouping, TheLargestNumberThatThereIsStandsForNone) {
  const SeriesSet set = group({{"", "1", 4}, {"", "1", 1.7976931348623157e308}});
  EXPECT_EQ(set.series[0].points.at(0).mean, 4);
  EXPECT_EQ(set.series[0].points.at(0).excluded, 1U);
  EXPECT_FALSE(group({{"", "1.7e308", 4}, {"", "1", 4}}).categories.empty()) << "no axis reaches as far";
}

Observation observed(const std::string& load, const std::string& hosts, const std::string& module,
                     const std::string& name, double value) {
  RunInfo run;
  run.id = load + "-" + hosts;
  run.attributes = {{"configname", "Aloha"}};
  run.variables = {{"load", load}, {"numHosts", hosts}};
  return {std::make_shared<const RunInfo>(run), module, name, value, ""};
}

TEST(Measurements, TakeXAndSeriesFromTheVariablesOfTheRuns) {
  const auto list =
      measurements({observed("0.5", "10", "Net", "delay", 3)}, Grouping{{"load"}, {"numHosts", "configname"}});
  ASSERT_EQ(list->size(), 1U);
  EXPECT_EQ(list->front().x, "0.5");
  EXPECT_EQ(list->front().series, "numHosts=10, Aloha");
  EXPECT_EQ(list->front().y, 3);
}

TEST(Measurements, ManyModulesOfOneRunAreOneValue) {
  const Observation first = observed("0.5", "10", "Net.host[0]", "delay", 1);
  Observation second = first;
  second.module = "Net.host[1]";
  second.value = 3;
  const auto list = measurements({first, second}, Grouping{{"load"}, {}});
  ASSERT_EQ(list->size(), 1U);
  EXPECT_EQ(list->front().y, 2);
  EXPECT_EQ(measurements({first, second}, Grouping{{"load"}, {"module"}})->size(), 2U);
}

TEST(Measurements, OfSeveralNamesAreNotMixed) {
  const Observation sent = observed("0.5", "10", "Net", "sent", 1);
  Observation lost = sent;
  lost.name = "lost";
  const auto list = measurements({sent, lost}, Grouping{{"load"}, {}});
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ(list->front().series, "sent");
}

TEST(Measurements, SeveralVariablesCanMakeOneCategory) {
  EXPECT_EQ(measurements({observed("0.5", "10", "Net", "x", 1)}, Grouping{{"load", "numHosts"}, {}})->front().x,
            "load=0.5, numHosts=10");
}

TEST(Measurements, AnUnknownVariableIsAUsageErrorWithAHint) {
  const auto list = measurements({observed("0.5", "10", "Net", "x", 1)}, Grouping{{"laod"}, {}});
  ASSERT_FALSE(list.has_value());
  EXPECT_EQ(list.error().code, ExitCode::kUsage);
  EXPECT_EQ(list.error().message, "run «0.5-10» has no iteration variable or attribute «laod»; did you mean «load»?");
}

TEST(Measurements, WithoutXAskWhichOneItIs) {
  const auto list = measurements({observed("0.5", "10", "Net", "x", 1)}, Grouping{});
  ASSERT_FALSE(list.has_value());
  EXPECT_EQ(list.error().message, "which of the iteration variables is x: load, numHosts?");
  EXPECT_TRUE(measurements(std::vector<Observation>{}, Grouping{})->empty());
}

TEST(Measurements, OfATableAreItsRows) {
  TestFolder folder;
  const Table table =
      read_table(folder.write("t.csv", "load,queue,seed,delay\n1,fifo,1,3\n1,fifo,2,\n2,red,1,5\n")).value();
  const auto list = measurements(table, "delay", Grouping{{"load"}, {"queue"}});
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ(list->back().series, "queue=red");
  EXPECT_EQ(list->back().x, "2");
  EXPECT_THAT(measurements(table, "dely", Grouping{{"load"}, {}}).error().message, HasSubstr("did you mean «delay»?"));
  EXPECT_THAT(measurements(table, "queue", Grouping{{"load"}, {}}).error().message,
              HasSubstr("column «queue» holds no numbers"));
}

}  // namespace
}  // namespace simswarm::result
