#include "cli/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "cli/app.h"

namespace simswarm::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Words = std::vector<std::string>;

class WordsTest : public testing::Test {
 protected:
  Result<SplitWords> split(const Words& words) {
    return split_words(*app_, words, "/here", [&](const fs::path& folder, const std::string& word) {
      asked_ = folder;
      return word == "./aloha" || word == "opp_run";
    });
  }

  SplitWords good(const Words& words) {
    const auto split_words = split(words);
    EXPECT_TRUE(split_words.has_value()) << split_words.error().message;
    return split_words.value_or(SplitWords{});
  }

  std::string refusal(const Words& words) {
    const auto split_words = split(words);
    return split_words ? "no error" : split_words.error().message;
  }

  // The whole way, to the values that the commands read.
  RunallArguments runall(const Words& words) {
    const SplitWords both = good(words);
    app_->parse(std::vector<std::string>(both.own.rbegin(), both.own.rend()));
    arguments_.runall.campaign.words = both.command;
    return arguments_.runall;
  }

  Arguments arguments_;
  std::unique_ptr<CLI::App> app_ = make_app(arguments_);
  fs::path asked_;
};

TEST_F(WordsTest, TheFirstWordThatIsNoOptionStartsTheCommand) {
  const SplitWords words = good({"runall", "-j8", "./aloha", "-c", "X", "-j3", "--", "--jobs=2"});
  EXPECT_THAT(words.own, ElementsAre("runall", "--jobs=8"));
  EXPECT_THAT(words.command, ElementsAre("./aloha", "-c", "X", "-j3", "--", "--jobs=2"));
}

TEST_F(WordsTest, TwoDashesEndTheOptionsOfRunall) {
  EXPECT_THAT(good({"runall", "-j", "2", "--", "-odd", "-c", "X"}).command, ElementsAre("-odd", "-c", "X"));
  EXPECT_THAT(good({"runall", "--", "--", "x"}).command, ElementsAre("--", "x"));
}

TEST_F(WordsTest, ASweepKeepsTheTwoDashes) {
  EXPECT_THAT(good({"sweep", "--name", "wifi", "n=1,2", "--", "./x", "--n={n}"}).command,
              ElementsAre("n=1,2", "--", "./x", "--n={n}"));
  EXPECT_THAT(good({"sweep", "--", "A=1", "x"}).command, ElementsAre("--", "A=1", "x"));
}

TEST_F(WordsTest, LettersAndValuesInAllForms) {
  EXPECT_THAT(good({"runall", "-Vj8", "-b=3", "-C", "dir", "--memory=1G", "--timeout", "5m", "x"}).own,
              ElementsAre("runall", "--verbose", "--jobs=8", "--batchsize=3", "--directory=dir", "--memory=1G",
                          "--timeout=5m"));
}

TEST_F(WordsTest, ABeginningThatNoOtherOptionHasIsEnough) {
  EXPECT_THAT(good({"runall", "--dry", "--job", "3", "x"}).own, ElementsAre("runall", "--dry-run", "--jobs=3"));
  EXPECT_THAT(refusal({"runall", "--re", "x"}), HasSubstr("has no option --re"));
}

TEST_F(WordsTest, OptionsThatComeSeveralTimesTakeOneValueEach) {
  const RunallArguments all = runall({"runall", "--inputs", "data/**", "--environment", "A", "--inputs=[ab,c]*",
                                      "--environment=B", "./aloha", "-c", "X"});
  EXPECT_THAT(all.campaign.inputs, ElementsAre("data/**", "[ab,c]*"));
  EXPECT_THAT(all.campaign.environment, ElementsAre("A", "B"));
  EXPECT_THAT(all.campaign.words, ElementsAre("./aloha", "-c", "X"));
}

TEST_F(WordsTest, TheLastOfAnOptionForOneValueCounts) {
  EXPECT_EQ(runall({"runall", "-j4", "--jobs", "7", "x"}).campaign.jobs, 7);
}

