// Which program a file is, whoever has installed it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/files.h"

namespace simswarm::build {

// The build id that linkers give to programs and libraries (GNU, ELF), in hexadecimal: another one after each change.
// Nothing: the file is no ELF, has none, or is broken.
[[nodiscard]] std::optional<std::string> build_id_of(std::string_view elf);

// By its build id and size, or by its content. Empty: there is no such file.
[[nodiscard]] std::string identity_of(const fs::path& file);

}  // namespace simswarm::build
