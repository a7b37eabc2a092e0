#include "exec/state.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "exec/keeper.h"

namespace simswarm::exec {
namespace {

bool is_at(const Fd& file, const fs::path& path) {
  struct stat open {};
  struct stat there {};
  return ::fstat(file.get(), &open) == 0 && ::stat(path.c_str(), &there) == 0 && open.st_ino == there.st_ino &&
         open.st_dev == there.st_dev;
}

fs::path life_path(const StateFolder& state, const std::string& owner) {
  return state.root / "alive" / owner;
}

}  // namespace

Result<FileLock> FileLock::take(const fs::path& path) {
  FileLock lock;
  lock.file_ = Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!lock.file_.valid()) return system_error(errno, path.string());
  while (::flock(lock.file_.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return system_error(errno, path.string());
  }
  return lock;
}

Result<SignOfLife> SignOfLife::show(const StateFolder& state, const std::string& owner) {
  SIMSWARM_CHECK(make_folders(state.root / "alive"));
  const fs::path path = life_path(state, owner);
  constexpr int kTries = 20;
  constexpr int kPause = 5;  // milliseconds
  for (int tries = 1;; ++tries) {
    Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (!file.valid()) return system_error(errno, path.string());
    const bool locked = ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
    if (locked && is_at(file, path)) return SignOfLife(std::move(file), path);
    // One who sweeps looks at it, or has just removed it.
    if (tries == kTries) return system_error(EWOULDBLOCK, path.string());
    ::poll(nullptr, 0, kPause);
  }
}

SignOfLife::~SignOfLife() {
  if (file_.valid()) ::unlink(path_.c_str());
}

bool SignOfLife::is_alive(const StateFolder& state, const std::string& owner) {
  const Fd file(::open(life_path(state, owner).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return errno != ENOENT;  // what cannot be looked at is not dead
  return ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::string mark_of(const std::string& owner) {
  return "SIMSWARM_ATTEMPT=" + owner;
}

namespace {

// In a folder that others may write to: only what is ours.
void remove_veil(const std::string& owner) {
  const fs::path veil = veil_of(owner, {});
  struct stat info {};
  if (!veil.empty() && ::lstat(veil.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid())
    (void)remove_tree(veil);
}

// Removed under their lock: who is about to show one sees that, and shows it anew.
void remove_dead_signs(const StateFolder& state) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(state.root / "alive", error)) {
    const Fd file(::open(entry.path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (file.valid() && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(entry.path().c_str());
  }
}

}  // namespace

fs::path veil_of(const std::string& owner, const fs::path& project) {
  std::error_code error;
  const fs::path folder = fs::canonical(fs::temp_directory_path(error), error);
  if (error || (!project.empty() && lies_in(fs::weakly_canonical(project, error), folder))) return {};
  return folder / ("simswarm-" + owner);
}

Status sweep_scratch(const StateFolder& state, const std::vector<fs::path>& needed, std::string_view prefix) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(state.root / "scratch", error)) {
    const std::string owner = entry.path().filename().string();
    if (!owner.starts_with(prefix) || SignOfLife::is_alive(state, owner)) continue;
    end_contained(owner, mark_of(owner) + ".");
    const auto holds = [&](const fs::path& file) { return lies_in(entry.path(), file); };
    if (std::any_of(needed.begin(), needed.end(), holds)) continue;
    remove_veil(owner);  // first: scratch tells the next start whose it was
    SIMSWARM_CHECK(remove_tree(entry.path()));
  }
  remove_dead_signs(state);
  return {};
}

}  // namespace simswarm::exec
