#include "result/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace simswarm::result {

namespace {

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

// 1, 2 or 5 times a power of ten.
double round_step(double span, int wanted) {
  const double rough = span / std::max(wanted, 1);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double factor = rough / power;
  if (factor <= 1.0000001) return power;
  if (factor <= 2.0000001) return 2 * power;
  return factor <= 5.0000001 ? 5 * power : 10 * power;
}

// 0 for what reads well as it is; else the power of a thousand that brings the largest value to 1 up to 1000.
int exponent_for(double largest) {
  if (largest == 0 || (largest >= 0.01 && largest < 1e5)) return 0;
  return 3 * static_cast<int>(std::floor(std::log10(largest * (1 + 1e-9)) / 3));
}

// As many decimals as the step needs.
std::string tick_label(double value, double step, int exponent) {
  if (std::abs(value) < step * 1e-6) return "0";
  const double scale = std::pow(10.0, exponent);
  const int decimals = static_cast<int>(std::ceil(-std::log10(step / scale) - 1e-9));
  return fmt::format("{:.{}f}", value / scale, std::clamp(decimals, 0, 15));
}

// The ticks of [low, high] at the multiples of `step`.
Axis axis_with_ticks(double low, double high, double step) {
  Axis axis{low, high, {}, exponent_for(std::max(std::abs(low), std::abs(high)))};
  const double first = std::ceil(low / step - 1e-6);
  const double last = std::floor(high / step + 1e-6);
  for (double i = first; i <= last && axis.ticks.size() < 200; ++i) {
    axis.ticks.push_back({i * step, tick_label(i * step, step, axis.exponent)});
  }
  return axis;
}

std::string superscript(int number) {
  static constexpr std::array<const char*, 10> kDigits{"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text;
  for (const char c : std::to_string(number)) text += c == '-' ? "⁻" : kDigits[static_cast<std::size_t>(c - '0')];
  return text;
}

// A range with room in it.
Range widened(Range range) {
  if (range.low > range.high) return {0, 1};
  const double largest = std::max(std::abs(range.low), std::abs(range.high));
  if (largest < 1 / kLargestDrawn) return {-1, 1};  // nothing but zero: steps between such numbers vanish
  if (range.high - range.low > largest * 1e-9) return range;
  const double around = range.low == 0 ? 1 : std::abs(range.low) * 0.1;
  return {range.low - around, range.high + around};
}

Axis category_axis(const std::vector<std::string>& categories) {
  Axis axis{-0.5, static_cast<double>(categories.size()) - 0.5, {}, 0};
  for (std::size_t i = 0; i < categories.size(); ++i) axis.ticks.push_back({static_cast<double>(i), categories[i]});
  return axis;
}

}  // namespace

Axis round_axis(double low, double high, int wanted) {
  const Range range = widened({low, high});
  const double step = round_step(range.high - range.low, wanted);
  const double from = std::floor(range.low / step + 1e-6) * step;
  const double to = std::ceil(range.high / step - 1e-6) * step;
  return axis_with_ticks(from, to, step);
}

Axis y_axis(const SeriesSet& set, int wanted) {
  Range range;
  for (const Series& series : set.series) {
    for (const Point& point : series.points) {
      range.add(point.mean - point.half_width.value_or(0));
      range.add(point.mean + point.half_width.value_or(0));
    }
  }
  range = widened(range);
  if (range.low > 0 && range.low <= 0.5 * range.high) range.low = 0;
  if (range.high < 0 && range.high >= 0.5 * range.low) range.high = 0;
  return round_axis(range.low, range.high, wanted);
}

Axis x_axis(const SeriesSet& set, int wanted) {
  if (!set.categories.empty()) return category_axis(set.categories);
  Range range;
  for (const Series& series : set.series) {
    for (const Point& point : series.points) range.add(point.x);
  }
  range = widened(range);
  const double air = (range.high - range.low) * 0.04;
  const Range shown{range.low - air, range.high + air};
  const double step = round_step(range.high - range.low, wanted);
  return axis_with_ticks(shown.low, shown.high, step);
}

std::string axis_title(const std::string& title, const std::string& unit, int exponent, bool unicode) {
  std::string text = title;
  if (!unit.empty()) text += (text.empty() ? "[" : " [") + unit + "]";
  if (exponent == 0) return text;
  text += text.empty() ? "" : " ";
  return text + (unicode ? "(×10" + superscript(exponent) + ")" : fmt::format("(x 1e{})", exponent));
}

}  // namespace simswarm::result
