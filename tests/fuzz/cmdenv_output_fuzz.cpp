// What Cmdenv prints while it runs: status lines, stop lines, headers of runs.
#include <cmath>

#include "base/text.h"
#include "fuzz_support.h"
#include "simulator/cmdenv_lines.h"
#include "simulator/cmdenv_said.h"

namespace simswarm::fuzz {
namespace {

void check_progress(std::string_view text) {
  const auto progress = cmdenv::read_progress(text);
  if (!progress) return;
  if (progress->fraction) require(*progress->fraction >= 0 && *progress->fraction <= 1, "progress is from 0 to 1");
  if (progress->simulated_time) require(std::isfinite(*progress->simulated_time), "simulated time is finite");
  if (progress->speed) require(std::isfinite(*progress->speed) && *progress->speed >= 0, "the speed is finite");
  if (progress->event) require(*progress->event >= 0, "events count from 0");
}

void check_place(const Place& place) {
  if (place.event) require(*place.event >= 0, "events count from 0");
  const bool known = !place.simulated_time.empty();
  require(!known || parse_double(place.simulated_time).has_value(), "simulated time is a number");
}

// A message whose place Cmdenv adds: both are told apart again.
void check_told_apart(std::string_view message) {
  message = trim(message);
  const bool plain = message.find(" -- ") == std::string_view::npos && !message.starts_with("Error");
  if (!plain || message.ends_with(" --") || message.empty()) return;
  const auto line = cmdenv::read_stop_line(
      fmt::format("<!> Error: {} -- in module (Node) Net.node (id=2), at t=50.25s, event #50", message));
  require(line && line->is_error && line->has_place, "an error with its place is read");
  require(line->text == message, "the message comes back");
  require(line->place.module == "(Node) Net.node (id=2)", "the module comes back");
  require(line->place.simulated_time == "50.25" && line->place.event == 50, "time and event come back");
}

}  // namespace

void check(std::string_view input) {
  cmdenv::Said said;
  for (const std::string_view line : lines(input)) {
    said.note(line);
    static_cast<void>(cmdenv::run_that_begins(line, "General"));
    if (const auto stop = cmdenv::read_stop_line(line)) {
      check_place(stop->place);
      require(stop->has_place || stop->phase.empty(), "a phase is a place");
    }
    check_told_apart(line);
  }
  if (said.termination) require(said.termination->has_place, "a run ends somewhere");
  if (said.error) require(said.error->is_error && said.error->has_place, "an error with a place is one");
  if (said.placeless_error) require(!said.placeless_error->has_place || !said.placeless_error->is_error, "no place");
  check_progress(input);
}

}  // namespace simswarm::fuzz
