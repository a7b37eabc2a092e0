#include "result/result_file.h"

#include <gmock/gmock.h>

#include <cmath>

#include "result_support.h"

namespace simswarm::result {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr std::string_view kHeader =
    "version 3\n"
    "run Aloha-3-20211207-20:10:02-304016\n"
    "attr configname Aloha\n"
    "attr repetition 1\n"
    "itervar iaMean 2\n"
    "itervar numHosts 10\n"
    "config **.iaTime \"exponential(2s)\"\n"
    "\n";

// Keeps all it is given.
struct Keeper : ResultVisitor {
  void run(const RunInfo& item) override { runs.push_back(item); }
  void scalar(const Scalar& item) override { scalars.push_back(item); }
  void statistic(const Statistic& item) override { statistics.push_back(item); }
  void parameter(const Parameter& item) override { parameters.push_back(item); }
  void vector(const VectorDeclaration& item) override { vectors.push_back(item); }
  void sample(const Sample& item) override { samples.push_back(item); }
  std::vector<RunInfo> runs;
  std::vector<Scalar> scalars;
  std::vector<Statistic> statistics;
  std::vector<Parameter> parameters;
  std::vector<VectorDeclaration> vectors;
  std::vector<Sample> samples;
};

class ResultFileTest : public ::testing::Test {
 protected:
  Status read(const std::string& content, bool with_header = true) {
    return read_results(folder_.write("x.sca", (with_header ? std::string(kHeader) : "") + content), keeper_);
  }
  std::string error_of(const std::string& content, bool with_header = true) {
    const Status status = read(content, with_header);
    return status.has_value() ? "no error" : status.error().message;
  }
  TestFolder folder_;
  Keeper keeper_;
};

TEST_F(ResultFileTest, TheHeaderTellsOfTheRun) {
  ASSERT_TRUE(read("\n").has_value());
  ASSERT_EQ(keeper_.runs.size(), 1U);
  const RunInfo& run = keeper_.runs.front();
  EXPECT_EQ(run.id, "Aloha-3-20211207-20:10:02-304016");
  EXPECT_EQ(run.attribute("repetition"), "1");
  EXPECT_EQ(run.attribute("no such"), "");
  EXPECT_THAT(run.variables, ElementsAre(Variable{"iaMean", "2"}, Variable{"numHosts", "10"}));
  EXPECT_THAT(run.config, ElementsAre(Entry{"**.iaTime", "exponential(2s)"}));
}

TEST_F(ResultFileTest, AScalarComesWithItsAttributes) {
  ASSERT_TRUE(read("scalar Net.server \"collided packets\" 0.25\nattr unit pk\nscalar . x NaN\nscalar . y -inf\n\n"));
  ASSERT_EQ(keeper_.scalars.size(), 3U);
  EXPECT_EQ(keeper_.scalars[0].module, "Net.server");
  EXPECT_EQ(keeper_.scalars[0].name, "collided packets");
  EXPECT_EQ(keeper_.scalars[0].value, 0.25);
  EXPECT_THAT(keeper_.scalars[0].attributes, ElementsAre(Entry{"unit", "pk"}));
  EXPECT_TRUE(std::isnan(keeper_.scalars[1].value));
  EXPECT_EQ(keeper_.scalars[2].value, -INFINITY);
}

TEST_F(ResultFileTest, AHistogramComesWhole) {
  ASSERT_TRUE(
      read("statistic Net.sink delay:histogram\nfield count 3\nfield mean 1.5\nattr unit s\n"
           "bin\t-inf\t0\nbin\t0\t2\nbin\t1\t1\n\n"));
  ASSERT_EQ(keeper_.statistics.size(), 1U);
  const Statistic& delay = keeper_.statistics.front();
  ASSERT_EQ(delay.fields.size(), 2U);
  EXPECT_EQ(delay.fields[1].name, "mean");
  EXPECT_EQ(delay.fields[1].value, 1.5);
  ASSERT_EQ(delay.bins.size(), 3U);
  EXPECT_EQ(delay.bins[0].lower, -INFINITY);
  EXPECT_EQ(delay.bins[1].value, 2);
}

TEST_F(ResultFileTest, AParameterKeepsItsText) {
  ASSERT_TRUE(read("par Net.rte[0] typename \"\\\"networks.Net5.C\\\"\"\nattr mutable \"\"\n\n"));
  ASSERT_EQ(keeper_.parameters.size(), 1U);
  EXPECT_EQ(keeper_.parameters[0].value, "\"networks.Net5.C\"");
}

TEST_F(ResultFileTest, VectorsAreReadByTheirColumns) {
  ASSERT_TRUE(
      read("vector 0 Net.q len:vector ETV\nvector 12 Net.q busy TV\n0\t5\t0.5\t3\n12\t0.75\t1\n0\t6\t1\t-2e3\n\n"));
  ASSERT_EQ(keeper_.vectors.size(), 2U);
  EXPECT_EQ(keeper_.vectors[1].id, 12);
  ASSERT_EQ(keeper_.samples.size(), 3U);
  EXPECT_EQ(keeper_.samples[0].event, 5);
  EXPECT_EQ(keeper_.samples[1].event, std::nullopt);
  EXPECT_EQ(keeper_.samples[1].time, 0.75);
  EXPECT_EQ(keeper_.samples[2].value, -2000);
}

TEST_F(ResultFileTest, SeveralRunsInOneFileFollowEachOther) {
  ASSERT_TRUE(read("scalar a b 1\n\nrun Second\nattr configname Other\n\nscalar a b 2\n\n"));
  ASSERT_EQ(keeper_.runs.size(), 2U);
  EXPECT_EQ(keeper_.runs[1].attribute("configname"), "Other");
  EXPECT_TRUE(keeper_.runs[1].variables.empty());
}

TEST_F(ResultFileTest, VersionTwoNeedsNoEmptyLineAtItsEndAndHasItsVariablesAmongTheAttributes) {
  ASSERT_TRUE(
      read("version 2\nrun R\nattr iterationvars \"$load=0.5, $n=3\"\nattr load 0.5\nattr n 3\nscalar a b 1\n", false));
  EXPECT_THAT(keeper_.runs.at(0).variables, ElementsAre(Variable{"load", "0.5"}, Variable{"n", "3"}));
  EXPECT_EQ(keeper_.scalars.size(), 1U);
}

TEST_F(ResultFileTest, LineEndsOfWindowsAreTaken) {
  ASSERT_TRUE(read("version 3\r\nrun R\r\n\r\nscalar a b 1\r\n\r\n", false));
  EXPECT_EQ(keeper_.scalars.at(0).name, "b");
}

TEST_F(ResultFileTest, AFileThatIsCutOffIsAnErrorWithItsLine) {
  EXPECT_THAT(error_of("scalar Net.server x 12"), EndsWith("x.sca:9: the file is cut off inside this line"));
  EXPECT_THAT(error_of("scalar Net.server x 12\n"),
              EndsWith("x.sca:9: the file is cut off after this line: the closing empty line is missing"));
  EXPECT_THAT(error_of("", false), EndsWith("x.sca: is empty: the run that wrote it did not end"));
}

TEST_F(ResultFileTest, NoBeginningOfAFileIsTakenForTheWhole) {
  const std::string whole =
      std::string(kHeader) + "scalar a b 1\nattr unit s\nstatistic a c\nfield count 2\nbin\t0\t1\n\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read(whole.substr(0, size), false).has_value()) << size << " of " << whole.size();
  }
  EXPECT_TRUE(read(whole, false).has_value());
}

