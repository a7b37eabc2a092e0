// Results on their way from the store into scratch, several at a time, each checked before anybody sees it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "campaign/commit.h"
#include "store/store.h"

namespace simswarm::campaign {

// What became of fetching the result of a run.
struct Collected {
  enum class State {
    kWhole,
    kNone,     // the store has no result of this key
    kDamaged,  // it has one that is not to be believed: its key has none any more
  };
  std::size_t run = 0;  // position
  State state = State::kWhole;
  store::RunRecord record{};                              // without its archive
  std::vector<std::pair<std::string, fs::path>> files{};  // path relative to the working folder, and where it lies
  std::shared_ptr<Scratch> scratch{};
  std::string trouble{};  // what is damaged
};

struct CollectorOptions {
  fs::path scratch;                   // on the disk of the results
  std::vector<std::string> patterns;  // of the files that are wanted; none: all
  std::size_t threads = 4;
  bool distrusts = true;  // what is damaged goes from the store, so that its run runs again
  fs::path state{};       // the state folder, absolute, and the working folder: results go into neither it nor `.git`
  fs::path working_folder{};
};

class Collector {
 public:
  Collector(store::Store& store, CollectorOptions options);
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;
  ~Collector();  // what is not there yet is left

  // `group`: with which it was accepted, where that is known.
  void want(std::size_t run, const RunKey& key, const std::string& group = {});
  [[nodiscard]] std::vector<Collected> take();
  [[nodiscard]] int descriptor() const { return event_.get(); }  // readable when there is something to take
  [[nodiscard]] std::size_t pending() const;
  // Why nothing comes at the moment: the store is away, the disk is full. Empty: it does.
  [[nodiscard]] std::string obstacle() const;

 private:
  struct Wanted {
    std::size_t run = 0;
    RunKey key;
    std::string group;
  };
  void work();
  [[nodiscard]] std::deque<Wanted> take_some();
  [[nodiscard]] Result<std::map<RunKey, store::RunRecord>> records_of(const std::deque<Wanted>& some);
  [[nodiscard]] Result<Collected> fetch(const Wanted& wanted, const std::optional<store::RunRecord>& record) const;
  [[nodiscard]] Status unpack_archive(const store::RunRecord& record, Collected& collected) const;
  [[nodiscard]] Status fetch_large(const store::RunRecord& record, Collected& collected) const;
  [[nodiscard]] bool is_wanted(const std::string& path) const;
  [[nodiscard]] bool is_forbidden(const std::string& path) const;
  [[nodiscard]] Status distrust(const store::RunRecord& record, const std::vector<Digest>& damaged) const;
  void hand_over(Collected collected);

  store::Store& store_;
  CollectorOptions options_;
  Fd event_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Wanted> waiting_;
  std::vector<Collected> done_;
  std::size_t pending_ = 0;
  std::string obstacle_;
  std::atomic<bool> ends_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace simswarm::campaign
