// Looks at a queue for many who watch: much in few steps, and nothing is changed. For a Redis server.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "queue/job_queue.h"

namespace simswarm::jobs {

struct QueueRow {
  QueueName name;
  std::string campaign;  // its name for people; may be empty
  int priority = 0;
  Counts counts;
};

// All at one moment.
struct Survey {
  bool suspended = false;
  std::vector<QueueRow> queues;     // by name
  std::vector<WorkerView> workers;  // by name
};

// A job that has ended; times as in JobView.
struct EndedJob {
  JobId id;
  State state = State::kFinished;
  int attempt = 0;
  std::string worker, node, started_at, ended_at;
};

// How far what ended has been seen: of the finished, failed and cancelled. Empty: not at all.
struct Mark {
  std::array<std::string, 3> scores{};
  std::array<std::size_t, 3> skip{};  // so many of each from there on have been seen
};

struct Moves {
  std::vector<JobView> started;
  std::vector<EndedJob> ended;  // some of them may have been told before
  Mark mark;                    // for the next time
  bool more = false;            // there is more to be told at once
};

// What is asked of one queue.
struct MovesAsked {
  QueueName queue;
  Mark since;
};

// What stands at one place of a queue.
struct PlaceAsked {
  QueueName queue;
  Place place = Place::kQueued;
};

// One thread at a time; each call is one step at the server.
class QueueWatch {
 public:
  static constexpr std::size_t kMostMoves = 5000;  // of each kind

  QueueWatch() = default;
  QueueWatch(const QueueWatch&) = delete;
  QueueWatch& operator=(const QueueWatch&) = delete;
  virtual ~QueueWatch() = default;

  [[nodiscard]] virtual Result<Survey> survey() = 0;
  // What is started, and what has ended from the mark on.
  [[nodiscard]] virtual Result<Moves> moves(const QueueName& queue, const Mark& since) = 0;
  // The same of several queues, in one step where the server can.
  [[nodiscard]] virtual Result<std::vector<Moves>> all_moves(const std::vector<MovesAsked>& asked) {
    std::vector<Moves> all;
    for (const MovesAsked& one : asked) {
      SIMSWARM_TRY(Moves moves, this->moves(one.queue, one.since));
      all.push_back(std::move(moves));
    }
    return all;
  }
  // The oldest first.
  [[nodiscard]] virtual Result<std::vector<JobId>> ids(const QueueName& queue, Place place, std::size_t offset,
                                                       std::size_t most) = 0;
  // The first line of what each failed of, cut where it is long; empty: of nothing that is known.
  [[nodiscard]] virtual Result<std::vector<std::string>> errors(const std::vector<JobId>& ids) = 0;
  // All that is known of the newest at each of these places, in the order of places.
  [[nodiscard]] virtual Result<std::vector<JobDetails>> details(const std::vector<PlaceAsked>& /*asked*/,
                                                                std::size_t /*most*/) {
    return std::vector<JobDetails>{};
  }
  // How many jobs stand before this one; nothing for one that does not wait.
  [[nodiscard]] virtual Result<std::optional<std::size_t>> ahead(const QueueName& queue, const JobId& id) = 0;
};

// Of options `connect_timeout` and `fresh_url` count.
[[nodiscard]] Result<std::unique_ptr<QueueWatch>> open_queue_watch(std::string_view url,
                                                                   const JobQueueOptions& options = {});

}  // namespace simswarm::jobs
