#include "result/plot.h"

#include <gmock/gmock.h>

#include "result/width.h"
#include "result_support.h"

namespace simswarm::result {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Two series over a number, with three repetitions.
Plot aloha() {
  std::vector<Measurement> list;
  const double utilization[2][4] = {{0.156, 0.195, 0.176, 0.137}, {0.047, 0.148, 0.184, 0.181}};
  const char* x[4] = {"1", "2", "3", "5"};
  for (int s = 0; s < 2; ++s) {
    for (int i = 0; i < 4; ++i) {
      for (int r = -1; r <= 1; ++r)
        list.push_back({s == 0 ? "numHosts=10" : "numHosts=20", x[i], utilization[s][i] + r * 0.006});
    }
  }
  return {"Pure Aloha", "iaMean", "channel utilization", group(list)};
}

Plot schedulers() {
  std::vector<Measurement> list;
  int place = 0;
  for (const char* name : {"fifo", "random early detection", "weighted fair queueing", "codel"}) {
    ++place;
    for (int r = 0; r < 4; ++r) {
      list.push_back({"load=0.5", name, 1e6 * place + 5e4 * r});
      list.push_back({"load=0.9", name, 2e6 * place + 2e5 * r});
    }
  }
  return {"", "scheduler", "delay [ns]", group(list)};
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(SvgPlots, LookAsTheyDid) {
  expect_golden("aloha.svg", to_svg(aloha()));
  expect_golden("schedulers.svg", to_svg(schedulers()));
}

TEST(SvgPlots, HaveALegendOnlyForSeveralSeries) {
  Plot plot = aloha();
  EXPECT_THAT(to_svg(plot), HasSubstr(">numHosts=20</text>"));
  plot.data.series.resize(1);
  EXPECT_THAT(to_svg(plot), Not(HasSubstr("numHosts=10")));
}

TEST(SvgPlots, DrawAnIntervalForEachPointThatHasOne) {
  Plot plot = aloha();
  EXPECT_EQ(count(to_svg(plot), "<path d="), 8U);
  for (Series& series : plot.data.series) series.points[0].half_width.reset();
  EXPECT_EQ(count(to_svg(plot), "<path d="), 6U);
}

TEST(SvgPlots, EscapeAllText) {
  Plot plot = aloha();
  plot.title = "<script>alert(\"1\")</script> & \x01\xff µ";
  plot.data.series[0].label = "a<b";
  const std::string svg = to_svg(plot);
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; ?? µ"));
  EXPECT_THAT(svg, HasSubstr("a&lt;b"));
}

TEST(SvgPlots, ManySeriesDifferInColourMarkerOrDash) {
  std::vector<Measurement> list;
  for (int s = 0; s < 40; ++s) {
    for (int x = 0; x < 3; ++x)
      list.push_back({"s" + std::to_string(s), std::to_string(x), static_cast<double>(s * x)});
  }
  const std::string svg = to_svg({"", "", "", group(list)});
  EXPECT_THAT(svg, HasSubstr("stroke-dasharray=\"7 4\""));
  EXPECT_THAT(svg, HasSubstr("… and 19 more"));
}

TEST(SvgPlots, OfNothingAreEmptyAxes) {
  EXPECT_THAT(to_svg({"nothing", "x", "y", {}}), HasSubstr("</svg>"));
}

TEST(TextPlots, LookAsTheyDid) {
  expect_golden("aloha.txt", to_text(aloha()));
  expect_golden("aloha-ascii.txt", to_text(aloha(), {60, 16, false}));
  expect_golden("schedulers.txt", to_text(schedulers(), {72, 20, true}));
}

TEST(TextPlots, KeepToTheirSize) {
  for (const bool unicode : {true, false}) {
    for (const std::size_t width : {30U, 47U, 80U, 200U}) {
      for (const std::size_t height : {12U, 24U, 60U}) {
        const std::string text = to_text(aloha(), {width, height, unicode});
        EXPECT_EQ(count(text, "\n"), height) << text;
        for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
          EXPECT_LE(display_width(text.substr(at, text.find('\n', at) - at)), width) << text;
        }
      }
    }
  }
}

TEST(TextPlots, InAsciiAreAscii) {
  for (const char c : to_text(schedulers(), {70, 20, false})) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST(TextPlots, OfNothingAreEmptyAxes) {
  EXPECT_THAT(to_text({"", "x", "y", {}}), HasSubstr("└"));
}

}  // namespace
}  // namespace simswarm::result
