#include "web/dashboard.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "test_folder.h"

namespace simswarm::web {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kHostile = "<script>alert(1)</script>\"'&\x1b[31m\u202Ereversed\xff";

view::Overview overview() {
  view::Overview overview;
  overview.queues.push_back({.name = {"run-a"},
                             .campaign = "study",
                             .priority = 2,
                             .counts = {.queued = 5, .started = 2, .finished = 90, .failed = 3, .cancelled = 1}});
  jobs::WorkerView worker;
  worker.record = {.name = {"w1"},
                   .queues = {{"run-*"}},
                   .host = "one",
                   .address = "",
                   .version = "1",
                   .state = "busy",
                   .finished = 90,
                   .failed = 3,
                   .slots = 4,
                   .running = 2};
  worker.seen_at = "2026-11-22T12:57:03.123456Z";
  overview.workers.push_back(worker);
  overview.totals = overview.queues[0].counts;
  overview.slots = 4;
  overview.running = 2;
  return overview;
}

DashboardView seen(const view::Overview& overview) {
  DashboardView view;
  view.queue.value = std::make_shared<const view::Overview>(overview);
  view.queue.age = Seconds(0.25);
  view.queue.is_fresh = true;
  return view;
}

TEST(OverviewJson, HasWhatIsShown) {
  const json object = json::parse(overview_json(seen(overview())));
  EXPECT_EQ(object.at("version"), 1);
  EXPECT_EQ(object.at("age"), 0.25);
  EXPECT_EQ(object.at("trouble"), json::array());
  EXPECT_EQ(object.at("queues"), json::parse(R"([{"name":"run-a","campaign":"study","priority":2,"deferred":0,
    "scheduled":0,"queued":5,"started":2,"finished":90,"failed":3,"canceled":1}])"));
  EXPECT_EQ(object.at("totals"), json::parse(R"({"deferred":0,"scheduled":0,"queued":5,"started":2,"finished":90,
    "failed":3,"canceled":1,"workers":1,"slots":4,"running":2})"));
  const json& worker = object.at("workers").at(0);
  EXPECT_EQ(worker.at("name"), "w1");
  EXPECT_EQ(worker.at("host"), "one");
  EXPECT_EQ(worker.at("running"), 2);
  EXPECT_FALSE(object.contains("campaigns"));
}

TEST(OverviewJson, KnowsCampaignsOfTheStore) {
  DashboardView view = seen(overview());
  view.has_store = true;
  store::CampaignRecord record;
  record.id = "01A";
  record.name = "study";
  record.queue = "run-a";
  record.runs = 1000;
  store::CampaignRecord old = record;
  old.queue = "run-gone";
  view.store.value = std::make_shared<const std::vector<store::CampaignRecord>>(std::vector{record, old});
  const json campaigns = json::parse(overview_json(view)).at("campaigns");
  EXPECT_EQ(campaigns.at(0).at("runs"), 1000);
  EXPECT_EQ(campaigns.at(0).at("waiting"), 5);
  EXPECT_EQ(campaigns.at(0).at("finished"), 90);
  EXPECT_EQ(campaigns.at(1).at("finished"), 0);
  EXPECT_THAT(overview_page(view, false).body, HasSubstr("<h2>Runs of campaigns</h2>"));
}

TEST(OverviewJson, SurvivesNamesThatAreNoText) {
  view::Overview hostile = overview();
  hostile.queues[0].campaign = kHostile;
  const json object = json::parse(overview_json(seen(hostile)));
  EXPECT_THAT(object.at("queues").at(0).at("campaign").get<std::string>(), HasSubstr("<script>"));
}

TEST(OverviewPage, ShowsQueuesAndWorkers) {
  const Response response = overview_page(seen(overview()), false);
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr("2 running, 5 waiting, 90 finished, 3 failed; 1 workers, 2 of 4 slots busy"));
  EXPECT_THAT(response.body, HasSubstr("<td>run-a</td>"));
  EXPECT_THAT(response.body, HasSubstr("<td class=\"number bad\">3</td>"));
  EXPECT_THAT(response.body, HasSubstr("<td>2026-11-22 12:57:03</td>"));
  EXPECT_THAT(response.body, Not(HasSubstr("Log out")));
  EXPECT_THAT(overview_page(seen(overview()), true).body, HasSubstr("Log out"));
}

