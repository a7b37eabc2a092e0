#include "worker/delivery.h"

#include <unistd.h>

#include "exec/place.h"

namespace simswarm::worker {

Result<Delivered> deliver(const DeliveryPlace& place, const std::vector<std::pair<std::string, fs::path>>& files) {
  Delivered delivered;
  for (const auto& [path, source] : files) {
    const fs::path target = absolute_from(place.folder, path);
    if (exec::folder_outside(place.roots, target))
      return usage_error("{} lies outside of the project: it is not written", target.string());
    SIMSWARM_TRY(ResultFile file, exec::describe(path, source));
    if (place.owner) (void)!::lchown(source.c_str(), place.owner->first, place.owner->second);
    SIMSWARM_TRY(const bool aside, exec::move_into_place(source, target, file, place.kept));
    delivered.kept += aside ? 1 : 0;
    if (const auto identity = identify_itself(target)) file.identity = *identity;
    delivered.files.push_back(std::move(file));
  }
  return delivered;
}

}  // namespace simswarm::worker
