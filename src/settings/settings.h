// simswarm.toml: settings of campaigns and the project's sweeps.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "simulator/command.h"

namespace simswarm {

// What happens to an older result file that differs from a new one.
enum class ExistingFiles { kKeep, kRefuse, kReplace };
// How a run gets its private writable layer.
enum class LayerChoice { kAuto, kOverlay, kLinks };

// The table [companion]: a program beside each run.
struct CompanionSettings {
  std::vector<std::string> command;  // empty: none
  std::optional<int> port;
  std::optional<double> ready_seconds;
};

// The table [campaign]. What is empty was not set: options of the command line and defaults of the program hold.
struct CampaignSettings {
  std::optional<int> jobs;
  std::optional<double> timeout_seconds;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<double> stall_seconds;
  std::optional<std::uint64_t> max_output_bytes;
  std::optional<std::uint64_t> min_free_bytes;
  std::optional<int> cores_per_run;
  std::optional<int> retries;
  std::optional<int> max_failures;
  std::optional<ExistingFiles> existing;
  std::optional<LayerChoice> layer;
  std::optional<std::string> containment;
  std::optional<std::string> run_as;
  std::vector<std::string> inputs;
  std::vector<std::string> environment;
  CompanionSettings companion;
};

// The table [build]: how the project is built elsewhere. What is empty was not set.
struct BuildSettings {
  std::vector<std::vector<std::string>> command;  // steps, one after another: a program and its words; {jobs} in them
  std::string folder;                             // where, relative to the file's own
  std::string mode;                               // «release» or «debug»
  std::vector<std::string> environment;           // names of variables that go along
  std::vector<std::string> include;               // patterns of files that git ignores and that go along
  std::vector<std::string> roots;                 // folders of other projects, relative to the file's own or absolute
  std::string image;
};

struct Settings {
  CampaignSettings campaign;
  BuildSettings build;
  std::map<std::string, SweepSpec> sweeps;
};

[[nodiscard]] Result<Settings> read_settings(const fs::path& file);
// `file` is for messages.
[[nodiscard]] Result<Settings> parse_settings(std::string_view text, const std::string& file);

// One key of the file. The reader takes its names and the words of its errors from here, the documents and the help
// theirs.
struct SettingKey {
  std::string_view table;  // «campaign», «sweep.NAME», «sweep.NAME.success»
  std::string_view name;
  std::string_view type;  // what is expected
  std::string_view fallback;
  std::string_view meaning;
};

inline constexpr std::string_view kCampaignTable = "campaign";
inline constexpr std::string_view kCompanionTable = "companion";
inline constexpr std::string_view kBuildTable = "build";
inline constexpr std::string_view kSweepTable = "sweep.NAME";
inline constexpr std::string_view kSuccessTable = "sweep.NAME.success";

inline constexpr std::array kSettingKeys{
    SettingKey{kCampaignTable, "jobs", "a whole number, 1 or more", "all cores", "runs at once"},
    SettingKey{kCampaignTable, "timeout", "a duration, like 90, \"15m\" or \"1.5h\"", "none",
               "wall time after which a run is ended; a bare number is seconds"},
    SettingKey{kCampaignTable, "memory", "a size, like \"512M\" or \"4GiB\"", "none",
               "memory of a run's whole process tree at which it is ended; a bare number is bytes"},
    SettingKey{kCampaignTable, "stall", "a duration, like 90, \"15m\" or \"1.5h\"", "none",
               "time without output and CPU time after which a run is ended"},
    SettingKey{kCampaignTable, "max_output", "a size, like \"512M\" or \"4GiB\"", "none",
               "bytes written by a run, in all, at which it is ended"},
    SettingKey{kCampaignTable, "min_free", "a size, like \"512M\" or \"4GiB\"", "a fiftieth, at most 1 GiB",
               "free space on the disks of state and results below which nothing new is started"},
    SettingKey{kCampaignTable, "cores_per_run", "a whole number, 1 or more", "1, shared",
               "cores that each run has for itself"},
    SettingKey{kCampaignTable, "retries", "a whole number, 0 or more", "2",
               "how often a run is tried again after what another try can help"},
    SettingKey{kCampaignTable, "max_failures", "a whole number, 1 or more", "none",
               "failed runs after which no new ones are started"},
    SettingKey{kCampaignTable, "existing", "one of \"keep\", \"refuse\", \"replace\"", "\"keep\"",
               "an older, differing file in a result's place: kept aside, a reason not to start, or replaced"},
    SettingKey{kCampaignTable, "inputs", "a list of texts", "all files that git does not ignore",
               "patterns of the files that a run can see the content of, like \"data/**\": they make its key"},
    SettingKey{kCampaignTable, "environment", "a list of texts", "none",
               "names of environment variables whose values belong to the key of a run"},
    SettingKey{kCampaignTable, "layer", "one of \"auto\", \"overlay\", \"links\"", "\"auto\"",
               "how a run gets a private writable layer over the project"},
    SettingKey{kCampaignTable, "containment", "one of \"auto\", \"cgroup\", \"pid-namespace\", \"guardian\"",
               "\"auto\"", "how all that runs have started is found and ended"},
    SettingKey{kCampaignTable, "run_as", "a text", "the user", "the user that runs are executed as"},
    SettingKey{kCompanionTable, "command", "a list of texts, or one text", "none",
               "a program started beside each run (SUMO, a server), in the same folder, and ended with it"},
    SettingKey{kCompanionTable, "port", "a whole number, 1 or more", "none",
               "TCP port on which it has to listen before the run starts"},
    SettingKey{kCompanionTable, "ready", "a duration, like 90, \"15m\" or \"1.5h\"", "30",
               "how long to wait for the port"},
    SettingKey{
        kBuildTable, "command", "a list of words, or a list of such lists", "found in the project's files",
        "what builds the project, like [\"make\", \"-j{jobs}\"], or several steps, each a list; {jobs} is the number "
        "of compilers at once"},
    SettingKey{kBuildTable, "folder", "a folder within, like \"src\"", "the folder of simswarm.toml",
               "where the command is called"},
    SettingKey{kBuildTable, "mode", "one of \"release\", \"debug\"", "\"release\"",
               "MODE of makefiles, CMAKE_BUILD_TYPE of CMake"},
    SettingKey{kBuildTable, "environment", "a list of names of variables", "none",
               "environment variables that go along to the builder; with their values they tell builds apart"},
    SettingKey{kBuildTable, "include", "a list of texts", "none",
               "patterns of files that git ignores and that go along nevertheless, like \"data/**\""},
    SettingKey{
        kBuildTable, "roots", "a list of texts", "found in the project's files and the command",
        "folders of the other projects that are built and used too, like \"../inet\", in the order in which they need "
        "each other"},
    SettingKey{kBuildTable, "image", "a text", "the builder's own", "name of the image that builds and runs it"},
    SettingKey{
        kSweepTable, "command", "a list of texts, or one text", "needed",
        "the program and its arguments, with placeholders; a text is split like a shell does, without expansion"},
    SettingKey{kSweepTable, "grid", "a table of values", "none",
               "parameters; every combination is a point. Values are a list, one value, or a text like \"1..30\""},
    SettingKey{kSweepTable, "zip", "a list of tables of values", "none",
               "in each table lists of one length that go side by side, and count as one dimension of the grid"},
    SettingKey{kSweepTable, "points", "a list of tables", "none",
               "points stated one by one; each gives every parameter"},
    SettingKey{kSweepTable, "constraints", "a list of texts, or one text", "none",
               "conditions that all have to hold for a run, like \"nodes < 20 || seed == 1\""},
    SettingKey{kSweepTable, "repetitions", "a whole number, 1 or more", "1", "runs of each point"},
    SettingKey{kSweepTable, "seeds", "a list of values, or one text like \"1..30\"", "1, 2, …",
               "what {seed} is in each repetition"},
    SettingKey{kSweepTable, "results", "a text", "\"results/{name}/{point}\"", "the folder of a run's results"},
    SettingKey{kSweepTable, "stdout", "a text", "none", "file in the run's folder that keeps its standard output"},
    SettingKey{kSweepTable, "environment", "a list of texts", "none",
               "names of environment variables whose values belong to the key of a run, besides those of [campaign]"},
    SettingKey{kSweepTable, "success", "a table", "exit code 0", "when a run counts as complete"},
    SettingKey{kSweepTable, "progress", "a text", "none",
               "regular expression whose first group is the percentage that is done, in standard output"},
    SettingKey{kSuccessTable, "codes", "a list of whole numbers", "[0]", "exit codes"},
    SettingKey{
        kSuccessTable, "files", "a list of texts", "none",
        "files that have to be there and not be empty, in the run's folder (with {results}: in the working folder)"},
    SettingKey{kSuccessTable, "pattern", "a text", "none",
               "regular expression that some line of the output has to match"},
};

}  // namespace simswarm
