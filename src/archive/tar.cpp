#include "archive/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "archive/headers.h"
#include "archive/name.h"
#include "archive/tree.h"

namespace simswarm::archive {
namespace {

// This namespace has the name of libarchive's struct.
using Handle = struct ::archive;
using HandleEntry = struct ::archive_entry;

struct Free {
  void operator()(Handle* handle) const { archive_free(handle); }
  void operator()(HandleEntry* entry) const { archive_entry_free(entry); }
};

template <typename T>
std::unique_ptr<T, Free> owned(T* made) {
  if (made == nullptr) throw std::bad_alloc();
  return std::unique_ptr<T, Free>(made);
}

std::string said(Handle* handle) {
  const char* text = archive_error_string(handle);
  return text == nullptr ? "unknown error" : text;
}

[[noreturn]] void broken(Handle* handle) {
  throw std::runtime_error("libarchive: " + said(handle));
}

// ---- packing

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Two writers take turns, so that extended headers come only where they are needed. What libarchive makes of other
// names than ASCII depends on the locale, unless it is told that they are only bytes; then each of its entries has an
// extended header that says so.
class Packing {
 public:
  Packing(Times times, Sink& sink) : times_(times), sink_(sink) {
    for (Handle* writer : {plain_.get(), bytes_.get()})
      if (archive_write_set_format_pax(writer) != ARCHIVE_OK) broken(writer);
    open(plain_.get());
    if (archive_write_set_format_option(bytes_.get(), "pax", "hdrcharset", "BINARY") != ARCHIVE_OK)
      broken(bytes_.get());
    open(bytes_.get());
  }
  ~Packing() {  // freeing alone would write what is missing, or leak where writing failed
    ended_ = true;
    archive_write_close(plain_.get());
    archive_write_close(bytes_.get());
  }
  Packing(const Packing&) = delete;
  Packing& operator=(const Packing&) = delete;

  Status add(const Entry& entry) {
    struct stat info {};
    if (::lstat(entry.source.c_str(), &info) != 0) return failed(errno, entry);
    archive_entry_clear(header_.get());
    archive_entry_copy_pathname(header_.get(), entry.path.c_str());
    archive_entry_set_mtime(header_.get(), 0, 0);
    writer_ = is_ascii(entry.path) ? plain_.get() : bytes_.get();
    if (S_ISREG(info.st_mode)) return add_file(entry);
    if (S_ISLNK(info.st_mode)) return add_link(entry);
    if (S_ISDIR(info.st_mode)) return add_folder(entry);
    return usage_error("{}: is no file, folder or link, so it cannot be packed", printable(entry.source.native()));
  }

  Result<Packed> close() {
    writer_ = plain_.get();  // which writes the end for both
    if (archive_write_close(writer_) != ARCHIVE_OK) return not_taken();
    return Packed{sink_.digest(), sink_.size()};
  }

 private:
  void open(Handle* writer) {
    // Nothing is held back, so that they can take turns.
    const bool ready = archive_write_set_bytes_per_block(writer, 0) == ARCHIVE_OK &&
                       archive_write_open(writer, this, nullptr, &Packing::take, nullptr) == ARCHIVE_OK;
    if (!ready) broken(writer);
  }

  static la_ssize_t take(Handle* handle, void* self, const void* bytes, std::size_t size) {
    auto& packing = *static_cast<Packing*>(self);
    if (!packing.ended_) {
      const Status taken = packing.sink_.write({static_cast<const char*>(bytes), size});
      if (taken) return static_cast<la_ssize_t>(size);
      packing.refusal_ = taken.error();
      packing.ended_ = true;
    }
    archive_set_error(handle, EIO, "not taken");
    return -1;
  }

  [[nodiscard]] tl::unexpected<Error> not_taken() const {
    if (refusal_) return propagate(*refusal_);
    return environment_error("cannot pack: {}", said(writer_));
  }

  static tl::unexpected<Error> failed(int error_number, const Entry& entry) {
    return system_error(error_number, printable(entry.source.native()));
  }
  static tl::unexpected<Error> changed(const Entry& entry, std::string_view how) {
    return environment_error("{}: {} while it was packed", printable(entry.source.native()), how);
  }

  Status write_header() { return archive_write_header(writer_, header_.get()) == ARCHIVE_OK ? Status() : not_taken(); }

  Status add_folder(const Entry& entry) {
    std::error_code error;
    const bool empty = fs::is_empty(entry.source, error);
    if (error) return failed(error.value(), entry);
    if (!empty) return usage_error("{}: is a folder that is not empty", printable(entry.source.native()));
    archive_entry_copy_pathname(header_.get(), (entry.path + "/").c_str());
    archive_entry_set_filetype(header_.get(), AE_IFDIR);
    archive_entry_set_perm(header_.get(), 0755);
    return write_header();
  }

