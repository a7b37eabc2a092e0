// A campaign on this machine: which runs there are, which are known, executing the rest, and what became of them.
#pragma once

#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "campaign/backlog.h"
#include "campaign/commit.h"
#include "campaign/input_watch.h"
#include "campaign/planned.h"
#include "campaign/state.h"
#include "exec/executor.h"
#include "exec/keeper.h"
#include "exec/layer.h"
#include "ledger/ledger.h"
#include "plan/inputs.h"
#include "simulator/dialect.h"
#include "worker/worker.h"

namespace simswarm::campaign {

struct Foretold;  // campaign/foretold.h

struct Options {
  std::string name;
  std::string campaign;              // its id, where it has one already; empty: a new one
  std::vector<std::string> command;  // the user's words, for the record
  fs::path working_folder;           // absolute
  StateFolder state;
  std::string version;  // of simswarm
  std::size_t jobs = 1;
  std::optional<std::size_t> batch_size;  // exactly so many runs a process; nothing: as many as pays, where it may be
  std::optional<std::size_t> cores_per_run;
  std::optional<exec::CompanionSpec> companion;
  std::optional<double> stall;              // seconds without a sign of life
  std::optional<std::uint64_t> least_free;  // bytes of the disks; nothing: a fiftieth, at most 1 GiB
  exec::Limits limits;
  int retries = 1;
  std::optional<std::size_t> max_failures;
  bool retry_failed = false;
  bool verify = false;  // read the digests of known results again
  Existing existing = Existing::kKeep;
  std::string layer = "auto";                       // «auto», «overlay», «links»
  std::optional<exec::Containment> containment;     // nothing: the best that works here
  std::string run_as;                               // empty: chosen where we are root
  std::vector<std::string> inputs;                  // patterns of data files; empty: all but sources and results
  std::optional<std::size_t> most_queued;           // jobs that are claimed at a time; nothing: enough
  double grace = 5;                                 // seconds
  fs::path project;                                 // what runs see; empty: the git work tree around the working folder
  std::optional<std::vector<std::string>> listing;  // which files of it may be data; nothing: what git would track
  std::vector<Brought> brought;                     // variables of the programs, in place of ours
  std::vector<KeyPart> more_parts;                  // of the keys of all runs
  const Foretold* foretold = nullptr;               // what was planned elsewhere: nothing is asked here
  const volatile std::sig_atomic_t* interrupts = nullptr;  // counts Ctrl-C and SIGTERM
  int interrupt_descriptor = -1;                           // readable after one
};

// Everything before the first run. A plan holds the campaign's id, sign of life and claims.
struct Plan {
  std::string campaign;
  PlannedRuns runs;
  Backlog jobs;  // what is to be executed
  InputRecord inputs;
  RolledForward rolled_forward;
  std::vector<WatchedInput> watched;
  std::vector<std::string>
      hidden;  // what earlier runs wrote outside the result folders, relative to the working folder
  fs::path project;
  std::vector<fs::path> objects;    // program and libraries that it loads, absolute
  std::vector<std::string> notes;   // what the user should know
  std::int64_t ledger_version = 0;  // when decisions were made
  std::size_t slots = 0;            // processes that it has at once; 0: none of its own
};

struct Summary {
  std::string campaign;
  std::string state;  // «completed», «incomplete», «cancelled»
  std::size_t total = 0, complete = 0, known = 0, failed = 0, not_run = 0;
  std::map<Outcome, std::size_t> outcomes;
  std::size_t kept = 0;  // older files kept aside
  double wall_seconds = 0;
  double cpu_seconds = 0;
  CommitStats commits;
  Finals finals;
};

struct Tally {
  std::size_t total = 0, complete = 0, known = 0, failed = 0, running = 0, waiting = 0;
  std::optional<double> seconds_left;  // learned from runs that are done
};

struct BuildView;    // campaign/build_request.h
struct BuildAnswer;  // likewise

// Told what happens, in the campaign's thread.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void planned(const Plan& plan) = 0;
  virtual void started(const Planned& run, int attempt) = 0;
  // Its process ended before its turn came: it waits again, and that was no attempt.
  virtual void put_back(const Planned& /*run*/) {}
  virtual void ended(const Planned& run, const Attempt& attempt, bool will_retry, const Tally& tally) = 0;
  virtual void progress(const std::vector<worker::RunningView>& running, const Plan& plan, const Tally& tally) = 0;
  virtual void note(const std::string& text) = 0;
  virtual void finished(const Plan& plan, const Summary& summary) = 0;
  // Of a campaign that a builder builds first: how far it is, what it prints (pieces, as a terminal may have them), and
  // what came of it.
  virtual void building(const BuildView& /*view*/) {}
  virtual void build_output(std::string_view /*piece*/) {}
  virtual void built(const BuildAnswer& /*answer*/) {}
};

// Lists the runs, makes their keys and decides. `dry` claims nothing.
[[nodiscard]] Result<Plan> make_plan(const Options& options, Dialect& dialect, Ledger& ledger, bool dry);

[[nodiscard]] Result<Summary> run_campaign(const Options& options, Dialect& dialect, Observer& observer);

}  // namespace simswarm::campaign
