#include "result/series.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "result/statistics.h"
#include "result/tokens.h"

namespace simswarm::result {

namespace {

// The places of x in their order, and what they are called.
struct Places {
  std::unordered_map<std::string, double> at;
  std::vector<std::string> categories;
  std::string unit;
};

// False also for NaN. Programs say «none» with the largest number that there is; its square is infinite.
bool can_be_drawn(double value) {
  return std::abs(value) <= kLargestDrawn;
}

std::optional<Places> numeric_places(const std::vector<Measurement>& measurements) {
  Places places;
  for (const Measurement& m : measurements) {
    if (places.at.contains(m.x)) continue;
    const auto quantity = parse_quantity(m.x);
    if (!quantity || !can_be_drawn(quantity->value)) return std::nullopt;
    if (places.at.empty()) places.unit = quantity->unit;
    if (quantity->unit != places.unit) return std::nullopt;
    places.at.emplace(m.x, quantity->value);
  }
  return places;
}

Places category_places(const std::vector<Measurement>& measurements) {
  Places places;
  for (const Measurement& m : measurements) {
    if (places.at.emplace(m.x, static_cast<double>(places.categories.size())).second) places.categories.push_back(m.x);
  }
  return places;
}

struct Cell {
  Accumulator values;
  std::uint64_t excluded = 0;
};

Series make_series(const std::string& label, const std::map<double, Cell>& cells) {
  Series series{label, {}};
  for (const auto& [x, cell] : cells) {
    if (cell.values.count() == 0) continue;
    series.points.push_back({x, cell.values.mean(), cell.values.half_width(), cell.values.count(), cell.excluded});
  }
  return series;
}

struct NaturalLess {
  bool operator()(const std::string& a, const std::string& b) const { return natural_less(a, b); }
};

// «, did you mean …?» or what there is.
std::string hint(const std::string& name, const std::vector<std::string>& known) {
  const auto near = near_misses(name, known);
  if (!near.empty()) return fmt::format("; did you mean «{}»?", near.front());
  return known.empty() ? "" : fmt::format("; there are {}", join(known, ", "));
}

// The value of a variable, attribute, «module» or «name»; `is_variable` tells the first.
std::optional<std::string> value_of(const Observation& observation, const std::string& name, bool& is_variable) {
  is_variable = false;
  if (name == "module") return observation.module;
  if (name == "name") return observation.name;
  for (const Variable& variable : observation.run->variables) {
    if (variable.name != name) continue;
    is_variable = true;
    return variable.value;
  }
  for (const Entry& entry : observation.run->attributes) {
    if (entry.name == name) return entry.value;
  }
  return std::nullopt;
}

std::vector<std::string> known_names(const std::vector<Observation>& observations) {
  std::set<std::string, NaturalLess> names;
  for (const Observation& observation : observations) {
    for (const Variable& variable : observation.run->variables) names.insert(variable.name);
  }
  return {names.begin(), names.end()};
}

Result<std::string> label_of(const Observation& observation, const std::vector<std::string>& names,
                             const std::vector<Observation>& all) {
  std::vector<std::string> parts;
  for (const std::string& name : names) {
    bool is_variable = false;
    const auto value = value_of(observation, name, is_variable);
    if (!value) {
      return usage_error("run «{}» has no iteration variable or attribute «{}»{}", observation.run->id, name,
                         hint(name, known_names(all)));
    }
    parts.push_back(is_variable ? name + "=" + *value : *value);
  }
  return join(parts, ", ");
}

Result<std::string> x_of(const Observation& observation, const std::vector<std::string>& names,
                         const std::vector<Observation>& all) {
  bool is_variable = false;
  if (names.size() == 1) {
    if (const auto value = value_of(observation, names.front(), is_variable)) return *value;
  }
  return label_of(observation, names, all);
}

bool has_several_names(const std::vector<Observation>& observations) {
  return std::any_of(observations.begin(), observations.end(),
                     [&](const Observation& o) { return o.name != observations.front().name; });
}

Result<Grouping> completed(Grouping grouping, const std::vector<Observation>& observations) {
  if (grouping.x.empty()) {
    const std::vector<std::string> names = known_names(observations);
    if (names.size() > 1) return usage_error("which of the iteration variables is x: {}?", join(names, ", "));
    grouping.x = names.empty() ? std::vector<std::string>{"configname"} : names;
  }
  const bool says_name = std::find(grouping.series.begin(), grouping.series.end(), "name") != grouping.series.end();
  if (!says_name && has_several_names(observations)) grouping.series.insert(grouping.series.begin(), "name");
  return grouping;
}

// Values of one run at one place.
struct RunCell {
  const RunInfo* run;
  std::string series;
  std::string x;
  Accumulator values;
};

class RunCells {
 public:
  void add(const Observation& observation, std::string series, std::string x) {
    const auto key = std::make_tuple(observation.run.get(), series, x);
    const auto [at, is_new] = index_.emplace(key, cells_.size());
    if (is_new) cells_.push_back({observation.run.get(), std::move(series), std::move(x), {}});
    cells_[at->second].values.add(observation.value);
  }

