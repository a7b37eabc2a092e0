// Axes with round ticks.
#pragma once

#include <string>
#include <vector>

#include "result/series.h"

namespace simswarm::result {

struct Tick {
  double at = 0;      // in the unit of the axis
  std::string label;  // «0.5», «1500», or a category; of the value divided by 10 to the power of the axis's exponent
};

struct Axis {
  double low = 0;  // low < high
  double high = 1;
  std::vector<Tick> ticks;  // ascending, within [low, high]
  int exponent =
      0;  // labels are to be multiplied by 10^exponent: a multiple of 3, not 0 for very large or small values
  // Where a value lies between low (0) and high (1).
  [[nodiscard]] double fraction(double value) const { return (value - low) / (high - low); }
};

// Round numbers (1, 2 or 5 times a power of ten) around [low, high], about `wanted` of them, ends included. An empty or
// point-like range is widened.
[[nodiscard]] Axis round_axis(double low, double high, int wanted);

// The axes of a plot. y holds all means and intervals, and begins at zero when the values reach from near it. x ends at
// the data with a little air, and categories stand at 0, 1, 2, ….
[[nodiscard]] Axis y_axis(const SeriesSet& set, int wanted);
[[nodiscard]] Axis x_axis(const SeriesSet& set, int wanted);

// A title with what belongs to its numbers: «delay [ms] (×10⁶)»; in ASCII «delay [ms] (x 1e6)».
[[nodiscard]] std::string axis_title(const std::string& title, const std::string& unit, int exponent, bool unicode);

}  // namespace simswarm::result
