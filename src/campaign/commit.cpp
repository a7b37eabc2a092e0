#include "campaign/commit.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "campaign/place.h"

namespace simswarm::campaign {
namespace {

constexpr std::size_t kMostInGroup = 256;  // runs that share their syncs

// A run on its way: what was handed in, and what is going to be true of it.
struct Item {
  Ready ready;
  Intent intent;
  std::size_t kept = 0;
};

class ThreadedCommitter final : public Committer {
 public:
  ThreadedCommitter(CommitPlace place, std::unique_ptr<Ledger> ledger)
      : place_(std::move(place)), ledger_(std::move(ledger)), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    thread_ = std::thread([this] { run(); });
  }
  ThreadedCommitter(const ThreadedCommitter&) = delete;
  ThreadedCommitter& operator=(const ThreadedCommitter&) = delete;
  ~ThreadedCommitter() override { (void)finish(); }

  void hand_in(Ready ready) override {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(ready));
    ++pending_;
    wake_.notify_one();
  }

  std::vector<Committed> take() override {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(event_.get(), &count, sizeof(count));
    const std::lock_guard lock(mutex_);
    return std::exchange(done_, {});
  }

  [[nodiscard]] int descriptor() const override { return event_.get(); }
  [[nodiscard]] std::size_t pending() const override { return pending_; }

