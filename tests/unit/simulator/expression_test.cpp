#include "simulator/expression.h"

#include <gtest/gtest.h>

#include <map>

namespace simswarm {
namespace {

using Values = std::map<std::string, std::string>;

Result<bool> evaluate(std::string_view text, const Values& values) {
  SIMSWARM_TRY(const Expression expression, Expression::parse(text));
  std::vector<std::string_view> arguments;
  for (const auto& name : expression.names()) arguments.push_back(values.at(name.name));
  return expression.holds(arguments);
}

bool holds(std::string_view text, const Values& values = {}) {
  const auto result = evaluate(text, values);
  EXPECT_TRUE(result.has_value()) << text << ": " << result.error().message;
  return result.value_or(false);
}

std::string error_of(std::string_view text, const Values& values = {}) {
  const auto result = evaluate(text, values);
  return result.has_value() ? "no error" : result.error().message;
}

TEST(Expression, ComparesAVariableWithANumber) {
  EXPECT_TRUE(holds("nodes < 20", {{"nodes", "9"}}));
  EXPECT_FALSE(holds("nodes < 20", {{"nodes", "20"}}));
  EXPECT_TRUE(holds("nodes >= 20", {{"nodes", "20.0"}}));
  EXPECT_TRUE(holds("x == -0.5", {{"x", "-.5"}}));
}

TEST(Expression, TakesVariablesBareAndInTheWaysOfOmnetpp) {
  const Values values{{"numHosts", "10"}, {"iaMean", "2"}};
  EXPECT_TRUE(holds("$numHosts>5 && ${iaMean} == 2 && numHosts != 11", values));
}

TEST(Expression, NamesItsVariablesOnceAndSaysWhereTheyStand) {
  const auto expression = Expression::parse("a < 1 && $b > a");
  ASSERT_TRUE(expression.has_value());
  ASSERT_EQ(expression->names().size(), 2U);
  EXPECT_EQ(expression->names()[0].name, "a");
  EXPECT_EQ(expression->names()[1].name, "b");
  EXPECT_EQ(expression->names()[1].column, 10U);
}

TEST(Expression, BindsAsOneLearnsAtSchool) {
  EXPECT_TRUE(holds("1 + 2 * 3 == 7"));
  EXPECT_TRUE(holds("(1 + 2) * 3 == 9"));
  EXPECT_TRUE(holds("10 - 3 - 2 == 5"));
  EXPECT_TRUE(holds("7 % 4 == 3 && 1 / 4 == 0.25"));
  EXPECT_TRUE(holds("-2 * -3 == +6"));
  EXPECT_TRUE(holds("false && false || true"));
  EXPECT_FALSE(holds("!true || !(1 < 2)"));
}

TEST(Expression, ComparesTextsAsTexts) {
  const Values values{{"mode", "fast"}};
  EXPECT_TRUE(holds("mode == \"fast\"", values));
  EXPECT_TRUE(holds("mode != 'slow' && mode < \"slow\"", values));
  EXPECT_TRUE(holds("text == 'it\\'s'", {{"text", "it's"}}));
}

TEST(Expression, ComparesNumbersInQuotesAsNumbersWhenBothSidesAreNumbers) {
  EXPECT_TRUE(holds("seed == \"010\"", {{"seed", "10"}}));
  EXPECT_TRUE(holds("seed < \"9\"", {{"seed", "10"}}) == false);
  EXPECT_TRUE(holds("seed < \"9x-\"", {{"seed", "10"}})) << "one side is a text, so both are";
}

TEST(Expression, ComparesQuantitiesOfOneUnit) {
  EXPECT_TRUE(holds("$iaMean < 10s", {{"iaMean", "2s"}}));
  EXPECT_TRUE(holds("$iaMean == 2.0s", {{"iaMean", "2s"}}));
  EXPECT_EQ(error_of("$iaMean < 10s", {{"iaMean", "500ms"}}), "column 9: «500ms» and «10s» are not of one unit");
}

TEST(Expression, KnowsTrueAndFalseOfVariables) {
  EXPECT_TRUE(holds("rts && !ack", {{"rts", "true"}, {"ack", "false"}}));
  EXPECT_TRUE(holds("rts == true", {{"rts", "true"}}));
}

TEST(Expression, DoesNotLookAtTheRightSideWhenTheLeftDecides) {
  EXPECT_FALSE(holds("n != 0 && 10 / n > 1", {{"n", "0"}}));
  EXPECT_TRUE(holds("n == 0 || 10 / n > 1", {{"n", "0"}}));
}

TEST(Expression, SaysWhereItCannotBeRead) {
  EXPECT_EQ(error_of("nodes <"), "column 8: a value was expected, but the text ends");
  EXPECT_EQ(error_of(""), "column 1: a value was expected, but the text ends");
  EXPECT_EQ(error_of("1 2"), "column 3: an operator was expected, not «2»");
  EXPECT_EQ(error_of("(1 < 2"), "column 1: this parenthesis is not closed");
  EXPECT_EQ(error_of("'a < 2"), "column 1: this quote is not closed");
  EXPECT_EQ(error_of("1 < * 2"), "column 5: a value was expected, not «*»");
  EXPECT_EQ(error_of("$ < 2"), "column 1: a variable's name was expected after «$»");
  EXPECT_EQ(error_of("1.2.3 < 2"), "column 4: an operator was expected, not «.3»");
}

TEST(Expression, OffersTheSignThatWasProbablyMeant) {
  EXPECT_EQ(error_of("1 = 1"), "column 3: «=» compares nothing; did you mean «==»?");
  EXPECT_EQ(error_of("1 & 1"), "column 3: «&» is not known here; did you mean «&&»?");
  EXPECT_EQ(error_of("1 =~ 1"), "column 3: «=~» is not known here; compare with == or !=");
  EXPECT_EQ(error_of("1 < 2 < 3"), "column 7: comparisons do not chain; write «a < b && b < c»");
}

TEST(Expression, SaysWhatCannotBeComputed) {
  EXPECT_EQ(error_of("mode * 2 > 1", {{"mode", "fast"}}), "column 1: «fast» is a text where a number is needed");
  EXPECT_EQ(error_of("1 < 2 && mode", {{"mode", "fast"}}), "column 10: «fast» is a text where a number is needed");
  EXPECT_EQ(error_of("1 / n == 1", {{"n", "0"}}), "column 3: division by zero");
  EXPECT_EQ(error_of("1 % n == 1", {{"n", "0"}}), "column 3: division by zero");
}

TEST(Expression, RefusesWhatWouldExhaustTheStack) {
  EXPECT_EQ(error_of(std::string(5000, '(')), "column 201: too many parentheses or signs within each other");
  std::string chain = "1";
  for (int i = 0; i < 1000; ++i) chain += "+1";
  EXPECT_EQ(error_of(chain), "column 1: more than 1000 values and operators");
  EXPECT_EQ(error_of(std::string(10'001, ' ')), "column 1: more than 10000 bytes");
}

}  // namespace
}  // namespace simswarm
