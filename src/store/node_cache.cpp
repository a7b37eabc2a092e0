#include "store/node_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "archive/tar.h"
#include "base/text.h"

namespace simswarm::store {
namespace {

constexpr std::chrono::milliseconds kLook{50};  // how often a lock that others hold is asked for
constexpr std::chrono::seconds kMoment{5};
constexpr const char* kNote = "good";  // stands beside a tree that was checked
constexpr const char* kLock = ".lock";

// What a tree looks like from outside; changes when a file is written, replaced or removed.
struct Look {
  Digest digest;
  std::uint64_t bytes = 0;
};

Result<Look> look_at(const fs::path& tree) {
  std::vector<std::string> lines;
  Look look;
  std::error_code error;
  for (fs::recursive_directory_iterator it(tree, error), end; !error && it != end; it.increment(error)) {
    struct stat info {};
    if (::lstat(it->path().c_str(), &info) != 0) return system_error(errno, it->path().string());
    if (S_ISDIR(info.st_mode)) continue;
    lines.push_back(fmt::format("{} {} {} {}.{} {}.{}", it->path().string(), info.st_ino, info.st_size,
                                info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_ctim.tv_sec, info.st_ctim.tv_nsec));
    look.bytes += static_cast<std::uint64_t>(info.st_size);
  }
  if (error) return system_error(error.value(), tree.string());
  std::sort(lines.begin(), lines.end());
  Hasher hasher;
  for (const std::string& line : lines) hasher.field(line);
  look.digest = hasher.finish();
  return look;
}

// Of a tree, as its note says; 0: there is none.
std::uint64_t noted_bytes(const fs::path& note) {
  const std::string text = read_file(note).value_or("");
  const auto bytes =
      parse_int(trim(std::string_view(text).substr(text.rfind(' ') == std::string::npos ? 0 : text.rfind(' '))));
  return bytes && *bytes > 0 ? static_cast<std::uint64_t>(*bytes) : 0;
}

class Nowhere final : public Sink {
 public:
  Status write(std::string_view) override { return {}; }
};

// Byte by byte.
bool has_digest(const fs::path& tree, const Digest& artifact) {
  const auto entries = archive::entries_of(tree);
  if (!entries) return false;
  Nowhere nowhere;
  const auto packed = archive::pack(*entries, archive::Times::kDropped, nowhere);
  return packed && packed->digest == artifact;
}

// Nobody writes what others execute.
Status make_read_only(const fs::path& tree) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(tree, error), end; !error && it != end; it.increment(error)) {
    if (it->symlink_status(error).type() != fs::file_type::regular) continue;
    fs::permissions(it->path(), fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write,
                    fs::perm_options::remove, error);
  }
  if (error) return system_error(error.value(), tree.string());
  return {};
}

}  // namespace

Result<std::unique_ptr<NodeCache>> NodeCache::open(CacheOptions options) {
  SIMSWARM_CHECK(make_folders(options.folder));
  return std::unique_ptr<NodeCache>(new NodeCache(std::move(options)));
}

// A lock of the file system, which the kernel takes from who dies. The file may be removed while we wait for it. With
// LOCK_NB it is waited for only once: not valid, somebody has it.
Result<Fd> NodeCache::lock(const std::string& name, int how) const {
  const fs::path path = options_.folder / (name + kLock);
  while (true) {
    Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (!file.valid()) return system_error(errno, path.string());
    while (::flock(file.get(), how | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) return system_error(errno, path.string());
      if (options_.gives_up())
        return propagate({ExitCode::kInterrupted, fmt::format("artifact {} was not waited for", name), true});
      std::this_thread::sleep_for(kLook);
      if ((how & LOCK_NB) != 0) return Fd();
    }
    struct stat ours {};
    struct stat there {};
    if (::fstat(file.get(), &ours) == 0 && ::stat(path.c_str(), &there) == 0 && ours.st_ino == there.st_ino)
      return file;
  }
}

Result<bool> NodeCache::is_good(const Digest& artifact) const {
  const fs::path folder = options_.folder / artifact.hex();
  const auto noted = read_file(folder / kNote);
  if (!noted) return false;  // nobody came to the end of unpacking it
  const auto look = look_at(tree_of(artifact.hex()));
  if (look && *noted == fmt::format("{} {} {}\n", boot_id(), look->digest.hex(), look->bytes)) return true;
  return false;
}

Status NodeCache::note(const Digest& artifact) const {
  const fs::path folder = options_.folder / artifact.hex();
  SIMSWARM_TRY(const Look look, look_at(folder / "tree"));
  return write_file_atomically(folder / kNote, fmt::format("{} {} {}\n", boot_id(), look.digest.hex(), look.bytes));
}

// We have seen it without its lock, and it was not as it should be.
tl::unexpected<Error> NodeCache::in_use(const Digest& artifact) const {
  return propagate(
      {ExitCode::kEnvironment,
       fmt::format("artifact {} in {} has been changed while it is in use: when its users have ended it is "
                   "fetched again",
                   artifact.hex().substr(0, 12), options_.folder.string()),
       true});
}

