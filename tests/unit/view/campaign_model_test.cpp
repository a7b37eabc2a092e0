#include "view/campaign_model.h"

#include <gmock/gmock.h>

#include "test_folder.h"
#include "view_support.h"

namespace simswarm::view {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

constexpr auto kNoValue = CampaignModel::kNoValue;

TEST(CampaignModelTest, KnowsTheAxesInTheOrderTheyCome) {
  const CampaignModel model = model_over({"10", "2", "1"}, 2);
  ASSERT_EQ(model.axes().size(), 2U);
  EXPECT_EQ(model.axes()[0].name, "load");
  EXPECT_THAT(model.axes()[0].values, ElementsAre("10", "2", "1"));
  EXPECT_THAT(model.axes()[1].values, ElementsAre("odd", "even"));
  EXPECT_THAT(model.configs(), ElementsAre("Study"));
  EXPECT_EQ(model.size(), 6U);
  EXPECT_EQ(model.value_index(0, 5), 2);
  EXPECT_EQ(model.value_index(1, 5), 1);
  EXPECT_EQ(model.repetition(5), 1);
  EXPECT_EQ(long_name(model.run(5)), long_name(runs_over({"10", "2", "1"}, 2)[5]));
}

TEST(CampaignModelTest, TellsRunsWithoutAVariableApart) {
  RunList runs{run_of("Plain"), run_of("With", 0, {{"n", "1"}}), run_of("Plain")};
  const CampaignModel model(std::move(runs), keys_for(3));
  EXPECT_THAT(model.configs(), ElementsAre("Plain", "With"));
  EXPECT_EQ(model.config_index(2), 0U);
  EXPECT_EQ(model.value_index(0, 0), kNoValue);
  EXPECT_EQ(model.value_index(0, 1), 0);
  EXPECT_EQ(model.value_index(0, 2), kNoValue);
}

TEST(CampaignModelTest, HoldsNoMoreValuesThanItsNumbersTellApart) {
  RunList runs;
  for (std::size_t i = 0; i < kNoValue + std::size_t{10}; ++i) {
    runs.push_back(run_of("Many", static_cast<std::int64_t>(i), {{"n", std::to_string(i)}}));
  }
  const CampaignModel model(std::move(runs), {});
  EXPECT_EQ(model.axes()[0].values.size(), kNoValue);
  EXPECT_EQ(model.value_index(0, kNoValue - 1), kNoValue - 1);
  EXPECT_EQ(model.value_index(0, kNoValue + 9), kNoValue);
  EXPECT_EQ(model.repetition(kNoValue + 9), 65535);
}

TEST(CampaignModelTest, FindsRunsByTheirKeys) {
  const CampaignModel model = model_over({"1", "2"}, 3);
  EXPECT_THAT(model.position_of(key_at(4).digest.bytes()), Optional(4U));
  EXPECT_EQ(model.position_of(key_at(6).digest.bytes()), std::nullopt);
  EXPECT_EQ(model.key(4), key_at(4));
}

TEST(CampaignModelTest, CountsWhatRunsAre) {
  CampaignModel model = model_over({"1", "2"}, 3);
  EXPECT_EQ(model.count(Cell::kUnknown), 6U);
  model.set(0, facts(Cell::kRunning, 1));
  model.set(1, facts(Cell::kRunning, 1));
  model.set(1, facts(Cell::kTimedOut, 1, 5));
  model.set(99, facts(Cell::kRunning));  // none of its runs
  EXPECT_EQ(model.count(Cell::kUnknown), 4U);
  EXPECT_EQ(model.count(Cell::kRunning), 1U);
  EXPECT_EQ(model.count(Cell::kTimedOut), 1U);
}

TEST(CampaignModelTest, TellsWhatChangedSince) {
  CampaignModel model = model_over({"1", "2"}, 3);
  const std::uint64_t begin = model.stamp();
  EXPECT_THAT(model.changed_since(begin), Optional(IsEmpty()));
  model.set(4, facts(Cell::kWaiting));
  model.set(2, facts(Cell::kWaiting));
  const std::uint64_t middle = model.stamp();
  model.set(4, facts(Cell::kRunning, 1));
  EXPECT_THAT(model.changed_since(begin), Optional(ElementsAre(2, 4)));
  EXPECT_THAT(model.changed_since(middle), Optional(ElementsAre(4)));
  EXPECT_THAT(model.changed_since(model.stamp()), Optional(IsEmpty()));
  EXPECT_EQ(model.changed_since(model.stamp() + 1), std::nullopt) << "of another model";
  EXPECT_EQ(model.changed_since(begin - 1), std::nullopt) << "of an earlier one";
}

TEST(CampaignModelTest, ChangesNoStampForWhatTheMapDoesNotShow) {
  CampaignModel model = model_over({"1"}, 1);
  model.set(0, facts(Cell::kCompleted, 1, 5));
  const auto stamp = model.stamp();
  const auto edits = model.edits();
  model.set(0, facts(Cell::kCompleted, 1, 5, 1000));
  EXPECT_EQ(model.stamp(), stamp);
  EXPECT_GT(model.edits(), edits) << "but lists of runs do";
  const auto seen = model.edits();
  model.set(0, facts(Cell::kCompleted, 1, 5, 1000));
  EXPECT_EQ(model.edits(), seen);
}

TEST(CampaignModelTest, NeverTakesAStampForOneOfAnEarlierModel) {
  CampaignModel earlier = model_over({"1", "2"}, 3);
  for (std::size_t i = 0; i < 6; ++i) earlier.set(i, facts(Cell::kRunning, 1));
  std::optional<CampaignModel> later;
  // As soon as the clock has moved on by more than there were changes.
  ASSERT_TRUE(wait_until([&] {
    later.emplace(model_over({"1", "2"}, 3));
    return later->stamp() > earlier.stamp();
  }));
  for (std::size_t i = 0; i < 6; ++i) later->set(i, facts(Cell::kCompleted, 1, 1));
  EXPECT_EQ(later->changed_since(earlier.stamp()), std::nullopt);
  EXPECT_LT(later->stamp(), std::uint64_t{1} << 53U) << "numbers of a browser are whole up to there";
}

TEST(CampaignModelTest, RemembersOnlySoManyChanges) {
  CampaignModel model = model_over({"1"}, 2);
  const std::uint64_t begin = model.stamp();
  for (std::size_t i = 0; i <= CampaignModel::kMostChanges; ++i)
    model.set(0, facts(i % 2 == 0 ? Cell::kRunning : Cell::kWaiting, 1));
  EXPECT_EQ(model.changed_since(begin), std::nullopt);
  EXPECT_THAT(model.changed_since(begin + 1), Optional(ElementsAre(0)));
}

TEST(CampaignModelTest, NumbersPlaces) {
  CampaignModel model = model_over({"1"}, 1);
  const std::uint32_t one = model.place({"w1", "lab1"});
  EXPECT_EQ(model.place({"w1", "lab1"}), one);
  EXPECT_NE(model.place({"w1", "lab2"}), one);
  EXPECT_EQ(model.place(one).host, "lab1");
  EXPECT_EQ(model.place(0).worker, "") << "of a run that is nowhere";
}

TEST(CampaignModelTest, TakesACampaignWithoutRunsOrKeys) {
  CampaignModel empty({}, {});
  EXPECT_EQ(empty.size(), 0U);
  EXPECT_THAT(empty.axes(), IsEmpty());
  empty.set(0, facts(Cell::kRunning));
  CampaignModel keyless(runs_over({"1"}, 2), {});
  EXPECT_EQ(keyless.size(), 2U);
}

TEST(CellTest, HasAWordForEach) {
  for (std::size_t i = 0; i < kCells; ++i) {
    const auto cell = static_cast<Cell>(i);
    EXPECT_EQ(cell_from(to_text(cell)), cell) << i;
  }
  EXPECT_EQ(cell_from("none"), std::nullopt);
  EXPECT_EQ(cell_from(""), std::nullopt);
}

TEST(CellTest, SaysWhatHasFailed) {
  std::vector<std::string_view> failed, complete;
  for (std::size_t i = 0; i < kCells; ++i) {
    const auto cell = static_cast<Cell>(i);
    if (has_failed(cell)) failed.push_back(to_text(cell));
    if (is_complete(cell)) complete.push_back(to_text(cell));
  }
  EXPECT_THAT(failed, ElementsAre("failed", "timed_out", "crashed", "out_of_memory", "lost", "stalled", "incomplete"));
  EXPECT_THAT(complete, ElementsAre("completed", "known"));
}

TEST(CellTest, IsMadeOfEveryOutcome) {
  for (int i = 0; i <= static_cast<int>(Outcome::kNotStarted); ++i) {
    const auto outcome = static_cast<Outcome>(i);
    EXPECT_EQ(is_complete(cell_of(outcome)), is_complete(outcome)) << to_text(outcome);
    EXPECT_EQ(has_failed(cell_of(outcome)),
              !is_complete(outcome) && outcome != Outcome::kCancelled && outcome != Outcome::kNotStarted)
        << to_text(outcome);
  }
}

}  // namespace
}  // namespace simswarm::view
