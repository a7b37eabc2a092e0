#include "result/diff.h"

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include "result/lines.h"
#include "result/tokens.h"

namespace simswarm::result {

namespace {

constexpr std::size_t kBlock = std::size_t{256} * 1024;
constexpr std::size_t kShown = 120;  // characters of a line in a message

Difference difference_in(const std::string& path, FileKind kind) {
  Difference difference;
  difference.path = path;
  difference.kind = kind;
  return difference;
}

// Control characters and what is no text as «\xHH».
std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, kShown)) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
      shown.push_back(c);
    } else if (c == '\t') {
      shown += "\\t";
    } else {
      shown += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    }
  }
  return text.size() > kShown ? shown + "…" : shown;
}

// The lines from a little before their first difference, so that long ones show it.
void show_lines(Difference& difference, std::string_view a, std::string_view b) {
  const auto apart = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
  const auto common = static_cast<std::size_t>(apart);
  const std::size_t skipped = common > kShown - 20 ? common - 20 : 0;
  const std::string lead = skipped > 0 ? "…" : "";
  difference.a = lead + printable(a.substr(skipped));
  difference.b = lead + printable(b.substr(skipped));
}

std::string line_text(const Difference& d) {
  const std::string where = d.line_a == d.line_b ? fmt::format("line {}", std::max(d.line_a, d.line_b))
                                                 : fmt::format("line {} of A, {} of B", d.line_a, d.line_b);
  const std::string of = d.entry.empty() ? "" : fmt::format(" ({})", d.entry);
  if (d.line_a == 0) return fmt::format("{}: A ends, B goes on in line {}{}: «{}»", d.path, d.line_b, of, d.b);
  if (d.line_b == 0) return fmt::format("{}: B ends, A goes on in line {}{}: «{}»", d.path, d.line_a, of, d.a);
  return fmt::format("{}: {}{}: A has «{}», B has «{}»", d.path, where, of, d.a, d.b);
}

// The canonical lines of one file.
class Cursor {
 public:
  Cursor(LineReader reader, FileKind kind) : reader_(std::move(reader)), filter_(kind), kind_(kind) {}

  Status next() {
    while (true) {
      SIMSWARM_TRY(has_line_, reader_.next());
      if (!has_line_) return {};
      const auto kept = filter_.keep(reader_.line());
      if (!kept) continue;
      line_ = *kept;
      note_entry();
      return {};
    }
  }

  [[nodiscard]] bool has_line() const { return has_line_; }
  [[nodiscard]] std::string_view line() const { return has_line_ ? line_ : std::string_view(); }
  [[nodiscard]] std::uint64_t number() const { return has_line_ ? reader_.number() : 0; }
  [[nodiscard]] bool has_newline() const { return reader_.has_newline(); }

  [[nodiscard]] std::string entry() const {
    if (!has_line_ || kind_ == FileKind::kOutput) return {};
    if (!line_.empty() && line_.front() >= '0' && line_.front() <= '9') {
      return "vector " + std::string(line_.substr(0, line_.find_first_of(" \t")));
    }
    return entry_;
  }

 private:
  // «scalar MODULE NAME»: fields, bins and attributes below it belong to it.
  void note_entry() {
    const bool is_item = line_.starts_with("scalar ") || line_.starts_with("statistic ") || line_.starts_with("par ") ||
                         line_.starts_with("vector ");
    if (!is_item || kind_ == FileKind::kOutput || !split_words(line_, words_)) return;
    entry_.clear();
    for (std::size_t i = 0; i < std::min<std::size_t>(words_.size(), words_[0] == "vector" ? 4 : 3); ++i) {
      entry_ += (i == 0 ? "" : " ") + words_[i];
    }
  }

  LineReader reader_;
  CanonicalFilter filter_;
  FileKind kind_;
  std::string_view line_;
  std::string entry_;
  std::vector<std::string> words_;
  bool has_line_ = false;
};

Difference difference_of(const Cursor& a, const Cursor& b, const std::string& path, FileKind kind) {
  Difference difference = difference_in(path, kind);
  difference.line_a = a.number();
  difference.line_b = b.number();
  difference.entry = a.has_line() ? a.entry() : b.entry();
  show_lines(difference, a.line(), b.line());
  if (a.has_line() && b.has_line() && a.line() == b.line()) {
    (a.has_newline() ? difference.b : difference.a) += " (and no line end)";
  }
  difference.text = line_text(difference);
  return difference;
}

