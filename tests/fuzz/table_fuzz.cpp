// Tables that programs leave: CSV, TSV, and lines «name = value»; and plots of what stands in them.
#include "result/table.h"

#include <cmath>

#include "base/text.h"
#include "fuzz_support.h"
#include "result/axis.h"
#include "result/plot.h"
#include "result/series.h"

namespace simswarm::fuzz {
namespace {

const Scratch& scratch() {
  static const Scratch folder;
  return folder;
}

std::string in_quotes(const std::string& cell) {
  return '"' + replace_all(cell, "\"", "\"\"") + '"';
}

std::string written(const result::Table& table) {
  std::vector<std::string> rows(table.rows + 1);
  for (const result::Column& column : table.columns) {
    const std::string before = &column == table.columns.data() ? "" : "\t";
    rows[0] += before + in_quotes(column.name);
    for (std::size_t i = 0; i < table.rows; ++i) rows[i + 1] += before + in_quotes(column.text[i]);
  }
  return join(rows, "\n");
}

void check_table(const std::string& name, std::string_view text) {
  const auto table = result::read_table(scratch().write(name, text));
  if (!table) return;
  require(!table->columns.empty(), "a table has columns");
  for (const result::Column& column : table->columns) {
    require(column.text.size() == table->rows, "all columns are of one length");
    require(column.numbers.empty() || column.numbers.size() == table->rows, "numbers stand in each row");
    require(table->find(column.name) == &column, "a column is found by its name");
  }
  if (text.find('\r') != std::string_view::npos) return;  // line ends in cells become «\n»
  const auto again = result::read_table(scratch().write("again.tsv", written(*table)));
  require(again && again->rows == table->rows && again->columns.size() == table->columns.size(), "a table comes back");
  for (std::size_t i = 0; i < table->columns.size(); ++i) {
    require(again->columns[i].name == table->columns[i].name, "its names come back");
    require(again->columns[i].text == table->columns[i].text, "its cells come back");
    require(again->columns[i].is_numeric() == table->columns[i].is_numeric(), "numbers are numbers again");
  }
}

void check_axis(const result::Axis& axis) {
  require(std::isfinite(axis.low) && std::isfinite(axis.high) && axis.low < axis.high, "an axis goes from low to high");
  const double little = (axis.high / 2 - axis.low / 2) * 1e-3;
  for (std::size_t i = 0; i < axis.ticks.size(); ++i) {
    const double at = axis.ticks[i].at;
    require(axis.low - little <= at && at <= axis.high + little, "a tick lies on its axis");
    require(i == 0 || axis.ticks[i - 1].at < at, "ticks ascend");
  }
}

// The last column over the first.
void check_plot(std::string_view text) {
  const auto table = result::read_table(scratch().write("x.csv", text));
  if (!table) return;
  const std::string& y = table->columns.back().name;
  const auto measured = result::measurements(*table, y, {{table->columns.front().name}, {}});
  if (!measured) return;
  result::Plot plot{"title", "x", y, result::group(*measured)};
  for (const result::Series& series : plot.data.series) {
    for (const result::Point& point : series.points) {
      require(std::isfinite(point.x) && std::isfinite(point.mean), "a point has a place");
      require(point.n > 0 && (!point.half_width || *point.half_width >= 0), "an interval has a width");
    }
  }
  check_axis(result::y_axis(plot.data, 5));
  check_axis(result::x_axis(plot.data, 5));
  require(result::to_svg(plot).find("=\"nan") == std::string::npos, "a drawing has numbers alone");
  require(!result::to_text(plot).empty(), "there is a plot");
}

void check_key_values(std::string_view text) {
  const auto entries = result::read_key_values(scratch().write("values.txt", text));
  if (!entries) return;
  std::string written;
  for (const result::Entry& entry : *entries) {
    require(!entry.name.empty() && trim(entry.name) == entry.name, "a name stands without blanks");
    written += fmt::format("{} = \"{}\"\n", entry.name, entry.value);
  }
  const auto again = result::read_key_values(scratch().write("again.txt", written));
  require(again && *again == *entries, "lines «name = value» come back");
}

}  // namespace

void check(std::string_view input) {
  switch (take_choice(input, 4)) {
    case 0:
      return check_table("x.csv", input);
    case 1:
      return check_table("x.tsv", input);
    case 2:
      return check_key_values(input);
    default:
      return check_plot(input);
  }
}

}  // namespace simswarm::fuzz
