#include "cli/screen_build.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "result/width.h"

namespace simswarm::cli {
namespace {

constexpr std::size_t kBar = 24;
constexpr std::size_t kNarrow = 70;  // columns, below which there is no bar

std::string counts(const campaign::BuildView& view) {
  std::string text = view.expected > 0 ? fmt::format("{} of {} compiled", view.compiled + view.hits, view.expected)
                                       : fmt::format("{} compiled", view.compiled + view.hits);
  if (view.remote > 0 || view.hosts > 0)
    text += fmt::format(", {} elsewhere on {} host{}", view.remote, view.hosts, view.hosts == 1 ? "" : "s");
  if (view.hits > 0) text += fmt::format(", {} from the cache", view.hits);
  return text;
}

}  // namespace

std::string bar(double fraction, std::size_t width) {
  constexpr std::array<std::string_view, 9> kEighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
  const auto eighths =
      static_cast<std::size_t>(std::lround(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width) * 8));
  std::string text;
  for (std::size_t i = 0; i < width; ++i) {
    const std::size_t filled = std::min<std::size_t>(8, eighths > i * 8 ? eighths - i * 8 : 0);
    text += filled == 0 ? "·" : kEighths.at(filled);
  }
  return text;
}

std::string build_line(const campaign::BuildView& view, std::size_t columns) {
  std::string text;
  if (view.phase == "waiting") {
    text = view.ahead == 0
               ? "waiting for a builder"
               : fmt::format("waiting for a builder, {} build{} before", view.ahead, view.ahead == 1 ? "" : "s");
  } else if (view.phase != "building") {
    text = view.phase;
  } else {
    text = "building  ";
    if (view.expected > 0 && columns >= kNarrow)
      text += bar(static_cast<double>(view.compiled + view.hits) / static_cast<double>(view.expected), kBar) + "  ";
    text += fmt::format("{}, {}", counts(view), human_duration(view.seconds));
  }
  return result::shortened(text, columns);
}

std::string built_line(const campaign::BuildAnswer& answer) {
  if (answer.code != 0) return {};
  std::string text = "built before: nothing is compiled";
  if (!answer.was_known) {
    text = fmt::format("built in {}: {} compiled", human_duration(answer.seconds), answer.compiled);
    if (answer.remote > 0) text += fmt::format(", {} of them elsewhere", answer.remote);
    if (answer.hits > 0) text += fmt::format(", {} from the cache", answer.hits);
  }
  return text + fmt::format("; {} of {} runs queued", answer.queued, answer.runs);
}

std::string without_colours(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = text.find("\033[", at);
    plain += text.substr(at, begin - at);
    if (begin == std::string_view::npos) break;
    at = text.find_first_not_of("0123456789;:", begin + 2);
    if (at == std::string_view::npos) break;
    if (text[at] == 'm' || text[at] == 'K') {
      ++at;
    } else {
      plain += text.substr(begin, at - begin);  // something else
    }
  }
  return plain;
}

std::string LineCutter::take(std::string_view piece) {
  waiting_.append(piece);
  const std::size_t end = waiting_.rfind('\n');
  if (end == std::string::npos) return {};
  std::string whole = waiting_.substr(0, end + 1);
  waiting_.erase(0, end + 1);
  return whole;
}

std::string LineCutter::rest() {
  return std::exchange(waiting_, {});
}

}  // namespace simswarm::cli
