// Texts that differ from one start of the program to the next: ${runid}, ${datetime}, ${datetimef}, ${processid}. They
// are put back into the configuration, so that it can be compared and digested.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "simulator/cmdenv_study.h"

namespace simswarm::cmdenv {

// «x-Study-3-20261122-14:29:52-21748.sca» is «x-${runid}.sca»; a date is one that is a few minutes old at most. A
// process id alone looks like any number: see process_id_in().
[[nodiscard]] std::string without_once(std::string value, const Run& run);

// True for a text that holds one of the variables above: nobody knows it before the run.
[[nodiscard]] bool is_unpredictable(std::string_view value);

// The id of the process that gave an answer, and the keys of the entries that hold it.
struct ProcessId {
  std::string number;  // empty: in no entry
  std::set<std::string> keys;
};
// From the answers of two processes for one run: of the first.
[[nodiscard]] ProcessId process_id_in(const RunConfig& one, const RunConfig& other);

// Puts the variables back into all entries.
void put_back_once(RunConfig& config, const ProcessId& id);

}  // namespace simswarm::cmdenv
