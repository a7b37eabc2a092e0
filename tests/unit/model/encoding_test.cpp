#include "model/encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simswarm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Encoding, OfWordsIsAListInJson) {
  EXPECT_EQ(encode(std::vector<std::string>{"./aloha", "-r", "a \"b\"\\"}), R"(["./aloha","-r","a \"b\"\\"])");
  EXPECT_EQ(encode(std::vector<std::string>{}), "[]");
}

TEST(Encoding, BringsWordsBack) {
  const std::vector<std::string> words{"", "a b", "it's \"quoted\"", "line\nend\t", "$x && y", "größer 中", "\\"};
  EXPECT_EQ(decode_words(encode(words)), words);
}

TEST(Encoding, BringsVariablesBackInTheirOrder) {
  const std::vector<Variable> variables{{"zeta", "1"}, {"alpha", "\"a, b\""}, {"0", ""}};
  EXPECT_EQ(encode(variables), R"([["zeta","1"],["alpha","\"a, b\""],["0",""]])");
  EXPECT_EQ(decode_variables(encode(variables)), variables);
}

TEST(Encoding, ReplacesBytesThatAreNoText) {
  const auto decoded = decode_words(encode(std::vector<std::string>{"a\xff", "b"}));
  EXPECT_THAT(decoded, ElementsAre("a\xef\xbf\xbd", "b"));
}

TEST(Encoding, TakesNothingFromDamagedText) {
  for (const char* text : {"", "[", "{}", "null", "7", "[1,2]", "[[\"a\"]]"}) {
    EXPECT_THAT(decode_words(text), IsEmpty()) << text;
    EXPECT_THAT(decode_variables(text), IsEmpty()) << text;
  }
  EXPECT_THAT(decode_words(R"(["a",1,"b"])"), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace simswarm
