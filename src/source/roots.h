// Which folders make one campaign: the project, and the projects beside it that it names.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::source {

struct RootsRequest {
  fs::path working_folder;                         // absolute
  std::vector<std::string> words;                  // the simulation command: -n, -l, -f, -u …, ini files
  std::map<std::string, std::string> environment;  // …_PROJ and …_ROOT of it count
  std::vector<std::string> stated;                 // by the user: then only these and the project itself
};

// The project that the working folder lies in first, then the others in the order of dependence (what is needed before
// what needs it), absolute, none within another. Found from `.project` references (Eclipse), `-n`, `-l`, `-f` with
// their values, `-K…_PROJ=` of makefiles that opp_makemake has left, and …_PROJ, …_ROOT of the environment. A root is
// the git work tree that a path lies in, or the folder with a `.project`, `Makefile` or `package.ned`; installations of
// the simulator itself (they hold bin/opp_run or Makefile.inc) and folders of the system are none.
[[nodiscard]] Result<std::vector<fs::path>> find_roots(const RootsRequest& request);

}  // namespace simswarm::source
