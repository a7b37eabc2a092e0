#include "source/checkout_ground.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/text.h"

namespace simswarm::source {
namespace {

constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int kDeep = 200;  // levels; what is deeper is removed in pieces, so that no stack or table of files runs out
constexpr mode_t kModes = 07777;

// A folder, opened to us where its modes are in the way.
Fd open_folder(int parent, const std::string& name) {
  Fd folder(::openat(parent, name.c_str(), kFolder));
  struct stat info {};
  const bool closed =
      folder.valid() ? ::fstat(folder.get(), &info) == 0 && (info.st_mode & S_IRWXU) != S_IRWXU : errno == EACCES;
  if (!closed) return folder;
  const Fd handle(::openat(parent, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!handle.valid() || ::fstat(handle.get(), &info) != 0) return {};
  const std::string itself = fmt::format("/proc/self/fd/{}", handle.get());
  if (::chmod(itself.c_str(), (info.st_mode & kModes) | S_IRWXU) != 0 && !folder.valid()) return {};
  if (folder.valid()) return folder;
  folder = Fd(::openat(parent, name.c_str(), kFolder));
  return folder;
}

Result<std::vector<std::string>> names_in(int folder, const fs::path& where) {
  const int copy = ::openat(folder, ".", kFolder);
  DIR* listing = copy < 0 ? nullptr : ::fdopendir(copy);
  if (listing == nullptr) {
    if (copy >= 0) ::close(copy);
    return system_error(errno, where.string());
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(listing)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(listing);
  return names;
}

}  // namespace

FileIdentity identity_of(const struct stat& info) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return {static_cast<std::uint64_t>(info.st_dev), info.st_ino, static_cast<std::uint64_t>(info.st_size),
          std::int64_t{info.st_mtim.tv_sec} * kSecond + info.st_mtim.tv_nsec,
          std::int64_t{info.st_ctim.tv_sec} * kSecond + info.st_ctim.tv_nsec};
}

Result<Ground> Ground::open(const fs::path& top, const fs::path& trash) {
  Ground ground(top, trash);
  ground.root_ = open_folder(AT_FDCWD, top.string());
  if (!ground.root_.valid()) return system_error(errno, top.string());
  ground.trash_ = open_folder(AT_FDCWD, trash.string());
  if (!ground.trash_.valid()) return system_error(errno, trash.string());
  return ground;
}

std::string_view Ground::folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string Ground::last_of(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

int Ground::folder(std::string_view path) {
  std::size_t depth = 0;
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    if (depth < way_.size() && way_[depth].name != name) way_.resize(depth);
    if (depth == way_.size()) {
      if (name.empty() || name == "." || name == "..") {
        errno = EINVAL;
        return -1;
      }
      Fd next = open_folder(depth == 0 ? root_.get() : way_.back().folder.get(), std::string(name));
      if (!next.valid()) return -1;
      way_.push_back({std::string(name), std::move(next)});
    }
    ++depth;
  }
  return depth == 0 ? root_.get() : way_[depth - 1].folder.get();
}

// The open folders at and below a path are not its any more.
void Ground::leave(std::string_view path) {
  std::size_t depth = 0;
  while (depth < way_.size()) {
    const std::string_view name = path.substr(0, path.find('/'));
    if (way_[depth].name != name) return;
    if (name.size() == path.size()) {
      way_.resize(depth);
      return;
    }
    path.remove_prefix(name.size() + 1);
    ++depth;
  }
}

Result<int> Ground::make_folder(std::string_view path) {
  if (const int there = folder(path); there >= 0) return there;
  if (path.empty()) return system_error(errno, top_.string());
  SIMSWARM_TRY(const int parent, make_folder(folder_of(path)));
  const std::string name = last_of(path);
  constexpr mode_t kMode = 0755;
  if (::mkdirat(parent, name.c_str(), kMode) != 0) {
    if (errno != EEXIST) return system_error(errno, name_of(path).string());
    SIMSWARM_CHECK(remove_entry(parent, name, 0));
    if (::mkdirat(parent, name.c_str(), kMode) != 0) return system_error(errno, name_of(path).string());
  }
  const int made = folder(path);
  if (made < 0) return system_error(errno, name_of(path).string());
  ::fchmod(made, kMode);
  return made;
}

std::optional<struct stat> Ground::look(std::string_view path) {
  const int parent = parent_of(path);
  struct stat info {};
  if (parent < 0 || ::fstatat(parent, last_of(path).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return info;
}

Status Ground::remove(std::string_view path) {
  const int parent = parent_of(path);
  if (parent < 0) return {};
  leave(path);
  SIMSWARM_CHECK(remove_entry(parent, last_of(path), 0));
  return empty_trash();
}

Status Ground::discard(std::string_view path) {
  const int parent = parent_of(path);
  if (parent < 0) return {};
  leave(path);
  return move_to_trash(parent, last_of(path)) ? Status() : remove(path);
}

void Ground::remove_empty(std::string_view path) {
  for (; !path.empty(); path = folder_of(path)) {
    const int parent = parent_of(path);
    if (parent < 0) continue;
    leave(path);
    if (::unlinkat(parent, last_of(path).c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) return;
  }
}

Status Ground::take(const fs::path& file, std::string_view path) {
  SIMSWARM_TRY(const int parent, make_folder(folder_of(path)));
  const std::string name = last_of(path);
  if (::renameat(AT_FDCWD, file.c_str(), parent, name.c_str()) == 0) return {};
  if (errno != EISDIR && errno != ENOTEMPTY && errno != EEXIST) return system_error(errno, name_of(path).string());
  SIMSWARM_CHECK(remove(path));
  if (::renameat(AT_FDCWD, file.c_str(), parent, name.c_str()) != 0) return system_error(errno, name_of(path).string());
  return {};
}

Status Ground::link(const std::string& target, std::string_view path) {
  SIMSWARM_CHECK(make_folder(folder_of(path)));
  SIMSWARM_CHECK(remove(path));
  if (::symlinkat(target.c_str(), parent_of(path), last_of(path).c_str()) != 0)
    return system_error(errno, name_of(path).string());
  return {};
}

Fd Ground::open_file(std::string_view path) {
  const int parent = parent_of(path);
  if (parent < 0) return {};
  struct stat info {};
  Fd file(::openat(parent, last_of(path).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (file.valid() && (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))) file.reset();
  return file;
}

Result<std::string> Ground::read_link(std::string_view path) {
  std::array<char, PATH_MAX> target{};
  const int parent = parent_of(path);
  const ssize_t got = parent < 0 ? -1 : ::readlinkat(parent, last_of(path).c_str(), target.data(), target.size());
  if (got < 0) return system_error(errno, name_of(path).string());
  return std::string(target.data(), static_cast<std::size_t>(got));
}

Status Ground::move_to_trash(int folder, const std::string& name) {
  constexpr int kTries = 100'000;
  for (int tries = 0; tries < kTries; ++tries) {
    if (::renameat(folder, name.c_str(), trash_.get(), std::to_string(in_trash_++).c_str()) == 0) return {};
    if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) break;
  }
  return system_error(errno, name_of(name).string());
}

Status Ground::remove_entry(int folder, const std::string& name, int depth) {
  if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  const int error = errno;
  const Fd below = open_folder(folder, name);
  if (!below.valid()) return system_error(error, fmt::format("cannot remove «{}» in {}", name, top_.string()));
  if (depth == kDeep) return move_to_trash(folder, name);
  SIMSWARM_CHECK(empty_folder(below.get(), depth + 1));
  if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    return system_error(errno, fmt::format("cannot remove «{}» in {}", name, top_.string()));
  return {};
}

Status Ground::empty_folder(int folder, int depth) {
  SIMSWARM_TRY(const auto names, names_in(folder, top_));
  for (const std::string& name : names) SIMSWARM_CHECK(remove_entry(folder, name, depth));
  return {};
}

Status Ground::empty_trash() {
  while (true) {
    SIMSWARM_TRY(const auto names, names_in(trash_.get(), trash_name_));
    if (names.empty()) return {};
    for (const std::string& name : names) SIMSWARM_CHECK(remove_entry(trash_.get(), name, 0));
  }
}

Status Ground::walk(const std::function<Result<bool>(const Entry&)>& visit) {
  way_.clear();
  return walk_folder("", Fd(::openat(root_.get(), ".", kFolder)), 0, visit);
}

Status Ground::walk_folder(const std::string& path, Fd folder, int depth,
                           const std::function<Result<bool>(const Entry&)>& visit) {
  if (!folder.valid()) return system_error(errno, name_of(path).string());
  SIMSWARM_TRY(const auto names, names_in(folder.get(), name_of(path)));
  for (const std::string& name : names) {
    Entry entry{(fs::path(path) / name).string(), {}};
    if (::fstatat(folder.get(), name.c_str(), &entry.info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    SIMSWARM_TRY(const bool enter, visit(entry));
    if (!S_ISDIR(entry.info.st_mode) || !enter || depth == kDeep) continue;
    SIMSWARM_CHECK(walk_folder(entry.path, open_folder(folder.get(), name), depth + 1, visit));
  }
  return {};
}

}  // namespace simswarm::source
