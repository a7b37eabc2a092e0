// What a folder says of itself: whether it is a project, and which others it needs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace simswarm::source {

// The project that a file or folder lies in, absolute: the git work tree around it, else the folder with a `.project`,
// else the outermost of those with a makefile or a `package.ned` that lie in each other without a gap. Nothing for what
// is not there, for folders of the system, and for installations of the simulator (samples within are projects).
[[nodiscard]] std::optional<fs::path> root_of(const fs::path& path);

// Folders that are there and that the project's `.project` and makefiles name, in a steady order.
[[nodiscard]] std::vector<fs::path> projects_needed_by(const fs::path& root);

// The names in the `<projects>` of an Eclipse `.project`.
[[nodiscard]] std::vector<std::string> project_references(std::string_view xml);
// The name that a `.project` gives to its folder; empty: none.
[[nodiscard]] std::string project_name(std::string_view xml);

struct MakeVariable {
  std::string name;
  std::string value;
};
// `…_PROJ` of a makefile: its own definitions, and `-K…_PROJ=…` in the command that it was made with.
[[nodiscard]] std::vector<MakeVariable> project_variables(std::string_view makefile);

}  // namespace simswarm::source
