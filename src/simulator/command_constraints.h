// Which runs of a sweep its constraints keep.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulator/command_points.h"

namespace simswarm {

// Indexes of runs (point times repetitions plus repetition), ascending, that meet all constraints. Constraints name
// parameters, «repetition», and «seed». An error where one does not parse, names something else, or no run meets it.
[[nodiscard]] Result<std::vector<std::uint64_t>> runs_that_meet(const std::vector<std::string>& constraints,
                                                                const Points& points, const SweepSpec& spec);

}  // namespace simswarm
