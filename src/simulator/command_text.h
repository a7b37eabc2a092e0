// Words for messages and names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace simswarm {

// «; did you mean «a» or «b»?» with the candidates nearest to `word`, or nothing when none is near.
[[nodiscard]] std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

// A parameter's name: letters, digits and «_», not beginning with a digit.
[[nodiscard]] bool is_identifier(std::string_view text);

// Fit to stand in a file name: «/», «%», «,» and control characters are written as %XX. Different texts stay different.
[[nodiscard]] std::string safe_in_name(std::string_view text);
// Fit to be a whole file name: a dot at the beginning is written so too, and an empty text is «%-».
[[nodiscard]] std::string safe_component(std::string_view text);

// One line that any terminal and any JSON reader takes: control characters become spaces, bytes that are no UTF-8
// become «?», and what exceeds `most` characters becomes «…».
[[nodiscard]] std::string clean_line(std::string_view text, std::size_t most);

}  // namespace simswarm
