// Projects of OMNeT++'s IDE: `.oppbuildspec`, `.project` and `.cproject` read, and the calls of opp_makemake that the
// IDE would make of them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "build/recipe_tree.h"

namespace simswarm::build {

// A folder in which the IDE has a makefile.
struct MakeFolder {
  enum class Product { kProgram, kShared, kStatic, kNothing };

  std::string path;        // in the project: «.», «src»
  bool is_custom = false;  // its makefile is written by hand

  // Words for opp_makemake, without includes and what only the IDE understands.
  std::vector<std::string> options;
  std::vector<std::string> includes;  // -I
  std::vector<std::string> extra;     // after «--»
  Product product = Product::kProgram;
  std::string target;                                          // -o
  std::string dll_symbol;                                      // -p
  std::string output = "out";                                  // -O
  std::vector<std::pair<std::string, std::string>> variables;  // -K

  // «--meta:…»
  bool recurses = false;
  bool exports_includes = false;
  bool uses_includes = false;
  bool exports_library = false;
  bool uses_libraries = false;
  bool uses_features = false;
};

// Both forms: XML, and the lines «FOLDER: OPTIONS» of the first versions. `file` is for messages.
[[nodiscard]] Result<std::vector<MakeFolder>> parse_build_spec(std::string_view text, const std::string& file);

struct Project {
  std::string place;                    // in the tree
  std::string name;                     // of `.project`, or the folder's
  bool has_description = false;         // there is a `.project`
  std::vector<std::string> references;  // names of projects, as `.project` has them
};
[[nodiscard]] Project read_project(const SourceTree& tree, const std::string& place);
// The project that is meant by the name: its own, its folder's, or without a version («inet-4.5.4» is «inet»). Null:
// none of them.
[[nodiscard]] const Project* project_called(const std::vector<Project>& projects, std::string_view name);
// «INET_4_5_PROJ» of «inet-4.5», as the IDE names it in makefiles.
[[nodiscard]] std::string project_variable(std::string_view name);

// Folders below `folder` (in the tree) that the project's `.cproject` leaves out of its builds of that mode, relative
// to `folder`.
[[nodiscard]] std::vector<std::string> excluded_folders(const SourceTree& tree, const std::string& project,
                                                        const std::string& folder, std::string_view mode);

// All that a call depends on.
struct MakemakeContext {
  const SourceTree& tree;
  const std::vector<Project>& projects;  // all roots
  const Project& project;
  const std::vector<MakeFolder>& folders;  // of the project
  std::string mode;
};
// The words after «opp_makemake», to be called in the folder.
[[nodiscard]] Result<std::vector<std::string>> makemake_words(const MakemakeContext& context, const MakeFolder& folder);

}  // namespace simswarm::build
