// The loop that claims jobs, executes them and hands over what came of them: a machine's share of a campaign.
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

// A batch that is being executed: the runs, by position in the campaign, in the order of the process.
struct Batch {
  std::uint64_t id = 0;
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
};

struct Options {
  std::size_t jobs = 1;         // processes at once
  int retries = 0;              // further attempts of what can be helped
  fs::path scratch;             // a folder of ours
  std::string mark;             // beginning of the mark in the environment of runs, «NAME=value»
  double grace = 5;             // seconds that running runs get after the first interrupt
  std::optional<double> stall;  // seconds without output and CPU time after which a run is ended
};

// What the loop tells and asks; called in its thread.
class Host {
 public:
  virtual ~Host() = default;
  virtual void started(const Batch& batch) = 0;
  // A batch ended; verdicts are final for its runs but those that `will_retry` names (positions in the batch).
  virtual void finished(Finished finished, const std::vector<bool>& will_retry) = 0;
  // About every half second, and after each event.
  virtual void tick(const std::vector<RunningView>& running) = 0;
  // Descriptors that wake the loop: signals, results that were committed.
  [[nodiscard]] virtual std::vector<int> wake_on() = 0;
  // Too much waits to be committed, or the disk is nearly full: nothing new is started.
  [[nodiscard]] virtual bool is_busy() = 0;
  // Nothing that was handed over can still come back to the queue.
  [[nodiscard]] virtual bool is_settled() { return true; }
  // How many runs may share the process that begins with this one.
  [[nodiscard]] virtual std::size_t batch_limit(std::size_t /*first*/) { return 1; }
  // Whether this run may start beside those that run now.
  [[nodiscard]] virtual bool has_room_for(std::size_t /*run*/) { return true; }
  // Runs to be executed in one process as a trial; empty: none is wanted now.
  [[nodiscard]] virtual std::vector<std::size_t> next_trial() { return {}; }
  // Start nothing new and let running runs end in their own time.
  [[nodiscard]] virtual bool is_draining() { return false; }
  // 0: go on. 1: start nothing new and give running runs the grace. 2: end everything now.
  [[nodiscard]] virtual int stop_level() = 0;
};

// Returns when the queue has nothing left, or after a stop; never while something runs. An error when programs cannot
// be started time and again: what runs has then ended, what waits is cancelled. `runs` are the campaign's, by position.
[[nodiscard]] Status work(Queue& queue, exec::Executor& executor, const Dialect& dialect, const RunList& runs,
                          const Options& options, Host& host);

}  // namespace simswarm::worker
