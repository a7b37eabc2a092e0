// What pages ask of jobs, queues, workers and builds, and what they change.
#include <gmock/gmock.h>

#include "desk_support.h"

namespace simswarm::web {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::json;

const std::string kHostile = "<script>\"\x1b[31m\u202E\xff\xc0\x80\n" + std::string(1, '\0');

class JobApiTest : public DeskTest {
 protected:
  JobApiTest() {
    watch_.seen.survey.queues.push_back({.name = {"run-a"}, .campaign = "", .priority = 3, .counts = {.queued = 5}});
  }
  jobs::Counts counts() { return store::value_of(queue_.jobs->counts({"run-a"})); }
  jobs::State state(const std::string& id) {
    const auto found = store::value_of(queue_.jobs->find({id}));
    EXPECT_TRUE(found.has_value()) << id;
    return found ? found->job.state : jobs::State::kQueued;
  }
  std::vector<std::string> listed(const std::string& query) {
    std::vector<std::string> ids;
    const Json object = json("/api/v1/queues/run-a/jobs", query);
    for (const Json& job : object.at("jobs")) ids.push_back(job.at("id"));
    return ids;
  }
  void fail(const std::string& message) {
    EXPECT_TRUE(queue_.jobs->fail(claim(), message, jobs::AfterFailure::kNoRetry).has_value());
  }
};

TEST_F(JobApiTest, ListsJobsOfAQueue) {
  for (const char* id : {"a", "b", "c"}) enqueue(id, std::string("run ") + id);
  const Json object = json("/api/v1/queues/run-a/jobs");
  EXPECT_EQ(object.at("total"), 3);
  EXPECT_EQ(object.at("searched"), nullptr);
  EXPECT_EQ(object.at("priority"), 3);
  EXPECT_EQ(object.at("counts").at("queued"), 5);
  EXPECT_EQ(object.at("suspended"), false);
  EXPECT_THAT(listed(""), ElementsAre("c", "b", "a"));
  EXPECT_THAT(listed("offset=1&most=1"), ElementsAre("b"));
  EXPECT_THAT(listed("search=run+b"), ElementsAre("b"));
  EXPECT_THAT(listed("state=failed"), IsEmpty());
  for (const char* wrong : {"state=odd", "offset=x", "most=1001"}) (void)json("/api/v1/queues/run-a/jobs", wrong, 400);
  (void)json("/api/v1/queues/a%20b/jobs", "", 400);
}

TEST_F(JobApiTest, TellsWhatJobsFailedOf) {
  enqueue("a");
  fail("it broke\nin two lines");
  const Json object = json("/api/v1/queues/run-a/jobs", "state=failed");
  EXPECT_EQ(object.at("jobs").at(0).at("error"), "it broke");
  const Json one = json("/api/v1/jobs/a");
  EXPECT_EQ(one.at("job").at("error"), "it broke");
  EXPECT_EQ(one.at("message"), "it broke\nin two lines");
  EXPECT_EQ(one.at("job").at("worker"), "w1");
}

TEST_F(JobApiTest, TellsOfAJob) {
  const std::string id = std::string(kCampaign) + "-4";
  enqueue(id, "Study#4");
  const Json object = json("/api/v1/jobs/" + id);
  EXPECT_EQ(object.at("job").at("state"), "queued");
  EXPECT_EQ(object.at("ahead"), 3);
  EXPECT_EQ(object.at("campaign_id"), kCampaign);
  EXPECT_EQ(object.at("position"), 4);
  EXPECT_EQ(object.at("payload"), Json::parse(R"(["f",null,[],{}])"));
  EXPECT_EQ(object.at("result"), nullptr);
  (void)json("/api/v1/jobs/none", "", 404);
  (void)json("/api/v1/jobs/a%20b", "", 400);
}

TEST_F(JobApiTest, ShowsWhatAJobPrintsPieceByPiece) {
  enqueue("a");
  EXPECT_TRUE(queue_.jobs->put_output({"a"}, 0, "first\n" + kHostile).has_value());
  const Response first = get("/api/v1/jobs/a/output");
  EXPECT_EQ(first.type, "text/plain; charset=utf-8");
  EXPECT_EQ(first.body, "first\n" + kHostile);
  const std::string next = std::to_string(first.body.size());
  EXPECT_EQ(first.headers.at(0), (std::pair<std::string, std::string>("X-Simswarm-Next", next)));
  EXPECT_EQ(get("/api/v1/jobs/a/output", "offset=" + next).body, "");
  EXPECT_EQ(get("/api/v1/jobs/a/output", "offset=99999999999").status, 400);
}

TEST_F(JobApiTest, AnswersInValidJsonWhateverOthersWrote) {
  enqueue("a", kHostile);
  const jobs::Claim held = claim();
  EXPECT_TRUE(queue_.jobs->tell({{held, kHostile}}).has_value());
  (void)json("/api/v1/queues/run-a/jobs", "state=started");
  EXPECT_EQ(json("/api/v1/jobs/a").at("job").at("progress"), nullptr);
  queue_watch_->error = kHostile;
  EXPECT_TRUE(queue_.jobs->fail(held, kHostile + std::string(1U << 20U, '\xfe'), jobs::AfterFailure::kNoRetry));
  at_queue_.forget();
  EXPECT_THAT(json("/api/v1/jobs/a").at("message").get<std::string>(), HasSubstr("<script>\"\x1b[31m"));
  (void)json("/api/v1/queues/run-a/jobs", "state=failed&search=%FF%00");
}

TEST_F(JobApiTest, ChangesJobs) {
  for (const char* id : {"a", "b", "c"}) enqueue(id);
  fail("it broke");
  EXPECT_EQ(post("/api/v1/jobs", {{"action", "requeue"}, {"ids", {"a"}}}),
            Json::parse(R"({"version":1,"done":1,"refused":0,"gone":0,"answers":{"a":"done"}})"));
  EXPECT_EQ(state("a"), jobs::State::kQueued);
  const Json cancelled = post("/api/v1/jobs", {{"action", "cancel"}, {"ids", {"b", "none"}}});
  EXPECT_EQ(cancelled.at("answers"), Json::parse(R"({"b":"done","none":"gone"})"));
  const jobs::Claim held = claim();
  EXPECT_EQ(post("/api/v1/jobs", {{"action", "delete"}, {"ids", {held.job.text}}}).at("refused"), 1);
  EXPECT_EQ(post("/api/v1/jobs", {{"action", "stop"}, {"ids", {held.job.text}}}).at("done"), 1);
  EXPECT_EQ(post("/api/v1/jobs", {{"action", "cancel"}, {"ids", {"b"}}}).at("answers").at("b"), "already");
  ASSERT_EQ(said_.size(), 5U);
  EXPECT_THAT(said_[1], HasSubstr("somebody from unix: cancel of b and 1 others: 1 done, 0 refused, 1 gone"));
  EXPECT_EQ(watch_.hurried, 5) << "it is to be seen at once";
}

TEST_F(JobApiTest, RefusesChangesThatMakeNoSense) {
  for (const Json& wrong :
       {Json(nullptr), Json::array(), Json{{"action", "explode"}, {"ids", {"a"}}}, Json{{"action", 7}, {"ids", {"a"}}},
        Json{{"action", "cancel"}}, Json{{"action", "cancel"}, {"ids", Json::array()}},
        Json{{"action", "cancel"}, {"ids", "a"}}, Json{{"action", "cancel"}, {"ids", {7}}},
        Json{{"action", "cancel"}, {"ids", {"a b"}}},
        Json{{"action", "cancel"}, {"ids", std::vector<std::string>(1001, "a")}}})
    (void)post("/api/v1/jobs", wrong, 400);
  EXPECT_THAT(said_, IsEmpty());
}

TEST_F(JobApiTest, ChangesAWholeQueue) {
  for (const char* id : {"a", "b", "c"}) enqueue(id);
  EXPECT_EQ(post("/api/v1/queues/run-a", {{"action", "priority"}, {"priority", -10}}).at("done"), 1);
  EXPECT_EQ(post("/api/v1/queues/run-a", {{"action", "cancel"}, {"state", "queued"}}).at("done"), 3);
  EXPECT_EQ(counts().cancelled, 3U);
  queue_watch_->queued = {"a", "b", "none", "no id"};
  const Json again = post("/api/v1/queues/run-a", {{"action", "requeue"}, {"state", "canceled"}});
  EXPECT_EQ(again.at("done"), 2);
  EXPECT_EQ(again.at("left"), 0) << "c, which is beyond what was listed, is of another call";
  EXPECT_EQ(post("/api/v1/queues/run-a", {{"action", "empty"}}).at("done"), 2);
  EXPECT_EQ(counts().queued, 0U);
  for (const Json& wrong :
       {Json{{"action", "priority"}}, Json{{"action", "priority"}, {"priority", 11}},
        Json{{"action", "priority"}, {"priority", 1.5}}, Json{{"action", "priority"}, {"priority", "1"}},
        Json{{"action", "priority"}, {"priority", 1e30}}, Json{{"action", "cancel"}},
        Json{{"action", "cancel"}, {"state", "odd"}}, Json{{"action", "explode"}}, Json::array()})
    (void)post("/api/v1/queues/run-a", wrong, 400);
}

TEST_F(JobApiTest, SuspendsAndResumes) {
  EXPECT_EQ(post("/api/v1/suspend", Json::object()).at("suspended"), true);
  EXPECT_TRUE(store::value_of(queue_.jobs->is_suspended()));
  EXPECT_EQ(post("/api/v1/resume", Json::object()).at("suspended"), false);
  EXPECT_FALSE(store::value_of(queue_.jobs->is_suspended()));
  EXPECT_THAT(said_, ElementsAre(HasSubstr("suspended all queues"), HasSubstr("resumed all queues")));
}

TEST_F(JobApiTest, SaysThatRedisIsAway) {
  queue_trouble_ = "cannot reach Redis";
  EXPECT_EQ(json("/api/v1/queues/run-a/jobs", "", 503).at("error"), "cannot reach Redis");
  EXPECT_EQ(post("/api/v1/suspend", Json::object(), 503).at("error"), "cannot reach Redis");
  EXPECT_THAT(said_, IsEmpty());
}

TEST_F(JobApiTest, TellsOfAWorker) {
  jobs::WorkerView worker;
  worker.record.name = {"w1"};
  worker.record.queues = {{"run"}};
  watch_.seen.survey.workers = {worker};
  watch_.seen.survey.queues[0].counts.finished = 1;
  watch_.histories["w1"] = {{1'795'000'000, 1, 2, 3}};
  const std::string id = std::string(kCampaign) + "-4";
  enqueue(id, "Study#4");
  EXPECT_TRUE(queue_.jobs->complete(claim(), "null").has_value());
  enqueue("b");
  (void)claim();
  const Json object = json("/api/v1/workers/w1");
  EXPECT_EQ(object.at("worker").at("name"), "w1");
  EXPECT_EQ(object.at("history"), Json::parse("[[1795000000,1,2,3]]"));
  EXPECT_EQ(object.at("now").at(0).at("id"), "b");
  EXPECT_EQ(object.at("recent").at(0).at("position"), 4);
  watch_.histories["gone"] = {{1'795'000'000, 0, 2, 3}};
  EXPECT_EQ(json("/api/v1/workers/gone").at("worker"), nullptr);
  (void)json("/api/v1/workers/none", "", 404);
}

TEST_F(JobApiTest, ListsBuildsThatGoOnFirst) {
  watch_.seen.survey.queues.push_back({.name = {"build"}, .campaign = "", .priority = 0, .counts = {}});
  for (const char* id : {"01A-build", "01B-build"}) {
    jobs::NewJob job;
    job.id = {id};
    job.queue = {"build"};
    job.payload = R"(["f",null,[],{}])";
    EXPECT_TRUE(queue_.jobs->enqueue({job}).has_value());
  }
  const auto claimed = store::value_of(queue_.jobs->claim({.worker = {"b1"}, .node = "lab9", .queues = {{"build"}}}));
  ASSERT_EQ(claimed.jobs.size(), 1U);
  EXPECT_TRUE(queue_.jobs->tell({{claimed.jobs[0].claim, R"({"phase":"compiling","compiled":7})"}}).has_value());
  store::BuildRecord record;
  record.key = digest_of("key");
  record.tree = "tree";
  record.artifact = record.listing = digest_of("x");
  record.log = store::put_text(*store_, "make\n\x1b[31mwarning\x1b[0m\n");
  record.compiler = kHostile;
  record.created = Stamp(std::chrono::seconds(1'795'000'000));
  record.hosts = {{"10.0.0.7:3632", 4, 1}};
  EXPECT_TRUE(store_->note(record).has_value());
  view::CampaignRow row;
  row.id = kCampaign;
  row.build = record.key.hex();
  watch_.seen.campaigns = {row};
  const Json object = json("/api/v1/builds");
  EXPECT_EQ(object.at("total"), 3);
  EXPECT_EQ(object.at("builds").at(0).at("state"), "building");
  EXPECT_EQ(object.at("builds").at(0).at("compiled"), 7);
  EXPECT_EQ(object.at("builds").at(0).at("campaign_id"), "01A");
  EXPECT_EQ(object.at("builds").at(1).at("state"), "waiting");
  EXPECT_EQ(object.at("builds").at(2).at("campaign_id"), kCampaign);
  EXPECT_EQ(json("/api/v1/builds", "offset=2&most=1").at("builds").size(), 1U);
  EXPECT_EQ(json("/api/v1/builds/" + record.key.hex()).at("campaigns"), Json::array({kCampaign}));
  EXPECT_EQ(json("/api/v1/builds/" + record.key.hex()).at("build").at("by_host"),
            Json::parse(R"([{"name":"10.0.0.7:3632","done":4,"failed":1}])"));
  EXPECT_EQ(json("/api/v1/builds/" + std::string(kCampaign) + "-build").at("build").at("key"), record.key.hex())
      << "what was the job of a campaign's build is found under that name when it is done, too";
  store::BuildRecord later = record;
  later.key = digest_of("later");
  EXPECT_TRUE(store_->note(later).has_value());
  EXPECT_EQ(json("/api/v1/builds/" + later.key.hex()).at("build").at("key"), later.key.hex())
      << "it came after all of them were listed";
  EXPECT_EQ(get("/api/v1/builds/" + digest_of("none").hex()).status, 404);
  row.id = "01C";
  row.build = "01C-build";
  row.building.emplace().phase = "queueing";
  watch_.seen.campaigns.push_back(row);
  const Json ending = json("/api/v1/builds/01C-build");
  EXPECT_EQ(ending.at("build").at("phase"), "queueing") << "its job has just ended, and its build is not listed yet";
  EXPECT_EQ(ending.at("campaigns"), Json::array({"01C"}));
  EXPECT_EQ(get("/api/v1/builds/" + record.key.hex() + "/log").body, "make\n\x1b[31mwarning\x1b[0m\n");
  EXPECT_EQ(json("/api/v1/builds/01B-build").at("build").at("state"), "waiting");
  EXPECT_TRUE(queue_.jobs->put_output({"01A-build"}, 0, "going on\n").has_value());
  EXPECT_EQ(get("/api/v1/builds/01A-build/log").body, "going on\n");
  for (const char* none : {"/api/v1/builds/none", "/api/v1/builds/none/log"}) EXPECT_EQ(get(none).status, 404) << none;
  EXPECT_EQ(get("/api/v1/builds/a%20b-build/log").status, 400);
}

TEST_F(JobApiTest, ShowsNothingOfJobsWhereThereIsNoQueue) {
  desk_.at_queue = nullptr;
  open();
  (void)json("/api/v1/jobs/a", "", 404);
  EXPECT_EQ(json("/api/v1/session").at("may_change"), false);
}

}  // namespace
}  // namespace simswarm::web
