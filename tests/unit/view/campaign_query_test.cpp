#include "view/campaign_query.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "view_support.h"

namespace simswarm::view {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::IsEmpty;

class SelectTest : public testing::Test {
 protected:
  SelectTest() {
    model_.set(0, facts(Cell::kCompleted, 30, 9, 500));
    model_.set(1, facts(Cell::kFailed, 10, 3, 700));
    model_.set(2, facts(Cell::kCompleted, 20, 3, 600));
    model_.set(3, facts(Cell::kRunning, 40));
    model_.set(4, facts(Cell::kTimedOut, 50, 60, 100));
  }
  CampaignModel model_ = model_over({"10", "2", "1"}, 2);
};

TEST_F(SelectTest, GivesAllInTheirOrder) {
  EXPECT_THAT(select(model_, {}), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(select(model_, {.descending = true}), ElementsAre(5, 4, 3, 2, 1, 0));
}

TEST_F(SelectTest, FiltersByWhatRunsAre) {
  EXPECT_THAT(select(model_, {.cells = {Cell::kCompleted}}), ElementsAre(0, 2));
  EXPECT_THAT(select(model_, {.cells = {Cell::kFailed, Cell::kTimedOut}}), ElementsAre(1, 4));
  EXPECT_THAT(select(model_, {.cells = {Cell::kKnown}}), IsEmpty());
}

TEST_F(SelectTest, FiltersByValuesOfAxes) {
  EXPECT_THAT(select(model_, {.values = {{0, 1}}}), ElementsAre(2, 3));
  EXPECT_THAT(select(model_, {.values = {{0, 1}, {0, 2}}}), ElementsAre(2, 3, 4, 5)) << "alternatives";
  EXPECT_THAT(select(model_, {.values = {{0, 1}, {1, 0}}}), ElementsAre(2)) << "both of two axes";
  EXPECT_THAT(select(model_, {.values = {{0, 999}}}), IsEmpty());
  EXPECT_THAT(select(model_, {.repetitions = {1}}), ElementsAre(1, 3, 5));
  EXPECT_THAT(select(model_, {.configs = {0}}), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(select(model_, {.configs = {7}}), IsEmpty());
}

TEST_F(SelectTest, SearchesNames) {
  EXPECT_THAT(select(model_, {.search = "load=10"}), ElementsAre(0, 1));
  EXPECT_THAT(select(model_, {.search = "Study#3"}), ElementsAre(3)) << "also by number";
  EXPECT_THAT(select(model_, {.search = "load=1,"}), ElementsAre(4, 5));
  EXPECT_THAT(select(model_, {.search = "none"}), IsEmpty());
  EXPECT_THAT(select(model_, {.cells = {Cell::kFailed}, .search = "load=2"}), IsEmpty());
}

TEST_F(SelectTest, SortsAndKeepsTheOrderOfEqualOnes) {
  EXPECT_THAT(select(model_, {.order = RunOrder::kSeconds}), ElementsAre(3, 5, 1, 2, 0, 4));
  EXPECT_THAT(select(model_, {.order = RunOrder::kSeconds, .descending = true}).front(), 4U);
  EXPECT_THAT(select(model_, {.cells = {Cell::kCompleted, Cell::kFailed}, .order = RunOrder::kMemory}),
              ElementsAre(0, 2, 1));
  EXPECT_THAT(select(model_, {.order = RunOrder::kStarted}), ElementsAre(5, 1, 2, 0, 3, 4));
}

class TimelineTest : public testing::Test {
 protected:
  Timeline all(double now = 100, double from = 0, double to = 0, std::size_t most = 100) const {
    return timeline(model_, now, from, to, most);
  }
  std::vector<std::size_t> positions(const Timeline& of) const {
    std::vector<std::size_t> found;
    for (const Bar& bar : of.bars) found.push_back(bar.position);
    return found;
  }
  CampaignModel model_ = model_over({"1", "2", "3"}, 2);
  std::uint32_t lab1_ = model_.place({"w1", "lab1"});
  std::uint32_t lab2_ = model_.place({"w2", "lab2"});
};

TEST_F(TimelineTest, IsEmptyAtFirst) {
  const Timeline none = all();
  EXPECT_THAT(none.bars, IsEmpty());
  EXPECT_THAT(none.lanes, IsEmpty());
  EXPECT_EQ(none.begin, 0);
}

TEST_F(TimelineTest, ShowsNothingWhoseTimesAreTheQueuesAlone) {
  Facts claimed = facts(Cell::kRunning, 10, 0, 0, lab1_);
  claimed.is_exact = false;  // ahead of its turn, maybe
  model_.set(0, claimed);
  EXPECT_THAT(all().bars, IsEmpty());
}

TEST_F(TimelineTest, GivesEachRunAtOnceALaneOfItsPlace) {
  model_.set(0, facts(Cell::kCompleted, 10, 20, 0, lab2_));
  model_.set(1, facts(Cell::kFailed, 15, 5, 0, lab1_));
  model_.set(2, facts(Cell::kCompleted, 12, 5, 0, lab2_));   // beside the first
  model_.set(3, facts(Cell::kCompleted, 20, 10, 0, lab2_));  // where the second one was
  model_.set(4, facts(Cell::kRunning, 30, 0, 0, lab2_));     // begins as another ends
  const Timeline seen = all(100);
  EXPECT_THAT(seen.lanes, ElementsAre(lab1_, lab2_, lab2_));
  EXPECT_THAT(positions(seen), ElementsAre(0, 2, 1, 3, 4)) << "by their beginning";
  EXPECT_EQ(seen.bars[0].lane, 1U);
  EXPECT_EQ(seen.bars[1].lane, 2U);
  EXPECT_EQ(seen.bars[2].lane, 0U);
  EXPECT_EQ(seen.bars[3].lane, 2U);
  EXPECT_EQ(seen.bars[4].lane, 1U);
  EXPECT_EQ(seen.bars[4].end, std::nullopt);
  EXPECT_EQ(seen.bars[1].cell, Cell::kCompleted);
  EXPECT_THAT(seen.begin, DoubleEq(10));
  EXPECT_THAT(seen.end, DoubleEq(100)) << "something goes on";
  EXPECT_THAT(seen.busy, DoubleEq(20 + 5 + 5 + 10 + 70));
  EXPECT_FALSE(seen.cut);
}

TEST_F(TimelineTest, LeavesOutWhatWasRunBefore) {
  model_.set(0, facts(Cell::kKnown, 10, 20));
  model_.set(1, facts(Cell::kWaiting, 10, 0));
  model_.set(2, facts(Cell::kCompleted, 50, 5));
  EXPECT_THAT(positions(all()), ElementsAre(1, 2));
  EXPECT_THAT(all().begin, DoubleEq(10));
}

TEST_F(TimelineTest, ShowsAPartWithTheLanesOfTheWhole) {
  for (std::size_t i = 0; i < 6; ++i) model_.set(i, facts(Cell::kCompleted, 10.0 * double(i + 1), 5, 0, lab1_));
  EXPECT_THAT(positions(all(100, 22, 41)), ElementsAre(1, 2, 3)) << "also what reaches into it";
  EXPECT_THAT(all(100, 22, 41).begin, DoubleEq(10));
  EXPECT_THAT(positions(all(100, 1000, 2000)), IsEmpty());
  EXPECT_EQ(all(100, 1000, 2000).lanes.size(), 1U);
  EXPECT_THAT(positions(all(100, std::nan(""), 0)), IsEmpty());
}

TEST_F(TimelineTest, SaysThatThereAreMore) {
  for (std::size_t i = 0; i < 6; ++i) model_.set(i, facts(Cell::kCompleted, 10.0 * double(i + 1), 5, 0, lab1_));
  EXPECT_FALSE(all(100, 0, 0, 6).cut);
  const Timeline some = all(100, 0, 0, 4);
  EXPECT_TRUE(some.cut);
  EXPECT_THAT(positions(some), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(some.end, DoubleEq(65)) << "of all";
}

TEST_F(TimelineTest, StandsClocksThatDisagree) {
  model_.set(0, facts(Cell::kRunning, 200, 0, 0, lab1_));  // later than now
  Facts backward = facts(Cell::kCompleted, 50, 0, 0, lab1_);
  backward.ended = 40;
  model_.set(1, backward);
  const Timeline seen = all(100);
  EXPECT_EQ(seen.bars.size(), 2U);
  EXPECT_GE(seen.busy, 0);
  EXPECT_GE(seen.end, seen.begin);
}

std::size_t sum_of(const std::vector<std::size_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

TEST(HistogramTest, IsEmptyAtFirst) {
  CampaignModel model = model_over({"1"}, 3);
  model.set(0, facts(Cell::kRunning, 10, 3));
  EXPECT_THAT(histogram(model, Measure::kSeconds, 10).edges, IsEmpty());
}

TEST(HistogramTest, CountsByWhatBecameOfRuns) {
  CampaignModel model = model_over({"1"}, 12);
  for (std::size_t i = 0; i < 10; ++i) model.set(i, facts(Cell::kCompleted, 1, double(i + 1), 1000 * (i + 1)));
  model.set(10, facts(Cell::kFailed, 1, 2, 0));
  const Histogram seconds = histogram(model, Measure::kSeconds, 3);
  EXPECT_THAT(seconds.edges, ElementsAre(DoubleEq(1), DoubleEq(4), DoubleEq(7), DoubleEq(10)));
  EXPECT_THAT(seconds.counts[static_cast<std::size_t>(Cell::kCompleted)], ElementsAre(3, 3, 4));
  EXPECT_THAT(seconds.counts[static_cast<std::size_t>(Cell::kFailed)], ElementsAre(1, 0, 0));
  EXPECT_THAT(seconds.counts[static_cast<std::size_t>(Cell::kUnknown)], IsEmpty());
  EXPECT_THAT(seconds.median, DoubleEq(5));
  EXPECT_THAT(seconds.p95, DoubleEq(10));
  EXPECT_THAT(seconds.most, DoubleEq(10));
  const Histogram memory = histogram(model, Measure::kMemory, 3);
  EXPECT_THAT(memory.counts[static_cast<std::size_t>(Cell::kFailed)], IsEmpty()) << "nothing is known of it";
  EXPECT_THAT(memory.most, DoubleEq(10'000));
}

TEST(HistogramTest, StandsValuesThatAreAllTheSame) {
  CampaignModel model = model_over({"1"}, 5);
  for (std::size_t i = 0; i < 5; ++i) model.set(i, facts(Cell::kCompleted, 1, 7));
  const Histogram all = histogram(model, Measure::kSeconds, 4);
  EXPECT_EQ(sum_of(all.counts[static_cast<std::size_t>(Cell::kCompleted)]), 5U);
  EXPECT_THAT(all.median, DoubleEq(7));
}

TEST(HistogramTest, LeavesOutWhatIsNoNumber) {
  CampaignModel model = model_over({"1"}, 4);
  model.set(0, facts(Cell::kCompleted, 1, 7));
  Facts odd = facts(Cell::kCompleted, 1, 7);
  odd.seconds = std::numeric_limits<float>::infinity();
  model.set(1, odd);
  odd.seconds = std::numeric_limits<float>::quiet_NaN();
  model.set(2, odd);
  odd.seconds = -1;
  model.set(3, odd);
  const Histogram all = histogram(model, Measure::kSeconds, 4);
  EXPECT_EQ(sum_of(all.counts[static_cast<std::size_t>(Cell::kCompleted)]), 1U);
  EXPECT_THAT(all.most, DoubleEq(7));
}

}  // namespace
}  // namespace simswarm::view
