// What pages ask of campaigns, runs and values.
#include <gmock/gmock.h>

#include "desk_support.h"
#include "web/encoded.h"

namespace simswarm::web {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using view::Cell;

const std::string kPath = "/api/v1/campaigns/" + std::string(kCampaign);
const std::string kHostile = "<script>\"\x1b[31m\u202E\xff\xc0\x80\n" + std::string(1, '\0');

view::Facts facts(Cell cell, double started = 1'795'000'000, float seconds = 10, std::uint64_t memory = 1000) {
  view::Facts made;
  made.cell = cell;
  made.attempt = 1;
  made.is_exact = true;
  made.started = started;
  made.ended = cell == Cell::kRunning ? 0 : started + static_cast<double>(seconds);
  made.seconds = seconds;
  made.memory = memory;
  return made;
}

class CampaignApiTest : public DeskTest {
 protected:
  CampaignApiTest() { campaign_ = follow(); }
  void set(std::size_t position, const view::Facts& facts) {
    const std::lock_guard lock(campaign_->mutex);
    campaign_->model.set(position, facts);
  }
  std::vector<int> positions(const std::string& query) {
    std::vector<int> found;
    const auto object = json(kPath + "/runs", query);
    for (const auto& run : object.at("runs")) found.push_back(run.at("position"));
    return found;
  }
  std::shared_ptr<view::Followed> campaign_;
};

TEST_F(CampaignApiTest, TellsOfACampaign) {
  set(0, facts(Cell::kCompleted));
  set(1, facts(Cell::kTimedOut));
  set(2, facts(Cell::kKnown));
  const auto object = json(kPath);
  EXPECT_EQ(object.at("campaign").at("runs"), 6);
  EXPECT_EQ(object.at("campaign").at("finished"), 2);
  EXPECT_EQ(object.at("campaign").at("failed"), 1);
  EXPECT_EQ(object.at("outcomes"), nlohmann::json::parse(R"({"completed":1,"timed_out":1,"known":1,"unknown":3})"));
  EXPECT_EQ(object.at("variables"), nlohmann::json::parse(R"([{"name":"load","values":["10","2"]}])"));
  EXPECT_EQ(object.at("configs"), nlohmann::json::parse(R"(["Study"])"));
  EXPECT_EQ(object.at("repetitions"), 3);
  EXPECT_EQ(object.at("wall_seconds"), 20) << "what was known before cost nothing";
  EXPECT_EQ(object.at("simulator"), "OMNeT++ 6.1");
  EXPECT_EQ(object.at("command"), "simswarm runall -- ./sim");
}

TEST_F(CampaignApiTest, ShowsOneWhoseRunsAreNotKnownYet) {
  view::CampaignRow row;
  row.id = "01B";
  row.name = "early";
  row.host = "lab1";
  row.build = "01B-build";
  row.state = "building";
  row.is_planned = false;
  row.building.emplace().phase = "building";
  row.building->compiled = 7;
  watch_.seen.campaigns = {row};
  const auto object = json("/api/v1/campaigns/01B");
  EXPECT_EQ(object.at("campaign").at("state"), "building");
  EXPECT_EQ(object.at("campaign").at("planned"), false);
  EXPECT_EQ(object.at("campaign").at("building").at("compiled"), 7);
  EXPECT_EQ(object.at("campaign").at("build"), "01B-build");
  EXPECT_EQ(object.at("whole"), false);
  (void)json("/api/v1/campaigns/01B/map", "", 404);
  watch_.seen.campaigns[0].building.reset();
  watch_.seen.campaigns[0].state = "not_built";
  watch_.seen.campaigns[0].error = "a.cc:1: error";
  const auto failed = json("/api/v1/campaigns").at("campaigns").at(0);
  EXPECT_EQ(failed.at("error"), "a.cc:1: error");
  EXPECT_EQ(failed.at("building"), nullptr);
  EXPECT_THAT(get("/metrics").body, Not(testing::HasSubstr("01B"))) << "it has no runs to be counted";
  EXPECT_EQ(json(kPath).at("campaign").at("planned"), true);
}

TEST_F(CampaignApiTest, SaysWhatIsStillBeingRead) {
  campaign_->is_whole = false;
  EXPECT_EQ(json(kPath).at("trouble").at(0).at("what"), "this campaign is still being read: numbers grow");
}

TEST_F(CampaignApiTest, DrawsTheMap) {
  set(4, facts(Cell::kFailed));
  const auto object = json(kPath + "/map");
  EXPECT_EQ(object.at("runs"), 6);
  EXPECT_EQ(object.at("states"), base64_encoded(std::string("\0\0\0\0\x05\0", 6)));
  const std::vector<std::uint16_t> repetitions{0, 1, 2, 0, 1, 2};
  const std::vector<std::uint16_t> loads{0, 0, 0, 1, 1, 1};
  EXPECT_EQ(object.at("repetition"), encoded_numbers(repetitions));
  EXPECT_EQ(object.at("values"), nlohmann::json::array({encoded_numbers(loads)}));
  EXPECT_EQ(object.at("config"), encoded_numbers(std::vector<std::uint16_t>(6)));
}

TEST_F(CampaignApiTest, DrawsWhatChangedSince) {
  const std::string stamp = json(kPath + "/map").at("stamp").dump();
  set(4, facts(Cell::kFailed));
  set(1, facts(Cell::kRunning));
  const auto object = json(kPath + "/map", "since=" + stamp);
  EXPECT_EQ(object.at("changes"), nlohmann::json::parse("[[1,2],[4,5]]"));
  EXPECT_FALSE(object.contains("states"));
  for (const char* other : {"1", "9007199254740992"})
    EXPECT_TRUE(json(kPath + "/map", std::string("since=") + other).contains("states")) << other;
  (void)json(kPath + "/map", "since=-1", 400);
  (void)json(kPath + "/map", "since=9007199254740993", 400);
}

TEST_F(CampaignApiTest, ListsRuns) {
  set(0, facts(Cell::kCompleted, 1'795'000'030, 9, 500));
  set(1, facts(Cell::kFailed, 1'795'000'010, 3, 700));
  set(2, facts(Cell::kTimedOut, 1'795'000'020, 60, 600));
  campaign_->messages[1] = "it said why";
  const auto object = json(kPath + "/runs", "state=failed,timed_out&sort=seconds&order=desc");
  EXPECT_EQ(object.at("total"), 6);
  EXPECT_EQ(object.at("matching"), 2);
  const auto& run = object.at("runs").at(1);
  EXPECT_EQ(run.at("position"), 1);
  EXPECT_EQ(run.at("state"), "failed");
  EXPECT_EQ(run.at("seconds"), 3);
  EXPECT_EQ(run.at("memory"), 700);
  EXPECT_EQ(run.at("started"), "2026-11-18T11:06:50.000000Z");
  EXPECT_EQ(run.at("message"), "it said why");
  EXPECT_THAT(positions("where=$load%3D2"), ElementsAre(3, 4, 5));
  EXPECT_THAT(positions("where=$load%3D2&where=repetition%3D1"), ElementsAre(4));
  EXPECT_THAT(positions("where=config%3DStudy&most=2&offset=1"), ElementsAre(1, 2));
  EXPECT_THAT(positions("where=config%3DOther"), ElementsAre());
  EXPECT_THAT(positions("search=load%3D10&order=desc"), ElementsAre(2, 1, 0));
  EXPECT_THAT(positions("offset=100"), ElementsAre());
}

TEST_F(CampaignApiTest, SaysWhatIsWrongWithAQuestion) {
  for (const char* wrong : {"state=odd", "sort=colour", "most=1001", "offset=x", "where=$laod%3D2", "where=$load%3D7",
                            "where=repetition%3Dx", "where=repetition%3D70000", "where=", "where=%FF%00"}) {
    const auto object = json(kPath + "/runs", wrong, 400);
    EXPECT_THAT(object.at("error").get<std::string>(), Not(testing::IsEmpty())) << wrong;
  }
}

TEST_F(CampaignApiTest, ShowsWhoRanWhatWhen) {
  view::Facts one = facts(Cell::kCompleted);
  one.place = campaign_->model.place({"w1", "lab1"});
  set(0, one);
  view::Facts other = facts(Cell::kRunning, 1'795'000'005);
  other.place = campaign_->model.place({"w2", "lab2"});
  set(1, other);
  const auto object = json(kPath + "/timeline");
  EXPECT_EQ(object.at("begin"), "2026-11-18T11:06:40.000000Z");
  EXPECT_EQ(object.at("lanes"),
            nlohmann::json::parse(R"([{"host":"lab1","worker":"w1"},{"host":"lab2","worker":"w2"}])"));
  EXPECT_EQ(object.at("bars"), nlohmann::json::parse("[[0,0.0,10.0,3,0],[1,5.0,null,2,1]]"));
  EXPECT_EQ(object.at("cut"), false);
  EXPECT_EQ(json(kPath + "/timeline", "from=7&to=8").at("bars").size(), 2U);
  EXPECT_EQ(json(kPath + "/timeline", "from=0&to=3").at("bars").size(), 1U);
  for (const char* odd : {"from=nan", "from=inf&to=-inf", "from=1e308", "to=-5"}) {
    const Response response = get(kPath + "/timeline", odd);
    EXPECT_THAT(response.status, testing::AnyOf(200, 400)) << odd;
    EXPECT_TRUE(nlohmann::json::accept(response.body)) << odd;
  }
  (void)json(kPath + "/timeline", "from=yesterday", 400);
}

TEST_F(CampaignApiTest, ShowsHowLongRunsTook) {
  set(0, facts(Cell::kCompleted, 1'795'000'000, 4));
  set(1, facts(Cell::kFailed, 1'795'000'000, 8));
  const auto object = json(kPath + "/distributions");
  EXPECT_EQ(object.at("seconds").at("most"), 8);
  EXPECT_EQ(object.at("seconds").at("edges").size(), object.at("seconds").at("counts").at("failed").size() + 1);
  EXPECT_EQ(object.at("memory").at("median"), 1000);
}

TEST_F(CampaignApiTest, KnowsNoOthers) {
  for (const char* id : {"01NONE", "..%2F..", "%FF%00", "%0A"})
    EXPECT_EQ(json(std::string("/api/v1/campaigns/") + id, "", 404).at("error"), "there is no campaign of this id");
  watch_.campaigns[kCampaign] = {nullptr, false, "its runs are not known here"};
  EXPECT_EQ(json(kPath, "", 503).at("error"), "its runs are not known here");
}

TEST_F(CampaignApiTest, TellsOfARunWhatTheStoreKnows) {
  store::RunRecord result = store::make_result(*store_, kCampaign, "unused", "x,y\n", false);
  result.made_by.attempt.key = store::key_named("0");
  result.made_by.attempt.command = {"./sim", kHostile};
  result.made_by.attempt.verdict.message = kHostile + std::string(1U << 20U, '\xfe');
  result.made_by.output = "it ran\n" + kHostile;
  store::accept_one(*store_, result);
  set(0, facts(Cell::kCompleted));
  const auto object = json(kPath + "/runs/0");
  EXPECT_EQ(object.at("run").at("name"), "Study:load=10,#0");
  EXPECT_EQ(object.at("run").at("key"), store::key_named("0").digest.hex());
  ASSERT_EQ(object.at("attempts").size(), 1U);
  EXPECT_EQ(object.at("attempts").at(0).at("worker"), "lab1");
  EXPECT_EQ(object.at("attempts").at(0).at("has_output"), true);
  EXPECT_EQ(object.at("accepted"), 1);
  EXPECT_EQ(object.at("files").at(0).at("path"), "results/run.csv");
  EXPECT_EQ(object.at("job"), nullptr);
  EXPECT_EQ(object.at("command"), "./sim -u Cmdenv -r 0");
  EXPECT_THAT(get(kPath + "/runs/0/output", "attempt=1").body, HasSubstr("it ran\n"));
  EXPECT_EQ(get(kPath + "/runs/0/output", "attempt=1").type, "text/plain; charset=utf-8");
  EXPECT_EQ(get(kPath + "/runs/0/output", "attempt=1&stream=errors").body, "");
  EXPECT_EQ(get(kPath + "/runs/0/output", "attempt=7").status, 404);
  EXPECT_EQ(get(kPath + "/runs/0/output", "stream=odd").status, 400);
}

TEST_F(CampaignApiTest, HandsOutResultFiles) {
  store::RunRecord result = store::make_result(*store_, kCampaign, "unused", "x,y\n", false);
  result.made_by.attempt.key = store::key_named("0");
  store::accept_one(*store_, result);
  set(0, facts(Cell::kCompleted));
  const Response file = get(kPath + "/runs/0/files/0");
  EXPECT_EQ(file.body, "x,y\n");
  EXPECT_EQ(file.type, "application/octet-stream");
  EXPECT_THAT(file.headers, ElementsAre(std::pair<std::string, std::string>("Content-Disposition",
                                                                            "attachment; filename=\"run.csv\"")));
  EXPECT_EQ(get(kPath + "/runs/0/files/1").status, 404);
  EXPECT_EQ(get(kPath + "/runs/0/files/-1").status, 400);
  EXPECT_EQ(get(kPath + "/runs/0/files/x").status, 400);
  EXPECT_EQ(get(kPath + "/runs/1/files/0").status, 404);
  EXPECT_EQ(get(kPath + "/runs/99/files/0").status, 404);
}

TEST_F(CampaignApiTest, BreaksNoHeaderWithTheNameOfAFile) {
  store::RunRecord result = store::make_result(*store_, kCampaign, "unused", "x,y\n", false);
  result.made_by.attempt.key = store::key_named("0");
  result.files[0].path = "a/\"\r\nSet-Cookie: x=1;\xff.csv";
  result.own = {{0, 0, false}};
  store::put_text(*store_, "x,y\n");
  store::accept_one(*store_, result);
  const Response file = get(kPath + "/runs/0/files/0");
  ASSERT_EQ(file.status, 200) << file.body;
  EXPECT_EQ(file.headers.at(0).second, "attachment; filename=\"___Set-Cookie__x=1__.csv\"");
}

TEST_F(CampaignApiTest, ShowsWhatARunSaysWhileItGoesOn) {
  set(2, facts(Cell::kRunning));
  campaign_->progress[2] = R"({"fraction":0.5,"line":"** Event #100"})";
  enqueue(std::string(kCampaign) + "-2", "Study#2");
  (void)claim();
  const auto object = json(kPath + "/runs/2");
  EXPECT_EQ(object.at("progress").at("fraction"), 0.5);
  EXPECT_EQ(object.at("job").at("state"), "started");
  EXPECT_EQ(get(kPath + "/runs/2/output", "attempt=0").body, "** Event #100\n");
  for (const char* odd : {"no json", "[]", "{\"line\":7}", "{\"line\":null}"}) {
    campaign_->progress[2] = odd;
    EXPECT_EQ(get(kPath + "/runs/2/output", "attempt=0").body, "") << odd;
  }
}

TEST_F(CampaignApiTest, ShowsTheEndOfWhatARunPrintsThatGoesOnOnceItIsTold) {
  enqueue(std::string(kCampaign) + "-2");
  const jobs::Claim held = claim();
  set(2, facts(Cell::kRunning));
  EXPECT_EQ(get(kPath + "/runs/2/output", "attempt=0").body, "") << "not even a line is known";
  campaign_->progress[2] = R"({"line":"** Event #100"})";
  EXPECT_EQ(get(kPath + "/runs/2/output", "attempt=0").body, "** Event #100\n");
  const std::string text = "one\n</pre><script>\x1b[31m\xff\n";
  const auto watched = queue_.jobs->tell({{held, "{}", text}});
  EXPECT_THAT(watched.value_or(std::vector<bool>()), ElementsAre(true)) << "its worker hears that somebody looks";
  EXPECT_TRUE(wait_until([&] { return get(kPath + "/runs/2/output", "attempt=0").body == text; }));
  EXPECT_EQ(get(kPath + "/runs/2/output", "attempt=0").type, "text/plain; charset=utf-8");
}

TEST_F(CampaignApiTest, ShowsTheLastLineOfWhatRunsWhileTheQueueIsAway) {
  set(2, facts(Cell::kRunning));
  campaign_->progress[2] = R"({"line":"** Event #100"})";
  queue_trouble_ = "Redis is away";
  EXPECT_EQ(get(kPath + "/runs/2/output", "attempt=0").body, "** Event #100\n");
}

TEST_F(CampaignApiTest, ShowsARunThoughServersAreAway) {
  queue_trouble_ = "Redis is away";
  store_trouble_ = "MongoDB is away";
  const auto object = json(kPath + "/runs/0");
  EXPECT_EQ(object.at("run").at("position"), 0);
  std::vector<std::string> said;
  for (const auto& one : object.at("trouble")) said.push_back(one.at("what"));
  EXPECT_THAT(said, ElementsAre("Redis is away", "MongoDB is away"));
}

TEST_F(CampaignApiTest, AnswersInValidJsonWhateverOthersWrote) {
  campaign_ = follow(kHostile);
  view::Facts odd = facts(Cell::kFailed);
  odd.place = campaign_->model.place({kHostile, kHostile});
  odd.seconds = std::numeric_limits<float>::infinity();
  odd.started = 1e300;
  set(0, odd);
  campaign_->messages[0] = kHostile + std::string(1U << 20U, '\xfe');
  campaign_->progress[0] = kHostile;
  for (const char* part : {"", "/map", "/runs", "/runs/0", "/timeline", "/distributions"}) (void)json(kPath + part);
  EXPECT_THAT(json(kPath).at("variables").at(0).at("values").at(0).get<std::string>(), HasSubstr("<script>\"\x1b[31m"));
}

TEST_F(CampaignApiTest, CancelsACampaignOnce) {
  const auto object = post(kPath, {{"action", "cancel"}});
  EXPECT_EQ(object, nlohmann::json::parse(R"({"version":1,"waiting":5,"running":2})"));
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_THAT(said_[0], HasSubstr("somebody from unix: cancelled campaign " + std::string(kCampaign)));
  EXPECT_EQ(watch_.hurried, 1);
  (void)post(kPath, {{"action", "delete"}}, 400);
  (void)post(kPath, nlohmann::json::array(), 400);
}

TEST_F(CampaignApiTest, PlotsWhatWasMeasured) {
  view::ValueReader reader(
      [](const view::Followed&, const std::vector<std::size_t>& positions,
         const view::ValueReader::Take& take) -> Status {
        for (const std::size_t one : positions)
          take(one, {{nullptr, "net" + kHostile, "delay", static_cast<double>(one), "s"}});
        return {};
      },
      nullptr);
  desk_.values = &reader;
  open();
  for (std::size_t i = 0; i < 6; ++i) set(i, facts(Cell::kCompleted));
  ASSERT_TRUE(wait_until([&] { return json(kPath + "/scalars").at("read") == 6; }));
  const auto names = json(kPath + "/scalars", "search=delay");
  EXPECT_EQ(names.at("scalars").at(0).at("runs"), 6);
  EXPECT_EQ(names.at("runs"), 6);
  const auto set = json(kPath + "/series", "name=delay&x=load");
  EXPECT_EQ(set.at("unit"), "s");
  const auto& points = set.at("series").at(0).at("points");
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points.at(0).at("x"), 2);
  EXPECT_EQ(points.at(0).at("mean"), 4);
  EXPECT_EQ(points.at(0).at("n"), 3);
  EXPECT_TRUE(points.at(0).at("half").is_number());
  const auto by = json(kPath + "/series", "name=delay&x=load&by=load,load,load,load,load,load");
  EXPECT_EQ(by.at("series").size(), 2U);
  EXPECT_EQ(by.at("series").at(0).at("label"), "load=2, load=2, load=2, load=2, load=2, load=2");
  EXPECT_THAT(
      json(kPath + "/series", "name=delay&x=load&by=load,a-name-that-is-not-there", 400).at("error").get<std::string>(),
      HasSubstr("«a-name-that-is-not-there»"));
  (void)json(kPath + "/series", "name=delay&x=none", 400);
  (void)json(kPath + "/series", "x=load", 400);
  EXPECT_EQ(json(kPath + "/series", "name=none").at("series"), nlohmann::json::array());
}

}  // namespace
}  // namespace simswarm::web
