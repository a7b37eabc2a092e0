// What campaigns through a store see when something of it is damaged, late, or too much.
#include <gmock/gmock.h>
#include <signal.h>

#include "base/text.h"
#include "campaign_site.h"

namespace simswarm::store {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr std::size_t kLargeFile = 200'000;  // more than a chunk of GridFS

class Damaged : public testing::TestWithParam<Kind> {
 protected:
  Damaged() : site_(GetParam()) {}
  // All runs are complete in the store, and nothing of them is here; a worker lives. The results of one machine are in
  // local/results.
  void bring_to_the_store(int runs, std::size_t large) {
    site_.make_program(large);
    fs::copy(site_.project(), local(), fs::copy_options::recursive);
    const std::string values = fmt::format("n=0..{}", runs - 1);
    const Words words{"sweep", "-C", local(),     "--name", "study",    "--json",
                      values,  "--", "./program", "{n}",    "{results}"};
    ASSERT_TRUE(site_.said(site_.client(words)).is_complete(static_cast<std::size_t>(runs)));
    fs::remove(site_.outside("executions"));
    site_.folder().write("outside/executions", "");
    fs::permissions(site_.outside("executions"), fs::perms(0666));
    worker_.emplace(site_.worker("first"));
    Program left = site_.sweep(runs, {"--detach"});
    ASSERT_EQ(left.wait(), 0) << left.log();
    ASSERT_TRUE(site_.waits_for_results(static_cast<std::size_t>(runs)));
  }
  void expect_whole() {
    expect_equal(local() / "results", site_.results());
    EXPECT_EQ(site_.ask_store({"verify"}).at("damaged"), json::array());
  }
  [[nodiscard]] fs::path local() const { return site_.folder() / "local"; }

