#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/command.h"

namespace simswarm {
namespace {

using testing::ElementsAre;

std::vector<std::string> values(std::string_view text) {
  const auto parsed = parse_values(text);
  EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
  return parsed.value_or(std::vector<std::string>{});
}

std::string error_of(std::string_view text) {
  const auto parsed = parse_values(text);
  return parsed.has_value() ? "no error" : parsed.error().message;
}

TEST(Values, AreAListAtCommas) {
  EXPECT_THAT(values("10,20, 40"), ElementsAre("10", "20", "40"));
  EXPECT_THAT(values("tcp"), ElementsAre("tcp"));
}

TEST(Values, AreARangeBetweenTwoNumbers) {
  EXPECT_THAT(values("1..5"), ElementsAre("1", "2", "3", "4", "5"));
  EXPECT_THAT(values("-1..1"), ElementsAre("-1", "0", "1"));
  EXPECT_THAT(values("1..10 step 4"), ElementsAre("1", "5", "9"));
  EXPECT_THAT(values("3..1 step -1"), ElementsAre("3", "2", "1"));
  EXPECT_THAT(values("7..7"), ElementsAre("7"));
}

TEST(Values, OfADecimalRangeAreExact) {
  EXPECT_THAT(values("0..1 step 0.25"), ElementsAre("0", "0.25", "0.5", "0.75", "1"));
  EXPECT_THAT(values("-0.1..0.1 step 0.1"), ElementsAre("-0.1", "0", "0.1"));
  EXPECT_EQ(values("0..1 step 0.1").at(3), "0.3");
}

TEST(Values, MixListsAndRanges) {
  EXPECT_THAT(values("1..3,10,x"), ElementsAre("1", "2", "3", "10", "x"));
}

TEST(Values, InQuotesAreTakenAsTheyAre) {
  EXPECT_THAT(values("\"a,b\",\"1..3\",\"\""), ElementsAre("a,b", "1..3", ""));
}

TEST(Values, WithDotsThatAreNoNumbersAreWords) {
  EXPECT_THAT(values("../traces/a.txt,10.0.0.1"), ElementsAre("../traces/a.txt", "10.0.0.1"));
}

TEST(Values, ThatMakeNoSenseAreRefusedWithTheirText) {
  EXPECT_EQ(error_of("10,,20"), "«10,,20»: a value is empty; write \"\" for an empty text");
  EXPECT_EQ(error_of("1..x"), "«1..x»: «x» does not end a range; write it like «1..30» or «0..1 step 0.25»");
  EXPECT_EQ(error_of("1..3 step x"), "«1..3 step x»: «x» is no step; write it like «0..1 step 0.25»");
  EXPECT_EQ(error_of("1..3 step 0"), "«1..3 step 0»: the step is 0");
  EXPECT_EQ(error_of("30..1"), "«30..1» is empty: step 1 does not lead from 30 to 1");
  EXPECT_EQ(error_of("\"a"), "«\"a»: the quotes of «\"a» do not close at its end");
  EXPECT_EQ(error_of("1..99999999999"), "«1..99999999999» has 99999999999 values; at most 10000000 are taken");
  EXPECT_EQ(error_of("0..999999999999999 step 0.00001"),
            "«0..999999999999999 step 0.00001»: numbers in a range have at most 15 digits");
}

TEST(ParameterText, IsANameAndItsValues) {
  const auto parameter = parse_parameter("nodes=10,20");
  ASSERT_TRUE(parameter.has_value());
  EXPECT_EQ(parameter->name, "nodes");
  EXPECT_THAT(parameter->values, ElementsAre("10", "20"));
}

TEST(ParameterText, ThatIsNoneIsRefused) {
  EXPECT_EQ(parse_parameter("nodes").error().message,
            "«nodes» is no parameter; write NAME=VALUES, like nodes=10,20,40 or seed=1..30");
  EXPECT_EQ(parse_parameter("nodes=3..1").error().message,
            "parameter «nodes»: «3..1» is empty: step 1 does not lead from 3 to 1");
}

}  // namespace
}  // namespace simswarm
