// Plots of means with confidence intervals: as SVG for papers and pages, as text for the terminal. Pure functions; the
// same input gives the same bytes.
#pragma once

#include <cstddef>
#include <string>

#include "result/series.h"

namespace simswarm::result {

struct Plot {
  std::string title;    // empty: none
  std::string x_title;  // the unit of x is added in brackets
  std::string y_title;
  SeriesSet data;
};

struct SvgSize {
  int width = 800;  // CSS pixels
  int height = 500;
};

// One self-contained SVG document, without script, style sheet or font of its own: dark on white; up to seven colours
// that the colour-blind tell apart (Okabe and Ito), with seven markers, then dashes; error bars with caps; a legend
// when there is more than one series. All text is escaped; bytes that are no UTF-8 become «?».
[[nodiscard]] std::string to_svg(const Plot& plot, SvgSize size = {});

struct TextSize {
  std::size_t width = 80;   // columns of the terminal, at least 30
  std::size_t height = 24;  // lines in all, at least 10
  bool unicode = true;      // box and braille characters; else ASCII alone in what is drawn (texts stay)
};

// Lines that end in «\n». Lines between points, markers, error bars with caps, round ticks, axis titles, a legend.
[[nodiscard]] std::string to_text(const Plot& plot, TextSize size = {});

}  // namespace simswarm::result
