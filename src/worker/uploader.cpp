#include "worker/uploader.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "archive/compression.h"
#include "archive/tar.h"
#include "base/text.h"
#include "exec/place.h"
#include "result/canonical.h"
#include "worker/outcome_json.h"

namespace simswarm::worker {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostInGroup = 200;
constexpr std::uint64_t kGroupBytes = 16ULL << 20U;  // of files
constexpr milliseconds kFirstPause{200};
constexpr milliseconds kLongestPause{5000};
constexpr std::chrono::seconds kLook{10};        // whether others have completed what runs here
constexpr std::chrono::seconds kQuotaLook{30};   // how full the store is
constexpr std::chrono::seconds kQuotaGlance{3};  // while it refuses: whether it was changed, which costs little
constexpr std::chrono::seconds kAdoption{30};
constexpr std::uint64_t kMostTried = 512 * 1024;  // bytes of files that may compress to what a document holds
constexpr const char* kOutcome = "outcome";
constexpr const char* kFiles = "files";
constexpr const char* kBroken = "broken";
constexpr std::string_view kFormat = "simswarm result 1";
constexpr std::size_t kMostPending = 20'000;  // results
constexpr std::uint64_t kEach = 20 * 1024;    // bytes of memory and disk of a result beside its files
constexpr std::chrono::hours kFresh{1};       // how long what was prepared may be relied on

// Fields between NULs, which none of them has.
std::string encoded(const Upload& upload) {
  const store::Document attempt = to_document(upload.attempt);
  std::vector<std::string> fields{std::string(kFormat),
                                  boot_id(),
                                  upload.settlement.claim.job.text,
                                  std::to_string(upload.settlement.claim.attempt),
                                  std::to_string(static_cast<int>(upload.settlement.how)),
                                  std::to_string(static_cast<int>(upload.settlement.after)),
                                  upload.settlement.text,
                                  attempt.id,
                                  attempt.body};
  fields.insert(fields.end(), upload.paths.begin(), upload.paths.end());
  return join(fields, std::string_view("\0", 1));
}

std::optional<Upload> decoded(const fs::path& folder) {
  const auto text = read_file(folder / kOutcome);
  if (!text) return std::nullopt;
  const std::vector<std::string_view> fields = split(*text, '\0');
  constexpr std::size_t kFirstPath = 9;
  if (fields.size() < kFirstPath || fields[0] != kFormat) return std::nullopt;
  // Nothing was synced: after a loss of power files may be cut short. The run comes again when its lease has run out.
  if (fields[1] != boot_id()) return std::nullopt;
  const auto number = parse_int(fields[3]);
  const auto how = parse_int(fields[4]);
  const auto after = parse_int(fields[5]);
  auto attempt = store::attempt_from({std::string(fields[7]), std::string(fields[8]), {}});
  if (!number || !how || !after || !attempt || *how < 0 || *how > 2 || *after < 0 || *after > 2) return std::nullopt;
  Upload upload{folder, std::move(*attempt), {}, {}};
  upload.settlement = {{{std::string(fields[2])}, static_cast<int>(*number)},
                       static_cast<jobs::Settlement::How>(*how),
                       std::string(fields[6]),
                       static_cast<jobs::AfterFailure>(*after)};
  for (std::size_t i = kFirstPath; i < fields.size(); ++i) upload.paths.emplace_back(fields[i]);
  return upload;
}

Fd locked_folder(const fs::path& folder) {
  Fd file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.valid() && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  return {};
}

std::uint64_t size_of(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    struct stat info {};
    if (::lstat(it->path().c_str(), &info) == 0 && S_ISREG(info.st_mode))
      bytes += static_cast<std::uint64_t>(info.st_size);
  }
  return bytes;
}

// One result that nobody can digest must not end the worker.
template <typename Do>
Status safely(Do&& what) {
  try {
    return what();
  } catch (const std::exception& error) {
    return environment_error("{}", error.what());
  }
}

