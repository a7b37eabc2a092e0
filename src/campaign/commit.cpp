#include "campaign/commit.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/text.h"
#include "campaign/place.h"
#include "exec/place.h"

namespace simswarm::campaign {
namespace {

constexpr std::size_t kMostInGroup = 256;            // runs that share their syncs
constexpr std::chrono::milliseconds kGathering{40};  // that a run waits for others

// SIMSWARM_GATHER, in milliseconds: 0 commits every run by itself, which tests that count calls need.
std::chrono::milliseconds gathering() {
  const char* given = std::getenv("SIMSWARM_GATHER");
  const auto wanted = given == nullptr ? std::nullopt : parse_int(given);
  return wanted && *wanted >= 0 && *wanted <= 1000 ? std::chrono::milliseconds(*wanted) : kGathering;
}

// A run on its way: what was handed in, and what is going to be true of it.
struct Item {
  Ready ready;
  Intent intent;
  Committed outcome;
  bool noted = false;     // its attempt is in the ledger
  bool put_away = false;  // what a failed attempt left is kept for a look
  std::size_t place = 0;  // in the order of handing in: the word of a first attempt goes out before that of a second
};

void spoil(Item& item, const Error& error) {
  Verdict& verdict = item.ready.attempt.verdict;
  verdict = {exec::is_disk_full(error) ? Outcome::kDiskFull : Outcome::kIncomplete,
             "its results could not be put into place: " + error.message, verdict.place};
}

// A program that finds the disk full says so in many words, or in none, when there is no room for them. Its error is no
// word about the model, then, and must not be known for good.
void excuse_for_full_disk(Ready& ready) {
  constexpr std::uint64_t kLittle = 16 * 1024 * 1024;  // bytes; others that end meanwhile make some room again
  Verdict& verdict = ready.attempt.verdict;
  if (verdict.outcome != Outcome::kModelError && verdict.outcome != Outcome::kIncomplete) return;
  struct statvfs disk {};
  if (!ready.scratch || ::statvfs(ready.scratch->folder().c_str(), &disk) != 0) return;
  const bool has_room = disk.f_blocks == 0 || disk.f_bavail * disk.f_frsize >= kLittle;
  const bool has_inodes = disk.f_files == 0 || disk.f_favail > 0;
  if (has_room && has_inodes) return;
  verdict.outcome = Outcome::kDiskFull;
  verdict.message += fmt::format("{}no space left on the disk of .simswarm", verdict.message.empty() ? "" : "; ");
}

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
    excuse_for_full_disk(ready);
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(ready));
    ++pending_;
    if (waiting_.size() == 1 || waiting_.size() >= kMostInGroup) wake_.notify_one();
  }

  void hurry() override {
    const std::lock_guard lock(mutex_);
    hurries_ = !waiting_.empty();
    if (hurries_) wake_.notify_one();
  }

  std::vector<Committed> take() override {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(event_.get(), &count, sizeof(count));
    const std::lock_guard lock(mutex_);
    return std::exchange(done_, {});
  }

  [[nodiscard]] int descriptor() const override { return event_.get(); }
  [[nodiscard]] std::size_t pending() const override { return pending_; }
  [[nodiscard]] bool has_trouble() const override { return has_trouble_; }

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
      const std::size_t count = committed.size();
      std::move(committed.begin(), committed.end(), std::back_inserter(done_));
      pending_ -= count;  // afterwards: who sees none pending can take all
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t put = ::write(event_.get(), &one, sizeof(one));
    }
  }

  std::vector<Item> next_group() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    // Short runs come by hundreds a second: those of a moment share their syncs.
    const auto end = std::chrono::steady_clock::now() + gathering_;
    wake_.wait_until(lock, end, [this] { return closing_ || hurries_ || waiting_.size() >= kMostInGroup; });
    hurries_ = false;
    std::vector<Item> group;
    while (!waiting_.empty() && group.size() < kMostInGroup) {
      group.push_back({std::move(waiting_.front()), {}, {}, false, false, group.size()});
      waiting_.pop_front();
    }
    return group;
  }

  std::vector<Committed> commit(std::vector<Item>& group) {
    const bool reading = ledger_->begin_reading().has_value();  // one lock for all look-ups of the group
    for (Item& item : group) prepare(item);
    if (reading) note(ledger_->end_reading());
    const auto whole =
        std::stable_partition(group.begin(), group.end(), [](const Item& item) { return is_good(item); });
    note_failed({whole, group.end()});  // first: a second attempt has the higher number
    if (Status status = accept({group.begin(), whole}); !status) {
      for (auto item = group.begin(); item != whole; ++item) {
        if (is_good(*item) && !item->outcome.stays_in_scratch) spoil(*item, status.error());
      }
      note(std::move(status));
    }
    note_failed(group);
    std::sort(group.begin(), group.end(), [](const Item& a, const Item& b) { return a.place < b.place; });
    std::vector<Committed> committed;
    committed.reserve(group.size());
    for (Item& item : group) {
      item.outcome.run = item.ready.run;
      item.outcome.attempt = item.ready.attempt;
      item.outcome.will_retry = item.ready.will_retry;
      committed.push_back(std::move(item.outcome));
    }
    const std::lock_guard lock(mutex_);
    ++stats_.groups;
    stats_.runs += group.size();
    return committed;
  }

  void note_failed(std::span<Item> items) {
    std::vector<Item*> failed;
    for (Item& item : items) {
      if (!is_good(item) && !item.outcome.stays_in_scratch && !std::exchange(item.put_away, true)) keep_failed(item);
      if (item.noted) continue;
      item.noted = true;
      failed.push_back(&item);
    }
    note(record(failed));
  }

  static bool is_good(const Item& item) { return is_complete(item.ready.attempt.verdict.outcome); }

  void note(Status status) {
    if (status || !trouble_) return;
    trouble_ = std::move(status);
    has_trouble_ = true;
  }

  // Digests of what was left; a run whose files cannot be read, or may not go where they want, is not complete.
  void prepare(Item& item) {
    if (!is_good(item)) return;
    item.intent.folder = place_.working_folder.string();
    if (place_.existing != Existing::kReplace) item.intent.kept = place_.state.kept(place_.campaign).string();
    for (const auto& [path, staged] : item.ready.files) {
      if (Status status = prepare_file(item, path, staged); !status) return spoil(item, status.error());
    }
  }

  Status prepare_file(Item& item, const std::string& path, const fs::path& staged) {
    SIMSWARM_TRY(ResultFile file, exec::describe(path, staged));
    SIMSWARM_TRY(file.path, own_path(item, file));
    const fs::path target = absolute_from(place_.working_folder, file.path);
    SIMSWARM_CHECK(exec::check_target(target));
    if (fs::path folder = target.parent_path(); !group_folders_.contains(folder)) {
      SIMSWARM_CHECK(make_owned_folders(folder));
      SIMSWARM_CHECK(check_root(target));
      group_folders_.insert(std::move(folder));
    }
    if (place_.owner) (void)!::lchown(staged.c_str(), place_.owner->first, place_.owner->second);
    item.ready.attempt.usage.result_bytes += file.size;
    item.intent.files.push_back(std::move(file));
    item.intent.staged.push_back(staged.string());
    return {};
  }

  // A path of an input, or one that another run of this campaign has left with other content, is not taken from it:
  // models that write «trace.csv» in each run get a file a run.
  Result<std::string> own_path(Item& item, const ResultFile& file) {
    const RunKey& key = item.ready.attempt.key;
    bool taken = place_.inputs.contains(file.path) || taken_by_group(key, file);
    SIMSWARM_TRY(const auto owners, ledger_->files_at(file.path));
    for (const auto& [owner, known] : owners) {
      if (taken || owner == key || known.digest == file.digest) continue;
      taken = place_.is_planned(owner);
    }
    if (!taken) {
      group_paths_[file.path] = {key, file.digest};
      return file.path;
    }
    std::string path = exec::with_label(file.path, item.ready.label);
    item.outcome.renamed.push_back(fmt::format("{} is {}", file.path, path));
    return path;
  }

  // Those of this group are not in the ledger yet.
  bool taken_by_group(const RunKey& key, const ResultFile& file) const {
    const auto found = group_paths_.find(file.path);
    return found != group_paths_.end() && found->second.first != key && found->second.second != file.digest;
  }

  // Nothing leaves the project and the result folders through a link that a run left.
  Status check_root(const fs::path& target) const {
    if (place_.roots.empty()) return {};
    const auto outside = exec::folder_outside(place_.roots, target);
    if (!outside) return {};
    return environment_error("{} leads out of the project and the result folders, to {}", target.string(),
                             outside->string());
  }

  // Folders that results need, made beforehand so that they can be given to the owner of the working folder.
  Status make_owned_folders(const fs::path& folder) {
    std::error_code closed;  // making it will tell
    if (fs::exists(folder, closed)) return {};
    SIMSWARM_CHECK(make_owned_folders(folder.parent_path()));
    SIMSWARM_CHECK(make_folders(folder));
    if (place_.owner) (void)!::chown(folder.c_str(), place_.owner->first, place_.owner->second);
    return sync_counted(folder.parent_path());
  }

  // The way of a result: content on disk, intent noted, renamed, renames on disk, noted as done.
  Status accept(std::span<Item> items) {
    group_paths_.clear();
    group_folders_.clear();
    if (items.empty()) return {};
    SIMSWARM_TRY(const FileLock lock, FileLock::take(place_.state.root / "commit.lock"));
    SIMSWARM_CHECK(sync(items, false));
    std::vector<Intent> intents;
    std::vector<AttemptLog> logs;
    for (Item& item : items) {
      item.intent.attempt = item.ready.attempt;
      intents.push_back(item.intent);
      logs.push_back(item.ready.log);
    }
    SIMSWARM_CHECK(ledger_->intend(intents, logs));
    count_sync();
    std::vector<Intent> placed;
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i].noted = true;
      items[i].ready.attempt.number = intents[i].attempt.number;
      if (put(items[i], intents[i])) placed.push_back(intents[i]);
    }
    Status durable = sync(items, true);
    if (durable) durable = ledger_->done(placed);
    count_sync();
    if (!durable) {  // the intents stay: the next start rolls them forward
      for (Item& item : items) stay(item, durable.error());
    }
    return durable;
  }

  bool put(Item& item, Intent& intent) {
    const Result<std::size_t> kept = put_into_place(intent);
    item.intent = intent;
    if (!kept) {
      stay(item, kept.error());
      return false;
    }
    item.outcome.kept = *kept + put_stale_aside(item);
    return true;
  }

  // What was verified is not thrown away because its place is full or closed: intent and scratch stay.
  static void stay(Item& item, const Error& error) {
    spoil(item, error);
    item.ready.attempt.verdict.message += "; they are whole and stay in .simswarm: mend that and call again";
    item.outcome.stays_in_scratch = true;
    item.ready.scratch->keep();
  }

  // Files of an earlier state of the same run that this one did not write mislead: they go aside, too.
  std::size_t put_stale_aside(const Item& item) {
    std::size_t kept = 0;
    for (const std::string& path : item.ready.expected) {
      const auto wrote = [&](const ResultFile& file) { return file.path == path; };
      if (item.intent.kept.empty() || std::any_of(item.intent.files.begin(), item.intent.files.end(), wrote)) continue;
      const auto owners = ledger_->files_at(path);
      const fs::path stale = absolute_from(place_.working_folder, path);
      std::error_code ignored;
      if (owners && !owners->empty() && fs::is_regular_file(stale, ignored) &&
          exec::put_aside(stale, path, item.intent.kept))
        ++kept;
    }
    return kept;
  }

  // Content of staged files, or the folders that were renamed into. One sync of the file system serves many files.
  Status sync(std::span<Item> items, bool folders) {
    std::set<fs::path> paths;
    for (const Item& item : items) {
      for (std::size_t i = 0; i < item.intent.files.size(); ++i) {
        const fs::path target = absolute_from(item.intent.folder, item.intent.files[i].path);
        paths.insert(folders ? target.parent_path() : fs::path(item.intent.staged[i]));
      }
    }
    constexpr std::size_t kFewFiles = 4;
    const bool whole_system = paths.size() > kFewFiles;
    std::set<dev_t> devices;
    for (const fs::path& path : paths) {
      struct stat info {};
      if (::lstat(path.c_str(), &info) != 0) return system_error(errno, path.string());
      if (S_ISLNK(info.st_mode)) continue;  // lies in its folder
      if (whole_system && !devices.insert(info.st_dev).second) continue;
      SIMSWARM_CHECK(sync_counted(path, whole_system));
    }
    return {};
  }

  Status sync_counted(const fs::path& path, bool whole_system = false) {
    SIMSWARM_CHECK(exec::sync_path(path, whole_system));
    count_sync();
    return {};
  }

  // Of files, folders, file systems, and of the ledger: one a transaction.
  void count_sync() {
    const std::lock_guard lock(mutex_);
    ++stats_.syncs;
  }

  // What a failed attempt left is kept for a look, the last attempt of each run only.
  void keep_failed(Item& item) {
    if (item.ready.files.empty()) return;
    if (item.ready.attempt.verdict.outcome == Outcome::kTooMuchOutput) return;  // nobody wants to keep that
    const fs::path folder = place_.state.attempts() / item.ready.attempt.key.digest.hex().substr(0, 16);
    (void)remove_tree(folder);
    for (const auto& [path, staged] : item.ready.files) {
      const fs::path inside = folder / exec::inside_path(path);
      if (!make_folders(inside.parent_path())) return;
      (void)::rename(staged.c_str(), inside.c_str());
    }
  }

  Status record(const std::vector<Item*>& items) {
    if (items.empty()) return {};
    std::vector<Attempt> attempts;
    std::vector<AttemptLog> logs;
    for (const Item* item : items) {
      attempts.push_back(item->ready.attempt);
      logs.push_back(item->ready.log);
    }
    SIMSWARM_CHECK(ledger_->record_attempts(attempts, logs));
    count_sync();
    for (std::size_t i = 0; i < items.size(); ++i) items[i]->ready.attempt.number = attempts[i].number;
    return {};
  }

  CommitPlace place_;
  const std::chrono::milliseconds gathering_ = gathering();
  std::map<std::string, std::pair<RunKey, Digest>> group_paths_;  // that runs of the group being committed go to
  std::set<fs::path> group_folders_;                              // the same; checked
  std::unique_ptr<Ledger> ledger_;
  Fd event_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Ready> waiting_;
  std::vector<Committed> done_;
  std::atomic<std::size_t> pending_ = 0;
  std::atomic<bool> has_trouble_ = false;
  bool hurries_ = false;
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

