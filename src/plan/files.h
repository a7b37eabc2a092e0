// Which files stand in a folder, as a program that reads it would find them.
#pragma once

#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::plan {

enum class Listing {
  kAsGit,  // in a git work tree what git tracks or would track, those of submodules and other work trees inside too
  kAll,    // everything that is not hidden
};

// Links to folders are followed; hidden files and folders (but `.nedexclusions`) and those in `left_out` are not
// listed. What cannot be read or vanishes on the way is not there.
[[nodiscard]] std::vector<fs::path> files_in(const fs::path& folder, Listing listing,
                                             const std::vector<fs::path>& left_out);

}  // namespace simswarm::plan
