#include "archive/plain_tar.h"

#include <algorithm>
#include <memory>

#include "archive/name.h"

namespace simswarm::archive {
namespace {

constexpr std::size_t kMostShortName = 100;                  // bytes, in the header itself
constexpr std::uint64_t kMostOctalSize = (1ULL << 33U) - 1;  // 11 digits; beyond, GNU's binary form
constexpr std::uint64_t kMostBehind = 1024ULL * 1024;        // bytes behind the end's mark: programs fill up records
constexpr std::uint64_t kMostHeaders = 16 * (kMostExtended + 2 * kBlock);

std::uint64_t padding_of(std::uint64_t size) {
  return (kBlock - size % kBlock) % kBlock;
}

void put(std::string& block, std::size_t at, std::string_view text) {
  block.replace(at, text.size(), text);
}

// POSIX: ustar.
std::string block_of(char kind, std::string_view path, std::string_view target, std::uint64_t size, unsigned mode) {
  std::string block(kBlock, '\0');
  put(block, 0, path.substr(0, kMostShortName));
  put(block, 100, fmt::format("{:07o}", mode));
  put(block, 108, "0000000");
  put(block, 116, "0000000");
  if (size <= kMostOctalSize) {
    put(block, 124, fmt::format("{:011o}", size));
  } else {
    block[124] = '\x80';
    for (unsigned i = 0; i < 8; ++i) block[135 - i] = static_cast<char>((size >> (8 * i)) & 0xffU);
  }
  put(block, 136, "00000000000");
  block[156] = kind;
  put(block, 157, target.substr(0, kMostShortName));
  put(block, 257, std::string_view("ustar\00000", 8));
  put(block, 148, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(block, 148, fmt::format("{:06o}", sum));
  block[154] = '\0';
  return block;
}

// The content of one entry, and no byte more.
class Content final : public Source {
 public:
  Content(Source& tar, std::uint64_t size) : tar_(tar), left_(size) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), left_);
    if (wanted == 0) return 0;
    SIMSWARM_TRY(const std::size_t got, tar_.read(buffer.first(wanted)));
    if (got < wanted) return usage_error("the archive is damaged: it ends within an entry");
    left_ -= got;
    return got;
  }

  Status skip() {
    const auto buffer = std::make_unique_for_overwrite<char[]>(kPiece);
    while (left_ > 0) SIMSWARM_CHECK(read({buffer.get(), kPiece}));
    return {};
  }

 private:
  Source& tar_;
  std::uint64_t left_;
};

class Visit {
 public:
  Visit(Source& tar, const VisitEntry& visit) : tar_(tar), visit_(visit) {}

  Status run() {
    while (true) {
      seen_.clear();
      SIMSWARM_TRY(const std::string first, headers(0, kBlock));
      if (first.find_first_not_of('\0') == std::string::npos) return end();
      SIMSWARM_TRY(const Headers entry, read_headers([this](auto at, auto bytes) { return headers(at, bytes); }));
      if (const std::string fault = fault_of(entry.path); !fault.empty()) return refused(entry.path, fault);
      Content content(tar_, entry.size);
      SIMSWARM_CHECK(visit_(entry, content));
      SIMSWARM_CHECK(content.skip());
      SIMSWARM_CHECK(Content(tar_, padding_of(entry.size)).skip());
    }
  }

 private:
  // The headers of an entry come in whole blocks; they are read once and asked for as often as wanted.
  Result<std::string> headers(std::uint64_t at, std::uint64_t bytes) {
    const std::uint64_t until = at + bytes + padding_of(at + bytes);
    if (until > kMostHeaders) return usage_error("the archive is damaged: headers that are too long");
    const std::size_t before = seen_.size();
    if (until > before) {
      seen_.resize(until);
      SIMSWARM_TRY(const std::size_t got, tar_.read({seen_.data() + before, until - before}));
      if (got < until - before) return usage_error("the archive is damaged: its end is missing");
    }
    return seen_.substr(at, bytes);
  }

  Status end() {
    const auto buffer = std::make_unique_for_overwrite<char[]>(kPiece);
    for (std::uint64_t behind = 0; behind <= kMostBehind;) {
      SIMSWARM_TRY(const std::size_t got, tar_.read({buffer.get(), kPiece}));
      if (std::any_of(buffer.get(), buffer.get() + got, [](char c) { return c != '\0'; }))
        return usage_error("the archive has bytes behind its end");
      behind += got;
      if (got < kPiece) return behind >= kBlock ? Status() : usage_error("the archive is damaged: its end is missing");
    }
    return usage_error("the archive has too many bytes behind its end");
  }

  Source& tar_;
  const VisitEntry& visit_;
  std::string seen_;
};

}  // namespace

Status TarWriter::folder(const std::string& path, unsigned mode) {
  return header('5', path + "/", "", 0, mode);
}

Status TarWriter::link(const std::string& path, const std::string& target) {
  return header('2', path, target, 0, 0777);
}

Status TarWriter::file(const std::string& path, std::string_view content, unsigned mode) {
  TextSource source(content);
  return file(path, source, content.size(), mode);
}

Status TarWriter::file(const std::string& path, Source& content, std::uint64_t size, unsigned mode) {
  SIMSWARM_CHECK(begin(path, size, mode));
  const auto buffer = std::make_unique_for_overwrite<char[]>(kPiece);
  for (std::uint64_t left = size; left > 0;) {
    const std::size_t wanted = std::min<std::uint64_t>(left, kPiece);
    SIMSWARM_TRY(const std::size_t got, content.read({buffer.get(), wanted}));
    if (got < wanted) return environment_error("{}: became shorter while it was packed", printable(path));
    SIMSWARM_CHECK(sink_.write({buffer.get(), got}));
    left -= got;
  }
  return pad(size);
}

Status TarWriter::begin(const std::string& path, std::uint64_t size, unsigned mode) {
  return header('0', path, "", size, mode);
}

Status TarWriter::end() {
  return sink_.write(std::string(2 * kBlock, '\0'));
}

Status TarWriter::header(char kind, const std::string& path, const std::string& target, std::uint64_t size,
                         unsigned mode) {
  if (target.size() > kMostShortName) SIMSWARM_CHECK(long_name('K', target));
  if (path.size() > kMostShortName) SIMSWARM_CHECK(long_name('L', path));
  return sink_.write(block_of(kind, path, target, size, mode));
}

// As GNU's tar writes it: an entry of its own, before the one that it names.
Status TarWriter::long_name(char kind, const std::string& name) {
  SIMSWARM_CHECK(sink_.write(block_of(kind, "././@LongLink", "", name.size() + 1, 0)));
  SIMSWARM_CHECK(sink_.write(name + '\0'));
  return pad(name.size() + 1);
}

Status TarWriter::pad(std::uint64_t size) {
  const std::uint64_t padding = padding_of(size);
  return padding == 0 ? Status() : sink_.write(std::string(padding, '\0'));
}

Status visit_tar(Source& tar, const VisitEntry& visit) {
  return Visit(tar, visit).run();
}

}  // namespace simswarm::archive
