// The pages' view of one machine's campaigns, over a ledger made by the ledger's own calls.
#include "view/local_watch.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <set>

#include "ledger_support.h"
#include "result/observation.h"

namespace simswarm::view {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kScalars = "version 3\nrun General-0-20261122-12:00:00-1\n\nscalar net.host delay 1.25\n\n";

PlannedRun planned(const std::string& text, std::int64_t number) {
  PlannedRun made;
  made.key = key(text);
  made.run.config = "Study";
  made.run.number = number;
  made.run.repetition = number;
  return made;
}

class LocalWatchTest : public LedgerTest {
 protected:
  LocalWatchTest() { fs::create_directories(folder_ / "work"); }

  void begin(const std::string& id, const std::vector<PlannedRun>& runs, const std::string& state = "running",
             const std::string& host = "lab1") {
    CampaignRecord campaign;
    campaign.id = id;
    campaign.name = "study " + id;
    campaign.started = at(0);
    campaign.state = state;
    campaign.host = host;
    campaign.folder = (folder_ / "work").string();
    campaign.command = {"./sim", "-r", "0"};
    campaign.planned = runs.size();
    campaign.provenance.simulator = "OMNeT++ 6.1";
    ASSERT_TRUE(ledger_->begin_campaign(campaign, {}, runs).has_value());
  }
  void fail(const std::string& text, const std::string& campaign, Outcome outcome = Outcome::kModelError) {
    Attempt made = attempt(text, outcome);
    made.campaign = campaign;
    made.verdict.message = "it broke";
    made.usage.wall_seconds = 2.5;
    made.usage.peak_memory = 7000;
    made.host = "lab1";
    std::vector<Attempt> attempts{made};
    ASSERT_TRUE(ledger_->record_attempts(attempts, {{"output\n", "errors\n", ""}}).has_value());
  }
  void accept(const std::string& text, const std::string& campaign, const std::vector<std::string>& paths = {}) {
    Intent made = intent(text, paths);
    made.attempt.campaign = campaign;
    made.attempt.host = "lab1";
    made.folder = (folder_ / "work").string();
    std::vector<Intent> intents{made};
    ASSERT_TRUE(ledger_->intend(intents, {AttemptLog{"it ran\n", "", ""}}).has_value());
    ASSERT_TRUE(ledger_->done(intents).has_value());
  }
  void watch() {
    auto made = make_local_watch(
        folder_ / "state", [this](const std::string& id) { return !dead_.contains(id); }, [this] { ++news_; });
    ASSERT_TRUE(made.has_value()) << made.error().message;
    watch_ = std::move(*made);
  }
  bool shows(const std::function<bool(const Picture&)>& is_so) {
    return wait_until([&] { return is_so(*watch_->picture()); });
  }
  std::shared_ptr<Followed> follow(const std::string& id) {
    Following following;
    EXPECT_TRUE(wait_until([&] { return (following = watch_->follow(id)).campaign != nullptr; }));
    return following.campaign;
  }
  // What runs are, a word each.
  std::string cells(const std::string& id) {
    const auto campaign = follow(id);
    if (!campaign) return "none";
    const std::lock_guard lock(campaign->mutex);
    std::string all;
    for (std::size_t i = 0; i < campaign->model.size(); ++i)
      all += std::string(i == 0 ? "" : " ") + std::string(to_text(campaign->model.facts(i).cell));
    return all;
  }
  bool becomes(const std::string& id, const std::string& wanted) {
    return wait_until([&] { return cells(id) == wanted; });
  }

  // What the process of a campaign tells: these of its runs go on since then.
  void tell(const std::string& id, const std::vector<std::string>& runs, std::int64_t since = 0,
            const std::string& progress = R"({"fraction":0.5,"line":"half"})") {
    Live live;
    live.campaign = id;
    live.host = "lab1";
    live.slots = 4;
    live.busy = runs.size();
    live.running = runs.size();
    for (const std::string& run : runs)
      live.runs.push_back({key(run), 1, at(since), progress, output_of(id, run).string(), {}});
    ASSERT_TRUE(write_live(folder_ / "state", id, to_json(live)).has_value());
  }
  [[nodiscard]] fs::path output_of(const std::string& id, const std::string& run) const {
    return folder_ / "state" / "scratch" / id / run;
  }

