#include "settings/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "settings/shell_words.h"

namespace simswarm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Settings settings(std::string_view text) {
  const auto parsed = parse_settings(text, "simswarm.toml");
  EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
  return parsed.value_or(Settings{});
}

std::string error_of(std::string_view text) {
  const auto parsed = parse_settings(text, "simswarm.toml");
  return parsed.has_value() ? "no error" : parsed.error().message;
}

TEST(Settings, OfAnEmptyFileSetNothing) {
  const Settings empty = settings("");
  EXPECT_THAT(empty.sweeps, IsEmpty());
  EXPECT_FALSE(empty.campaign.jobs.has_value());
}

TEST(Settings, TakeAWholeSweep) {
  const SweepSpec sweep = settings(R"(
[sweep.wifi]
command = ["./scenario", "--nodes={nodes}", "--rate={rate}", "--seed={seed}"]
grid = { nodes = [10, 20], rate = "1..3", mode = ["a", 1.50, true] }
zip = [{ width = [1, 2], height = ["x", "y"] }]
points = [{ nodes = 1, rate = 2.0, mode = "b" }]
constraints = ["nodes < 20"]
repetitions = 3
seeds = "7..9"
results = "out/{point}"
stdout = "out.txt"
environment = ["NS_LOG"]
progress = '([0-9]+)%'

[sweep.wifi.success]
codes = [0, 2]
files = ["run.csv"]
pattern = "done"
)")
                              .sweeps.at("wifi");
  EXPECT_EQ(sweep.name, "wifi");
  EXPECT_EQ(sweep.command.size(), 4U);
  ASSERT_EQ(sweep.grid.size(), 3U);
  EXPECT_THAT(sweep.grid[0].values, ElementsAre("10", "20"));
  EXPECT_THAT(sweep.grid[1].values, ElementsAre("1", "2", "3"));
  EXPECT_THAT(sweep.grid[2].values, ElementsAre("a", "1.50", "true")) << "numbers stay as they are written";
  ASSERT_EQ(sweep.zipped.size(), 1U);
  EXPECT_EQ(sweep.zipped[0][0].name, "width");
  EXPECT_THAT(sweep.zipped[0][1].values, ElementsAre("x", "y"));
  ASSERT_EQ(sweep.points.size(), 1U);
  EXPECT_EQ(sweep.points[0][1].value, "2.0");
  EXPECT_THAT(sweep.constraints, ElementsAre("nodes < 20"));
  EXPECT_EQ(sweep.repetitions, 3);
  EXPECT_THAT(sweep.seeds, ElementsAre("7", "8", "9"));
  EXPECT_EQ(sweep.results, "out/{point}");
  EXPECT_EQ(sweep.stdout_file, "out.txt");
  EXPECT_THAT(sweep.environment, ElementsAre("NS_LOG"));
  EXPECT_EQ(sweep.progress_pattern, "([0-9]+)%");
  EXPECT_THAT(sweep.success_codes, ElementsAre(0, 2));
  EXPECT_THAT(sweep.required_files, ElementsAre("run.csv"));
  EXPECT_EQ(sweep.success_pattern, "done");
}

TEST(Settings, KeepParametersInTheOrderOfTheFile) {
  const Settings read = settings("[sweep.a]\ncommand = 'x'\n[sweep.a.grid]\nzeta = 1\nalpha = [2]\nmiddle = \"3\"\n");
  std::vector<std::string> names;
  for (const Parameter& parameter : read.sweeps.at("a").grid) names.push_back(parameter.name);
  EXPECT_THAT(names, ElementsAre("zeta", "alpha", "middle"));
}

TEST(Settings, KeepNumbersAsTheyAreWritten) {
  const Settings read =
      settings("[sweep.a]\ncommand = 'x'\ngrid = { 'ä' = [0.10, 1e3,-2.50], b = [1_000.5 ], c = 0x10 } # end\n");
  const auto& grid = read.sweeps.at("a").grid;
  EXPECT_THAT(grid[0].values, ElementsAre("0.10", "1e3", "-2.50"));
  EXPECT_THAT(grid[1].values, ElementsAre("1000.5"));
  EXPECT_THAT(grid[2].values, ElementsAre("16"));
}

