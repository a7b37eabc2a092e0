#include "campaign/collector.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "archive/tar.h"
#include "base/text.h"

namespace simswarm::campaign {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kAtOnce = 16;  // records that are asked for in one question
constexpr milliseconds kFirstPause{200};
constexpr milliseconds kLongestPause{5000};

// Ends a long transfer when nobody waits for it any more.
class Stoppable final : public Sink {
 public:
  Stoppable(Sink& inner, const std::atomic<bool>& ends) : inner_(inner), ends_(ends) {}
  Status write(std::string_view bytes) override {
    if (ends_) return propagate({ExitCode::kInterrupted, "nobody waits for it any more", true});
    return inner_.write(bytes);
  }

 private:
  Sink& inner_;
  const std::atomic<bool>& ends_;
};

void spoil(Collected& collected, std::string trouble) {
  collected.state = Collected::State::kDamaged;
  collected.trouble = std::move(trouble);
  collected.files.clear();
}

}  // namespace

Collector::Collector(store::Store& store, CollectorOptions options)
    : store_(store), options_(std::move(options)), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  for (std::size_t i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { work(); });
}

Collector::~Collector() {
  {
    const std::lock_guard guard(mutex_);
    ends_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Collector::want(std::size_t run, const RunKey& key, const std::string& group) {
  const std::lock_guard guard(mutex_);
  waiting_.push_back({run, key, group});
  ++pending_;
  wake_.notify_one();
}

std::vector<Collected> Collector::take() {
  std::uint64_t count = 0;
  (void)!::read(event_.get(), &count, sizeof(count));
  const std::lock_guard guard(mutex_);
  pending_ -= done_.size();
  return std::exchange(done_, {});
}

std::size_t Collector::pending() const {
  const std::lock_guard guard(mutex_);
  return pending_;
}

std::string Collector::obstacle() const {
  const std::lock_guard guard(mutex_);
  return obstacle_;
}

Status Collector::distrust(const store::RunRecord& record, const std::vector<Digest>& damaged) const {
  return options_.distrusts ? store_.distrust(record, damaged) : Status();
}

// Others have written the record: what git or simswarm itself would execute or believe is no result.
bool Collector::is_forbidden(const std::string& path) const {
  const fs::path whole = absolute_from(options_.working_folder, path);
  const bool in_git = std::any_of(whole.begin(), whole.end(), [](const fs::path& part) { return part == ".git"; });
  return in_git || (!options_.state.empty() && lies_in(options_.state, whole));
}

void Collector::hand_over(Collected collected) {
  const std::lock_guard guard(mutex_);
  done_.push_back(std::move(collected));
  obstacle_.clear();
  const std::uint64_t one = 1;
  (void)!::write(event_.get(), &one, sizeof(one));
}

void Collector::work() {
  milliseconds pause{0};
  std::unique_lock lock(mutex_);
  while (true) {
    if (pause.count() > 0) wake_.wait_for(lock, pause, [this]() -> bool { return ends_; });
    wake_.wait(lock, [this]() -> bool { return ends_ || !waiting_.empty(); });
    if (ends_) return;
    std::deque<Wanted> some = take_some();
    lock.unlock();
    Status got;
    auto records = records_of(some);
    if (!records) got = propagate(records.error());
    while (got && !some.empty()) {
      const auto record = records->find(some.front().key);
      auto collected = fetch(some.front(), record == records->end() ? std::nullopt : std::optional(record->second));
      if (!collected) {
        got = propagate(collected.error());
        break;
      }
      hand_over(std::move(*collected));
      some.pop_front();
    }
    lock.lock();
    pause = got ? milliseconds(0) : std::clamp(pause * 2, kFirstPause, kLongestPause);
    if (!got) obstacle_ = got.error().message;
    waiting_.insert(waiting_.begin(), some.begin(), some.end());  // what is left is tried again
  }
}

// Those that were accepted with the first, or else a share of all.
std::deque<Collector::Wanted> Collector::take_some() {
  std::deque<Wanted> some;
  const std::string group = waiting_.front().group;
  const std::size_t share = (waiting_.size() + options_.threads - 1) / options_.threads;
  const std::size_t most = group.empty() ? std::min(kAtOnce, share) : waiting_.size();
  for (auto it = waiting_.begin(); it != waiting_.end() && some.size() < most;) {
    if (it->group != group) {
      ++it;
      continue;
    }
    some.push_back(std::move(*it));
    it = waiting_.erase(it);
  }
  return some;
}

Result<std::map<RunKey, store::RunRecord>> Collector::records_of(const std::deque<Wanted>& some) {
  std::map<RunKey, store::RunRecord> records;
  if (!some.front().group.empty() && !store_.back_end().searches_by_reading()) {
    SIMSWARM_TRY(std::vector<store::RunRecord> group, store_.group(some.front().group));
    for (store::RunRecord& record : group) records.emplace(record.made_by.attempt.key, std::move(record));
  }
  // Where another attempt was accepted, they lie elsewhere.
  std::vector<RunKey> missing;
  for (const Wanted& one : some) {
    if (!records.contains(one.key)) missing.push_back(one.key);
  }
  SIMSWARM_TRY(auto others, store_.results(missing, store::Part::kAll));
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (others[i]) records.emplace(missing[i], std::move(*others[i]));
  }
  return records;
}

bool Collector::is_wanted(const std::string& path) const {
  const auto matches = [&](const std::string& pattern) {
    // «*.sca» is meant for files in any folder.
    return glob_match(pattern, path) || glob_match(pattern, fs::path(path).filename().string());
  };
  return options_.patterns.empty() || std::any_of(options_.patterns.begin(), options_.patterns.end(), matches);
}

Result<Collected> Collector::fetch(const Wanted& wanted, const std::optional<store::RunRecord>& record) const {
  Collected collected;
  collected.run = wanted.run;
  if (!record) {
    collected.state = Collected::State::kNone;
    return collected;
  }
  const fs::path folder = options_.scratch / std::to_string(wanted.run);
  SIMSWARM_CHECK(remove_tree(folder));
  SIMSWARM_CHECK(make_folders(folder / "small"));
  collected.scratch = std::make_shared<Scratch>(folder);
  for (const ResultFile& file : record->files) {
    if (!is_forbidden(file.path)) continue;
    collected.record = *record;
    spoil(collected, fmt::format("{} is no place for a result", file.path));
    return collected;
  }
  SIMSWARM_CHECK(unpack_archive(*record, collected));
  if (collected.state == Collected::State::kWhole) SIMSWARM_CHECK(fetch_large(*record, collected));
  collected.record = *record;
  collected.record.packed = {};
  return collected;
}

Status Collector::unpack_archive(const store::RunRecord& record, Collected& collected) const {
  std::set<std::size_t> own;
  for (const store::OwnBlob& one : record.own) own.insert(one.file);
  std::vector<std::string> wanted;
  for (std::size_t i = 0; i < record.files.size(); ++i) {
    if (!own.contains(i) && is_wanted(record.files[i].path)) wanted.push_back(record.files[i].path);
  }
  if (wanted.empty()) return {};
  const fs::path folder = collected.scratch->folder() / "small";
  archive::UnpackLimits limits;
  limits.bytes = record.archive_size;
  Result<archive::Unpacked> unpacked;
  std::string damage;
  if (record.in_blob()) {
    SIMSWARM_TRY(const auto blob, store_.open_blob(record.archive));
    if (!blob) {
      damage = fmt::format("blob {} is missing", record.archive.hex());
    } else {
      unpacked = archive::unpack(*blob, folder, archive::Times::kKept, limits);
      damage = blob->damage();
    }
  } else {
    TextSource packed(record.packed);
    const auto tar = archive::decompress(packed);
    unpacked = archive::unpack(*tar, folder, archive::Times::kKept, limits);
  }
  // Refused by what the archive says, not by this machine: its disk is no word about the archive.
  const bool is_refused = !unpacked && unpacked.error().code == ExitCode::kUsage;
  if (damage.empty() && is_refused) damage = unpacked.error().message;
  if (damage.empty() && !unpacked) return propagate(unpacked.error());
  if (damage.empty() && unpacked->digest != record.archive) damage = "its archive has another digest";
  if (!damage.empty()) {
    spoil(collected, std::move(damage));
    return distrust(record, record.in_blob() ? std::vector{record.archive} : std::vector<Digest>());
  }
  for (std::string& path : wanted) {
    const fs::path file = folder / store::path_in_archive(path);
    std::error_code error;
    if (!fs::exists(fs::symlink_status(file, error))) {
      spoil(collected, path + " is not in its archive");
      return distrust(record, {});
    }
    collected.files.emplace_back(std::move(path), file);
  }
  return {};
}

Status Collector::fetch_large(const store::RunRecord& record, Collected& collected) const {
  for (const store::OwnBlob& own : record.own) {
    const ResultFile& file = record.files.at(own.file);
    if (!is_wanted(file.path)) continue;
    const fs::path target = collected.scratch->folder() / fmt::format("large-{}", own.file);
    SIMSWARM_TRY(const auto sink, FileSink::create(target));
    Stoppable stoppable(*sink, ends_);
    SIMSWARM_TRY(const store::Fetched fetched, store_.fetch(file.digest, stoppable));
    if (fetched.state != store::Fetched::State::kWhole) {
      spoil(collected, fmt::format("{}: {}", file.path, fetched.trouble));
      return distrust(record, {file.digest});
    }
    constexpr std::int64_t kNanoseconds = 1'000'000'000;
    const timespec modified{own.mtime_ns / kNanoseconds, own.mtime_ns % kNanoseconds};
    const std::array<timespec, 2> times{timespec{0, UTIME_OMIT}, modified};
    if (own.executable) (void)::fchmod(sink->descriptor(), 0755);
    (void)::futimens(sink->descriptor(), times.data());
    collected.files.emplace_back(file.path, target);
  }
  return {};
}

}  // namespace simswarm::campaign
