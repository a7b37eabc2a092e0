// All that stands behind the dashboard's pages, of the test's own: a picture, a campaign, a queue in memory, a store
// in a folder.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "store_samples.h"
#include "web/dashboard.h"

namespace simswarm::web {

inline constexpr const char* kCampaign = "01M82V0000AAAAAAAAAAAAAAAA";

// Shows what the test says.
class FakeWatch final : public view::Watch {
 public:
  view::Picture seen;
  std::map<std::string, view::Following> campaigns;
  std::map<std::string, std::vector<view::WorkerSample>> histories;
  int hurried = 0;

  FakeWatch() {
    seen.has_queue = true;
    seen.seen_at = std::chrono::steady_clock::now();
  }
  std::shared_ptr<const view::Picture> picture() override { return std::make_shared<view::Picture>(seen); }
  std::shared_ptr<const view::Picture> last(bool /*is_wanted*/) override { return picture(); }
  view::Following follow(const std::string& campaign) override {
    const auto found = campaigns.find(campaign);
    return found == campaigns.end() ? view::Following{nullptr, true, ""} : found->second;
  }
  std::vector<view::WorkerSample> history(const std::string& worker) override { return histories[worker]; }
  void look_now() override { ++hurried; }
};

// Of a queue in memory there is none.
class NoQueueWatch final : public jobs::QueueWatch {
 public:
  std::vector<std::string> queued;
  std::string error = "it broke";

  Result<jobs::Survey> survey() override { return jobs::Survey{}; }
  Result<jobs::Moves> moves(const jobs::QueueName& /*queue*/, const jobs::Mark& /*since*/) override {
    return jobs::Moves{};
  }
  Result<std::vector<jobs::JobId>> ids(const jobs::QueueName& /*queue*/, jobs::Place /*place*/, std::size_t /*offset*/,
                                       std::size_t /*most*/) override {
    std::vector<jobs::JobId> ids;
    for (const std::string& one : queued) ids.push_back({one});
    return ids;
  }
  Result<std::vector<std::string>> errors(const std::vector<jobs::JobId>& ids) override {
    return std::vector<std::string>(ids.size(), error);
  }
  Result<std::optional<std::size_t>> ahead(const jobs::QueueName& /*queue*/, const jobs::JobId& /*id*/) override {
    return 3;
  }
};

class NoServer final : public Server {
 public:
  void run(const Handler& /*handler*/, int /*stop_descriptor*/) override {}
  void wake() override {}
  void publish(std::string /*piece*/) override {}
  [[nodiscard]] std::size_t streams() const override { return 7; }
};

class DeskTest : public testing::Test {
 protected:
  DeskTest() {
    desk_.watch = &watch_;
    desk_.at_queue = &at_queue_;
    desk_.at_store = &at_store_;
    queue_.jobs = store::value_of(jobs::open_job_queue("memory:"));
    auto queue_watch = std::make_unique<NoQueueWatch>();
    queue_watch_ = queue_watch.get();
    queue_.watch = std::move(queue_watch);
    desk_.queue = [this]() -> Result<QueueDesk*> {
      if (!queue_trouble_.empty()) return environment_error("{}", queue_trouble_);
      return &queue_;
    };
    desk_.store = [this]() -> Result<store::Store*> {
      if (!store_trouble_.empty()) return environment_error("{}", store_trouble_);
      return store_.get();
    };
    desk_.position_of = [](const std::string& campaign, const jobs::JobId& job) -> std::optional<std::size_t> {
      if (!job.text.starts_with(campaign + "-")) return std::nullopt;
      const auto number = parse_int(job.text.substr(campaign.size() + 1));
      return number ? std::optional(static_cast<std::size_t>(*number)) : std::nullopt;
    };
    desk_.job_of = [](const std::string& campaign, std::size_t position) {
      return jobs::JobId{fmt::format("{}-{}", campaign, position)};
    };
    desk_.cancel = [](const std::string& /*campaign*/) -> Result<Desk::Cancelled> { return Desk::Cancelled{5, 2}; };
    desk_.say = [this](const std::string& what) { said_.push_back(what); };
    open();
  }
  void open() {
    DashboardOptions options;
    options.events = &events_;
    options.server = &server_;
    options.version = "1.2.3";
    site_ = std::make_unique<Site>(dashboard_site(desk_, options));
  }