  [[nodiscard]] std::vector<Measurement> take() {
    std::vector<Measurement> list;
    for (RunCell& cell : cells_) list.push_back({std::move(cell.series), std::move(cell.x), cell.values.mean()});
    return list;
  }

 private:
  std::vector<RunCell> cells_;  // in the order they are first seen
  std::map<std::tuple<const RunInfo*, std::string, std::string>, std::size_t> index_;
};

Result<const Column*> column_of(const Table& table, const std::string& name) {
  if (const Column* column = table.find(name)) return column;
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(column.name);
  return usage_error("{}: has no column «{}»{}", table.source, name, hint(name, names));
}

Result<std::vector<const Column*>> columns_of(const Table& table, const std::vector<std::string>& names) {
  std::vector<const Column*> columns;
  for (const std::string& name : names) {
    SIMSWARM_TRY(const Column* column, column_of(table, name));
    columns.push_back(column);
  }
  return columns;
}

std::string row_label(const std::vector<const Column*>& columns, std::size_t row) {
  std::vector<std::string> parts;
  for (const Column* column : columns) parts.push_back(column->name + "=" + column->text[row]);
  return join(parts, ", ");
}

}  // namespace

SeriesSet group(const std::vector<Measurement>& measurements) {
  const auto numeric = numeric_places(measurements);
  const Places places = numeric ? *numeric : category_places(measurements);
  std::map<std::string, std::map<double, Cell>, NaturalLess> cells;
  for (const Measurement& m : measurements) {
    Cell& cell = cells[m.series][places.at.at(m.x)];
    if (can_be_drawn(m.y)) {
      cell.values.add(m.y);
    } else {
      ++cell.excluded;
    }
  }
  SeriesSet set{places.categories, places.unit, {}};
  for (const auto& [label, row] : cells) set.series.push_back(make_series(label, row));
  return set;
}

void sort_categories(SeriesSet& set) {
  std::vector<std::string> sorted = set.categories;
  std::sort(sorted.begin(), sorted.end(), natural_less);
  std::vector<double> place;  // old index to new
  for (const std::string& category : set.categories) {
    place.push_back(static_cast<double>(std::find(sorted.begin(), sorted.end(), category) - sorted.begin()));
  }
  if (place.empty()) return;
  for (Series& series : set.series) {
    for (Point& point : series.points) point.x = place[static_cast<std::size_t>(point.x)];
    std::sort(series.points.begin(), series.points.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
  }
  set.categories = std::move(sorted);
}

Result<std::vector<Measurement>> measurements(const std::vector<Observation>& observations, const Grouping& grouping) {
  if (observations.empty()) return std::vector<Measurement>{};
  SIMSWARM_TRY(const Grouping by, completed(grouping, observations));
  RunCells cells;
  for (const Observation& observation : observations) {
    SIMSWARM_TRY(std::string series, label_of(observation, by.series, observations));
    SIMSWARM_TRY(std::string x, x_of(observation, by.x, observations));
    cells.add(observation, std::move(series), std::move(x));
  }
  return cells.take();
}

Result<std::vector<Measurement>> measurements(const Table& table, const std::string& y, const Grouping& grouping) {
  SIMSWARM_TRY(const Column* values, column_of(table, y));
  if (!values->is_numeric()) return usage_error("{}: column «{}» holds no numbers", table.source, y);
  SIMSWARM_TRY(const auto x, columns_of(table, grouping.x));
  if (x.empty()) return usage_error("{}: which column is x?", table.source);
  SIMSWARM_TRY(const auto series, columns_of(table, grouping.series));
  std::vector<Measurement> list;
  for (std::size_t row = 0; row < table.rows; ++row) {
    if (trim(values->text[row]).empty()) continue;
    list.push_back({row_label(series, row), x.size() == 1 ? x[0]->text[row] : row_label(x, row), values->numbers[row]});
  }
  return list;
}

}  // namespace simswarm::result
