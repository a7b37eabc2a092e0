#include "plan/inputs.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/subprocess.h"
#include "base/text.h"

namespace simswarm::plan {
namespace {

constexpr std::array<std::string_view, 27> kNoData{
    ".c",   ".cc",  ".cpp", ".cxx",  ".h",   ".hh",  ".hpp", ".msg",   ".sm",    ".o",    ".a",   ".d",   ".md", ".rst",
    ".sca", ".vec", ".vci", ".elog", ".anf", ".ini", ".mk",  ".cmake", ".ipynb", ".orig", ".rej", ".swp", ".pyc"};

bool starts_with_any(std::string_view name, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view beginning) { return name.starts_with(beginning); });
}

// Files that git tracks or would track, those of submodules and other work trees inside too: what .gitignore names is
// no input.
Result<std::vector<fs::path>> files_by_git(const fs::path& project) {
  SIMSWARM_TRY(const Answer answer,
               run({{"git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"},
                    project,
                    {},
                    {},
                    120}));
  if (answer.exit_code != 0) return environment_error("git ls-files in {}: {}", project.string(), trim(answer.errors));
  std::vector<fs::path> files;
  for (const std::string_view name : split(answer.output, '\0')) {
    if (name.empty()) continue;
    const fs::path path = absolute_from(project, fs::path(name));
    std::error_code ignored;
    if (fs::is_directory(fs::symlink_status(path, ignored)) && fs::exists(path / ".git", ignored)) {
      SIMSWARM_TRY(const auto inside, files_by_git(path));
      files.insert(files.end(), inside.begin(), inside.end());
    } else {
      files.push_back(path);
    }
  }
  return files;
}

Result<std::vector<fs::path>> files_by_walk(const fs::path& project, const std::vector<fs::path>& left_out) {
  std::vector<fs::path> files;
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(project, fs::directory_options::skip_permission_denied, error);
  for (; entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const bool hidden = entry->path().filename().native().starts_with(".");
    const bool out = std::find(left_out.begin(), left_out.end(), entry->path()) != left_out.end();
    if (entry->is_directory(error)) {
      if (hidden || out || entry->path().filename() == "out") entry.disable_recursion_pending();
    } else if (!hidden && entry->is_regular_file(error)) {
      files.push_back(entry->path());
    }
  }
  if (error) return system_error(error.value(), project.string());
  return files;
}

class Gatherer {
 public:
  Gatherer(const InputRequest& request, const DigestOf& digest_of) : request_(request), digest_of_(digest_of) {}

  Result<Inputs> gather() {
    SIMSWARM_TRY(const auto objects, loaded_objects(request_));
    for (const fs::path& object : objects) {
      SIMSWARM_CHECK(take(object == request_.program ? program_ : libraries_, object, object.filename().string()));
    }
    for (const auto& [folder, pattern] : request_.sources.trees) SIMSWARM_CHECK(take_tree(folder, pattern));
    for (const fs::path& file : request_.sources.files) SIMSWARM_CHECK(take(data_, file, shown(file)));
    SIMSWARM_CHECK(take_project());
    inputs_.parts = {{"program", digest_of_part(program_)},
                     {"libraries", digest_of_part(libraries_)},
                     {"ned", digest_of_part(ned_)},
                     {"data", digest_of_part(data_)}};
    return std::move(inputs_);
  }

 private:
  using Part = std::map<std::string, std::string>;

  [[nodiscard]] std::string shown(const fs::path& path) const {
    if (!lies_in(request_.project, path)) return path.string();
    return path.lexically_relative(request_.working_folder).string();
  }

  Status take(Part& part, const fs::path& path, const std::string& name) {
    if (!taken_.insert(path.string()).second) return {};
    SIMSWARM_TRY(const Digest digest, digest_of_(path));
    part.emplace(name, digest.hex());
    inputs_.files.emplace(shown(path), digest.hex());
    return {};
  }

  // Also in the project: a library on the NED path may be one that git ignores.
  Status take_tree(const fs::path& folder, const std::string& pattern) {
    std::error_code error;
    auto entry = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, error);
    for (; entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      const fs::path& path = entry->path();
      if (is_left_out(path) || path.filename() == ".git") {
        entry.disable_recursion_pending();
        continue;
      }
      const std::string relative = path.lexically_relative(folder).string();
      std::error_code ignored;
      if (!glob_match(pattern, relative) || !entry->is_regular_file(ignored)) continue;
      const bool inside = lies_in(request_.project, path);
      SIMSWARM_CHECK(take(ned_, path, inside ? path.lexically_relative(request_.project).string() : relative));
    }
    if (error) return usage_error("NED folder {}: {}", folder.string(), error.message());
    return {};
  }

  [[nodiscard]] bool is_left_out(const fs::path& path) const {
    const auto in = [&](const fs::path& folder) { return lies_in(folder, path); };
    if (std::any_of(request_.left_out.begin(), request_.left_out.end(), in)) return true;
    return request_.written.contains(path.lexically_relative(request_.working_folder).string());
  }

  [[nodiscard]] bool is_wanted(const fs::path& path) const {
    const fs::path relative = path.lexically_relative(request_.project);
    if (path.extension() == ".ned") return true;
    if (request_.patterns.empty()) return is_data_by_default(relative);
    const auto matches = [&](const std::string& pattern) { return glob_match(pattern, relative.string()); };
    return std::any_of(request_.patterns.begin(), request_.patterns.end(), matches);
  }

  Status take_project() {
    const bool git = fs::exists(request_.project / ".git");
    SIMSWARM_TRY(const auto files,
                 git ? files_by_git(request_.project) : files_by_walk(request_.project, request_.left_out));
    std::error_code ignored;
    for (const fs::path& file : files) {
      if (is_left_out(file) || !is_wanted(file) || !fs::is_regular_file(file, ignored)) continue;
      SIMSWARM_CHECK(
          take(file.extension() == ".ned" ? ned_ : data_, file, file.lexically_relative(request_.project).string()));
    }
    return {};
  }

  static std::string digest_of_part(const Part& part) {
    Hasher hasher;
    for (const auto& [name, digest] : part) hasher.field(name).field(digest);
    return hasher.finish().hex();
  }

  const InputRequest& request_;
  const DigestOf& digest_of_;
  Inputs inputs_;
  std::unordered_set<std::string> taken_;
  Part program_, libraries_, ned_, data_;
};

}  // namespace

bool is_data_by_default(const fs::path& relative) {
  const std::string name = relative.filename().string();
  if (starts_with_any(name,
                      {".", "README", "LICENSE", "COPYING", "Makefile", "makefile", "CMakeLists", "simswarm.toml"}))
    return false;
  if (name.ends_with("~")) return false;
  const std::string extension = relative.extension().string();
  return std::find(kNoData.begin(), kNoData.end(), extension) == kNoData.end();
}

Result<Inputs> gather_inputs(const InputRequest& request, const DigestOf& digest_of) {
  return Gatherer(request, digest_of).gather();
}

fs::path project_of(const fs::path& working_folder) {
  for (fs::path folder = working_folder; folder.has_relative_path(); folder = folder.parent_path()) {
    std::error_code ignored;
    if (!fs::exists(folder / ".git", ignored)) continue;
    const Result<Answer> answer =
        run({{"git", "-c", "safe.directory=*", "check-ignore", "-q", working_folder.string()}, folder, {}, {}, 60});
    return answer && answer->exit_code == 0 ? working_folder
                                            : folder;  // a folder that git ignores is a project of its own
  }
  return working_folder;
}

}  // namespace simswarm::plan
