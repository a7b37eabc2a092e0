#include "build/farm_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::build {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(CountsOfAFarm, CountEachCallOfACompilerOnce) {
  FarmCounts counts;
  for (const char* line : {"# src/a.cc",
                           "cache_miss",
                           "direct_cache_miss",
                           "local_storage_read_miss",  // a miss
                           "# src/a.cc",
                           "direct_cache_hit",
                           "local_storage_hit",  // a hit
                           "# src/c.cc",
                           "preprocessed_cache_hit",
                           "direct_cache_miss",  // another
                           "# src/b.cc",
                           "compile_failed",
                           "direct_cache_miss",  // an error
                           "# x.s",
                           "unsupported_source_language",  // not cached
                           "# a.o",
                           "called_for_link",
                           "# a.cc",
                           "called_for_preprocessing",
                           "",
                           "rubbish"}) {
    count_statistic(line, counts);
  }
  EXPECT_EQ(counts.compiled, 3);
  EXPECT_EQ(counts.hits, 2);
}

TEST(CountsOfAFarm, TellWhichHostCompiled) {
  FarmCounts counts;
  for (const char* line :
       {"distcc[1] compile from a.cc to a.o", "distcc[1] exec on 127.0.0.1:1/4: g++ -c a.cc",
        "distcc[1] cpp src/a.cc on localhost completed ok", "distcc[1] compile src/a.cc on 127.0.0.1:1/4 completed ok",
        "distcc[2] compile src on.cc on [::1]:1/2 completed ok", "distcc[3] compile b.cc on 127.0.0.1:1/4 completed ok",
        "distcc[4] ERROR: compile src/b.cc on 127.0.0.1:1/4 failed",
        "distcc[4] compile b.cc on localhost/2 completed ok", "distcc[4] compile b.cc on localhost completed ok"}) {
    count_compilation(line, counts);
  }
  EXPECT_EQ(counts.remote, 3);
  EXPECT_THAT(counts.by_host, ElementsAre(Pair("127.0.0.1:1", HostCounts{1, 2}), Pair("[::1]:1", HostCounts{0, 1})));
}

// As distcc 3.4 writes.
TEST(CountsOfAFarm, TellWhatAHostRefusedOrFailed) {
  FarmCounts counts;
  for (const char* line :
       {"distcc[1] exec on 10.0.0.7:3632/2: x86_64-linux-gnu-gcc -c bad.c -o b.o",
        "distcc[1] ERROR: compile bad.c on 10.0.0.7:3632/2 failed",
        "distcc[1] (dcc_build_somewhere) Warning: remote compilation of 'bad.c' failed, retrying locally",
        "distcc[1] Warning: failed to distribute bad.c to 10.0.0.7:3632/2, running locally instead",
        "distcc[1] exec on localhost: x86_64-linux-gnu-gcc -c bad.c -o b.o",
        "distcc[1] ERROR: compile bad.c on localhost failed",
        "distcc[2] exec on 10.0.0.8:3632/2: x86_64-linux-gnu-gcc -c a.c -o a.o",
        "distcc[2] ERROR: nonblocking connect to 10.0.0.8:3632 failed: Connection refused",
        "distcc[2] exec on 10.0.0.7:3632/2: x86_64-linux-gnu-gcc -c a.c -o a.o",
        "distcc[2] compile a.c on 10.0.0.7:3632/2 completed ok"}) {
    count_compilation(line, counts);
  }
  EXPECT_EQ(counts.remote, 1);
  EXPECT_THAT(counts.by_host,
              ElementsAre(Pair("10.0.0.7:3632", HostCounts{2, 1}), Pair("10.0.0.8:3632", HostCounts{1, 0})));
}

TEST(AGrowingFile, GivesEachWholeLineOnce) {
  const TestFolder folder;
  GrowingFile file(folder / "log");
  std::vector<std::string> lines;
  const auto take = [&](std::string_view line) { lines.emplace_back(line); };
  file.read(take);
  EXPECT_THAT(lines, IsEmpty()) << "it is not there yet";
  folder.write("log", "one\ntw");
  file.read(take);
  EXPECT_THAT(lines, ElementsAre("one"));
  folder.write("log", "one\ntwo\n\nthree\n");
  file.read(take);
  file.read(take);
  EXPECT_THAT(lines, ElementsAre("one", "two", "", "three"));
}

}  // namespace
}  // namespace simswarm::build
