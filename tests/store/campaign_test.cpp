// Campaigns whose runs workers elsewhere execute, from the first call to the last: what comes back, what is executed,
// and what is not.
#include <gmock/gmock.h>
#include <unistd.h>

#include "base/text.h"
#include "campaign_site.h"

namespace simswarm::store {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kStudy = R"([General]
network = Net
sim-time-limit = 50s

[Study]
**.load = ${load=1,2,3}
repeat = 2
)";

class Campaign : public testing::TestWithParam<Kind> {
 protected:
  Campaign() : site_(GetParam()) {}
  [[nodiscard]] Program runall(const Words& options = {}, const Words& simulation = {}) {
    Words words{"runall", "--json", "--queue", site_.redis().url(), "--store", site_.store_url()};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", "./sim", "-c", "Study"});
    words.insert(words.end(), simulation.begin(), simulation.end());
    return site_.client(words);
  }
  CampaignSite site_;
};

INSTANTIATE_TEST_SUITE_P(On, Campaign, testing::Values(Kind::kDirectory, Kind::kMongodb),
                         [](const auto& one) { return name_of(one.param); });

TEST_P(Campaign, GivesWhatOneMachineGives) {
  site_.make_simulation(kStudy);
  const fs::path local = site_.folder() / "local";
  fs::copy(site_.project(), local, fs::copy_options::recursive);
  const Said here = site_.said(site_.client({"runall", "-C", local, "--json", "-j2", "./sim", "-c", "Study"}));
  ASSERT_TRUE(here.is_complete(6));
  const Program first = site_.worker("first");
  const Program second = site_.worker("second");
  EXPECT_TRUE(site_.said(runall()).is_complete(6));
  expect_equal(local / "results", site_.results());
  EXPECT_EQ(site_.documents(kResults), 6U);

  // What is known is neither asked for nor executed, even with nobody there to do it.
  const std::size_t attempts = site_.documents(kAttempts);
  EXPECT_TRUE(site_.said(runall()).is_complete(6, 6));
  EXPECT_EQ(site_.documents(kAttempts), attempts);

  // Only what has changed runs.
  site_.folder().write("project/omnetpp.ini", replace_all(kStudy, "1,2,3", "1,2,4"));
  EXPECT_TRUE(site_.said(runall()).is_complete(6, 4));
  EXPECT_EQ(site_.documents(kResults), 8U);
  EXPECT_EQ(site_.documents(kAttempts), attempts + 2);
}

TEST_P(Campaign, NeedsNothingOfTheProjectButTheStore) {
  site_.make_program();
  const Said left = site_.said(site_.sweep(4, {"--detach"}));
  EXPECT_EQ(left.code, 0);
  EXPECT_EQ(left.summary.at("state"), "detached") << left.log;
  EXPECT_EQ(left.count("4 runs are in queue run-"), 1U) << left.log;
  const fs::path hidden = site_.folder() / "hidden";
  fs::rename(site_.project(), hidden);
  {
    const Program first = site_.worker("first");
    ASSERT_TRUE(site_.waits_for_results(4));
  }
  fs::rename(hidden, site_.project());
  const Said fetched = site_.said(site_.sweep(4));
  EXPECT_TRUE(fetched.is_complete(4));
  EXPECT_EQ(fetched.count("4 results are in the store by now"), 1U) << fetched.log;
  EXPECT_EQ(fetched.ended.size(), 4U);
  site_.expect_results(4);
  EXPECT_EQ(site_.executions(), 4U);
}

// --- what comes back

class Results : public testing::Test {
 protected:
  // The same on this machine alone: local/results is what it has to be.
  void run_locally(Words words, std::size_t runs) {
    fs::create_directories(local());
    fs::copy(site_.project(), local(), fs::copy_options::recursive);
    words.insert(words.begin() + 1, {"-C", local(), "--json"});
    ASSERT_TRUE(site_.said(site_.client(words)).is_complete(runs));
  }
  void run_through_the_store(Words words, std::size_t runs) {
    words.insert(words.begin() + 1, {"--json", "--queue", site_.redis().url(), "--store", site_.store_url()});
    const Program first = site_.worker("first", {"--slots", "2"});
    ASSERT_TRUE(site_.said(site_.client(words)).is_complete(runs));
  }
  [[nodiscard]] fs::path local() const { return site_.folder() / "here/local"; }
  CampaignSite site_;
};

