#include "result/diff.h"

#include <gmock/gmock.h>

#include "result_support.h"

namespace simswarm::result {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string scalars(const std::string& moment, const std::string& value) {
  return "version 3\nrun Q-0-" + moment + "\nattr datetime " + moment + "\nattr repetition 0\n\nscalar Net.sink lost " +
         value + "\nattr unit pk\n\n";
}

class DiffTest : public ::testing::Test {
 protected:
  void both(const std::string& name, const std::string& a, const std::string& b) {
    a_.write(name, a);
    b_.write(name, b);
  }
  std::string first() {
    const auto difference = first_difference(a_.path(), b_.path());
    if (!difference.has_value()) return "error: " + difference.error().message;
    return difference->has_value() ? (*difference)->text : "same";
  }
  TestFolder a_;
  TestFolder b_;
};

TEST_F(DiffTest, TwoRunsOfTheSameAreTheSame) {
  both("q.sca", scalars("20211207", "1"), scalars("20240101-longer", "1"));
  both("trace.txt", "x\n", "x\n");
  EXPECT_EQ(first(), "same");
  const auto comparison = compare_folders(a_.path(), b_.path());
  EXPECT_TRUE(comparison->same());
  EXPECT_EQ(comparison->equal, 2U);
}

TEST_F(DiffTest, ADifferentScalarIsNamedWithItsLineAndBothValues) {
  both("deep/q.sca", scalars("1", "17"), scalars("2", "18"));
  const auto difference = first_difference(a_.path(), b_.path()).value().value();
  EXPECT_EQ(difference.path, "deep/q.sca");
  EXPECT_EQ(difference.line_a, 6U);
  EXPECT_EQ(difference.entry, "scalar Net.sink lost");
  EXPECT_EQ(difference.a, "scalar Net.sink lost 17");
  EXPECT_EQ(
      difference.text,
      "deep/q.sca: line 6 (scalar Net.sink lost): A has «scalar Net.sink lost 17», B has «scalar Net.sink lost 18»");
}

TEST_F(DiffTest, AnAttributeBelongsToItsItem) {
  both("q.sca", "version 3\nscalar a b 1\nattr unit s\n\n", "version 3\nscalar a b 1\nattr unit ms\n\n");
  EXPECT_EQ(first(), "q.sca: line 3 (scalar a b): A has «attr unit s», B has «attr unit ms»");
}

TEST_F(DiffTest, LinesAreCountedInEachFileForItself) {
  both("q.sca", "run R\nattr processid 1\nattr n 1\n\n", "run R\nattr n 2\n\n");
  EXPECT_EQ(first(), "q.sca: line 3 of A, 2 of B: A has «attr n 1», B has «attr n 2»");
}

TEST_F(DiffTest, ASampleIsNamedByItsVector) {
  both("q.vec", "vector 3 a b TV\n3\t1\t2\n\n", "vector 3 a b TV\n3\t1\t2.5\n\n");
  EXPECT_EQ(first(), "q.vec: line 2 (vector 3): A has «3\\t1\\t2», B has «3\\t1\\t2.5»");
}

TEST_F(DiffTest, IndexesOfFilesWithHeadersOfDifferentLengthsAreTheSame) {
  both("q.vci", "file 900 1638904202\nversion 3\nvector 0 a b TV\n0\t845 57 0.5 4.5 3 0 2 3 5\n",
       "file 912 1700000000\nversion 3\nvector 0 a b TV\n0\t857 57 0.5 4.5 3 0 2 3 5\n");
  EXPECT_EQ(first(), "same");
  both("q.vci", "version 3\nvector 0 a b TV\n0\t845 57 0.5 4.5 3 0 2 3 5\n",
       "version 3\nvector 0 a b TV\n0\t845 57 0.5 4.5 4 0 2 3 5\n");
  EXPECT_THAT(first(), HasSubstr("q.vci: line 3 (vector 0)"));
}

TEST_F(DiffTest, AFileThatEndsEarlierSaysSo) {
  both("q.sca", "run R\nscalar a b 1\n", "run R\nscalar a b 1\nscalar a c 2\n");
  EXPECT_EQ(first(), "q.sca: A ends, B goes on in line 3 (scalar a c): «scalar a c 2»");
}

TEST_F(DiffTest, AMissingLineEndCounts) {
  both("q.sca", "run R\nscalar a b 1\n", "run R\nscalar a b 1");
  EXPECT_THAT(first(), HasSubstr("B has «scalar a b 1 (and no line end)»"));
  EXPECT_NE(canonical_digest(a_.path() / "q.sca").value(), canonical_digest(b_.path() / "q.sca").value());
}

TEST_F(DiffTest, OutputOfFasterMachinesIsTheSame) {
  both("q.out", "Running simulation...\n** Event #1   t=1   Elapsed: 1s (0m 01s)\ndone\n",
       "Running simulation...\ndone\n");
  EXPECT_EQ(first(), "same");
}

TEST_F(DiffTest, OtherFilesCountByteByByte) {
  both("t.csv", "a,b\n1,2\n3,4\n", "a,b\n1,2\n3,5\n");
  EXPECT_EQ(first(), "t.csv: byte 10, line 3: A has «3,4», B has «3,5»");
  both("t.csv", "a\n", "a\nb\n");
  EXPECT_EQ(first(), "t.csv: byte 2, line 2: A ends here");
}

TEST_F(DiffTest, ADifferenceFarIntoALargeFileIsFound) {
  std::string content;
  for (int i = 0; i < 100'000; ++i) content += "line " + std::to_string(i) + "\n";
  std::string changed = content;
  changed[changed.size() - 2] = 'X';
  both("big.txt", content, changed);
  EXPECT_THAT(first(), HasSubstr("line 100000: A has «line 99999», B has «line 9999X»"));
  both("big.txt", content, content);
  EXPECT_EQ(first(), "same");
}

TEST_F(DiffTest, LongLinesAreShownWhereTheyDiffer) {
  const std::string common(1000, 'x');
  both("q.sca", "par a b " + common + "1\n", "par a b " + common + "2\n");
  const auto difference = first_difference(a_.path(), b_.path()).value().value();
  EXPECT_EQ(difference.a, "…xxxxxxxxxxxxxxxxxxxx1");
  EXPECT_EQ(difference.b, "…xxxxxxxxxxxxxxxxxxxx2");
}

TEST_F(DiffTest, BytesThatAreNoTextAreMadePrintable) {
  both("x.bin", std::string("a\0\x1b[31m", 7), std::string("b\0\x1b[31m", 7));
  EXPECT_EQ(first(), "x.bin: byte 0, line 1: A has «a\\x00\\x1B[31m», B has «b\\x00\\x1B[31m»");
}

TEST_F(DiffTest, SqliteResultsAreComparedAsBytesAndItSaysSo) {
  both("q.sca", "SQLite format 3 1", "SQLite format 3 2");
  EXPECT_THAT(first(), HasSubstr("(SQLite results are compared byte by byte, date and process id too)"));
}

TEST_F(DiffTest, FilesOfOneSideAreListed) {
  both("same.txt", "1", "1");
  both("run-10.txt", "1", "2");
  both("run-9.txt", "1", "2");
  a_.write("only-a", "");
  b_.write("deep/only-b", "");
  const auto comparison = compare_folders(a_.path(), b_.path()).value();
  EXPECT_THAT(comparison.only_in_a, ElementsAre("only-a"));
  EXPECT_THAT(comparison.only_in_b, ElementsAre("deep/only-b"));
  ASSERT_EQ(comparison.differing.size(), 2U);
  EXPECT_EQ(comparison.differing[0].path, "run-9.txt");
  EXPECT_EQ(comparison.equal, 1U);
  EXPECT_FALSE(comparison.same());
  EXPECT_EQ(first(), "deep/only-b: only in B");
}

TEST_F(DiffTest, LinksThatLeadNowhereCountByTheirTargets) {
  fs::create_symlink("there", a_.path() / "link");
  fs::create_symlink("there", b_.path() / "link");
  EXPECT_EQ(first(), "same");
  fs::remove(b_.path() / "link");
  b_.write("link", "content");
  EXPECT_EQ(first(), "link: A has a link to there, B has a file");
}

TEST_F(DiffTest, AFolderThatIsNotThereIsAnError) {
  const auto comparison = compare_folders(a_.path() / "none", b_.path());
  ASSERT_FALSE(comparison.has_value());
  EXPECT_THAT(comparison.error().message, HasSubstr("none: No such file or directory"));
}

TEST_F(DiffTest, TwoFilesMayBeGivenInsteadOfFolders) {
  const auto a = a_.write("a.sca", scalars("1", "3"));
  const auto b = b_.write("b.sca", scalars("2", "3"));
  EXPECT_TRUE(same_file(a, b).value());
  EXPECT_FALSE(first_difference(a, b).value().has_value());
  EXPECT_FALSE(same_file(a, b_.write("c.sca", scalars("2", "4"))).value());
  EXPECT_FALSE(same_file(a, b_.path() / "none.sca").has_value());
}

}  // namespace
}  // namespace simswarm::result
