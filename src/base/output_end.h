// The end of what a program prints while it goes on, for people. The program may have made the file, of whatever kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/files.h"

namespace simswarm {

// At most `most` bytes from the end of a regular file, which is no link, and belongs to this user where one is given;
// an error else. Begins with a whole line, unless that is longer than half of it, and cuts no character of UTF-8.
[[nodiscard]] Result<std::string> read_end_of_output(const fs::path& path, std::size_t most,
                                                     const std::optional<unsigned>& owner = std::nullopt);

// The same of a text. `is_cut`: something stood before it.
[[nodiscard]] std::string whole_end(std::string text, bool is_cut);

}  // namespace simswarm
