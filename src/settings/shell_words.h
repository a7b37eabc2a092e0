// A command as one text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace simswarm {

// Splits as a shell does: at spaces, with '…', "…" and \; nothing is expanded. What only a shell can do (| ; & < >) is
// an error that says how to start one.
[[nodiscard]] Result<std::vector<std::string>> split_shell_words(std::string_view text);

}  // namespace simswarm
