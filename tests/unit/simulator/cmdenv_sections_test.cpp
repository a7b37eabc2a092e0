#include "simulator/cmdenv_sections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::cmdenv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Sections : public testing::Test {
 protected:
  std::vector<Section> read(std::string_view text) {
    folder_.write("omnetpp.ini", text);
    return sections_in({folder_ / "omnetpp.ini"});
  }
  static std::vector<std::string> names(const std::vector<Section>& sections) {
    std::vector<std::string> found;
    for (const Section& section : sections) found.push_back(section.name);
    return found;
  }

  TestFolder folder_;
};

TEST_F(Sections, AreNamedWithAndWithoutTheWordConfig) {
  EXPECT_THAT(names(read("[General]\n[A]\n[Config B]  # of [old]\n[Config  C-1]\n")),
              ElementsAre("General", "A", "B", "C-1"));
}

TEST_F(Sections, EntriesBeforeTheFirstHeadingAreGeneral) {
  EXPECT_THAT(names(read("# a comment\n\nnetwork = Net\n[A]\n")), ElementsAre("General", "A"));
  EXPECT_THAT(names(read("# a comment\n\n[A]\n")), ElementsAre("A"));
}

TEST_F(Sections, ComeOnceInTheOrderOfTheirFirstAppearanceWithIncludedOnes) {
  folder_.write("more/more.ini", "x = 1\n[Inc]\ninclude deeper.ini\n");
  folder_.write("more/deeper.ini", "[Deep]\n");
  folder_.write("second.ini", "[A]\n[Z]\n");
  folder_.write("omnetpp.ini", "[General]\ninclude more/more.ini\nnetwork = Net\n[A]\n");
  const auto sections = sections_in({folder_ / "omnetpp.ini", folder_ / "second.ini"});
  EXPECT_THAT(names(sections), ElementsAre("General", "Inc", "Deep", "A", "Z"));
  EXPECT_TRUE(sections.front().names_network) << "behind the include";
}

TEST_F(Sections, HeadingsInContinuedLinesAreNone) {
  EXPECT_THAT(names(read("[A]\n**.x = \"a \\\n[B]\"\n**.y = {\n  [C]\n")), ElementsAre("A"));
}

TEST_F(Sections, FilesThatIncludeThemselvesOrAreNotThereEnd) {
  EXPECT_THAT(names(read("[A]\ninclude omnetpp.ini\ninclude nowhere.ini\n[B]\n")), ElementsAre("A", "B"));
  EXPECT_THAT(sections_in({folder_ / "nowhere.ini"}), IsEmpty());
}

TEST_F(Sections, SayWhetherTheyAreAbstract) {
  const auto sections = read(
      "[A]\nabstract = true # base\n[B]\nabstract = false\n[C]\n#abstract-config = true (requires omnet 7)\n"
      "[D]\n# abstract = truely\n[E]\n*.abstract = true\n");
  std::vector<std::string> found;
  for (const Section& section : sections) {
    if (section.is_abstract) found.push_back(section.name);
  }
  EXPECT_THAT(found, ElementsAre("A", "C"));
}

TEST_F(Sections, SayWhetherTheyAreMarkedAsEmulations) {
  const auto sections = read("[A]\n#emulation = true\n[B]\n# no emulation = true\n");
  ASSERT_EQ(sections.size(), 2U);
  EXPECT_TRUE(sections[0].is_emulation);
  EXPECT_FALSE(sections[1].is_emulation);
}

TEST_F(Sections, SayWhetherTheirFirstNetworkIsEmpty) {
  const auto sections = read("[A]\nnetwork =\nnetwork = Net\n[B]\nnetwork = \"\"\n[C]\nnetwork = Net\n[D]\n");
  ASSERT_EQ(sections.size(), 4U);
  EXPECT_TRUE(sections[0].names_network && sections[0].network_is_empty);
  EXPECT_TRUE(sections[1].names_network && sections[1].network_is_empty);
  EXPECT_TRUE(sections[2].names_network && !sections[2].network_is_empty);
  EXPECT_FALSE(sections[3].names_network);
}

}  // namespace
}  // namespace simswarm::cmdenv