  std::atomic<int> news_ = 0;
  std::set<std::string> dead_;  // campaigns whose process is not there; before the watch is made
  std::unique_ptr<LocalWatch> watch_;
};

TEST_F(LocalWatchTest, ShowsCampaigns) {
  begin("01A", {planned("a", 0), planned("b", 1), planned("c", 2)});
  accept("a", "01A");
  fail("b", "01A");
  watch();
  ASSERT_TRUE(shows([](const Picture& picture) { return !picture.campaigns.empty(); }));
  const auto picture = watch_->picture();
  EXPECT_TRUE(picture->has_queue);
  EXPECT_THAT(picture->troubles, IsEmpty());
  const CampaignRow& row = picture->campaigns.at(0);
  EXPECT_EQ(row.id, "01A");
  EXPECT_EQ(row.name, "study 01A");
  EXPECT_EQ(row.runs, 3U);
  EXPECT_EQ(row.finished, 1U);
  EXPECT_EQ(row.failed, 1U);
  EXPECT_EQ(row.waiting, 1U);
  EXPECT_EQ(row.state, "running");
  EXPECT_GE(news_, 1);
}

TEST_F(LocalWatchTest, SeesCampaignsEnd) {
  begin("01A", {planned("a", 0), planned("b", 1)});
  begin("01B", {planned("c", 2)});
  accept("a", "01A");
  fail("b", "01A");
  CampaignEnd end;
  end.state = "incomplete";
  end.ended = at(9);
  end.totals = {.total = 2, .complete = 1, .known = 0, .failed = 1, .not_run = 0};
  ASSERT_TRUE(ledger_->end_campaign("01A", end).has_value());
  end.state = "cancelled";
  end.totals = {.total = 1, .complete = 0, .known = 0, .failed = 0, .not_run = 1};
  ASSERT_TRUE(ledger_->end_campaign("01B", end).has_value());
  watch();
  ASSERT_TRUE(shows([](const Picture& picture) { return picture.campaigns.size() == 2; }));
  const auto picture = watch_->picture();
  EXPECT_EQ(picture->campaigns[0].state, "cancelled");
  EXPECT_EQ(picture->campaigns[0].cancelled, 1U);
  EXPECT_EQ(picture->campaigns[1].state, "failed");
  EXPECT_EQ(picture->campaigns[1].waiting, 0U);
}

TEST_F(LocalWatchTest, FollowsRunsAsTheyEnd) {
  begin("01A", {planned("a", 0), planned("b", 1), planned("c", 2)});
  watch();
  EXPECT_TRUE(becomes("01A", "waiting waiting waiting"));
  const auto campaign = follow("01A");
  EXPECT_EQ(campaign->simulator, "OMNeT++ 6.1");
  EXPECT_EQ(campaign->record.host, "lab1");
  accept("a", "01A");
  fail("b", "01A", Outcome::kTimedOut);
  EXPECT_TRUE(becomes("01A", "completed timed_out waiting"));
  EXPECT_EQ(follow("01A"), campaign) << "still the same";
  {
    const std::lock_guard lock(campaign->mutex);
    EXPECT_EQ(campaign->messages.at(1), "it broke");
    EXPECT_EQ(campaign->model.facts(1).memory, 7000U);
    EXPECT_EQ(campaign->model.place(campaign->model.facts(1).place).host, "lab1");
  }
  accept("b", "01A");
  EXPECT_TRUE(becomes("01A", "completed completed waiting"));
  const std::lock_guard lock(campaign->mutex);
  EXPECT_FALSE(campaign->messages.contains(1));
}

TEST_F(LocalWatchTest, ShowsWhatGoesOn) {
  begin("01A", {planned("a", 0), planned("b", 1), planned("c", 2)});
  accept("a", "01A");
  tell("01A", {"b", "none of its runs"}, 100);
  watch();
  ASSERT_TRUE(becomes("01A", "completed running waiting"));
  const auto campaign = follow("01A");
  {
    const std::lock_guard lock(campaign->mutex);
    const Facts& facts = campaign->model.facts(1);
    EXPECT_EQ(facts.attempt, 1);
    EXPECT_TRUE(facts.is_exact);
    EXPECT_EQ(facts.started, static_cast<double>(at(100).time_since_epoch() / std::chrono::seconds(1)));
    EXPECT_EQ(campaign->model.place(facts.place).host, "lab1");
    EXPECT_THAT(campaign->progress.at(1), HasSubstr("half"));
    EXPECT_EQ(campaign->progress.size(), 1U);
  }
  ASSERT_TRUE(shows([](const Picture& picture) { return picture.slots == 4; }));
  EXPECT_EQ(watch_->picture()->busy, 2U);
  EXPECT_EQ(watch_->picture()->campaigns[0].running, 2U);
  EXPECT_EQ(watch_->picture()->campaigns[0].waiting, 0U);
  accept("b", "01A");
  EXPECT_TRUE(becomes("01A", "completed completed waiting")) << "the ledger knows it sooner";
  tell("01A", {"c"}, 200);
  EXPECT_TRUE(becomes("01A", "completed completed running"));
  tell("01A", {}, 200);
  EXPECT_TRUE(becomes("01A", "completed completed waiting"));
  const std::lock_guard lock(campaign->mutex);
  EXPECT_THAT(campaign->progress, IsEmpty());
}

TEST_F(LocalWatchTest, ProgressIsNews) {
  begin("01A", {planned("a", 0)});
  tell("01A", {"a"});
  watch();
  ASSERT_TRUE(becomes("01A", "running"));
  ASSERT_TRUE(shows([](const Picture& picture) { return picture.topics.contains("campaign:01A"); }));
  const auto before = watch_->picture()->topics;
  const auto campaign = follow("01A");
  const std::uint64_t stamp = campaign->model.stamp();
  tell("01A", {"a"}, 0, R"({"fraction":0.75})");
  EXPECT_TRUE(
      shows([&](const Picture& picture) { return picture.topics.at("campaign:01A") > before.at("campaign:01A"); }));
  const std::lock_guard lock(campaign->mutex);
  EXPECT_THAT(campaign->progress.at(0), HasSubstr("0.75"));
  EXPECT_EQ(campaign->model.stamp(), stamp) << "no cell has changed";
}

TEST_F(LocalWatchTest, AnAttemptThatBeganLaterGoesOn) {
  begin("01A", {planned("a", 0), planned("b", 1)});
  fail("a", "01A");  // ended at 1
  fail("b", "01A");
  tell("01A", {"a"}, 0);
  watch();
  EXPECT_TRUE(becomes("01A", "failed failed")) << "what is told is older";
  tell("01A", {"a"}, 2);
  EXPECT_TRUE(becomes("01A", "running failed"));
}

TEST_F(LocalWatchTest, OfAProcessOfSeveralOnlyOneIsSeenAtWork) {
  begin("01A", {planned("a", 0), planned("b", 1)});
  tell("01A", {"a"}, 0, "");
  watch();
  ASSERT_TRUE(becomes("01A", "running waiting"));
  const auto campaign = follow("01A");
  const std::lock_guard lock(campaign->mutex);
  EXPECT_FALSE(campaign->model.facts(0).is_exact) << "it is not on the timeline";
  EXPECT_THAT(campaign->progress, IsEmpty());
}

TEST_F(LocalWatchTest, ACampaignThatWasCutOffHasEnded) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  begin("01A", {planned("a", 0), planned("b", 1)}, "running", host.data());
  begin("01B", {planned("c", 0)}, "running", "elsewhere");
  fail("a", "01A");
  tell("01A", {"b"}, 100);
  fs::last_write_time(folder_ / "state/live/01A.json", fs::file_time_type::clock::now() - std::chrono::minutes(1));
  dead_ = {"01A", "01B"};
  watch();
  EXPECT_TRUE(becomes("01A", "failed unknown"));
  EXPECT_TRUE(becomes("01B", "waiting")) << "nobody here can tell";
  const auto picture = watch_->picture();
  EXPECT_EQ(picture->campaigns[1].state, "failed");
  EXPECT_EQ(picture->campaigns[1].running, 0U);
  EXPECT_EQ(picture->campaigns[0].state, "running");
  EXPECT_EQ(picture->busy, 0U);
}

