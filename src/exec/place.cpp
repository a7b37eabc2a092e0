#include "exec/place.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.h"

namespace simswarm::exec {
namespace {

Status copy_content(int from, int to, const fs::path& path) {
  while (true) {
    const ssize_t copied = ::sendfile(to, from, nullptr, std::size_t{1} << 30U);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0) return system_error(errno, path.string());
    if (copied == 0) return {};
  }
}

Status copy_link(const fs::path& staged, const fs::path& temporary) {
  std::error_code error;
  fs::copy_symlink(staged, temporary, error);
  if (error) return system_error(error.value(), temporary.string());
  struct stat info {};
  if (::lstat(staged.c_str(), &info) == 0) (void)!::lchown(temporary.c_str(), info.st_uid, info.st_gid);
  return {};
}

Status copy_whole(const fs::path& staged, const fs::path& temporary) {
  const Fd from(::open(staged.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from.valid()) return system_error(errno, staged.string());
  const Fd to(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!to.valid()) return system_error(errno, temporary.string());
  struct stat info {};
  ::fstat(from.get(), &info);
  SIMSWARM_CHECK(copy_content(from.get(), to.get(), temporary));
  const std::array<timespec, 2> times{info.st_atim, info.st_mtim};
  (void)!::fchown(to.get(), info.st_uid, info.st_gid);  // as a rename would leave it
  ::fchmod(to.get(), info.st_mode & 0777U);
  ::futimens(to.get(), times.data());
  if (::fsync(to.get()) != 0) return system_error(errno, temporary.string());
  return {};
}

// To another file system: a copy under a temporary name beside the target, with its times, synced, then renamed. The
// name comes from the staged file's, so that one who is cut off finds it again. The staged file goes last, when the new
// name is on disk, too.
Status copy_over(const fs::path& staged, const fs::path& target) {
  const std::string name = digest_of(staged.string()).hex().substr(0, 16);
  const fs::path temporary = target.parent_path() / (".simswarm." + name);
  ::unlink(temporary.c_str());
  std::error_code ignored;
  Status copied = fs::is_symlink(staged, ignored) ? copy_link(staged, temporary) : copy_whole(staged, temporary);
  if (copied && ::rename(temporary.c_str(), target.c_str()) != 0) copied = system_error(errno, target.string());
  if (copied) copied = sync_path(target.parent_path());
  ::unlink(copied ? staged.c_str() : temporary.c_str());
  return copied;
}

// True when the file was put aside; one with the same content is no loss.
Result<bool> keep_aside(const fs::path& target, const ResultFile& file, const fs::path& kept) {
  if (kept.empty()) return false;
  const Result<ResultFile> there = describe(file.path, target);
  if (there && there->digest == file.digest) return false;
  SIMSWARM_CHECK(put_aside(target, file.path, kept));
  return true;
}

}  // namespace

Status move_file(const fs::path& staged, const fs::path& target) {
  if (::rename(staged.c_str(), target.c_str()) == 0) return {};
  if (errno == EXDEV) return copy_over(staged, target);
  return system_error(errno, target.string());
}

std::string inside_path(const std::string& path) {
  return replace_all(path, "../", "_up/");
}

Status put_aside(const fs::path& target, const std::string& path, const fs::path& kept) {
  fs::path aside = kept / inside_path(path);
  for (int number = 2; is_there(aside); ++number) aside = kept / fmt::format("{}.{}", inside_path(path), number);
  SIMSWARM_CHECK(make_folders(aside.parent_path()));
  return move_file(target, aside);
}

Result<bool> move_into_place(const fs::path& staged, const fs::path& target, const ResultFile& file,
                             const fs::path& kept) {
  bool aside = false;
  if (is_there(target)) {
    SIMSWARM_CHECK(check_target(target));
    SIMSWARM_TRY(aside, keep_aside(target, file, kept));
  } else {
    SIMSWARM_CHECK(make_folders(target.parent_path()));
  }
  SIMSWARM_CHECK(move_file(staged, target));
  return aside;
}

std::optional<fs::path> folder_outside(const std::vector<fs::path>& roots, const fs::path& target) {
  std::error_code error;
  fs::path folder = fs::weakly_canonical(target.parent_path(), error);
  if (error) return fs::path();
  if (std::any_of(roots.begin(), roots.end(), [&](const fs::path& root) { return lies_in(root, folder); })) return {};
  return folder;
}

bool is_there(const fs::path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

Status sync_path(const fs::path& path, bool whole_system) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return system_error(errno, path.string());
  if ((whole_system ? ::syncfs(file.get()) : ::fsync(file.get())) != 0 && errno != EINVAL)
    return system_error(errno, path.string());
  return {};
}

std::string with_label(const std::string& path, const std::string& label) {
  const fs::path whole(path);
  return (whole.parent_path() / (whole.stem().string() + "." + label + whole.extension().string())).string();
}

Status check_target(const fs::path& target) {
  struct stat info {};
  if (::lstat(target.c_str(), &info) != 0 || S_ISREG(info.st_mode) || S_ISLNK(info.st_mode)) return {};
  return usage_error("the result path {} is no regular file ({}): it is not touched; name another", target.string(),
                     S_ISDIR(info.st_mode) ? "a folder" : "a device, pipe or socket");
}

Result<ResultFile> describe(const std::string& path, const fs::path& staged) {
  struct stat info {};
  if (::lstat(staged.c_str(), &info) != 0) return system_error(errno, staged.string());
  ResultFile file{path, static_cast<std::uint64_t>(info.st_size), {}, {}};
  if (S_ISLNK(info.st_mode)) {
    file.digest = digest_of("link " + fs::read_symlink(staged).string());
    return file;
  }
  SIMSWARM_TRY(file.digest, digest_of_file(staged));
  return file;
}

bool is_disk_full(const Error& error) {
  return error.message.find("No space left") != std::string::npos ||
         error.message.find("disk is full") != std::string::npos ||
         error.message.find("quota exceeded") != std::string::npos;
}

}  // namespace simswarm::exec