Result<std::unique_ptr<Held>> NodeCache::hold(const Digest& artifact, Store& store) {
  const std::string& name = artifact.hex();
  Monotonic changed_since{};  // epoch: it is not known to be
  std::error_code error;
  while (true) {
    // Nobody holds what nobody has come to the end of: those who look at it would only be in each other's way.
    const bool was_whole = fs::exists(options_.folder / name / kNote, error);
    if (was_whole) {
      SIMSWARM_TRY(Fd shared, lock(name, LOCK_SH));
      SIMSWARM_TRY(const bool good, is_good(artifact));
      if (good) {
        (void)::futimens(shared.get(), nullptr);  // used now
        return std::make_unique<Held>(tree_of(name), std::move(shared));
      }
    }
    SIMSWARM_TRY(const Fd alone, lock(name, LOCK_EX | LOCK_NB));
    if (!alone.valid()) {  // who has it may have unpacked it, and holds it for as long as he uses it
      const Monotonic now = system_clock().monotonic();
      if (!was_whole || changed_since == Monotonic{}) changed_since = now;
      if (now - changed_since > kMoment) return in_use(artifact);
      continue;
    }
    SIMSWARM_TRY(const bool good_by_now, is_good(artifact));
    if (good_by_now) continue;
    const fs::path tree = tree_of(name);
    if (fs::exists(options_.folder / name / kNote, error)) {
      if (has_digest(tree, artifact)) {  // the machine was started anew, or times were changed
        SIMSWARM_CHECK(note(artifact));
        continue;
      }
      options_.say(fmt::format("artifact {} in {} is damaged: it is fetched again", name.substr(0, 12),
                               options_.folder.string()));
    }
    SIMSWARM_CHECK(remove_tree(options_.folder / name));
    if (Status fetched = fetch(artifact, store); !fetched) {
      (void)remove_tree(options_.folder / name);
      return propagate(fetched.error());
    }
  }
}

Status NodeCache::fetch(const Digest& artifact, Store& store) const {
  const std::string& name = artifact.hex();
  const fs::path folder = options_.folder / name;
  SIMSWARM_TRY(const auto blob, store.open_blob(artifact));
  if (!blob) {
    return propagate(
        {ExitCode::kEnvironment, fmt::format("artifact {} is not in {}", name.substr(0, 12), store.shown()), true});
  }
  SIMSWARM_CHECK(make_room(blob->size()));
  SIMSWARM_CHECK(make_folders(folder / "tree"));
  archive::UnpackLimits limits;
  limits.bytes = std::max(options_.limit, blob->size());  // for which make_room() has found room
  const auto unpacked = archive::unpack(*blob, folder / "tree", archive::Times::kDropped, limits);
  if (!blob->damage().empty()) {  // whoever needs it brings it anew when it is not there
    SIMSWARM_CHECK(store.forget_blob(artifact));
    return propagate({ExitCode::kEnvironment, "artifact " + blob->damage(), true});
  }
  if (!unpacked) {
    return propagate({unpacked.error().code,
                      fmt::format("artifact {}: {}", name.substr(0, 12), unpacked.error().message),
                      unpacked.error().can_retry});
  }
  if (unpacked->digest != artifact)
    return environment_error("artifact {} has the digest {}", name.substr(0, 12), unpacked->digest.hex());
  SIMSWARM_CHECK(make_read_only(folder / "tree"));
  return note(artifact);
}

Status NodeCache::make_room(std::uint64_t more) const {
  struct Entry {
    std::string name;
    std::int64_t used = 0;  // ns
    std::uint64_t bytes = 0;
  };
  std::vector<Entry> entries;
  std::uint64_t all = 0;
  std::error_code error;
  for (fs::directory_iterator it(options_.folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(kLock)) continue;
    const auto used = identify(options_.folder / (name + kLock));
    entries.push_back({name, used ? used->mtime_ns : 0, noted_bytes(it->path() / kNote)});
    all += entries.back().bytes;
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.used < b.used; });
  for (const Entry& entry : entries) {
    // Nobody knows how large what has no note is; whoever made it has died, or still has it locked.
    if (entry.bytes > 0 && all + more <= options_.limit) continue;
    const fs::path lock_file = options_.folder / (entry.name + kLock);
    const Fd held(::open(lock_file.c_str(), O_RDWR | O_CLOEXEC));
    if (!held.valid() || ::flock(held.get(), LOCK_EX | LOCK_NB) != 0) continue;  // somebody uses it
    SIMSWARM_CHECK(remove_tree(options_.folder / entry.name));
    fs::remove(lock_file, error);
    all -= std::min(all, entry.bytes);
  }
  struct statvfs disk {};
  if (::statvfs(options_.folder.c_str(), &disk) == 0 && disk.f_bavail * disk.f_frsize < more) {
    return environment_error("{} has {} left, and the artifact needs {}", options_.folder.string(),
                             human_bytes(disk.f_bavail * disk.f_frsize), human_bytes(more));
  }
  return {};
}

Result<NodeCache::Contents> NodeCache::contents() const {
  Contents contents;
  std::error_code error;
  for (fs::directory_iterator it(options_.folder, error), end; !error && it != end; it.increment(error)) {
    if (!fs::exists(it->path() / kNote, error)) continue;
    ++contents.artifacts;
    contents.bytes += noted_bytes(it->path() / kNote);
  }
  if (error) return system_error(error.value(), options_.folder.string());
  return contents;
}

}  // namespace simswarm::store