TEST_F(ResultFileTest, AMalformedLineIsAnErrorThatSaysWhatWasExpected) {
  EXPECT_THAT(error_of("scalar Net.server 12\n\n"),
              EndsWith("x.sca:9: malformed line, «scalar MODULE NAME VALUE» expected"));
  EXPECT_THAT(error_of("scalar Net.server x twelve\n\n"), EndsWith("x.sca:9: «twelve» is no number"));
  EXPECT_THAT(error_of("scalar Net.server \"x 12\n\n"), EndsWith("x.sca:9: a quote is not closed"));
  EXPECT_THAT(error_of("skalar Net.server x 12\n\n"), EndsWith("x.sca:9: unknown kind of line «skalar»"));
  EXPECT_THAT(error_of("field mean 12\n\n"), EndsWith("x.sca:9: «field» without a statistic line above it"));
  EXPECT_THAT(error_of("scalar a b 1\n", false), EndsWith("x.sca:1: «scalar» before the first run line"));
  EXPECT_THAT(error_of("version 4\n", false), EndsWith("x.sca:1: unknown version 4 (2 and 3 are known)"));
}

TEST_F(ResultFileTest, AMalformedLineOfDataIsAnErrorToo) {
  const std::string declared = "vector 0 Net.q len ETV\n";
  EXPECT_THAT(error_of(declared + "0\t1\t2\n\n"), EndsWith(":10: a line of data with fewer than the columns ETV"));
  EXPECT_THAT(error_of(declared + "0\t1\t2\t3\t4\n\n"), EndsWith(":10: a line of data with more than the columns ETV"));
  EXPECT_THAT(error_of(declared + "0\t1.5\t2\t3\n\n"), EndsWith(":10: «1.5» is no event number"));
  EXPECT_THAT(error_of(declared + "7\t1\t2\t3\n\n"), EndsWith(":10: data of vector 7, which is not declared"));
  EXPECT_THAT(error_of(declared + "0.5\t1\t2\n\n"), EndsWith(":10: malformed line of data"));
  EXPECT_THAT(error_of("vector 0 Net.q len XYZ\n\n"), EndsWith(":9: unknown columns «XYZ» (of E, T, V)"));
}

TEST_F(ResultFileTest, AnSqliteFileIsCalledByItsName) {
  EXPECT_THAT(error_of(std::string("SQLite format 3\0\x10\n\n", 19), false), HasSubstr("is an SQLite result file"));
  EXPECT_TRUE(is_sqlite(folder_.path() / "x.sca"));
  EXPECT_FALSE(is_sqlite(folder_.write("y.sca", kHeader)));
  EXPECT_FALSE(is_sqlite(folder_.path() / "none"));
}

}  // namespace
}  // namespace simswarm::result
