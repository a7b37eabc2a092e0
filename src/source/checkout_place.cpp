#include "source/checkout_place.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>

#include "base/stream.h"

namespace simswarm::source {
namespace {

constexpr mode_t kModes = 07777;
constexpr std::int64_t kSecond = 1'000'000'000;

mode_t mode_of(Kind kind) {
  return kind == Kind::kProgram ? 0755 : 0644;
}

timespec time_of(std::int64_t ns) {
  return {ns / kSecond, ns % kSecond};
}

Result<bool> same_content(Fd one, const fs::path& other) {
  FileSource here(std::move(one), other.string());
  SIMSWARM_TRY(const auto there, FileSource::open(other));
  const auto buffers = std::make_unique_for_overwrite<char[]>(2 * kPiece);
  char* const second = buffers.get() + kPiece;
  while (true) {
    SIMSWARM_TRY(const std::size_t got, here.read({buffers.get(), kPiece}));
    SIMSWARM_TRY(const std::size_t staged, there->read({second, kPiece}));
    if (got != staged || !std::equal(second, second + staged, buffers.get())) return false;
    if (got < kPiece) return true;
  }
}

// A build may have touched a file: its time stays, but for one that make could not work with.
void mend(int file, const struct stat& info, const TreeFile& wanted, std::int64_t stamp) {
  if ((info.st_mode & kModes) != mode_of(wanted.kind)) ::fchmod(file, mode_of(wanted.kind));
  const std::int64_t time = identity_of(info).mtime_ns;
  const std::int64_t right = time > stamp ? stamp : std::max(time, wanted.identity.mtime_ns);
  const std::array<timespec, 2> times{timespec{0, UTIME_OMIT}, time_of(right)};
  if (right != time) ::futimens(file, times.data());
}

// A second name of a file may lie anywhere: such a file is not mended.
Result<bool> is_there(Ground& ground, const TreeFile& wanted, const fs::path& staged, std::int64_t stamp) {
  const auto info = ground.look(wanted.path);
  if (!info) return false;
  if (wanted.kind == Kind::kLink) {
    if (!S_ISLNK(info->st_mode)) return false;
    SIMSWARM_TRY(const std::string target, read_file(staged));
    SIMSWARM_TRY(const std::string there, ground.read_link(wanted.path));
    return target == there;
  }
  struct stat size {};
  if (!S_ISREG(info->st_mode) || info->st_nlink != 1 || ::lstat(staged.c_str(), &size) != 0 ||
      size.st_size != info->st_size)
    return false;
  Fd file = ground.open_file(wanted.path);
  if (!file.valid()) return false;
  const Fd itself(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0));
  SIMSWARM_TRY(const bool same, same_content(std::move(file), staged));
  // An executable bit that changes with the tree is a change that make has to see.
  const bool other_kind =
      wanted.identity.inode == 0 && ((info->st_mode & S_IXUSR) != 0) != (wanted.kind == Kind::kProgram);
  if (!same || other_kind) return false;
  mend(itself.get(), *info, wanted, stamp);
  return true;
}

Status put_link(Ground& ground, const TreeFile& wanted, const fs::path& staged) {
  SIMSWARM_TRY(const std::string target, read_file(staged));
  if (target.empty() || target.size() >= PATH_MAX || target.find('\0') != std::string::npos)
    return usage_error("«{}» of the tree is a link to nothing that could be a path", wanted.path);
  return ground.link(target, wanted.path);
}

Status put(Ground& ground, const TreeFile& wanted, const fs::path& staged, std::int64_t stamp) {
  if (wanted.kind == Kind::kLink) return put_link(ground, wanted, staged);
  const std::array<timespec, 2> times{time_of(stamp), time_of(stamp)};
  if (::chmod(staged.c_str(), mode_of(wanted.kind)) != 0 ||
      ::utimensat(AT_FDCWD, staged.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0)
    return system_error(errno, staged.string());
  return ground.take(staged, wanted.path);
}

}  // namespace

std::vector<std::size_t> doubtful_files(Ground& ground, const TreeFiles& before, TreeFiles& now) {
  std::vector<std::size_t> doubtful;
  auto old = before.begin();
  for (std::size_t i = 0; i < now.size(); ++i) {
    TreeFile& file = now[i];
    while (old != before.end() && old->path < file.path) ++old;
    const bool same = old != before.end() && old->path == file.path && old->same_as(file);
    file.identity = same ? old->identity : FileIdentity{};
    const auto info = ground.look(file.path);
    if (!same || !info || identity_of(*info) != file.identity) doubtful.push_back(i);
  }
  return doubtful;
}

Result<fs::path> new_stage(const fs::path& staging) {
  SIMSWARM_CHECK(make_folders(staging));
  std::error_code ignored;
  fs::permissions(staging, fs::perms::owner_all, ignored);
  for (const auto& entry : fs::directory_iterator(staging, ignored)) fs::remove_all(entry.path(), ignored);
  std::string pattern = (staging / "XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return system_error(errno, pattern);
  return fs::path(pattern);
}

Result<Answer> stage(const fs::path& git_dir, const fs::path& staging, const TreeFiles& now,
                     const std::vector<std::size_t>& wanted) {
  std::string list;
  for (const std::size_t i : wanted) list += fmt::format("100644 {} 0\t{}\n", now[i].object, i);
  const fs::path index = staging.string() + ".index";
  const GitPlace place{git_dir, staging, index};
  SIMSWARM_TRY(Answer listed, try_git(place, {"update-index", "--add", "--index-info"}, list));
  if (listed.exit_code != 0) return listed;
  return try_git(place, {"checkout-index", "--all", "--quiet"});
}

Result<std::vector<std::string>> place(Ground& ground, const fs::path& staging, TreeFiles& now,
                                       const std::vector<std::size_t>& wanted, std::int64_t stamp) {
  std::vector<std::string> written;
  for (const std::size_t i : wanted) {
    TreeFile& file = now[i];
    const fs::path staged = staging / std::to_string(i);
    SIMSWARM_TRY(const bool there, is_there(ground, file, staged, stamp));
    if (!there) {
      SIMSWARM_CHECK(put(ground, file, staged, stamp));
      written.push_back(file.path);
    }
    const auto info = ground.look(file.path);
    if (!info) return environment_error("{} has gone as soon as it was written", ground.name_of(file.path).string());
    file.identity = identity_of(*info);
  }
  return written;
}

void wait_for_tick(const fs::path& folder, std::int64_t stamp) {
  constexpr auto kStep = std::chrono::microseconds(200);
  constexpr int kTries = 250;  // 50 ms: where the clock was set back there is nothing to wait for
  const fs::path probe = folder / "clock";
  const Fd file(::open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  for (int tries = 0; file.valid() && tries < kTries; ++tries) {
    struct stat info {};
    if (::futimens(file.get(), nullptr) != 0 || ::fstat(file.get(), &info) != 0) return;
    if (identity_of(info).mtime_ns > stamp) return;
    std::this_thread::sleep_for(kStep);
  }
}

}  // namespace simswarm::source
