#include "campaign/place.h"

#include "exec/place.h"

namespace simswarm::campaign {

Result<std::size_t> put_into_place(Intent& intent) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < intent.files.size(); ++i) {
    ResultFile& file = intent.files[i];
    const fs::path target = absolute_from(intent.folder, file.path);
    if (exec::is_there(intent.staged[i])) {
      SIMSWARM_TRY(const bool aside, exec::move_into_place(intent.staged[i], target, file, intent.kept));
      kept += aside ? 1 : 0;
    } else {
      SIMSWARM_TRY(const ResultFile there, exec::describe(file.path, target));
      if (there.digest != file.digest) return environment_error("{} is not what was verified", target.string());
    }
    if (const auto identity = identify_itself(target)) file.identity = *identity;
  }
  return kept;
}

}  // namespace simswarm::campaign
