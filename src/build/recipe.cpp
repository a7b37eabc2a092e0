#include "build/recipe.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "build/recipe_makefile.h"
#include "build/recipe_steps.h"
#include "build/recipe_tree.h"

namespace simswarm::build {
namespace {

constexpr int kTextVersion = 1;  // raised when the meaning of the same text changes

// Ninja where there is one: asked when it is called, so that recipes are the same on all machines. A folder that has
// been configured keeps its generator.
constexpr std::string_view kNinja = "if command -v ninja >/dev/null; then export CMAKE_GENERATOR=Ninja; fi";

RootRecipe cmake_recipe(const std::string& root, const std::string& mode) {
  RootRecipe recipe{"cmake", {}, {}};
  const std::string folder = "build/" + mode;
  const std::string type = mode == "debug" ? "Debug" : "Release";
  recipe.steps.push_back(
      step_after(std::string(kNinja), step_of({"cmake", "-S", ".", "-B", folder, "-DCMAKE_BUILD_TYPE=" + type}, root)));
  recipe.steps.push_back(step_of({"cmake", "--build", folder, "--parallel", "{jobs}"}, root, true));
  for (const char* name : {"CMakePresets.json", "CMakeUserPresets.json"})
    recipe.makefiles.push_back(joined(root, name));
  return recipe;
}

std::vector<std::string> makefile_globs(const std::string& root) {
  std::vector<std::string> globs;
  for (const char* name : {"GNUmakefile", "makefile", "Makefile"}) {
    globs.push_back(joined(root, name));
    globs.push_back(joined(root, std::string("**/") + name));
  }
  for (const char* name : {"*.mk", "**/*.mk", "makefrag", "**/makefrag"}) globs.push_back(joined(root, name));
  return globs;
}

RootRecipe make_recipe(const std::string& root, const std::string& mode) {
  return {"make", {step_of({"make", "-j{jobs}", "MODE=" + mode}, root, true)}, makefile_globs(root)};
}

class Finder {
 public:
  explicit Finder(const RecipeRequest& request) : request_(request), tree_(request.tree, request.files) {}

  Result<Recipe> find() {
    SIMSWARM_CHECK(check());
    for (const std::string& root : roots_) projects_.push_back(read_project(tree_, root));
    for (const Project& project : projects_) {
      SIMSWARM_TRY(RootRecipe recipe, recipe_of(project));
      const bool is_own = project.place == roots_.back();
      if (is_own) recipe_.kind = recipe.kind;
      std::move(recipe.steps.begin(), recipe.steps.end(), std::back_inserter(recipe_.steps));
      std::move(recipe.makefiles.begin(), recipe.makefiles.end(), std::back_inserter(recipe_.makefiles));
    }
    for (Step& step : recipe_.steps) step = with_roots(std::move(step));
    recipe_.text = text();
    return std::move(recipe_);
  }

 private:
  Status check() {
    if (request_.mode != "release" && request_.mode != "debug")
      return usage_error("«{}» is no mode of a build; known are release and debug", request_.mode);
    roots_ = request_.roots;
    if (roots_.empty()) return usage_error("a build needs a root to build");
    const std::string own = request_.project.empty() ? roots_.back() : request_.project;
    const auto at = std::find(roots_.begin(), roots_.end(), own);
    if (at == roots_.end()) return usage_error("the project «{}» is none of the roots {}", own, join(roots_, ", "));
    std::rotate(at, at + 1, roots_.end());
    for (const std::string& root : roots_) {
      if (!is_place(root)) return usage_error("the root «{}» does not lie in the tree", root);
    }
    const std::string& folder = request_.stated_folder;
    if (!folder.empty() && !is_place(folder))
      return usage_error("folder «{}» of [build] lies outside of the project; give one within, like «src»", folder);
    return {};
  }

