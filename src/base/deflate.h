// zlib's two forms, for texts in memory.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace simswarm {

// Of a zlib stream; nothing for one that is broken, or whose text goes beyond `most` bytes.
[[nodiscard]] std::optional<std::string> inflated(std::string_view packed, std::size_t most);

// As `gzip` packs it, quickly rather than well.
[[nodiscard]] std::string gzipped(std::string_view text);

}  // namespace simswarm