  CampaignSite site_;
  std::optional<Program> worker_;
};

INSTANTIATE_TEST_SUITE_P(On, Damaged, testing::Values(Kind::kDirectory, Kind::kMongodb),
                         [](const auto& one) { return name_of(one.param); });

TEST_P(Damaged, BlobsAreNoticedAndTheirRunsRunAgain) {
  bring_to_the_store(4, kLargeFile);
  ASSERT_EQ(site_.own_blobs(0).size(), 1U);
  site_.damage(Damage::kFlipped, site_.own_blobs(0).front());
  site_.damage(Damage::kGone, site_.own_blobs(1).front());
  site_.damage(Damage::kShort, site_.own_blobs(2).front());
  const Said said = site_.said(site_.sweep(4));
  EXPECT_TRUE(said.is_complete(4));
  for (int run = 0; run < 3; ++run) {
    EXPECT_EQ(said.count(fmt::format(
                  "the result of study#{} in the store is damaged: results/study/n={}/large.bin: ", run, run)),
              1U)
        << said.log;
    EXPECT_EQ(site_.executions(run), 2U);
  }
  EXPECT_EQ(said.count("; it runs again"), 3U) << said.log;
  EXPECT_EQ(site_.executions(3), 1U);
  expect_whole();
}

TEST_P(Damaged, ADocumentIsNoticedAndItsRunRunsAgain) {
  bring_to_the_store(2, 0);
  RunRecord record = site_.results_of(0).at(0);
  ASSERT_FALSE(record.packed.empty());
  record.packed[record.packed.size() / 2] ^= 1;
  EXPECT_TRUE(good(site_.store().back_end().remove(kResults, record.made_by.attempt.key.digest.hex())));
  EXPECT_TRUE(site_.store().accept({&record, 1}).has_value());
  const Said said = site_.said(site_.sweep(2));
  EXPECT_TRUE(said.is_complete(2));
  EXPECT_EQ(said.count("the result of study#0 in the store is damaged: "), 1U) << said.log;
  EXPECT_EQ(site_.executions(0), 2U);
  EXPECT_EQ(site_.executions(1), 1U);
  expect_whole();
}

// Its workers say what is wrong; what is damaged is mended by `verify --repair` and the same call.
TEST_P(Damaged, TheArtifactIsNamedAndBroughtAgain) {
  site_.make_program();
  Program left = site_.sweep(2, {"--detach"});
  ASSERT_EQ(left.wait(), 0) << left.log();
  site_.damage(Damage::kFlipped, good(site_.store().campaigns()).front().artifact);
  {
    const Program first = site_.worker("first");
    const std::string digest = good(site_.store().campaigns()).front().artifact.hex();
    EXPECT_TRUE(first.says(fmt::format("artifact blob {}: the compressed data is damaged", digest)));
    EXPECT_EQ(site_.executions(), 0U);
  }
  EXPECT_EQ(site_.ask_store({"verify", "--repair"}, 1).at("damaged").at(0).at("what"), "artifact");
  Program client = site_.sweep(2);
  EXPECT_TRUE(client.says("going on with campaign"));  // the artifact has been brought then
  const Program second = site_.worker("second");
  EXPECT_TRUE(site_.said(std::move(client)).is_complete(2));
  site_.expect_results(2);
}

// What was in it nobody can tell: its file has to go first.
TEST(DamagedHere, ADocumentInAFolder) {
  CampaignSite site;
  site.make_program();
  const Program first = site.worker("first");
  Program left = site.sweep(2, {"--detach"});
  ASSERT_EQ(left.wait(), 0) << left.log();
  ASSERT_TRUE(site.waits_for_results(2));
  fs::path damaged;
  const std::string key = site.results_of(1).at(0).made_by.attempt.key.digest.hex();
  for (const auto& entry : fs::recursive_directory_iterator(site.store_folder() / "documents/results")) {
    if (entry.path().filename() != key) continue;
    std::string text = good(read_file(entry.path()));
    text[text.size() - 10] ^= 1;
    damaged = entry.path();
    EXPECT_TRUE(write_file(entry.path(), text).has_value());
  }
  ASSERT_FALSE(damaged.empty());
  EXPECT_TRUE(site.said(site.sweep(2)).is_complete(2));
  EXPECT_TRUE(fs::exists(site.store_folder() / "damaged/results" / key));
  site.expect_results(2);
  EXPECT_EQ(site.executions(0), 1U);
  EXPECT_EQ(site.executions(1), 2U);
}

TEST(DamagedHere, TheArtifactInTheCacheOfANode) {
  CampaignSite site;
  site.make_program();
  {
    const Program first = site.worker("first");
    ASSERT_TRUE(site.said(site.sweep(1)).is_complete(1));
  }
  std::size_t damaged = 0;
  for (const auto& entry : fs::recursive_directory_iterator(site.folder() / "cache/artifacts")) {
    if (entry.path().filename() != "data.txt") continue;
    std::ofstream(entry.path()) << "date\n";
    ++damaged;
  }
  ASSERT_EQ(damaged, 1U);
  const Program second = site.worker("second");
  ASSERT_TRUE(site.said(site.sweep(3)).is_complete(3, 1));
  EXPECT_EQ(second.count("is damaged: it is fetched again"), 1U) << second.log();
  site.expect_results(3);
}

// Eight workers of a machine fetch once what they need, and none of them waits for another for good.
TEST(Node, FetchesAnArtifactOnceForAllItsWorkers) {
  CampaignSite site;
  site.make_program();
  std::vector<Program> workers;
  for (int i = 0; i < 8; ++i) workers.push_back(site.worker(fmt::format("w{}", i), {"--lease", "10"}));
  const auto jobs = [&](const char* action) {
    Program program = site.client({"jobs", action});
    EXPECT_EQ(program.wait(), 0) << program.log();
  };
  for (std::size_t round = 1; round <= 3; ++round) {
    site.folder().write("project/data.txt", fmt::format("round {}\n", round));
    site.hold();
    jobs("suspend");
    Program left = site.sweep(8, {"--detach"});
    ASSERT_EQ(left.wait(), 0) << left.log();
    const Opened opened(site, {good(site.store().campaigns()).front().artifact});
    jobs("resume");  // all begin at once
    ASSERT_TRUE(wait_until([&] { return site.executions() == round * 8; })) << site.executions();
    site.let_go();
    EXPECT_TRUE(site.said(site.sweep(8)).is_complete(8));
    EXPECT_EQ(opened.count(), 1U);
    site.expect_results(8);
  }
}

// --- late results

class Late : public testing::Test {
 protected:
  // «first» holds run 0 and stands still; «second» completes it and is at run 1.
  void SetUp() override {
    site_.make_program();
    site_.hold(0);
    first_.emplace(site_.worker("first"));
    client_.emplace(site_.sweep(2));
    ASSERT_TRUE(site_.waits_for_start(0));
    first_->send(SIGSTOP);
    second_.emplace(site_.worker("second", {"--slots", "2"}, {{"PASSES", "yes"}}));
    ASSERT_TRUE(site_.waits_for_results(2));
  }
  // The worker that was cut off has nothing left to do.
  bool is_free() {
    return wait_until(
        [&] {
          Program list = site_.client({"worker", "list", "--json"});
          EXPECT_EQ(list.wait(), 0) << list.log();
          const json said = json::parse(list.log(), nullptr, false);
          if (!said.is_object()) return false;  // a line of trouble is there, too: asked again
          for (const json& one : said.value("workers", json::array())) {
            if (one.at("name") == "first") return one.at("running") == 0 && site_.waiting_on_disk() == 0;
          }
          return false;
        },
        seconds(60));
  }
  CampaignSite site_;
  std::optional<Program> first_, second_, client_;
};

TEST_F(Late, EqualResultsChangeNothing) {
  site_.let_go(0);
  first_->send(SIGCONT);
  EXPECT_TRUE(is_free());
  EXPECT_TRUE(site_.said(std::move(*client_)).is_complete(2));
  EXPECT_EQ(site_.executions(0), 2U);
  EXPECT_EQ(site_.documents(kConflicts), 0U);
  EXPECT_EQ(site_.documents(kResults), 2U);
  EXPECT_EQ(site_.results_of(0).at(0).made_by.worker, "second");
}

TEST_F(Late, OtherResultsAreKeptBesideAndShown) {
  client_->send(SIGSTOP);
  site_.folder().write("outside/word", "another word\n");
  site_.let_go(0);
  first_->send(SIGCONT);
  EXPECT_TRUE(first_->says("was complete with other results: these are kept beside them"));
  client_->send(SIGCONT);
  const Said said = site_.said(std::move(*client_));
  EXPECT_TRUE(said.is_complete(2));
  site_.expect_results(2);
  EXPECT_EQ(site_.documents(kConflicts), 1U);
  EXPECT_EQ(site_.results_of(0).at(0).made_by.worker, "second");
  EXPECT_EQ(said.count("1 results differ from those that were accepted for the same runs: simswarm status"), 1U);
  Program status = site_.client({"status"});
  EXPECT_EQ(status.wait(), 0);
  EXPECT_THAT(status.log(), HasSubstr("first on node-of-first gave other results than the ones that were accepted"));
  EXPECT_EQ(site_.ask_store({"show", "study"}).at("items").at(0).at("conflicting").at(0).at("worker"), "first");
}

TEST_F(Late, WorkersEndWhatOthersHaveCompleted) {
  first_->send(SIGCONT);
  EXPECT_TRUE(site_.said(std::move(*client_)).is_complete(2));
  EXPECT_TRUE(is_free());
  EXPECT_EQ(site_.documents(kAttempts), 2U);
  EXPECT_EQ(site_.executions(0), 2U);
}

// --- quota

TEST(Quota, KeepsNewRunsFromBeginningUntilItIsRaised) {
  CampaignSite site;
  site.make_program();
  {
    const Program first = site.worker("first");
    ASSERT_TRUE(site.said(site.sweep(1)).is_complete(1));
  }
  EXPECT_EQ(site.ask_store({"quota", "10"}).at("quota"), 10);
  const Program second = site.worker("second");
  EXPECT_TRUE(second.says("its quota is 10 B: nothing new starts"));
  Program client = site.sweep(3);
  EXPECT_TRUE(client.says("its quota is 10 B: workers begin no new runs"));
  EXPECT_EQ(site.executions(), 1U);
  EXPECT_TRUE(site.ask_store({"quota", "none"}).at("quota").is_null());
  const Said said = site.said(std::move(client));
  EXPECT_TRUE(said.is_complete(3, 1));
  site.expect_results(3);
  EXPECT_EQ(said.count("its quota is"), 1U) << said.log;
  EXPECT_EQ(second.count("its quota is"), 1U) << second.log();
  EXPECT_EQ(second.count("there is room again: going on"), 1U) << second.log();
}

}  // namespace
}  // namespace simswarm::store
