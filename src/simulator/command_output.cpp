// g++ 12 sees uninitialized members inside std::regex that are not there, with sanitizers (GCC bug 105562).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "simulator/command_output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "simulator/command_text.h"

namespace simswarm {
namespace {

constexpr std::size_t kReadSize = 256 * 1024;
// std::regex needs stack for each character of a line.
constexpr std::size_t kPiece = 4096;
constexpr std::size_t kOverlap = 1024;
constexpr std::uint64_t kTail = 64 * 1024;

bool any_piece(std::string_view line, const std::function<bool(std::string_view)>& visit) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  while (line.size() > kPiece) {
    if (visit(line.substr(0, kPiece))) return true;
    line.remove_prefix(kPiece - kOverlap);
  }
  return visit(line);
}

// Visits the whole lines of `buffer` and removes them; of a line without an end it keeps what may still matter.
bool any_whole_line(std::string& buffer, const std::function<bool(std::string_view)>& visit) {
  std::size_t start = 0;
  for (std::size_t end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n', start)) {
    if (any_piece(std::string_view(buffer).substr(start, end - start), visit)) return true;
    start = end + 1;
  }
  buffer.erase(0, start);
  if (buffer.size() <= kReadSize) return false;
  if (any_piece(buffer, visit)) return true;
  buffer.erase(0, buffer.size() - kOverlap);
  return false;
}

}  // namespace

bool any_line(const fs::path& path, const std::function<bool(std::string_view line)>& visit) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || info.st_size == 0) return false;  // most programs say nothing, or little
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return false;
  const std::size_t wanted = std::min(kReadSize, static_cast<std::size_t>(info.st_size) + 1);
  std::string buffer;
  while (true) {
    const std::size_t kept = buffer.size();
    buffer.resize(kept + wanted);
    const ssize_t got = ::read(file.get(), buffer.data() + kept, wanted);
    buffer.resize(kept + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return !buffer.empty() && any_piece(buffer, visit);
    if (any_whole_line(buffer, visit)) return true;
  }
}

std::string last_line(const fs::path& path, std::size_t most_characters) {
  const auto tail = read_tail(path, kTail);
  if (!tail) return {};
  const std::vector<std::string_view> all = lines(*tail);
  for (auto line = all.rbegin(); line != all.rend(); ++line) {
    const std::string_view words = trim(*line);
    if (!words.empty()) return clean_line(words, most_characters);
  }
  return {};
}

Result<LinePattern> LinePattern::parse(const std::string& pattern, std::string_view where) {
  LinePattern result;
  result.text_ = pattern;
  result.plain_ = pattern.find_first_of("^$\\.*+?()[]{}|") == std::string::npos;
  try {
    result.regex_ = std::regex(pattern, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& error) {
    return usage_error("{} «{}» is no regular expression: {}", where, pattern, error.what());
  }
  return result;
}

bool LinePattern::found_in(std::string_view line) const {
  if (plain_) return line.find(text_) != std::string_view::npos;
  return std::regex_search(line.begin(), line.end(), regex_);
}

std::string LinePattern::last_match(std::string_view line) const {
  std::string found;
  using Iterator = std::regex_iterator<std::string_view::const_iterator>;
  for (Iterator match(line.begin(), line.end(), regex_), end; match != end; ++match) found = match->str(1);
  return found;
}

}  // namespace simswarm
