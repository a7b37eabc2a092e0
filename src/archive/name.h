// Names of entries: what may be one, and how it is shown.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace simswarm::archive {

inline constexpr std::size_t kMostPath = 4096;  // bytes
inline constexpr std::size_t kMostName = 255;   // bytes, of one component

// For messages: control characters and bytes that are no UTF-8 as «\x1b», and cut where it is long.
[[nodiscard]] std::string printable(std::string_view name);

// «the archive's entry «NAME» WHY».
[[nodiscard]] tl::unexpected<Error> refused(std::string_view name, std::string_view why);

// Why it may not be the path of an entry, to be put behind it; empty where it may.
[[nodiscard]] std::string fault_of(std::string_view path);

// The first component of a path, which is taken off with the «/» behind it.
[[nodiscard]] std::string_view take_name(std::string_view& path);

}  // namespace simswarm::archive
