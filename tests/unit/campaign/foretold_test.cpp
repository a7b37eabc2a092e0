#include "campaign/foretold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"

namespace simswarm::campaign {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Foretold sample(std::size_t runs = 3) {
  Foretold foretold;
  foretold.dialect = "cmdenv";
  foretold.result_folders = {"results"};
  foretold.remarks = {"one remark"};
  foretold.command = {"./sim", "-r", "0"};
  foretold.simulator = "OMNeT++ 6.1";
  foretold.objects = {{"/lib/libc.so.6", digest_of("c").hex()}};
  foretold.inputs.files = {{"a.ned", digest_of("a").hex()}};
  foretold.inputs.parts = {{"Load", {{"program", "p"}, {"ned", "n"}}}};
  for (std::size_t i = 0; i < runs; ++i) {
    foretold.runs.push_back({"Load", static_cast<std::int64_t>(i), {{"load", "0.5"}, {"ü", "\"x, y\""}}, 1, "7"});
    foretold.keys.push_back(digest_of(std::to_string(i)).bytes());
    foretold.add_expected(i == 1 ? std::vector<std::string>()
                                 : std::vector<std::string>{fmt::format("results/{}.sca", i), "results/x y.vec"});
  }
  return foretold;
}

std::string written(const Foretold& foretold) {
  TextSink sink;
  EXPECT_TRUE(write_foretold(foretold, sink).has_value());
  return sink.take();
}

Result<Foretold> read(const std::string& text) {
  TextSource source(text);
  return read_foretold(source);
}

TEST(WhatIsForetold, ComesAsItWent) {
  const auto foretold = read(written(sample()));
  ASSERT_TRUE(foretold.has_value()) << foretold.error().message;
  EXPECT_EQ(foretold->dialect, "cmdenv");
  EXPECT_EQ(foretold->runs.size(), 3U);
  EXPECT_EQ(foretold->runs[2], sample().runs[2]);
  EXPECT_EQ(foretold->keys, sample().keys);
  EXPECT_EQ(foretold->inputs.files, sample().inputs.files);
  EXPECT_EQ(foretold->inputs.parts, sample().inputs.parts);
  EXPECT_EQ(foretold->objects, sample().objects);
  EXPECT_EQ(foretold->simulator, "OMNeT++ 6.1");
  EXPECT_THAT(foretold->expected(0), ElementsAre("results/0.sca", "results/x y.vec"));
  EXPECT_THAT(foretold->expected(1), IsEmpty());
  EXPECT_THAT(foretold->expected(foretold->runs[2]), ElementsAre("results/2.sca", "results/x y.vec"));
}

TEST(WhatIsForetold, SpeaksAsADialect) {
  const auto foretold = read(written(sample()));
  ASSERT_TRUE(foretold.has_value());
  const auto dialect = make_foretold_dialect(*foretold);
  EXPECT_EQ(dialect->name(), "cmdenv");
  EXPECT_EQ(dialect->list_runs().value().size(), 3U);
  EXPECT_THAT(dialect->result_folders(), ElementsAre("results"));
  EXPECT_THAT(dialect->remarks(), ElementsAre("one remark"));
  EXPECT_THAT(dialect->expected_files(foretold->runs[0]), ElementsAre("results/0.sca", "results/x y.vec"));
  EXPECT_THAT(dialect->expected_files({"Other", 0, {}, 0, ""}), IsEmpty());
}

TEST(WhatIsForetold, MayBeLong) {
  const auto foretold = read(written(sample(20'000)));
  ASSERT_TRUE(foretold.has_value()) << foretold.error().message;
  EXPECT_EQ(foretold->runs.size(), 20'000U);
  EXPECT_EQ(foretold->runs[19'999].number, 19'999);
}

TEST(WhatIsForetold, IsRefusedByTheLineThatIsWrong) {
  const std::string good = written(sample());
  EXPECT_EQ(read("").error().message, "line 1 of the plan cannot be read: it is not there");
  EXPECT_EQ(read("{}\n").error().message, "line 1 of the plan cannot be read: it has not the fields of a plan");
  EXPECT_EQ(read("{\"v\":2}\n").error().message, "line 1 of the plan cannot be read: version 2; this simswarm reads 1");
  EXPECT_EQ(read(good.substr(0, good.size() - 1)).error().message, "line 3 of the plan cannot be read: it has no end");
  EXPECT_EQ(read(good + "[]\n").error().message,
            "line 5 of the plan cannot be read: there are more runs than were told");
  const std::size_t second = good.find('\n') + 1;
  EXPECT_EQ(read(good.substr(0, second)).error().message,
            "line 1 of the plan cannot be read: it is the last, and more were to come");
  std::string other = good;
  other.replace(second, 1, "{");
  EXPECT_EQ(read(other).error().message, "line 2 of the plan cannot be read: it is no JSON");
  EXPECT_THAT(read(good.substr(0, second) + std::string(100, '[') + "\n").error().message,
              HasSubstr("nested too deep"));
}

TEST(WhatIsForetold, IsNotKeptWithNamesThatAreNoText) {
  Foretold foretold = sample(1);
  foretold.runs.push_back({"Load", 9, {{"a", "\xff"}}, 0, ""});
  foretold.keys.push_back(digest_of("9").bytes());
  foretold.add_expected({});
  TextSink sink;
  const Status wrote = write_foretold(foretold, sink);
  ASSERT_FALSE(wrote.has_value());
  EXPECT_THAT(wrote.error().message, HasSubstr("no UTF-8"));
}

}  // namespace
}  // namespace simswarm::campaign