TEST_F(LocalWatchTest, ShowsWhatARunPrints) {
  begin("01A", {planned("a", 0), planned("b", 1)});
  tell("01A", {"a"});
  folder_.write("state/scratch/01A/a", std::string(100'000, 'x') + "\nsecond to last\nlast\n");
  watch();
  ASSERT_TRUE(becomes("01A", "running waiting"));
  const auto text = watch_->live_output("01A", 0);
  ASSERT_TRUE(text.has_value() && text->has_value());
  EXPECT_THAT(**text, testing::EndsWith("second to last\nlast\n"));
  EXPECT_LE((*text)->size(), 32U * 1024U);
  for (const std::size_t none : {1U, 2U}) EXPECT_FALSE(watch_->live_output("01A", none)->has_value());
  EXPECT_FALSE(watch_->live_output("01B", 0)->has_value());
}

TEST_F(LocalWatchTest, ReadsNoOutputElsewhere) {
  begin("01A", {planned("a", 0)});
  const fs::path secret = folder_.write("secret/a", "a secret\n");
  tell("01A", {"a"});
  const auto shown = [this] { return watch_->live_output("01A", 0).value().value_or("nothing"); };
  fs::create_directories(folder_ / "state/scratch/01A");
  fs::create_symlink(secret, output_of("01A", "a"));
  watch();
  ASSERT_TRUE(becomes("01A", "running"));
  EXPECT_EQ(shown(), "nothing");
  fs::remove_all(folder_ / "state/scratch/01A");
  fs::create_symlink(folder_ / "secret", folder_ / "state/scratch/01A");
  EXPECT_EQ(shown(), "nothing") << "a folder that leads out";
}

TEST_F(LocalWatchTest, KnowsResultsOfOtherCampaigns) {
  begin("01A", {planned("a", 0)});
  accept("a", "01A");
  begin("01B", {planned("a", 0), planned("b", 1)});
  watch();
  EXPECT_TRUE(becomes("01B", "known waiting"));
  EXPECT_TRUE(becomes("01A", "completed"));
}

TEST_F(LocalWatchTest, TakesRunsThatAreWrittenDownLater) {
  begin("01A", {planned("a", 0)});
  watch();
  ASSERT_TRUE(becomes("01A", "waiting"));
  std::uint64_t before = 0;
  {
    const auto campaign = follow("01A");
    const std::lock_guard lock(campaign->mutex);
    before = campaign->model.stamp();
  }
  const std::vector<PlannedRun> more{planned("b", 1), planned("c", 2)};
  const std::vector<std::size_t> positions{1, 2};
  ASSERT_TRUE(ledger_->add_runs("01A", positions, more).has_value());
  ASSERT_TRUE(becomes("01A", "waiting waiting waiting"));
  const auto campaign = follow("01A");
  const std::lock_guard lock(campaign->mutex);
  EXPECT_EQ(campaign->model.changed_since(before), std::nullopt) << "a page asks for the whole map again";
}

TEST_F(LocalWatchTest, CountsUpWhatChanges) {
  begin("01A", {planned("a", 0), planned("b", 1)});
  watch();
  (void)follow("01A");
  ASSERT_TRUE(shows([](const Picture& picture) { return picture.topics.contains("campaign:01A"); }));
  const auto before = watch_->picture()->topics;
  accept("a", "01A");
  EXPECT_TRUE(shows([&](const Picture& picture) {
    return picture.topics.at("overview") > before.at("overview") &&
           picture.topics.at("campaign:01A") > before.at("campaign:01A");
  }));
}

TEST_F(LocalWatchTest, KnowsNoCampaignOfAnotherId) {
  watch();
  for (const std::string& id : {std::string("01NONE"), std::string("' or 1=1 --"), std::string("\xff\n")}) {
    EXPECT_TRUE(wait_until([&] { return watch_->follow(id).is_unknown; })) << id;
    EXPECT_EQ(watch_->folder(id), "");
  }
}

TEST_F(LocalWatchTest, TellsOfARunAllThatTheLedgerKnows) {
  begin("01A", {planned("a", 0), planned("b", 1)});
  accept("a", "01A", {"results/a.sca"});
  fail("b", "01A");
  fail("b", "01A");
  watch();
  const auto one = watch_->run("01A", key("a"));
  ASSERT_TRUE(one.has_value()) << error_of(one);
  EXPECT_TRUE(one->has_result);
  EXPECT_EQ(one->files.at(0).path, "results/a.sca");
  const auto two = watch_->run("01A", key("b"));
  ASSERT_TRUE(two.has_value());
  EXPECT_EQ(two->attempts.size(), 2U);
  EXPECT_FALSE(watch_->run("01A", key("none")).has_value());
  const auto log = watch_->log(key("b"), 2);
  ASSERT_TRUE(log.has_value() && log->has_value());
  EXPECT_EQ((*log)->output, "output\n");
  EXPECT_EQ((*log)->errors, "errors\n");
  EXPECT_FALSE(watch_->log(key("b"), 7)->has_value());
}

TEST_F(LocalWatchTest, ReadsScalarsOfTheFolder) {
  begin("01A", {planned("a", 0), planned("b", 1)});
  folder_.write("work/results/a.sca", kScalars);
  accept("a", "01A", {"results/a.sca", "results/a.vec"});
  accept("b", "01A", {"results/gone.sca"});
  watch();
  ASSERT_TRUE(becomes("01A", "completed completed"));
  EXPECT_EQ(watch_->folder("01A"), folder_ / "work");
  const auto campaign = follow("01A");
  std::map<std::size_t, std::size_t> taken;
  const auto take = [&](std::size_t position, const std::vector<result::Observation>& found) {
    taken[position] = found.size();
  };
  EXPECT_TRUE(watch_->read_values(*campaign, {0, 1}, take).has_value());
  EXPECT_EQ(taken, (std::map<std::size_t, std::size_t>{{0, 1}, {1, 0}}));
}

TEST_F(LocalWatchTest, SaysThatNothingWasRunHere) {
  EXPECT_THAT(error_of(make_local_watch(folder_ / "nowhere", nullptr, nullptr)),
              HasSubstr("no campaign has been run here"));
  EXPECT_FALSE(fs::exists(folder_ / "nowhere")) << "and makes none";
}

TEST_F(LocalWatchTest, IsAskedFromManyThreadsWhileACampaignGoesOn) {
  std::vector<PlannedRun> runs;
  for (int i = 0; i < 50; ++i) runs.push_back(planned("run " + std::to_string(i), i));
  begin("01A", runs);
  watch();
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([this, i] {
      for (int k = 0; k < 100; ++k) {
        (void)watch_->picture();
        if (const auto campaign = watch_->follow("01A").campaign) {
          const std::lock_guard lock(campaign->mutex);
          (void)campaign->model.stamp();
        }
        watch_->look_now();
        EXPECT_TRUE(watch_->run("01A", key("run " + std::to_string(i))).has_value());
      }
    });
  }
  for (int i = 0; i < 50; ++i) accept("run " + std::to_string(i), "01A");
  for (std::thread& one : threads) one.join();
  EXPECT_TRUE(
      shows([](const Picture& picture) { return !picture.campaigns.empty() && picture.campaigns[0].finished == 50; }));
}

}  // namespace
}  // namespace simswarm::view
