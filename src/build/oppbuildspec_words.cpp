#include <algorithm>
#include <set>

#include "build/oppbuildspec.h"

namespace simswarm::build {
namespace {

using Product = MakeFolder::Product;

void add_new(std::vector<std::string>& list, std::string item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(std::move(item));
}

bool is_library(const MakeFolder& folder) {
  return !folder.is_custom && (folder.product == Product::kShared || folder.product == Product::kStatic);
}

// What opp_makemake calls it: after -o, or the project's folder.
std::string library_name(const MakeFolder& folder, const Project& project) {
  if (!folder.target.empty()) return folder.target;
  const std::string name = fs::path(project.place).filename().string();
  return name.empty() || name == "." ? project.name : name;
}

// A folder that is written as a variable or absolute stays as it is.
bool is_fixed(std::string_view folder) {
  return folder.starts_with('$') || folder.starts_with('/');
}

class Translator {
 public:
  Translator(const MakemakeContext& context, const MakeFolder& folder)
      : context_(context), folder_(folder), here_(joined(context.project.place, folder.path)) {
    find_referenced(context.project);
  }

  Result<std::vector<std::string>> words() {
    words_ = {"-f"};
    words_.insert(words_.end(), folder_.options.begin(), folder_.options.end());
    // Else it takes the first folder above that has a .project for the one whose `out` it fills.
    if (!context_.project.has_description) words_.push_back("-P" + way(folder_.path, "."));
    for (const std::string& left_out : left_out_folders()) words_.push_back("-X" + left_out);
    if (folder_.recurses) add_subfolders();
    for (const std::string& include : own_includes()) words_.push_back("-I" + include);
    SIMSWARM_CHECK(add_libraries());
    add_variables();
    if (!folder_.extra.empty()) words_.emplace_back("--");
    words_.insert(words_.end(), folder_.extra.begin(), folder_.extra.end());
    return words_;
  }

 private:
  // A project, and the name by which this one or one that it needs has it.
  struct Referenced {
    const Project* project = nullptr;
    std::string name;
    bool is_direct = false;
  };

  void find_referenced(const Project& from) {
    for (const std::string& name : from.references) {
      const Project* project = project_called(context_.projects, name);
      const bool is_new = project != nullptr && project != &context_.project &&
                          std::none_of(referenced_.begin(), referenced_.end(),
                                       [&](const auto& other) { return other.project == project; });
      if (!is_new) continue;
      referenced_.push_back({project, name, &from == &context_.project});
      find_referenced(*project);
    }
  }

  // With features, opp_featuretool knows better than what the IDE has noted.
  [[nodiscard]] std::vector<std::string> left_out_folders() const {
    const bool has_features = context_.tree.has(joined(context_.project.place, ".oppfeatures"));
    if (folder_.uses_features && has_features) return {};
    return excluded_folders(context_.tree, context_.project.place, here_, context_.mode);
  }

  // Those below that no other of them holds.
  void add_subfolders() {
    std::vector<std::string> below;
    for (const MakeFolder& other : context_.folders) {
      if (other.path != folder_.path && is_within(folder_.path, other.path)) below.push_back(other.path);
    }
    for (const std::string& path : below) {
      const bool is_held = std::any_of(below.begin(), below.end(), [&](const std::string& above) {
        return above != path && is_within(above, path);
      });
      if (!is_held) words_.push_back(fmt::format("-d{}", way(folder_.path, path)));
    }
  }

  // A place in the tree as makefiles of this folder name it: other projects through their variables.
  [[nodiscard]] std::string named(const std::string& place) const {
    if (is_within(context_.project.place, place)) return way(here_, place);
    for (const Referenced& other : referenced_) {
      if (!is_within(other.project->place, place)) continue;
      const std::string inside = way(other.project->place, place);
      const std::string variable = "$(" + project_variable(other.name) + ")";
      return inside == "." ? variable : fmt::format("{}/{}", variable, inside);
    }
    return way(here_, place);
  }

  [[nodiscard]] std::vector<std::string> own_includes() const {
    std::vector<std::string> includes = folder_.includes;
    if (folder_.exports_includes) add_new(includes, ".");
    if (!folder_.uses_includes) return includes;
    std::set<const Project*> seen;
    for (const Referenced& other : referenced_) {
      if (other.is_direct) add_exported(*other.project, seen, includes);
    }
    return includes;
  }

  void add_exported(const Project& project, std::set<const Project*>& seen, std::vector<std::string>& includes) const {
    if (!seen.insert(&project).second) return;
    const auto folders = folders_of(project);
    if (!folders) return;  // it is told where that project itself is built
    bool passes_on = false;
    for (const MakeFolder& folder : *folders) {
      if (folder.is_custom || !folder.exports_includes) continue;
      const std::string place = joined(project.place, folder.path);
      for (const std::string& include : folder.includes)
        add_new(includes, is_fixed(include) ? include : named(joined(place, include)));
      add_new(includes, named(place));
      passes_on = passes_on || folder.uses_includes;
    }
    if (!passes_on) return;
    for (const std::string& name : project.references) {
      if (const Project* next = project_called(context_.projects, name)) add_exported(*next, seen, includes);
    }
  }

  [[nodiscard]] Result<std::vector<MakeFolder>> folders_of(const Project& project) const {
    const std::string file = joined(project.place, ".oppbuildspec");
    return parse_build_spec(context_.tree.read(file), file);
  }

  Status add_libraries() {
    for (const Referenced& other : referenced_) {
      if (!other.is_direct) continue;
      SIMSWARM_TRY(const auto folders, folders_of(*other.project));
      for (const MakeFolder& folder : folders) {
        if (is_library(folder) && folder.exports_library) add_library(folder, *other.project);
      }
    }
    for (const MakeFolder& other : context_.folders) {
      if (is_library(other) && other.path != folder_.path) add_neighbour(other);
    }
    return {};
  }

  void add_library(const MakeFolder& folder, const Project& project) {
    words_.push_back("-L" + named(joined(project.place, folder.path)));
    if (!folder_.uses_libraries) return;
    words_.push_back("-l" + library_name(folder, project) + "$(D)");
    add_import(folder);
  }

  // A library of this project: its words name it where they want it.
  void add_neighbour(const MakeFolder& other) {
    const std::string output = is_fixed(other.output) ? other.output : way(folder_.path, joined(".", other.output));
    words_.push_back("-L" + output + "/$(CONFIGNAME)" + (other.path == "." ? "" : "/" + other.path));
    add_import(other);
  }

  void add_import(const MakeFolder& library) {
    const bool is_marked = library.product == Product::kShared && !library.dll_symbol.empty();
    if (is_marked) words_.push_back("-D" + library.dll_symbol + "_IMPORT");
  }

  // Where other projects lie here, and not where they lay on the machine that wrote the words.
  void add_variables() {
    std::set<std::string> ours;
    for (const Referenced& other : referenced_) {
      const std::string variable = project_variable(other.name);
      if (ours.insert(variable).second) words_.push_back("-K" + variable + "=" + way(here_, other.project->place));
    }
    for (const auto& [name, value] : folder_.variables) {
      const bool is_ours = ours.contains(name);
      if (!is_ours) words_.push_back(fmt::format("-K{}={}", name, value));
    }
  }

  const MakemakeContext& context_;
  const MakeFolder& folder_;
  std::string here_;  // the folder, in the tree
  std::vector<Referenced> referenced_;
  std::vector<std::string> words_;
};

}  // namespace

Result<std::vector<std::string>> makemake_words(const MakemakeContext& context, const MakeFolder& folder) {
  return Translator(context, folder).words();
}

}  // namespace simswarm::build
