#include "simulator/cmdenv_said.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::cmdenv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Said said(const std::vector<std::string>& lines) {
  Said all;
  for (const std::string& line : lines) all.note(line);
  return all;
}

TEST(WhatARunSaid, KeepsItsFirstErrorAndItsLastStop) {
  const Said all =
      said({"<!> Error: first -- at t=1s, event #1", "<!> Error: second -- at t=2s, event #2",
            "<!> own stop -- at t=3s, event #3", "<!> Simulation time limit reached -- at t=4s, event #4"});
  EXPECT_EQ(all.error->text, "first");
  EXPECT_EQ(all.termination->text, "Simulation time limit reached");
}

TEST(WhatARunSaid, KeepsALimitWhateverComesAfterIt) {
  const Said limited = said({"<!> CPU time limit reached -- at t=1s, event #1", "<!> own stop -- at t=1s, event #1"});
  EXPECT_TRUE(is_limit(*limited.termination));
  const Said ended =
      said({"<!> SIGINT or SIGTERM received, exiting -- at t=1s, event #1", "<!> x -- at t=1s, event #1"});
  EXPECT_TRUE(is_interrupt(*ended.termination));
}

TEST(WhatARunSaid, TellsErrorsWithoutAPlaceFromOthers) {
  const Said all = said({"<!> Error: Network 'Foo' not found", "<!> watch out"});
  EXPECT_FALSE(all.error.has_value());
  EXPECT_EQ(all.placeless_error->text, "Network 'Foo' not found");
  EXPECT_FALSE(all.termination.has_value());
}

TEST(WhatARunSaid, LooksPastPointersToOtherFiles) {
  const Said all = said({"<!> Error -- see results/a.out for details"});
  EXPECT_FALSE(all.error.has_value());
  EXPECT_FALSE(all.placeless_error.has_value());
}

TEST(WhatARunSaid, KnowsSpecialWords) {
  EXPECT_TRUE(said({"TRAPPING on the exception above, due to …"}).trapped);
  EXPECT_TRUE(said({"write: No space left on device"}).disk_full);
  EXPECT_TRUE(said({"<!> Error: Cannot write output vector file 'x' -- at t=1s, event #1"}).disk_full);
  EXPECT_FALSE(said({"the disk full of data"}).disk_full);
  EXPECT_TRUE(said({"<!> Fingerprint mismatch! calculated: 1, expected: 2"}).fingerprint_mismatch);
}

class EachLine : public testing::Test {
 protected:
  std::vector<std::string> lines(const std::string& content) {
    std::vector<std::string> all;
    each_line(folder_.write("file", content), [&](std::string_view line) { all.emplace_back(line); });
    return all;
  }
  TestFolder folder_;
};

TEST_F(EachLine, IsToldWithoutItsEnd) {
  EXPECT_THAT(lines("one\r\n\nthree"), ElementsAre("one", "", "three"));
  EXPECT_THAT(lines("one\n"), ElementsAre("one"));
  EXPECT_THAT(lines(""), IsEmpty());
}

TEST_F(EachLine, IsToldWholeAcrossBlocks) {
  std::string content;
  std::vector<std::string> expected;
  for (int i = 0; i < 30'000; ++i) {
    expected.push_back("line " + std::to_string(i));
    content += expected.back() + "\n";
  }
  EXPECT_EQ(lines(content), expected);
}

TEST_F(EachLine, IsCutWhereItIsLonger) {
  const auto all = lines(fmt::format("{}\nshort\n", std::string(300'000, 'x')));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], std::string(64 * 1024, 'x'));
  EXPECT_EQ(all[1], "short");
}

TEST_F(EachLine, IsNoneOfAFileThatIsNotThere) {
  each_line(folder_ / "none", [](std::string_view) { ADD_FAILURE(); });
}

}  // namespace
}  // namespace simswarm::cmdenv
