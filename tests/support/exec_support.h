// Whether this machine lets us mount overlays, asked without any of our own code.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "test_folder.h"

namespace simswarm {

inline bool machine_allows_overlays() {
  static const bool allowed = [] {
    const TestFolder folder;
    for (const char* name : {"lower", "upper", "work"}) folder.folder(name);
    const std::string mount = "mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work" +
                              std::string(::geteuid() == 0 ? "" : ",userxattr") + " lower && : > lower/probe";
    const std::string command = "cd " + folder.path().string() + " && unshare " + (::geteuid() == 0 ? "-m" : "-Urm") +
                                " sh -c '" + mount + "' 2> /dev/null";
    return std::system(command.c_str()) == 0;  // NOLINT(*-env33-c)
  }();
  return allowed;
}

}  // namespace simswarm