TEST_F(WordsTest, AValueMayLookLikeAnOptionThatIsNotOurs) {
  const SplitWords words = good({"sweep", "--constraint", "-n < 3", "n=1", "--", "x"});
  EXPECT_THAT(words.own, ElementsAre("sweep", "--constraint=-n < 3"));
}

TEST_F(WordsTest, ExportTakesAFileThatIsNoProgram) {
  EXPECT_EQ(runall({"runall", "-e", "jobs.mk", "./aloha", "-c", "X"}).export_file, "jobs.mk");
  EXPECT_EQ(runall({"runall", "-ejobs.mk", "./aloha"}).export_file, "jobs.mk");
  EXPECT_EQ(runall({"runall", "--export=./aloha", "./aloha"}).export_file, "./aloha");
}

TEST_F(WordsTest, ExportWithoutAFile) {
  for (const Words& words :
       {Words{"runall", "-e", "./aloha", "-c", "X"}, Words{"runall", "-e", "--", "./aloha", "-c", "X"},
        Words{"runall", "-e", "-j8", "./aloha", "-c", "X"}}) {
    const RunallArguments arguments = runall(words);
    EXPECT_EQ(arguments.export_file, "Runfile");
    EXPECT_THAT(arguments.campaign.words, ElementsAre("./aloha", "-c", "X"));
  }
  EXPECT_THAT(runall({"runall", "-e", "opp_run", "-l", "m"}).campaign.words, ElementsAre("opp_run", "-l", "m"));
}

TEST_F(WordsTest, NothingIsExportedUnasked) {
  EXPECT_EQ(runall({"runall", "./aloha", "-e", "x"}).export_file, "");
}

TEST_F(WordsTest, AProgramIsLookedForInTheFolderOfC) {
  (void)good({"-C", "a", "runall", "-C", "../b", "-e", "./aloha"});
  EXPECT_EQ(asked_, "/here/b");
}

TEST_F(WordsTest, AnUnknownCommandIsNamed) {
  EXPECT_EQ(refusal({"runal", "./aloha"}), "there is no command «runal»; did you mean runall?");
  EXPECT_THAT(refusal({"qqqqqq"}), HasSubstr("; there are runall, sweep, status"));
  EXPECT_EQ(refusal({"./aloha", "-c", "X"}),
            "there is no command «./aloha»; to run the program: simswarm runall ./aloha …");
}

TEST_F(WordsTest, AnUnknownOptionIsNamed) {
  EXPECT_THAT(refusal({"runall", "--jobz", "3", "x"}), HasSubstr("runall has no option --jobz: did you mean --jobs?"));
  EXPECT_THAT(refusal({"runall", "-c", "X"}), HasSubstr("runall has no option -c"));
  EXPECT_THAT(refusal({"-j8", "runall", "x"}),
              HasSubstr("simswarm has no option -j (options of a command stand behind it)"));
}

TEST_F(WordsTest, AMissingOrNeedlessValueIsAnError) {
  EXPECT_EQ(refusal({"runall", "-j"}), "--jobs needs a value: N");
  EXPECT_EQ(refusal({"runall", "--jobs", "--json", "x"}), "--jobs needs a value: N");
  EXPECT_EQ(refusal({"runall", "--jobs", "--", "x"}), "--jobs needs a value: N");
  EXPECT_EQ(refusal({"runall", "--name=", "x"}), "--name needs a value: NAME");
  EXPECT_EQ(refusal({"runall", "--json=3", "x"}), "--json takes no value (it was given «3»)");
}

TEST_F(WordsTest, OtherCommandsAreLeftToTheirOwnRules) {
  const SplitWords words = good({"-C", "x", "status", "--all", "-x", "#3"});
  EXPECT_THAT(words.own, ElementsAre("--directory=x", "status", "--all", "-x", "#3"));
  EXPECT_THAT(words.command, IsEmpty());
  EXPECT_THAT(good({}).own, IsEmpty());
}

}  // namespace
}  // namespace simswarm::cli
