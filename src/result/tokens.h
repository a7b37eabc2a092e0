// The small grammar of OMNeT++ result files: words, quotes, numbers, patterns; and the natural order of names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simswarm::result {

// Splits at blanks and tabs; a word in double quotes may hold them, and \b \f \n \r \t \" \\ \xHH. False when a quote
// is not closed. Takes the vector so that its strings are used again.
[[nodiscard]] bool split_words(std::string_view line, std::vector<std::string>& words);

// The whole text as a number; also «nan», «inf», «-inf» in any case. Never depends on the locale.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

// A number with a unit: «1.5s» is 1.5 and «s», «20» is 20 and «». Nothing when there is no number or the rest is no
// unit (letters, «%», «µ», «/»).
struct Quantity {
  double value = 0;
  std::string unit;
};
[[nodiscard]] std::optional<Quantity> parse_quantity(std::string_view text);

// OMNeT++'s patterns: «*» any characters but «.», «**» any characters, «?» one character but «.». Brackets are
// themselves, so «Net.host[*].app» reads as it looks.
[[nodiscard]] bool pattern_matches(std::string_view pattern, std::string_view text);

// «run2» before «run10»; digits compare by value, the rest by bytes. A strict weak order (ties by bytes).
[[nodiscard]] bool natural_less(std::string_view a, std::string_view b);

}  // namespace simswarm::result
