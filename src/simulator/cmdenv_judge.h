// How a run of Cmdenv ended: its own termination line, its files and the exit code together, never the code alone.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/cmdenv_study.h"
#include "simulator/dialect.h"

namespace simswarm::cmdenv {

// Where a run's files are expected, relative to the working folder or absolute; as in LeftFile::path.
struct ExpectedFiles {
  Run run;
  std::string scalars, vectors, index, output, eventlog;
};

[[nodiscard]] std::vector<Judgement> judge(std::span<const ExpectedFiles> batch, const Evidence& evidence);

// A line «<!> …» of a run, taken apart.
struct StopLine {
  std::string text;  // without «<!>» and place
  Place place;
  bool is_error = false;
  bool has_place = false;  // « -- at t=…» or « -- in module …, …»
  std::string phase;  // «network setup», «network initialization», «finalization», «network cleanup», or empty
};
[[nodiscard]] std::optional<StopLine> read_stop_line(std::string_view line);

// The parts of standard output that belong to the runs of a batch, by the line «Config run N: …» that begins each.
struct Section {
  std::int64_t number = 0;
  std::string_view text;
};
[[nodiscard]] std::vector<Section> sections_of(std::string_view output, const std::string& config);

// Progress out of status lines «** Event #N   t=T   Elapsed: …  P% completed …».
[[nodiscard]] std::optional<Progress> read_progress(std::string_view tail);

}  // namespace simswarm::cmdenv
