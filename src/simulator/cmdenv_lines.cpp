// Reading single lines of what Cmdenv prints.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "simulator/cmdenv_lines.h"

namespace simswarm::cmdenv {
namespace {

// The text between `before` and the next of `ends`; empty when it is not there.
std::string_view after(std::string_view text, std::string_view before, std::string_view ends) {
  const auto at = text.find(before);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + before.size());
  return text.substr(0, text.find_first_of(ends));
}

// «in module (Node) Net.sink (id=2), » at the beginning: taken off, or left as it is.
std::string_view take_module(std::string_view& where) {
  if (!where.starts_with("in ")) return {};
  const auto kind_end = where.find(" (", 3);
  const auto id = where.rfind(" (id=");
  if (kind_end == std::string_view::npos || id == std::string_view::npos || id < kind_end) return {};
  const auto end = where.find("), ", id);
  if (end == std::string_view::npos) return {};
  const std::string_view module = where.substr(kind_end + 1, end - kind_end);
  where.remove_prefix(end + 3);
  return module;
}

// Events count from 0.
std::optional<std::int64_t> read_event(std::string_view text) {
  const auto event = parse_int(text);
  return event && *event >= 0 ? event : std::nullopt;
}

bool is_time(std::string_view text) {
  return text.size() > 1 && text.back() == 's' && parse_double(text.substr(0, text.size() - 1)).has_value();
}

// The exact forms to the end of the line: «in module (Node) Net.sink (id=2), at t=50s, event #50», «at t=100s»,
// «in module …, during network setup». Words of a model that only look like a place are none.
bool read_place(std::string_view where, StopLine& line) {
  constexpr std::array<std::string_view, 4> kPhases{"network setup", "network initialization", "finalization",
                                                    "network cleanup"};
  const std::string_view module = take_module(where);
  if (where.starts_with("during ")) {
    const std::string_view phase = where.substr(7);
    if (std::find(kPhases.begin(), kPhases.end(), phase) == kPhases.end()) return false;
    line.phase = phase;
  } else if (where.starts_with("at t=")) {
    const auto comma = where.find(", event #");
    const std::string_view time = where.substr(5, comma == std::string_view::npos ? comma : comma - 5);
    if (!is_time(time)) return false;
    if (comma != std::string_view::npos) {
      line.place.event = read_event(where.substr(comma + 9));
      if (!line.place.event) return false;
    }
    line.place.simulated_time = time.substr(0, time.size() - 1);
  } else {
    return false;
  }
  line.place.module = module;
  return true;
}

}  // namespace

std::optional<StopLine> read_stop_line(std::string_view raw) {
  if (!raw.starts_with("<!>")) return std::nullopt;
  std::string_view text = trim(raw.substr(3));
  StopLine line;
  const bool named_so = text.starts_with("Error:") || text.starts_with("Error -- ");
  const bool begins_so = text.starts_with("Error");
  if (text.starts_with("Error:")) text = trim(text.substr(6));
  if (const auto dashes = text.rfind(" -- "); dashes != std::string_view::npos) {
    line.has_place = read_place(trim(text.substr(dashes + 4)), line);
    if (line.has_place) text = text.substr(0, dashes);
  }
  // A message that itself begins with «Error» gets no second one; without a place it is an alert of the model.
  line.is_error = named_so || (begins_so && line.has_place);
  line.text = trim(text);
  return line;
}

std::optional<std::int64_t> run_that_begins(std::string_view line, const std::string& config) {
  constexpr std::string_view kVerbose = "Preparing for running configuration ";
  const std::string quiet = config + " run ";
  if (line.starts_with(quiet)) {
    return parse_int(line.substr(quiet.size(), line.find(':', quiet.size()) - quiet.size()));
  }
  if (line.starts_with(kVerbose)) return parse_int(after(line, "run #", "."));
  return std::nullopt;
}

bool is_setting_up(std::string_view tail) {
  return tail.find("** Event #") == std::string_view::npos && tail.find("<!>") == std::string_view::npos;
}

std::optional<Progress> read_progress(std::string_view tail) {
  const auto start = tail.rfind("** Event #");
  if (start == std::string_view::npos) return std::nullopt;
  const std::string_view status = tail.substr(start);
  const std::string_view line = status.substr(0, status.find('\n'));
  Progress progress;
  progress.event = read_event(after(line, "Event #", " "));
  progress.simulated_time = parse_double(after(line, "t=", " s"));
  const auto percent = line.find("% completed");
  if (percent != std::string_view::npos) {
    const auto blank = line.rfind(' ', percent);
    const auto value = parse_double(line.substr(blank + 1, percent - blank - 1));
    if (value && *value >= 0 && *value <= 100) progress.fraction = *value / 100;
  }
  const auto speed = parse_double(after(status, "simsec/sec=", " \n"));
  if (speed && *speed >= 0) progress.speed = speed;
  return progress;
}

}  // namespace simswarm::cmdenv
