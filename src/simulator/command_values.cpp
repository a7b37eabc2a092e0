// The values of a parameter as one text: «10,20,40», «1..30 step 5», «0..1 step 0.25».
#include <algorithm>
#include <limits>

#include "base/text.h"
#include "simulator/command.h"
#include "simulator/command_text.h"

namespace simswarm {
namespace {

constexpr std::size_t kMostValues = 10'000'000;
constexpr std::size_t kMostDigits = 15;

// A decimal number, exactly: digits / 10^decimals.
struct Decimal {
  std::int64_t digits = 0;
  std::size_t decimals = 0;
};

std::optional<Decimal> parse_decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const std::string_view fraction = dot == std::string_view::npos ? "" : text.substr(dot + 1);
  const std::string digits = std::string(whole) + std::string(fraction);
  const bool all_digits = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (whole.empty() || digits.size() > kMostDigits || !all_digits || text.ends_with('.')) return std::nullopt;
  const std::int64_t number = parse_int(digits).value_or(0);
  return Decimal{negative ? -number : number, fraction.size()};
}

std::int64_t power_of_ten(std::size_t exponent) {
  std::int64_t power = 1;
  for (std::size_t i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// The number times 10^decimals; nothing when that does not fit.
std::optional<std::int64_t> scaled(const Decimal& number, std::size_t decimals) {
  const std::int64_t factor = power_of_ten(decimals - number.decimals);
  const std::int64_t bound = std::numeric_limits<std::int64_t>::max() / 4 / factor;
  if (number.digits > bound || number.digits < -bound) return std::nullopt;
  return number.digits * factor;
}

std::string spelled(std::int64_t digits, std::size_t decimals) {
  if (decimals == 0) return std::to_string(digits);
  std::string text = std::to_string(digits < 0 ? -digits : digits);
  if (text.size() <= decimals) text.insert(0, decimals + 1 - text.size(), '0');
  text.insert(text.size() - decimals, ".");
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return (digits < 0 ? "-" : "") + text;
}

struct Range {
  Decimal first;
  Decimal last;
  Decimal step{1, 0};
};

Status append_range(std::string_view text, const Range& range, std::vector<std::string>& values) {
  const std::size_t decimals = std::max({range.first.decimals, range.last.decimals, range.step.decimals});
  const auto first = scaled(range.first, decimals);
  const auto last = scaled(range.last, decimals);
  const auto step = scaled(range.step, decimals);
  if (!first || !last || !step)
    return usage_error("«{}»: numbers in a range have at most {} digits", text, kMostDigits);
  if (*step == 0) return usage_error("«{}»: the step is 0", text);
  if (*first != *last && (*first < *last) != (*step > 0)) {
    return usage_error("«{}» is empty: step {} does not lead from {} to {}", text, spelled(*step, decimals),
                       spelled(*first, decimals), spelled(*last, decimals));
  }
  const auto count = static_cast<std::uint64_t>((*last - *first) / *step) + 1;
  if (count > kMostValues - std::min(values.size(), kMostValues)) {
    return usage_error("«{}» has {} values; at most {} are taken", text, count, kMostValues);
  }
  values.reserve(values.size() + count);
  for (std::uint64_t i = 0; i < count; ++i) {
    values.push_back(spelled(*first + static_cast<std::int64_t>(i) * *step, decimals));
  }
  return {};
}

// Nothing where the text is no range but a word.
Result<std::optional<Range>> parse_range(std::string_view text) {
  const auto dots = text.find("..");
  if (dots == std::string_view::npos) return std::optional<Range>();
  const auto first = parse_decimal(trim(text.substr(0, dots)));
  if (!first) return std::optional<Range>();
  std::string_view rest = text.substr(dots + 2);
  Range range{*first, {}, {1, 0}};
  if (const auto word = rest.find(" step "); word != std::string_view::npos) {
    const auto step = parse_decimal(trim(rest.substr(word + 6)));
    if (!step)
      return usage_error("«{}»: «{}» is no step; write it like «0..1 step 0.25»", text, trim(rest.substr(word + 6)));
    range.step = *step;
    rest = rest.substr(0, word);
  }
  const auto last = parse_decimal(trim(rest));
  if (!last)
    return usage_error("«{}»: «{}» does not end a range; write it like «1..30» or «0..1 step 0.25»", text, trim(rest));
  range.last = *last;
  return std::optional<Range>(range);
}

Status append_item(std::string_view item, std::string_view whole, std::vector<std::string>& values) {
  if (item.empty()) return usage_error("«{}»: a value is empty; write \"\" for an empty text", whole);
  if (item.front() == '"') {
    if (item.size() < 2 || item.back() != '"' || item.substr(1, item.size() - 2).find('"') != std::string_view::npos) {
      return usage_error("«{}»: the quotes of «{}» do not close at its end", whole, item);
    }
    values.emplace_back(item.substr(1, item.size() - 2));
    return {};
  }
  SIMSWARM_TRY(const auto range, parse_range(item));
  if (range) return append_range(item, *range, values);
  values.emplace_back(item);
  return {};
}

// At commas outside of quotes.
std::vector<std::string_view> items_of(std::string_view text) {
  std::vector<std::string_view> items;
  std::size_t start = 0;
  bool quoted = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '"') quoted = !quoted;
    if (i < text.size() && (text[i] != ',' || quoted)) continue;
    items.push_back(trim(text.substr(start, i - start)));
    start = i + 1;
  }
  return items;
}

}  // namespace

Result<std::vector<std::string>> parse_values(std::string_view text) {
  std::vector<std::string> values;
  for (const std::string_view item : items_of(text)) SIMSWARM_CHECK(append_item(item, text, values));
  return values;
}

Result<Parameter> parse_parameter(std::string_view text) {
  const auto equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  if (equals == std::string_view::npos || !is_identifier(name)) {
    return usage_error("«{}» is no parameter; write NAME=VALUES, like nodes=10,20,40 or seed=1..30", text);
  }
  auto values = parse_values(text.substr(equals + 1));
  if (!values) return usage_error("parameter «{}»: {}", name, values.error().message);
  return Parameter{std::string(name), std::move(*values)};
}

}  // namespace simswarm
