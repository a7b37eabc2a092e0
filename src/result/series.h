// Grouping by iteration variables: what stands on the x axis, and one series for each combination of the others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "result/observation.h"
#include "result/table.h"

namespace simswarm::result {

// One independent value (of one run) at one place of one series.
struct Measurement {
  std::string series;  // label; empty when there is only one
  std::string x;       // as text: «10», «1.5s», «drop-tail»
  double y = 0;
};

inline constexpr double kLargestDrawn = 1e150;

struct Point {
  double x = 0;                      // the number, or the index of the category
  double mean = 0;                   // over the n values that can be drawn
  std::optional<double> half_width;  // of the 95% confidence interval; nothing for n = 1
  std::uint64_t n = 0;               // at least 1
  std::uint64_t excluded = 0;        // values that were NaN, infinite, or beyond kLargestDrawn
};

struct Series {
  std::string label;
  std::vector<Point> points;  // ascending in x, each x once
};

struct SeriesSet {
  std::vector<std::string> categories;  // empty: x is a number
  std::string x_unit;                   // the unit that all x had, «s»; empty: none
  std::vector<Series> series;           // in natural order of labels
};

// Means and intervals of equal (series, x). x is numeric when all are numbers with one and the same unit, else the
// categories in the order they are first seen. Places with no finite value make no point.
[[nodiscard]] SeriesSet group(const std::vector<Measurement>& measurements);
// Gives the categories their natural order instead.
void sort_categories(SeriesSet& set);

// What to group observations by: names of iteration variables, or of run attributes (configname, network, …), or
// «module», «name». With no x it is the runs' own iteration variable when there is just one, else an error that names
// them.
struct Grouping {
  std::vector<std::string> x;       // several are one category, «a=1, b=2»
  std::vector<std::string> series;  // labels «a=1, b=2»; the value alone for one of attributes, «module», «name»
};

// Values of one run at one place are averaged first, since only runs are independent (a pattern may match many
// modules). When several names were selected, the name is part of the label. A name that no run knows is a usage error
// with near misses.
[[nodiscard]] Result<std::vector<Measurement>> measurements(const std::vector<Observation>& observations,
                                                            const Grouping& grouping);
// Each row is one measurement of column `y`; rows with an empty y are left out. An unknown column, or a y that is text,
// is a usage error.
[[nodiscard]] Result<std::vector<Measurement>> measurements(const Table& table, const std::string& y,
                                                            const Grouping& grouping);

}  // namespace simswarm::result