TEST(Settings, SplitACommandThatIsOneText) {
  const Settings read = settings("[sweep.a]\ncommand = \"./x --name='two words' {results}\"\n");
  EXPECT_THAT(read.sweeps.at("a").command, ElementsAre("./x", "--name=two words", "{results}"));
  EXPECT_EQ(error_of("[sweep.a]\ncommand = './x > out.txt'\n"),
            "simswarm.toml:2: sweep.a.command: «>» needs a shell, and none is started; quote it, or write [\"sh\", "
            "\"-c\", \"…\"]");
}

TEST(Settings, TakeGeneralSettings) {
  const CampaignSettings campaign = settings(R"([campaign]
jobs = 8
timeout = "15m"
memory = "4GiB"
retries = 0
max_failures = 10
existing = "refuse"
inputs = ["data/**"]
environment = ["NS_LOG"]
layer = "links"
run_as = "nobody"
containment = "guardian"
)")
                                        .campaign;
  EXPECT_EQ(campaign.jobs, 8);
  EXPECT_EQ(campaign.timeout_seconds, 900);
  EXPECT_EQ(campaign.memory_bytes, 4ULL << 30);
  EXPECT_EQ(campaign.retries, 0);
  EXPECT_EQ(campaign.max_failures, 10);
  EXPECT_EQ(campaign.existing, ExistingFiles::kRefuse);
  EXPECT_EQ(campaign.layer, LayerChoice::kLinks);
  EXPECT_EQ(campaign.run_as, "nobody");
  EXPECT_EQ(campaign.containment, "guardian");
  EXPECT_THAT(campaign.inputs, ElementsAre("data/**"));
  EXPECT_EQ(settings("[campaign]\ntimeout = 90\n").campaign.timeout_seconds, 90);
}

TEST(Settings, WithUnknownKeysAreRefused) {
  EXPECT_EQ(error_of("[campaign]\njobs = 1\nretrys = 3\n"),
            "simswarm.toml:3: unknown key «retrys» in [campaign]; did you mean «retries»?");
  EXPECT_EQ(error_of("[sweep.wifi]\ncommand = 'x'\nrepetition = 3\n"),
            "simswarm.toml:3: unknown key «repetition» in [sweep.wifi]; did you mean «repetitions»?");
  EXPECT_EQ(error_of("[sweep.wifi]\ncommand = 'x'\nsuccess = { code = [1] }\n"),
            "simswarm.toml:3: unknown key «code» in [sweep.wifi.success]; did you mean «codes»?");
  EXPECT_EQ(error_of("[sweeps.wifi]\n"), "simswarm.toml:1: unknown key «sweeps»; did you mean «sweep»?");
  EXPECT_EQ(error_of("[zzzzzzzzzzzz]\n"),
            "simswarm.toml:1: unknown key «zzzzzzzzzzzz»; known are [build], [campaign], [companion] and [sweep.NAME]");
}

