// Numbers, durations, sizes, patterns and near misses: what users type, and what programs print.
#include <fnmatch.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "fuzz_support.h"
#include "result/tokens.h"
#include "simulator/command_text.h"

namespace simswarm::fuzz {
namespace {

void check_numbers(std::string_view text) {
  if (const auto number = parse_int(text))
    require(parse_int(std::to_string(*number)) == number, "an integer comes back");
  if (const auto number = parse_double(text)) require(std::isfinite(*number), "a number is finite");
  if (const auto seconds = parse_duration(text)) {
    require(std::isfinite(*seconds) && *seconds >= 0, "a duration is finite and not negative");
    require(human_duration(*seconds).find('-') == std::string::npos, "a duration is shown without a sign");
  }
  if (const auto bytes = parse_bytes(text)) {
    require(*bytes <= 1'000'000'000'000'000'000U, "a size is at most 1e18");
    require(parse_bytes(std::to_string(*bytes)) == bytes || *bytes > (1ULL << 53), "a size in bytes comes back");
    require(!human_bytes(*bytes).empty(), "a size can be shown");
  }
  const auto quantity = result::parse_quantity(text);
  const auto number = result::parse_number(text);
  require(!number || (quantity && quantity->unit.empty()), "a number is a quantity without a unit");
}

// Each special character as a set of itself.
std::string literal(std::string_view path) {
  std::string pattern;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[') {
      pattern += {'[', c, ']'};
    } else {
      pattern.push_back(c);
    }
  }
  return pattern;
}

void check_glob(std::string_view text) {
  const std::string pattern(take_part(text));
  const std::string path(take_part(text));
  const bool matched = glob_match(pattern, path);
  require(glob_match("**", path), "«**» matches every path");
  require(glob_match(literal(path), path), "a path matches itself");
  require(glob_match("*", path) == (path.find('/') == std::string::npos), "«*» matches one component");
  const bool comparable = pattern.find("**") == std::string::npos &&
                          (pattern + path).find_first_of(std::string_view("[\0", 2)) == std::string::npos;
  // fnmatch(3) may take exponential time, and refuses text that is none in the locale.
  if (!comparable || std::count(pattern.begin(), pattern.end(), '*') > 3) return;
  const int told = ::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME | FNM_NOESCAPE);
  if (told == 0 || told == FNM_NOMATCH)
    require(matched == (told == 0), "patterns without «**» are those of fnmatch(3)");
}

void check_module_pattern(std::string_view text) {
  const std::string_view pattern = take_part(text);
  const std::string_view name = take_part(text);
  static_cast<void>(result::pattern_matches(pattern, name));
  require(result::pattern_matches("**", name), "«**» matches every name");
  require(result::pattern_matches("*", name) == (name.find('.') == std::string_view::npos),
          "«*» matches one component");
  const bool plain = name.find_first_of("*?") == std::string_view::npos;
  require(!plain || result::pattern_matches(name, name), "a name matches itself");
}

void check_near_misses(std::string_view text) {
  const std::string_view word = take_part(text);
  std::vector<std::string> candidates;
  for (const std::string_view line : lines(text)) candidates.emplace_back(line);
  const std::vector<std::string> near = near_misses(word, candidates);
  require(near.size() <= 3, "at most three near misses");
  for (const std::string& one : near) {
    require(std::find(candidates.begin(), candidates.end(), one) != candidates.end(), "a near miss is a candidate");
  }
  const bool known = std::find(candidates.begin(), candidates.end(), word) != candidates.end();
  require(!known || !near.empty(), "a candidate is near to itself");
}

void check_order(std::string_view text) {
  const std::string_view a = take_part(text);
  const std::string_view b = take_part(text);
  const std::string_view c = take_part(text);
  const auto less = result::natural_less;
  require(!less(a, a), "nothing is less than itself");
  require(!(less(a, b) && less(b, a)), "of two only one is less");
  require(a == b || less(a, b) || less(b, a), "of two different ones one is less");
  require(!(less(a, b) && less(b, c)) || less(a, c), "the order is transitive");
}

void check_lines(std::string_view text) {
  std::vector<std::string> pieces;
  for (const std::string_view piece : split(text, ',')) pieces.emplace_back(piece);
  require(join(pieces, ",") == text, "what was split is joined again");
  for (const std::size_t most : {std::size_t{10}, std::size_t{200}}) {
    const std::string line = clean_line(text, most);
    require(clean_line(line, most) == line, "a clean line stays as it is");
  }
  for (const std::string_view line : lines(text))
    require(line.find('\n') == std::string_view::npos, "a line is one line");
  require(trim(trim(text)) == trim(text), "what is trimmed stays as it is");
}

}  // namespace

void check(std::string_view input) {
  switch (take_choice(input, 6)) {
    case 0:
      return check_numbers(trim(input));
    case 1:
      return check_glob(input);
    case 2:
      return check_module_pattern(input);
    case 3:
      return check_near_misses(input);
    case 4:
      return check_order(input);
    default:
      return check_lines(input);
  }
}

}  // namespace simswarm::fuzz
