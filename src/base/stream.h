// Bytes that come and bytes that go, a piece at a time: for what need not fit into memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"

namespace simswarm {

inline constexpr std::size_t kPiece = 128 * 1024;  // bytes; how much is moved at once

class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;
  // Fills the buffer from its beginning, wholly unless the end comes: less than asked for is the end.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> buffer) = 0;
};

class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;  // what was not finished may lack its end
  [[nodiscard]] virtual Status write(std::string_view bytes) = 0;
  // Once, after the last write: nothing is held back any more.
  [[nodiscard]] virtual Status finish() { return {}; }
};

// All of the source goes into the sink; the sink is not finished. The number of bytes.
[[nodiscard]] Result<std::uint64_t> pour(Source& source, Sink& sink);

class TextSource final : public Source {
 public:
  explicit TextSource(std::string_view text) : text_(text) {}  // which must outlive it
  [[nodiscard]] Result<std::size_t> read(std::span<char> buffer) override;

 private:
  std::string_view text_;
};

// Refuses what goes beyond `most` bytes: what others have made may be of any size.
class TextSink final : public Sink {
 public:
  explicit TextSink(std::uint64_t most = 1ULL << 32U) : most_(most) {}
  [[nodiscard]] Status write(std::string_view bytes) override;
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::uint64_t most_;
  std::string text_;
};

class FileSource final : public Source {
 public:
  [[nodiscard]] static Result<std::unique_ptr<FileSource>> open(const fs::path& path);  // follows links
  FileSource(Fd file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}
  [[nodiscard]] Result<std::size_t> read(std::span<char> buffer) override;

 private:
  Fd file_;
  std::string name_;  // for messages
};

class FileSink final : public Sink {
 public:
  // A new file; an error where there is one.
  [[nodiscard]] static Result<std::unique_ptr<FileSink>> create(const fs::path& path);
  FileSink(Fd file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}
  [[nodiscard]] Status write(std::string_view bytes) override;
  [[nodiscard]] int descriptor() const { return file_.get(); }

 private:
  Fd file_;
  std::string name_;
};

// Passes on what it reads, and knows its digest and size.
class HashingSource final : public Source {
 public:
  explicit HashingSource(Source& inner) : inner_(inner) {}  // which must outlive it
  [[nodiscard]] Result<std::size_t> read(std::span<char> buffer) override;
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Digest digest() { return hasher_.finish(); }  // once, of all that was read

 private:
  Source& inner_;
  Hasher hasher_;
  std::uint64_t size_ = 0;
};

class HashingSink final : public Sink {
 public:
  explicit HashingSink(Sink& inner) : inner_(inner) {}  // which must outlive it
  [[nodiscard]] Status write(std::string_view bytes) override;
  [[nodiscard]] Status finish() override { return inner_.finish(); }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Digest digest() { return hasher_.finish(); }  // once, of all that was written

 private:
  Sink& inner_;
  Hasher hasher_;
  std::uint64_t size_ = 0;
};

}  // namespace simswarm
