// What a run said, gathered line by line from wherever it went: standard output, standard error, its `.out` file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/cmdenv_lines.h"

namespace simswarm::cmdenv {

struct Said {
  std::optional<StopLine> termination;  // the last stop line with a place that is no error; a limit is never replaced
  std::optional<StopLine> error;        // the first error with a place
  std::optional<StopLine> placeless_error;  // the first without: an error where the code says so too, else an alert
  bool fingerprint_mismatch = false;
  std::string fingerprint_text;
  bool disk_full = false;
  bool trapped = false;  // debug-on-errors

  void note(std::string_view line);
};

// The run was cut short by a limit of its own, or by a signal from outside.
[[nodiscard]] bool is_limit(const StopLine& line);
[[nodiscard]] bool is_interrupt(const StopLine& line);

// Reads the file as a stream, in constant memory: of a line longer than 64 KiB the beginning is told. A file that
// cannot be read has no lines.
void each_line(const fs::path& path, const std::function<void(std::string_view)>& take);

}  // namespace simswarm::cmdenv
