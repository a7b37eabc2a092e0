#include "model/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm {
namespace {

using testing::HasSubstr;

TEST(KeyMaker, GivesTheKeysOfAllPartsTogether) {
  const KeyPart program{"program", "abc"};
  const KeyPart ini{"ini", "x"};
  const KeyPart seed{"seed", "7"};
  const KeyMaker maker({program, ini});
  EXPECT_EQ(maker.key_of({seed}), key_of({program, ini, seed}));
  EXPECT_EQ(maker.key_of({}), key_of({program, ini})) << "what it made before does not count";
  EXPECT_NE(maker.key_of({seed}), key_of({seed, program, ini}));
}

const Run kRun{"Aloha", 7, {{"numHosts", "10"}, {"iaMean", "exponential(2s)"}}, 3, "7"};

RunKey key(const std::string& text) {
  return {digest_of(text)};
}

bool selects(const std::string& selector, const simswarm::Run& run = kRun) {
  const auto parsed = RunSelector::parse(selector);
  EXPECT_TRUE(parsed.has_value()) << error_of(parsed);
  return parsed.has_value() && parsed->matches(run, key("a"));
}

TEST(RunNames, AreShortOrStay) {
  EXPECT_EQ(short_name(kRun), "Aloha#7");
  EXPECT_EQ(long_name(kRun), "Aloha:numHosts=10,iaMean=exponential(2s),#3");
  EXPECT_EQ(long_name({"General", 0, {}, 1, ""}), "General:#1");
}

TEST(RunSelectors, NameByNumber) {
  EXPECT_TRUE(selects("Aloha#7"));
  EXPECT_TRUE(selects("#7"));
  EXPECT_FALSE(selects("Aloha#8"));
  EXPECT_FALSE(selects("General#7"));
  EXPECT_FALSE(selects("#3")) << "alone it is a number, no repetition";
}

TEST(RunSelectors, NameByVariablesInAnyOrder) {
  EXPECT_TRUE(selects("Aloha:numHosts=10"));
  EXPECT_TRUE(selects("Aloha:iaMean=exponential(2s), numHosts=10, #3"));
  EXPECT_TRUE(selects("Aloha:$numHosts=10"));
  EXPECT_TRUE(selects(":#3")) << "of any configuration";
  EXPECT_TRUE(selects("Aloha:"));
  EXPECT_FALSE(selects("Aloha:numHosts=10,#4"));
  EXPECT_FALSE(selects("Aloha:numHosts=1"));
  EXPECT_FALSE(selects("Aloha:hosts=10"));
}

TEST(RunSelectors, TakeEveryLongNameThatWePrint) {
  for (const std::string value : {"uniform(0,1)", "\"q,r\"", "a b", "x,#y", "1,b=2", "", "a:b", "#1", "a=b"}) {
    const simswarm::Run run{"Study", 1, {{"a", value}, {"0", "z"}}, 2, "1"};
    const auto parsed = RunSelector::parse(long_name(run));
    if (!parsed) {
      ADD_FAILURE() << long_name(run) << ": " << parsed.error().message;
      continue;
    }
    EXPECT_TRUE(parsed->matches(run, key("a"))) << long_name(run);
  }
}

TEST(RunSelectors, KeepCommasThatBelongToAValue) {
  const simswarm::Run run{"Study", 1, {{"a", "uniform(0,1)"}, {"b", "2"}}, 0, "1"};
  EXPECT_TRUE(selects("Study:a=uniform(0,1)", run));
  EXPECT_TRUE(selects("Study:a=uniform(0,1),b=2", run));
  EXPECT_FALSE(selects("Study:a=uniform(0,2)", run));
}

TEST(RunSelectors, NameByTheFirstDigitsOfAKey) {
  const RunKey of_run = key("abc");  // ba7816bf…
  EXPECT_TRUE(RunSelector::parse("ba7816").value().matches(kRun, of_run));
  EXPECT_TRUE(RunSelector::parse(of_run.digest.hex()).value().matches(kRun, of_run));
  EXPECT_FALSE(RunSelector::parse("ba7817").value().matches(kRun, of_run));
}

TEST(RunSelectors, RefuseWhatNamesNothing) {
  EXPECT_EQ(error_of(RunSelector::parse("Aloha")),
            "«Aloha» names no run; a run is Config#N, Config:variable=value,#repetition, or the first 6 or more digits "
            "of its key");
  for (const std::string text :
       {"", "ba781", "Aloha#", "Aloha#x", "Aloha:#x", "Aloha:x", "BA7816", "ba78 6", "xyzxyz"}) {
    EXPECT_THAT(error_of(RunSelector::parse(text)), HasSubstr("«" + text + "» names no run"));
  }
}

TEST(RunKeys, ChangeWithEveryPart) {
  const std::vector<KeyPart> parts{{"program", "x"}, {"ned", "y"}};
  EXPECT_EQ(key_of(parts), key_of(parts));
  EXPECT_NE(key_of(parts), key_of({{"program", "x"}, {"ned", "z"}}));
  EXPECT_NE(key_of(parts), key_of({{"program", "x"}, {"data", "y"}})) << "the name counts";
  EXPECT_NE(key_of(parts), key_of({{"program", "x"}}));
  EXPECT_NE(key_of(parts), key_of({{"ned", "y"}, {"program", "x"}})) << "and so does the order";
  EXPECT_NE(key_of({{"a", "bc"}}), key_of({{"ab", "c"}}));
}

}  // namespace
}  // namespace simswarm
