// Large studies: OMNeT++ unrolls a study in every process, to find the runs that it is to execute.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/run.h"

namespace simswarm::cmdenv {

// The loop of a study that it is best cut along.
struct Loop {
  std::string variable;       // empty: only repetitions are many
  std::size_t values = 0;     // how many
  bool is_outermost = false;  // the runs of each of its values follow one another
};
// The named variable with the fewest turns from value to value, else the repetitions; nothing for a study that cannot
// be cut along either.
[[nodiscard]] std::optional<Loop> loop_to_split(std::span<const Run* const> runs);

// What one says of a study of so many runs that each process takes `seconds` to unroll.
struct Unrolling {
  std::string config;
  std::size_t runs = 0;         // that are to be executed
  double seconds = 0;           // a process
  std::optional<Loop> loop;     // nothing where it is not known
  bool seeds_by_number = true;  // seed-set is ${runnumber}, as is the default
};
// One sentence that names the cost and says how to split the study.
[[nodiscard]] std::string split_proposal(const Unrolling& unrolling);
// Whether to say it where it is not known how long a run takes: more than a tenth of a run of one second.
[[nodiscard]] bool is_worth_a_word(double seconds);

// CPU seconds that processes have used which this one has started and waited for.
[[nodiscard]] double seconds_of_children();

}  // namespace simswarm::cmdenv
