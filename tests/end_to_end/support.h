// What the end-to-end tests share: temporary folders, the program as a process, its events, waiting for a condition.
// Everything a test touches lies in its temporary folder (TMPDIR), which goes when the test is over.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simswarm::e2e {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

Words operator+(Words left, const Words& right);

// Plain files. A failure to read or write fails the test.
std::string read(const fs::path& path);
void write(const fs::path& path, std::string_view text);
// False when there was nothing to replace.
bool replace_in(const fs::path& path, std::string_view from, std::string_view to);
bool contains(std::string_view text, std::string_view part);
// All regular files below a folder, as paths relative to it, sorted. None when there is no such folder.
std::vector<std::string> files_below(const fs::path& folder);
// A folder's files with their contents.
std::map<std::string, std::string> contents_below(const fs::path& folder);

// True as soon as the condition holds; false when it did not within the time.
bool eventually(const std::function<bool()>& condition, double seconds = 30);
// Processes whose command line has this text, zombies not counted.
std::vector<pid_t> processes_with(std::string_view text);

class TemporaryFolder {
 public:
  explicit TemporaryFolder(std::string_view name = "");  // `name`: of the folder inside that is used
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] const fs::path& path() const { return path_; }
  [[nodiscard]] const fs::path& outside() const { return outside_; }  // beside it, for what is not of the project

 private:
  fs::path outside_;
  fs::path path_;
};

struct Answer {
  int exit_code = -1;  // 128 + signal for a process that was ended by one
  std::string out;
  std::string errors;
  [[nodiscard]] std::string all() const { return out + errors; }
};

// A program in the background; it is killed when this goes.
class Process {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;
  Process(const Words& argv, const fs::path& folder, const Environment& environment = {});
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();
  void send(int signal) const;
  [[nodiscard]] std::string out() const;
  // Fails the test, and kills the program, when it takes longer.
  Answer wait(double seconds = 60);

 private:
  TemporaryFolder outputs_;
  pid_t pid_ = -1;
  std::optional<int> status_;
};

Answer run(const Words& argv, const fs::path& folder, const Process::Environment& environment = {});

// One event of --json; doc/formats.md describes them.
struct Event {
  std::string kind;  // planned, plan, started, ended, progress, note, summary
  std::string run;
  std::string name;
  std::string text;  // message, reason or text
  std::string outcome;
  std::string decision;
  std::string module;
  std::string simulated_time;
  int attempt = 0;
  int exit_code = 0;
  bool complete = false;
  bool will_retry = false;
};

struct Unfinished {
  std::string run;
  std::string outcome;
  std::string message;
  bool was_known = false;
};

// What a campaign said with --json.
struct Report {
  int exit_code = -1;
  std::string errors;
  std::string out;
  std::vector<Event> events;
  // Of the summary, which has to be the last event.
  bool has_summary = false;
  std::string state;
  int total = 0;
  int complete = 0;
  int known = 0;
  int failed = 0;
  int not_run = 0;
  int kept = 0;
  std::map<std::string, int> outcomes;
  std::vector<Unfinished> not_complete;

  [[nodiscard]] std::vector<Event> of(std::string_view kind) const;
  [[nodiscard]] std::vector<Event> ended(std::string_view run) const;
  [[nodiscard]] std::string outcome_of(std::string_view run) const;    // of its last attempt
  [[nodiscard]] std::vector<std::string> started() const;              // one entry an attempt, sorted
  [[nodiscard]] std::map<std::string, std::string> decisions() const;  // of --dry-run
  [[nodiscard]] std::string notes() const;
};
Report parse_report(const Answer& answer);

struct RunStatus {
  std::string run;
  std::string outcome;
  bool complete = false;
  int attempts = 0;
  std::vector<std::string> files;
};

// A project of cmdsim: ./sim, omnetpp.ini, and what a test adds.
class Project {
 public:
  explicit Project(std::string_view ini, std::string_view name = "project");

  [[nodiscard]] const fs::path& folder() const { return temporary_.path(); }
  [[nodiscard]] const fs::path& outside() const { return temporary_.outside(); }
  [[nodiscard]] fs::path path(const fs::path& relative) const { return folder() / relative; }
  [[nodiscard]] std::string read(const fs::path& relative) const { return e2e::read(path(relative)); }
  [[nodiscard]] std::vector<std::string> results() const { return files_below(path("results")); }
  void write(const fs::path& relative, std::string_view text) const { e2e::write(path(relative), text); }

  // simswarm WORDS in the project's folder.
  [[nodiscard]] Answer simswarm(const Words& words) const;
  [[nodiscard]] Words runall_words(const Words& options, const Words& simulation) const;
  // simswarm runall --json -j2 OPTIONS -- ./sim -c Study SIMULATION
  [[nodiscard]] Report runall(const Words& options = {}, const Words& simulation = {}) const;
  [[nodiscard]] std::vector<RunStatus> status(const Words& options = {}) const;
  // The simulation by hand, with the words that opp_runall adds.
  [[nodiscard]] Answer by_hand(const Words& simulation, const fs::path& folder) const;

 private:
  TemporaryFolder temporary_;
};

// `simswarm diff A B` says that both are equal in canonical form.
bool equal_results(const fs::path& left, const fs::path& right, std::string* difference = nullptr);
// The canonical form of .sca and .vec as the design words it, written a second time so that `diff` is not its own
// judge.
std::string canonical_text(std::string_view text);

// Is exactly one line that begins with the program's prefix.
bool is_one_line_error(const std::string& text);
// A study of 3 values and 2 repetitions: 6 runs, Study#0 to Study#5.
std::string study(std::string_view further_general = "");

std::string simswarm_program();
std::string cmdsim_program();
std::string cmdsim_wrapper();
std::string fault_shim();          // tests/end_to_end/fault_shim.cpp
std::string fault_ills();          // tests/end_to_end/fault_ills.cpp
std::string library(int version);  // a shared library; 1 and 2 differ

}  // namespace simswarm::e2e
