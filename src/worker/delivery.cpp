#include "worker/delivery.h"

#include <unistd.h>

#include <algorithm>

#include "exec/place.h"

namespace simswarm::worker {
namespace {

Status check_root(const DeliveryPlace& place, const fs::path& target) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(target.parent_path(), error);
  const auto holds = [&](const fs::path& root) { return lies_in(root, real); };
  if (!error && std::any_of(place.roots.begin(), place.roots.end(), holds)) return {};
  return usage_error("{} lies outside of the project: it is not written", target.string());
}

}  // namespace

Result<Delivered> deliver(const DeliveryPlace& place, const std::vector<std::pair<std::string, fs::path>>& files) {
  Delivered delivered;
  for (const auto& [path, source] : files) {
    const fs::path target = absolute_from(place.folder, path);
    SIMSWARM_CHECK(check_root(place, target));
    SIMSWARM_TRY(ResultFile file, exec::describe(path, source));
    if (place.owner) (void)!::lchown(source.c_str(), place.owner->first, place.owner->second);
    if (exec::is_there(target)) {
      SIMSWARM_CHECK(exec::check_target(target));
      const Result<ResultFile> there = exec::describe(path, target);
      if (!there || there->digest != file.digest) {
        SIMSWARM_CHECK(exec::put_aside(target, path, place.kept));
        ++delivered.kept;
      }
    } else {
      SIMSWARM_CHECK(make_folders(target.parent_path()));
    }
    SIMSWARM_CHECK(exec::move_file(source, target));
    if (const auto identity = identify_itself(target)) file.identity = *identity;
    delivered.files.push_back(std::move(file));
  }
  return delivered;
}

}  // namespace simswarm::worker
