#include "campaign/place.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"

namespace simswarm::campaign {
namespace {

bool is_there(const fs::path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

Status copy_content(int from, int to, const fs::path& path) {
  while (true) {
    const ssize_t copied = ::sendfile(to, from, nullptr, std::size_t{1} << 30U);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0) return system_error(errno, path.string());
    if (copied == 0) return {};
  }
}

// To another file system: a copy under a temporary name beside the target, with its times, synced, then renamed.
Status copy_over(const fs::path& staged, const fs::path& target) {
  if (fs::is_symlink(staged)) {
    const fs::path temporary = target.parent_path() / fmt::format(".simswarm.{}", ::getpid());
    std::error_code error;
    fs::remove(temporary, error);
    fs::copy_symlink(staged, temporary, error);
    if (!error) fs::rename(temporary, target, error);
    if (error) return system_error(error.value(), target.string());
    ::unlink(staged.c_str());
    return {};
  }
  const Fd from(::open(staged.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from.valid()) return system_error(errno, staged.string());
  std::string temporary = (target.parent_path() / ".simswarm.XXXXXX").string();
  const Fd to(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!to.valid()) return system_error(errno, temporary);
  struct stat info {};
  ::fstat(from.get(), &info);
  Status copied = copy_content(from.get(), to.get(), temporary);
  const std::array<timespec, 2> times{info.st_atim, info.st_mtim};
  ::fchmod(to.get(), info.st_mode & 0777U);
  ::futimens(to.get(), times.data());
  if (copied && ::fsync(to.get()) != 0) copied = system_error(errno, temporary);
  if (copied && ::rename(temporary.c_str(), target.c_str()) != 0) copied = system_error(errno, target.string());
  if (!copied) ::unlink(temporary.c_str());
  if (copied) ::unlink(staged.c_str());
  return copied;
}

Status move_file(const fs::path& staged, const fs::path& target) {
  if (::rename(staged.c_str(), target.c_str()) == 0) return {};
  if (errno == EXDEV) return copy_over(staged, target);
  return system_error(errno, target.string());
}

// True when the file was put aside; one with the same content is no loss.
Result<bool> keep_aside(const fs::path& target, const ResultFile& file, const std::string& kept) {
  if (!is_there(target) || kept.empty()) return false;
  const Result<ResultFile> there = describe(file.path, target);
  if (there && there->digest == file.digest) return false;
  SIMSWARM_CHECK(put_aside(target, file.path, kept));
  return true;
}

}  // namespace

std::string inside_path(const std::string& path) {
  return replace_all(path, "../", "_up/");
}

Status put_aside(const fs::path& target, const std::string& path, const fs::path& kept) {
  fs::path aside = kept / inside_path(path);
  for (int number = 2; is_there(aside); ++number) aside = kept / fmt::format("{}.{}", inside_path(path), number);
  SIMSWARM_CHECK(make_folders(aside.parent_path()));
  return move_file(target, aside);
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

Result<std::size_t> put_into_place(Intent& intent) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < intent.files.size(); ++i) {
    ResultFile& file = intent.files[i];
    const fs::path target = absolute_from(intent.folder, file.path);
    if (is_there(intent.staged[i])) {
      SIMSWARM_CHECK(check_target(target));
      SIMSWARM_CHECK(make_folders(target.parent_path()));
      SIMSWARM_TRY(const bool aside, keep_aside(target, file, intent.kept));
      kept += aside ? 1 : 0;
      SIMSWARM_CHECK(move_file(intent.staged[i], target));
    } else {
      SIMSWARM_TRY(const ResultFile there, describe(file.path, target));
      if (there.digest != file.digest) return environment_error("{} is not what was verified", target.string());
    }
    if (const auto identity = identify_itself(target)) file.identity = *identity;
  }
  return kept;
}

}  // namespace simswarm::campaign
