// A worker's line to the queue, in a thread of its own: claims, leases, outcomes, and what the queue wants of it. The
// queue may go away for as long as it likes: what runs goes on, and outcomes wait on disk.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "queue/job_queue.h"
#include "worker/assignment.h"
#include "worker/shares.h"

namespace simswarm::worker {

struct LinkOptions {
  std::string url;
  jobs::JobQueueOptions queue{};
  jobs::WorkerId name;
  std::string node;                   // as it is named when attempts are lost
  std::string version;                // of simswarm
  std::vector<std::string> patterns;  // names of queues; «*» stands for anything
  fs::path spool;                     // folder for outcomes
  std::size_t slots = 1;
  std::chrono::milliseconds beat{3000};             // leases are renewed, and others' looked after, so often
  std::string cpu{};                                // kind of processor; empty: that of this machine
  std::chrono::milliseconds cpu_patience{180'000};  // how long one that a campaign wants may be away unsaid
  // What the user should know, one sentence; called in the link's thread.
  std::function<void(const std::string&)> say = [](const std::string&) {};
};

// A claimed job that is to be executed.
struct Assigned {
  jobs::Claim claim;
  std::string campaign;                      // names the study; empty: the job does
  std::shared_ptr<const std::string> study;  // JSON
  std::size_t position = 0;
  jobs::QueueName queue{};
  std::chrono::seconds timeout = jobs::kForever;
};

struct Orders {
  std::vector<jobs::Claim> stop;  // somebody asked for these to end
  std::vector<jobs::Claim> lost;  // no longer ours: what comes of them is not wanted
  bool kill_all = false;          // end what runs now, as a failure that may be tried again
  bool shutdown = false;          // as if SIGTERM had come
};

struct LinkState {
  bool connected = false;
  bool suspended = false;
  std::size_t waiting = 0;    // in the queues served, when it was last looked
  std::size_t unsettled = 0;  // outcomes that the queue has not taken yet
  std::size_t finished = 0;   // that it has taken, since the beginning
  std::size_t failed = 0;
  bool idle = false;  // nothing is held or on its way, and nothing waits that it would give us
};

// Called by one thread, settle() by any; what it says is done by the link's own.
class QueueLink {
 public:
  // Connects. An error: the queue cannot be reached, or refuses us.
  [[nodiscard]] static Result<std::unique_ptr<QueueLink>> open(LinkOptions options);
  QueueLink() = default;
  QueueLink(const QueueLink&) = delete;
  QueueLink& operator=(const QueueLink&) = delete;
  virtual ~QueueLink() = default;  // what is held is left to its lease

  // How many jobs this worker wants to hold, claimed and not settled. 0: none more.
  virtual void hold(std::size_t most) = 0;
  // Claimed since the last call, in their order.
  [[nodiscard]] virtual std::vector<Assigned> take() = 0;
  [[nodiscard]] virtual Orders take_orders() = 0;
  // Readable when there is something to take.
  [[nodiscard]] virtual int descriptor() const = 0;

  // Ends claims. They are on disk when this returns.
  virtual void settle(std::vector<jobs::Settlement> settlements) = 0;
  // Takes nothing from this queue for a while: what it asks for cannot be had here.
  virtual void avoid(const jobs::QueueName& queue) = 0;
  // The same until welcome().
  virtual void put_off(const jobs::QueueName& queue) = 0;
  virtual void welcome(const jobs::QueueName& queue) = 0;
  // Which queues it asks first, and for how much: it counts what comes, its caller what becomes of that.
  [[nodiscard]] virtual Shares& shares() = 0;
  // A campaign's runs belong on this kind of processor alone, and that is not ours: who has one is looked for.
  virtual void misses(const std::string& campaign, const std::string& cpu) = 0;
  // What goes on: replaces what was told before.
  virtual void tell(std::vector<jobs::Told> told, std::size_t running, double working_seconds) = 0;
  // Somebody looks at what this job prints: the end of that is wanted with what is told, and goes on at once.
  [[nodiscard]] virtual bool is_watched(const jobs::JobId& job) const = 0;
  // Why this worker takes nothing new, for who lists workers; empty: it does.
  virtual void tell_obstacle(const std::string& text) = 0;
  [[nodiscard]] virtual LinkState state() const = 0;
  // Waits until the queue has taken what was settled, at most so long, and leaves it. False: some stays on disk.
  [[nodiscard]] virtual bool finish(std::chrono::milliseconds patience) = 0;
};

}  // namespace simswarm::worker