  // As a server asks: until there is an answer.
  Response ask(Request request) {
    request.number = ++number_;
    std::optional<Response> response;
    EXPECT_TRUE(wait_until([&] { return (response = site_->answer(request)).has_value(); })) << request.path;
    return response.value_or(Response{.status = 0});
  }
  Response get(const std::string& path, const std::string& query = "") {
    return ask({.method = "GET", .path = path, .query = query, .host = "localhost", .peer = "unix"});
  }
  // A whole answer of the API.
  nlohmann::json json(const std::string& path, const std::string& query = "", int status = 200) {
    const Response response = get(path, query);
    EXPECT_EQ(response.status, status) << path << " " << response.body.substr(0, 300);
    EXPECT_EQ(response.type, "application/json") << path;
    auto object = nlohmann::json::parse(response.body, nullptr, false);
    EXPECT_TRUE(object.is_object()) << path << " " << response.body.substr(0, 300);
    EXPECT_TRUE(!object.is_object() || object.value("version", 0) == 1) << path;
    return object;
  }
  nlohmann::json post(const std::string& path, const nlohmann::json& body, int status = 200) {
    Request request{.method = "POST", .path = path, .body = body.dump(), .host = "localhost", .peer = "unix"};
    request.content_type = "application/json";
    request.csrf = nlohmann::json::parse(get("/api/v1/session").body).at("csrf");
    const Response response = ask(request);
    EXPECT_EQ(response.status, status) << path << " " << response.body;
    return nlohmann::json::parse(response.body, nullptr, false);
  }

  // A campaign of two loads with three repetitions, known to the watch.
  std::shared_ptr<view::Followed> follow(const std::string& load = "10") {
    store::CampaignRecord record;
    record.id = kCampaign;
    record.name = "study";
    record.queue = "run-a";
    view::RunPlan plan;
    for (int i = 0; i < 6; ++i) {
      simswarm::Run run;
      run.config = "Study";
      run.number = i;
      run.repetition = i % 3;
      run.variables = {{"load", i < 3 ? load : "2"}};
      plan.runs.push_back(run);
      plan.keys.push_back(store::key_named(std::to_string(i)).digest.bytes());
    }
    plan.command = {"./sim", "-u", "Cmdenv", "-r", "0"};
    plan.simulator = "OMNeT++ 6.1";
    auto campaign = std::make_shared<view::Followed>(record, std::move(plan));
    campaign->is_whole = true;
    watch_.campaigns[kCampaign] = {campaign, false, ""};
    return campaign;
  }
  void enqueue(const std::string& id, const std::string& description = "") {
    jobs::NewJob job;
    job.id = {id};
    job.queue = {"run-a"};
    job.payload = R"(["f",null,[],{}])";
    job.description = description;
    EXPECT_TRUE(queue_.jobs->enqueue({job}).has_value());
  }
  jobs::Claim claim() {
    const auto claimed = queue_.jobs->claim({.worker = {"w1"}, .node = "lab1", .queues = {{"run-a"}}});
    EXPECT_TRUE(claimed.has_value() && claimed->jobs.size() == 1);
    return claimed.has_value() && !claimed->jobs.empty() ? claimed->jobs[0].claim : jobs::Claim{};
  }

  TestFolder folder_;
  FakeWatch watch_;
  NoServer server_;
  Events events_{server_};
  QueueDesk queue_;
  NoQueueWatch* queue_watch_ = nullptr;
  std::unique_ptr<store::Store> store_ =
      std::make_unique<store::Store>(store::value_of(store::open_directory(folder_ / "store")));
  std::string queue_trouble_, store_trouble_;  // read by the lookups: set before anything is asked
  std::vector<std::string> said_;
  Lookups at_queue_{[] {}}, at_store_{[] {}};
  Desk desk_;
  std::unique_ptr<Site> site_;
  std::uint64_t number_ = 0;
};

}  // namespace simswarm::web
