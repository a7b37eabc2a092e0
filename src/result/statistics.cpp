#include "result/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace simswarm::result {

void Accumulator::add(double value) {
  ++count_;
  const double distance = value - mean_;
  mean_ += distance / static_cast<double>(count_);
  squares_ += distance * (value - mean_);
  min_ = count_ == 1 ? value : std::min(min_, value);
  max_ = count_ == 1 ? value : std::max(max_, value);
}

double Accumulator::mean() const {
  return count_ == 0 ? std::numeric_limits<double>::quiet_NaN() : mean_;
}

double Accumulator::stddev() const {
  if (count_ < 2) return std::numeric_limits<double>::quiet_NaN();
  return std::sqrt(squares_ / static_cast<double>(count_ - 1));
}

std::optional<double> Accumulator::half_width() const {
  if (count_ < 2) return std::nullopt;
  return student_t_975(count_ - 1) * stddev() / std::sqrt(static_cast<double>(count_));
}

double student_t_975(std::uint64_t degrees) {
  static constexpr std::array<double, 30> kTable{
      12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
      2.200985,  2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963,
      2.079614,  2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831, 2.048407, 2.045230, 2.042272};
  if (degrees <= kTable.size()) return kTable[std::max<std::uint64_t>(degrees, 1) - 1];
  constexpr double z = 1.959963984540054;  // the quantile of the normal distribution
  const auto n = static_cast<double>(degrees);
  const double z3 = z * z * z;
  const double z5 = z3 * z * z;
  const double z7 = z5 * z * z;
  return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n);
}

}  // namespace simswarm::result
