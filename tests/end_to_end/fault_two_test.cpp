// Two simswarm at one campaign, and one of them is killed somewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "fault_support.h"

namespace simswarm::e2e {
namespace {

class TwoOfWhichOneIsKilled : public testing::TestWithParam<unsigned> {
 protected:
  static Process::Environment environment(const Campaign& campaign) { return shim(campaign.temporary()); }
};

constexpr int kMostCallsInMain = 160;
constexpr int kMostCallsInOthers = 110;

// «Random» by the number of the round, so that a failure comes again.
KillPoint somewhere(unsigned round) {
  std::mt19937 random(round);
  const bool in_main = std::uniform_int_distribution(0, 1)(random) == 0;
  const int most = in_main ? kMostCallsInMain : kMostCallsInOthers;
  return {in_main, std::uniform_int_distribution(1, most)(random), {}};
}

TEST_P(TwoOfWhichOneIsKilled, EndAsOne) {
  const Campaign undisturbed;
  (void)undisturbed.run();
  for (unsigned round = 0; round < (all_faults() ? 5U : 1U); ++round) {
    const KillPoint point = somewhere(GetParam() * 100 + round);
    SCOPED_TRACE("killed at " + point.text());
    const Campaign campaign;
    const Project& project = campaign.project();
    Process killed(project.runall_words({"-j1"}, {}), project.folder(), with_kill(environment(campaign), point));
    Process other(project.runall_words({"-j1"}, {}), project.folder(), environment(campaign));
    const Report reports[] = {parse_report(killed.wait()), parse_report(other.wait())};
    EXPECT_EQ(reports[1].exit_code, 1) << reports[1].errors;
    EXPECT_EQ(reports[1].complete, 2) << reports[1].out;
    const Report after = campaign.run();
    EXPECT_THAT(after.started(), testing::IsEmpty());
    expect_nothing_lost(campaign, {reports[0], reports[1]}, after, undisturbed);
    if (HasFailure()) return;
  }
}
INSTANTIATE_TEST_SUITE_P(Round, TwoOfWhichOneIsKilled, testing::Range(0U, 4U));

}  // namespace
}  // namespace simswarm::e2e
