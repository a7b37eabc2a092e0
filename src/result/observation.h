// Single numbers out of result files, each with the run it came from: what tables and plots are made of.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "result/result_file.h"

namespace simswarm::result {

struct Observation {
  std::shared_ptr<const RunInfo> run;  // shared by all observations of the run; never null
  std::string module;
  std::string name;  // of a scalar; «NAME:FIELD» for a field of a statistic or a vector
  double value = 0;  // may be NaN or infinite
  std::string unit;  // attribute `unit`; empty: none said
};

// Patterns as in tokens.h; a name is also taken without its «:FIELD».
struct Selection {
  std::string module = "**";
  std::string name = "**";
};

// The scalars, the fields of statistics, and for vectors the fields count, mean, stddev, min, max, last (of all
// samples, not weighted by time), in file order. `.vec` files stream; memory is the observations and one record a
// selected vector.
[[nodiscard]] Result<std::vector<Observation>> read_observations(const fs::path& file, const Selection& selection);
// Of several files, in their order. The first error ends it.
[[nodiscard]] Result<std::vector<Observation>> read_observations(const std::vector<fs::path>& files,
                                                                 const Selection& selection);

// The files below a folder whose names end in one of `extensions` («.sca»), in natural order. Links to folders are not
// followed.
[[nodiscard]] Result<std::vector<fs::path>> files_below(const fs::path& folder,
                                                        const std::vector<std::string>& extensions);

}  // namespace simswarm::result