TEST_F(Results, OfWhichOnlyAPartIsWanted) {
  site_.make_program(100'000);
  const Program first = site_.worker("first");
  ASSERT_EQ(site_.said(site_.sweep(2, {"--detach"})).code, 0);
  ASSERT_TRUE(site_.waits_for_results(2));
  std::vector<Digest> large = site_.own_blobs(0);
  large.push_back(site_.own_blobs(1).at(0));
  const Opened opened(site_, large);
  EXPECT_TRUE(site_.said(site_.sweep(2, {"--collect", "*.txt"})).is_complete(2));
  site_.expect_results(2);
  EXPECT_FALSE(fs::exists(site_.results() / "study/n=0/large.bin"));
  EXPECT_EQ(opened.count(), 0U);
  EXPECT_EQ(site_.ask_store({"get", "study"}).at("files"), 2);
  EXPECT_EQ(fs::file_size(site_.results() / "study/n=1/large.bin"), 100'000U);
  EXPECT_TRUE(wait_until([&] { return opened.count() == 2; }));
}

// Names that are no UTF-8, links, programs, nothing at all.
TEST_F(Results, OfAllKinds) {
  site_.make_program(0, R"sh(cd "$2"
: >empty.txt
echo spaces >'two words.txt'
echo latin >"$(printf 'caf\351.txt')"
ln -s out.txt link
printf '#!/bin/sh\n' >tool.sh
chmod +x tool.sh
[ "$1" != 1 ] || rm *
)sh");
  const Words words{"sweep", "--name", "study", "n=0..2", "--", "./program", "{n}", "{results}"};
  run_locally(words, 3);
  run_through_the_store(words, 3);
  expect_equal(local() / "results", site_.results());
  const fs::path folder = site_.results() / "study/n=0";
  EXPECT_EQ(fs::read_symlink(folder / "link"), "out.txt");
  EXPECT_EQ(::access((folder / "tool.sh").c_str(), X_OK), 0);
  EXPECT_NE(::access((folder / "out.txt").c_str(), X_OK), 0);
  EXPECT_EQ(fs::file_size(folder / "empty.txt"), 0U);
  EXPECT_EQ(site_.folder().read("project/results/study/n=0/caf\351.txt"), "latin\n");
  EXPECT_EQ(site_.folder().read("project/results/study/n=0/two words.txt"), "spaces\n");
  EXPECT_FALSE(fs::exists(site_.results() / "study/n=1/out.txt"));
}

TEST_F(Results, OutsideOfTheWorkingFolder) {
  site_.make_simulation(std::string(kStudy) + "result-dir = ../up\n");
  const Words words{"runall", "./sim", "-c", "Study"};
  run_locally(words, 6);
  run_through_the_store(words, 6);
  expect_equal(site_.folder() / "here/up", site_.folder() / "up");
}

// Short runs share processes, once a trial has shown that they may.
TEST_F(Results, OfManyShortRuns) {
  site_.make_simulation(replace_all(kStudy, "repeat = 2", "repeat = 50"));
  const Words words{"runall", "./sim", "-c", "Study"};
  run_locally(words, 150);
  run_through_the_store(words, 150);
  expect_equal(local() / "results", site_.results());
  std::size_t shared = 0;
  const Status read = site_.store().back_end().each(kResults, {}, [&](const Document& document) -> Status {
    SIMSWARM_TRY(const RunRecord record, run_from(document));
    for (const std::string& word : record.made_by.attempt.command) shared += word.find(',') != std::string::npos;
    return {};
  });
  EXPECT_TRUE(read.has_value());
  EXPECT_GT(shared, 50U);
}

// --- refusals

class Refusal : public testing::Test {
 protected:
  void SetUp() override { site_.make_program(); }
  void expect_refused(const Words& words, int code, const std::string& text) {
    const Said said = site_.said(site_.client(words));
    EXPECT_EQ(said.code, code);
    EXPECT_THAT(said.error, HasSubstr(text));
    EXPECT_TRUE(said.log.ends_with(said.error + "\n")) << said.log;
    EXPECT_EQ(said.log.find("simswarm: "), said.log.rfind("simswarm: ")) << said.log;
  }
  [[nodiscard]] Words sweep(const Words& options, const Words& more = {}) {
    Words words{"sweep", "--name", "study", "--queue", site_.redis().url()};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"n=0..1", "--", "./program", "{n}", "{results}"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  CampaignSite site_;
};

TEST_F(Refusal, OfWhatCannotBeDone) {
  const std::string url = site_.store_url();
  expect_refused(sweep({"--collect", "*.sca"}), 2, "simswarm: --collect=*.sca: results come from a store (--store)");
  expect_refused(sweep({"--detach"}), 2, "simswarm: --detach: without --store the runs are only enqueued anyway");
  expect_refused(sweep({"--store", "mongodb://u:s3cret@127.0.0.1:1/db?serverSelectionTimeoutMS=500"}), 3,
                 "simswarm: mongodb://127.0.0.1:1/db does not answer");
  expect_refused(sweep({"--store", url, "--store-password-file", "nowhere"}), 3,
                 "simswarm: the password file cannot be read: ");
  expect_refused(sweep({"--store", url}, {site_.outside("executions")}), 2,
                 fmt::format("simswarm: {} lies outside of the project {}: ", site_.outside("executions"),
                             site_.project().string()));
  EXPECT_FALSE(fs::exists(site_.results()));
  EXPECT_EQ(site_.executions(), 0U);
}

TEST_F(Refusal, OfRunsThatAppendToOneFile) {
  site_.make_simulation(
      "[General]\nnetwork = Net\noutput-scalar-file = results/all.sca\noutput-scalar-file-append = "
      "true\n[Study]\nrepeat = 2\n");
  expect_refused({"runall", "--shared-files", "serial", "--queue", site_.redis().url(), "--store", site_.store_url(),
                  "--", "./sim", "-c", "Study"},
                 2, "runs that append to one file count only together, and workers cannot share them");
}

TEST_F(Refusal, OfAWorkerWithoutStore) {
  const Program plain = site_.worker("plain", {"--store", "", "--cache", ""});
  Program client = site_.sweep(2);
  EXPECT_TRUE(plain.says("what its runs see lies in a store, and this worker has none (--store)"));
  const Program second = site_.worker("second");
  EXPECT_TRUE(site_.said(std::move(client)).is_complete(2));
  EXPECT_EQ(site_.executions(), 2U);
  EXPECT_EQ(plain.count("this worker has none"), 1U) << plain.log();
}

// Its results might differ: another one, which has the right one, executes the runs.
TEST_F(Refusal, OfAWorkerWithAnotherLibrary) {
  fs::copy_file(ANSWER_PROGRAM, site_.project() / "answer");
  const auto with = [](const char* library) {
    return Environment{{"LD_LIBRARY_PATH", fs::path(library).parent_path()}};
  };
  const Program first = site_.worker("first", {}, with(ANSWER_2));
  Program client = site_.client({"sweep", "--name", "study", "--json", "--queue", site_.redis().url(), "--store",
                                 site_.store_url(), "n=0..1", "--", "./answer", "{results}", "{n}"},
                                with(ANSWER_1));
  EXPECT_TRUE(first.says("libanswer.so is another one here than where the campaign was planned: its results might"));
  const Program second = site_.worker("second", {}, with(ANSWER_1));
  EXPECT_TRUE(site_.said(std::move(client)).is_complete(2));
  EXPECT_EQ(site_.result_of(1), "1\n");
}

}  // namespace
}  // namespace simswarm::store
