// Words of the field as JSON text, for what is stored; formats are described in doc/formats.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/run.h"

namespace simswarm {

// Bytes that are no UTF-8 are replaced: for display, not for paths that are opened again.
[[nodiscard]] std::string encode(const std::vector<std::string>& words);
[[nodiscard]] std::vector<std::string> decode_words(std::string_view json);
[[nodiscard]] std::string encode(const std::vector<Variable>& variables);
[[nodiscard]] std::vector<Variable> decode_variables(std::string_view json);

}  // namespace simswarm
