// What the line to the queue hears and says, without a line. Internal to this room.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "queue/job_queue.h"
#include "worker/queue_link.h"

namespace simswarm::worker {

// A command as RQ sends it to a worker.
struct QueueCommand {
  bool shutdown = false;
  bool kill = false;                   // kill-horse
  std::optional<std::string> stop{};   // stop-job: which
  std::optional<std::string> watch{};  // watch-output, of ours: which
};
// What is no command is none.
[[nodiscard]] QueueCommand parse_command(std::string_view text);

// A descriptor by which one thread wakes another.
[[nodiscard]] Fd make_event();
void ring(const Fd& event);
void hush(const Fd& event);

// Whether a queue is one of these: «run-*» and the like.
[[nodiscard]] bool serves(const std::vector<std::string>& patterns, const std::string& queue);

// What is handed back comes last, the first of it at the end: each goes to the front of its queue.
void put_handed_back_last(std::vector<jobs::Settlement>& settlements);

// Waits until one of these is readable, or until then.
void wait_until(const std::vector<int>& descriptors, Monotonic until);

// The queue takes no longer texts, and one of those would keep all others from being taken.
void shorten(jobs::Settlement& one);

inline constexpr std::size_t kMostQueues = 32;   // that are asked in one claim, and that a worker is registered for
inline constexpr std::size_t kMostAtOnce = 500;  // jobs of a claim

// What is to be begun at once comes at least; of a queue whose jobs had nothing to do `ahead` of them come.
[[nodiscard]] jobs::ClaimRequest request_of(const LinkOptions& options, const std::vector<Shares::Want>& wants,
                                            std::size_t room, std::size_t ahead);

// How the worker shows itself to others.
struct Presence {
  const std::vector<jobs::QueueName>& named;
  const std::set<jobs::QueueName>& registered;
  const LinkState& state;
  std::size_t running = 0;
  double working_seconds = 0;
  std::string obstacle{};
};
[[nodiscard]] jobs::WorkerRecord record_of(const LinkOptions& options, const Presence& presence);

// What the queue says as leases are renewed: of each that was told, and of each claim.
struct Beaten {
  std::vector<bool> watched;
  std::vector<jobs::Beat> beats;
};
[[nodiscard]] Result<Beaten> beat(jobs::JobQueue& queue, const jobs::WorkerRecord& record,
                                  const std::vector<jobs::Told>& told, const std::vector<jobs::Claim>& held);

// Takes back what workers held that have gone.
[[nodiscard]] Status reap_all(jobs::JobQueue& queue, const std::function<void(const std::string&)>& say);
// The queues that are served, after what is due in them has been queued.
[[nodiscard]] Result<std::vector<jobs::QueueView>> look_at(jobs::JobQueue& queue,
                                                           const std::function<bool(const std::string&)>& serves);

// Kinds of processors that campaigns want their runs on alone, and that are not here.
class MissingCpus {
 public:
  explicit MissingCpus(std::chrono::milliseconds patience) : patience_(patience) {}
  void miss(const std::string& campaign, const std::string& cpu, Monotonic now);
  [[nodiscard]] bool is_empty() const { return missed_.empty(); }
  // What the user should know: that no worker has had one for so long, or that one has again. Each once.
  [[nodiscard]] std::vector<std::string> look(const std::vector<jobs::WorkerView>& workers, Monotonic now);

 private:
  struct Missed {
    std::string cpu;
    Monotonic missed{};  // last
    Monotonic seen{};    // last that there was one
    bool told = false;
  };
  std::chrono::milliseconds patience_;
  std::map<std::string, Missed> missed_;  // by campaign
};

// Two of one name would hand back what the other holds. On one machine the lock of the outcomes keeps them apart.
[[nodiscard]] Status check_name(jobs::JobQueue& queue, const LinkOptions& options);

}  // namespace simswarm::worker
