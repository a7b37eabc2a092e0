// Several campaigns at once, with real workers and a real server: each has its share of their time, and none that fails
// or hangs holds up another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker_support.h"

namespace simswarm::jobs {
namespace {

using testing::HasSubstr;

class FairShares : public testing::Test, protected WorkerTest {
 protected:
  FairShares() : WorkerTest(SharedRedis::fresh()) {
    project().script("sleeper", "sleep $1\necho slept >out-$2.txt");
    project().script("hangs", "sleep 300");
  }

  // Runs of one study, as a campaign has them.
  void enqueue_campaign(const std::string& name, int runs, const Words& command) const {
    std::vector<std::string> numbers;
    for (int i = 0; i < runs; ++i) numbers.push_back(name + std::to_string(i));
    const json grid = json::array({json::array({"n", numbers})});
    const json manifest{{"folder", project().path()}, {"command", command}, {"grid", grid}};
    ASSERT_TRUE(queue().keep_manifest(name, manifest.dump()).has_value());
    std::vector<NewJob> all;
    for (int i = 0; i < runs; ++i) {
      NewJob made = job(numbers[static_cast<std::size_t>(i)], "run-" + name);
      made.payload = json::array({"simswarm.run", nullptr, json::array({name, i}), json::object()}).dump();
      all.push_back(made);
    }
    ASSERT_TRUE(queue().enqueue(all).has_value());
  }
  [[nodiscard]] std::size_t finished(const std::string& name) const { return counts("run-" + name).finished; }
  // Seconds of slots that the runs have had which have ended.
  [[nodiscard]] double seconds(const std::string& name) const {
    double all = 0;
    const Page page = good(queue().list({"run-" + name}, Place::kFinished, 0, 1000));
    for (const JobView& one : page.jobs) all += result(one.id.text).value("wall_seconds", 0.0);
    return all;
  }
};

TEST_F(FairShares, GiveShortAndLongRunsTheSameTime) {
  enqueue_campaign("short", 3000, {"./sleeper", "0.02", "{n}"});
  enqueue_campaign("long", 300, {"./sleeper", "0.5", "{n}"});
  const auto one = worker("one", {"--slots", "1"});
  const auto two = worker("two", {"--slots", "1"});
  ASSERT_TRUE(wait_until([&] { return finished("long") >= 14; })) << one->log();
  const double both = seconds("short") + seconds("long");
  EXPECT_GT(seconds("short") / both, 0.35);
  EXPECT_LT(seconds("short") / both, 0.65);
}

TEST_F(FairShares, FollowPrioritiesThatAreSetMeanwhile) {
  enqueue_campaign("first", 3000, {"./sleeper", "0.02", "{n}"});
  enqueue_campaign("second", 3000, {"./sleeper", "0.02", "{n}"});
  ASSERT_TRUE(queue().describe({"run-second"}, {std::nullopt, 5}).has_value());
  const auto one = worker("one", {"--slots", "2"});
  ASSERT_TRUE(wait_until([&] { return finished("second") >= 150; })) << one->log();
  EXPECT_LT(finished("first"), 60U);
  EXPECT_GT(finished("first"), 3U) << "nobody starves";
}

TEST_F(FairShares, ServeTheOnlyRunOfACampaignAmongMany) {
  enqueue_campaign("many", 3000, {"./sleeper", "0.02", "{n}"});
  const auto one = worker("one", {"--slots", "2"});
  ASSERT_TRUE(wait_until([&] { return finished("many") >= 20; })) << one->log();
  enqueue_campaign("single", 1, {"./sleeper", "0.02", "{n}"});
  const std::size_t before = finished("many");
  ASSERT_TRUE(wait_until([&] { return finished("single") == 1; })) << one->log();
  EXPECT_LT(finished("many") - before, 200U);
}

TEST_F(FairShares, LetNobodyWaitForAStudyThatDoesNotOpen) {
  for (const char* const id : {"h1", "h2", "h3", "h4", "h5", "h6"}) {
    NewJob made = run_job(id, {"./hangs", id});
    made.queue = {"run-hangs"};
    made.payload =
        json::array({"simswarm.run", nullptr, json::array(),
                     json{{"folder", project().path()}, {"dialect", "cmdenv"}, {"command", {"./hangs", id}}}})
            .dump();
    enqueue(made);
  }
  const auto one = worker("one", {"--slots", "2"});
  for (const char* const id : {"h1", "h2", "h3", "h4"}) ASSERT_TRUE(becomes(id, State::kStarted));
  enqueue_campaign("good", 30, {"./sleeper", "0.01", "{n}"});
  ASSERT_TRUE(wait_until([&] { return finished("good") == 30; })) << one->log();
  EXPECT_EQ(details("h1").job.state, State::kStarted) << "it is still being asked for its runs";
  EXPECT_THAT(end(*one), HasSubstr("ended: 30 jobs finished, 0 failed"));
  EXPECT_EQ(details("h1").job.state, State::kQueued);
}

TEST_F(FairShares, LetThoseWaitWhoseRunsFailAtOnce) {
  enqueue_campaign("bad", 1000, {"./broken", "{n}"});
  enqueue_campaign("fine", 60, {"./sleeper", "0.1", "{n}"});
  const auto one = worker("one", {"--slots", "2"});
  ASSERT_TRUE(wait_until([&] { return finished("fine") >= 55; })) << one->log();
  EXPECT_LT(counts("run-bad").failed, 100U);
  EXPECT_GT(counts("run-bad").failed, 4U);
}

}  // namespace
}  // namespace simswarm::jobs
