#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "result/axis.h"
#include "result/plot.h"
#include "result/width.h"

namespace simswarm::result {

namespace {

constexpr double kCharacter = 6.9;  // mean width at the font size below
constexpr int kFont = 13;
constexpr double kMarker = 4.5;  // half the size
constexpr double kCap = 4;
constexpr std::size_t kLongestLegend = 30;  // characters
constexpr std::size_t kLongestCategory = 22;

// Okabe and Ito's palette in an order that keeps neighbours apart; its yellow is too faint on white.
constexpr std::array<const char*, 7> kColours{"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                              "#E69F00", "#56B4E9", "#000000"};
constexpr std::array<const char*, 4> kDashes{"", "7 4", "2 3", "9 3 2 3"};

std::size_t utf8_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80                   ? 1
                             : lead >= 0xC2 && lead < 0xE0 ? 2
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) return 0;
  }
  return length;
}

std::string escaped_ascii(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\t':
      return " ";
    default:
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? "?" : std::string(1, c);
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out += '?';
    } else {
      out += length == 1 ? escaped_ascii(text.front()) : std::string(text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

double text_width(std::string_view text) {
  return static_cast<double>(display_width(text)) * kCharacter;
}

struct Frame {
  double left, right, top, bottom;  // of the plotting area, in pixels
};

class Drawing {
 public:
  Drawing(const Plot& plot, SvgSize size) : plot_(plot), size_(size), legend_(plot.data.series.size() > 1) {
    y_ = y_axis(plot.data, std::max(2, size.height / 60));
    x_ = x_axis(plot.data, std::max(2, size.width / 90));
    place();
  }

  std::string draw() {
    begin();
    grid();
    axes();
    titles();
    for (std::size_t i = 0; i < plot_.data.series.size(); ++i) series(i);
    if (legend_) legend();
    out_ += "</svg>\n";
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void add(fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), text, std::forward<Args>(args)...);
    out_ += '\n';
  }

  [[nodiscard]] double x(double value) const { return frame_.left + x_.fraction(value) * (frame_.right - frame_.left); }
  [[nodiscard]] double y(double value) const {
    return frame_.bottom - y_.fraction(value) * (frame_.bottom - frame_.top);
  }

  static double widest(const std::vector<Tick>& ticks, std::size_t limit) {
    double widest = 0;
    for (const Tick& tick : ticks) widest = std::max(widest, text_width(shortened(tick.label, limit)));
    return widest;
  }

  [[nodiscard]] double top() const { return plot_.title.empty() ? 20 : 46; }
  [[nodiscard]] std::size_t legend_rows() const {
    return static_cast<std::size_t>(std::max(size_.height - top() - 30, 40.0) / 20);
  }

  [[nodiscard]] double legend_width() const {
    double widest = 0;
    for (const Series& s : plot_.data.series) widest = std::max(widest, text_width(shortened(s.label, kLongestLegend)));
    const double rest = plot_.data.series.size() > legend_rows() ? text_width("… and 100 more") : 0;
    return legend_ ? std::max(widest, rest) + 58 : 0;
  }

  void place() {
    const double y_labels = widest(y_.ticks, 40);
    frame_.left = y_labels + (y_title().empty() ? 22 : 44);
    frame_.right = size_.width - 20 - legend_width();
    frame_.top = top();
    const double room = (frame_.right - frame_.left) / static_cast<double>(std::max<std::size_t>(x_.ticks.size(), 1));
    const double x_labels = widest(x_.ticks, kLongestCategory);
    slanted_ = !plot_.data.categories.empty() && x_labels + 8 > room;
    every_ = slanted_ ? static_cast<std::size_t>(std::ceil(20 / room)) : 1;
    const double label_height = slanted_ ? x_labels * 0.5 + 16 : 22;
    frame_.bottom = size_.height - label_height - (x_title().empty() ? 10 : 34);
    if (slanted_) frame_.left = std::max(frame_.left, x_labels * 0.87 - room / 2 + 10);
  }

  [[nodiscard]] std::string x_title() const { return axis_title(plot_.x_title, plot_.data.x_unit, x_.exponent, true); }
  [[nodiscard]] std::string y_title() const { return axis_title(plot_.y_title, "", y_.exponent, true); }

  void begin() {
    add(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" )"
        R"(font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="{2}" fill="#222222" role="img">)",
        size_.width, size_.height, kFont);
    const std::string name = plot_.title.empty() ? y_title() : plot_.title;
    if (!name.empty()) add("<title>{}</title>", escaped(name));
    add(R"(<rect width="{}" height="{}" fill="#ffffff"/>)", size_.width, size_.height);
  }

  void grid() {
    add(R"(<g stroke="#e2e2e2" stroke-width="1">)");
    for (const Tick& tick : y_.ticks) {
      add(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)", frame_.left, y(tick.at), frame_.right,
          y(tick.at));
    }
    for (const Tick& tick : x_.ticks) {
      if (!plot_.data.categories.empty()) break;
      add(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)", x(tick.at), frame_.top, x(tick.at),
          frame_.bottom);
    }
    add("</g>");
  }

  void axes() {
    add(R"(<g stroke="#222222" stroke-width="1.2">)");
    add(R"(<line x1="{0:.1f}" y1="{1:.1f}" x2="{0:.1f}" y2="{2:.1f}"/>)", frame_.left, frame_.top, frame_.bottom);
    add(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)", frame_.left, frame_.bottom, frame_.right,
        frame_.bottom);
    for (const Tick& tick : y_.ticks) {
      add(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)", frame_.left - 5, y(tick.at), frame_.left,
          y(tick.at));
    }
    for (const Tick& tick : x_.ticks) {
      add(R"(<line x1="{0:.1f}" y1="{1:.1f}" x2="{0:.1f}" y2="{2:.1f}"/>)", x(tick.at), frame_.bottom,
          frame_.bottom + 5);
    }
    add("</g>");
    labels();
  }

  void labels() {
    add(R"(<g text-anchor="end">)");
    for (const Tick& tick : y_.ticks) {
      add(R"(<text x="{:.1f}" y="{:.1f}">{}</text>)", frame_.left - 9, y(tick.at) + 4.5, escaped(tick.label));
    }
    add("</g>");
    add(R"(<g text-anchor="{}">)", slanted_ ? "end" : "middle");
    for (std::size_t i = 0; i < x_.ticks.size(); i += every_) {
      const std::string label = escaped(shortened(x_.ticks[i].label, kLongestCategory));
      const double at = x(x_.ticks[i].at);
      if (slanted_) {
        add(R"-(<text transform="translate({:.1f} {:.1f}) rotate(-30)">{}</text>)-", at + 4, frame_.bottom + 17, label);
      } else {
        add(R"(<text x="{:.1f}" y="{:.1f}">{}</text>)", at, frame_.bottom + 20, label);
      }
    }
    add("</g>");
  }

  void titles() {
    const double middle = (frame_.left + frame_.right) / 2;
    if (!plot_.title.empty()) {
      add(R"(<text x="{:.1f}" y="28" text-anchor="middle" font-size="16" font-weight="bold">{}</text>)", middle,
          escaped(plot_.title));
    }
    if (!x_title().empty()) {
      add(R"(<text x="{:.1f}" y="{}" text-anchor="middle" font-size="14">{}</text>)", middle, size_.height - 12,
          escaped(x_title()));
    }
    if (!y_title().empty()) {
      add(R"-(<text transform="translate(18 {:.1f}) rotate(-90)" text-anchor="middle" font-size="14">{}</text>)-",
          (frame_.top + frame_.bottom) / 2, escaped(y_title()));
    }
  }

  static const char* colour(std::size_t index) { return kColours[index % kColours.size()]; }

  static std::string dash(std::size_t index) {
    const char* pattern = kDashes[index / kColours.size() % kDashes.size()];
    return *pattern == 0 ? "" : fmt::format(R"( stroke-dasharray="{}")", pattern);
  }

  // So that intervals of several series at one category stand side by side.
  [[nodiscard]] double shift(std::size_t index) const {
    if (plot_.data.categories.empty() || plot_.data.series.size() < 2) return 0;
    const auto count = static_cast<double>(plot_.data.series.size());
    const double room = (frame_.right - frame_.left) / static_cast<double>(plot_.data.categories.size());
    return (static_cast<double>(index) - (count - 1) / 2) * std::min(14.0, room * 0.7 / count);
  }

  void series(std::size_t index) {
    const Series& series = plot_.data.series[index];
    const double dx = shift(index);
    add(R"(<g stroke="{0}" fill="{0}" stroke-width="1.8">)", colour(index));
    if (plot_.data.categories.empty() && series.points.size() > 1) path(series, index);
    for (const Point& point : series.points) {
      if (point.half_width && *point.half_width > 0) error_bar(x(point.x) + dx, point);
    }
    for (const Point& point : series.points) marker(x(point.x) + dx, y(point.mean), index);
    add("</g>");
  }

  void path(const Series& series, std::size_t index) {
    std::string points;
    for (const Point& point : series.points) {
      points += fmt::format("{}{:.1f},{:.1f}", points.empty() ? "" : " ", x(point.x), y(point.mean));
    }
    add(R"(<polyline points="{}" fill="none" stroke-linejoin="round"{}/>)", points, dash(index));
  }

  void error_bar(double at, const Point& point) {
    const double high = y(point.mean + *point.half_width);
    const double low = y(point.mean - *point.half_width);
    add(R"(<path d="M{0:.1f} {1:.1f}H{2:.1f}M{3:.1f} {1:.1f}V{4:.1f}M{0:.1f} {4:.1f}H{2:.1f}" fill="none" stroke-width="1.3"/>)",
        at - kCap, high, at + kCap, at, low);
  }

  void polygon(std::initializer_list<std::pair<double, double>> corners, double at_x, double at_y) {
    std::string points;
    for (const auto& [dx, dy] : corners) {
      points += fmt::format("{}{:.1f},{:.1f}", points.empty() ? "" : " ", at_x + dx * kMarker, at_y + dy * kMarker);
    }
    add(R"(<polygon points="{}" stroke="none"/>)", points);
  }

  void marker(double at_x, double at_y, std::size_t index) {
    switch (index % 7) {
      case 0:
        add(R"(<circle cx="{:.1f}" cy="{:.1f}" r="{}" stroke="none"/>)", at_x, at_y, kMarker);
        break;
      case 1:
        polygon({{-0.9, -0.9}, {0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}}, at_x, at_y);
        break;
      case 2:
        polygon({{0, -1.2}, {1.1, 0.8}, {-1.1, 0.8}}, at_x, at_y);
        break;
      case 3:
        polygon({{0, -1.3}, {1.2, 0}, {0, 1.3}, {-1.2, 0}}, at_x, at_y);
        break;
      case 4:
        polygon({{0, 1.2}, {1.1, -0.8}, {-1.1, -0.8}}, at_x, at_y);
        break;
      case 5:
        cross(at_x, at_y, kMarker * 0.85);
        break;
      default:
        add(R"(<path d="M{0:.1f} {1:.1f}h{2:.1f}M{3:.1f} {4:.1f}v{2:.1f}" stroke-width="2.4"/>)", at_x - kMarker, at_y,
            2 * kMarker, at_x, at_y - kMarker);
    }
  }

  void cross(double at_x, double at_y, double r) {
    add(R"(<path d="M{0:.1f} {1:.1f}L{2:.1f} {3:.1f}M{0:.1f} {3:.1f}L{2:.1f} {1:.1f}" stroke-width="2.4"/>)", at_x - r,
        at_y - r, at_x + r, at_y + r);
  }

  void legend() {
    const double left = frame_.right + 16;
    double at = frame_.top + 10;
    const std::size_t fitting = legend_rows();
    const std::size_t count = plot_.data.series.size();
    for (std::size_t i = 0; i < std::min(count, fitting); ++i, at += 20) {
      const bool is_rest = i + 1 == fitting && count > fitting;
      if (!is_rest) legend_mark(left, at, i);
      const std::string label = is_rest ? fmt::format("… and {} more", count - i) : plot_.data.series[i].label;
      add(R"(<text x="{:.1f}" y="{:.1f}">{}</text>)", left + 34, at + 4.5, escaped(shortened(label, kLongestLegend)));
    }
  }

  void legend_mark(double left, double at, std::size_t index) {
    add(R"(<g stroke="{0}" fill="{0}" stroke-width="1.8">)", colour(index));
    if (plot_.data.categories.empty()) {
      add(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"{}/>)", left, at, left + 28, at, dash(index));
    }
    marker(left + 14, at, index);
    add("</g>");
  }

  const Plot& plot_;
  SvgSize size_;
  bool legend_;
  Axis x_;
  Axis y_;
  Frame frame_{};
  bool slanted_ = false;   // labels of categories
  std::size_t every_ = 1;  // label of x is written
  std::string out_;
};

}  // namespace

std::string to_svg(const Plot& plot, SvgSize size) {
  return Drawing(plot, size).draw();
}

}  // namespace simswarm::result
