// simswarm sweep: any program over a grid of parameters, with the same guarantees.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "support.h"

namespace simswarm::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// scenario --nodes=N --seed=S --out=FILE [--mode=WHAT]; its value is 10 N + S.
constexpr std::string_view kScenario = R"sh(#!/bin/sh
for word; do
  case $word in
    --nodes=*) nodes=${word#*=} ;;
    --seed=*) seed=${word#*=} ;;
    --out=*) out=${word#*=} ;;
    --mode=*) mode=${word#*=} ;;
  esac
done
if [ "$mode" = fail ] && [ "$nodes" = 20 ]; then echo "no route" >&2; exit 7; fi
if [ "$mode" = empty ] && [ "$nodes" = 20 ]; then : >"$out"; exit 0; fi
if [ "$mode" = none ] && [ "$nodes" = 20 ]; then exit 0; fi
{ echo "nodes,seed,throughput"; echo "$nodes,$seed,$((nodes * 10 + seed))"; } >"$out"
if [ "$mode" = silent ] && [ "$nodes" = 20 ]; then exit 0; fi
echo "done: $nodes nodes"
)sh";

class Sweep : public testing::Test {
 protected:
  Sweep() {
    write("scenario", kScenario);
    fs::permissions(path("scenario"), fs::perms(0755));
  }
  [[nodiscard]] fs::path path(const fs::path& relative) const { return project_.path(relative); }
  void write(const fs::path& relative, std::string_view text) const { project_.write(relative, text); }
  [[nodiscard]] Answer simswarm(const Words& words) const { return project_.simswarm(words); }
  // The sweep «wifi» of nodes 10, 20 and seeds 1 to 3.
  [[nodiscard]] static Words words(const Words& options = {}, const std::string& mode = "well") {
    return Words{"sweep", "--json", "-j2", "--name", "wifi"} + options + Words{"nodes=10,20",
                                                                               "seed=1..3",
                                                                               "--",
                                                                               "./scenario",
                                                                               "--nodes={nodes}",
                                                                               "--seed={seed}",
                                                                               "--out={results}/run.csv",
                                                                               "--mode=" + mode};
  }
  [[nodiscard]] Report sweep(const Words& options = {}, const std::string& mode = "well") const {
    return parse_report(simswarm(words(options, mode)));
  }
  // The 3 runs of 20 nodes end so, the others are complete, and nothing of the 3 is among the results.
  void expect_half(const Report& report, const std::string& outcome, const std::string& message) const {
    EXPECT_EQ(report.exit_code, 1) << report.errors;
    EXPECT_EQ(report.complete, 3);
    EXPECT_EQ(report.outcomes, (std::map<std::string, int>{{"completed", 3}, {outcome, 3}}));
    for (const Unfinished& run : report.not_complete) EXPECT_THAT(run.message, HasSubstr(message));
    for (const std::string& file : project_.results()) EXPECT_THAT(file, HasSubstr("nodes=10"));
  }

  Project project_{""};
};

TEST_F(Sweep, RunsEachPointOnceAndResumes) {
  const Report first = sweep();
  EXPECT_EQ(first.exit_code, 0) << first.errors << first.out;
  EXPECT_EQ(first.total, 6);
  EXPECT_EQ(first.complete, 6);
  const std::vector<std::string> results = project_.results();
  ASSERT_EQ(results.size(), 6U);
  EXPECT_THAT(results, testing::Contains(testing::AllOf(HasSubstr("nodes=20"), HasSubstr("run.csv"))));
  EXPECT_TRUE(std::ranges::any_of(contents_below(path("results/wifi")),
                                  [](const auto& file) { return contains(file.second, "20,3,203"); }));
  const Report second = sweep();
  EXPECT_EQ(second.known, 6);
  EXPECT_THAT(second.started(), IsEmpty());
}

TEST_F(Sweep, RunsAgainWhatAChangeConcerns) {
  EXPECT_EQ(sweep().complete, 6);
  fs::remove(path("results/wifi/" + fs::path(project_.results()[0]).lexically_relative("wifi").string()));
  EXPECT_EQ(sweep().started().size(), 1U) << "a deleted result";
  std::ofstream(path("scenario"), std::ios::app) << "# another version\n";
  EXPECT_EQ(sweep().started().size(), 6U) << "another program";
  Words longer = words();
  *std::ranges::find(longer, "nodes=10,20") = "nodes=10,20,40";
  EXPECT_EQ(parse_report(simswarm(longer)).started().size(), 3U) << "another point";
}

