#include "simulator/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <set>

namespace simswarm {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A project with a program `scenario`, a script and a data file.
class Sweep : public testing::Test {
 protected:
  using Run = simswarm::Run;  // not testing::Test::Run

  Sweep() {
    std::string pattern = (fs::temp_directory_path() / "simswarm-command-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    program("scenario", "binary");
    spec_.name = "wifi";
    spec_.command = {"./scenario", "--nodes={nodes}", "--seed={seed}", "--out={results}/run.csv"};
    spec_.grid = {{"nodes", {"10", "20"}}, {"seed", {"1", "2", "3"}}};
  }
  ~Sweep() override { fs::remove_all(folder_); }

  void file(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  void program(const std::string& name, const std::string& text) {
    file(name, text);
    ::chmod((folder_ / name).c_str(), 0755);
  }

  std::unique_ptr<Dialect> dialect() {
    auto made = make_command_dialect(spec_, folder_);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made.has_value() ? std::move(*made) : nullptr;
  }
  RunList runs() { return dialect()->list_runs().value(); }
  std::string refusal() {
    const auto made = make_command_dialect(spec_, folder_);
    return made.has_value() ? "accepted" : made.error().message;
  }

  fs::path folder_;
  SweepSpec spec_;
};

TEST_F(Sweep, IsTheProductOfItsGridWithTheLastParameterFastest) {
  const RunList all = runs();
  ASSERT_EQ(all.size(), 6U);
  EXPECT_EQ(long_name(all[0]), "wifi:nodes=10,seed=1,#0");
  EXPECT_EQ(long_name(all[1]), "wifi:nodes=10,seed=2,#0");
  EXPECT_EQ(long_name(all[5]), "wifi:nodes=20,seed=3,#0");
  EXPECT_EQ(short_name(all[5]), "wifi#5");
  EXPECT_EQ(all[5].seed_set, "3");
}

TEST_F(Sweep, FillsThePlaceholdersOfTheCommand) {
  const auto sweep = dialect();
  const RunList all = runs();
  const Run fifth = all[4];
  EXPECT_THAT(sweep->command_line({&fifth, 1}),
              ElementsAre("./scenario", "--nodes=20", "--seed=2", "--out=results/wifi/nodes=20,seed=2/run.csv"));
  EXPECT_EQ(sweep->run_folder(all[4]), "results/wifi/nodes=20,seed=2");
  EXPECT_THAT(sweep->result_folders(), ElementsAre("results/wifi"));
  EXPECT_FALSE(sweep->can_batch());
  EXPECT_EQ(sweep->status_file(all[4]), "");
}

TEST_F(Sweep, FillsEveryOtherPlaceholderToo) {
  spec_.command = {"./scenario", "{name}/{run}/{repetition}", "{point}", "{{not this}", "{nodes}{seed}"};
  spec_.repetitions = 2;
  const auto sweep = dialect();
  const Run fourth = runs()[3];
  EXPECT_THAT(sweep->command_line({&fourth, 1}),
              ElementsAre("./scenario", "wifi/3/1", "nodes=10,seed=2-#1", "{not this}", "102"));
}

TEST_F(Sweep, LetsZippedListsGoSideBySide) {
  spec_.command = {"./scenario", "{nodes}", "{width}", "{height}"};
  spec_.grid = {{"nodes", {"1", "2"}}};
  spec_.zipped = {{{"width", {"100", "200"}}, {"height", {"50", "80"}}}};
  std::vector<std::string> names;
  for (const Run run : runs()) names.push_back(long_name(run));
  EXPECT_THAT(names, ElementsAre("wifi:nodes=1,width=100,height=50,#0", "wifi:nodes=1,width=200,height=80,#0",
                                 "wifi:nodes=2,width=100,height=50,#0", "wifi:nodes=2,width=200,height=80,#0"));
}

TEST_F(Sweep, AddsThePointsThatAreStatedOneByOne) {
  spec_.grid = {{"nodes", {"1"}}, {"seed", {"1"}}};
  spec_.points = {{{"seed", "9"}, {"nodes", "100"}}};
  ASSERT_EQ(runs().size(), 2U);
  EXPECT_EQ(long_name(runs()[1]), "wifi:nodes=100,seed=9,#0");
}

TEST_F(Sweep, TakesPointsAlone) {
  spec_.grid.clear();
  spec_.points = {{{"nodes", "1"}, {"seed", "1"}}, {{"nodes", "2"}, {"seed", "7"}}};
  ASSERT_EQ(runs().size(), 2U);
  EXPECT_EQ(long_name(runs()[1]), "wifi:nodes=2,seed=7,#0");
}

TEST_F(Sweep, KeepsTheRunsThatMeetAllConstraints) {
  spec_.constraints = {"nodes < 20 || seed == 1", "$seed != 2"};
  std::vector<std::string> names;
  for (const Run run : runs()) names.push_back(long_name(run));
  EXPECT_THAT(names, ElementsAre("wifi:nodes=10,seed=1,#0", "wifi:nodes=10,seed=3,#0", "wifi:nodes=20,seed=1,#0"));
  EXPECT_EQ(runs()[2].number, 2) << "numbers have no holes";
}

TEST_F(Sweep, RepeatsEachPointWithASeedOfItsOwn) {
  spec_.grid = {{"nodes", {"10", "20"}}};
  spec_.repetitions = 3;
  const RunList all = runs();
  ASSERT_EQ(all.size(), 6U);
  EXPECT_EQ(long_name(all[4]), "wifi:nodes=20,#1");
  EXPECT_EQ(all[4].seed_set, "2") << "the repetition + 1";
  EXPECT_EQ(dialect()->run_folder(all[4]), "results/wifi/nodes=20-#1");
  spec_.seeds = {"101", "102", "103"};
  EXPECT_EQ(runs()[4].seed_set, "102");
  spec_.repetitions = 1;
  EXPECT_EQ(runs().size(), 6U) << "seeds say how many repetitions there are";
}

TEST_F(Sweep, NeedsNoParameters) {
  spec_.command = {"./scenario"};
  spec_.grid.clear();
  ASSERT_EQ(runs().size(), 1U);
  EXPECT_EQ(dialect()->run_folder(runs()[0]), "results/wifi/run");
}

TEST_F(Sweep, MakesNamesThatAreSafeAndDifferentWhateverTheValues) {
  const std::vector<std::string> hostile{"../../etc",
                                         "..%2F..%2Fetc",
                                         "a/b",
                                         "a_b",
                                         "a%2Fb",
                                         "a\nb",
                                         "",
                                         ".",
                                         "..",
                                         "1,seed=2",
                                         std::string(1000, 'x'),
                                         std::string(1000, 'x') + "y"};
  spec_.command = {"./scenario", "{value}"};
  spec_.grid = {{"value", hostile}};
  for (const std::string results : {"results/{point}", "results/{value}", "results/{value}/x"}) {
    spec_.results = results;
    const auto sweep = dialect();
    std::set<std::string> folders;
    const RunList all = sweep->list_runs().value();
    for (const Run run : all) folders.insert(sweep->run_folder(run));
    EXPECT_EQ(folders.size(), hostile.size());
    for (const std::string& folder : folders) {
      EXPECT_EQ(fs::path(folder), fs::path(folder).lexically_normal());
      EXPECT_THAT(folder, AllOf(testing::StartsWith("results/"), Not(HasSubstr("\n")), Not(HasSubstr("/../"))));
      EXPECT_EQ(std::count(folder.begin(), folder.end(), '/'), std::count(results.begin(), results.end(), '/'));
    }
  }
  spec_.results = "results/{point}";
  const auto all = runs();
  for (const Run run : all) EXPECT_LE(fs::path(dialect()->run_folder(run)).filename().string().size(), 200U);
}

TEST_F(Sweep, ListsAMillionRunsWithoutDelay) {
  std::vector<std::string> thousand;
  for (int i = 0; i < 1000; ++i) thousand.push_back(std::to_string(i));
  spec_.grid = {{"nodes", thousand}, {"seed", thousand}};
  const auto start = std::chrono::steady_clock::now();
  const RunList all = runs();
  EXPECT_EQ(all.size(), 1'000'000U);
  EXPECT_EQ(long_name(all[123'456]), "wifi:nodes=123,seed=456,#0");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60))
      << "sanitizers on a busy machine included";
}

TEST_F(Sweep, SaysWhichPlaceholderNothingFills) {
  spec_.command[1] = "--nodes={node}";
  EXPECT_EQ(refusal(),
            "sweep «wifi»: no parameter fills the placeholder {node} in «--nodes={node}» (the command); did you mean "
            "«{nodes}» or «{name}»?");
  spec_.command[1] = "{\"nodes\": {nodes}}";
  EXPECT_EQ(refusal(),
            "sweep «wifi»: «{» begins a placeholder, and «{\"nodes\": {nodes}» is none, in «{\"nodes\": {nodes}}» "
            "(the command); write «{{» for a brace");
}

TEST_F(Sweep, SaysWhichParameterNoPlaceholderUses) {
  spec_.grid.push_back({"power", {"1", "2"}});
  EXPECT_EQ(refusal(),
            "sweep «wifi»: no placeholder uses the parameter «power»; write {power} in the command, or drop it");
}

TEST_F(Sweep, SaysWhichPointIsThereTwice) {
  spec_.grid[0].values = {"10", "20", "10"};
  EXPECT_EQ(refusal(), "sweep «wifi»: duplicate point: «nodes=10» is listed twice");
  spec_.grid[0].values = {"10", "20"};
  spec_.points = {{{"nodes", "5"}, {"seed", "5"}}, {{"seed", "5"}, {"nodes", "5"}}};
  EXPECT_EQ(refusal(), "sweep «wifi»: duplicate point: «nodes=5,seed=5» is listed twice");
  spec_.points = {{{"nodes", "20"}, {"seed", "3"}}};
  EXPECT_EQ(refusal(), "sweep «wifi»: duplicate point: «nodes=20,seed=3» is also one of the grid");
}

TEST_F(Sweep, SaysWhatIsWrongWithParameters) {
  const SweepSpec good = spec_;
  spec_.grid.push_back({"nodes", {"1"}});
  EXPECT_EQ(refusal(), "sweep «wifi»: parameter «nodes» is there twice");
  spec_ = good;
  spec_.grid[0].values.clear();
  EXPECT_EQ(refusal(), "sweep «wifi»: parameter «nodes» has no values");
  spec_ = good;
  spec_.grid.push_back({"results", {"1"}});
  EXPECT_EQ(refusal(),
            "sweep «wifi»: a parameter cannot be called «results»: the placeholder {results} is simswarm's own");
  spec_ = good;
  spec_.grid.push_back({"packet-size", {"1"}});
  EXPECT_THAT(refusal(), HasSubstr("«packet-size» cannot name a parameter"));
  spec_ = good;
  spec_.zipped = {{{"a", {"1", "2"}}, {"b", {"1"}}}};
  EXPECT_EQ(refusal(), "sweep «wifi»: zipped lists have one length, but «a» has 2, «b» has 1");
  spec_ = good;
  spec_.points = {{{"nodes", "1"}}};
  EXPECT_EQ(refusal(), "sweep «wifi»: point 1 does not give «seed»; each point gives every parameter");
  spec_.points = {{{"nodes", "1"}, {"sed", "1"}}};
  EXPECT_EQ(refusal(), "sweep «wifi»: point 1 gives «sed», which is no parameter of the sweep; did you mean «seed»?");
}

TEST_F(Sweep, SaysWhatIsWrongWithConstraints) {
  spec_.constraints = {"nodes <"};
  EXPECT_EQ(refusal(), "sweep «wifi»: constraint «nodes <»: column 8: a value was expected, but the text ends");
  spec_.constraints = {"nodes < 100 && node > 5"};
  EXPECT_EQ(refusal(),
            "sweep «wifi»: constraint «nodes < 100 && node > 5»: column 16: «node» is no parameter (a text stands "
            "in quotes); did you mean «nodes»?");
  spec_.constraints = {"seed > 0", "nodes > 100"};
  EXPECT_EQ(refusal(), "sweep «wifi»: constraint «nodes > 100»: no point meets it");
  spec_.constraints = {"nodes == 10", "nodes == 20"};
  EXPECT_EQ(refusal(), "sweep «wifi»: no point meets all 2 constraints at once");
}

TEST_F(Sweep, SaysWhenRepetitionsWouldBeTheSameRun) {
  spec_.command = {"./scenario", "{nodes}"};
  spec_.grid = {{"nodes", {"1"}}};
  spec_.repetitions = 3;
  EXPECT_THAT(refusal(),
              HasSubstr("3 repetitions would be one and the same run; write {seed} or {repetition} in the command"));
  spec_.results = "results/{nodes}/{repetition}";
  EXPECT_EQ(refusal(), "accepted") << "the user says so";
  spec_.seeds = {"1", "2", "3"};
  EXPECT_THAT(refusal(), HasSubstr("there are seeds, but no placeholder uses them"));
  spec_.command.emplace_back("{seed}");
  spec_.seeds = {"1", "2"};
  EXPECT_EQ(refusal(), "sweep «wifi»: there are 3 repetitions, but 2 seeds; each repetition has one");
  spec_.seeds = {"1", "2", "1"};
  EXPECT_EQ(refusal(), "sweep «wifi»: seed «1» is listed twice");
}

TEST_F(Sweep, TakesSeedsOrASeedParameterNotBoth) {
  spec_.seeds = {"1", "2"};
  EXPECT_EQ(refusal(), "sweep «wifi»: «seed» is a parameter, and there are seeds too; {seed} can be one of them only");
}

TEST_F(Sweep, SaysWhenRunsWouldShareAFolderOrLeaveTheirs) {
  spec_.results = "results/{nodes}";
  EXPECT_EQ(refusal(),
            "sweep «wifi»: two runs would write to the folder «results/10»; use {point} in results «results/{nodes}»");
  spec_.results = "../results/{point}";
  EXPECT_EQ(refusal(), "sweep «wifi»: results «../results/{point}» leaves its folder by «..»");
  spec_.results = "/tmp/{point}";
  EXPECT_EQ(refusal(), "sweep «wifi»: results «/tmp/{point}» is absolute; it is relative");
  spec_.results = "{point}";
  EXPECT_EQ(refusal(),
            "sweep «wifi»: results «{point}» needs a folder that holds nothing but results, as in results/{point}");
}

TEST_F(Sweep, SaysWhatIsWrongWithTheSuccessRule) {
  const SweepSpec good = spec_;
  spec_.success_pattern = "(done";
  EXPECT_THAT(refusal(), HasSubstr("success.pattern «(done» is no regular expression"));
  spec_ = good;
  spec_.progress_pattern = "[0-9]+%";
  EXPECT_THAT(refusal(), HasSubstr("progress «[0-9]+%» has no group"));
  spec_ = good;
  spec_.success_codes = {300};
  EXPECT_EQ(refusal(), "sweep «wifi»: 300 is no exit code; they go from 0 to 255");
  spec_.success_codes.clear();
  EXPECT_EQ(refusal(), "sweep «wifi»: no exit code counts as success; usually 0 does");
}

TEST_F(Sweep, SaysWhenItsProgramIsNotThere) {
  spec_.command[0] = "./scenari";
  EXPECT_EQ(refusal(), "sweep «wifi»: program «./scenari» is not there; did you mean «./scenario»?");
  spec_.command[0] = "scenario";
  EXPECT_EQ(refusal(), "sweep «wifi»: program «scenario» is not on PATH; did you mean «./scenario»?");
  file("plain.txt", "");
  spec_.command[0] = "./plain.txt";
  EXPECT_EQ(refusal(), "sweep «wifi»: program «./plain.txt» cannot be executed; «chmod +x ./plain.txt» allows it");
  program("results/wifi/tool", "");
  spec_.command[0] = "results/wifi/tool";
  EXPECT_EQ(refusal(),
            "sweep «wifi»: the program «results/wifi/tool» lies in «results/wifi», which is for results only");
}

TEST_F(Sweep, RefusesAnEmptyCommandAndAnOddName) {
  spec_.command.clear();
  EXPECT_EQ(refusal(), "sweep «wifi»: there is no command to run");
  spec_.name = "a/b";
  EXPECT_THAT(refusal(), HasSubstr("«a/b» cannot name a sweep"));
}

TEST_F(Sweep, TellsWhichFilesItIsGoingToWrite) {
  spec_.stdout_file = "out.txt";
  spec_.required_files = {"run.csv", "{results}/../summary-{nodes}.csv", "out.txt"};
  EXPECT_THAT(refusal(), HasSubstr("success.files «{results}/../summary-{nodes}.csv» leaves its folder"));
  spec_.required_files = {"run-{nodes}.csv", "{results}/x.csv", "out.txt"};
  const auto all = runs();
  EXPECT_THAT(dialect()->expected_files(all[0]),
              ElementsAre("results/wifi/nodes=10,seed=1/out.txt", "results/wifi/nodes=10,seed=1/run-10.csv",
                          "results/wifi/nodes=10,seed=1/x.csv"));
}

TEST_F(Sweep, ReadsProgressByItsPattern) {
  EXPECT_FALSE(dialect()->read_progress("50%").has_value());
  spec_.progress_pattern = "([0-9.]+)% done";
  const auto sweep = dialect();
  EXPECT_DOUBLE_EQ(sweep->read_progress("10% done\n40% done\n42.5% done\nother\n")->fraction.value(), 0.425);
  EXPECT_DOUBLE_EQ(sweep->read_progress("1% done\r2% done\r3% done")->fraction.value(), 0.03);
  EXPECT_FALSE(sweep->read_progress("nothing yet\n").has_value());
  EXPECT_FALSE(sweep->read_progress("999% done").has_value());
}

TEST_F(Sweep, KnowsTheFilesThatItsKeyDependsOn) {
  file("model.py", "print()");
  file("data/a.txt", "a");
  file("data/b.txt", "b");
  program("run.sh", "#!/bin/sh\n");
  spec_.command = {"./run.sh", "model.py", "--trace=data/{trace}.txt", "missing.txt", "data", "{results}"};
  spec_.grid = {{"trace", {"a", "b", "c"}}};
  const KeySources sources = dialect()->key_sources();
  EXPECT_THAT(sources.probe_command, IsEmpty()) << "nothing is started to find out";
  EXPECT_THAT(sources.programs, ElementsAre("/bin/sh", folder_ / "run.sh"));
  EXPECT_THAT(sources.files, ElementsAre("/bin/sh", folder_ / "data/a.txt", folder_ / "data/b.txt",
                                         folder_ / "model.py", folder_ / "run.sh"));
}

TEST_F(Sweep, FindsProgramsOnPathAndTheirInterpreters) {
  program("tool.py", "#!/usr/bin/env -S sh -e\n");
  spec_.command = {"env", "{nodes}", "{seed}"};
  EXPECT_THAT(dialect()->key_sources().programs, ElementsAre(HasSubstr("/env")));
  spec_.command[0] = "./tool.py";
  EXPECT_THAT(dialect()->key_sources().programs,
              AllOf(testing::SizeIs(3), Contains("/usr/bin/env"), Contains(folder_ / "tool.py"),
                    Contains(testing::ResultOf([](const fs::path& path) { return path.filename().string(); }, "sh"))));
}

std::string part(const std::vector<KeyPart>& parts, const std::string& name) {
  for (const KeyPart& candidate : parts) {
    if (candidate.name == name) return candidate.value;
  }
  return "no such part";
}

TEST_F(Sweep, HasAKeyOfAllThatTheRunSeesButItsFolder) {
  const auto sweep = dialect();
  const std::vector<KeyPart> parts = sweep->key_parts(runs()[1]);
  EXPECT_EQ(part(parts, "variable nodes"), "10");
  EXPECT_EQ(part(parts, "variable seed"), "2");
  EXPECT_EQ(part(parts, "repetition"), "0");
  EXPECT_EQ(part(parts, "seed"), "2");
  EXPECT_THAT(part(parts, "arguments"),
              AllOf(HasSubstr("--nodes=10"), HasSubstr("{results}/run.csv"), Not(HasSubstr("results/wifi"))));
  spec_.results = "elsewhere/{point}";
  EXPECT_EQ(key_of(dialect()->key_parts(runs()[1])), key_of(parts));
  spec_.success_pattern = "done";
  EXPECT_NE(key_of(dialect()->key_parts(runs()[1])), key_of(parts));
}

TEST_F(Sweep, HasAKeyThatFollowsListedEnvironmentWithoutShowingIt) {
  spec_.environment = {"SIMSWARM_TEST_TOKEN"};
  ::setenv("SIMSWARM_TEST_TOKEN", "secret-1", 1);
  const std::vector<KeyPart> first = dialect()->key_parts(runs()[0]);
  ::setenv("SIMSWARM_TEST_TOKEN", "", 1);
  const std::vector<KeyPart> empty = dialect()->key_parts(runs()[0]);
  ::unsetenv("SIMSWARM_TEST_TOKEN");
  const std::vector<KeyPart> unset = dialect()->key_parts(runs()[0]);
  EXPECT_THAT(part(first, "environment SIMSWARM_TEST_TOKEN"), Not(HasSubstr("secret")));
  EXPECT_EQ(part(unset, "environment SIMSWARM_TEST_TOKEN"), "not set");
  EXPECT_EQ((std::set<RunKey>{key_of(first), key_of(empty), key_of(unset)}.size()), 3U);
}

}  // namespace
}  // namespace simswarm
