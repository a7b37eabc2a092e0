// Texts that differ from one start of the program to the next: ${runid}, ${datetime}, ${datetimef}, ${processid}. They
// are put back into the configuration, so that it can be compared and digested.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "simulator/cmdenv_study.h"

namespace simswarm::cmdenv {

// «x-Study-3-20261122-14:29:52-21748.sca» is «x-${runid}.sca»; process ids are found by unlike().
[[nodiscard]] std::string without_once(std::string value, const Run& run);

// True for a text that holds one of the variables above: nobody knows it before the run.
[[nodiscard]] bool is_unpredictable(std::string_view value);

// Two answers for one run, from two processes: the keys whose values hold the process id.
[[nodiscard]] std::set<std::string> keys_with_process_id(const RunConfig& one, const RunConfig& other);

// Puts the variables back into all entries.
void put_back_once(RunConfig& config, const std::set<std::string>& with_process_id);

}  // namespace simswarm::cmdenv
