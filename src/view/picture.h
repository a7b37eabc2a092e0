// What is seen of a swarm at one moment: what the first page shows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "queue/queue_watch.h"

namespace simswarm::view {

struct Trouble {
  std::string what;  // one line
  std::string todo;  // one line; may be empty
  Stamp since{};
  bool is_error = true;  // else a warning
};

// How far the build is that a campaign waits for.
struct BuildProgress {
  std::string phase;  // «waiting», «fetching», «building», «packing», «planning», «queueing»
  std::uint64_t compiled = 0, hits = 0, remote = 0;
  std::uint64_t expected = 0;  // compilations in all; 0: not known
  std::size_t hosts = 0;       // compile servers that answer
  double seconds = 0;          // since it began
  std::size_t ahead = 0;       // builds before it, while it waits
};

// A campaign, and how its runs stand.
struct CampaignRow {
  std::string id, name, queue, host, build;  // `build`: its key, before that its job; may be empty
  Stamp created{};
  std::size_t runs = 0, waiting = 0, running = 0, finished = 0, failed = 0, cancelled = 0;
  std::string state;           // building, not_built, waiting, running, done, failed, cancelled, suspended, unknown
  std::optional<double> rate;  // runs that ended, a minute
  std::optional<double> left;  // seconds
  int priority = 0;
  bool is_planned = true;                   // else it is not known yet which runs it has
  std::optional<BuildProgress> building{};  // while it goes on
  std::string error{};                      // why it was not built: the first, one line
};

// Whether a worker takes jobs of a queue: of one that it names, and of those of campaigns behind a «-».
[[nodiscard]] inline bool serves(const jobs::WorkerView& worker, const jobs::QueueName& queue) {
  return std::ranges::any_of(worker.record.queues, [&](const jobs::QueueName& one) {
    return queue == one || queue.text.starts_with(one.text + "-");
  });
}

struct Picture {
  jobs::Survey survey;
  jobs::Counts totals;  // of all queues
  std::size_t slots = 0, busy = 0;
  bool has_queue = false;              // that was ever seen
  bool has_store = false;              // likewise
  std::vector<CampaignRow> campaigns;  // the newest first
  std::vector<Trouble> troubles;       // the worst first
  std::string queue_trouble;           // why the queue is not seen; empty: it is
  Monotonic seen_at{};
  // What changed, by names: «overview», «builds», «queue:NAME», «campaign:ID». Each grows with each change.
  std::map<std::string, std::uint64_t> topics;
};

}  // namespace simswarm::view