Scratch::~Scratch() {
  // Mostly it was never made: what a run leaves is moved to it, and a short one may leave nothing.
  if (!kept_ && ::rmdir(folder_.c_str()) != 0 && errno != ENOENT) (void)remove_tree(folder_);
}

namespace {

// Not so when a folder on the way is closed: that can be mended.
bool is_gone(const fs::path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

// A staged file is gone, and what stands in its place is not it: nothing can be done any more.
bool is_hopeless(const Intent& intent) {
  for (std::size_t i = 0; i < intent.files.size(); ++i) {
    if (!is_gone(intent.staged[i])) continue;
    const fs::path target = absolute_from(intent.folder, intent.files[i].path);
    if (is_gone(target)) return true;
    const auto there = exec::describe(intent.files[i].path, target);
    if (there && there->digest != intent.files[i].digest) return true;
  }
  return false;
}

// What was renamed is on disk before it is noted as done.
Status sync_places(const std::vector<Intent>& intents) {
  std::set<fs::path> folders;
  for (const Intent& intent : intents) {
    for (const ResultFile& file : intent.files) folders.insert(absolute_from(intent.folder, file.path).parent_path());
  }
  for (const fs::path& folder : folders) SIMSWARM_CHECK(exec::sync_path(folder));
  return {};
}

}  // namespace

Result<RolledForward> roll_forward(Ledger& ledger, const StateFolder& state) {
  RolledForward rolled;
  SIMSWARM_TRY(const FileLock lock, FileLock::take(state.root / "commit.lock"));
  SIMSWARM_TRY(std::vector<Intent> intents, ledger.intents());
  std::vector<Intent> placed;
  for (Intent& intent : intents) {
    if (is_hopeless(intent)) {
      SIMSWARM_CHECK(ledger.give_up(intent.attempt,
                                    {Outcome::kIncomplete, "simswarm ended before its results were in place", {}}));
    } else if (const auto kept = put_into_place(intent); kept) {
      placed.push_back(std::move(intent));
    } else {
      rolled.trouble = kept.error().message;
      for (const std::string& staged : intent.staged) rolled.needed.emplace_back(staged);
    }
  }
  SIMSWARM_CHECK(sync_places(placed));
  SIMSWARM_CHECK(ledger.done(placed));
  rolled.placed = placed.size();
  return rolled;
}

}  // namespace simswarm::campaign
