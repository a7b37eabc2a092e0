// How RQ packs texts into fields: zlib and base64.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace simswarm::jobs {

inline constexpr std::size_t kMostUnpacked = std::size_t{1024} * 1024;

// A field as zlib packed it, or as it is where it begins unlike zlib does; nothing for a broken or a huge one.
[[nodiscard]] std::optional<std::string> unpacked(std::string_view field);

// Nothing for what is no base64.
[[nodiscard]] std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace simswarm::jobs
