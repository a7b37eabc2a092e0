// The dialect `cmdenv`: OMNeT++ 5.1 to 6.x through its command line user interface (Simulation Manual, chapter 11).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/brought.h"
#include "simulator/dialect.h"

namespace simswarm {

enum class SharedFiles { kRefuse, kSerial };

struct CmdenvRequest {
  std::vector<std::string> words;  // the simulation command with all of the user's options, as given
  fs::path working_folder;         // absolute
  bool all_configs = false;        // every configuration of the ini files that can be run alone
  SharedFiles shared_files = SharedFiles::kRefuse;
  bool distinct_names = false;           // add the missing iteration variables to the names of result files
  bool run_number_unused = false;        // the model does not look at the run number: leave it out of the key
  std::vector<std::string> environment;  // names of variables that belong to the key besides those of OMNeT++
  std::optional<std::pair<unsigned, unsigned>> run_as;  // uid and gid the program is asked as; only root can
  std::vector<Brought> brought;                         // variables that the program gets, in place of ours
  fs::path top;                                         // where {top} of these is
  fs::path seen_at;                                     // where that is seen, too, by the program; empty: nowhere
};

// With several «-c», or all configurations, the runs of each follow one another in one study.
[[nodiscard]] Result<std::unique_ptr<Dialect>> make_cmdenv_dialect(CmdenvRequest request);

}  // namespace simswarm
