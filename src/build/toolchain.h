// What translates: programs are alike only where it is.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "build/recipe.h"

namespace simswarm::build {

struct Toolchain {
  std::string image;     // of the container; empty: none
  std::string id;        // digest: compilers and their versions, make, cmake, ccache's own view, OMNeT++ where it is
  std::string compiler;  // for people: «g++ 12.2.0»
  std::string omnetpp;   // its version; empty: none here
};
// Of this machine, by PATH; asked once a process.
[[nodiscard]] Result<Toolchain> toolchain_here(const std::string& image);

struct BuildKeyParts {
  std::string tree;  // source::TreeId
  std::string recipe;
  std::string mode;
  std::map<std::string, std::string> environment;  // settings that the user has sent along
  std::string toolchain;
};
[[nodiscard]] Digest build_key(const BuildKeyParts& parts);

}  // namespace simswarm::build
