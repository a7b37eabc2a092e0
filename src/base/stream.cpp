#include "base/stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace simswarm {

Result<std::uint64_t> pour(Source& source, Sink& sink) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kPiece);
  std::uint64_t all = 0;
  while (true) {
    SIMSWARM_TRY(const std::size_t got, source.read({buffer.get(), kPiece}));
    if (got > 0) SIMSWARM_CHECK(sink.write({buffer.get(), got}));
    all += got;
    if (got < kPiece) return all;
  }
}

Result<std::size_t> TextSource::read(std::span<char> buffer) {
  const std::size_t got = text_.copy(buffer.data(), buffer.size());
  text_.remove_prefix(got);
  return got;
}

Status TextSink::write(std::string_view bytes) {
  if (bytes.size() > most_ - text_.size()) return usage_error("it has more than {} bytes", most_);
  text_ += bytes;
  return {};
}

Result<std::unique_ptr<FileSource>> FileSource::open(const fs::path& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return system_error(errno, path.string());
  return std::make_unique<FileSource>(std::move(file), path.string());
}

Result<std::size_t> FileSource::read(std::span<char> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t got = ::read(file_.get(), buffer.data() + filled, buffer.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, name_);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

Result<std::unique_ptr<FileSink>> FileSink::create(const fs::path& path) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!file.valid()) return system_error(errno, path.string());
  return std::make_unique<FileSink>(std::move(file), path.string());
}

Status FileSink::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file_.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_error(errno, name_);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<std::size_t> HashingSource::read(std::span<char> buffer) {
  SIMSWARM_TRY(const std::size_t got, inner_.read(buffer));
  hasher_.bytes({buffer.data(), got});
  size_ += got;
  return got;
}

Status HashingSink::write(std::string_view bytes) {
  SIMSWARM_CHECK(inner_.write(bytes));
  hasher_.bytes(bytes);
  size_ += bytes.size();
  return {};
}

}  // namespace simswarm
