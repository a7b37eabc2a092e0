#include <algorithm>

#include "base/text.h"
#include "build/oppbuildspec_xml.h"
#include "build/recipe_makefile.h"
#include "build/recipe_steps.h"

namespace simswarm::build {
namespace {

class OmnetppRecipe {
 public:
  OmnetppRecipe(const SourceTree& tree, const std::vector<Project>& projects, const Project& project, std::string mode)
      : tree_(tree), projects_(projects), project_(project), mode_(std::move(mode)) {}

  Result<RootRecipe> find() {
    recipe_.kind = "omnetpp";
    for (const char* name : {".oppbuildspec", ".oppfeatures", ".oppfeaturestate", ".project", ".cproject", "setenv"})
      recipe_.makefiles.push_back(joined(project_.place, name));
    recipe_.makefiles.push_back(joined(project_.place, "**/makefrag"));
    const std::string makefile = makefile_in(tree_, project_.place);
    if (!makefile.empty()) recipe_.makefiles.push_back(makefile);
    if (has_target(tree_.read(makefile), "makefiles")) {
      recipe_.steps.push_back(step_of({"make", "makefiles"}, project_.place));
      add_make(project_.place);
      return std::move(recipe_);
    }
    const std::string spec = joined(project_.place, ".oppbuildspec");
    if (tree_.has(spec)) {
      SIMSWARM_TRY(folders_, parse_build_spec(tree_.read(spec), spec));
    }
    SIMSWARM_CHECK(add_makefiles());
    add_makes();
    return std::move(recipe_);
  }

 private:
  [[nodiscard]] std::string place_of(const MakeFolder& folder) const { return joined(project_.place, folder.path); }

  // A makefile that is kept with the sources is the user's word on how it is built.
  [[nodiscard]] bool has_makefile(const MakeFolder& folder) const {
    return !makefile_in(tree_, place_of(folder)).empty();
  }

  Status add_makefiles() {
    const bool has_features = tree_.has(joined(project_.place, ".oppfeatures"));
    bool uses_features = false;
    for (const MakeFolder& folder : folders_) {
      if (folder.is_custom || has_makefile(folder)) continue;
      const MakemakeContext context{tree_, projects_, project_, folders_, mode_};
      SIMSWARM_TRY(auto words, makemake_words(context, folder));
      const bool with_features = has_features && folder.uses_features;
      recipe_.steps.push_back(with_features ? with_feature_words(folder, std::move(words))
                                            : step_of(called(std::move(words)), place_of(folder)));
      uses_features = uses_features || with_features;
    }
    if (uses_features) add_feature_header();
    return {};
  }

  static std::vector<std::string> called(std::vector<std::string> words) {
    words.insert(words.begin(), "opp_makemake");
    return words;
  }

  [[nodiscard]] std::string feature_header() const {
    const auto features = tags(tree_.read(joined(project_.place, ".oppfeatures")), "features");
    return features.empty() || !features[0].contains("definesFile") ? "" : features[0].at("definesFile");
  }

  // What features leave out, and what they want linked, is known when opp_featuretool is asked.
  [[nodiscard]] Step with_feature_words(const MakeFolder& folder, std::vector<std::string> words) const {
    const std::string flags = feature_header().empty() ? "-f -c -l" : "-f -l";
    const std::string script = fmt::format(
        "features=$(cd {} && opp_featuretool options -s {} {}) || exit; first=$1; shift; set -- \"$first\" "
        "$features \"$@\"",
        shell_quoted(way(folder.path, ".")), shell_quoted(folder.path), flags);
    return step_after(script, step_of(called(std::move(words)), place_of(folder)));
  }

  // Left alone while it stays the same: much includes it.
  void add_feature_header() {
    const std::string header = feature_header();
    if (header.empty()) return;
    const std::string script = fmt::format(
        "opp_featuretool defines > {0}.new && if cmp -s {0}.new {0}; then rm {0}.new; else mv {0}.new {0}; fi",
        shell_quoted(header));
    Step step = step_of({"sh", "-c", script}, project_.place);
    step.shown = "opp_featuretool defines > " + shell_quoted(header);
    recipe_.steps.push_back(std::move(step));
  }

  // A hand-made makefile on top builds the rest, as the IDE has it. Else each makefile is called that no other calls,
  // libraries first.
  void add_makes() {
    const bool has_top = !makefile_in(tree_, project_.place).empty();
    const bool has_folders =
        std::any_of(folders_.begin(), folders_.end(), [](const auto& folder) { return !folder.is_custom; });
    if (has_top) return add_make(project_.place);
    if (!has_folders) return add_make(joined(project_.place, "src"));
    for (const bool wants_libraries : {true, false}) {
      for (const MakeFolder& folder : folders_) {
        const bool is_library =
            folder.product == MakeFolder::Product::kShared || folder.product == MakeFolder::Product::kStatic;
        const bool is_built = !folder.is_custom || has_makefile(folder);
        if (is_built && is_library == wants_libraries && !is_called(folder)) add_make(place_of(folder));
      }
    }
  }

  [[nodiscard]] bool is_called(const MakeFolder& folder) const {
    return std::any_of(folders_.begin(), folders_.end(), [&](const MakeFolder& above) {
      return above.recurses && !above.is_custom && above.path != folder.path && is_within(above.path, folder.path);
    });
  }

  void add_make(const std::string& folder) {
    std::vector<std::string> argv{"make", "-j{jobs}", "MODE=" + mode_};
    for (const std::string& word : variables_put_right(folder)) argv.push_back(word);
    recipe_.steps.push_back(step_of(std::move(argv), folder, true));
  }

  // …_PROJ of a makefile that is kept with the sources, where it names a folder that is not in the tree: it comes from
  // another machine. A word of make's command goes before what the makefile says.
  [[nodiscard]] std::vector<std::string> variables_put_right(const std::string& folder) const {
    std::vector<std::string> words;
    const std::string makefile = tree_.read(makefile_in(tree_, folder));
    if (!is_generated(makefile)) return words;
    for (const auto& [variable, value] : project_variables(makefile)) {
      const std::string there = value.starts_with('/') ? "" : joined(folder, value);
      const auto is_there = [&](const Project& project) { return project.place == there; };
      if (std::any_of(projects_.begin(), projects_.end(), is_there)) continue;
      const Project* meant = project_called(projects_, name_of(variable));
      if (meant != nullptr && meant != &project_) words.push_back(variable + "=" + way(folder, meant->place));
    }
    return words;
  }

  // «inet4_5» of INET4_5_PROJ.
  static std::string name_of(std::string_view variable) {
    std::string name(variable.substr(0, variable.size() - std::string_view("_PROJ").size()));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return name;
  }

  const SourceTree& tree_;
  const std::vector<Project>& projects_;
  const Project& project_;
  std::string mode_;
  std::vector<MakeFolder> folders_;
  RootRecipe recipe_;
};

}  // namespace

bool is_omnetpp(const SourceTree& tree, const std::string& root) {
  const std::string top = tree.read(makefile_in(tree, root));
  if (has_target(top, "makefiles") || is_generated(top) || tree.has(joined(root, ".oppbuildspec"))) return true;
  return top.empty() && is_generated(tree.read(makefile_in(tree, joined(root, "src"))));
}

Result<RootRecipe> omnetpp_recipe(const SourceTree& tree, const std::vector<Project>& projects, const Project& project,
                                  const std::string& mode) {
  return OmnetppRecipe(tree, projects, project, mode).find();
}

}  // namespace simswarm::build
