#include "simulator/cmdenv_study.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::cmdenv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

std::vector<RunConfig> study(std::string_view answer) {
  const auto read = read_study(answer, "Study");
  EXPECT_TRUE(read.has_value()) << error_of(read);
  return read.value_or(std::vector<RunConfig>{});
}

std::vector<Variable> variables(std::string_view line) {
  const auto read = study(line);
  return read.empty() ? std::vector<Variable>{} : read.front().run.variables;
}

TEST(Study, ReadsTheRunsInTheProgramsOrder) {
  const auto read = study(
      "Run 0: $numHosts=10, $iaMean=1, $repetition=0\n"
      "Run 1: $numHosts=10, $iaMean=1, $repetition=1\n"
      "Run 41: $numHosts=20, $iaMean=9, $repetition=1\n");
  ASSERT_THAT(read, SizeIs(3));
  const simswarm::Run& last = read[2].run;
  EXPECT_EQ(last.config, "Study");
  EXPECT_EQ(last.number, 41);
  EXPECT_THAT(last.variables, ElementsAre(Variable{"numHosts", "20"}, Variable{"iaMean", "9"}));
  EXPECT_EQ(last.repetition, 1);
  EXPECT_EQ(last.seed_set, "41") << "the run number, where nothing says another";
}

TEST(Study, ReadsRunsWithoutVariables) {
  const auto read = study("Run 0: $repetition=0\nRun 1: $repetition=1\n");
  ASSERT_THAT(read, SizeIs(2));
  EXPECT_THAT(read[1].run.variables, IsEmpty());
  EXPECT_EQ(read[1].run.repetition, 1);
}

