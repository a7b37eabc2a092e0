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
  std::string id;        // digest of the image's name and of all that translates here, see toolchain_in()
  std::string compiler;  // for people: «g++ 12.2.0»; empty: none here
  std::string omnetpp;   // its version; empty: none here
};
// Of this machine, by PATH; asked once a process.
[[nodiscard]] Result<Toolchain> toolchain_here(const std::string& image);

// The same by another PATH, asked each time. Machines with the same files have the same toolchain, wherever these lie
// and whenever they were installed: compilers, what they call (cc1plus, as, ld) and link (libstdc++, libc, crt1.o),
// make, CMake, Ninja, and OMNeT++'s programs, libraries and configuration. ccache and distcc under a compiler's name
// are passed over.
[[nodiscard]] Result<Toolchain> toolchain_in(const std::string& path, const std::string& image);

struct BuildKeyParts {
  std::string tree;  // source::TreeId
  std::string recipe;
  std::string mode;
  std::map<std::string, std::string> environment;  // settings that the user has sent along
  std::string toolchain;
};
[[nodiscard]] Digest build_key(const BuildKeyParts& parts);

}  // namespace simswarm::build