TEST_F(Sweep, DoesNotBelieveAFailingExitCode) {
  expect_half(sweep({}, "fail"), "model_error", "7");
}

TEST_F(Sweep, DoesNotBelieveARequiredFileThatIsMissing) {
  expect_half(sweep({"--require", "run.csv"}, "none"), "incomplete", "run.csv");
}

TEST_F(Sweep, DoesNotBelieveARequiredFileThatIsEmpty) {
  expect_half(sweep({"--require", "run.csv"}, "empty"), "incomplete", "run.csv");
}

TEST_F(Sweep, DoesNotBelieveARunWithoutTheLineOfSuccess) {
  expect_half(sweep({"--success-pattern", "^done: [0-9]+ nodes"}, "silent"), "incomplete", "^done: [0-9]+ nodes");
}

TEST_F(Sweep, TakesAnotherExitCodeForSuccessWhenSaid) {
  EXPECT_EQ(sweep({"--success-code", "0", "--success-code", "7"}, "fail").complete, 6);
}

TEST_F(Sweep, KeepsStandardOutputWhenSaid) {
  EXPECT_EQ(sweep({"--stdout", "out.txt"}).exit_code, 0);
  int kept = 0;
  for (const auto& [file, text] : contents_below(path("results"))) kept += text == "done: 20 nodes\n" ? 1 : 0;
  EXPECT_EQ(kept, 3);
}

TEST_F(Sweep, TellsWhatItWouldRun) {
  const Report report = sweep({"--dry-run"});
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.decisions().size(), 6U);
  EXPECT_THAT(project_.results(), IsEmpty());
}

TEST_F(Sweep, ObeysConstraints) {
  const Report report = sweep({"--constraint", "nodes < 20 || seed == 1"});
  EXPECT_EQ(report.total, 4) << report.errors;
  EXPECT_EQ(report.complete, 4);
}

TEST_F(Sweep, DoesNotGiveTheCommandToAShell) {
  const Words command = {"sweep",        "--json", "--name", "odd", "--stdout", "out.txt",
                         "text=$(id);*", "--",     "printf", "%s",  "{text}"};
  const Report report = parse_report(simswarm(command));
  EXPECT_EQ(report.exit_code, 0) << report.errors << report.out;
  const auto contents = contents_below(path("results"));
  ASSERT_EQ(contents.size(), 1U);
  EXPECT_EQ(contents.begin()->second, "$(id);*");
}

TEST_F(Sweep, ReadsProgressByAPattern) {
  const fs::path go = project_.outside() / "go";
  write("slow", "#!/bin/sh\necho 'at 40%'\nwhile [ ! -e \"$1\" ]; do sleep 0.05; done\necho $2 >\"$3/out\"\n");
  fs::permissions(path("slow"), fs::perms(0755));
  const Words command = {simswarm_program(), "sweep",     "--json", "--progress", "at ([0-9]+)%", "x=1", "--",
                         "./slow",           go.string(), "{x}",    "{results}"};
  Process campaign(command, project_.folder());
  EXPECT_TRUE(eventually([&] { return contains(campaign.out(), "\"fraction\":0.4"); }, 15)) << campaign.out();
  e2e::write(go, "");
  EXPECT_EQ(parse_report(campaign.wait()).complete, 1);
}

TEST_F(Sweep, IsReadFromAFile) {
  write("simswarm.toml", R"([sweep.wifi]
command = ["./scenario", "--nodes={nodes}", "--rate={rate}", "--seed={seed}", "--out={results}/run.csv"]
repetitions = 2
constraints = ["nodes < 20 || rate == 54"]

[sweep.wifi.grid]
nodes = [10, 20]
rate = [24, 54]

[sweep.wifi.success]
files = ["run.csv"]
pattern = '^done: \d+ nodes'

[sweep.pairs]
command = "./scenario --nodes={nodes} --seed={seed} --rate={rate} --out={results}/run.csv"
seeds = "5..6"
zip = [{ nodes = [10, 20, 30], rate = [1, 2, 3] }]

[sweep.points]
command = "./scenario --nodes={nodes} --seed={seed} --out={results}/run.csv"
points = [{ nodes = 10 }, { nodes = 15 }]
)");
  const auto total = [&](const char* name) {
    const Report report = parse_report(simswarm({"sweep", "--json", name}));
    EXPECT_EQ(report.exit_code, 0) << report.errors << report.out;
    EXPECT_EQ(report.complete, report.total);
    return report.total;
  };
  EXPECT_EQ(total("wifi"), 6);
  EXPECT_EQ(total("pairs"), 6);
  EXPECT_EQ(total("points"), 2);
  EXPECT_EQ(files_below(path("results/pairs")).size(), 6U);
  const Answer near = simswarm({"sweep", "wify"});
  EXPECT_EQ(near.exit_code, 2);
  EXPECT_TRUE(is_one_line_error(near.errors)) << near.errors;
  EXPECT_THAT(near.errors, testing::AllOf(HasSubstr("wify"), HasSubstr("did you mean"), HasSubstr("wifi")));
}

