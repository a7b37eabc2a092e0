#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "result/axis.h"
#include "result/plot.h"
#include "result/width.h"

namespace simswarm::result {

namespace {

constexpr std::size_t kLongestLabel = 36;

struct Glyphs {
  std::array<const char*, 14> markers;
  const char* horizontal;
  const char* vertical;
  const char* corner;
  const char* tick_left;
  const char* tick_below;
  const char* bar;
  const char* cap_above;
  const char* cap_below;
};

constexpr Glyphs kUnicode{
    {"●", "■", "▲", "◆", "▼", "×", "+", "○", "□", "△", "◇", "▽", "★", "☆"}, "─", "│", "└", "┤", "┬", "│", "┬", "┴"};
constexpr Glyphs kAscii{
    {"o", "#", "*", "x", "@", "%", "+", "=", "&", "$", "A", "B", "C", "D"}, "-", "|", "+", "+", "+", "|", "-", "-"};

// Cells of text, and in each the 2 by 4 dots of a braille character.
class Canvas {
 public:
  Canvas(std::size_t columns, std::size_t rows) : columns_(columns), rows_(rows), cells_(columns * rows) {}

  void put(std::size_t column, std::size_t row, const char* glyph) {
    if (column < columns_ && row < rows_) cells_[row * columns_ + column].glyph = glyph;
  }

  void dot(long x, long y) {
    static constexpr std::array<std::uint8_t, 8> kBits{0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80};
    if (x < 0 || y < 0 || x >= static_cast<long>(columns_ * 2) || y >= static_cast<long>(rows_ * 4)) return;
    Cell& cell = cells_[static_cast<std::size_t>(y / 4) * columns_ + static_cast<std::size_t>(x / 2)];
    cell.dots = static_cast<std::uint8_t>(cell.dots | kBits[static_cast<std::size_t>(y % 4 * 2 + x % 2)]);
  }

  void line(long x0, long y0, long x1, long y1) {
    const long steps = std::max({std::abs(x1 - x0), std::abs(y1 - y0), 1L});
    for (long i = 0; i <= steps; ++i) {
      const double part = static_cast<double>(i) / static_cast<double>(steps);
      dot(x0 + std::lround(part * static_cast<double>(x1 - x0)), y0 + std::lround(part * static_cast<double>(y1 - y0)));
    }
  }

  [[nodiscard]] std::string row(std::size_t row, bool unicode) const {
    std::string text;
    for (std::size_t column = 0; column < columns_; ++column) {
      const Cell& cell = cells_[row * columns_ + column];
      if (cell.glyph != nullptr) {
        text += cell.glyph;
      } else {
        text += cell.dots == 0 ? " " : unicode ? braille(cell.dots) : ".";
      }
    }
    return text;
  }

  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] std::size_t rows() const { return rows_; }

 private:
  struct Cell {
    const char* glyph = nullptr;
    std::uint8_t dots = 0;
  };

  // U+2800 and the dots' bits, as UTF-8.
  static std::string braille(std::uint8_t dots) {
    return {static_cast<char>(0xE2), static_cast<char>(0xA0 | (dots >> 6U)), static_cast<char>(0x80 | (dots & 0x3FU))};
  }

