#include "campaign/planned.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "campaign/backlog.h"
#include "campaign/positions.h"

namespace simswarm::campaign {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Planned planned(std::int64_t number, Decision decision = Decision::kRun) {
  Planned run;
  run.run = {"Study", number, {{"load", "1"}}, 0, "7"};
  run.key = {digest_of(std::to_string(number))};
  run.decision = decision;
  return run;
}

// All there is to tell, in words.
std::string words(const Planned& run) {
  std::string text = fmt::format("{} {}: {}", short_name(run.run), static_cast<int>(run.decision), run.reason);
  if (run.known) {
    text +=
        fmt::format("; {} of {} {} «{}» {}", run.known->number, run.known->campaign,
                    to_text(run.known->verdict.outcome), run.known->verdict.message, run.known->verdict.place.module);
  }
  return text + (run.distrusted > 0 ? fmt::format("; not {}", run.distrusted) : "");
}

TEST(PlannedRuns, GiveBackWhatTheyWereGiven) {
  std::vector<Planned> given{
      planned(0), planned(1, Decision::kKnown),     planned(2, Decision::kKnown), planned(3, Decision::kKnownError),
      planned(4), planned(5, Decision::kElsewhere), planned(6, Decision::kKnown)};
  given[1].known = {2, "01A", {Outcome::kCompleted, "", {}}};
  given[1].reason = "complete since campaign 01A";
  given[2].known = {1, "01B", {Outcome::kTeardownFailed, "error in finish()", {"1", 5, "net"}}};
  given[2].reason = "complete since campaign 01B";
  given[3].known = {3, "01A", {Outcome::kModelError, "no gate", {}}};
  given[3].reason = "the same would come again";
  given[4].distrusted = 7;
  given[4].reason = "its result is gone";
  given[6].known = {9, "01B", {Outcome::kCompleted, "", {}}};
  given[6].reason = "because";
  PlannedRuns runs;
  for (const Planned& run : given) runs.push_back(run);
  for (std::size_t i = 0; i < given.size(); ++i) {
    EXPECT_EQ(words(runs[i]), words(given[i]));
    EXPECT_EQ(runs.key(i), given[i].key);
    EXPECT_EQ(runs.run(i), given[i].run);
    EXPECT_EQ(runs.decision(i), given[i].decision);
  }
  EXPECT_EQ(runs.count(Decision::kKnown), 3U);
  EXPECT_THROW((void)runs.at(7), std::out_of_range);
  given[0].decision = Decision::kKnown;
  given[0].known = given[1].known;
  given[0].reason = given[1].reason;
  for (const std::size_t i : {0U, 1U, 3U}) {
    runs.set(i, given[0]);
    EXPECT_EQ(runs[i].known->campaign, "01A");
    EXPECT_EQ(runs[i].known->number, 2);
    EXPECT_EQ(runs.run(i), given[i].run) << "that stays";
  }
  runs.set(1, planned(1));
  EXPECT_EQ(words(runs[1]), words(planned(1)));
}

TEST(PlannedRuns, FindEqualKeys) {
  PlannedRuns runs;
  for (const int number : {5, 3, 8, 1}) runs.push_back(planned(number));
  EXPECT_FALSE(runs.equal_keys());
  for (const int number : {5, 3, 8, 1}) EXPECT_TRUE(runs.has(planned(number).key));
  for (const int number : {0, 2, 9}) EXPECT_FALSE(runs.has(planned(number).key));
  runs.push_back(planned(3));
  const auto equal = runs.equal_keys();
  ASSERT_TRUE(equal);
  EXPECT_EQ(equal->first, 1U);
  EXPECT_EQ(equal->second, 4U);
}

TEST(TheFinals, GiveBackWhatTheyWereGiven) {
  Finals finals;
  finals.resize(2);
  EXPECT_EQ(finals[1].outcome, Outcome::kNotStarted);
  finals.set(1, {Outcome::kModelError, "no gate", {"2.5", 7, "net"}, 3, true});
  EXPECT_EQ(finals.outcome(1), Outcome::kModelError);
  EXPECT_EQ(finals[1].message, "no gate");
  EXPECT_EQ(finals[1].place.module, "net");
  EXPECT_EQ(finals[1].attempts, 3);
  EXPECT_TRUE(finals[1].was_known);
  finals.set(1, {Outcome::kCompleted, "", {}, 4, false});
  EXPECT_EQ(finals[1].message, "");
  EXPECT_FALSE(finals[1].place.event);
  EXPECT_EQ(finals[0].attempts, 0);
}

TEST(APositions, CountsEachOnce) {
  Positions positions;
  for (const std::size_t position : {7U, 3U, 7U, 100U}) positions.insert(position);
  EXPECT_EQ(positions.size(), 3U);
  EXPECT_THAT(positions.first(2), ElementsAre(3, 7));
  EXPECT_THAT(positions.first(9), ElementsAre(3, 7, 100));
  positions.erase(7);
  positions.erase(7);
  positions.erase(5000);
  EXPECT_EQ(positions.size(), 2U);
  EXPECT_FALSE(positions.contains(7));
  EXPECT_FALSE(positions.contains(5000));
  EXPECT_TRUE(positions.contains(100));
}

std::vector<std::size_t> firsts(const std::vector<Job>& jobs) {
  std::vector<std::size_t> found;
  for (const Job& job : jobs) found.push_back(job.runs.front());
  return found;
}

TEST(ABacklog, KeepsItsOrderUntilItIsGivenAnother) {
  Backlog backlog;
  backlog.add(Job{{4, 5}, false});
  for (const std::size_t run : {0U, 1U, 2U, 3U}) backlog.add(run);
  backlog.add(Job{{6}, true});
  const std::vector<Job> taken = backlog.take(2);
  EXPECT_THAT(firsts(taken), ElementsAre(4, 0));
  EXPECT_THAT(taken[0].runs, ElementsAre(4, 5));
  EXPECT_THAT(backlog, SizeIs(4));
  backlog.sort([](const Job& job) { return job.runs.front() % 2 == 0 ? 10.0 : 1.0; });
  EXPECT_THAT(backlog, SizeIs(4));
  const std::vector<Job> rest = backlog.take(9);
  EXPECT_THAT(firsts(rest), ElementsAre(2, 6, 1, 3));
  EXPECT_TRUE(rest[1].alone);
  EXPECT_TRUE(backlog.empty());
  EXPECT_THAT(backlog.take(1), IsEmpty());
}

TEST(ABacklog, BeginsWithASampleFromAllOver) {
  Backlog backlog;
  for (std::size_t run = 0; run < 100; ++run) backlog.add(run);
  (void)backlog.take(20);
  backlog.sample_first();
  const std::vector<std::size_t> order = firsts(backlog.take(80));
  EXPECT_GT(order[0], 20U);
  EXPECT_GT(order[7], 80U);
  EXPECT_THAT(std::set<std::size_t>(order.begin(), order.end()), SizeIs(80));
}

}  // namespace
}  // namespace simswarm::campaign
