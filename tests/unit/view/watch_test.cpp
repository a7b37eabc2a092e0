// One watch for all pages, over a queue and a store of the test's own.
#include "view/watch.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <set>

#include "base/text.h"
#include "fake_queue_watch.h"
#include "store_samples.h"
#include "view_support.h"

namespace simswarm::view {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kCampaign = "01M82V0000AAAAAAAAAAAAAAAA";

// What the test says is there; read by the watch's thread.
struct Scene {
  std::mutex mutex;
  jobs::Survey survey;
  std::vector<jobs::JobView> started;
  std::vector<jobs::JobDetails> builds;
  std::string queue_trouble, store_trouble;
  int queues_opened = 0;
};

class SceneWatch final : public jobs::QueueWatch {
 public:
  explicit SceneWatch(Scene& scene) : scene_(scene) {}
  Result<jobs::Survey> survey() override {
    const std::lock_guard lock(scene_.mutex);
    if (!scene_.queue_trouble.empty()) return environment_error("{}", scene_.queue_trouble);
    return scene_.survey;
  }
  Result<jobs::Moves> moves(const jobs::QueueName& /*queue*/, const jobs::Mark& since) override {
    const std::lock_guard lock(scene_.mutex);
    if (!scene_.queue_trouble.empty()) return environment_error("{}", scene_.queue_trouble);
    return jobs::Moves{scene_.started, {}, since};
  }
  Result<std::vector<jobs::JobId>> ids(const jobs::QueueName& /*queue*/, jobs::Place /*place*/, std::size_t /*offset*/,
                                       std::size_t /*most*/) override {
    return std::vector<jobs::JobId>{};
  }
  Result<std::vector<std::string>> errors(const std::vector<jobs::JobId>& ids) override {
    return std::vector<std::string>(ids.size());
  }
  Result<std::vector<jobs::JobDetails>> details(const std::vector<jobs::PlaceAsked>& /*asked*/,
                                                std::size_t /*most*/) override {
    const std::lock_guard lock(scene_.mutex);
    return scene_.builds;
  }
  Result<std::optional<std::size_t>> ahead(const jobs::QueueName& /*queue*/, const jobs::JobId& /*id*/) override {
    return std::nullopt;
  }

 private:
  Scene& scene_;
};

class WatchTest : public testing::Test {
 protected:
  WatchTest() {
    scene_.survey.queues.push_back({.name = {"run-a"}, .campaign = "study", .priority = 0, .counts = {.queued = 5}});
    jobs::WorkerView worker;
    worker.record.name = {"w1"};
    worker.record.queues = {{"run"}};
    worker.record.slots = 4;
    worker.record.running = 1;
    scene_.survey.workers.push_back(worker);
  }
  // A campaign of two runs in the store, whose queue is «run-a».
  void keep(const std::string& id = kCampaign) {
    auto store = open_store();
    store::CampaignRecord record;
    record.id = id;
    record.name = "study";
    record.queue = "run-a";
    record.runs = 2;
    record.created = system_clock().stamp();
    record.artifact = record.plan = digest_of("x");
    EXPECT_TRUE((*store)->keep_campaign(record));
  }
  Result<std::unique_ptr<store::Store>> open_store() {
    SIMSWARM_TRY(auto back_end, store::open_directory(folder_ / "store"));
    return std::make_unique<store::Store>(std::move(back_end));
  }
  WatchOptions options(bool has_store = true) {
    WatchOptions options;
    options.open_queue = [this]() -> Result<std::unique_ptr<jobs::QueueWatch>> {
      const std::lock_guard lock(scene_.mutex);
      ++scene_.queues_opened;
      if (!scene_.queue_trouble.empty()) return environment_error("{}", scene_.queue_trouble);
      return std::make_unique<SceneWatch>(scene_);
    };
    if (has_store) {
      options.open_store = [this]() -> Result<std::unique_ptr<store::Store>> {
        const std::lock_guard lock(scene_.mutex);
        if (!scene_.store_trouble.empty()) return environment_error("{}", scene_.store_trouble);
        return open_store();
      };
    }
    options.load_plan = [this](const store::CampaignRecord& record, store::Store&) -> Result<RunPlan> {
      ++plans_;
      if (record.name != "study") return usage_error("its runs are not known here");
      return RunPlan{RunList{run_of("Study", 0), run_of("Study", 1)}, keys_for(2), {"./sim"}, "OMNeT++ 6.1"};
    };
    options.position_of = [](const std::string& campaign, const jobs::JobId& job) -> std::optional<std::size_t> {
      if (job.text == campaign + "-0") return 0;
      return job.text == campaign + "-1" ? std::optional<std::size_t>(1) : std::nullopt;
    };
    options.row_of_build = [](const jobs::JobDetails& job) -> std::optional<CampaignRow> {
      CampaignRow row;
      row.id = campaign_of_build(job.job.id.text);
      row.build = job.job.id.text;
      row.is_planned = false;
      row.state = job.job.state == jobs::State::kFailed ? "not_built" : "building";
      row.error = job.message;
      if (row.state == "building") row.building.emplace().phase = job.job.progress;
      return row;
    };
    options.load_request = [this](const jobs::JobDetails& job, store::Store&) -> Result<BuildAsked> {
      ++requests_;
      if (job.payload.empty()) return usage_error("it is gone");
      return BuildAsked{job.payload, "run-a"};
    };
    options.news = [this] { ++news_; };
    return options;
  }
  void begin(bool has_store = true) { watch_ = make_watch(options(has_store)); }
  template <typename Change>
  void change(const Change& make) {
    const std::lock_guard lock(scene_.mutex);
    make(scene_);
  }
  // Until the picture is like that.
  bool shows(const std::function<bool(const Picture&)>& is_so) {
    return wait_until([&] { return is_so(*watch_->picture()); });
  }
  std::shared_ptr<Followed> follow(const std::string& id = kCampaign) {
    Following following;
    EXPECT_TRUE(wait_until([&] { return (following = watch_->follow(id)).campaign != nullptr; })) << following.trouble;
    return following.campaign;
  }