struct Mistake {
  std::string name;
  Words words;
  std::vector<std::string> parts;
};
std::ostream& operator<<(std::ostream& out, const Mistake& mistake) {
  return out << mistake.name;
}

class EachMistake : public testing::TestWithParam<Mistake> {};

TEST_P(EachMistake, IsOneClearLine) {
  const Project project("");
  const Answer answer = project.simswarm(Words{"sweep"} + GetParam().words);
  EXPECT_EQ(answer.exit_code, 2) << answer.all();
  EXPECT_TRUE(is_one_line_error(answer.errors)) << answer.errors;
  for (const std::string& part : GetParam().parts) EXPECT_THAT(answer.errors, HasSubstr(part));
  EXPECT_THAT(project.results(), IsEmpty());
}

const std::vector<Mistake> kMistakes = {
    {"PlaceholderWithoutParameter",
     {"nodes=1,2", "--", "echo", "{node}", "{nodes}"},
     {"{node}", "did you mean", "nodes"}},
    {"ParameterWithoutPlaceholder", {"nodes=1,2", "power=3", "--", "echo", "{nodes}"}, {"power", "{power}"}},
    {"DuplicatePoint", {"nodes=1,2,1", "--", "echo", "{nodes}"}, {"nodes=1"}},
    {"ParameterTwice", {"nodes=1", "nodes=2", "--", "echo", "{nodes}"}, {"nodes"}},
    {"NoValues", {"nodes=", "--", "echo", "{nodes}"}, {"nodes"}},
    {"NoCommand", {"nodes=1"}, {"command"}},
    {"OpenBrace", {"nodes=1", "--", "echo", "{nodes"}, {"{nodes"}},
    {"BadPattern", {"--success-pattern", "(", "nodes=1", "--", "echo", "{nodes}"}, {"("}},
    {"BadConstraint", {"--constraint", "nodes <", "nodes=1", "--", "echo", "{nodes}"}, {"nodes <"}},
    {"ConstraintOfAllPoints", {"--constraint", "nodes > 5", "nodes=1,2", "--", "echo", "{nodes}"}, {"nodes > 5"}},
};
INSTANTIATE_TEST_SUITE_P(Each, EachMistake, testing::ValuesIn(kMistakes),
                         [](const auto& each) { return each.param.name; });

// 95% confidence of 3 values with deviation 1: 4.303 / sqrt(3) = 2.484.
TEST_F(Sweep, IsSummedUpAsTableAndPlot) {
  EXPECT_EQ(sweep().exit_code, 0);
  const Answer table = simswarm({"table", "--x", "nodes", "--y", "throughput"});
  EXPECT_EQ(table.exit_code, 0) << table.all();
  for (const char* part : {"nodes", "102", "202", "2.48"}) EXPECT_THAT(table.out, HasSubstr(part));
  const Answer plot = simswarm(
      {"plot", "--x", "nodes", "--y", "throughput", "--ascii", "--svg", "plot.svg", "--title", "Wi-Fi <a & b>"});
  EXPECT_EQ(plot.exit_code, 0) << plot.all();
  EXPECT_TRUE(std::ranges::all_of(plot.out, [](char letter) { return letter > 0; })) << "not ASCII:\n" << plot.out;
  const std::string svg = project_.read("plot.svg");
  EXPECT_THAT(svg, testing::AllOf(HasSubstr("<svg"), HasSubstr("</svg>"), HasSubstr("nodes"), HasSubstr("throughput"),
                                  HasSubstr("Wi-Fi &lt;a &amp; b&gt;")));
  const Answer none = simswarm({"table", "--x", "nodes", "--y", "throughputt"});
  EXPECT_NE(none.exit_code, 0);
  EXPECT_THAT(none.errors, HasSubstr("«throughputt»; there are throughput"));
}

}  // namespace
}  // namespace simswarm::e2e