// How the files of a run are kept: the large ones each by itself, the others in one archive.
struct Parcel {
  std::vector<archive::Entry> small;
  std::vector<std::size_t> large;  // in the record's files
  std::uint64_t bytes = 0;         // of all
};

Result<Parcel> sort_out(const Upload& upload, bool all_are_small) {
  Parcel parcel;
  for (std::size_t i = 0; i < upload.paths.size(); ++i) {
    const std::string inside = store::path_in_archive(upload.paths[i]);
    const fs::path file = upload.folder / kFiles / inside;
    struct stat info {};
    if (::lstat(file.c_str(), &info) != 0) return system_error(errno, file.string());
    const bool is_large = S_ISREG(info.st_mode) && static_cast<std::uint64_t>(info.st_size) > store::kInline;
    parcel.bytes += static_cast<std::uint64_t>(info.st_size);
    if (is_large && !all_are_small) {
      parcel.large.push_back(i);
    } else {
      parcel.small.push_back({inside, file});
    }
  }
  return parcel;
}

Result<store::OwnBlob> put_large(const fs::path& file, std::size_t index, ResultFile& described, store::Store& store) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return system_error(errno, file.string());
  SIMSWARM_TRY(const auto source, FileSource::open(file));
  SIMSWARM_TRY(const store::Blob blob, store.put(*source));
  described.digest = blob.digest;
  described.size = blob.size;
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return store::OwnBlob{index, info.st_mtim.tv_sec * kNanoseconds + info.st_mtim.tv_nsec,
                        (info.st_mode & S_IXUSR) != 0};
}

// One digest of all files in canonical form: equal for equal results, whatever the order in which they were written.
Result<Digest> canonical_of(const Upload& upload) {
  std::vector<std::string> paths = upload.paths;
  std::sort(paths.begin(), paths.end());
  Hasher hasher;
  for (const std::string& path : paths) {
    const fs::path file = upload.folder / kFiles / store::path_in_archive(path);
    std::error_code error;
    const bool is_link = fs::is_symlink(file, error);
    SIMSWARM_TRY(const Digest digest, is_link ? Result<Digest>(digest_of(fs::read_symlink(file, error).string()))
                                              : result::canonical_digest(file));
    hasher.field(path).field(digest.hex());
  }
  return hasher.finish();
}

}  // namespace

Result<std::unique_ptr<Uploader>> Uploader::open(std::shared_ptr<store::Store> store, UploaderOptions options) {
  const fs::path folder = options.folder / digest_of(store->shown()).hex().substr(0, 16);
  options.folder = folder;
  const fs::path own = folder / options.worker;
  SIMSWARM_CHECK(make_folders(own));
  Fd lock = locked_folder(own);
  if (!lock.valid())
    return usage_error("a worker named «{}» is at work here ({} is locked)", options.worker, own.string());
  std::unique_ptr<Uploader> uploader(new Uploader(std::move(store), std::move(options), own, std::move(lock)));
  return uploader;
}

Uploader::Uploader(std::shared_ptr<store::Store> store, UploaderOptions options, fs::path own, Fd lock)
    : store_(std::move(store)), options_(std::move(options)), own_(std::move(own)), lock_(std::move(lock)) {
  adopt_all();
  thread_ = std::thread([this] { work(); });
}

Uploader::~Uploader() {
  {
    const std::lock_guard guard(mutex_);
    ends_ = true;
  }
  wake_.notify_all();
  thread_.join();
  std::error_code ignored;
  fs::remove(own_, ignored);  // where nothing waits
}

Result<fs::path> Uploader::new_folder() {
  const fs::path folder = own_ / fmt::format("{}-{}", make_ulid(system_clock().stamp()), ++named_);
  SIMSWARM_CHECK(make_folders(folder / kFiles));
  return folder / kFiles;
}

Status Uploader::hand_in(Upload upload) {
  upload.folder = upload.folder.parent_path();
  const fs::path partial = upload.folder / "outcome.part";
  SIMSWARM_CHECK(write_file(partial, encoded(upload)));
  std::error_code error;
  fs::rename(partial, upload.folder / kOutcome, error);
  if (error) return system_error(error.value(), upload.folder.string());
  queue(std::move(upload));
  return {};
}

