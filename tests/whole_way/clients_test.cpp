// Several clients and several projects at once, of which one means harm; and clients whom nobody serves.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/text.h"
#include "whole_site.h"

namespace simswarm::whole {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class Clients : public testing::Test {
 protected:
  // So many folders with the same project, each with a client; builds wait at their gate.
  std::vector<Program> start_many(std::size_t count) {
    site_.close_gate();
    std::vector<Program> clients;
    for (std::size_t i = 0; i < count; ++i) {
      fs::copy(site_.project(), folder(i), fs::copy_options::recursive);
      clients.push_back(site_.sweep_on(3, {}, folder(i)));
    }
    return clients;
  }
  fs::path folder(std::size_t index) { return site_.folder() / fmt::format("user-{}", index); }
  // The site's project, and another one in which `make` does this first.
  fs::path make_hostile(const std::string& line) {
    const fs::path hostile = site_.folder() / "hostile";
    fs::create_directories(hostile);
    const ProjectFiles files(hostile);
    files.make_program(site_.outside_folder());
    files.write("Makefile", replace_all(files.read("Makefile"), "@touch at-gate;", "@" + line + "; touch at-gate;"));
    return hostile;
  }

  WholeSite site_;
};

TEST_F(Clients, ManyWithOneTreeCostOneBuild) {
  constexpr std::size_t kClients = 10;
  site_.make_program();
  const Program builder = site_.builder("builder", {"--slots", "20"});
  const Program runner = site_.runner("runner");
  std::vector<Program> clients = start_many(kClients);
  ASSERT_TRUE(wait_until([&] { return builder.count(", attempt 1: begun") == kClients; })) << builder.log();
  ASSERT_TRUE(site_.waits_at_gate());
  site_.open_gate();
  std::size_t built = 0;
  for (std::size_t i = 0; i < kClients; ++i) {
    const Told told = site_.told(std::move(clients[i]));
    EXPECT_TRUE(told.is_whole(3));
    built += told.built.at("was_known") == false ? 1 : 0;
    for (int n = 0; n < 3; ++n)
      EXPECT_EQ(ProjectFiles(folder(i)).read(fmt::format("results/study/n={}/out.txt", n)),
                fmt::format("run {} --Net.sink.tuning=1\n", n));
  }
  EXPECT_EQ(built, 1U);
  EXPECT_EQ(site_.compilations(), 3U);
  EXPECT_EQ(site_.documents(store::kBuilds), 1U);
  EXPECT_EQ(site_.documents(store::kResults), 3U);
  EXPECT_EQ(site_.documents(store::kConflicts), 0U);
}

TEST_F(Clients, ManyWithABrokenTreeCostOneBuild) {
  constexpr std::size_t kClients = 10;
  site_.make_program();
  site_.files().break_it();
  const Program builder = site_.builder("builder", {"--slots", "20"});
  std::vector<Program> clients = start_many(kClients);
  ASSERT_TRUE(wait_until([&] { return builder.count(", attempt 1: begun") == kClients; })) << builder.log();
  ASSERT_TRUE(site_.waits_at_gate());
  site_.open_gate();
  for (Program& client : clients) {
    const Told told = site_.told(std::move(client));
    EXPECT_EQ(told.code, 4) << told.log;
    EXPECT_THAT(told.error, HasSubstr("tuning.cc:2:")) << told.log;
    EXPECT_THAT(told.output, HasSubstr("const char* const kTuning = ")) << told.log;  // also who did not build it
  }
  EXPECT_EQ(builder.count(": build failed: "), kClients);
  EXPECT_LE(site_.compilations(), 3U);
  EXPECT_EQ(site_.checkouts().size(), 1U) << "no other was touched";
  EXPECT_EQ(site_.queued_runs(), 0U);
}

// --- beside a hostile project

struct Harm {
  const char* name;
  const char* line;     // of its Makefile; OTHER: where the other project is built
  const char* message;  // how the hostile one ends
};
std::ostream& operator<<(std::ostream& to, const Harm& harm) {
  return to << harm.name;
}

class Hostile : public Clients, public testing::WithParamInterface<Harm> {};

TEST_P(Hostile, HarmsNobodyElse) {
  site_.make_program();
  const Program builder = site_.builder("builder", {"--build-disk", "100M"});
  const Program runner = site_.runner("runner");
  EXPECT_TRUE(site_.told(site_.sweep_on(3)).is_whole(3));
  const fs::path own = site_.checkouts().front();
  site_.files().tune(2);
  site_.close_gate();
  Program good = site_.sweep_on(3);
  ASSERT_TRUE(site_.waits_at_gate());
  const fs::path hostile = make_hostile(replace_all(GetParam().line, "OTHER", own.string()));
  const Told bad = site_.told(site_.sweep_on(3, {"--name", "hostile"}, hostile), seconds(90));
  EXPECT_EQ(bad.code, 4) << bad.log.substr(0, 5000);
  EXPECT_THAT(bad.error, HasSubstr(GetParam().message));
  EXPECT_FALSE(fs::exists(own / "harm"));
  site_.open_gate();
  const Told told = site_.told(std::move(good));
  EXPECT_TRUE(told.is_whole(3) && told.compiled(1));
  EXPECT_EQ(site_.files().read("results/study/n=1/out.txt"), "run 1 --Net.sink.tuning=2\n");
  EXPECT_TRUE(wait_until([&] { return site_.processes_of_builds() == 0; }, seconds(10)));
  ASSERT_TRUE(builder.says("-build: " + bad.error.substr(0, 40)));
}

INSTANTIATE_TEST_SUITE_P(
    By, Hostile,
    testing::Values(Harm{"ForkingForEver", "f() { f | f & f; }; f; exit 1", "processes at once"},
                    Harm{"FillingTheDisk", "cat /dev/zero >rubbish; exit 1", "MiB"},
                    Harm{"ReadingAnother", "cat OTHER/main.cc && touch OTHER/harm; exit 1", "make -j2 MODE=release"},
                    Harm{"PrintingRubbish", "head -c 50000000 /dev/urandom; exit 1", "make -j2 MODE=release"}),
    [](const auto& harm) { return harm.param.name; });

// --- nobody is there

TEST_F(Clients, WaitForABuilder) {
  site_.make_program();
  const Program runner = site_.runner("runner");
  Program client = site_.sweep_on(3);
  EXPECT_TRUE(client.says("no builder serves the queue build at the moment (simswarm worker build): waiting for one"));
  const Program builder = site_.builder("builder");
  const Told told = site_.told(std::move(client));
  EXPECT_TRUE(told.is_whole(3));
  EXPECT_EQ(told.count("no builder serves"), 1U);
  EXPECT_EQ(told.phases.front(), "waiting");
}

TEST_F(Clients, WaitForABuilderOfTheirImage) {
  site_.make_program();
  const Program runner = site_.runner("runner");
  const Program runner_13 = site_.runner("runner-13", {"--image", "gcc-13"});
  const Program other = site_.builder("other");
  Program client = site_.sweep_on(3, {"--image", "gcc-13"});
  EXPECT_TRUE(
      client.says("no builder serves the queue build-gcc-13 at the moment (simswarm worker build --image gcc-13)"));
  const Program builder = site_.builder("builder", {"--image", "gcc-13"});
  EXPECT_TRUE(site_.told(std::move(client)).is_whole(3));
  EXPECT_EQ(other.count("begun"), 0U);
  // It is part of the keys: without it nothing of that is known.
  const Told usual = site_.told(site_.sweep_on(3));
  EXPECT_TRUE(usual.is_whole(3) && usual.compiled(3));
  EXPECT_EQ(site_.executions(), 6U);
}

// What was said instead of being done.
class WordsOfClients : public Clients {
 protected:
  std::string error(const Words& words, int code = 2) {
    Program program = site_.user(words);
    EXPECT_EQ(program.wait(), code) << program.log();
    return program.log();
  }
};

TEST_F(WordsOfClients, AreCheckedBeforeAnything) {
  site_.make_program();
  const Words rest{"n=0..2", "--", "./program", "{n}", "{results}"};
  const auto sweep = [&](Words options, int code = 2) {
    options.insert(options.begin(), "sweep");
    options.insert(options.end(), rest.begin(), rest.end());
    return error(options, code);
  };
  EXPECT_THAT(sweep({"--on", "labb"}), HasSubstr("did you mean «lab»?"));
  EXPECT_THAT(sweep({"--on", "lab", "--queue", "redis://elsewhere"}), HasSubstr("leave out --queue and --store"));
  EXPECT_THAT(sweep({"--on", "lab", "--mode", "fast"}), HasSubstr("--mode=fast: expected release or debug"));
  EXPECT_THAT(sweep({"--on", "lab", "--priority", "11"}), HasSubstr("--priority=11: expected -10 to 10"));
  EXPECT_THAT(sweep({"--on", "lab", "--dry-run"}), HasSubstr("--dry-run"));
  EXPECT_THAT(sweep({"--on", "lab", "--commit", "nosuch"}), HasSubstr("nosuch"));
  ::chmod(site_.hosts_file().c_str(), 0644);
  const std::string others = sweep({"--on", "lab"}, 3);
  EXPECT_THAT(others, HasSubstr(site_.hosts_file().string()));
  EXPECT_THAT(others, HasSubstr("others than you have rights to it (mode 0644): chmod 600 "));
  EXPECT_THAT(others, testing::Not(HasSubstr(jobs::kTestPassword)));
  EXPECT_EQ(site_.newest_build(), "");
}

}  // namespace
}  // namespace simswarm::whole