TEST(Settings, OfAWrongTypeNamePlaceKeyValueAndWhatIsExpected) {
  EXPECT_EQ(error_of("[campaign]\n\njobs = \"three\"\n"),
            "simswarm.toml:3: campaign.jobs is \"three\"; expected a whole number, 1 or more");
  EXPECT_EQ(error_of("[campaign]\njobs = 0\n"),
            "simswarm.toml:2: campaign.jobs is 0; expected a whole number, 1 or more");
  EXPECT_EQ(error_of("[campaign]\ntimeout = \"soon\"\n"),
            "simswarm.toml:2: campaign.timeout is \"soon\"; expected a duration, like 90, \"15m\" or \"1.5h\"");
  EXPECT_EQ(error_of("[campaign]\nexisting = \"overwrite\"\n"),
            "simswarm.toml:2: campaign.existing is \"overwrite\"; expected one of \"keep\", \"refuse\", \"replace\"");
  EXPECT_EQ(error_of("[campaign]\ninputs = \"data\"\n"),
            "simswarm.toml:2: campaign.inputs is \"data\"; expected a list of texts");
  EXPECT_EQ(error_of("[campaign]\ninputs = [\"a\",\n 5]\n"),
            "simswarm.toml:3: campaign.inputs: 5 is in it; expected a list of texts");
  EXPECT_EQ(error_of("campaign = 1\n"), "simswarm.toml:1: campaign is 1; expected a table");
  EXPECT_EQ(error_of("[sweep.a]\ncommand = 'x'\nrepetitions = 2.5\n"),
            "simswarm.toml:3: sweep.a.repetitions is 2.5; expected a whole number, 1 or more");
  EXPECT_EQ(error_of("[sweep.a]\ncommand = 'x'\ngrid = [1]\n"),
            "simswarm.toml:3: sweep.a.grid is a list; expected a table of values");
  EXPECT_EQ(error_of("[sweep.a]\ncommand = 'x'\ngrid = { n = [[1]] }\n"),
            "simswarm.toml:3: sweep.a.grid.n: a list is in the list; expected texts and numbers");
  EXPECT_EQ(error_of("[sweep.a]\ncommand = 'x'\ngrid = { n = \"3..1\" }\n"),
            "simswarm.toml:3: sweep.a.grid.n: «3..1» is empty: step 1 does not lead from 3 to 1");
  EXPECT_EQ(error_of("[sweep.a]\ncommand = 'x'\npoints = [{ n = 2026-01-01 }]\n"),
            "simswarm.toml:3: sweep.a.points.n: a date or time is no value; expected a text or a number");
  EXPECT_EQ(error_of("[sweep.a]\ncommand = 'x'\nsuccess = { codes = [0, 256] }\n"),
            "simswarm.toml:3: sweep.a.success.codes: 256 is no exit code; they go from 0 to 255");
}

TEST(Settings, NeedACommandForASweep) {
  EXPECT_EQ(error_of("\n[sweep.wifi]\nstdout = 'x'\n"), "simswarm.toml:2: [sweep.wifi] has no command");
  EXPECT_EQ(error_of("[sweep.wifi]\ncommand = []\n"), "simswarm.toml:2: sweep.wifi.command: it is empty");
}

TEST(Settings, ThatAreNoTomlSayWhere) {
  EXPECT_THAT(error_of("[campaign]\njobs = = 3\n"), testing::StartsWith("simswarm.toml:2:8: "));
  EXPECT_THAT(error_of("[campaign]\njobs = 3\njobs = 4\n"), testing::StartsWith("simswarm.toml:3:"));
}

TEST(Settings, OfAFileThatIsNotThereSayWhich) {
  const auto read = read_settings("/nonexistent/simswarm.toml");
  ASSERT_FALSE(read.has_value());
  EXPECT_THAT(read.error().message, HasSubstr("/nonexistent/simswarm.toml"));
}

TEST(SettingsReference, NamesEachKeyOnceAndExplainsIt) {
  std::vector<std::string> names;
  for (const SettingKey& key : kSettingKeys) {
    names.push_back(std::string(key.table) + "." + std::string(key.name));
    EXPECT_FALSE(key.type.empty() || key.fallback.empty() || key.meaning.empty()) << names.back();
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(ShellWords, AreSplitWithoutExpansion) {
  EXPECT_THAT(*split_shell_words("  a  'b c' \"d \\\" e\" f\\ g h''i '' $HOME * "),
              ElementsAre("a", "b c", "d \" e", "f g", "hi", "", "$HOME", "*"));
  EXPECT_EQ(split_shell_words("a 'b").error().message, "the quote ' is not closed in «a 'b»");
}

}  // namespace
}  // namespace simswarm
