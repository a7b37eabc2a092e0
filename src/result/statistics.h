// Mean, deviation and confidence over repetitions.
#pragma once

#include <cstdint>
#include <optional>

namespace simswarm::result {

// Collects values one by one in constant memory, numerically stable (Welford). NaN in a value makes mean and deviation
// NaN.
class Accumulator {
 public:
  void add(double value);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] double mean() const;                 // NaN without values
  [[nodiscard]] double stddev() const;               // of the sample (divisor n-1); NaN below two values
  [[nodiscard]] double min() const { return min_; }  // NaN without values
  [[nodiscard]] double max() const { return max_; }
  // Half the width of the 95% confidence interval of the mean, by Student's t: for independent values. Nothing below
  // two.
  [[nodiscard]] std::optional<double> half_width() const;

 private:
  std::uint64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;  // sum of squared distances from the mean
  double min_ = __builtin_nan("");
  double max_ = __builtin_nan("");
};

// The 97.5% quantile of Student's t, as two-sided 95% intervals need it: from a table up to 30 degrees of freedom,
// beyond it by the expansion of Cornish and Fisher (error below 0.00001). `degrees` is at least 1.
[[nodiscard]] double student_t_975(std::uint64_t degrees);

}  // namespace simswarm::result
