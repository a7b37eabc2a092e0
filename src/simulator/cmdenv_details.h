// Large studies: the answer to «-q rundetails» holds only the entries with variables, filled in for each run; the
// configuration of one run holds the others.
#pragma once

#include <string>
#include <vector>

#include "simulator/cmdenv_once.h"

namespace simswarm::cmdenv {

class Details {
 public:
  // `first` is the whole configuration of the run whose details these are.
  Details(RunConfig first, const RunConfig& details);
  // The whole configuration of another run, from its details.
  [[nodiscard]] RunConfig fill(const RunConfig& details) const;

 private:
  RunConfig first_;
  std::vector<std::size_t> slots_;  // where the entries of the details stand among those of the first run
};

// True when both tell the same of a run, but for what differs from process to process.
[[nodiscard]] bool is_same_config(RunConfig one, RunConfig other);

}  // namespace simswarm::cmdenv
