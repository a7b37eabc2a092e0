// Campaigns whose runs workers elsewhere execute, from the first call to the last: what comes back, what is executed,
// and what is not.
#include <gmock/gmock.h>

#include "base/text.h"
#include "campaign_site.h"

namespace simswarm::store {
namespace {

using nlohmann::json;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

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
  EXPECT_EQ(fetched.count("4 results are in the store already"), 1U) << fetched.log;
  EXPECT_EQ(fetched.ended.size(), 4U);
  site_.expect_results(4);
  EXPECT_EQ(site_.executions(), 4U);
}

}  // namespace
}  // namespace simswarm::store
