// Columns that text takes on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace simswarm::result {

// UTF-8: combining marks take none, East Asian wide characters and emoji two, all else, and every byte that is no
// UTF-8, one.
[[nodiscard]] std::size_t display_width(std::string_view text);
// Cut to at most `columns`, the last of them «…» (in ASCII «~») when something was cut.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t columns, bool unicode = true);
// Filled with blanks to `columns`, never cut.
[[nodiscard]] std::string padded_left(std::string_view text, std::size_t columns);   // text at the right
[[nodiscard]] std::string padded_right(std::string_view text, std::size_t columns);  // text at the left

}  // namespace simswarm::result
