// How one speaks with a kind of program: which runs there are, how a run is started, how far it is, how it ended.
// Dialects: `cmdenv` (OMNeT++ 5.1 to 6.x) and `command` (any program with parameters).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "model/outcome.h"
#include "model/run.h"
#include "model/run_list.h"

namespace simswarm {

// A file that a process left.
struct LeftFile {
  std::string path;        // relative to the working folder (may begin with «../»)
  fs::path source;         // where it lies now
  std::uint64_t size = 0;  // bytes
};

// All that is known when a process that executed a batch of runs has ended.
struct Evidence {
  int wait_status = 0;                 // as waitpid(2) gives it
  std::optional<Outcome> ended_by_us;  // kTimedOut, kStalled, kOutOfMemory, kCancelled, …: why we ended it
  fs::path output;                     // captured standard output
  fs::path errors;                     // captured standard error
  fs::path left;                       // stands for the working folder; what judge() adds of its own goes here
  std::vector<LeftFile> files;         // what it left, sorted by path
};

// What became of one run of a batch, and which of the files are its own.
struct Judgement {
  Verdict verdict;
  std::uint64_t events = 0;        // simulated events, where the program tells
  std::vector<std::string> files;  // paths out of Evidence::files, or added below Evidence::left
};

// What the key of a run is made of besides the words of the run itself; folders and files are digested by the plan.
struct KeySources {
  // Run once in the working folder to see which objects the dynamic loader loads, wrappers looked through. Empty when a
  // start without a run would mean something to the program: then the loader is asked for `programs`.
  std::vector<std::string> probe_command;
  // Programs that are started, absolute: the plan traces which objects the dynamic loader loads for each, and runs
  // none.
  std::vector<fs::path> programs;
  std::vector<fs::path> files;                          // single files seen by every run
  std::vector<std::pair<fs::path, std::string>> trees;  // folder and the glob of the files in it that count (NED paths)
};

class Dialect {
 public:
  virtual ~Dialect() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;

  // The runs of the study in the program's own order. Not empty: a study without runs is an error with the near misses.
  [[nodiscard]] virtual Result<RunList> list_runs() = 0;

  // The argv that executes these runs one after another in one process, relative to the working folder.
  [[nodiscard]] virtual std::vector<std::string> command_line(std::span<const Run> batch) const = 0;
  // Whether command_line takes more than one run.
  [[nodiscard]] virtual bool can_batch() const = 0;
  // Whether these two may follow each other in one process.
  [[nodiscard]] virtual bool may_share_process(const Run& a, const Run& b) const { return a.config == b.config; }
  // A run keeps pace with real time: it gets cores that nothing else uses.
  [[nodiscard]] virtual bool wants_own_cores() const { return false; }
  // Seconds that each process spends on finding its runs in the study before it simulates; 0: not known, or nothing.
  [[nodiscard]] virtual double seconds_to_unroll() const { return 0; }
  // What the user should know of the study: one sentence each. After list_runs().
  [[nodiscard]] virtual std::vector<std::string> remarks() const { return {}; }
  // Parts of the study whose runs cannot be listed: one sentence each, which stands among the remarks, too. The others
  // run, and yet the campaign is not complete. After list_runs().
  [[nodiscard]] virtual std::vector<std::string> broken() const { return {}; }
  // Runs that must be executed in one process, in order, and count only together (they append to one file), by their
  // position in list_runs().
  [[nodiscard]] virtual std::vector<std::vector<std::size_t>> inseparable() const { return {}; }

  // Result files that the run is going to write as far as they are known beforehand, relative to the working folder.
  [[nodiscard]] virtual std::vector<std::string> expected_files(const Run& run) const = 0;
  // Folders that hold nothing but results, relative to the working folder; a run sees them empty.
  [[nodiscard]] virtual std::vector<std::string> result_folders() const = 0;

  // A folder of the run's own, relative to the working folder: made before it starts, and then empty. Empty: it needs
  // none.
  [[nodiscard]] virtual std::string run_folder(const Run&) const { return {}; }

  // Where the run's status lines go: a file relative to the working folder, or empty for standard output.
  [[nodiscard]] virtual std::string status_file(const Run& run) const = 0;
  // Progress out of the last few KiB of that text; nothing when it says none.
  [[nodiscard]] virtual std::optional<Progress> read_progress(std::string_view tail) const = 0;

  // Whether the program is still reading and building, by that text: what it does then is no sign of its progress.
  [[nodiscard]] virtual bool is_setting_up(std::string_view /*tail*/) const { return false; }

  // One judgement for each run of the batch, in its order. A file that names
  // no run of a batch belongs to the last one that started, whose process wrote it last.
  [[nodiscard]] virtual std::vector<Judgement> judge(std::span<const Run> batch, const Evidence& evidence) const = 0;

  [[nodiscard]] virtual KeySources key_sources() const = 0;
  // The parts of a run's key that are words, not files: arguments, environment, configuration, variables, repetition,
  // ….
  [[nodiscard]] virtual std::vector<KeyPart> key_parts(const Run& run) const = 0;
};

}  // namespace simswarm
