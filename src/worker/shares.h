// Which queue a worker serves next: each that has something gets slot time in proportion to its weight, whatever its
// runs take and however many wait. Every worker sees to its own slots; all together that makes the shares of all.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"
#include "queue/job_queue.h"

namespace simswarm::worker {

// Safe for several threads: the line to the queue claims by it, the loop starts by it.
class Shares {
 public:
  explicit Shares(std::size_t slots, const Clock& clock = system_clock()) : slots_(slots), clock_(clock) {}

  void weigh(const jobs::QueueName& queue, double weight);
  // How many jobs of it are worth holding, running ones included; more than the slots where its runs are short.
  void aim(const jobs::QueueName& queue, std::size_t most);

  // The life of a job here: it has come, it was begun with others in a process, it left without having been begun.
  void came(const jobs::QueueName& queue);
  void left(const jobs::QueueName& queue);
  void began(const jobs::QueueName& queue, std::uint64_t batch, std::size_t jobs);
  struct Ended {
    double seconds = 0;     // that the slot was taken
    std::size_t again = 0;  // jobs that wait here anew
    bool failed = false;    // none of its runs is complete
  };
  void ended(const jobs::QueueName& queue, std::uint64_t batch, const Ended& ended);
  // A slot was taken for it by what is none of its jobs, or a job of it failed without having been begun.
  void charge(const jobs::QueueName& queue, double seconds);
  void failed(const jobs::QueueName& queue);
  // It has nothing more, or is not asked for a while: what others get meanwhile is not made up for.
  void rest(const jobs::QueueName& queue);

  // Whom to ask for jobs, the neediest first, and for how many; those that are not to be asked now are left out.
  struct Want {
    jobs::QueueName queue;
    std::size_t most = 1;
  };
  [[nodiscard]] std::vector<Want> wants(std::vector<jobs::QueueName> queues);
  // Where the next jobs of a queue stand among those of all that wait here, the lowest first: `passed` jobs of it stand
  // before, `together` share a process.
  [[nodiscard]] double place_of(const jobs::QueueName& queue, std::size_t passed, std::size_t together);

 private:
  struct Batch {
    Monotonic since{};
    std::size_t jobs = 0;
  };
  struct Account {
    double weight = 1;
    double used = 0;  // seconds by weight
    double mean = 0;  // seconds of a job; 0: not known
    std::size_t aim = 0;
    std::size_t waiting = 0;  // here
    std::size_t running = 0;
    std::map<std::uint64_t, Batch> batches{};
    bool active = false;  // takes part; else it begins anew with what those have who do
    int failures = 0;     // at once, in a row
    Monotonic backs_off_until{};
    double tie = 0;  // of equals
  };

  Account& of(const jobs::QueueName& queue);
  [[nodiscard]] double mean_of(const Account& account) const;
  [[nodiscard]] double elapsed_of(const Account& account) const;
  // What it has had, and what is under way, by weight.
  [[nodiscard]] double had(const Account& account, bool with_waiting) const;
  void begin_if_idle(Account& account);
  void note_failure(Account& account);
  [[nodiscard]] bool backs_off(const Account& account) const;
  [[nodiscard]] bool is_short(const Account& account) const { return account.aim > slots_; }
  struct Totals {
    std::size_t held = 0;
    std::size_t long_waiting = 0;   // jobs
    std::size_t short_waiting = 0;  // queues
    std::size_t waiting = 0;        // queues
  };
  [[nodiscard]] Totals totals() const;
  [[nodiscard]] std::size_t limit_of(const Account& account, const Totals& all) const;

  mutable std::mutex mutex_;
  std::size_t slots_;
  const Clock& clock_;
  std::map<jobs::QueueName, Account> accounts_;
  double floor_ = 0;  // what those have who begin
};

}  // namespace simswarm::worker