void Uploader::queue(Upload upload) {
  const std::uint64_t bytes = size_of(upload.folder / kFiles) + kEach;
  const std::lock_guard guard(mutex_);
  waiting_.push_back({std::move(upload), bytes});
  pending_ += 1;
  bytes_ += bytes;
  wake_.notify_all();
}

bool Uploader::is_full() const {
  return bytes_ > options_.limit || pending_ > kMostPending;
}

void Uploader::watch(std::set<RunKey> running) {
  const std::lock_guard guard(mutex_);
  running_ = std::move(running);
}

std::set<RunKey> Uploader::take_done() {
  const std::lock_guard guard(mutex_);
  return std::exchange(done_, {});
}

std::string Uploader::refusal() const {
  const std::lock_guard guard(mutex_);
  return refusal_;
}

bool Uploader::finish(milliseconds patience) {
  std::unique_lock lock(mutex_);
  return settled_.wait_for(lock, patience, [this] { return pending_ == 0; });
}

void Uploader::tell(const Status& status) {
  const std::string trouble = status ? "" : status.error().message;
  is_away_ = !status;
  if (trouble == told_) return;
  told_ = trouble;
  if (trouble.empty()) return options_.say("the store is there again");
  options_.say(fmt::format("results wait on disk ({} in {}): {}", pending_.load(), own_.string(), trouble));
}

