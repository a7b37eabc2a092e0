// What a makefile tells of itself.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "build/recipe_tree.h"

namespace simswarm::build {

// The one that make takes in the folder; empty: none.
[[nodiscard]] std::string makefile_in(const SourceTree& tree, const std::string& folder);
[[nodiscard]] bool has_target(std::string_view makefile, std::string_view target);
// Written by opp_makemake.
[[nodiscard]] bool is_generated(std::string_view makefile);
// «…_PROJ» variables with their values: where it looks for other projects.
[[nodiscard]] std::map<std::string, std::string> project_variables(std::string_view makefile);

}  // namespace simswarm::build