  Status finish() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
      wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    return trouble_;
  }

  [[nodiscard]] CommitStats stats() const override {
    const std::lock_guard lock(mutex_);
    return stats_;
  }

 private:
  void run() {
    while (true) {
      std::vector<Item> group = next_group();
      if (group.empty()) return;
      std::vector<Committed> committed = commit(group);
      group.clear();  // scratch goes before the word is out
      const std::lock_guard lock(mutex_);
      pending_ -= committed.size();
      std::move(committed.begin(), committed.end(), std::back_inserter(done_));
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t put = ::write(event_.get(), &one, sizeof(one));
    }
  }

  std::vector<Item> next_group() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    std::vector<Item> group;
    while (!waiting_.empty() && group.size() < kMostInGroup) {
      group.push_back({std::move(waiting_.front()), {}, 0});
      waiting_.pop_front();
    }
    return group;
  }

  std::vector<Committed> commit(std::vector<Item>& group) {
    for (Item& item : group) prepare(item);
    const auto whole = std::stable_partition(
        group.begin(), group.end(), [](const Item& item) { return is_complete(item.ready.attempt.verdict.outcome); });
    note(accept({group.begin(), whole}));
    for (auto item = whole; item != group.end(); ++item) keep_failed(*item);
    std::vector<Item*> failed;
    for (Item& item : group) {
      if (!is_complete(item.ready.attempt.verdict.outcome)) failed.push_back(&item);
    }
    note(record(failed));
    std::vector<Committed> committed;
    committed.reserve(group.size());
    for (Item& item : group)
      committed.push_back({item.ready.run, item.ready.attempt, item.ready.will_retry, item.kept});
    const std::lock_guard lock(mutex_);
    ++stats_.groups;
    stats_.runs += group.size();
    return committed;
  }

  void note(Status status) {
    if (!status && trouble_) trouble_ = std::move(status);
  }

  static void spoil(Item& item, const Error& error) {
    const bool full = error.message.find("No space left") != std::string::npos ||
                      error.message.find("disk is full") != std::string::npos;
    item.ready.attempt.verdict = {full ? Outcome::kDiskFull : Outcome::kIncomplete,
                                  "its results could not be put into place: " + error.message,
                                  item.ready.attempt.verdict.place};
  }

  // Digests of what was left; a run whose files cannot be read, or may not go where they want, is not complete.
  void prepare(Item& item) {
    if (!is_complete(item.ready.attempt.verdict.outcome)) return;
    item.intent.folder = place_.working_folder.string();
    if (place_.existing != Existing::kReplace) item.intent.kept = place_.state.kept(place_.campaign).string();
    for (const auto& [path, staged] : item.ready.files) {
      if (Status status = check_target(absolute_from(place_.working_folder, path)); !status)
        return spoil(item, status.error());
      if (place_.owner) (void)!::lchown(staged.c_str(), place_.owner->first, place_.owner->second);
      Result<ResultFile> file = describe(path, staged);
      if (!file) return spoil(item, file.error());
      item.ready.attempt.usage.result_bytes += file->size;
      item.intent.files.push_back(std::move(*file));
      item.intent.staged.push_back(staged.string());
    }
  }

  // Folders that results need, made beforehand so that they can be given to the owner of the working folder.
  Status make_owned_folders(const fs::path& folder) {
    if (fs::exists(folder)) return {};
    SIMSWARM_CHECK(make_owned_folders(folder.parent_path()));
    SIMSWARM_CHECK(make_folders(folder));
    if (place_.owner) (void)!::chown(folder.c_str(), place_.owner->first, place_.owner->second);
    return {};
  }

  // The way of a result: content on disk, intent noted, renamed, renames on disk, noted as done.
  Status accept(std::span<Item> items) {
    if (items.empty()) return {};
    SIMSWARM_TRY(const FileLock lock, FileLock::take(place_.state.root / "commit.lock"));
    sync(items, false);
    std::vector<Intent> intents;
    std::vector<AttemptLog> logs;
    for (Item& item : items) {
      item.intent.attempt = item.ready.attempt;
      intents.push_back(item.intent);
      logs.push_back(item.ready.log);
    }
    if (Status status = ledger_->intend(intents, logs); !status) {
      for (Item& item : items) spoil(item, status.error());
      return status;
    }
    std::vector<Intent> placed;
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i].ready.attempt.number = intents[i].attempt.number;
      Result<std::size_t> kept = put_into_place(intents[i]);
      items[i].intent = intents[i];
      if (kept) {
        items[i].kept = *kept;
        placed.push_back(intents[i]);
      } else {
        spoil(items[i], kept.error());
        note(ledger_->give_up(intents[i].attempt, items[i].ready.attempt.verdict));
      }
    }
    sync(items, true);
    if (Status status = ledger_->done(placed); !status) {
      for (Item& item : items) spoil(item, status.error());  // the intent stays: the next start rolls it forward
      return status;
    }
    return {};
  }

  // Content of staged files, or the folders that were renamed into. One sync of the file system serves many files.
  void sync(std::span<Item> items, bool folders) {
    std::set<fs::path> paths;
    for (const Item& item : items) {
      for (std::size_t i = 0; i < item.intent.files.size(); ++i) {
        paths.insert(folders ? absolute_from(item.intent.folder, item.intent.files[i].path).parent_path()
                             : fs::path(item.intent.staged[i]));
      }
    }
    constexpr std::size_t kFewFiles = 4;
    std::size_t syncs = 0;
    std::set<dev_t> done;
    for (const fs::path& path : paths) {
      const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (folders ? O_DIRECTORY : 0)));
      if (!file.valid()) continue;
      const auto identity = identify(path);
      const bool whole_system = paths.size() > kFewFiles;
      if (whole_system && identity && !done.insert(identity->device).second) continue;
      (void)(whole_system ? ::syncfs(file.get()) : ::fsync(file.get()));
      ++syncs;
    }
    const std::lock_guard lock(mutex_);
    stats_.syncs += syncs;
  }

  // What a failed attempt left is kept for a look, the last attempt of each run only.
  void keep_failed(Item& item) {
    if (item.ready.files.empty()) return;
    const fs::path folder = place_.state.attempts() / item.ready.attempt.key.digest.hex().substr(0, 16);
    (void)remove_tree(folder);
    for (const auto& [path, staged] : item.ready.files) {
      std::string inside = path;
      for (std::size_t up = inside.find("../"); up != std::string::npos; up = inside.find("../"))
        inside.replace(up, 3, "_up/");
      if (!make_folders((folder / inside).parent_path())) return;
      (void)::rename(staged.c_str(), (folder / inside).c_str());
    }
  }

  Status record(const std::vector<Item*>& items) {
    std::vector<Attempt> attempts;
    std::vector<AttemptLog> logs;
    for (const Item* item : items) {
      if (item->intent.attempt.number > 0 && !item->intent.attempt.key.digest.empty())
        continue;  // noted with its intent
      attempts.push_back(item->ready.attempt);
      logs.push_back(item->ready.log);
    }
    if (attempts.empty()) return {};
    SIMSWARM_CHECK(ledger_->record_attempts(attempts, logs));
    std::size_t next = 0;
    for (Item* item : items) {
      if (next < attempts.size() && item->ready.attempt.key == attempts[next].key)
        item->ready.attempt.number = attempts[next++].number;
    }
    return {};
  }

  CommitPlace place_;
  std::unique_ptr<Ledger> ledger_;
  Fd event_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Ready> waiting_;
  std::vector<Committed> done_;
  std::atomic<std::size_t> pending_ = 0;
  bool closing_ = false;
  Status trouble_;
  CommitStats stats_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Committer>> make_committer(CommitPlace place) {
  SIMSWARM_TRY(auto ledger, Ledger::open(place.state.root));
  return std::make_unique<ThreadedCommitter>(std::move(place), std::move(ledger));
}

Result<std::size_t> roll_forward(Ledger& ledger, const StateFolder& state) {
  SIMSWARM_TRY(const FileLock lock, FileLock::take(state.root / "commit.lock"));
  SIMSWARM_TRY(std::vector<Intent> intents, ledger.intents());
  std::vector<Intent> placed;
  for (Intent& intent : intents) {
    if (put_into_place(intent)) {
      placed.push_back(std::move(intent));
    } else {
      SIMSWARM_CHECK(ledger.give_up(intent.attempt,
                                    {Outcome::kIncomplete, "simswarm ended before its results were in place", {}}));
    }
  }
  SIMSWARM_CHECK(ledger.done(placed));
  return placed.size();
}

}  // namespace simswarm::campaign
