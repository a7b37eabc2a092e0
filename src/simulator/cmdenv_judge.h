// How a run of Cmdenv ended: its own termination line, its files and the exit code together, never the code alone.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "simulator/cmdenv_lines.h"
#include "simulator/dialect.h"

namespace simswarm::cmdenv {

// Where a run's files are expected, relative to the working folder or absolute; as in LeftFile::path.
struct ExpectedFiles {
  Run run;
  std::string scalars, vectors, index, output, eventlog;
  bool may_lack_scalars = false;  // scalar or parameter recording is switched off somewhere
};

[[nodiscard]] std::vector<Judgement> judge(std::span<const ExpectedFiles> batch, const Evidence& evidence);

}  // namespace simswarm::cmdenv
