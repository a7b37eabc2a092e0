#include "result/lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace simswarm::result {

namespace {

constexpr std::size_t kFirstBuffer = std::size_t{64} * 1024;
constexpr std::size_t kLongestLine = std::size_t{64} * 1024 * 1024;

}  // namespace

Result<Fd> open_regular(const fs::path& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return system_error(errno, path.string());
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return system_error(errno, path.string());
  if (!S_ISREG(about.st_mode)) return environment_error("{}: is no regular file", path.string());
  return fd;
}

Result<std::size_t> read_block(const Fd& fd, char* into, std::size_t capacity, const fs::path& path) {
  std::size_t filled = 0;
  while (filled < capacity) {
    const ssize_t got = ::read(fd.get(), into + filled, capacity - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, path.string());
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

tl::unexpected<Error> error_at(const fs::path& path, std::uint64_t line, std::string_view text) {
  return environment_error("{}:{}: {}", path.string(), line, text);
}

LineReader::LineReader(Fd fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)), buffer_(kFirstBuffer) {}

Result<LineReader> LineReader::open(const fs::path& path) {
  SIMSWARM_TRY(Fd fd, open_regular(path));
  return LineReader(std::move(fd), path);
}

bool LineReader::take(std::size_t end, bool has_newline) {
  line_ = std::string_view(buffer_.data() + begin_, end - begin_);
  begin_ = has_newline ? end + 1 : end;
  has_newline_ = has_newline;
  ++number_;
  return true;
}

Status LineReader::fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ == buffer_.size()) {
    if (buffer_.size() >= kLongestLine) return error_at(path_, number_ + 1, "the line is longer than 64 MiB");
    buffer_.resize(buffer_.size() * 2);
  }
  SIMSWARM_TRY(const std::size_t got, read_block(fd_, buffer_.data() + end_, buffer_.size() - end_, path_));
  at_end_of_file_ = got < buffer_.size() - end_;
  end_ += got;
  return {};
}

Result<bool> LineReader::next() {
  std::size_t searched = 0;  // bytes after begin_ that hold no newline
  while (true) {
    const char* from = buffer_.data() + begin_ + searched;
    if (const void* found = std::memchr(from, '\n', end_ - begin_ - searched)) {
      return take(static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data()), true);
    }
    if (at_end_of_file_) return end_ > begin_ ? take(end_, false) : false;
    searched = end_ - begin_;
    SIMSWARM_CHECK(fill());
  }
}

}  // namespace simswarm::result