void Uploader::work() {
  std::vector<Item> group;
  milliseconds pause{0};
  std::unique_lock lock(mutex_);
  while (!ends_) {
    const bool has_work = !group.empty() || !waiting_.empty();
    if (!has_work || pause.count() > 0) {
      wake_.wait_for(lock, pause.count() > 0 ? pause : milliseconds(1000),
                     [&] { return ends_ || (pause.count() == 0 && !waiting_.empty()); });
    }
    if (ends_) break;
    std::uint64_t bytes = 0;
    while (group.size() < kMostInGroup && bytes < kGroupBytes && !waiting_.empty()) {
      bytes += waiting_.front().bytes;
      group.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    lock.unlock();
    adopt_all();
    Status done = send_all(group);
    if (done) done = look_at_runs();
    if (done) done = look_at_quota();
    for (const std::string& note : store_->back_end().take_notes()) options_.say(note);
    tell(done);
    pause = done ? milliseconds(0) : std::clamp(pause * 2, kFirstPause, kLongestPause);
    lock.lock();
    if (pending_ == 0) settled_.notify_all();
  }
}

// What was left in a folder of results becomes ours; what its worker did not come to the end of goes.
std::size_t Uploader::adopt(const fs::path& folder) {
  std::size_t found = 0;
  std::error_code error;
  std::vector<fs::path> names;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    names.push_back(it->path().filename());
  for (const fs::path& name : names) {
    const fs::path ours = own_ / name;
    if (folder != own_) fs::rename(folder / name, ours, error);
    auto upload = decoded(ours);
    if (!upload) {
      (void)remove_tree(ours);
      continue;
    }
    queue(std::move(*upload));
    ++found;
  }
  return found;
}

// At first also what the one of our name before us has left.
void Uploader::adopt_all() {
  const Monotonic now = system_clock().monotonic();
  if (now < next_adoption_) return;
  std::size_t found = next_adoption_ == Monotonic{} ? adopt(own_) : 0;
  next_adoption_ = now + kAdoption;
  std::error_code error;
  std::vector<fs::path> folders;
  for (fs::directory_iterator it(options_.folder, error), end; !error && it != end; it.increment(error))
    folders.push_back(it->path());
  for (const fs::path& folder : folders) {
    if (folder == own_ || folder.filename() == kBroken) continue;
    const Fd lock = locked_folder(folder);
    if (!lock.valid()) continue;
    found += adopt(folder);
    fs::remove(folder, error);  // the name is free again
  }
  if (found > 0) options_.say(fmt::format("{} results of workers that have gone are brought to the store", found));
}

// It is in the store, or aside.
void Uploader::forget(const Item& item) {
  (void)remove_tree(item.upload.folder);
  pending_ -= 1;
  bytes_ -= item.bytes;
}

// What cannot be brought to the store, whenever it is tried, must not stop the rest.
void Uploader::give_up(Item& item, const Error& error) {
  const fs::path aside = options_.folder / kBroken / item.upload.folder.filename();
  std::error_code ignored;
  if (make_folders(aside.parent_path())) fs::rename(item.upload.folder, aside, ignored);
  options_.say(fmt::format("{} cannot be stored, its files are in {}: {}", item.upload.attempt.run, aside.string(),
                           error.message));
  jobs::Settlement& settlement = item.upload.settlement;
  settlement.how = jobs::Settlement::How::kFail;
  settlement.after = jobs::AfterFailure::kMayRetry;
  settlement.text = fmt::format("incomplete: its results could not be brought to the store: {}\n", error.message);
  options_.settle({settlement});
  forget(item);
}

// Leaves in `group` what is to be tried again.
Status Uploader::send_all(std::vector<Item>& group) {
  std::vector<Item> ready;
  Status done;
  std::vector<Item> left;
  for (Item& item : group) {
    const Status prepared = done ? safely([&] { return prepare(item); }) : Status();
    if (!done || (!prepared && prepared.error().can_retry)) {
      if (done) done = prepared;
      left.push_back(std::move(item));
    } else if (!prepared) {
      give_up(item, prepared.error());
    } else {
      ready.push_back(std::move(item));
    }
  }
  Status sent = ready.empty() ? Status() : safely([&] { return send(ready); });
  if (!sent && !sent.error().can_retry && ready.size() == 1) {
    give_up(ready.front(), sent.error());
    ready.clear();
    sent = Status();
  } else if (!sent && !sent.error().can_retry) {  // one of them: each by itself
    sent = Status();
    for (Item& item : ready) {
      std::vector<Item> one;
      one.push_back(std::move(item));
      const Status alone = send_all(one);
      if (sent && !alone) sent = alone;
      for (Item& still : one) left.push_back(std::move(still));
    }
    ready.clear();
  }
  if (!sent) {
    for (Item& item : ready) left.push_back(std::move(item));
  }
  group = std::move(left);
  return done ? sent : done;
}

Status Uploader::prepare(Item& item) {
  if (item.upload.settlement.how != jobs::Settlement::How::kComplete) return {};
  // Blobs that nobody refers to for long are collected: what waited is brought anew, which costs little when it is
  // there.
  const Monotonic now = system_clock().monotonic();
  if (item.record && now - item.prepared < kFresh) return {};
  item.prepared = now;
  item.record.reset();
  const Upload& upload = item.upload;
  store::RunRecord record;
  record.made_by = upload.attempt;
  SIMSWARM_TRY(record.canonical, canonical_of(upload));
  for (const std::string& path : upload.paths) record.files.push_back({path, 0, {}, {}});
  // What compresses to little lies in the document, whatever its size was.
  SIMSWARM_TRY(Parcel parcel, sort_out(upload, true));
  bool is_inline = false;
  if (parcel.bytes <= kMostTried) {
    SIMSWARM_TRY(is_inline, pack_inline(parcel.small, record));
  }
  if (!is_inline) {
    SIMSWARM_TRY(parcel, sort_out(upload, false));
    for (const std::size_t index : parcel.large) {
      const fs::path file = upload.folder / kFiles / store::path_in_archive(upload.paths[index]);
      SIMSWARM_TRY(store::OwnBlob own, put_large(file, index, record.files[index], *store_));
      record.own.push_back(own);
    }
    SIMSWARM_TRY(is_inline, pack_inline(parcel.small, record));
    if (!is_inline) SIMSWARM_CHECK(pack_blob(parcel.small, record));
  }
  for (ResultFile& file : record.files) {
    if (!file.digest.empty()) continue;
    SIMSWARM_TRY(file, exec::describe(file.path, upload.folder / kFiles / store::path_in_archive(file.path)));
  }
  item.record = std::move(record);
  return {};
}

// False: it is too large for the document.
Result<bool> Uploader::pack_inline(const std::vector<archive::Entry>& entries, store::RunRecord& record) {
  if (entries.empty()) return true;
  TextSink packed;
  const auto compressed = archive::compress_into(packed);
  SIMSWARM_TRY(const archive::Packed tar, archive::pack(entries, archive::Times::kKept, *compressed));
  SIMSWARM_CHECK(compressed->finish());
  if (packed.text().size() >= store::kInline) return false;
  record.archive = tar.digest;
  record.archive_size = tar.size;
  record.packed = packed.take();
  record.packed_size = record.packed.size();
  return true;
}

Status Uploader::pack_blob(const std::vector<archive::Entry>& entries, store::RunRecord& record) {
  SIMSWARM_TRY(const auto blob, store_->create_blob());
  SIMSWARM_TRY(const archive::Packed tar, archive::pack(entries, archive::Times::kKept, *blob));
  record.archive = tar.digest;
  record.archive_size = tar.size;
  SIMSWARM_TRY([[maybe_unused]] const store::Blob kept, blob->keep());
  return {};
}

// Blobs, then attempts, then what refers to the blobs; at last the queue is told, and the disk is cleared.
Status Uploader::send(std::vector<Item>& group) {
  const std::string name = make_ulid(system_clock().stamp());
  std::vector<store::AttemptRecord> attempts;
  std::vector<store::RunRecord> records;
  for (Item& item : group) {
    attempts.push_back(item.upload.attempt);
    if (!item.record) continue;
    if (item.record->group.empty()) item.record->group = name;
    records.push_back(*item.record);
  }
  SIMSWARM_CHECK(store_->note_attempts(attempts));
  SIMSWARM_TRY(const std::vector<store::Accepted> accepted, store_->accept(records));
  for (std::size_t i = 0; i < accepted.size(); ++i) {
    if (accepted[i] != store::Accepted::kConflict) continue;
    options_.say(
        fmt::format("{} was complete with other results: these are kept beside them (simswarm status shows it)",
                    records[i].made_by.run));
  }
  std::vector<jobs::Settlement> settlements;
  for (const Item& item : group) {
    jobs::Settlement& settlement = settlements.emplace_back(item.upload.settlement);
    if (item.record) settlement.text = with_group(settlement.text, item.record->group);
  }
  options_.settle(std::move(settlements));
  for (const Item& item : group) forget(item);
  return {};
}

// A result is accepted from whoever has it first: then there is no need to go on with it here.
Status Uploader::look_at_runs() {
  const Monotonic now = system_clock().monotonic();
  if (now < next_look_) return {};
  next_look_ = now + kLook;
  std::vector<RunKey> keys;
  {
    const std::lock_guard guard(mutex_);
    keys.assign(running_.begin(), running_.end());
  }
  if (keys.empty()) return {};
  SIMSWARM_TRY(const auto records, store_->results(keys, store::Part::kBody));
  const std::lock_guard guard(mutex_);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (records[i]) done_.insert(keys[i]);
  }
  return {};
}

Status Uploader::look_at_quota() {
  const Monotonic now = system_clock().monotonic();
  const bool is_due = now >= next_quota_;
  if (!is_due && (refusal_.empty() || now < next_glance_)) return {};  // nobody else writes it
  next_glance_ = now + kQuotaGlance;
  SIMSWARM_TRY(const auto quota, store_->quota());
  if (!is_due && quota == quota_) return {};
  quota_ = quota;
  next_quota_ = now + kQuotaLook;
  std::string refusal;
  if (quota) {
    SIMSWARM_TRY(const store::Usage usage, store_->usage());
    if (usage.bytes() >= *quota)
      refusal =
          fmt::format("{} holds {}, its quota is {}: nothing new starts; simswarm store gc, rm or quota makes room",
                      store_->shown(), human_bytes(usage.bytes()), human_bytes(*quota));
  }
  const std::lock_guard guard(mutex_);
  refusal_ = std::move(refusal);
  return {};
}

}  // namespace simswarm::worker
