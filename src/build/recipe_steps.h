// The steps of one root.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "build/oppbuildspec.h"
#include "build/recipe.h"
#include "build/recipe_tree.h"

namespace simswarm::build {

struct RootRecipe {
  std::string kind;
  std::vector<Step> steps;             // without the environment of roots
  std::vector<std::string> makefiles;  // from the tree's top
};

// A call, as it is; `shown` is its words.
[[nodiscard]] Step step_of(std::vector<std::string> argv, const std::string& folder, bool has_jobs = false);
// The same in a shell that has run `script` before: «… exec "$@"».
[[nodiscard]] Step step_after(const std::string& script, Step step);

// Whether it is a project of OMNeT++: with a makefile that makes makefiles, with an opp_makemake's, or with a build
// spec.
[[nodiscard]] bool is_omnetpp(const SourceTree& tree, const std::string& root);
[[nodiscard]] Result<RootRecipe> omnetpp_recipe(const SourceTree& tree, const std::vector<Project>& projects,
                                                const Project& project, const std::string& mode);

}  // namespace simswarm::build
