#include "simulator/cmdenv_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::cmdenv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Words words(const std::vector<std::string>& all) {
  const auto read = read_words(all);
  EXPECT_TRUE(read.has_value()) << error_of(read);
  return read.value_or(Words{});
}

TEST(Words, AloneAreAProgramWithDefaults) {
  const Words read = words({"./aloha"});
  EXPECT_EQ(read.program, "./aloha");
  EXPECT_EQ(read.config, "General");
  EXPECT_EQ(read.filter, "");
  EXPECT_THAT(read.ini_files, ElementsAre("omnetpp.ini"));
  EXPECT_THAT(read.ned_path, IsEmpty());
  EXPECT_THAT(read.for_key, IsEmpty());
}

TEST(Words, TakeShortOptionsWithTheirValueInOneWordOrTwo) {
  for (const auto& all :
       {std::vector<std::string>{"./a", "-c", "Pure", "-r", "3,5..7", "-f", "a.ini", "-n", ".:../inet"},
        std::vector<std::string>{"./a", "-cPure", "-r3,5..7", "-fa.ini", "-n.:../inet"}}) {
    const Words read = words(all);
    EXPECT_EQ(read.config, "Pure");
    EXPECT_EQ(read.filter, "3,5..7");
    EXPECT_THAT(read.ini_files, ElementsAre("a.ini"));
    EXPECT_THAT(read.ned_path, ElementsAre(".", "../inet"));
  }
}

TEST(Words, TakeTheLastOfWhatIsGivenTwice) {
  const Words read = words({"./a", "-c", "A", "-c", "B", "-r", "1", "-r", "2", "--repeat=1", "--repeat=2"});
  EXPECT_EQ(read.config, "B");
  EXPECT_EQ(read.filter, "2");
  EXPECT_EQ(*read.option("repeat"), "2");
}

TEST(Words, KeepAllConfigurationsEachOnce) {
  EXPECT_THAT(words({"./a", "-c", "A", "-cB", "-c", "A"}).configs, ElementsAre("A", "B"));
  EXPECT_THAT(words({"./a"}).configs, IsEmpty());
}

std::vector<std::string> words_for_one(const std::vector<std::string>& all, const std::string& config) {
  const auto read = words_for(words(all), config);
  EXPECT_TRUE(read.has_value()) << error_of(read);
  EXPECT_EQ(read.value_or(Words{}).config, config);
  return read ? read->all : std::vector<std::string>{};
}

TEST(Words, ForOneOfSeveralConfigurationsAreThoseThatNameItAlone) {
  EXPECT_THAT(words_for_one({"./a", "-s", "-c", "A", "x.ini", "-cB", "--repeat", "2"}, "B"),
              ElementsAre("./a", "-s", "-c", "B", "x.ini", "--repeat", "2"));
  EXPECT_THAT(words_for_one({"./a", "x.ini"}, "B"), ElementsAre("./a", "-c", "B", "x.ini"));
}

TEST(Words, ForOneConfigurationLeaveValuesThatLookLikeOne) {
  EXPECT_THAT(words_for_one({"./a", "-c", "-c", "-n", "-cx", "--label", "-c", "-c", "B"}, "B"),
              ElementsAre("./a", "-c", "B", "-n", "-cx", "--label", "-c"));
}

TEST(Words, ForOneConfigurationHaveTheSameKeyAsThoseThatNameItAlone) {
  const auto several = words_for(words({"./a", "-c", "A", "-c", "B", "--x.y=1"}), "B");
  ASSERT_TRUE(several.has_value());
  EXPECT_EQ(several->for_key, words({"./a", "-c", "B", "--x.y=1"}).for_key);
}

TEST(Words, TakeBareWordsAsIniFilesInTheirOrder) {
  EXPECT_THAT(words({"./a", "a.ini", "-f", "b.ini", "-s", "c.ini"}).ini_files, ElementsAre("a.ini", "b.ini", "c.ini"));
}

TEST(Words, SplitTheNedPathAtBothSeparators) {
  EXPECT_THAT(words({"./a", "-n", "a;b:c::", "-n", "d"}).ned_path, ElementsAre("a", "b", "c", "d"));
}