  std::size_t columns_;
  std::size_t rows_;
  std::vector<Cell> cells_;
};

std::string without_end_blanks(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

std::string centred(const std::string& text, std::size_t width) {
  const std::size_t taken = display_width(text);
  return std::string(taken < width ? (width - taken) / 2 : 0, ' ') + text;
}

class TextPlot {
 public:
  TextPlot(const Plot& plot, TextSize size)
      : plot_(plot),
        width_(std::max<std::size_t>(size.width, 30)),
        unicode_(size.unicode),
        glyphs_(size.unicode ? kUnicode : kAscii),
        legend_(legend_lines()),
        canvas_(0, 0) {
    // Room is kept for both axis titles, which need the axes, which need the room; what is not needed becomes rows.
    const std::size_t around = 4 + legend_.size() + (plot.title.empty() ? 0 : 1);
    const std::size_t rows = std::max<std::size_t>(std::max<std::size_t>(size.height, 10), around + 4) - around;
    y_ = y_axis(plot.data, static_cast<int>(std::max<std::size_t>(rows / 3, 2)));
    for (const Tick& tick : y_.ticks) label_width_ = std::max(label_width_, display_width(tick.label));
    const std::size_t columns = std::max<std::size_t>(width_ - std::min(width_, label_width_ + 3), 10);
    x_ = x_axis(plot.data, static_cast<int>(std::max<std::size_t>(columns / 10, 2)));
    canvas_ = Canvas(columns, rows + (x_title().empty() ? 1 : 0) + (y_title().empty() ? 1 : 0));
  }

  std::string draw() {
    for (std::size_t i = 0; i < plot_.data.series.size(); ++i) draw_series(plot_.data.series[i], i);
    std::string text;
    if (!plot_.title.empty()) text += without_end_blanks(centred(cut(plot_.title), width_));
    if (!y_title().empty()) text += without_end_blanks(cut(y_title()));
    text += rows_of_plot() + x_line() + x_labels();
    if (!x_title().empty())
      text += std::string(label_width_ + 2, ' ') + without_end_blanks(centred(cut(x_title()), canvas_.columns()));
    for (const std::string& line : legend_) text += without_end_blanks(line);
    return text;
  }

 private:
  [[nodiscard]] std::string cut(const std::string& text) const { return shortened(text, width_, unicode_); }

  [[nodiscard]] std::string x_title() const {
    return axis_title(plot_.x_title, plot_.data.x_unit, x_.exponent, unicode_);
  }
  [[nodiscard]] std::string y_title() const { return axis_title(plot_.y_title, "", y_.exponent, unicode_); }

  [[nodiscard]] const char* marker(std::size_t index) const { return glyphs_.markers[index % glyphs_.markers.size()]; }

  [[nodiscard]] std::vector<std::string> legend_lines() const {
    std::vector<std::string> lines;
    if (plot_.data.series.size() < 2) return lines;
    for (std::size_t i = 0; i < plot_.data.series.size(); ++i) {
      const std::string entry =
          fmt::format("{} {}", marker(i), shortened(plot_.data.series[i].label, kLongestLabel, unicode_));
      if (lines.empty() || display_width(lines.back()) + 3 + display_width(entry) > width_) {
        lines.push_back("  " + entry);
      } else {
        lines.back() += "   " + entry;
      }
    }
    return lines;
  }

  // Dots: two a column, four a row.
  [[nodiscard]] long x_dot(double x) const {
    return std::lround(x_.fraction(x) * static_cast<double>(canvas_.columns() * 2 - 1));
  }
  [[nodiscard]] long y_dot(double y) const {
    return std::lround((1 - y_.fraction(y)) * static_cast<double>(canvas_.rows() * 4 - 1));
  }
  [[nodiscard]] std::size_t column(double x) const { return static_cast<std::size_t>(x_dot(x) / 2); }
  [[nodiscard]] std::size_t row(double y) const { return static_cast<std::size_t>(y_dot(y) / 4); }

  // Series at one category stand side by side.
  [[nodiscard]] std::size_t shifted_column(double x, std::size_t index) const {
    const std::size_t count = plot_.data.series.size();
    if (plot_.data.categories.empty() || count < 2) return column(x);
    const auto room = static_cast<long>(canvas_.columns() / plot_.data.categories.size());
    const long apart = room > static_cast<long>(2 * count) ? 2 : room > static_cast<long>(count) ? 1 : 0;
    const long at =
        static_cast<long>(column(x)) + (static_cast<long>(2 * index) - static_cast<long>(count - 1)) * apart / 2;
    return static_cast<std::size_t>(std::clamp(at, 0L, static_cast<long>(canvas_.columns()) - 1));
  }

  void draw_series(const Series& series, std::size_t index) {
    const bool joined = plot_.data.categories.empty();
    for (std::size_t i = 1; joined && i < series.points.size(); ++i) {
      const Point& from = series.points[i - 1];
      const Point& to = series.points[i];
      canvas_.line(x_dot(from.x), y_dot(from.mean), x_dot(to.x), y_dot(to.mean));
    }
    for (const Point& point : series.points) draw_point(point, shifted_column(point.x, index), marker(index));
  }

  void draw_point(const Point& point, std::size_t at, const char* mark) {
    const std::size_t middle = row(point.mean);
    const double half = point.half_width.value_or(0);
    const std::size_t high = row(point.mean + half);
    const std::size_t low = row(point.mean - half);
    for (std::size_t i = high; i <= low; ++i) {
      const char* glyph = i == high ? glyphs_.cap_above : i == low ? glyphs_.cap_below : glyphs_.bar;
      if (i != middle) canvas_.put(at, i, glyph);
    }
    canvas_.put(at, middle, mark);
  }

  [[nodiscard]] const Tick* tick_at_row(std::size_t wanted) const {
    for (const Tick& tick : y_.ticks) {
      if (row(tick.at) == wanted) return &tick;
    }
    return nullptr;
  }

  std::string rows_of_plot() {
    std::string text;
    for (std::size_t i = 0; i < canvas_.rows(); ++i) {
      const Tick* tick = tick_at_row(i);
      text += padded_left(tick != nullptr ? tick->label : "", label_width_ + 1) + " ";
      text += tick != nullptr ? glyphs_.tick_left : glyphs_.vertical;
      text += without_end_blanks(canvas_.row(i, unicode_));
    }
    return text;
  }

  [[nodiscard]] std::string x_line() const {
    std::vector<const char*> cells(canvas_.columns(), glyphs_.horizontal);
    for (const Tick& tick : x_.ticks) cells[column(tick.at)] = glyphs_.tick_below;
    std::string text = std::string(label_width_ + 2, ' ') + glyphs_.corner;
    for (const char* cell : cells) text += cell;
    return text + "\n";
  }

  // Centred below their ticks; one that would touch its neighbour is left out, and one of categories is cut to its
  // room.
  [[nodiscard]] std::string x_labels() const {
    const std::size_t indent = label_width_ + 3;
    const std::size_t room = canvas_.columns() / std::max<std::size_t>(x_.ticks.size(), 1);
    std::string text;
    std::size_t end = 0;
    for (const Tick& tick : x_.ticks) {
      const bool is_category = !plot_.data.categories.empty();
      const std::string label =
          is_category ? shortened(tick.label, std::max<std::size_t>(room, 6) - 1, unicode_) : tick.label;
      const std::size_t width = display_width(label);
      const std::size_t middle = indent + column(tick.at);
      std::size_t begin = middle > width / 2 ? middle - width / 2 : 0;
      if (begin + width > width_) begin = width_ > width ? width_ - width : 0;
      if (end > 0 && begin < end + 1) continue;
      text += std::string(begin - end, ' ') + label;
      end = begin + width;
    }
    return without_end_blanks(text);
  }

  const Plot& plot_;
  std::size_t width_;
  bool unicode_;
  Glyphs glyphs_;
  std::vector<std::string> legend_;
  Canvas canvas_;
  Axis x_;
  Axis y_;
  std::size_t label_width_ = 0;
};

}  // namespace

std::string to_text(const Plot& plot, TextSize size) {
  return TextPlot(plot, size).draw();
}

}  // namespace simswarm::result
