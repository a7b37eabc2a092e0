#include "build/disk_growth.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <limits>
#include <memory>

namespace simswarm::build {
namespace {

using std::chrono::milliseconds;

constexpr int kDeepest = 200;  // folders in each other: one descriptor each
constexpr std::uint64_t kBlock = 512;
constexpr int kTimesRarer = 20;  // than the walk takes
constexpr milliseconds kSoonest{200};
constexpr milliseconds kLatest{30'000};

std::uint64_t use_below(int parent, const char* name, int depth) {
  const int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return 0;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(fd), &::closedir);
  if (!folder) return 0;
  std::uint64_t bytes = 0;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view child = entry->d_name;
    struct stat info {};
    if (child == "." || child == ".." || ::fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const auto taken = static_cast<std::uint64_t>(info.st_blocks) * kBlock;
    bytes += S_ISREG(info.st_mode) ? taken / std::max<std::uint64_t>(info.st_nlink, 1) : taken;
    if (S_ISDIR(info.st_mode) && depth < kDeepest) bytes += use_below(fd, entry->d_name, depth + 1);
  }
  return bytes;
}

std::uint64_t least_free(const std::vector<fs::path>& folders) {
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (const fs::path& folder : folders) least = std::min(least, disk_free(folder));
  return least;
}

}  // namespace

std::uint64_t disk_use(const std::vector<fs::path>& folders) {
  std::uint64_t bytes = 0;
  for (const fs::path& folder : folders) bytes += use_below(AT_FDCWD, folder.c_str(), 0);
  return bytes;
}

std::uint64_t disk_free(const fs::path& folder) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) return std::numeric_limits<std::uint64_t>::max();
  return disk.f_bavail * disk.f_frsize;
}

DiskGrowth::DiskGrowth(std::vector<fs::path> folders, std::uint64_t most)
    : folders_(std::move(folders)), most_(most), used_at_first_(disk_use(folders_)) {
  free_at_last_walk_ = least_free(folders_);
}

std::uint64_t DiskGrowth::free() const {
  return least_free(folders_);
}

std::uint64_t DiskGrowth::grown(Monotonic now) {
  const std::uint64_t free_now = free();
  const std::uint64_t lost = free_at_last_walk_ - std::min(free_at_last_walk_, free_now);
  const bool may_be_reached = grown_ + lost > most_;
  if (now < next_ || (!may_be_reached && now < at_latest_)) return grown_;
  return measure(now);
}

std::uint64_t DiskGrowth::measure(Monotonic now) {
  const std::uint64_t used = disk_use(folders_);
  const auto took = std::chrono::duration_cast<milliseconds>(system_clock().monotonic() - now);
  grown_ = used - std::min(used, used_at_first_);
  free_at_last_walk_ = free();
  next_ = now + std::clamp(took * kTimesRarer, kSoonest, kLatest);
  at_latest_ = now + std::max(kLatest, took * kTimesRarer);
  return grown_;
}

}  // namespace simswarm::build
