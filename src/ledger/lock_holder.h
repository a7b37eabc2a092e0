// Who holds a lock that we wait for in vain.
#pragma once

#include <chrono>
#include <string>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::ledger {

// «process 123 (simswarm)», out of /proc/locks; «another process» where the kernel does not tell (it is of another
// container). Of our own process nothing is told.
[[nodiscard]] std::string lock_holder(const std::vector<fs::path>& files);

// What the user reads when the lock of a file did not come free in time.
[[nodiscard]] Error locked_error(const fs::path& file, std::chrono::milliseconds waited);

}  // namespace simswarm::ledger
