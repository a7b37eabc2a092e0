#include "campaign/place.h"

#include "exec/place.h"

namespace simswarm::campaign {
namespace {

// True when the file was put aside; one with the same content is no loss.
Result<bool> keep_aside(const fs::path& target, const ResultFile& file, const std::string& kept) {
  if (kept.empty()) return false;
  const Result<ResultFile> there = exec::describe(file.path, target);
  if (there && there->digest == file.digest) return false;
  SIMSWARM_CHECK(exec::put_aside(target, file.path, kept));
  return true;
}

}  // namespace

Result<std::size_t> put_into_place(Intent& intent) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < intent.files.size(); ++i) {
    ResultFile& file = intent.files[i];
    const fs::path target = absolute_from(intent.folder, file.path);
    if (exec::is_there(intent.staged[i])) {
      if (exec::is_there(target)) {
        SIMSWARM_CHECK(exec::check_target(target));
        SIMSWARM_TRY(const bool aside, keep_aside(target, file, intent.kept));
        kept += aside ? 1 : 0;
      } else {
        SIMSWARM_CHECK(make_folders(target.parent_path()));
      }
      SIMSWARM_CHECK(exec::move_file(intent.staged[i], target));
    } else {
      SIMSWARM_TRY(const ResultFile there, exec::describe(file.path, target));
      if (there.digest != file.digest) return environment_error("{} is not what was verified", target.string());
    }
    if (const auto identity = identify_itself(target)) file.identity = *identity;
  }
  return kept;
}

}  // namespace simswarm::campaign
