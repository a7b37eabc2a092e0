#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace simswarm {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

namespace {

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Result<std::string> read_from(int fd, std::size_t expected, const fs::path& path) {
  std::string content;
  content.resize(expected);
  std::size_t filled = 0;
  while (true) {
    if (filled == content.size()) content.resize(content.size() + std::max<std::size_t>(4096, content.size() / 2));
    const ssize_t got = ::read(fd, content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, path.string());
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  content.resize(filled);
  return content;
}

Status write_all(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t put = ::write(fd, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_error(errno, path.string());
    content.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

constexpr mode_t kNewFile = 0666;

}  // namespace

namespace {

FileIdentity identity_of(const struct stat& info) {
  return {static_cast<std::uint64_t>(info.st_dev), info.st_ino, static_cast<std::uint64_t>(info.st_size),
          nanoseconds(info.st_mtim), nanoseconds(info.st_ctim)};
}

}  // namespace

Result<FileIdentity> identify(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return system_error(errno, path.string());
  return identity_of(info);
}

Result<FileIdentity> identify_itself(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return system_error(errno, path.string());
  return identity_of(info);
}

Result<std::string> read_file(const fs::path& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return system_error(errno, path.string());
  struct stat info {};
  const bool sized = ::fstat(file.get(), &info) == 0 && info.st_size > 0;
  return read_from(file.get(), sized ? static_cast<std::size_t>(info.st_size) + 1 : 0, path);
}

Result<std::string> read_tail(const fs::path& path, std::uint64_t bytes) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return system_error(errno, path.string());
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (!S_ISREG(info.st_mode)) return environment_error("{}: no regular file", path.string());
  if (std::min(size, bytes) == 0) return std::string();                    // as of most runs, which say nothing
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a run may have put a pipe there since
  if (!file.valid()) return system_error(errno, path.string());
  if (size > bytes) ::lseek(file.get(), info.st_size - static_cast<off_t>(bytes), SEEK_SET);
  return read_from(file.get(), static_cast<std::size_t>(std::min(size, bytes)) + 1, path);
}

Status write_file(const fs::path& path, std::string_view content) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kNewFile));
  if (!file.valid()) return system_error(errno, path.string());
  return write_all(file.get(), content, path);
}

Status write_file_atomically(const fs::path& path, std::string_view content) {
  std::string temporary = path.string() + ".XXXXXX";
  Fd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.valid()) return system_error(errno, temporary);
  ::fchmod(file.get(), 0644);
  Status written = write_all(file.get(), content, temporary);
  if (written && ::fsync(file.get()) != 0) written = system_error(errno, temporary);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = system_error(errno, path.string());
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Status make_folders(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return system_error(error.value(), path.string());
  return {};
}

namespace {

void open_folders(const fs::path& path) {
  std::error_code ignored;
  for (auto entry = fs::recursive_directory_iterator(path, ignored); entry != fs::recursive_directory_iterator();
       entry.increment(ignored)) {
    if (entry->is_directory(ignored) && !entry->is_symlink(ignored)) {
      fs::permissions(entry->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
    }
  }
}

}  // namespace

Status remove_tree(const fs::path& path) {
  std::error_code error;
  constexpr int kTries = 1000;
  for (int tries = 0; tries < kTries; ++tries) {
    fs::remove_all(path, error);
    if (error != std::errc::no_such_file_or_directory) break;  // else somebody removes it, too, and was faster there
  }
  if (error) {
    fs::permissions(path, fs::perms::owner_all, fs::perm_options::add, error);
    open_folders(path);
    error.clear();
    fs::remove_all(path, error);
  }
  if (error) return system_error(error.value(), path.string());
  return {};
}

fs::path absolute_from(const fs::path& base, const fs::path& path) {
  fs::path whole = (base / path).lexically_normal();
  if (!whole.has_filename() && whole != whole.root_path()) whole = whole.parent_path();
  return whole;
}

bool lies_in(const fs::path& folder, const fs::path& path) {
  const std::size_t size = folder.native().size();
  if (size > 1 && path.native().size() > size && path.native()[size] == '/' &&
      path.native().starts_with(folder.native()))
    return true;  // needs no components
  const auto [in_folder, in_path] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return in_folder == folder.end();
}

std::string boot_id() {
  std::string id = read_file("/proc/sys/kernel/random/boot_id").value_or("");
  while (id.ends_with('\n')) id.pop_back();
  return id;
}

}  // namespace simswarm
