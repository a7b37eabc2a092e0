#include "result/observation.h"

#include <gmock/gmock.h>

#include "result_support.h"

namespace simswarm::result {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kScalars =
    "version 3\nrun R-1\nattr configname Q\nitervar load 0.5\n\n"
    "scalar Net.q[0] served 7\nattr unit pk\nscalar Net.q[1] served 9\nscalar Net.sink lost 1\n"
    "statistic Net.sink delay\nfield count 2\nfield mean 0.25\nattr unit s\n\n";

constexpr std::string_view kVectors =
    "version 3\nrun R-1\n\nvector 0 Net.q[0] len TV\nvector 1 Net.q[1] len "
    "TV\n0\t1\t4\n1\t1\t100\n0\t2\t6\n0\t3\t8\n\n";

std::vector<std::string> names(const std::vector<Observation>& list) {
  std::vector<std::string> names;
  for (const Observation& o : list)
    names.push_back(o.module + " " + o.name + " " + std::to_string(o.value).substr(0, 5) + o.unit);
  return names;
}

TEST(Observations, AreScalarsAndFieldsOfStatistics) {
  TestFolder folder;
  const auto all = read_observations(folder.write("a.sca", kScalars), Selection());
  ASSERT_TRUE(all.has_value());
  EXPECT_THAT(names(*all), ElementsAre("Net.q[0] served 7.000pk", "Net.q[1] served 9.000", "Net.sink lost 1.000",
                                       "Net.sink delay:count 2.000", "Net.sink delay:mean 0.250s"));
  EXPECT_EQ(all->front().run->variables.front().value, "0.5");
  EXPECT_EQ(all->front().run, all->back().run);
}

TEST(Observations, AreSelectedByModuleAndName) {
  TestFolder folder;
  const fs::path file = folder.write("a.sca", kScalars);
  EXPECT_EQ(read_observations(file, Selection{"Net.q[*]", "served"})->size(), 2U);
  EXPECT_THAT(names(*read_observations(file, Selection{"**", "delay:mean"})),
              ElementsAre("Net.sink delay:mean 0.250s"));
  EXPECT_EQ(read_observations(file, Selection{"**", "delay"})->size(), 2U);
  EXPECT_TRUE(read_observations(file, Selection{"**", "none"})->empty());
}

TEST(Observations, OfVectorsAreTheirSummaries) {
  TestFolder folder;
  const auto all = read_observations(folder.write("a.vec", kVectors), Selection{"Net.q[0]", "**"});
  ASSERT_TRUE(all.has_value());
  EXPECT_THAT(names(*all),
              ElementsAre("Net.q[0] len:count 3.000", "Net.q[0] len:mean 6.000", "Net.q[0] len:stddev 2.000",
                          "Net.q[0] len:min 4.000", "Net.q[0] len:max 8.000", "Net.q[0] len:last 8.000"));
}

TEST(Observations, OfAVectorWithoutSamplesAreJustItsCount) {
  TestFolder folder;
  const auto all = read_observations(folder.write("a.vec", "version 2\nrun R\nvector 0 Net.q len TV\n"), Selection());
  EXPECT_THAT(names(all.value()), ElementsAre("Net.q len:count 0.000"));
}

TEST(Observations, OfABrokenFileAreAnErrorThatNamesIt) {
  TestFolder folder;
  const fs::path whole = folder.write("a.sca", kScalars);
  const fs::path cut = folder.write("b.sca", kScalars.substr(0, kScalars.size() - 20));
  const auto all = read_observations({whole, cut}, Selection());
  ASSERT_FALSE(all.has_value());
  EXPECT_THAT(all.error().message, ::testing::HasSubstr("b.sca:12: the file is cut off inside this line"));
}

TEST(ResultFiles, AreListedInNaturalOrderThroughAllFolders) {
  TestFolder folder;
  for (const char* name : {"q-#10.sca", "q-#9.sca", "q-#9.vec", "q-#9.out", "deep/er/q-#1.sca"}) folder.write(name, "");
  std::vector<std::string> found;
  const auto files = files_below(folder.path(), {".sca"});
  for (const fs::path& file : files.value()) found.push_back(file.lexically_relative(folder.path()).string());
  EXPECT_THAT(found, ElementsAre("deep/er/q-#1.sca", "q-#9.sca", "q-#10.sca"));
  EXPECT_FALSE(files_below(folder.path() / "none", {".sca"}).has_value());
}

}  // namespace
}  // namespace simswarm::result
