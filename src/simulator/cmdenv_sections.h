// The configurations that stand in ini files. The program's own list (-a) ends at the first one that is broken, so the
// files are read for their names.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"

namespace simswarm::cmdenv {

struct Section {
  std::string name;  // without «Config »
  // «abstract = true», which is not inherited. Also as a comment («#abstract-config = true»), which is how projects
  // that are older than the option mark them.
  bool is_abstract = false;
  bool is_emulation = false;  // by the comment «#emulation = true»
  bool names_network = false;
  bool network_is_empty = false;  // of the first entry that names one
};

// In the order of their first appearance, included files where they are included; none for files that cannot be read.
[[nodiscard]] std::vector<Section> sections_in(const std::vector<fs::path>& ini_files);

}  // namespace simswarm::cmdenv
