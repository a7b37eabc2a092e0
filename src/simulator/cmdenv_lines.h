// Single lines of what Cmdenv prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/dialect.h"

namespace simswarm::cmdenv {

// A line «<!> …» of a run, taken apart.
struct StopLine {
  std::string text;  // without «<!>» and place
  Place place;
  bool is_error = false;
  bool has_place = false;  // « -- at t=…» or « -- in module …, …», exactly as Cmdenv writes it, at the end of the line
  std::string phase;  // «network setup», «network initialization», «finalization», «network cleanup», or empty
};
[[nodiscard]] std::optional<StopLine> read_stop_line(std::string_view line);

// The number of the run whose output this line begins: «Config run N: …», or «Preparing for running configuration …»
// from a program that is not quiet.
[[nodiscard]] std::optional<std::int64_t> run_that_begins(std::string_view line, const std::string& config);

// No event has been told yet, nor an end: the network is being built and initialized.
[[nodiscard]] bool is_setting_up(std::string_view tail);

// Progress out of status lines «** Event #N   t=T   Elapsed: …  P% completed …».
[[nodiscard]] std::optional<Progress> read_progress(std::string_view tail);

}  // namespace simswarm::cmdenv
