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
  std::string project;                           // the root that the settings are of: built last; empty: the last one
  std::string mode = "release";                  // «release» or «debug»
  std::vector<std::vector<std::string>> stated;  // of simswarm.toml, argv arrays, in place of the project's own
  std::string stated_folder;                     // where, relative to the tree; empty: the project
  // Of the tree, relative to it, sorted: nothing else is looked at, so that what builds have left in a warm checkout
  // changes no recipe. Empty: all that lies there.
  std::vector<std::string> files;
};

struct Step {
  std::vector<std::string> argv;  // {jobs} stands for the number of compilers at once
  fs::path folder;                // relative to the tree
  bool has_jobs = false;          // it compiles, and many at once
  std::string shown;  // for people: what is called, {jobs} too, without the shell that sets variables before it
};

struct Recipe {
  std::string kind;                    // of the project: «stated», «omnetpp», «cmake», «make», «none»
  std::vector<Step> steps;             // one after another; none: there is nothing to build
  std::string text;                    // all of it: part of the build key; the same on all machines and in all places
  std::vector<std::string> makefiles;  // globs of files that decide how things are built and that make does not look at
};

// INET and projects like it (a Makefile with the target `makefiles`), projects of opp_makemake (also with nothing but
// `.oppbuildspec`), CMake, a Makefile, or nothing to build. An error names a root that looks like C++ and has no
// recipe.
//
// Where a root has a `setenv` that exports …_ROOT (INET, Simu5G), steps of all roots get that variable and its `bin` in
// PATH. CMake uses Ninja where there is one.
[[nodiscard]] Result<Recipe> find_recipe(const RecipeRequest& request);

}  // namespace simswarm::build
