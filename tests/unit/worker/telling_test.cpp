#include "worker/telling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simswarm::worker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> jobs_of(const std::vector<jobs::Told>& told) {
  std::vector<std::string> ids;
  for (const jobs::Told& one : told) ids.push_back(one.claim.job.text);
  return ids;
}

TEST(Telling, TellsAtOnceWhatPeopleWaitForAndAllElseWithTheNextBeat) {
  Telling telling;
  telling.say({{{{"a"}, 1}, "{}"}, {{{"b"}, 1}, "{}", "it prints"}, {{{"c"}, 1}, "{}"}}, 3, 7.5);
  EXPECT_TRUE(telling.is_urgent());
  EXPECT_THAT(jobs_of(telling.take_urgent()), ElementsAre("b"));
  EXPECT_FALSE(telling.is_urgent());
  EXPECT_THAT(jobs_of(telling.take()), ElementsAre("a", "c"));
  EXPECT_THAT(telling.take(), IsEmpty());
  EXPECT_EQ(telling.running(), 3U);
  EXPECT_EQ(telling.working_seconds(), 7.5);
}

TEST(Telling, KnowsOfWhichJobsSomebodyLooksAtWhatTheyPrint) {
  Telling telling;
  const std::vector<jobs::Told> told{{{{"a"}, 1}, "{}"}, {{{"b"}, 1}, "{}"}};
  telling.watch("a");
  EXPECT_TRUE(telling.is_watched({"a"}));
  telling.heard(told, {false, true});
  EXPECT_FALSE(telling.is_watched({"a"}));
  EXPECT_TRUE(telling.is_watched({"b"}));
  telling.forget({"b"});
  EXPECT_FALSE(telling.is_watched({"b"}));
}

TEST(Telling, RemembersNoMoreThanItCanTell) {
  Telling telling;
  for (int i = 0; i < 5000; ++i) telling.watch("j" + std::to_string(i));
  EXPECT_TRUE(telling.is_watched({"j0"}));
  EXPECT_FALSE(telling.is_watched({"j4999"}));
}

}  // namespace
}  // namespace simswarm::worker
