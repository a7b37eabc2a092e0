// Reading single lines of what Cmdenv prints.
#include <algorithm>

#include "base/text.h"
#include "simulator/cmdenv_judge.h"

namespace simswarm::cmdenv {
namespace {

// The text between `before` and the next of `ends`; empty when it is not there.
std::string_view after(std::string_view text, std::string_view before, std::string_view ends) {
  const auto at = text.find(before);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + before.size());
  return text.substr(0, text.find_first_of(ends));
}

// « -- in module (Node) Net.sink (id=2), at t=50s, event #50», « -- at t=100s, event #101», «…, during network setup».
void read_place(std::string_view where, StopLine& line) {
  if (const std::string_view time = after(where, "at t=", ",s "); !time.empty()) line.place.simulated_time = time;
  if (const auto event = parse_int(after(where, "event #", ", "))) line.place.event = event;
  if (const auto module = where.find("in module "); module != std::string_view::npos) {
    const std::string_view rest = where.substr(module + 10);
    const auto end = std::min(rest.find(", at t="), rest.find(", during "));
    line.place.module = rest.substr(0, end);
  }
  line.phase = after(where, "during ", ",");
}

bool looks_like_place(std::string_view where) {
  return where.find("at t=") != std::string_view::npos || where.find("in module ") != std::string_view::npos ||
         where.find("during ") != std::string_view::npos;
}

}  // namespace

std::optional<StopLine> read_stop_line(std::string_view raw) {
  if (!raw.starts_with("<!>")) return std::nullopt;
  std::string_view text = trim(raw.substr(3));
  StopLine line;
  line.is_error = text.starts_with("Error");
  if (text.starts_with("Error:")) text = trim(text.substr(6));
  if (const auto dashes = text.rfind(" -- ");
      dashes != std::string_view::npos && looks_like_place(text.substr(dashes))) {
    line.has_place = true;
    read_place(text.substr(dashes + 4), line);
    text = text.substr(0, dashes);
  }
  line.text = trim(text);
  return line;
}

std::vector<Section> sections_of(std::string_view output, const std::string& config) {
  const std::string quiet = config + " run ";
  constexpr std::string_view kVerbose = "Preparing for running configuration ";
  std::vector<Section> sections;
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < output.size();) {
    const std::string_view line = output.substr(at, output.substr(at).find('\n'));
    std::optional<std::int64_t> number;
    if (line.starts_with(quiet)) {
      number = parse_int(line.substr(quiet.size(), line.find(':', quiet.size()) - quiet.size()));
    } else if (line.starts_with(kVerbose)) {
      number = parse_int(after(line, "run #", "."));
    }
    if (number) {
      sections.push_back({*number, {}});
      starts.push_back(at);
    }
    at += line.size() + 1;
  }
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const std::size_t end = i + 1 < starts.size() ? starts[i + 1] : output.size();
    sections[i].text = output.substr(starts[i], end - starts[i]);
  }
  return sections;
}

std::optional<Progress> read_progress(std::string_view tail) {
  const auto start = tail.rfind("** Event #");
  if (start == std::string_view::npos) return std::nullopt;
  const std::string_view status = tail.substr(start);
  const std::string_view line = status.substr(0, status.find('\n'));
  Progress progress;
  progress.event = parse_int(after(line, "Event #", " "));
  progress.simulated_time = parse_double(after(line, "t=", " s"));
  const auto percent = line.find("% completed");
  if (percent != std::string_view::npos) {
    const auto blank = line.rfind(' ', percent);
    if (const auto value = parse_double(line.substr(blank + 1, percent - blank - 1))) progress.fraction = *value / 100;
  }
  progress.speed = parse_double(after(status, "simsec/sec=", " \n"));
  return progress;
}

}  // namespace simswarm::cmdenv