  Status add_link(const Entry& entry) {
    std::error_code error;
    const fs::path target = fs::read_symlink(entry.source, error);
    if (error) return failed(error.value(), entry);
    archive_entry_set_filetype(header_.get(), AE_IFLNK);
    archive_entry_set_perm(header_.get(), 0777);
    archive_entry_copy_symlink(header_.get(), target.c_str());
    if (!is_ascii(target.native())) writer_ = bytes_.get();
    return write_header();
  }

  Status add_file(const Entry& entry) {
    // It may have become a pipe, which is not waited for.
    const Fd file(::open(entry.source.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat info {};
    if (!file.valid() || ::fstat(file.get(), &info) != 0) return failed(errno, entry);
    if (!S_ISREG(info.st_mode)) return changed(entry, "became something else");
    archive_entry_set_filetype(header_.get(), AE_IFREG);
    archive_entry_set_perm(header_.get(), (info.st_mode & S_IXUSR) != 0 ? 0755 : 0644);
    archive_entry_set_size(header_.get(), info.st_size);
    if (times_ == Times::kKept) archive_entry_set_mtime(header_.get(), info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    SIMSWARM_CHECK(write_header());
    SIMSWARM_CHECK(add_content(entry, file.get(), static_cast<std::uint64_t>(info.st_size)));
    struct stat now {};
    if (::fstat(file.get(), &now) != 0) return failed(errno, entry);
    const bool same = now.st_size == info.st_size && now.st_mtim.tv_sec == info.st_mtim.tv_sec &&
                      now.st_mtim.tv_nsec == info.st_mtim.tv_nsec && now.st_nlink > 0;
    return same ? Status() : changed(entry, now.st_nlink > 0 ? "was written to" : "was removed");
  }

  Status add_content(const Entry& entry, int file, std::uint64_t size) {
    while (true) {
      ssize_t got = ::read(file, buffer_.get(), kPiece);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed(errno, entry);
      if (got == 0 && size > 0) return changed(entry, "became shorter");
      if (got == 0) return archive_write_finish_entry(writer_) == ARCHIVE_OK ? Status() : not_taken();
      if (static_cast<std::uint64_t>(got) > size) return changed(entry, "became longer");
      if (archive_write_data(writer_, buffer_.get(), static_cast<std::size_t>(got)) != got) return not_taken();
      size -= static_cast<std::uint64_t>(got);
    }
  }

  Times times_;
  HashingSink sink_;
  std::optional<Error> refusal_;  // of the sink
  bool ended_ = false;            // nothing more goes to the sink
  std::unique_ptr<Handle, Free> plain_ = owned(archive_write_new());
  std::unique_ptr<Handle, Free> bytes_ = owned(archive_write_new());
  Handle* writer_ = nullptr;  // of the entry: one of both
  std::unique_ptr<HandleEntry, Free> header_ = owned(archive_entry_new());
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kPiece);
};

// Sorted. That each path is one that unpacking takes, too.
Status expect_packable(const std::vector<Entry>& entries) {
  const auto at = [&](std::string_view path) {
    const auto less = [](const Entry& entry, std::string_view name) { return entry.path < name; };
    const auto found = std::lower_bound(entries.begin(), entries.end(), path, less);
    return found != entries.end() && found->path == path;
  };
  const Entry* before = nullptr;
  for (const Entry& entry : entries) {
    if (const std::string fault = fault_of(entry.path); !fault.empty()) return refused(entry.path, fault);
    if (before != nullptr && before->path == entry.path) return refused(entry.path, "is there twice");
    before = &entry;
    for (auto end = entry.path.find('/'); end != std::string::npos; end = entry.path.find('/', end + 1)) {
      if (at(std::string_view(entry.path).substr(0, end)))
        return refused(entry.path, "lies below another, which would have to be an empty folder, a file or a link");
    }
  }
  return {};
}

// ---- unpacking

constexpr std::uint64_t kMark = 2 * kBlock;          // bytes; zeros at the end of an archive
constexpr std::uint64_t kMostPadding = 1024 * 1024;  // bytes, from the mark on: programs fill up the last record

// What libarchive reads, piece by piece; the last two pieces stay, so that headers can be read once more.
class Tape {
 public:
  explicit Tape(Source& source) : source_(source) {}

  // The next piece, empty at the end.
  Result<std::string_view> next() {
    if (ended_) return std::string_view();
    Piece& piece = pieces_.at(++count_ % pieces_.size());
    SIMSWARM_TRY(const std::size_t got, source_.read({piece.bytes.get(), kPiece}));
    piece.begin = source_.size() - got;
    piece.size = got;
    ended_ = got < kPiece;
    const std::string_view bytes(piece.bytes.get(), got);
    zeros_ = zeros_at_end(bytes) == got ? zeros_ + got : zeros_at_end(bytes);
    return bytes;
  }

  // Out of what was read last.
  [[nodiscard]] Result<std::string> again(std::uint64_t from, std::uint64_t size) const {
    std::string bytes;
    const auto order = [](const Piece& a, const Piece& b) { return a.begin < b.begin; };
    const auto [older, newer] = std::minmax(pieces_[0], pieces_[1], order);
    for (const Piece* piece : {&older, &newer}) {
      const std::uint64_t at = from + bytes.size();
      if (at < piece->begin || at >= piece->begin + piece->size) continue;
      bytes.append(piece->bytes.get() + (at - piece->begin),
                   std::min(size - bytes.size(), piece->begin + piece->size - at));
    }
    if (bytes.size() < size) return usage_error("the archive is damaged: headers that are too long or not whole");
    return bytes;
  }

  [[nodiscard]] std::uint64_t size() const { return source_.size(); }
  [[nodiscard]] std::uint64_t zeros() const { return zeros_; }  // how many bytes at the end are zeros
  [[nodiscard]] Digest digest() { return source_.digest(); }

 private:
  struct Piece {
    std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(kPiece);
    std::uint64_t begin = 0;
    std::size_t size = 0;
  };

  static std::size_t zeros_at_end(std::string_view bytes) {
    const bool all = !bytes.empty() && bytes[0] == '\0' && std::memcmp(bytes.data(), &bytes[1], bytes.size() - 1) == 0;
    return all ? bytes.size() : bytes.size() - 1 - bytes.find_last_not_of('\0');
  }

  HashingSource source_;
  std::array<Piece, 2> pieces_;
  std::size_t count_ = 0;
  std::uint64_t zeros_ = 0;
  bool ended_ = false;
};

class Unpacking {
 public:
  Unpacking(Source& tar, Tree tree, Times times, const UnpackLimits& limits)
      : tape_(tar), tree_(std::move(tree)), times_(times), limits_(limits) {
    if (archive_read_support_format_tar(handle_.get()) != ARCHIVE_OK) broken(handle_.get());
    archive_read_set_format_option(handle_.get(), "tar", "mac-ext", nullptr);
    archive_read_set_format_option(handle_.get(), "tar", "read_concatenated_archives", nullptr);
  }

  Result<Unpacked> run() {
    if (archive_read_open(handle_.get(), this, nullptr, &Unpacking::give, nullptr) != ARCHIVE_OK) return damaged();
    HandleEntry* entry = nullptr;
    while (true) {
      const int read = archive_read_next_header(handle_.get(), &entry);
      // It warns of names that its locale does not have; they are not taken from it.
      if (read != ARCHIVE_OK && read != ARCHIVE_WARN && read != ARCHIVE_EOF) return damaged();
      SIMSWARM_CHECK(expect_place());
      if (read == ARCHIVE_EOF) break;
      SIMSWARM_CHECK(take(entry));
    }
    SIMSWARM_CHECK(expect_end());
    SIMSWARM_CHECK(tree_.make_links());
    done_.digest = tape_.digest();
    return done_;
  }

 private:
  static la_ssize_t give(Handle* handle, void* self, const void** bytes) {
    auto& unpacking = *static_cast<Unpacking*>(self);
    const auto piece = unpacking.tape_.next();
    if (piece) {
      *bytes = piece->data();
      return static_cast<la_ssize_t>(piece->size());
    }
    unpacking.source_failed_ = piece.error();
    archive_set_error(handle, EIO, "not given");
    return -1;
  }

  [[nodiscard]] Result<Headers> next_headers() const {
    return read_headers(
        [this](std::uint64_t offset, std::uint64_t bytes) { return tape_.again(next_ + offset, bytes); });
  }

  // What is wrong with what libarchive cannot read; for headers in words of our own, which name the entry.
  [[nodiscard]] tl::unexpected<Error> damaged() const {
    if (source_failed_) return propagate(*source_failed_);
    if (tape_.size() > next_) {
      if (const auto headers = next_headers(); !headers) return propagate(headers.error());
    }
    return usage_error("the archive is damaged: {}", printable(said(handle_.get())));
  }

  // That libarchive is where the entry before ends, as its headers were read here.
  [[nodiscard]] Status expect_place() const {
    const auto place = static_cast<std::uint64_t>(archive_read_header_position(handle_.get()));
    return place == next_ ? Status() : usage_error("the archive is damaged: it can be read in two ways");
  }

  Status take(HandleEntry* entry) {
    SIMSWARM_TRY(const Headers headers, next_headers());
    next_ += headers.length + (headers.size + kBlock - 1) / kBlock * kBlock;
    if (const std::string fault = fault_of(headers.path); !fault.empty()) return refused(headers.path, fault);
    if (++done_.entries > limits_.entries)
      return refused(headers.path, fmt::format("is one more than the {} that are taken", limits_.entries));
    if ((archive_entry_perm(entry) & 07000U) != 0) return refused(headers.path, "has a set-id or sticky bit");
    if (kind_of(entry) != headers.kind || static_cast<std::uint64_t>(archive_entry_size(entry)) != headers.size)
      return refused(headers.path, "can be read in two ways");
    switch (headers.kind) {
      case Kind::kFolder:
        return tree_.add_folder(headers.path);
      case Kind::kLink:
        return tree_.add_link(headers.path, headers.target);
      case Kind::kFile:
        return take_file(entry, headers);
    }
    return {};
  }

  static std::optional<Kind> kind_of(HandleEntry* entry) {
    if (archive_entry_hardlink(entry) != nullptr || archive_entry_sparse_count(entry) > 0) return std::nullopt;
    switch (archive_entry_filetype(entry)) {
      case AE_IFREG:
        return Kind::kFile;
      case AE_IFDIR:
        return Kind::kFolder;
      case AE_IFLNK:
        return Kind::kLink;
      default:
        return std::nullopt;
    }
  }

  Status take_file(HandleEntry* entry, const Headers& headers) {
    if (headers.size > limits_.bytes - done_.bytes)
      return refused(headers.path, fmt::format("goes beyond the {} bytes that are taken", limits_.bytes));
    SIMSWARM_TRY(const Fd file, tree_.add_file(headers.path, (archive_entry_perm(entry) & S_IXUSR) != 0));
    SIMSWARM_CHECK(take_content(file.get(), headers));
    if (times_ == Times::kDropped) return {};
    const timespec time{archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
    const std::array<timespec, 2> both{time, time};
    return ::futimens(file.get(), both.data()) == 0 ? Status() : failed(headers.path);
  }

  Status take_content(int file, const Headers& headers) {
    const std::uint64_t before = done_.bytes;
    while (true) {
      const void* bytes = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int read = archive_read_data_block(handle_.get(), &bytes, &size, &offset);
      if (source_failed_) return propagate(*source_failed_);
      if (read != ARCHIVE_OK && read != ARCHIVE_EOF)
        return refused(headers.path, fmt::format("is damaged: {}", printable(said(handle_.get()))));
      const std::uint64_t written = done_.bytes - before;
      if (read == ARCHIVE_EOF && written == headers.size) return {};
      if (read == ARCHIVE_EOF || static_cast<std::uint64_t>(offset) != written || size > headers.size - written)
        return refused(headers.path, "is damaged: its content is not as long as its header says");
      SIMSWARM_CHECK(write(file, {static_cast<const char*>(bytes), size}, headers.path));
      done_.bytes += size;
    }
  }

  static Status write(int file, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
      const ssize_t put = ::write(file, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return failed(path);
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
  }

  static tl::unexpected<Error> failed(const std::string& path) {
    return system_error(errno, fmt::format("the archive's entry «{}»", printable(path)));
  }

  // The end mark, and nothing but zeros behind it. libarchive stops at the first block of zeros, or where all ends.
  Status expect_end() {
    if (const auto mark = tape_.again(next_, kBlock); mark && mark->find_first_not_of('\0') != std::string::npos)
      return damaged();
    while (true) {
      SIMSWARM_TRY(const std::string_view piece, tape_.next());
      if (piece.empty()) break;
      if (tape_.size() > next_ + kMostPadding) return usage_error("the archive has too many bytes behind its end");
    }
    if (tape_.size() < next_ + kMark) return usage_error("the archive is damaged: its end is missing");
    if (tape_.zeros() < tape_.size() - next_) return usage_error("the archive has bytes behind its end");
    return {};
  }

  Tape tape_;
  Tree tree_;
  Times times_;
  UnpackLimits limits_;
  Unpacked done_;
  std::uint64_t next_ = 0;  // where the next headers begin
  std::optional<Error> source_failed_;
  std::unique_ptr<Handle, Free> handle_ = owned(archive_read_new());
};

}  // namespace

Result<Packed> pack(std::vector<Entry> entries, Times times, Sink& sink) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.path < b.path; });
  SIMSWARM_CHECK(expect_packable(entries));
  Packing packing(times, sink);
  for (const Entry& entry : entries) SIMSWARM_CHECK(packing.add(entry));
  return packing.close();
}

Result<Unpacked> unpack(Source& tar, const fs::path& folder, Times times, const UnpackLimits& limits) {
  SIMSWARM_TRY(Tree tree, Tree::open(folder, limits.entries));
  return Unpacking(tar, std::move(tree), times, limits).run();
}

}  // namespace simswarm::archive
