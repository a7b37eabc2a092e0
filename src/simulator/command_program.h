// Which file a command starts.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm {

// The file that execvp(3) would start for this word in this folder, absolute; PATH as in our own environment.
// An error with the near misses where there is none.
[[nodiscard]] Result<fs::path> find_program(const std::string& word, const fs::path& working_folder);

// The program, and the interpreter that its first line names («#!/usr/bin/env python3»), if any.
[[nodiscard]] std::vector<fs::path> with_interpreter(const fs::path& program, const fs::path& working_folder);

}  // namespace simswarm
