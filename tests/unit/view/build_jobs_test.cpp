#include "view/build_jobs.h"

#include <gmock/gmock.h>

#include "fake_queue_watch.h"

namespace simswarm::view {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::Pair;

constexpr Monotonic kBegin{std::chrono::hours(100)};

jobs::JobDetails build(const std::string& campaign, jobs::State state) {
  jobs::JobDetails made;
  made.job.id = {campaign + "-build"};
  made.job.queue = {"build"};
  made.job.state = state;
  return made;
}

CampaignRow early(const std::string& id, const std::string& state = "building") {
  CampaignRow row;
  row.id = id;
  row.state = state;
  row.build = id + "-build";
  row.is_planned = false;
  if (state == "building") row.building.emplace().phase = "fetching";
  return row;
}

CampaignRow planned(const std::string& id, const std::string& state) {
  CampaignRow row;
  row.id = id;
  row.state = state;
  return row;
}

std::vector<std::string> states(const EarlyRows& early, std::vector<CampaignRow> rows = {}) {
  early.add_to(rows);
  std::vector<std::string> all;
  for (const CampaignRow& row : rows) all.push_back(row.id + " " + row.state);
  return all;
}

TEST(BuildsOfAQueue, HaveNamesOfTheirOwn) {
  EXPECT_TRUE(is_build_queue("build"));
  EXPECT_TRUE(is_build_queue("build-omnetpp_6.1"));
  EXPECT_FALSE(is_build_queue("builder"));
  EXPECT_FALSE(is_build_queue("run-build"));
  EXPECT_EQ(campaign_of_build("01A-build"), "01A");
  EXPECT_EQ(campaign_of_build("01A-7"), "");
}

TEST(BuildsOfAQueue, AreAskedForAgainWhenTheyMayDiffer) {
  FakeQueueWatch queue;
  jobs::Survey survey;
  survey.queues = {{.name = {"build"}, .campaign = "", .priority = 0, .counts = {.queued = 2, .failed = 1}},
                   {.name = {"run-a"}, .campaign = "", .priority = 0, .counts = {.started = 9}}};
  queue.builds = {build("c", jobs::State::kQueued), build("b", jobs::State::kQueued), build("a", jobs::State::kFailed)};
  BuildJobs builds;
  ASSERT_TRUE(builds.look(queue, survey, kBegin));
  ASSERT_TRUE(builds.look(queue, survey, kBegin + seconds(1)));
  EXPECT_EQ(queue.details_asked, 1) << "nothing has changed";
  EXPECT_EQ(builds.jobs().size(), 3U);
  EXPECT_THAT(builds.ahead(), ElementsAre(Pair("b-build", 0U), Pair("c-build", 1U)));
  survey.queues[0].counts = {.queued = 1, .started = 1, .failed = 1};
  ASSERT_TRUE(builds.look(queue, survey, kBegin + seconds(2)));
  ASSERT_TRUE(builds.look(queue, survey, kBegin + seconds(3)));
  EXPECT_EQ(queue.details_asked, 3) << "what goes on has progress";
  survey.queues[0].counts = {.failed = 1};
  ASSERT_TRUE(builds.look(queue, survey, kBegin + seconds(4)));
  ASSERT_TRUE(builds.look(queue, survey, kBegin + BuildJobs::kKeepFor + seconds(5)));
  EXPECT_EQ(queue.details_asked, 5) << "one may have gone as another came";
  queue.trouble = "Redis is away";
  EXPECT_FALSE(builds.look(queue, survey, kBegin + seconds(60)));
}

TEST(RequestsOfBuilds, AreReadOnceEach) {
  BuildRequests requests;
  const std::vector<jobs::JobDetails> both{build("a", jobs::State::kQueued), build("b", jobs::State::kQueued)};
  requests.want(both);
  ASSERT_TRUE(requests.next());
  EXPECT_EQ(requests.next()->job.id.text, "b-build") << "the newest first";
  requests.take({"b-build"}, {"lab1", "run-b"});
  requests.want(both);
  EXPECT_EQ(requests.next()->job.id.text, "a-build");
  requests.take({"a-build"}, {});
  EXPECT_FALSE(requests.next());
  CampaignRow row = early("b");
  requests.complete(row);
  EXPECT_EQ(row.host, "lab1");
  EXPECT_EQ(row.queue, "run-b");
  requests.want({});
  requests.take({"b-build"}, {"late", ""});
  requests.want(both);
  EXPECT_EQ(requests.next()->job.id.text, "b-build") << "forgotten with its job";
}

TEST(EarlyRowsTest, StandAmongTheOthersTheNewestFirst) {
  EarlyRows rows;
  rows.take({early("01B"), early("01D", "not_built")}, kBegin);
  EXPECT_THAT(states(rows, {planned("01C", "done"), planned("01A", "running")}),
              ElementsAre("01D not_built", "01C done", "01B building", "01A running"));
}

TEST(EarlyRowsTest, StayUntilTheCampaignCanHaveBeenListed) {
  EarlyRows rows;
  rows.take({early("01B")}, kBegin);
  rows.listed(kBegin + seconds(1));
  EXPECT_FALSE(rows.wants_list());
  rows.take({}, kBegin + seconds(2));  // its build has ended
  EXPECT_TRUE(rows.wants_list());
  rows.listed(kBegin + seconds(1));  // asked before
  EXPECT_THAT(states(rows), ElementsAre("01B building"));
  rows.listed(kBegin + seconds(3));
  EXPECT_THAT(states(rows, {planned("01B", "running")}), ElementsAre("01B running"));
  EXPECT_THAT(states(rows), ElementsAre()) << "it came to nothing";
  EXPECT_FALSE(rows.wants_list());
}

TEST(EarlyRowsTest, DoNotStayForEver) {
  EarlyRows rows;
  rows.take({early("01A"), early("01B", "not_built")}, kBegin);
  rows.take({}, kBegin + seconds(1));
  EXPECT_THAT(states(rows), ElementsAre("01A building")) << "of a failed one nothing is to come";
  rows.take({}, kBegin + EarlyRows::kLongest + seconds(2));
  EXPECT_THAT(states(rows), ElementsAre());
}

TEST(EarlyRowsTest, TellWhatIsDoneWithACampaignThatWasJustPlanned) {
  EarlyRows rows;
  rows.take({early("01A"), early("01B"), early("01C", "not_built")}, kBegin);
  EXPECT_THAT(states(rows, {planned("01C", "unknown"), planned("01B", "unknown"), planned("01A", "running")}),
              ElementsAre("01C unknown", "01B building", "01A running"));
}

}  // namespace
}  // namespace simswarm::view