Result<std::optional<Difference>> compare_lines(const fs::path& a, const fs::path& b, const std::string& path,
                                                FileKind kind) {
  SIMSWARM_TRY(LineReader reader_a, LineReader::open(a));
  SIMSWARM_TRY(LineReader reader_b, LineReader::open(b));
  Cursor first(std::move(reader_a), kind);
  Cursor second(std::move(reader_b), kind);
  while (true) {
    SIMSWARM_CHECK(first.next());
    SIMSWARM_CHECK(second.next());
    if (!first.has_line() && !second.has_line()) return std::nullopt;
    const bool equal = first.has_line() == second.has_line() && first.line() == second.line() &&
                       first.has_newline() == second.has_newline();
    if (!equal) return difference_of(first, second, path, kind);
  }
}

// One file in blocks.
struct Blocks {
  fs::path path;
  Fd fd;
  std::vector<char> buffer;
  std::string_view block;

  static Result<Blocks> open(const fs::path& path) {
    SIMSWARM_TRY(Fd fd, open_regular(path));
    return Blocks{path, std::move(fd), std::vector<char>(kBlock), {}};
  }

  Status next() {
    SIMSWARM_TRY(const std::size_t got, read_block(fd, buffer.data(), buffer.size(), path));
    block = std::string_view(buffer.data(), got);
    return {};
  }
};

// Bytes from `at`, up to the end of the line.
std::string_view rest_of_line(std::string_view block, std::size_t at) {
  const std::string_view rest = block.substr(at);
  return rest.substr(0, rest.find('\n'));
}

Difference difference_at(std::string_view a, std::string_view b, std::size_t at, std::uint64_t before,
                         std::uint64_t lines_before, const std::string& path, FileKind kind) {
  const std::string_view common = a.substr(0, at);
  Difference difference = difference_in(path, kind);
  difference.byte = before + at;
  const auto line = lines_before + 1 + static_cast<std::uint64_t>(std::count(common.begin(), common.end(), '\n'));
  difference.line_a = at < a.size() ? line : 0;
  difference.line_b = at < b.size() ? line : 0;
  const std::size_t line_begin = common.rfind('\n') + 1;  // npos + 1 is 0
  const std::size_t shown_from = at - line_begin > kShown ? at - 20 : line_begin;
  difference.a = printable(rest_of_line(a, std::min(shown_from, a.size())));
  difference.b = printable(rest_of_line(b, std::min(shown_from, b.size())));
  const char* end = difference.line_a == 0 ? "A ends here" : difference.line_b == 0 ? "B ends here" : "";
  difference.text = *end != 0 ? fmt::format("{}: byte {}, line {}: {}", path, difference.byte, line, end)
                              : fmt::format("{}: byte {}, line {}: A has «{}», B has «{}»", path, difference.byte, line,
                                            difference.a, difference.b);
  if (kind == FileKind::kSqlite)
    difference.text += " (SQLite results are compared byte by byte, date and process id too)";
  return difference;
}

Result<std::optional<Difference>> compare_bytes(const fs::path& a, const fs::path& b, const std::string& path,
                                                FileKind kind) {
  SIMSWARM_TRY(Blocks first, Blocks::open(a));
  SIMSWARM_TRY(Blocks second, Blocks::open(b));
  std::uint64_t before = 0;
  std::uint64_t lines_before = 0;
  while (true) {
    SIMSWARM_CHECK(first.next());
    SIMSWARM_CHECK(second.next());
    if (first.block != second.block) {
      const auto apart =
          std::mismatch(first.block.begin(), first.block.end(), second.block.begin(), second.block.end());
      const auto at = static_cast<std::size_t>(apart.first - first.block.begin());
      return difference_at(first.block, second.block, at, before, lines_before, path, kind);
    }
    if (first.block.empty()) return std::nullopt;
    before += first.block.size();
    lines_before += static_cast<std::uint64_t>(std::count(first.block.begin(), first.block.end(), '\n'));
  }
}