  Result<RootRecipe> recipe_of(const Project& project) {
    const std::string& root = project.place;
    if (!request_.stated.empty() && root == roots_.back()) return stated();
    if (is_omnetpp(tree_, root)) return omnetpp_recipe(tree_, projects_, project, request_.mode);
    if (tree_.has(joined(root, "CMakeLists.txt"))) return cmake_recipe(root, request_.mode);
    if (!makefile_in(tree_, root).empty()) return make_recipe(root, request_.mode);
    if (!tree_.has_sources(root)) return RootRecipe{"none", {}, {}};
    return usage_error(
        "{} has C++ sources, but nothing that says how they are built: looked for a Makefile, .oppbuildspec, a "
        "makefile of "
        "opp_makemake in src and CMakeLists.txt; state the command in simswarm.toml, like [build] command = [\"make\", "
        "\"-j{{jobs}}\"], or [\"true\"] where there is nothing to build",
        root == "." ? "the project" : "«" + root + "»");
  }

  Result<RootRecipe> stated() {
    const std::string& root = roots_.back();
    const std::string folder = request_.stated_folder.empty() ? root : request_.stated_folder;
    RootRecipe recipe{"stated", {}, makefile_globs(root)};
    for (const std::vector<std::string>& argv : request_.stated) {
      if (argv.empty()) return usage_error("a step of [build] command is empty; give its program and words");
      const bool has_jobs = std::any_of(
          argv.begin(), argv.end(), [](const std::string& word) { return word.find("{jobs}") != std::string::npos; });
      for (const std::string& word : argv) {
        if (std::string file = joined(folder, word); tree_.has(file)) recipe.makefiles.push_back(std::move(file));
      }
      recipe.steps.push_back(step_of(argv, folder, has_jobs));
    }
    return recipe;
  }

  // INET's and Simu5G's setenv: a variable …_ROOT, and `bin` in PATH. The rest of it is for people at a terminal.
  [[nodiscard]] std::vector<std::string> root_variables(const std::string& root) const {
    constexpr std::string_view begin = "export ";
    std::vector<std::string> names;
    const std::string script = tree_.read(joined(root, "setenv"));
    for (const std::string_view whole : lines(script)) {
      const std::string_view line = trim(whole);
      const auto end = line.find("_ROOT=");
      if (!line.starts_with(begin) || end == std::string_view::npos) continue;
      const std::string name(line.substr(begin.size(), end + 5 - begin.size()));
      const bool is_name = name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
      if (is_name && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return names;
  }

  [[nodiscard]] Step with_roots(Step step) const {
    std::string script;
    for (const std::string& root : roots_) {
      for (const std::string& name : root_variables(root)) {
        const std::string path = way(step.folder.string(), root);
        script += fmt::format("{}export {}=\"$(cd {} && pwd)\" PATH=\"$(cd {} && pwd)/bin:$PATH\"",
                              script.empty() ? "" : "; ", name, shell_quoted(path), shell_quoted(path));
      }
    }
    return script.empty() ? step : step_after(script, std::move(step));
  }

  [[nodiscard]] std::string text() const {
    std::string text = fmt::format("recipe {}\nmode {}\n", kTextVersion, request_.mode);
    for (const std::string& root : roots_) text += "root " + shell_quoted(root) + '\n';
    for (const Step& step : recipe_.steps)
      text += "step " + shell_quoted(step.folder.string()) + ": " + shell_line(step.argv) + '\n';
    return text;
  }

  const RecipeRequest& request_;
  SourceTree tree_;
  std::vector<std::string> roots_;
  std::vector<Project> projects_;
  Recipe recipe_;
};

}  // namespace

Step step_of(std::vector<std::string> argv, const std::string& folder, bool has_jobs) {
  std::vector<std::string> words = argv;
  for (std::string& word : words) word = replace_all(std::move(word), "{jobs}", "_jobs_");
  std::string shown = replace_all(shell_line(words), "_jobs_", "{jobs}");
  return {std::move(argv), folder, has_jobs, std::move(shown)};
}

Step step_after(const std::string& script, Step step) {
  std::vector<std::string> argv{"sh", "-c", script + "; exec \"$@\"", "sh"};
  std::move(step.argv.begin(), step.argv.end(), std::back_inserter(argv));
  return {std::move(argv), step.folder, step.has_jobs, std::move(step.shown)};
}

Result<Recipe> find_recipe(const RecipeRequest& request) {
  return Finder(request).find();
}

}  // namespace simswarm::build
