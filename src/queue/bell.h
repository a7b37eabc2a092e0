// Tells a worker that there may be a job for it, or that somebody wants something of it, without its asking again and
// again. On Redis alone: `memory:` has nobody who could come.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "queue/job_queue.h"

namespace simswarm::jobs {

struct Rung {
  bool jobs = false;                  // one of the watched queues has, or had, a job
  std::vector<QueueName> woken;       // queues that were empty and have jobs now, of any name, where our side enqueued
  bool resumed = false;               // the queues go on after suspend()
  std::vector<std::string> commands;  // to the worker, as RQ sends them: {"command": "shutdown"}
};

// One thread at a time. After an error the bell is of no more use.
class Bell {
 public:
  // Listens for commands to `worker`, with connections of its own: one, and one for each queue that it watches.
  [[nodiscard]] static Result<std::unique_ptr<Bell>> open(std::string_view url, const WorkerId& worker,
                                                          const std::vector<QueueName>& watched,
                                                          const JobQueueOptions& options);
  Bell() = default;
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  virtual ~Bell() = default;

  // From now on a job in a watched queue rings, once, also one that is there already, whoever enqueued it. Takes none.
  [[nodiscard]] virtual Status arm() = 0;
  // Adds what is readable when something may have come.
  virtual void add_descriptors(std::vector<int>& to) const = 0;
  // What has come by now; does not wait.
  [[nodiscard]] virtual Result<Rung> look() = 0;
};

}  // namespace simswarm::jobs
