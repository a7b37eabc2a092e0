#include "web/dashboard.h"

#include <gmock/gmock.h>

#include "desk_support.h"
#include "web/json_of.h"

namespace simswarm::web {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kHostile =
    "<script>alert(1)</script>\"'&\x1b[31m\u202Ereversed\xff\xc0\x80\n\r\t" + std::string(1, '\0');

class DashboardTest : public DeskTest {
 protected:
  DashboardTest() {
    view::Picture& picture = watch_.seen;
    picture.survey.queues.push_back(
        {.name = {"run-a"},
         .campaign = "study",
         .priority = 2,
         .counts = {.queued = 5, .started = 2, .finished = 90, .failed = 3, .cancelled = 1}});
    picture.totals = picture.survey.queues[0].counts;
    picture.slots = 4;
    picture.busy = 2;
    jobs::WorkerView worker;
    worker.record.name = {"w1"};
    worker.record.queues = {{"run"}};
    worker.record.host = "one";
    worker.record.state = "busy";
    worker.record.slots = 4;
    worker.record.running = 2;
    worker.seen_at = "2026-11-22T12:57:03.123456Z";
    picture.survey.workers.push_back(worker);
    view::CampaignRow row;
    row.id = kCampaign;
    row.name = "study";
    row.queue = "run-a";
    row.runs = 101;
    row.running = 2;
    row.state = "running";
    row.rate = 6.5;
    picture.campaigns.push_back(row);
  }
};

TEST_F(DashboardTest, ShowsAllAtAGlance) {
  const auto object = json("/api/v1/overview");
  EXPECT_EQ(object.at("trouble"), nlohmann::json::array());
  EXPECT_LT(object.at("age").get<double>(), 60);
  EXPECT_EQ(object.at("totals"), nlohmann::json::parse(R"({"deferred":0,"scheduled":0,"queued":5,"started":2,
    "finished":90,"failed":3,"canceled":1,"workers":1,"slots":4,"running":2})"));
  EXPECT_EQ(object.at("queues").at(0).at("campaign_id"), kCampaign);
  EXPECT_EQ(object.at("queues").at(0).at("priority"), 2);
  EXPECT_EQ(object.at("workers").at(0).at("name"), "w1");
  EXPECT_EQ(object.at("workers").at(0).at("seen"), "2026-11-22T12:57:03.123456Z");
  EXPECT_EQ(object.at("workers").at(0).at("born"), nullptr);
  EXPECT_EQ(object.at("campaigns").at(0).at("rate"), 6.5);
  EXPECT_EQ(object.at("campaigns").at(0).at("left"), nullptr);
  EXPECT_EQ(object.at("campaigns_total"), 1);
}

TEST_F(DashboardTest, ShowsNoMoreThanAPageHolds) {
  for (int i = 0; i < 500; ++i) {
    watch_.seen.survey.workers.push_back(watch_.seen.survey.workers[0]);
    watch_.seen.campaigns.push_back(watch_.seen.campaigns[0]);
  }
  const auto object = json("/api/v1/overview");
  EXPECT_EQ(object.at("workers").size(), 200U);
  EXPECT_EQ(object.at("workers_total"), 501);
  EXPECT_EQ(object.at("campaigns").size(), 50U);
}

TEST_F(DashboardTest, ListsCampaigns) {
  for (int i = 0; i < 30; ++i) {
    watch_.seen.campaigns.push_back(watch_.seen.campaigns[0]);
    watch_.seen.campaigns.back().id = fmt::format("01B{}", i);
    watch_.seen.campaigns.back().name = fmt::format("other {}", i);
  }
  EXPECT_EQ(json("/api/v1/campaigns").at("total"), 31);
  const auto some = json("/api/v1/campaigns", "offset=2&most=5&search=other");
  EXPECT_EQ(some.at("total"), 30);
  EXPECT_EQ(some.at("campaigns").size(), 5U);
  EXPECT_EQ(some.at("campaigns").at(0).at("id"), "01B2");
  EXPECT_EQ(json("/api/v1/campaigns", "search=" + std::string(kCampaign)).at("total"), 1);
  for (const char* wrong : {"offset=-1", "offset=x", "most=1001", "most=99999999999999999999"})
    EXPECT_THAT(json("/api/v1/campaigns", wrong, 400).at("error").get<std::string>(), HasSubstr("offset and most"));
}

TEST_F(DashboardTest, IsReadyWhileRedisAnswers) {
  EXPECT_EQ(get("/readyz").body, "ready\n");
  watch_.seen.queue_trouble = "Redis is away";
  watch_.seen.seen_at -= std::chrono::seconds(10);
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/readyz").body, "Redis is away\n");
}

TEST_F(DashboardTest, TellsNamesToNobodyWhoAsksWhetherItIsReady) {
  watch_.seen.seen_at -= std::chrono::seconds(10);
  watch_.seen.troubles = {{"5 jobs wait in run-secret, and no worker serves it", "", {}, true}};
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_THAT(get("/readyz").body, testing::MatchesRegex("Redis has not answered for 10.*\n"));
  watch_.seen.has_queue = false;
  EXPECT_EQ(get("/readyz").body, "Redis has not answered yet\n");
}

TEST_F(DashboardTest, SaysWhatIsWrong) {
  watch_.seen.troubles = {{"Redis is away", "wait", Stamp(std::chrono::seconds(1'795'000'000)), true},
                          {"w1 is full", "", {}, false}};
  EXPECT_EQ(json("/api/v1/overview").at("trouble"), nlohmann::json::parse(R"([
    {"what":"Redis is away","todo":"wait","since":"2026-11-18T11:06:40.000000Z","level":"error"},
    {"what":"w1 is full","todo":"","since":null,"level":"warning"}])"));
  watch_.seen = {};
  EXPECT_EQ(json("/api/v1/overview").at("trouble").at(0).at("what"), "nothing has been seen of the queue yet");
}

TEST_F(DashboardTest, AnswersInValidJsonWhateverOthersWrote) {
  const std::string long_line(1U << 20U, '\xfe');
  view::Picture& picture = watch_.seen;
  picture.survey.queues[0].name.text = picture.survey.queues[0].campaign = kHostile;
  jobs::WorkerRecord& worker = picture.survey.workers[0].record;
  worker.name.text = worker.host = worker.state = worker.version = worker.cpu = kHostile;
  worker.obstacle = long_line;
  worker.queues = {{kHostile}};
  worker.working_seconds = std::numeric_limits<double>::quiet_NaN();
  picture.survey.workers[0].seen_at = kHostile;
  picture.campaigns[0].name = picture.campaigns[0].host = picture.campaigns[0].build = kHostile;
  picture.campaigns[0].id = picture.campaigns[0].queue = kHostile;
  picture.campaigns[0].rate = std::numeric_limits<double>::infinity();
  picture.troubles = {{kHostile, long_line, {}, true}};
  const auto object = json("/api/v1/overview");
  EXPECT_THAT(object.at("queues").at(0).at("name").get<std::string>(), HasSubstr("<script>alert(1)</script>\"'&\x1b["));
  EXPECT_THAT(get("/api/v1/overview").body, Not(HasSubstr("\x1b")));
  (void)json("/api/v1/campaigns", "search=%FF%00");
  (void)json("/api/v1/none%FF%00\n", "", 404);
}

TEST_F(DashboardTest, CountsForPrometheus) {
  const Response response = get("/metrics");
  EXPECT_EQ(response.type, "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"simswarm_up 1\n", "simswarm_suspended 0\n", "simswarm_jobs{queue=\"run-a\",state=\"queued\"} 5\n",
        "simswarm_jobs{queue=\"run-a\",state=\"canceled\"} 1\n",
        "simswarm_campaign_runs{campaign=\"01M82V0000AAAAAAAAAAAAAAAA\",name=\"study\",state=\"running\"} 2\n",
        "simswarm_workers{state=\"busy\"} 1\n", "simswarm_slots 4\n", "simswarm_slots_busy 2\n",
        "simswarm_open_pages 7\n"})
    EXPECT_THAT(response.body, HasSubstr(line));
}

TEST_F(DashboardTest, EscapesLabels) {
  watch_.seen.survey.queues[0].name.text = "a\"b\\c\nd\xff";
  watch_.seen.campaigns[0].name = "x\"} 1\nsimswarm_up 0\n#";
  const std::string text = get("/metrics").body;
  EXPECT_THAT(text, HasSubstr("simswarm_jobs{queue=\"a\\\"b\\\\c\\nd\xEF\xBF\xBD\",state=\"queued\"} 5\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nsimswarm_up 0")));
  // Each line is a comment, or a name, labels and a number.
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty() || line.starts_with("# HELP ") || line.starts_with("# TYPE ")) continue;
    EXPECT_TRUE(line.starts_with("simswarm_")) << line;
    EXPECT_TRUE(parse_double(line.substr(line.rfind(' ') + 1)).has_value()) << line;
  }
}

TEST_F(DashboardTest, IsDownInMetricsWhenRedisIs) {
  watch_.seen.seen_at -= std::chrono::seconds(10);
  EXPECT_THAT(get("/metrics").body, HasSubstr("simswarm_up 0\n"));
}

TEST_F(DashboardTest, BeginsAStreamOfEvents) {
  const Response response = get("/api/v1/events");
  EXPECT_TRUE(response.is_stream);
  EXPECT_THAT(response.body, testing::StartsWith("retry: 2000\n\nevent: change\ndata: {"));
}

TEST(JsonOf, HasMomentsOnlyOfWhatIsOne) {
  EXPECT_EQ(moment_json(0), nullptr);
  EXPECT_EQ(moment_json(-1), nullptr);
  EXPECT_EQ(moment_json(std::numeric_limits<double>::quiet_NaN()), nullptr);
  EXPECT_EQ(moment_json(std::numeric_limits<double>::infinity()), nullptr);
  EXPECT_EQ(moment_json(1e300), nullptr);
  EXPECT_EQ(moment_json(1'795'000'000.5), "2026-11-18T11:06:40.500000Z");
}

TEST(JsonOf, TakesOnlyJsonOfOthers) {
  EXPECT_EQ(foreign_json(R"({"a":1})").at("a"), 1);
  for (const std::string& wrong : {std::string(), std::string("no json"), std::string("{\"a\":\"\xff\"}"),
                                   std::string(1'000'000, '['), std::string("{\"a\":1} more")})
    EXPECT_EQ(foreign_json(wrong), nullptr) << wrong.substr(0, 20);
}

}  // namespace
}  // namespace simswarm::web