TEST(OverviewPage, MakesEveryNameHarmless) {
  view::Overview hostile = overview();
  hostile.queues[0].name.text = hostile.queues[0].campaign = kHostile;
  jobs::WorkerRecord& worker = hostile.workers[0].record;
  worker.name.text = worker.host = worker.state = worker.version = worker.obstacle = kHostile;
  worker.queues = {{kHostile}};
  hostile.workers[0].seen_at = kHostile;
  DashboardView view = seen(hostile);
  view.has_store = true;
  store::CampaignRecord record;
  record.id = record.name = record.queue = record.host = kHostile;
  view.store.value = std::make_shared<const std::vector<store::CampaignRecord>>(std::vector{record});
  view.store.trouble = view.queue.trouble = kHostile;
  const std::string html = overview_page(view, false).body;
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;‹U+001B›[31m‹U+202E›reversed"));
  for (const char* bad : {"\x1b", "\xff", "\u202E"}) EXPECT_THAT(html, Not(HasSubstr(bad)));
}

TEST(TroublesOf, SaysHowOldThePageIs) {
  DashboardView view = seen(overview());
  EXPECT_THAT(troubles_of(view), IsEmpty());
  view.queue.trouble = "cannot reach Redis";
  view.queue.age = Seconds(34);
  EXPECT_THAT(troubles_of(view), ElementsAre("cannot reach Redis; what is shown is 34.0 s old"));
  EXPECT_THAT(overview_page(view, false).body, HasSubstr("<td>run-a</td>"));
  view.queue.trouble.clear();
  view.queue.is_fresh = false;
  EXPECT_THAT(troubles_of(view), ElementsAre("Redis has not answered for 34.0 s; what is shown is 34.0 s old"));
  view.queue.value = nullptr;
  EXPECT_THAT(troubles_of(view), ElementsAre("Redis has not answered yet"));
}

TEST(OverviewPage, SaysWhyAWorkerTakesNothing) {
  view::Overview full = overview();
  full.workers[0].record.obstacle = "the disk of the spool is full";
  EXPECT_THAT(overview_page(seen(full), false).body,
              HasSubstr("<td class=\"bad\">busy: the disk of the spool is full</td>"));
  EXPECT_EQ(json::parse(overview_json(seen(full))).at("workers").at(0).at("obstacle"), "the disk of the spool is full");
}

TEST(TroublesOf, SaysWhyNothingGoesOn) {
  view::Overview stuck = overview();
  stuck.suspended = true;
  stuck.workers.clear();
  EXPECT_THAT(troubles_of(seen(stuck)), ElementsAre("suspended: no worker takes a job until simswarm jobs resume",
                                                    "5 jobs wait, and there is no worker: simswarm worker run"));
}

TEST(DashboardReadiness, IsRedisAnswering) {
  DashboardView view = seen(overview());
  EXPECT_EQ(dashboard_readiness(view).status, 200);
  view.queue.trouble = "cannot reach Redis";
  EXPECT_EQ(dashboard_readiness(view).status, 503);
  EXPECT_EQ(dashboard_readiness(view).body, "cannot reach Redis\n");
  view.queue.trouble.clear();
  view.queue.is_fresh = false;
  EXPECT_EQ(dashboard_readiness(view).status, 503);
}

TEST(DashboardSite, WaitsForWhatIsFresh) {
  Polled<view::Overview> queue([] { return Result<view::Overview>(overview()); }, std::chrono::seconds(60), nullptr);
  Site site(dashboard_site(queue, nullptr, std::nullopt));
  const Request request{.method = "GET", .path = "/api/v1/overview", .host = "localhost"};
  std::optional<Response> response;
  ASSERT_TRUE(wait_until([&] { return (response = site.answer(request)).has_value(); }));
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(json::parse(response->body).at("totals").at("queued"), 5);
}

}  // namespace
}  // namespace simswarm::web
