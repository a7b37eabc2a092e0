#include "result/tokens.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

namespace simswarm::result {
namespace {

using ::testing::ElementsAre;

TEST(Words, AreSplitAtBlanksAndTabsButNotInQuotes) {
  std::vector<std::string> words;
  ASSERT_TRUE(split_words("scalar  Net.host \"end to end\"\t3.5", words));
  EXPECT_THAT(words, ElementsAre("scalar", "Net.host", "end to end", "3.5"));
}

TEST(Words, LoseTheirEscapes) {
  std::vector<std::string> words{"left", "over", "from", "before"};
  ASSERT_TRUE(split_words(R"(config **.type "\"App\"\t\\ \x41\n" "")", words));
  EXPECT_THAT(words, ElementsAre("config", "**.type", "\"App\"\t\\ A\n", ""));
}

TEST(Words, WithAnOpenQuoteAreRefused) {
  std::vector<std::string> words;
  EXPECT_FALSE(split_words("attr title \"cut of", words));
  EXPECT_FALSE(split_words("attr title \"ends in a backslash\\", words));
  EXPECT_FALSE(split_words("attr title \"", words));
}

TEST(Numbers, AreWholeWordsAndMayBeNoNumbersOrInfinite) {
  EXPECT_EQ(parse_number("-1.5e3"), -1500);
  EXPECT_EQ(parse_number("+7"), 7);
  EXPECT_TRUE(std::isnan(parse_number("NaN").value()));
  EXPECT_TRUE(std::isnan(parse_number("-nan").value()));
  EXPECT_EQ(parse_number("inf"), INFINITY);
  EXPECT_EQ(parse_number("-inf"), -INFINITY);
  EXPECT_FALSE(parse_number("12x"));
  EXPECT_FALSE(parse_number(""));
  EXPECT_FALSE(parse_number("+-7"));
}

TEST(Quantities, HaveAUnitOfLetters) {
  EXPECT_EQ(parse_quantity("1.5s")->value, 1.5);
  EXPECT_EQ(parse_quantity("1.5s")->unit, "s");
  EXPECT_EQ(parse_quantity("10 Mbps")->unit, "Mbps");
  EXPECT_EQ(parse_quantity("20")->unit, "");
  EXPECT_FALSE(parse_quantity("drop-tail"));
  EXPECT_FALSE(parse_quantity("10.0.0.1"));
  EXPECT_FALSE(parse_quantity("2024-05-01"));
}

TEST(Patterns, StarStopsAtDotsAndTwoStarsDoNot) {
  EXPECT_TRUE(pattern_matches("Net.*.app", "Net.host[0].app"));
  EXPECT_FALSE(pattern_matches("Net.*.app", "Net.lan.host[0].app"));
  EXPECT_TRUE(pattern_matches("**.app", "Net.lan.host[0].app"));
  EXPECT_TRUE(pattern_matches("**", ""));
  EXPECT_TRUE(pattern_matches("Net.host[?]", "Net.host[3]"));
  EXPECT_FALSE(pattern_matches("Net.host[?]", "Net.host[13]"));
  EXPECT_FALSE(pattern_matches("Net", "Network"));
  EXPECT_FALSE(pattern_matches("**a**a**a**a**a**a**a**a**a**a**a**a**b", std::string(200, 'a')))
      << "many stars take no longer";
}

TEST(NaturalOrder, CountsDigitsByValue) {
  std::vector<std::string> names{"run10", "run2", "run", "run1-b", "run1", "run02"};
  std::sort(names.begin(), names.end(), natural_less);
  EXPECT_THAT(names, ElementsAre("run", "run1", "run1-b", "run02", "run2", "run10"));
}

TEST(NaturalOrder, HoldsForNumbersLongerThanAnyInteger) {
  EXPECT_TRUE(natural_less("99999999999999999999999998", "99999999999999999999999999"));
  EXPECT_FALSE(natural_less("a", "a"));
}

}  // namespace
}  // namespace simswarm::result
