// Results on their way to the store, in a thread of their own: the next run starts already. Each lies on disk until the
// store has it, so that neither side's death loses it; only then the queue hears of it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "archive/tar.h"
#include "base/files.h"
#include "queue/job_queue.h"
#include "store/store.h"

namespace simswarm::worker {

struct UploaderOptions {
  fs::path folder;     // results wait here, each worker's in a folder of its own
  std::string worker;  // unique among those that live here
  // Of what waits, bytes: with more nothing new should start.
  std::uint64_t limit = 10ULL << 30U;
  std::function<void(std::vector<jobs::Settlement>)> settle;                // the store has it; called in this thread
  std::function<void(const std::string&)> say = [](const std::string&) {};  // likewise
};

// What came of a run: its files lie in `folder` under their names in the archive.
struct Upload {
  fs::path folder;  // from new_folder()
  store::AttemptRecord attempt;
  std::vector<std::string> paths;  // of result files, as the run wrote them; none: it failed, or left none
  jobs::Settlement settlement;
};

class Uploader {
 public:
  // What workers that have gone left here for this store is taken over.
  [[nodiscard]] static Result<std::unique_ptr<Uploader>> open(std::shared_ptr<store::Store> store,
                                                              UploaderOptions options);
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;
  ~Uploader();  // what waits stays on disk

  // An empty folder for the files of one run, on the disk on which they wait.
  [[nodiscard]] Result<fs::path> new_folder();
  // On disk when it returns.
  [[nodiscard]] Status hand_in(Upload upload);
  // The runs that are being executed here; those that others complete meanwhile come out of take_done().
  void watch(std::set<RunKey> running);
  [[nodiscard]] std::set<RunKey> take_done();

  [[nodiscard]] std::size_t pending() const { return pending_; }  // results
  [[nodiscard]] bool is_full() const;
  // The store did not answer when it was asked last.
  [[nodiscard]] bool is_away() const { return is_away_; }
  // The store takes nothing new: its quota is used up. In words; empty: it does.
  [[nodiscard]] std::string refusal() const;
  // Waits until all is in the store, at most so long.
  bool finish(std::chrono::milliseconds patience);

 private:
  struct Item {
    Upload upload;
    std::uint64_t bytes = 0;
    std::optional<store::RunRecord> record{};  // once it is packed
    Monotonic prepared{};                      // when that was
  };

  Uploader(std::shared_ptr<store::Store> store, UploaderOptions options, fs::path own, Fd lock);
  void work();
  void queue(Upload upload);
  std::size_t adopt(const fs::path& folder);
  void adopt_all();
  void forget(const Item& item);
  void give_up(Item& item, const Error& error);
  [[nodiscard]] Status send_all(std::vector<Item>& group);
  [[nodiscard]] Status send(std::vector<Item>& group);
  [[nodiscard]] Status prepare(Item& item);
  [[nodiscard]] static Result<bool> pack_inline(const std::vector<archive::Entry>& entries, store::RunRecord& record);
  [[nodiscard]] Status pack_blob(const std::vector<archive::Entry>& entries, store::RunRecord& record);
  [[nodiscard]] Status look_at_runs();
  [[nodiscard]] Status look_at_quota();
  void tell(const Status& status);

  std::shared_ptr<store::Store> store_;
  UploaderOptions options_;
  fs::path own_;
  Fd lock_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable settled_;
  std::deque<Item> waiting_;
  std::set<RunKey> running_;
  std::set<RunKey> done_;
  std::string refusal_;
  std::string told_;  // the trouble that was told last
  std::atomic<std::size_t> pending_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<bool> is_away_ = false;
  std::size_t named_ = 0;
  Monotonic next_look_{};
  Monotonic next_quota_{};
  Monotonic next_glance_{};
  std::optional<std::uint64_t> quota_{};  // as it was looked at
  Monotonic next_adoption_{};
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace simswarm::worker
