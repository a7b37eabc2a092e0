#include "base/stamp.h"

#include <chrono>
#include <optional>

namespace simswarm {
namespace {

// Digits at a place, as a number; nothing where other characters stand.
std::optional<int> digits(std::string_view text, std::size_t from, std::size_t count) {
  if (text.size() < from + count) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(from, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

// Of a second, from «.123456789».
std::chrono::microseconds fraction_of(std::string_view text) {
  std::int64_t micros = 0;
  std::int64_t unit = 100'000;
  for (std::size_t i = 1; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i, unit /= 10)
    micros += unit * (text[i] - '0');
  return std::chrono::microseconds(text.starts_with('.') ? micros : 0);
}

}  // namespace

Stamp stamp_from(std::string_view text) {
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2);
  const auto minute = digits(text, 14, 2);
  const auto second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || !text.ends_with('Z')) return {};
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return {};
  return Stamp(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) + fraction_of(text.substr(19));
}

}  // namespace simswarm
