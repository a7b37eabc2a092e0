// The environment that OMNeT++'s own programs need, as its setenv script would make it.
#pragma once

#include <cstdlib>
#include <string>

#include "support.h"

namespace simswarm::e2e {

inline Process::Environment omnetpp_environment() {
  const auto before = [](const std::string& folder, const char* name) {
    const char* old = std::getenv(name);
    return old == nullptr ? folder : folder + ":" + old;
  };
  const std::string root = OMNETPP_FOLDER;
  return {{"PATH", before(root + "/bin", "PATH")},
          {"LD_LIBRARY_PATH", before(root + "/lib", "LD_LIBRARY_PATH")},
          {"__omnetpp_root_dir", root},
          {"OMNETPP_ROOT", root}};
}

}  // namespace simswarm::e2e
