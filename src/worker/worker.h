// The loop that claims jobs, executes them and hands over what came of them: a machine's share of a campaign, or of
// several at once, which share its slots.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "exec/executor.h"
#include "queue/queue.h"
#include "simulator/dialect.h"

namespace simswarm::worker {

// What the jobs of one study are executed with.
struct Study {
  exec::Executor* executor = nullptr;
  const Dialect* dialect = nullptr;
  const RunList* runs = nullptr;  // by position
  fs::path scratch{};             // a folder of ours beside its results; empty: Options::scratch
  std::optional<double> stall{};  // in place of Options::stall
};
// The study of a job. A study may come at any time, and go when none of its jobs is in the queue and the host has been
// told of the last of its batches.
using Studies = std::function<Study(std::size_t study)>;

// A batch that is being executed: runs of one study, by position, in the order of the process: those of the first
// claim's job in the job's order, then those of the second, ….
struct Batch {
  std::uint64_t id = 0;  // unique among all studies
  std::size_t study = 0;
  std::vector<Claim> claims;
  std::vector<std::size_t> runs;
  std::vector<std::string> argv;
  fs::path scratch;
  bool is_trial = false;  // executed to be compared, not to be accepted: it has no claims
};

struct Finished {
  Batch batch;
  exec::Ended ended;
  std::vector<Judgement> judgements;  // one a run, in the batch's order
  std::string reason;                 // why the loop ended it, where it did: one sentence
};

struct RunningView {
  std::size_t run = 0;
  double wall_seconds = 0;
  Progress progress;
  std::size_t study = 0;
  std::string line{};                      // the last that the program wrote
  fs::path output{};                       // what it prints goes there
  std::optional<unsigned> output_owner{};  // user id; where the program makes that file itself, of whatever kind
};

// Runs of a study to be executed in one process, only to be compared.
struct Trial {
  std::size_t study = 0;
  std::vector<std::size_t> runs;  // none: no trial
};

// A job that is to be ended, and what it then came to.
struct Stop {
  JobId job;
  Outcome why = Outcome::kCancelled;
};

struct Options {
  std::size_t jobs = 1;         // processes at once
  int retries = 0;              // further attempts of what can be helped
  fs::path scratch;             // a folder of ours
  std::string mark;             // beginning of the mark in the environment of runs, «NAME=value»
  double grace = 5;             // seconds that running runs get after the first interrupt
  std::optional<double> stall;  // seconds without output and CPU time after which a run is ended
  bool gives_up = true;         // when programs cannot be started time and again; else that is each run's own failure
};

// What the loop tells and asks; called in its thread.
class Host {
 public:
  virtual ~Host() = default;
  virtual void started(const Batch& batch) = 0;
  // A batch ended; verdicts are final for its runs but those that `will_retry` names (positions in the batch). What was
  // not started and does not come again had no attempt: the loop is ending.
  virtual void finished(Finished finished, const std::vector<bool>& will_retry) = 0;
  // About every half second, and after each event.
  virtual void tick(const std::vector<RunningView>& running) = 0;
  // Descriptors that wake the loop: signals, results that were committed.
  [[nodiscard]] virtual std::vector<int> wake_on() = 0;
  // Too much waits to be committed, or the disk is nearly full: nothing new is started.
  [[nodiscard]] virtual bool is_busy() = 0;
  // Nothing that was handed over can still come back to the queue.
  [[nodiscard]] virtual bool is_settled() { return true; }
  // How many runs of the study may share the process that begins with this one.
  [[nodiscard]] virtual std::size_t batch_limit(std::size_t /*study*/, std::size_t /*first*/) { return 1; }
  // Whether this run may start beside those that run now. Where the host has to know of others on this machine
  // (`shares_machine`) it is asked also while nothing runs here; a run that may start does at once, or not at all.
  [[nodiscard]] virtual bool shares_machine() { return false; }
  [[nodiscard]] virtual bool has_room_for(std::size_t /*study*/, std::size_t /*run*/) { return true; }
  // A trial that is wanted now.
  [[nodiscard]] virtual Trial next_trial() { return {}; }
  // Jobs to be ended, asked in each round; naming one again does no harm. One that waits is withdrawn. The process of
  // one that runs is ended with all its runs: the job comes to finished() as `why` and is not tried again, unless it
  // had ended by itself; other jobs whose runs were cut short or not reached come again, which is no attempt of theirs.
  [[nodiscard]] virtual std::vector<Stop> to_stop() { return {}; }
  // A job left the queue before it was started: it was to be stopped, or the loop starts nothing more.
  virtual void withdrawn(JobId /*job*/) {}
  // Start nothing new and let running runs end in their own time.
  [[nodiscard]] virtual bool is_draining() { return false; }
  // 0: go on. 1: start nothing new and give running runs the grace. 2: end everything now.
  [[nodiscard]] virtual int stop_level() = 0;
};

// Returns when the queue has nothing left, or after a stop; never while something runs. An error when programs cannot
// be started time and again (Options::gives_up): what runs has then ended, what waits is cancelled.
[[nodiscard]] Status work(Queue& queue, const Studies& studies, const Options& options, Host& host);

}  // namespace simswarm::worker
