// Where a project may be seen besides its own place.
#include <unistd.h>

#include <algorithm>
#include <array>

#include "exec/layer.h"

namespace simswarm::exec {

bool can_be_seen_at(const fs::path& place, const fs::path& folder) {
  constexpr std::array<const char*, 14> kSystem{"/etc",   "/snap", "/usr", "/bin",  "/sbin", "/lib", "/lib32",
                                                "/lib64", "/boot", "/dev", "/proc", "/sys",  "/run", "/var"};
  if (!place.is_absolute() || place != place.lexically_normal() || !place.has_relative_path()) return false;
  if (lies_in(place, folder) || lies_in(folder, place)) return false;
  std::error_code error;
  const fs::path real = fs::weakly_canonical(place, error);
  if (error || lies_in(real, folder) || lies_in(folder, real)) return false;
  // Programs that gain rights read what lies there.
  const bool of_the_system =
      std::any_of(kSystem.begin(), kSystem.end(), [&](const char* one) { return lies_in(one, real); });
  if (of_the_system) return false;
  if (fs::is_directory(place, error)) return true;
  if (::geteuid() != 0 || fs::exists(fs::symlink_status(place, error))) return false;
  return make_folders(place).has_value();
}

}  // namespace simswarm::exec
