// Stamps as others write them.
#pragma once

#include <string_view>

#include "base/time.h"

namespace simswarm {

// «2026-11-22T12:57:03.123456789Z»; the epoch for what is no such stamp.
[[nodiscard]] Stamp stamp_from(std::string_view text);

}  // namespace simswarm
