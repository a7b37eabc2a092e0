#include "exec/left.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/digest.h"

namespace simswarm::exec {
namespace {

struct Entry {
  std::string name;
  unsigned char type = DT_UNKNOWN;
};

Fd open_folder(int above, const char* name) {
  return Fd(::openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// Without the buffer and the system calls of opendir(3).
Result<std::vector<Entry>> entries_of(const Fd& folder, const fs::path& path) {
  alignas(dirent64) std::array<char, 8192> buffer;  // NOLINT(*-member-init): the kernel fills it
  std::vector<Entry> entries;
  while (true) {
    const ssize_t got = ::getdents64(folder.get(), buffer.data(), buffer.size());
    if (got < 0) return system_error(errno, path.string());
    if (got == 0) return entries;
    for (ssize_t at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") entries.push_back({std::string(name), entry->d_type});
      at += entry->d_reclen;
    }
  }
}

unsigned char type_of(const Fd& above, const Entry& entry) {
  struct stat info {};
  if (entry.type != DT_UNKNOWN) return entry.type;
  if (::fstatat(above.get(), entry.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return DT_UNKNOWN;
  return static_cast<unsigned char>(IFTODT(info.st_mode));
}

std::optional<FolderTraits> traits_of(const Fd& folder) {
  struct stat info {};
  if (!folder.valid() || ::fstat(folder.get(), &info) != 0) return std::nullopt;
  FolderTraits traits{info.st_mode, info.st_uid, info.st_gid, info.st_size};
  const ssize_t attributes = ::flistxattr(folder.get(), nullptr, 0);
  traits.has_attributes = attributes > 0 || (attributes < 0 && errno != ENOTSUP);
  // What the file system does not know stays as it is.
  (void)::ioctl(folder.get(), FS_IOC_GETFLAGS, &traits.flags);
  fsxattr more{};
  if (::ioctl(folder.get(), FS_IOC_FSGETXATTR, &more) == 0)
    traits.more = {more.fsx_xflags, more.fsx_extsize, more.fsx_projid, more.fsx_cowextsize};
  return traits;
}

bool is_link_to(const fs::path& link, const fs::path& target) {
  std::error_code ignored;
  return fs::read_symlink(link, ignored) == target;
}

}  // namespace

std::optional<FolderTraits> traits_of(const fs::path& folder) {
  return traits_of(open_folder(AT_FDCWD, folder.c_str()));
}

fs::path relative_to(const fs::path& base, const fs::path& path) {
  const std::string& whole = path.native();
  const std::size_t size = base.native().size();
  const bool below = size > 1 && whole.size() > size + 1 && whole.starts_with(base.native()) && whole[size] == '/';
  return below ? fs::path(whole.substr(size + 1)) : path.lexically_relative(base);
}

Status Looker::top(const fs::path& folder, const fs::path& place) {
  return begin(folder, place, false);
}

Status Looker::results(const fs::path& folder, const fs::path& place) {
  return begin(folder, place, true);
}

Status Looker::begin(const fs::path& folder, const fs::path& place, bool is_results) {
  const Fd opened = open_folder(AT_FDCWD, folder.c_str());
  struct stat info {};
  const bool as_made = opened.valid() && ::fstat(opened.get(), &info) == 0 && (info.st_mode & 07777U) == kFolderMode;
  left_.is_bare = left_.is_bare && as_made;
  if (!opened.valid()) return errno == ENOENT ? Status() : Status(system_error(errno, folder.string()));
  return walk(opened, folder, place, {0, is_results});
}

Status Looker::walk(const Fd& folder, const fs::path& at, const fs::path& place, Within within) {
  SIMSWARM_TRY(const std::vector<Entry> entries, entries_of(folder, at));
  if (!within.is_results && within.depth == 0 && !entries.empty()) left_.is_bare = false;
  for (const Entry& entry : entries) {
    const fs::path own = at / entry.name;
    const fs::path seen = place / entry.name;
    const unsigned char type = type_of(folder, entry);
    bool taken = false;
    if (type == DT_DIR) {
      SIMSWARM_CHECK(enter(folder, entry.name.c_str(), own, seen, within));
    } else if (type == DT_REG || type == DT_LNK) {
      SIMSWARM_TRY(taken, take_file(folder, entry.name.c_str(), type == DT_LNK, own, seen));
    }  // whiteouts of deleted files, FIFOs, sockets: no results
    if (!taken && type != DT_DIR) ++not_taken_;
    if (!taken && within.is_results && within.depth == 0) left_.rest.push_back(own);
  }
  return {};
}

Status Looker::enter(const Fd& above, const char* name, const fs::path& at, const fs::path& place, Within within) {
  const Fd folder = open_folder(above.get(), name);
  if (!folder.valid()) return errno == ENOENT ? Status() : Status(system_error(errno, at.string()));
  const bool may_serve = within.is_results && within.depth == 0 && !left_.empty;
  const std::size_t before = not_taken_;
  SIMSWARM_CHECK(walk(folder, at, place, {within.depth + 1, within.is_results}));
  if (within.depth > 0) ++not_taken_;  // a folder in a folder
  if (!may_serve || not_taken_ != before) return {};
  if (const auto traits = traits_of(folder)) left_.empty = EmptyFolder{at, *traits};
  return {};
}

Result<bool> Looker::take_file(const Fd& above, const char* name, bool is_link, const fs::path& at,
                               const fs::path& place) {
  if (is_link && is_link_to(at, place)) return false;  // ours, of the mirror
  if (!is_link && is_unchanged(at, place)) return false;
  struct stat info {};
  if (!is_link && ::fstatat(above.get(), name, &info, AT_SYMLINK_NOFOLLOW) != 0)
    return system_error(errno, at.string());
  left_.files.push_back(
      {relative_to(spec_.working_folder, place).string(), at, is_link ? 0 : static_cast<std::uint64_t>(info.st_size)});
  return true;
}

// A file of the project that the run only opened for writing has been copied into the layer as it was.
bool Looker::is_unchanged(const fs::path& file, const fs::path& seen) const {
  const auto is = [&](const fs::path& folder) { return lies_in(folder, seen); };
  if (std::any_of(spec_.result_folders.begin(), spec_.result_folders.end(), is)) return false;
  if (spec_.left_out.contains(seen)) return false;
  const auto mine = identify(file);
  const auto below = identify(seen);
  if (!mine || !below || mine->size != below->size) return false;
  const auto content = digest_of_file(file);
  const auto original = digest_of_file(seen);
  return content && original && *content == *original;
}

Left Looker::take() {
  std::sort(left_.files.begin(), left_.files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return std::move(left_);
}

}  // namespace simswarm::exec
