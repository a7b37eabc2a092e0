#include "cli/build_rows.h"

#include <gmock/gmock.h>

#include "campaign/build_request.h"
#include "store/store.h"
#include "test_folder.h"

namespace simswarm::cli {
namespace {

constexpr const char* kCampaign = "01M82V0000AAAAAAAAAAAAAAAA";

jobs::JobDetails build(jobs::State state) {
  jobs::JobDetails made;
  made.job.id = {campaign::build_job_id(kCampaign)};
  made.job.state = state;
  made.job.description = campaign::build_description("a study");
  made.job.created_at = "2026-11-22T12:57:03.000000Z";
  made.payload = campaign::payload_of(campaign::BuildJob{kCampaign, digest_of("x")});
  return made;
}

TEST(RowsOfBuilds, TellHowFarABuildIs) {
  jobs::JobDetails job = build(jobs::State::kStarted);
  job.job.progress = campaign::to_json(
      campaign::BuildView{.phase = "building", .compiled = 7, .hits = 3, .remote = 5, .expected = 20, .hosts = 2});
  const auto row = row_of_build(job);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->id, kCampaign);
  EXPECT_EQ(row->name, "a study");
  EXPECT_EQ(row->build, job.job.id.text);
  EXPECT_EQ(to_text(row->created), "2026-11-22T12:57:03.000000Z");
  EXPECT_EQ(row->state, "building");
  EXPECT_FALSE(row->is_planned);
  ASSERT_TRUE(row->building);
  EXPECT_EQ(row->building->phase, "building");
  EXPECT_EQ(row->building->compiled + row->building->hits, 10U);
  EXPECT_EQ(row->building->expected, 20U);
  EXPECT_EQ(row->building->hosts, 2U);
}

TEST(RowsOfBuilds, TellOfABuildThatHasSaidNothingYet) {
  EXPECT_EQ(row_of_build(build(jobs::State::kQueued))->building->phase, "waiting");
  EXPECT_EQ(row_of_build(build(jobs::State::kStarted))->building->phase, "fetching");
  EXPECT_EQ(row_of_build(build(jobs::State::kCancelled))->state, "cancelled");
  EXPECT_EQ(row_of_build(build(jobs::State::kStopped))->state, "cancelled");
  EXPECT_FALSE(row_of_build(build(jobs::State::kFinished)));
}

TEST(RowsOfBuilds, TellWhyNothingWasBuilt) {
  jobs::JobDetails job = build(jobs::State::kFailed);
  job.message = campaign::to_json(campaign::BuildAnswer{.code = 4, .message = "build failed: a.cc:1: error: b\nmore"});
  EXPECT_EQ(row_of_build(job)->state, "not_built");
  EXPECT_EQ(row_of_build(job)->error, "build failed: a.cc:1: error: b");
  EXPECT_FALSE(row_of_build(job)->building);
  job.message = "something else\n  in two lines";
  EXPECT_EQ(row_of_build(job)->error, "something else");
  job.message = std::string(10'000, 'x');
  EXPECT_LT(row_of_build(job)->error.size(), 1000U);
  job.job.lost = true;
  job.job.node = "node7";
  EXPECT_EQ(row_of_build(job)->error, "lost with its builder time and again, last on node7");
}

TEST(RowsOfBuilds, AreNotOfOtherJobs) {
  jobs::JobDetails job = build(jobs::State::kQueued);
  job.job.id = {"other-build"};
  EXPECT_FALSE(row_of_build(job)) << "a campaign has one build";
  job = build(jobs::State::kQueued);
  job.payload = R"(["os.system",null,["x","y"],{}])";
  EXPECT_FALSE(row_of_build(job));
}

TEST(RowsOfBuilds, TellOfTheRequestWhoseItIs) {
  const TestFolder folder;
  auto back_end = store::open_directory(folder / "store");
  ASSERT_TRUE(back_end);
  store::Store store(std::move(*back_end));
  campaign::BuildRequest request;
  request.campaign = kCampaign;
  request.host = "lab1";
  request.project = "p1";
  request.roots = {"."};
  request.folder = request.steps_folder = ".";
  request.queue = "run-a";
  const std::string written = campaign::to_json(request);
  TextSource text(written);
  const auto blob = store.put(text);
  ASSERT_TRUE(blob);
  jobs::JobDetails job = build(jobs::State::kQueued);
  job.payload = campaign::payload_of(campaign::BuildJob{kCampaign, blob->digest});
  const auto asked = load_request(job, store);
  ASSERT_TRUE(asked) << asked.error().message;
  EXPECT_EQ(asked->host, "lab1");
  EXPECT_EQ(asked->queue, "run-a");
  const auto gone = load_request(build(jobs::State::kQueued), store);
  ASSERT_FALSE(gone);
  EXPECT_FALSE(gone.error().can_retry) << "it is not asked for again and again";
}

}  // namespace
}  // namespace simswarm::cli
