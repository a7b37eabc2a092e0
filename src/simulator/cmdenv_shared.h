// Result files that several runs of a study would write, found before the first one starts.
#pragma once

#include <span>
#include <vector>

#include "simulator/cmdenv_judge.h"

namespace simswarm::cmdenv {

struct Writer {
  ExpectedFiles files;
  bool appends_scalars = false;  // output-scalar-file-append: else each run removes what is there
  bool appends_vectors = false;
  bool redirects = true;        // it writes `files.output`
  bool records_events = false;  // it writes `files.eventlog`
  bool names_process = false;   // host and process are in all names
};

// Groups of runs, by position, that write a file together. With `serial` unset any group is an error; with it a group
// that does not append is.
[[nodiscard]] Result<std::vector<std::vector<std::size_t>>> find_shared(std::span<const Writer> writers, bool serial);

}  // namespace simswarm::cmdenv
