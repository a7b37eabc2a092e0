// What a build sees of the machine: its own temporary folders, none of what is hidden. Internal to this room.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "build/build_run.h"
#include "exec/process.h"
#include "exec/rooted.h"

namespace simswarm::build {

struct BuildView {
  exec::Apart apart = exec::Apart::kBare;
  std::vector<exec::BindMount> binds;    // in the order in which they are mounted
  std::vector<std::string> environment;  // whole, «NAME=value»
  std::string path;                      // its PATH
};

// Makes the folders below `spec.temporary`.
[[nodiscard]] Result<BuildView> make_view(const BuildSpec& spec, exec::Apart apart);

}  // namespace simswarm::build