TEST(Study, KeepsValuesAsTheyAre) {
  EXPECT_THAT(variables("Run 1: $load=1, $0=\"a b\", $repetition=0"),
              ElementsAre(Variable{"load", "1"}, Variable{"0", "\"a b\""}));
  EXPECT_THAT(variables("Run 1: $a=uniform(0,1), $y=\"q, $r=2\", $repetition=0"),
              ElementsAre(Variable{"a", "uniform(0,1)"}, Variable{"y", "\"q, $r=2\""}));
  EXPECT_THAT(variables("Run 1: $a=a b c, $w=1+1, $repetition=0"),
              ElementsAre(Variable{"a", "a b c"}, Variable{"w", "1+1"}));
  EXPECT_THAT(variables(R"(Run 1: $t="say \"x, $y\"", $repetition=0)"),
              ElementsAre(Variable{"t", R"("say \"x, $y\"")"}));
  EXPECT_THAT(variables("Run 1: $a=, $b=x=y, $repetition=0"), ElementsAre(Variable{"a", ""}, Variable{"b", "x=y"}));
}

TEST(Study, TakesTheRepetitionFromAnyPlace) {
  const auto read = study("Run 5: $repetition=2, $load=1\n");
  EXPECT_EQ(read.at(0).run.repetition, 2);
  EXPECT_THAT(read.at(0).run.variables, ElementsAre(Variable{"load", "1"}));
}

TEST(Study, ReadsTheConfigurationOfEachRun) {
  const auto read = study(
      "Run 0: $load=1, $repetition=0\n"
      "\tnetwork = Net\n"
      "\t**.load = 1\n"
      "\tseed-set = 7\n"
      "\tdescription = \"a = b\"\n"
      "\tnetwork = Older\n"
      "\n"
      "Run 1: $load=2, $repetition=0\n"
      "\t**.load = 2\n");
  ASSERT_THAT(read, SizeIs(2));
  EXPECT_THAT(read[0].entries, ElementsAre(Pair("network", "Net"), Pair("**.load", "1"), Pair("seed-set", "7"),
                                           Pair("description", "\"a = b\""), Pair("network", "Older")));
  EXPECT_EQ(*read[0].entry("network"), "Net") << "the first one wins";
  EXPECT_EQ(read[0].entry("none"), nullptr);
  EXPECT_EQ(read[0].run.seed_set, "7");
  EXPECT_THAT(read[1].entries, ElementsAre(Pair("**.load", "2")));
}

TEST(Study, OfNothingIsEmpty) {
  EXPECT_THAT(study(""), IsEmpty());
  EXPECT_THAT(study("\n"), IsEmpty()) << "what the program says when a filter matches nothing";
}

TEST(Study, ThatCannotBeReadSaysWhere) {
  EXPECT_EQ(error_of(read_study("Hello, world\nRun 0: $repetition=0\n", "X")),
            "cannot read what the program says of its runs: «Hello, world» (expected «Run N: $variable=value, …»)");
  EXPECT_FALSE(read_study("Run x: $a=1\n", "X").has_value());
  EXPECT_FALSE(read_study("Run 1: a=1\n", "X").has_value());
}

TEST(NamesOfFiles, EncodeWhatFileNamesCannotHave) {
  EXPECT_EQ(encoded_for_name("a b_c#d"), "a_b#_c##d");
  EXPECT_EQ(encoded_for_name("c/d"), "c#2fd");
  EXPECT_EQ(encoded_for_name("{1,2}"), "#7b1,2#7d");
  EXPECT_EQ(encoded_for_name("exponential(1s)=+-.'"), "exponential(1s)=+-.#27");
  EXPECT_EQ(encoded_for_name("\t\x7fü"), "#09#7f#c3#bc");
}

TEST(NamesOfFiles, UseNamesOfVariablesWhereTheyHaveOne) {
  const simswarm::Run run{"Study", 0, {{"load", "1"}, {"0", "\"a b\""}}, 0, ""};
  EXPECT_EQ(variables_for_name(run), "load=1,a_b");
  EXPECT_EQ(variables_for_name(run, '/'), "load=1/a_b");
  EXPECT_EQ(variables_for_name({"Study", 0, {}, 0, ""}), "");
}

TEST(NamesOfFiles, DropQuotes) {
  EXPECT_EQ(unquoted("\"a b\""), "a b");
  EXPECT_EQ(unquoted(R"("say \"x\"")"), "say \"x\"");
  EXPECT_EQ(unquoted("a\"b"), "a\"b");
  EXPECT_EQ(unquoted("\""), "\"");
  EXPECT_EQ(unquoted("\"\""), "");
}

std::string scalars(const std::string& config, const std::vector<Variable>& values,
                    const std::vector<std::pair<std::string, std::string>>& entries = {}) {
  return names_of({{config, 0, values, 0, ""}, entries}).scalars;
}

TEST(NamesOfFiles, AreThoseOfTheProgram) {
  EXPECT_EQ(scalars("Study", {{"load", "1"}, {"c", "\"c/d_e#f\""}}), "results/Study-load=1,c=c#2fd#_e##f-#0.sca");
  EXPECT_EQ(scalars("Unnamed", {{"0", "2"}}), "results/Unnamed-2-#0.sca");
  EXPECT_EQ(scalars("Ill", {{"ill", "\"\""}}), "results/Ill-ill=-#0.sca");
  EXPECT_EQ(scalars("NoNet", {}), "results/NoNet-#0.sca");
  EXPECT_EQ(scalars("Unnamed", {{"0", "2"}}, {{"resultdir-subdivision", "true"}}),
            "results/Unnamed/2/Unnamed-2-#0.sca");
  EXPECT_EQ(scalars("A", {}, {{"result-dir", "\"my results\""}}), "my results/A-#0.sca");
  EXPECT_EQ(scalars("A", {}, {{"output-scalar-file", "\"out/10/x-0.2.sca\""}}), "out/10/x-0.2.sca");
}

TEST(NamesOfFiles, ComeForAllKinds) {
  const FileNames names = names_of({{"A", 3, {{"x", "1"}}, 2, ""}, {}});
  EXPECT_EQ(names.vectors, "results/A-x=1-#2.vec");
  EXPECT_EQ(names.index, "results/A-x=1-#2.vci");
  EXPECT_EQ(names.output, "results/A-x=1-#2.out");
  EXPECT_EQ(names.eventlog, "results/A-x=1-#2.elog");
}

TEST(NamesOfFiles, GiveAnIndexTheStemOfItsVectors) {
  const auto index = [](const std::string& vectors) {
    return names_of({{"A", 0, {}, 0, ""}, {{"output-vector-file", vectors}}}).index;
  };
  EXPECT_EQ(index("v/x-0.2.vec"), "v/x-0.2.vci");
  EXPECT_EQ(index("v.d/x"), "v.d/x.vci") << "a dot of a folder is none of the file";
}

TEST(DigestOfEntries, ChangesWithWhatCanChangeAResult) {
  const auto digest = [](std::vector<std::pair<std::string, std::string>> entries) {
    return digest_of_entries({{"A", 0, {}, 0, ""}, std::move(entries)});
  };
  const std::string plain = digest({{"network", "Net"}});
  EXPECT_EQ(digest({{"network", "Net"},
                    {"description", "\"new words\""},
                    {"repeat", "9"},
                    {"result-dir", "elsewhere"},
                    {"constraint", "$a<1"},
                    {"extends", "B"},
                    {"cmdenv-express-mode", "false"}}),
            plain);
  EXPECT_NE(digest({{"network", "Other"}}), plain);
  EXPECT_NE(digest({{"network", "Net"}, {"**.load", "1"}}), plain);
  EXPECT_NE(digest({{"seed-set", "1"}, {"network", "Net"}}), plain);
}

}  // namespace
}  // namespace simswarm::cmdenv
