// The studies that a worker has open, and those that are being opened. To open one may take long (its files are
// fetched and unpacked, its program is asked), or not end at all: that is done in threads, and all others go on
// meanwhile.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "worker/queue_link.h"
#include "worker/studies.h"

namespace simswarm::worker {

// Called by one thread, the one that starts runs.
class Shelf {
 public:
  explicit Shelf(const GroundOptions& options);  // which outlive it
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;
  ~Shelf();

  [[nodiscard]] std::map<std::size_t, std::unique_ptr<OpenStudy>>& studies() { return studies_; }
  // Null: it is not open. An error: it could not be opened a moment ago.
  [[nodiscard]] Result<OpenStudy*> find(const Assigned& assigned);
  // Opens the study of a job, which waits for it.
  void wait_for(Assigned assigned);

  // A study that has been opened, or could not be, and the jobs that wait for it. Those of one queue come in their
  // order, but for what takes long.
  struct Arrival {
    Result<OpenStudy*> study;
    jobs::QueueName queue;
    std::vector<Assigned> jobs;
  };
  [[nodiscard]] std::vector<Arrival> arrivals();
  // Jobs that have waited for so long that others may have them sooner; one of each study stays, to hear what comes.
  [[nodiscard]] std::vector<Assigned> impatient();
  // Those that are wanted no more.
  [[nodiscard]] std::vector<Assigned> withdraw(const std::function<bool(const Assigned&)>& unwanted);
  [[nodiscard]] bool is_idle() const { return openings_.empty(); }
  [[nodiscard]] std::size_t overdue() const;  // jobs that have waited for long
  // Enough of this queue is being opened.
  [[nodiscard]] bool is_crowded(const jobs::QueueName& queue) const;
  // Readable when something has arrived.
  [[nodiscard]] int descriptor() const { return event_.get(); }

  // Closes what was not used for the longest time, where there are many and it may be closed.
  void close_unused(const std::function<bool(const OpenStudy&)>& may_close);
  // Ends what is being opened, and closes all.
  void close();

 private:
  using Opened = Result<std::unique_ptr<OpenStudy>>;
  struct Opening {
    std::size_t id = 0;
    std::string key;
    StudyRequest request;
    jobs::QueueName queue;
    std::vector<Assigned> jobs;
    Monotonic since{};
    std::atomic<int> thread_id{0};
    std::optional<Opened> opened;  // guarded by mutex_
    std::thread thread;            // not joinable: it has not begun
  };
  struct Failure {
    Error error;
    Monotonic until{};
  };

  static std::string key_of(const Assigned& assigned);
  void begin_some();
  void work(Opening& opening);
  [[nodiscard]] bool has_ended(Opening& opening);
  static bool is_overdue(const Opening& opening);
  Result<OpenStudy*> put_up(Opening& opening);

  const GroundOptions& options_;
  const Fd event_;
  std::mutex mutex_;
  std::map<std::size_t, std::unique_ptr<OpenStudy>> studies_;
  std::map<std::string, std::size_t> by_key_;
  std::list<Opening> openings_;
  std::map<std::string, Failure> failures_;  // by key
  std::size_t last_id_ = 0;
};

}  // namespace simswarm::worker
