// What the line to the queue hears and says, without a line. Internal to this room.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "queue/job_queue.h"
#include "worker/queue_link.h"

namespace simswarm::worker {

// A command as RQ sends it to a worker.
struct QueueCommand {
  bool shutdown = false;
  bool kill = false;                  // kill-horse
  std::optional<std::string> stop{};  // stop-job: which
};
// What is no command is none.
[[nodiscard]] QueueCommand parse_command(std::string_view text);

// A descriptor by which one thread wakes another.
[[nodiscard]] Fd make_event();
void ring(const Fd& event);
void hush(const Fd& event);

// «run-*» and the like.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view name);

// The queue takes no longer texts, and one of those would keep all others from being taken.
void shorten(jobs::Settlement& one);

// Two of one name would hand back what the other holds. On one machine the lock of the outcomes keeps them apart.
[[nodiscard]] Status check_name(jobs::JobQueue& queue, const LinkOptions& options);

}  // namespace simswarm::worker
