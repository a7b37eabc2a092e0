#include "base/text.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>

namespace simswarm {

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> result;
  if (text.empty()) return result;
  if (text.back() == '\n') text.remove_suffix(1);
  for (std::string_view line : split(text, '\n')) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    result.push_back(line);
  }
  return result;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (&part != parts.data()) text += separator;
    text += part;
  }
  return text;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

namespace {

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Splits «1.5 GiB» into 1.5 and «GiB».
std::optional<std::pair<double, std::string_view>> number_and_unit(std::string_view text) {
  text = trim(text);
  const auto unit = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = parse_number<double>(text.substr(0, unit));
  if (!number) return std::nullopt;
  return std::pair{*number, trim(text.substr(unit))};
}

}  // namespace

std::optional<std::int64_t> parse_int(std::string_view text) {
  return parse_number<std::int64_t>(text);
}
std::optional<double> parse_double(std::string_view text) {
  const auto number = parse_number<double>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

namespace {

std::optional<double> seconds_in(std::string_view unit) {
  if (unit.empty() || unit == "s") return 1;
  if (unit == "m" || unit == "min") return 60;
  if (unit == "h") return 3600;
  if (unit == "d") return 86400;
  return std::nullopt;
}

constexpr double kLongestDuration = 1e15;  // seconds, thirty million years: what is more overflows a clock

}  // namespace

std::optional<double> parse_duration(std::string_view text) {
  const auto parts = number_and_unit(text);
  if (parts && parts->second == "ms" && parts->first <= kLongestDuration) return parts->first / 1000;
  const auto factor = parts ? seconds_in(parts->second) : std::nullopt;
  if (!factor || parts->first > kLongestDuration / *factor) return std::nullopt;
  return parts->first * *factor;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const auto parts = number_and_unit(text);
  if (!parts) return std::nullopt;
  auto [number, unit] = *parts;
  constexpr std::string_view kPrefixes = "kmgt";
  double factor = 1;
  if (!unit.empty()) {
    const char letter = static_cast<char>(unit.front() | 0x20);
    if (const auto power = kPrefixes.find(letter); power != std::string_view::npos) {
      factor = std::pow(1024.0, static_cast<double>(power + 1));
      unit.remove_prefix(1);
    }
  }
  if (!unit.empty() && unit != "B" && unit != "b" && unit != "iB") return std::nullopt;
  if (number * factor > 1e18) return std::nullopt;
  return static_cast<std::uint64_t>(number * factor);
}

std::string human_duration(double seconds) {
  seconds = seconds > 0 ? std::min(seconds, kLongestDuration) : 0;
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
  return fmt::format("{} d {} h", whole / 86400, whole % 86400 / 3600);
}

std::size_t json_depth(std::string_view json) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') ++i;
      in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, units.at(unit));
}

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + ((a[i - 1] | 0x20) == (b[j - 1] | 0x20) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

bool shares_letters(std::string_view a, std::string_view b) {
  return a.size() >= 3 && b.size() >= 3 && (a.find(b) != std::string_view::npos || b.find(a) != std::string_view::npos);
}

}  // namespace

std::vector<std::string> near_misses(std::string_view word, const std::vector<std::string>& candidates,
                                     std::size_t most) {
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    const std::size_t bound = std::max<std::size_t>(2, word.size() / 3);
    if (distance <= bound || shares_letters(word, candidate)) near.emplace_back(distance, candidate);
  }
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> result;
  for (auto& [distance, candidate] : near) {
    const bool is_new = std::find(result.begin(), result.end(), candidate) == result.end();
    if (is_new && result.size() < most) result.push_back(std::move(candidate));
  }
  return result;
}

std::string shell_quoted(std::string_view word) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%^";
  if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) return std::string(word);
  return "'" + replace_all(std::string(word), "'", "'\\''") + "'";
}

std::string shell_line(const std::vector<std::string>& argv) {
  std::vector<std::string> quoted;
  quoted.reserve(argv.size());
  for (const std::string& word : argv) quoted.push_back(shell_quoted(word));
  return join(quoted, " ");
}

namespace {

// Matches a set «[abc]», «[a-z]», «[!a]» at pattern[0] == '['; gives the length of the set, or 0 when it is none.
std::size_t match_set(std::string_view pattern, char c, bool& matched) {
  std::size_t at = 1;
  const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (negated) ++at;
  matched = false;
  for (const std::size_t first = at; at < pattern.size() && (pattern[at] != ']' || at == first); ++at) {
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      if (pattern[at] <= c && c <= pattern[at + 2]) matched = true;
      at += 2;
    } else if (pattern[at] == c) {
      matched = true;
    }
  }
  if (at >= pattern.size()) return 0;
  matched = matched != negated;
  return at + 1;
}

// Follows every way through the pattern at once: a search that goes back at each star takes exponential time.
class Glob {
 public:
  explicit Glob(std::string_view pattern)
      : pattern_(pattern), reached_(pattern.size() + 1), next_(pattern.size() + 1) {}

  bool matches(std::string_view path) {
    reached_[0] = kArrived;
    pass_stars();
    for (const char c : path) {
      std::fill(next_.begin(), next_.end(), kNot);
      goes_on_ = false;
      for (std::size_t at = 0; at < pattern_.size(); ++at) {
        if (reached_[at] != kNot) step(at, c);
      }
      if (!goes_on_) return false;
      reached_.swap(next_);
      pass_stars();
    }
    return reached_.back() != kNot;
  }

 private:
  enum Reached : char { kNot, kStayed, kArrived };  // at a star that has taken characters it stayed

  [[nodiscard]] bool is_deep(std::size_t star) const { return pattern_.substr(star).starts_with("**"); }

  // A star may stand for nothing, and «**/» as a whole too.
  void pass_stars() {
    for (std::size_t at = 0; at < pattern_.size(); ++at) {
      if (reached_[at] == kNot || pattern_[at] != '*') continue;
      const std::size_t behind = at + (is_deep(at) ? 2 : 1);
      reached_[behind] = kArrived;
      const bool with_slash = is_deep(at) && pattern_.substr(behind).starts_with('/');
      if (with_slash && reached_[at] == kArrived) reached_[behind + 1] = kArrived;
    }
  }

  void step(std::size_t at, char c) {
    const char wanted = pattern_[at];
    if (wanted == '*') {
      if (c != '/' || is_deep(at)) reach(at, kStayed);
    } else if (wanted == '[' && c != '/') {
      bool matched = false;
      const std::size_t used = match_set(pattern_.substr(at), c, matched);
      if (used == 0 ? c == '[' : matched) reach(at + std::max<std::size_t>(used, 1), kArrived);
    } else if (wanted == '?' ? c != '/' : c == wanted) {
      reach(at + 1, kArrived);
    }
  }

  void reach(std::size_t at, Reached how) {
    next_[at] = std::max(next_[at], how);
    goes_on_ = true;
  }

  std::string_view pattern_;
  std::vector<Reached> reached_;  // how the path so far leads to each position of the pattern
  std::vector<Reached> next_;
  bool goes_on_ = false;
};

}  // namespace

bool glob_match(std::string_view pattern, std::string_view path) {
  return Glob(pattern).matches(path);
}

}  // namespace simswarm