  TestFolder folder_;
  Scene scene_;
  std::atomic<int> news_ = 0, plans_ = 0, requests_ = 0;
  std::unique_ptr<Watch> watch_;
};

TEST_F(WatchTest, ShowsQueuesWorkersAndCampaigns) {
  keep();
  begin();
  ASSERT_TRUE(shows([](const Picture& picture) { return !picture.campaigns.empty(); }));
  const auto picture = watch_->picture();
  EXPECT_TRUE(picture->has_queue);
  EXPECT_TRUE(picture->has_store);
  EXPECT_EQ(picture->totals.queued, 5U);
  EXPECT_EQ(picture->slots, 4U);
  EXPECT_EQ(picture->busy, 1U);
  EXPECT_EQ(picture->campaigns[0].id, kCampaign);
  EXPECT_THAT(picture->troubles, IsEmpty());
  EXPECT_GE(news_, 1);
}

// The state of the only campaign; empty: there is none, or more than one.
std::string state_in(const Picture& picture) {
  return picture.campaigns.size() == 1 ? picture.campaigns[0].state : "";
}

TEST_F(WatchTest, ShowsACampaignFromItsBuildOn) {
  change([](Scene& scene) {
    scene.survey.queues = {{.name = {"build"}, .campaign = "", .priority = 0, .counts = {.started = 1}}};
    jobs::JobDetails build;
    build.job.id = {std::string(kCampaign) + "-build"};
    build.job.state = jobs::State::kStarted;
    build.job.progress = "packing";
    build.payload = "lab1";
    scene.builds = {build};
  });
  begin();
  ASSERT_TRUE(shows(
      [](const Picture& picture) { return state_in(picture) == "building" && picture.campaigns[0].host == "lab1"; }));
  const auto before = watch_->picture();
  EXPECT_EQ(before->campaigns[0].building->phase, "packing");
  EXPECT_EQ(before->campaigns[0].queue, "run-a");
  EXPECT_FALSE(before->campaigns[0].is_planned);
  EXPECT_EQ(requests_, 1);
  change([](Scene& scene) { scene.builds[0].job.progress = "planning"; });
  ASSERT_TRUE(shows([&](const Picture& picture) {
    return picture.topics.at("overview") > before->topics.at("overview") &&
           picture.topics.at("builds") > before->topics.at("builds");
  })) << "pages are told";
  keep();
  change([](Scene& scene) {
    scene.builds.clear();
    scene.survey.queues = {{.name = {"run-a"}, .campaign = "study", .priority = 0, .counts = {.queued = 2}}};
  });
  std::set<std::string> seen;
  ASSERT_TRUE(shows([&](const Picture& picture) {
    seen.insert(state_in(picture));
    return state_in(picture) == "waiting";
  }));
  EXPECT_THAT(seen, testing::Not(Contains(""))) << "it is never away";
  EXPECT_TRUE(watch_->picture()->campaigns[0].is_planned);
}

TEST_F(WatchTest, ShowsACampaignThatWasNotBuiltAsLongAsItsJobIsKept) {
  change([](Scene& scene) {
    scene.survey.queues = {{.name = {"build"}, .campaign = "", .priority = 0, .counts = {.failed = 1}}};
    jobs::JobDetails build;
    build.job.id = {std::string(kCampaign) + "-build"};
    build.job.state = jobs::State::kFailed;
    build.message = "a.cc:1: error";
    scene.builds = {build};
  });
  begin();
  ASSERT_TRUE(shows([](const Picture& picture) { return state_in(picture) == "not_built"; }));
  EXPECT_EQ(watch_->picture()->campaigns[0].error, "a.cc:1: error");
  EXPECT_TRUE(wait_until([&] { return requests_ == 1; })) << "what cannot be read is asked for once";
  change([](Scene& scene) {
    scene.survey.queues.clear();
    scene.builds.clear();
  });
  EXPECT_TRUE(shows([](const Picture& picture) { return picture.campaigns.empty(); }));
}

TEST_F(WatchTest, DoesNotCountWhatBuildersCompileWith) {
  change([](Scene& scene) {
    jobs::WorkerView builder;
    builder.record.queues = {{"build"}};
    builder.record.slots = 64;
    scene.survey.workers.push_back(builder);
  });
  begin(false);
  ASSERT_TRUE(shows([](const Picture& picture) { return picture.has_queue; }));
  EXPECT_EQ(watch_->picture()->slots, 4U);
  EXPECT_FALSE(watch_->picture()->has_store);
}

TEST_F(WatchTest, CountsUpWhatChanges) {
  begin(false);
  ASSERT_TRUE(shows([](const Picture& picture) { return picture.topics.contains("queue:run-a"); }));
  const auto before = watch_->picture()->topics;
  change([](Scene& scene) { scene.survey.queues[0].counts.queued = 4; });
  watch_->look_now();
  ASSERT_TRUE(
      shows([&](const Picture& picture) { return picture.topics.at("queue:run-a") > before.at("queue:run-a"); }));
  const auto after = watch_->picture()->topics;
  EXPECT_GT(after.at("overview"), before.at("overview"));
  EXPECT_EQ(after.at("builds"), before.at("builds"));
}

TEST_F(WatchTest, NeverGivesANumberTwice) {
  begin(false);
  ASSERT_TRUE(shows([](const Picture& picture) { return picture.topics.contains("queue:run-a"); }));
  const std::uint64_t before = watch_->picture()->topics.at("queue:run-a");
  jobs::QueueRow row;
  change([&](Scene& scene) {
    row = scene.survey.queues[0];
    scene.survey.queues.clear();
  });
  ASSERT_TRUE(shows([](const Picture& picture) { return !picture.topics.contains("queue:run-a"); }));
  change([&](Scene& scene) { scene.survey.queues.push_back(row); });
  ASSERT_TRUE(shows([](const Picture& picture) { return picture.topics.contains("queue:run-a"); }));
  EXPECT_GT(watch_->picture()->topics.at("queue:run-a"), before);
}

TEST_F(WatchTest, SaysWhatIsWrongAndGoesOnShowingWhatItSaw) {
  begin(false);
  ASSERT_TRUE(shows([](const Picture& picture) { return picture.has_queue; }));
  change([](Scene& scene) { scene.queue_trouble = "Redis is away"; });
  ASSERT_TRUE(shows([](const Picture& picture) { return picture.queue_trouble == "Redis is away"; }));
  const auto picture = watch_->picture();
  EXPECT_EQ(picture->troubles.at(0).what, "Redis is away");
  EXPECT_NE(picture->troubles.at(0).since, Stamp{});
  EXPECT_EQ(picture->totals.queued, 5U);
  const auto seen_at = picture->seen_at;
  change([](Scene& scene) { scene.queue_trouble.clear(); });
  EXPECT_TRUE(shows([&](const Picture& now) { return now.troubles.empty() && now.seen_at > seen_at; }));
}

TEST_F(WatchTest, ConnectsWhenTheServersAreThere) {
  keep();
  scene_.queue_trouble = "Redis is away";
  scene_.store_trouble = "MongoDB is away";
  begin();
  ASSERT_TRUE(shows([](const Picture& picture) { return picture.queue_trouble == "Redis is away"; }));
  EXPECT_FALSE(watch_->picture()->has_queue);
  change([](Scene& scene) { scene.queue_trouble.clear(); });
  ASSERT_TRUE(shows([](const Picture& picture) { return picture.has_queue; }));
  ASSERT_TRUE(shows([](const Picture& picture) {
    return !picture.troubles.empty() && picture.troubles[0].what == "the store: MongoDB is away";
  }));
  change([](Scene& scene) { scene.store_trouble.clear(); });
  EXPECT_TRUE(shows([](const Picture& picture) { return picture.campaigns.size() == 1 && picture.troubles.empty(); }));
}

TEST_F(WatchTest, FollowsACampaign) {
  keep();
  change([](Scene& scene) {
    jobs::JobView job;
    job.id = {std::string(kCampaign) + "-1"};
    job.attempt = 1;
    job.worker = "w1";
    scene.started = {job};
  });
  begin();
  const std::shared_ptr<Followed> campaign = follow();
  EXPECT_EQ(campaign->simulator, "OMNeT++ 6.1");
  EXPECT_THAT(campaign->command, ElementsAre("./sim"));
  EXPECT_TRUE(wait_until([&] {
    const std::lock_guard lock(campaign->mutex);
    return campaign->model.count(Cell::kRunning) == 1 && campaign->is_whole;
  }));
  EXPECT_TRUE(
      shows([](const Picture& picture) { return picture.topics.contains("campaign:" + std::string(kCampaign)); }));
  EXPECT_EQ(watch_->follow(kCampaign).campaign, campaign) << "one for all";
  EXPECT_EQ(plans_, 1);
}

// A server may take a second for a batch of what is read of others.
TEST_F(WatchTest, OpensACampaignWhileTheStoreIsBusy) {
  keep();
  std::promise<void> goes_on;
  std::atomic<bool> is_busy = false;
  WatchOptions slow = options();
  slow.load_request = [&, answer = goes_on.get_future().share()](const jobs::JobDetails&, store::Store&) {
    is_busy = true;
    answer.wait();
    return Result<BuildAsked>(BuildAsked{});
  };
  change([](Scene& scene) {
    jobs::JobDetails build;
    build.job.id = {"01M82V0000CCCCCCCCCCCCCCCC-build"};
    build.job.queue = {"build"};
    scene.builds = {build};
    scene.survey.queues.push_back({.name = {"build"}, .campaign = "", .priority = 0, .counts = {.queued = 1}});
  });
  watch_ = make_watch(std::move(slow));
  EXPECT_TRUE(wait_until([&] { return watch_->picture() && is_busy; }));
  EXPECT_NE(follow(), nullptr);
  EXPECT_TRUE(is_busy);
  goes_on.set_value();
}

TEST_F(WatchTest, KnowsNoCampaignOfAnotherId) {
  begin();
  for (const std::string& id : {std::string("01NONE"), std::string("../../etc/passwd"), std::string("\xff\n"),
                                std::string(), std::string("a\0b", 3), std::string(5000, 'x')}) {
    Following following;
    EXPECT_TRUE(wait_until([&] {
      following = watch_->follow(id);
      return following.is_unknown || !following.trouble.empty();
    })) << id.substr(0, 50);
    EXPECT_EQ(following.campaign, nullptr);
  }
  keep();
  EXPECT_NE(follow(), nullptr) << "others are followed all the same";
}

TEST_F(WatchTest, SaysWhyACampaignCannotBeFollowed) {
  auto store = open_store();
  store::make_campaign(**store, "01M82V0000BBBBBBBBBBBBBBBB", "old");
  begin();
  Following following;
  EXPECT_TRUE(wait_until([&] {
    following = watch_->follow("01M82V0000BBBBBBBBBBBBBBBB");
    return !following.trouble.empty();
  }));
  EXPECT_EQ(following.trouble, "its runs are not known here");
}

TEST_F(WatchTest, FollowsOnlySoManyAtOnce) {
  for (std::size_t i = 0; i < Watch::kMostFollowed + 3; ++i) keep(fmt::format("01M82V00{:02}AAAAAAAAAAAAAAAA", i));
  begin();
  const auto topics = [&] {
    const auto picture = watch_->picture();
    return std::ranges::count_if(picture->topics, [](const auto& one) { return one.first.starts_with("campaign:"); });
  };
  for (std::size_t i = 0; i < Watch::kMostFollowed + 3; ++i)
    (void)follow(fmt::format("01M82V00{:02}AAAAAAAAAAAAAAAA", i));
  EXPECT_TRUE(wait_until([&] { return topics() == static_cast<std::ptrdiff_t>(Watch::kMostFollowed); })) << topics();
}

TEST_F(WatchTest, RemembersWhatWorkersDid) {
  begin(false);
  EXPECT_TRUE(wait_until([&] { return !watch_->history("w1").empty(); }));
  EXPECT_EQ(watch_->history("w1").at(0).running, 1U);
  EXPECT_THAT(watch_->history("none"), IsEmpty());
}

TEST_F(WatchTest, IsAskedFromManyThreads) {
  keep();
  begin();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int k = 0; k < 300; ++k) {
        (void)watch_->picture();
        if (const auto campaign = watch_->follow(kCampaign).campaign) {
          const std::lock_guard lock(campaign->mutex);
          EXPECT_EQ(campaign->model.size(), 2U);
        }
        (void)watch_->history("w1");
        watch_->look_now();
        (void)watch_->follow("01NONE" + std::to_string(k % 20));
      }
    });
  }
  for (std::thread& one : threads) one.join();
  EXPECT_TRUE(shows([](const Picture& picture) { return picture.has_queue; }));
}

TEST_F(WatchTest, EndsAtOnce) {
  for (int i = 0; i < 20; ++i) {
    begin();
    watch_.reset();
  }
}

}  // namespace
}  // namespace simswarm::view