TEST(Words, TakeLongOptionsWithAndWithoutEquals) {
  const Words read = words({"./a", "--sim-time-limit=10s", "--**.load", "uniform(0,1)", "--x=a=b"});
  EXPECT_THAT(read.options,
              ElementsAre(Pair("sim-time-limit", "10s"), Pair("**.load", "uniform(0,1)"), Pair("x", "a=b")));
  EXPECT_EQ(*read.option("sim-time-limit"), "10s");
  EXPECT_EQ(read.option("none"), nullptr);
}

TEST(Words, CountForTheKeyWhereTheyCanChangeAResult) {
  EXPECT_THAT(words({"./a", "-s", "-m", "-u", "Cmdenv", "-c", "A", "-r", "1", "--cmdenv-express-mode=false",
                     "--result-dir=x", "--repeat=5"})
                  .for_key,
              IsEmpty());
  EXPECT_THAT(words({"./a", "-n", ".", "-l", "model", "-f", "a.ini", "b.ini", "--seed-set=3"}).for_key,
              ElementsAre("-n.", "-lmodel", "-fa.ini", "b.ini", "--seed-set=3"));
}

TEST(Words, RefuseOtherUserInterfaces) {
  EXPECT_EQ(error_of(read_words({"./a", "-u", "Qtenv"})),
            "-u Qtenv: simulations run in batches have no other user interface than Cmdenv; leave -u out");
  EXPECT_TRUE(read_words({"./a", "-uCmdenv"}).has_value());
}

TEST(Words, RefuseQuestions) {
  for (const std::string question : {"-q", "-a", "-h", "-e", "-hconfig"}) {
    EXPECT_EQ(error_of(read_words({"./a", question, "x"})),
              "the simulation's option " + question + " asks a question and runs nothing; call ./a itself for that");
  }
}

TEST(Words, RefuseAnOptionWhoseValueIsMissing) {
  EXPECT_EQ(error_of(read_words({"./a", "-c"})), "the simulation's option -c needs a value");
  EXPECT_EQ(error_of(read_words({"./a", "--repeat"})), "the simulation's option --repeat needs a value");
  EXPECT_EQ(error_of(read_words({})),
            "no simulation command; for example: simswarm runall -j8 ./aloha -c PureAlohaExperiment");
}

TEST(BatchWords, AreThoseOfOppRunall) {
  EXPECT_THAT(batch_words(words({"./aloha", "-c", "PureAlohaExperiment"}), {0, 1, 2}),
              ElementsAre("./aloha", "-c", "PureAlohaExperiment", "-s", "-u", "Cmdenv", "--cmdenv-redirect-output=true",
                          "-r", "0,1,2"));
}

TEST(BatchWords, AddOnlyWhatIsMissing) {
  EXPECT_THAT(batch_words(words({"./a", "-u", "Cmdenv", "-s", "--cmdenv-redirect-output=false"}), {7}),
              ElementsAre("./a", "-u", "Cmdenv", "-s", "--cmdenv-redirect-output=false", "-r", "7"));
  EXPECT_THAT(batch_words(words({"./a", "-uCmdenv"}), {7}),
              ElementsAre("./a", "-uCmdenv", "-s", "-u", "Cmdenv", "--cmdenv-redirect-output=true", "-r", "7"));
}

TEST(BatchWords, ReplaceTheFilterAndNothingElse) {
  EXPECT_THAT(
      batch_words(words({"./a", "-r", "$x<2", "--repeat=3", "-r3", "b.ini"}), {0}),
      ElementsAre("./a", "--repeat=3", "b.ini", "-s", "-u", "Cmdenv", "--cmdenv-redirect-output=true", "-r", "0"));
  EXPECT_THAT(batch_words(words({"./a", "-r", "0", "-r", "1"}), {5}),
              ElementsAre("./a", "-s", "-u", "Cmdenv", "--cmdenv-redirect-output=true", "-r", "5"))
      << "no value of a filter is left behind as an ini file";
}

TEST(QuestionWords, KeepTheFilterOnlyWhereItIsWanted) {
  const Words all = words({"./a", "-c", "A", "-r", "1..3"});
  EXPECT_THAT(question_words(all, {"-q", "numruns"}, true),
              ElementsAre("./a", "-c", "A", "-r", "1..3", "-s", "-q", "numruns"));
  EXPECT_THAT(question_words(all, {"-a"}, false), ElementsAre("./a", "-c", "A", "-s", "-a"));
}

}  // namespace
}  // namespace simswarm::cmdenv
