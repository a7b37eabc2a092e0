#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simswarm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kNothing = std::nullopt;

TEST(Trim, TakesBlanksOfAllKindsFromBothEnds) {
  EXPECT_EQ(trim(" \t\r\n a b \f\v"), "a b");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Split, GivesOnePartMoreThanThereAreSeparators) {
  EXPECT_THAT(split("a,b,,c", ','), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(split(",", ','), ElementsAre("", ""));
  EXPECT_THAT(split("", ','), ElementsAre(""));
}

TEST(Lines, ComeWithoutTheirEnds) {
  EXPECT_THAT(lines("one\ntwo\r\n\nlast"), ElementsAre("one", "two", "", "last"));
  EXPECT_THAT(lines("one\n"), ElementsAre("one")) << "an end at the end begins no further line";
  EXPECT_THAT(lines("\n"), ElementsAre(""));
  EXPECT_THAT(lines(""), IsEmpty());
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(join({"a", "a", ""}, ", "), "a, a, ");
  EXPECT_EQ(join({}, ", "), "");
}

TEST(ReplaceAll, DoesNotLookAtWhatItPutIn) {
  EXPECT_EQ(replace_all("aXbX", "X", "XX"), "aXXbXX");
  EXPECT_EQ(replace_all("none", "X", "Y"), "none");
}

TEST(Numbers, AreTakenWholeOrNotAtAll) {
  EXPECT_EQ(parse_int("42"), 42);
  EXPECT_EQ(parse_int("-7"), -7);
  EXPECT_EQ(parse_int("+7"), 7);
  EXPECT_EQ(parse_double("1e-3"), 0.001);
  EXPECT_EQ(parse_double("+2.5"), 2.5);
  for (const char* text : {"", "+", "4 2", "42x", " 42", "+-42", "0x10", "99999999999999999999"}) {
    EXPECT_EQ(parse_int(text), kNothing) << text;
  }
  for (const char* text : {"", ".", "1.5.2", "1,5", "+-1", "1s", "nan", "-inf", "1e999"}) {
    EXPECT_EQ(parse_double(text), kNothing) << text;
  }
}

TEST(Durations, AreSecondsUnlessTheySayOtherwise) {
  EXPECT_EQ(parse_duration("90"), 90);
  EXPECT_EQ(parse_duration("90s"), 90);
  EXPECT_EQ(parse_duration("250ms"), 0.25);
  EXPECT_EQ(parse_duration("15m"), 900);
  EXPECT_EQ(parse_duration("15 min"), 900);
  EXPECT_EQ(parse_duration("2h"), 7200);
  EXPECT_EQ(parse_duration("1.5d"), 129600);
  for (const char* text : {"", "s", "-5", "5 weeks", "5M", "1h30m", "inf", "nan", "99999999999d"}) {
    EXPECT_EQ(parse_duration(text), kNothing) << text;
  }
}

TEST(Bytes, CountInPowersOf1024) {
  EXPECT_EQ(parse_bytes("1000000"), 1'000'000U);
  EXPECT_EQ(parse_bytes("512M"), 512U << 20U);
  EXPECT_EQ(parse_bytes("4GiB"), 4ULL << 30U);
  EXPECT_EQ(parse_bytes("4 GB"), 4ULL << 30U);
  EXPECT_EQ(parse_bytes("2g"), 2ULL << 30U);
  EXPECT_EQ(parse_bytes("1.5k"), 1536U);
  EXPECT_EQ(parse_bytes("1T"), 1ULL << 40U);
  EXPECT_EQ(parse_bytes("12B"), 12U);
  for (const char* text : {"", "M", "-1", "1X", "1 MM", "1e30", "99999999999T"}) {
    EXPECT_EQ(parse_bytes(text), kNothing) << text;
  }
}

TEST(HumanDuration, GrowsCoarserAsItGrowsLonger) {
  EXPECT_EQ(human_duration(0), "0 ms");
  EXPECT_EQ(human_duration(0.85), "850 ms");
  EXPECT_EQ(human_duration(12.3), "12.3 s");
  EXPECT_EQ(human_duration(245), "4 min 05 s");
  EXPECT_EQ(human_duration(3 * 3600 + 12 * 60), "3 h 12 min");
  EXPECT_EQ(human_duration(2 * 86400 + 4 * 3600), "2 d 4 h");
  EXPECT_EQ(human_duration(-1), "0 ms") << "clocks that disagree make no negative times";
  EXPECT_EQ(human_duration(1e300), human_duration(1e15)) << "what no clock can count";
}

TEST(HumanDuration, NeverRoundsUpToAUnitThatIsFull) {
  EXPECT_EQ(human_duration(0.9996), "1.0 s");
  EXPECT_EQ(human_duration(59.96), "1 min 00 s");
  EXPECT_EQ(human_duration(3599.6), "1 h 00 min");
  EXPECT_EQ(human_duration(86399.6), "1 d 0 h");
}

TEST(HumanBytes, UsesTheUnitThatFits) {
  EXPECT_EQ(human_bytes(812), "812 B");
  EXPECT_EQ(human_bytes(1024), "1.0 KiB");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(human_bytes(2470000000), "2.3 GiB");
  EXPECT_EQ(human_bytes(5000ULL << 40U), "5000.0 TiB");
}

TEST(NearMisses, AreWhatTheUserMayHaveMeant) {
  const std::vector<std::string> configs{"General", "PureAloha", "PureAlohaExperiment", "SlottedAloha1"};
  EXPECT_THAT(near_misses("PureAlhoa", configs), ElementsAre("PureAloha"));
  EXPECT_THAT(near_misses("generl", configs), ElementsAre("General")) << "case counts for little";
  EXPECT_THAT(near_misses("Experiment", configs), ElementsAre("PureAlohaExperiment")) << "a part of a name";
  EXPECT_THAT(near_misses("Xyzzy", configs), IsEmpty());
}

TEST(NearMisses, ComeNearestFirstAndFew) {
  const std::vector<std::string> names{"abcx", "abc", "abcxy", "abcdx"};
  EXPECT_THAT(near_misses("abcd", names, 2), ElementsAre("abcx", "abc"));
}

TEST(ShellQuoting, LeavesPlainWordsAlone) {
  EXPECT_EQ(shell_quoted("--result-dir=results/a,b:c@d%e^f"), "--result-dir=results/a,b:c@d%e^f");
}

TEST(ShellQuoting, ProtectsAllThatAShellWouldTouch) {
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("a b"), "'a b'");
  EXPECT_EQ(shell_quoted("$load<2"), "'$load<2'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quoted("**.x"), "'**.x'");
  EXPECT_EQ(shell_line({"./aloha", "-r", "$a && $b", "#1"}), "./aloha -r '$a && $b' '#1'");
}

TEST(Glob, StarsStayWithinAFolder) {
  EXPECT_TRUE(glob_match("*.ned", "Net.ned"));
  EXPECT_FALSE(glob_match("*.ned", "src/Net.ned"));
  EXPECT_TRUE(glob_match("src/*/x?.csv", "src/a/x1.csv"));
  EXPECT_FALSE(glob_match("src?x", "src/x"));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_FALSE(glob_match("a", ""));
  EXPECT_FALSE(glob_match("a", "ab"));
}

TEST(Glob, TwoStarsGoThroughFoldersAndNone) {
  EXPECT_TRUE(glob_match("data/**", "data/a/b.csv"));
  EXPECT_TRUE(glob_match("**/b.csv", "b.csv"));
  EXPECT_TRUE(glob_match("**/b.csv", "a/c/b.csv"));
  EXPECT_FALSE(glob_match("**/b.csv", "ab.csv"));
  EXPECT_TRUE(glob_match("**.ned", "src/a/Net.ned"));
}

TEST(Glob, WithManyStarsTakesNoLonger) {
  const std::string path(200, 'a');
  EXPECT_FALSE(glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", path));
  EXPECT_TRUE(glob_match("**a**a**a**a**a**a**a**a**a**a**a", path));
  EXPECT_FALSE(glob_match("**/", "/x")) << "«**/» is nothing only where it begins";
}

TEST(Glob, SetsMatchOneCharacter) {
  EXPECT_TRUE(glob_match("run[0-9].csv", "run7.csv"));
  EXPECT_FALSE(glob_match("run[0-9].csv", "runx.csv"));
  EXPECT_TRUE(glob_match("[!a]b", "cb"));
  EXPECT_FALSE(glob_match("[!a]b", "ab"));
  EXPECT_TRUE(glob_match("[]a]", "]")) << "first in the set, a bracket is itself";
  EXPECT_FALSE(glob_match("a[!b]c", "a/c")) << "no set matches a slash";
  EXPECT_TRUE(glob_match("a[b", "a[b")) << "an open set is a character";
}

TEST(JsonDepth, CountsBracketsOutsideOfStrings) {
  EXPECT_EQ(json_depth(""), 0U);
  EXPECT_EQ(json_depth("7"), 0U);
  EXPECT_EQ(json_depth(R"([{"a":[1]},[]])"), 3U);
  EXPECT_EQ(json_depth(R"(["[[[[", "\"[{", "\\", [1]])"), 2U);
  EXPECT_EQ(json_depth("]]]["), 1U);
  EXPECT_EQ(json_depth(std::string(100'000, '[')), 100'000U);
}

}  // namespace
}  // namespace simswarm
