#include "campaign/artifact.h"

#include <set>

#include "base/text.h"
#include "plan/files.h"

namespace simswarm::campaign {
namespace {

class Gatherer {
 public:
  Gatherer(const Options& options, const Plan& plan) : options_(options), plan_(plan) {}

  Result<Artifact> gather() {
    artifact_.folder = options_.working_folder.lexically_relative(plan_.project);
    const std::set<fs::path> objects(plan_.objects.begin(), plan_.objects.end());
    for (const auto& [name, hex] : plan_.inputs.files) {
      const fs::path path = absolute_from(options_.working_folder, name);
      if (lies_in(plan_.project, path)) {
        SIMSWARM_CHECK(add(path));
      } else if (objects.contains(path)) {
        SIMSWARM_TRY(artifact_.objects[path.string()], Digest::parse(hex));
      } else {
        return usage_error(
            "{} lies outside of the project {}: workers with a store of their own would not see it; put it into the "
            "project, or let workers that see the same folders execute the runs (without --store)",
            path.string(), plan_.project.string());
      }
    }
    for (const fs::path& path : plan::files_in(plan_.project, plan::Listing::kAsGit, {options_.state.root})) {
      if (path.extension() == ".ini") SIMSWARM_CHECK(add(path));
    }
    return std::move(artifact_);
  }

 private:
  // A link becomes what it leads to: where it leads may be nowhere else.
  Status add(const fs::path& path) {
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    if (error) return system_error(error.value(), path.string());
    std::string inside = path.lexically_relative(plan_.project).string();
    if (!added_.insert(inside).second) return {};
    artifact_.bytes += fs::file_size(real, error);
    artifact_.entries.push_back({std::move(inside), real});
    return {};
  }

  const Options& options_;
  const Plan& plan_;
  Artifact artifact_;
  std::set<std::string> added_;
};

class Nowhere final : public Sink {
 public:
  Status write(std::string_view) override { return {}; }
};

}  // namespace

Result<Artifact> artifact_of(const Options& options, const Plan& plan) {
  return Gatherer(options, plan).gather();
}

Result<archive::Packed> measure(const Artifact& artifact) {
  Nowhere nowhere;
  return archive::pack(artifact.entries, archive::Times::kDropped, nowhere);
}

Status bring(const Artifact& artifact, const archive::Packed& measured, store::Store& store) {
  SIMSWARM_TRY(const bool is_there, store.has(measured.digest));
  if (is_there) return {};
  SIMSWARM_TRY(const auto blob, store.create_blob());
  SIMSWARM_TRY(const archive::Packed packed, archive::pack(artifact.entries, archive::Times::kDropped, *blob));
  if (packed.digest != measured.digest)
    return environment_error("files of the project were changed while they were packed: call again");
  SIMSWARM_TRY([[maybe_unused]] const store::Blob kept, blob->keep());
  return {};
}

void make_portable(const Options& options, const Plan& plan, worker::StudySpec& study) {
  const auto relative = [&](std::string& word) {
    const fs::path path = fs::path(word).lexically_normal();
    if (!path.is_absolute() || !lies_in(plan.project, path)) return;
    std::string inside = path.lexically_relative(options.working_folder).string();
    word = inside.find('/') == std::string::npos ? "./" + inside : inside;
  };
  auto* asked = std::get_if<CmdenvRequest>(&study.kind);
  for (std::string& word : asked != nullptr ? asked->words : std::get<SweepSpec>(study.kind).command) relative(word);
}

Status check_result_folders(const Options& options, const Dialect& dialect, const Plan& plan) {
  for (const std::string& folder : dialect.result_folders()) {
    const fs::path whole = absolute_from(options.working_folder, folder);
    // Beside the project it is beside the artifact, too.
    if (lies_in(plan.project.parent_path(), whole)) continue;
    return usage_error("the result folder {} is neither in the project {} nor beside it: with --store it must be",
                       whole.string(), plan.project.string());
  }
  return {};
}

}  // namespace simswarm::campaign