struct NaturalLess {
  bool operator()(const std::string& a, const std::string& b) const { return natural_less(a, b); }
};

// Relative path to whether it is in A, in B.
using Listing = std::map<std::string, std::pair<bool, bool>, NaturalLess>;

Status list_files(const fs::path& folder, bool is_a, Listing& listing) {
  std::error_code failure;
  for (fs::recursive_directory_iterator at(folder, failure), end; !failure && at != end; at.increment(failure)) {
    const fs::file_status status = at->symlink_status(failure);
    if (failure) break;
    if (fs::is_directory(status)) continue;
    auto& in = listing[at->path().lexically_relative(folder).native()];
    (is_a ? in.first : in.second) = true;
  }
  if (failure) return system_error(failure.value(), folder.string());
  return {};
}

Result<Listing> list_both(const fs::path& a, const fs::path& b) {
  Listing listing;
  SIMSWARM_CHECK(list_files(a, true, listing));
  SIMSWARM_CHECK(list_files(b, false, listing));
  return listing;
}

Difference only_in(const std::string& path, bool is_a) {
  Difference difference = difference_in(path, FileKind::kBytes);
  difference.text = fmt::format("{}: only in {}", path, is_a ? "A" : "B");
  return difference;
}

std::string link_text(const fs::path& path) {
  std::error_code failure;
  const fs::path target = fs::read_symlink(path, failure);
  return failure ? "no regular file" : "a link to " + target.string();
}

// Links that lead to no file, devices, sockets.
std::optional<Difference> compare_special(const fs::path& a, const fs::path& b, const std::string& path) {
  std::error_code ignored;
  const auto about = [&](const fs::path& file) {
    return fs::is_regular_file(file, ignored) ? std::string("a file") : link_text(file);
  };
  Difference difference = difference_in(path, FileKind::kBytes);
  difference.a = about(a);
  difference.b = about(b);
  if (difference.a == difference.b) return std::nullopt;
  difference.text = fmt::format("{}: A has {}, B has {}", path, difference.a, difference.b);
  return difference;
}

}  // namespace

Result<std::optional<Difference>> file_difference(const fs::path& a, const fs::path& b, const std::string& path) {
  std::error_code ignored;
  const bool exist = fs::exists(fs::symlink_status(a, ignored)) && fs::exists(fs::symlink_status(b, ignored));
  if (exist && (!fs::is_regular_file(a, ignored) || !fs::is_regular_file(b, ignored))) {
    return compare_special(a, b, path);
  }
  const FileKind kind = kind_of(a);
  const FileKind other = kind_of(b);
  if (kind == other && is_canonical_text(kind)) return compare_lines(a, b, path, kind);
  const bool is_database = kind == FileKind::kSqlite || other == FileKind::kSqlite;
  return compare_bytes(a, b, path, is_database ? FileKind::kSqlite : FileKind::kBytes);
}

Result<bool> same_file(const fs::path& a, const fs::path& b) {
  SIMSWARM_TRY(const auto difference, file_difference(a, b, a.filename().string()));
  return !difference.has_value();
}

Result<FolderComparison> compare_folders(const fs::path& a, const fs::path& b) {
  SIMSWARM_TRY(const Listing listing, list_both(a, b));
  FolderComparison comparison;
  for (const auto& [path, in] : listing) {
    if (!in.second) comparison.only_in_a.push_back(path);
    if (!in.first) comparison.only_in_b.push_back(path);
    if (!in.first || !in.second) continue;
    SIMSWARM_TRY(auto difference, file_difference(a / path, b / path, path));
    if (difference) {
      comparison.differing.push_back(std::move(*difference));
    } else {
      ++comparison.equal;
    }
  }
  return comparison;
}

Result<std::optional<Difference>> first_difference(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  if (fs::is_regular_file(a, ignored) && fs::is_regular_file(b, ignored)) {
    return file_difference(a, b, a.filename().string());
  }
  SIMSWARM_TRY(const Listing listing, list_both(a, b));
  for (const auto& [path, in] : listing) {
    if (!in.first || !in.second) return only_in(path, in.first);
    SIMSWARM_TRY(auto difference, file_difference(a / path, b / path, path));
    if (difference) return difference;
  }
  return std::nullopt;
}

}  // namespace simswarm::result
