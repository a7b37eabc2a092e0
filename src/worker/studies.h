// The studies that a worker is at: what their runs are, and what they stand on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exec/executor.h"
#include "exec/keeper.h"
#include "exec/network.h"
#include "exec/state.h"
#include "queue/job_queue.h"
#include "store/node_cache.h"
#include "worker/assignment.h"
#include "worker/batching.h"
#include "worker/delivery.h"
#include "worker/worker.h"

namespace simswarm::worker {

// Where stored studies come from. Nothing: this worker has no store.
struct StudySource {
  store::Store* store = nullptr;
  store::NodeCache* cache = nullptr;
  fs::path work{};  // where they are executed
};

struct GroundOptions {
  std::string owner;           // names the worker's scratch; unique
  std::string layer = "auto";  // «auto», «overlay», «links»
  std::string run_as;          // user of runs; empty: chosen where we are root
  exec::Network network = exec::Network::kOpen;
  exec::Limits limits;          // of runs that say none themselves
  std::optional<double> stall;  // likewise
  std::size_t slots = 1;
  exec::Keeper* keeper = nullptr;
  StudySource source{};
  std::string cpu{};  // the kind of this machine's processor
  // A campaign keeps to another kind; called by open_study().
  std::function<void(const std::string& campaign, const std::string& cpu)> on_other_cpu = [](const auto&, const auto&) {
  };
};

// What to open.
struct StudyRequest {
  std::size_t id = 0;
  std::string campaign{};  // empty: a job of its own
  std::string spec{};      // JSON
  std::chrono::seconds timeout = jobs::kForever;
};

struct OpenStudy {
  std::size_t id = 0;
  StudySpec spec;
  std::string campaign{};   // empty: a job of its own
  jobs::QueueName queue{};  // from which its jobs come
  std::unique_ptr<Dialect> dialect;
  RunList runs;
  exec::ExecutorSpec ground{};  // until it begins
  std::unique_ptr<exec::Executor> executor;
  exec::Limits limits;
  DeliveryPlace place;
  Batching batching{1, ""};
  std::optional<exec::SignOfLife> sign;
  fs::path scratch;
  std::size_t jobs = 0;  // of it that this worker holds
  Monotonic used{};
  std::map<std::size_t, std::vector<ResultFile>> samples{};  // what runs gave that were alone in their process
  double run_seconds = 0;                                    // of a run, a running mean; 0: not known

  // Of a stored study.
  std::unique_ptr<store::Held> artifact{};
  std::string keys{};  // of its runs, 32 bytes each
  [[nodiscard]] RunKey key_of(std::size_t position) const;

  // The first difference between what runs gave that were executed again and what was accepted; empty: none.
  [[nodiscard]] std::string difference_to(const Finished& trial) const;
  // What a run gave, as if it had been executed there.
  [[nodiscard]] fs::path sample_folder(std::size_t position) const;
};

// Opens a study, in any thread: several at once. Errors are the study's own: its job fails with them.
[[nodiscard]] Result<std::unique_ptr<OpenStudy>> open_study(const StudyRequest& request, const GroundOptions& options);
// The rest, in the thread that starts its runs.
void begin_study(OpenStudy& study, const GroundOptions& options);
// Ends what still runs of it, and removes its scratch.
void close_study(OpenStudy& study, const GroundOptions& options);

}  // namespace simswarm::worker
