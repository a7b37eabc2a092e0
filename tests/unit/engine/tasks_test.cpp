#include "engine/tasks.h"

#include <gmock/gmock.h>

namespace simswarm::engine {
namespace {

using testing::ElementsAre;

Task task(const std::string& service, std::int64_t slot, const std::string& node, const std::string& state,
          int created) {
  Task task;
  task.service = service;
  task.slot = slot;
  task.node = node;
  task.state = state;
  task.created = Stamp(std::chrono::seconds(created));
  return task;
}

TEST(HasEnded, KnowsTheWordsOfTheEngine) {
  for (const char* word : {"failed", "rejected", "orphaned"}) {
    EXPECT_TRUE(has_failed(task("s", 1, "n", word, 0))) << word;
    EXPECT_TRUE(has_ended(task("s", 1, "n", word, 0))) << word;
  }
  for (const char* word : {"complete", "shutdown", "remove"}) {
    EXPECT_FALSE(has_failed(task("s", 1, "n", word, 0))) << word;
    EXPECT_TRUE(has_ended(task("s", 1, "n", word, 0))) << word;
  }
  for (const char* word : {"new", "pending", "assigned", "preparing", "starting", "running", ""})
    EXPECT_FALSE(has_ended(task("s", 1, "n", word, 0))) << word;
}

TEST(RestartsOf, CountsThoseBeforeInTheSameSlot) {
  EXPECT_THAT(
      restarts_of({task("s", 1, "n2", "running", 9), task("s", 1, "n1", "failed", 5), task("s", 1, "n1", "shutdown", 2),
                   task("s", 2, "n1", "running", 7), task("t", 1, "n1", "running", 8)}),
      ElementsAre(2, 1, 0, 0, 0));
}

TEST(RestartsOf, CountsByNodeWhereThereAreNoSlots) {
  EXPECT_THAT(restarts_of({task("g", 0, "n1", "running", 9), task("g", 0, "n2", "running", 8),
                           task("g", 0, "n1", "failed", 5), task("g", 0, "n2", "running", 4)}),
              ElementsAre(1, 0, 0, 0));
  EXPECT_TRUE(restarts_of({}).empty());
}

TEST(Names, StandForThemselvesWhereTheyAreNotKnown) {
  Swarm swarm;
  swarm.nodes.emplace_back().id = "n1";
  swarm.nodes.back().host = "one";
  swarm.services.emplace_back().id = "s1";
  swarm.services.back().name = "sim_runner";
  const Names names(swarm);
  EXPECT_EQ(names.host("n1"), "one");
  EXPECT_EQ(names.host("n9"), "n9");
  EXPECT_EQ(names.task(task("s1", 7, "n1", "running", 0)), "sim_runner.7");
  EXPECT_EQ(names.task(task("s1", 0, "n1", "running", 0)), "sim_runner");
  EXPECT_EQ(names.task(task("gone", 7, "n1", "running", 0)), "gone.7");
}

}  // namespace
}  // namespace simswarm::engine
