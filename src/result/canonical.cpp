#include "result/canonical.h"

#include <algorithm>
#include <array>

#include "result/lines.h"
#include "result/result_file.h"

namespace simswarm::result {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The first word of `rest`, which is moved behind it.
std::string_view take_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

bool is_of_the_moment(std::string_view attribute) {
  static constexpr std::array<std::string_view, 5> kNames{"runid", "datetime", "datetimef", "processid", "resultdir"};
  return std::find(kNames.begin(), kNames.end(), attribute) != kNames.end();
}

// «result-dir», «cmdenv-express-mode», «**.cmdenv-log-level»
bool changes_no_result(std::string_view option) {
  const std::string_view last = option.substr(option.rfind('.') + 1);
  return last == "result-dir" || last.starts_with("cmdenv-");
}

// What Cmdenv writes of the machine and the moment [OMNeT++ 4.6 to 6.1: cmdenv.cc, startup].
bool is_left_out_output_line(std::string_view line) {
  static constexpr std::array<std::string_view, 12> kBeginnings{"     Speed:     ev/sec=",
                                                                "     Messages:  created: ",
                                                                "   Elapsed: ",
                                                                "Assigned runID=",
                                                                "Redirecting output to file ",
                                                                "OMNeT++ Discrete Event Simulation",
                                                                "OMNEST Discrete Event Simulation",
                                                                "Version: ",
                                                                "See the license for distribution terms",
                                                                "Setting up Cmdenv",
                                                                "Loading NED files from ",
                                                                "Process ID: "};
  if (line.starts_with("** Event #") && line.find("Elapsed: ") != std::string_view::npos) return true;
  return std::any_of(kBeginnings.begin(), kBeginnings.end(), [&](auto begin) { return line.starts_with(begin); });
}

// 64 blanks stand where the line «file SIZE TIME» is to come.
bool is_fingerprint(std::string_view line) {
  return line.starts_with("file ") || (line.size() == 64 && line.find_first_not_of(' ') == std::string_view::npos);
}

}  // namespace

FileKind kind_of(const fs::path& path) {
  const fs::path extension = path.extension();
  if (extension == ".out") return FileKind::kOutput;
  const bool is_result = extension == ".sca" || extension == ".vec" || extension == ".vci";
  if (!is_result) return FileKind::kBytes;
  if (is_sqlite(path)) return FileKind::kSqlite;
  return extension == ".vci" ? FileKind::kIndex : FileKind::kResults;
}

bool is_canonical_text(FileKind kind) {
  return kind != FileKind::kBytes && kind != FileKind::kSqlite;
}

bool CanonicalFilter::is_left_out_result_line(std::string_view line) {
  std::string_view rest = line;
  const std::string_view kind = take_word(rest);
  if (kind == "run") {
    in_run_header_ = true;
    return true;
  }
  if (kind == "attr") return in_run_header_ && is_of_the_moment(take_word(rest));
  if (kind == "config") return in_run_header_ && changes_no_result(take_word(rest));
  if (kind == "scalar" || kind == "statistic" || kind == "par" || kind == "vector") in_run_header_ = false;
  return false;
}

// «VECTOR\tOFFSET SIZE …» without the offset.
std::string_view CanonicalFilter::without_offset(std::string_view line) {
  std::string_view rest = line;
  changed_ = take_word(rest);
  take_word(rest);
  changed_.push_back('\t');
  changed_ += rest;
  return changed_;
}

std::optional<std::string_view> CanonicalFilter::keep(std::string_view line) {
  const bool is_data = !line.empty() && is_digit(line.front());
  switch (kind_) {
    case FileKind::kOutput:
      return is_left_out_output_line(line) ? std::nullopt : std::optional(line);
    case FileKind::kIndex:
      if (is_data) return without_offset(line);
      if (is_fingerprint(line) || is_left_out_result_line(line)) return std::nullopt;
      return line;
    case FileKind::kResults:
      return !is_data && is_left_out_result_line(line) ? std::nullopt : std::optional(line);
    default:
      return line;
  }
}

Result<Digest> canonical_digest(const fs::path& path) {
  const FileKind kind = kind_of(path);
  if (!is_canonical_text(kind)) return digest_of_file(path);
  SIMSWARM_TRY(LineReader reader, LineReader::open(path));
  CanonicalFilter filter(kind);
  Hasher hasher;
  while (true) {
    SIMSWARM_TRY(const bool more, reader.next());
    if (!more) return hasher.finish();
    const auto kept = filter.keep(reader.line());
    if (!kept) continue;
    hasher.bytes(*kept);
    if (reader.has_newline()) hasher.bytes("\n");
  }
}

}  // namespace simswarm::result
