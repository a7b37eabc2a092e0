// Files and folders: whole reads, atomic writes, walks. Paths are bytes (std::string or filesystem::path), never
// decoded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace simswarm {

namespace fs = std::filesystem;

// A file descriptor that closes itself. Not copied; moved.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

// What the operating system knows of a file; equal identities stand for equal content (ARCHITECTURE.md).
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;     // bytes
  std::int64_t mtime_ns = 0;  // since the epoch
  std::int64_t ctime_ns = 0;  // since the epoch
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// Follows links. An error when there is no such file.
[[nodiscard]] Result<FileIdentity> identify(const fs::path& path);
// The same of a link itself.
[[nodiscard]] Result<FileIdentity> identify_itself(const fs::path& path);

[[nodiscard]] Result<std::string> read_file(const fs::path& path);
// The last `bytes` of a file (all of a shorter one); an error where it is a pipe or the like, which is not waited for.
[[nodiscard]] Result<std::string> read_tail(const fs::path& path, std::uint64_t bytes);
// Content goes to a temporary neighbour, is synced, and renamed: readers see the old or the new file, never a part.
[[nodiscard]] Status write_file_atomically(const fs::path& path, std::string_view content);
// Plain write, not synced; for scratch files.
[[nodiscard]] Status write_file(const fs::path& path, std::string_view content);

[[nodiscard]] Status make_folders(const fs::path& path);
// Removes a file or a whole folder, also where a folder in it is not writable; that nothing was there is no error.
[[nodiscard]] Status remove_tree(const fs::path& path);

// Lexically: absolute against `base` where relative, «.» and «..» resolved without looking at links.
[[nodiscard]] fs::path absolute_from(const fs::path& base, const fs::path& path);
// True when `path` is `folder` or lies in it, lexically; both absolute and normal.
[[nodiscard]] bool lies_in(const fs::path& folder, const fs::path& path);

// Another one after each start of the machine; empty where the system does not tell.
[[nodiscard]] std::string boot_id();

}  // namespace simswarm
