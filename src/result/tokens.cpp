#include "result/tokens.h"

#include <algorithm>
#include <charconv>
#include <compare>

namespace simswarm::result {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Behind «\x»: up to two digits.
void take_hex(std::string_view line, std::size_t& at, std::string& word) {
  int value = 0;
  for (int digits = 0; digits < 2 && at < line.size() && hex_value(line[at]) >= 0; ++digits) {
    value = value * 16 + hex_value(line[at++]);
  }
  word.push_back(static_cast<char>(value));
}

// `at` stands behind a backslash.
void take_escape(std::string_view line, std::size_t& at, std::string& word) {
  const char c = line[at++];
  switch (c) {
    case 'b':
      word.push_back('\b');
      break;
    case 'f':
      word.push_back('\f');
      break;
    case 'n':
      word.push_back('\n');
      break;
    case 'r':
      word.push_back('\r');
      break;
    case 't':
      word.push_back('\t');
      break;
    case 'x':
      take_hex(line, at, word);
      break;
    default:
      word.push_back(c);
  }
}

// `at` stands behind the opening quote, and then behind the closing one.
bool take_quoted(std::string_view line, std::size_t& at, std::string& word) {
  while (at < line.size() && line[at] != '"') {
    const char c = line[at++];
    if (c != '\\') {
      word.push_back(c);
    } else if (at < line.size()) {
      take_escape(line, at, word);
    }
  }
  return at++ < line.size();
}

void take_plain(std::string_view line, std::size_t& at, std::string& word) {
  const std::size_t begin = at;
  while (at < line.size() && !is_blank(line[at])) ++at;
  word.assign(line.substr(begin, at - begin));
}

std::string_view take_digits(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  std::string_view digits = text.substr(begin, at - begin);
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return digits;
}

// The next piece of each text, both at a digit or neither.
std::strong_ordering compare_piece(std::string_view a, std::size_t& i, std::string_view b, std::size_t& j) {
  if (!is_digit(a[i]) || !is_digit(b[j])) {
    return static_cast<unsigned char>(a[i++]) <=> static_cast<unsigned char>(b[j++]);
  }
  const std::string_view first = take_digits(a, i);
  const std::string_view second = take_digits(b, j);
  if (first.size() != second.size()) return first.size() <=> second.size();
  return first.compare(second) <=> 0;
}

bool is_unit_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '%' || c == '/' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// from_chars takes no «+».
std::string_view without_plus(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  return text;
}

// Follows every way through the pattern at once: a search that goes back at each star takes exponential time.
class Matcher {
 public:
  explicit Matcher(std::string_view pattern)
      : pattern_(pattern), reached_(pattern.size() + 1), next_(pattern.size() + 1) {}

  bool matches(std::string_view text) {
    reached_[0] = true;
    pass_stars();
    for (const char c : text) {
      std::fill(next_.begin(), next_.end(), false);
      bool goes_on = false;
      for (std::size_t at = 0; at < pattern_.size(); ++at) {
        if (reached_[at]) goes_on |= step(at, c);
      }
      if (!goes_on) return false;
      reached_.swap(next_);
      pass_stars();
    }
    return reached_.back();
  }

 private:
  [[nodiscard]] bool crosses_dots(std::size_t star) const { return pattern_.substr(star).starts_with("**"); }

  // A star may stand for nothing.
  void pass_stars() {
    for (std::size_t at = 0; at < pattern_.size(); ++at) {
      if (reached_[at] && pattern_[at] == '*') reached_[at + (crosses_dots(at) ? 2 : 1)] = true;
    }
  }

  bool step(std::size_t at, char c) {
    const char wanted = pattern_[at];
    const bool star = wanted == '*';
    const bool fits = star ? c != '.' || crosses_dots(at) : wanted == '?' ? c != '.' : c == wanted;
    if (fits) next_[star ? at : at + 1] = true;
    return fits;
  }

  std::string_view pattern_;
  std::vector<char> reached_;  // positions of the pattern that the text so far leads to
  std::vector<char> next_;
};

}  // namespace

bool split_words(std::string_view line, std::vector<std::string>& words) {
  std::size_t count = 0;
  std::size_t at = 0;
  while (true) {
    while (at < line.size() && is_blank(line[at])) ++at;
    if (at == line.size()) break;
    if (count == words.size()) words.emplace_back();
    std::string& word = words[count++];
    word.clear();
    if (line[at] != '"') {
      take_plain(line, at, word);
    } else if (++at; !take_quoted(line, at, word)) {
      return false;
    }
  }
  words.resize(count);
  return true;
}

std::optional<double> parse_number(std::string_view text) {
  text = without_plus(text);
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Quantity> parse_quantity(std::string_view text) {
  text = without_plus(text);
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc()) return std::nullopt;
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  if (!std::all_of(unit.begin(), unit.end(), is_unit_character)) return std::nullopt;
  return Quantity{value, std::string(unit)};
}

bool pattern_matches(std::string_view pattern, std::string_view text) {
  if (pattern == "**") return true;
  if (pattern.find_first_of("*?") == std::string_view::npos) return pattern == text;
  return Matcher(pattern).matches(text);
}

bool natural_less(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const auto order = compare_piece(a, i, b, j);
    if (order != 0) return order < 0;
  }
  if (i < a.size() || j < b.size()) return i == a.size();
  return a < b;
}

}  // namespace simswarm::result
