// From sources to results: what a build costs, what runs again, and that all is as if it had been made here.
#include <gmock/gmock.h>

#include "base/text.h"
#include "distcc_server.h"
#include "whole_site.h"

namespace simswarm::whole {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class Study : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    site_.make_simulation();
    builder_.emplace(site_.builder("builder"));
    runner_.emplace(site_.runner("runner"));
  }
  // How many runs were executed since the last question.
  std::size_t fresh() {
    const std::size_t now = site_.executions();
    return now - std::exchange(before_, now);
  }

  WholeSite site_{GetParam()};
  std::optional<Program> builder_, runner_;
  std::size_t before_ = 0;
};

TEST_P(Study, GivesWhatALocalOneGives) {
  const Told first = site_.told(site_.runall());
  EXPECT_TRUE(first.is_whole(4) && first.compiled(3));
  EXPECT_EQ(first.built.at("queued"), 4);
  EXPECT_FALSE(first.phases.empty()) << first.log;
  EXPECT_THAT(first.output, HasSubstr("g++ -O0 -c -o main.o main.cc"));
  EXPECT_EQ(fresh(), 4U);
  EXPECT_FALSE(fs::exists(site_.project() / "sim")) << "nothing is built where the client is";
  site_.expect_like_local(4);
  (void)fresh();

  const Told again = site_.told(site_.runall());
  EXPECT_TRUE(again.is_whole(4, 4) && again.built_nothing());
  EXPECT_EQ(again.built.at("queued"), 0);
  EXPECT_EQ(again.built.at("plan_was_known"), true);
  EXPECT_EQ(again.output, "");
  EXPECT_EQ(fresh(), 0U);
}

TEST_P(Study, CostsWhatHasChanged) {
  EXPECT_TRUE(site_.told(site_.runall()).is_whole(4));
  (void)fresh();

  site_.files().tune(2);  // not committed
  const Told edited = site_.told(site_.runall());
  EXPECT_TRUE(edited.is_whole(4) && edited.compiled(1));
  EXPECT_EQ(fresh(), 4U);

  site_.files().write("notes.ignored", "of nobody's interest\n");
  EXPECT_TRUE(site_.told(site_.runall()).built_nothing());
  EXPECT_EQ(fresh(), 0U);

  site_.files().write("more.ini", "[General]\n");  // untracked
  EXPECT_TRUE(site_.told(site_.runall()).is_whole(4, 4));
  EXPECT_EQ(fresh(), 0U) << "no run reads it";

  // One of the two values of an iteration variable.
  site_.files().write("omnetpp.ini", replace_all(kIni, "${load=1,2}", "${load=1,3}"));
  const Told other = site_.told(site_.runall());
  EXPECT_TRUE(other.is_whole(4, 2));
  EXPECT_EQ(other.output.find("g++"), std::string::npos) << other.output;
  EXPECT_EQ(fresh(), 2U);

  // What was lost here comes back from there.
  EXPECT_TRUE(remove_tree(site_.results()).has_value());
  const Told back = site_.told(site_.runall());
  EXPECT_TRUE(back.is_whole(4) && back.built_nothing());
  EXPECT_EQ(fresh(), 0U);
  site_.expect_like_local(4);
}

TEST_P(Study, TakesNewFilesThatAreNotCommitted) {
  site_.files().write("extra.cc", "int extra() { return 1; }\n");
  site_.files().write("Makefile", replace_all(site_.files().read("Makefile"), "tuning.o", "tuning.o extra.o"));
  site_.files().write("data/level.txt", "7\n");
  site_.files().write("omnetpp.ini", replace_all(kIni, "**.load", "**.datafile = \"data/level.txt\"\n**.load"));
  const Told told = site_.told(site_.runall());
  EXPECT_TRUE(told.is_whole(4) && told.compiled(4));
  site_.expect_like_local(4);
  (void)fresh();
  site_.files().write("data/level.txt", "8\n");
  const Told changed = site_.told(site_.runall());
  EXPECT_TRUE(changed.is_whole(4));
  EXPECT_EQ(changed.output.find("g++"), std::string::npos) << changed.output;
  EXPECT_EQ(fresh(), 4U) << "runs read it";
  site_.expect_like_local(4);
}

TEST_P(Study, TakesACommitInPlaceOfTheWorkTree) {
  site_.files().tune(2);
  const Told committed = site_.told(site_.runall({"--commit", "HEAD"}));
  EXPECT_TRUE(committed.is_whole(4));
  site_.files().tune(1);  // what was committed
  EXPECT_TRUE(site_.told(site_.runall()).built_nothing());
  EXPECT_EQ(fresh(), 4U);
}

TEST_P(Study, NamesTheFirstErrorOfABuild) {
  site_.files().break_it();
  const Told told = site_.told(site_.runall());
  EXPECT_EQ(told.code, 4) << told.log;
  EXPECT_EQ(told.error.find('\n'), std::string::npos);
  EXPECT_THAT(told.error, testing::StartsWith("build failed: make -j2 MODE=release: tuning.cc:2:"));
  EXPECT_THAT(told.error, HasSubstr("error: expected "));
  EXPECT_THAT(told.output, HasSubstr("\033["));  // the compiler's own colours
  EXPECT_THAT(told.output, HasSubstr("const char* const kTuning = "));
  EXPECT_THAT(told.phases, Not(testing::Contains("queueing")));
  EXPECT_EQ(site_.queued_runs(), 0U);
  EXPECT_EQ(site_.documents(store::kCampaigns), 0U);
  EXPECT_EQ(fresh(), 0U);

  // The same again fails again, without a build where it is known.
  EXPECT_EQ(site_.told(site_.runall()).error, told.error);
  site_.files().tune(3);
  const Told mended = site_.told(site_.runall());
  EXPECT_TRUE(mended.is_whole(4) && mended.compiled(1));
  EXPECT_EQ(fresh(), 4U);
  site_.expect_like_local(4);
}

INSTANTIATE_TEST_SUITE_P(In, Study, testing::Values(Kind::kDirectory, Kind::kMongodb),
                         [](const auto& one) { return store::name_of(one.param); });

// cmdsim's own sources, compiled by servers.
TEST(WholeSimulation, IsCompiledElsewhere) {
  std::array<DistccServer, 3> servers;
  WholeSite site;
  Words options{"--compilers", "1"};
  for (DistccServer& server : servers) {
    server.start();
    options.insert(options.end(), {"--distcc", server.host() + "/1"});
  }
  site.files().make_whole_simulation(kIni);
  const Program builder = site.builder("builder", options);
  const Program runner = site.runner("runner");
  const Told told = site.told(site.runall(), seconds(110));
  EXPECT_TRUE(told.is_whole(4));
  std::size_t sources = 0;
  for (const auto& entry : fs::directory_iterator(CMDSIM_SOURCES))
    sources += entry.path().extension() == ".cpp" ? 1 : 0;
  EXPECT_TRUE(told.compiled(sources));
  std::size_t remote = 0;
  for (const DistccServer& server : servers) {
    EXPECT_GE(server.compiled(), sources / 10) << server.log();
    remote += server.compiled();
  }
  EXPECT_GE(remote, sources / 2);
  EXPECT_EQ(told.built.at("remote"), remote) << told.log;
  site.expect_like_local(4);
}

}  // namespace
}  // namespace simswarm::whole
