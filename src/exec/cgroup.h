// cgroup v2 (Documentation/admin-guide/cgroup-v2.rst): groups of processes that are ended whole.
#pragma once

#include <string>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::exec {

// The folder of the group that this process is in. An error where there is no cgroup v2, or where it is not seen.
[[nodiscard]] Result<fs::path> own_cgroup();
// Where an owner's group stands below that folder.
[[nodiscard]] fs::path cgroup_of(const fs::path& home, const std::string& owner);
// Makes a group, if need be, and moves this process into it.
[[nodiscard]] Status join_cgroup(const fs::path& group);
// SIGKILL to all in the group and below, until there are none, then removes it. That there is none is fine.
void end_cgroup(const fs::path& group);

}  // namespace simswarm::exec
