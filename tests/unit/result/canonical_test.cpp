#include "result/canonical.h"

#include <gtest/gtest.h>

#include "result_support.h"

namespace simswarm::result {
namespace {

// All that is kept, each line with its end.
std::string kept(FileKind kind, const std::string& content) {
  CanonicalFilter filter(kind);
  std::string text;
  std::size_t begin = 0;
  for (std::size_t end = content.find('\n'); end != std::string::npos;
       begin = end + 1, end = content.find('\n', begin)) {
    if (const auto line = filter.keep(std::string_view(content).substr(begin, end - begin)))
      text += std::string(*line) + "\n";
  }
  return text;
}

TEST(CanonicalForm, OfResultsLeavesOutWhatTellsOfTheMoment) {
  EXPECT_EQ(kept(FileKind::kResults,
                 "version 3\nrun Q-0-20211207-20:10:02-304016\nattr configname Q\nattr datetime 20211207-20:10:02\n"
                 "attr datetimef 20211207-201002\nattr processid 304016\nattr resultdir /tmp/a\nattr runid Q-0-x\n"
                 "attr runnumber 0\nconfig result-dir /tmp/a\nconfig cmdenv-express-mode true\n"
                 "config **.cmdenv-log-level info\nconfig network Net\n\nscalar a b 1\n\n"),
            "version 3\nattr configname Q\nattr runnumber 0\nconfig network Net\n\nscalar a b 1\n\n");
}

TEST(CanonicalForm, KeepsAttributesOfResultsWhateverTheirNames) {
  const std::string items =
      "scalar a b 1\nattr datetime noon\nstatistic a c\nattr processid 3\nvector 0 a d TV\nattr runid x\n";
  EXPECT_EQ(kept(FileKind::kResults, "run R\nattr runid R\n" + items), items);
}

TEST(CanonicalForm, BeginsAnewWithEachRunOfAFile) {
  EXPECT_EQ(kept(FileKind::kResults, "run R\nscalar a b 1\nrun S\nattr datetime now\nscalar a b 2\n"),
            "scalar a b 1\nscalar a b 2\n");
}

TEST(CanonicalForm, KeepsSamplesAsTheyAre) {
  EXPECT_EQ(kept(FileKind::kResults, "vector 0 a b TV\n0\t1.5\t3\n"), "vector 0 a b TV\n0\t1.5\t3\n");
}

TEST(CanonicalForm, OfAnIndexHasNoOffsetsButTheStatisticsOfBlocks) {
  const std::string fingerprint = std::string(64, ' ').replace(0, 20, "file 1234 1638904202");
  EXPECT_EQ(kept(FileKind::kIndex, fingerprint + "\nversion 3\nrun R\nattr datetime now\nvector 0 a b ETV\n"
                                                 "0\t845 57 1 9 0.5 4.5 3 0 2 3 5\n"),
            "version 3\nvector 0 a b ETV\n0\t57 1 9 0.5 4.5 3 0 2 3 5\n");
  EXPECT_EQ(kept(FileKind::kIndex, std::string(64, ' ') + "\nversion 3\n"), "version 3\n");
}

TEST(CanonicalForm, OfOutputHasNoTimesAndSpeeds) {
  EXPECT_EQ(kept(FileKind::kOutput,
                 "OMNeT++ Discrete Event Simulation  (C) 1992-2024 Andras Varga, OpenSim Ltd.\n"
                 "Version: 6.1, build: 241008-f7568267cd, edition: Academic Public License -- NOT FOR COMMERCIAL USE\n"
                 "See the license for distribution terms and warranty disclaimer\n\n"
                 "Running configuration Q, run #0...\nAssigned runID=Q-0-20211207-20:10:02-304016\n"
                 "Setting up network \"Net\"...\nRunning simulation...\n"
                 "** Event #33024   t=1059.17   Elapsed: 0.020103s (0m 00s)  19% completed  (19% total)\n"
                 "     Speed:     ev/sec=1.6e+06   simsec/sec=52700   ev/simsec=31.1\n"
                 "     Messages:  created: 10012   present: 21   in FES: 20\n"
                 "** Event #7  t=0.5  Net.host (Host, id=3)\n"
                 "the model says hello\n"
                 "<!> Simulation time limit reached -- at t=5400s, event #168792\n"),
            "\nRunning configuration Q, run #0...\nSetting up network \"Net\"...\nRunning simulation...\n"
            "** Event #7  t=0.5  Net.host (Host, id=3)\nthe model says hello\n"
            "<!> Simulation time limit reached -- at t=5400s, event #168792\n");
}

TEST(CanonicalDigest, IsEqualForEqualResultsAndDiffersForOthers) {
  TestFolder folder;
  const auto a = folder.write("a.sca", "version 3\nrun A-1\nattr datetime 1\n\nscalar a b 1\n\n");
  const auto b = folder.write("b.sca", "version 3\nrun A-2\nattr datetime 2\n\nscalar a b 1\n\n");
  const auto c = folder.write("c.sca", "version 3\nrun A-2\nattr datetime 2\n\nscalar a b 2\n\n");
  EXPECT_EQ(canonical_digest(a).value(), canonical_digest(b).value());
  EXPECT_NE(canonical_digest(a).value(), canonical_digest(c).value());
}

TEST(CanonicalDigest, OfOtherFilesIsThatOfTheirBytes) {
  TestFolder folder;
  const auto text = folder.write("trace.txt", "run 1\n");
  EXPECT_EQ(canonical_digest(text).value(), digest_of("run 1\n"));
  const std::string database("SQLite format 3\0 run", 20);
  const auto results = folder.write("x.sca", database);
  EXPECT_EQ(kind_of(results), FileKind::kSqlite);
  EXPECT_EQ(canonical_digest(results).value(), digest_of(database));
  EXPECT_FALSE(canonical_digest(folder.path() / "none.sca").has_value());
}

}  // namespace
}  // namespace simswarm::result
