// How a project is built: found in its files, or stated by the user.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::build {

struct RecipeRequest {
  fs::path tree;                                 // all roots, as they lie side by side
  std::vector<std::string> roots;                // their places in it, «.» or relative: what is needed comes first
  std::string mode = "release";                  // «release» or «debug»
  std::vector<std::vector<std::string>> stated;  // of simswarm.toml, argv arrays, in place of the first root's own
  std::string stated_folder;                     // where, relative to the tree; empty: the first root
};

struct Step {
  std::vector<std::string> argv;  // {jobs} stands for the number of compilers at once
  fs::path folder;                // relative to the tree
  bool has_jobs = false;          // it compiles, and many at once
};

struct Recipe {
  std::string kind;                    // of the last root: «stated», «omnetpp», «cmake», «make», «none»
  std::vector<Step> steps;             // one after another; none: there is nothing to build
  std::string text;                    // all of it: part of the build key
  std::vector<std::string> makefiles;  // globs of files that decide how things are built and that make does not look at
};

// INET and projects like it (a Makefile with the target `makefiles`), projects of opp_makemake (also with nothing but
// `.oppbuildspec`), CMake, a Makefile, or nothing to build. An error names a root that looks like C++ and has no
// recipe.
[[nodiscard]] Result<Recipe> find_recipe(const RecipeRequest& request);

}  // namespace simswarm::build
