// Whether the result files of a run are whole, by their own form.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "simulator/cmdenv_judge.h"

namespace simswarm::cmdenv {

// Empty when every scalar, vector and index file among these is not empty and was closed; else what is wrong. Files are
// known by their expected name and by their extension: names hold what cannot be foretold (run id, host).
[[nodiscard]] std::string trouble_with_files(const ExpectedFiles& expected, std::span<const LeftFile* const> files);

// There is a scalar or vector file, and all of them were closed.
[[nodiscard]] bool files_are_closed(const ExpectedFiles& expected, std::span<const LeftFile* const> files);

[[nodiscard]] bool has_results(const ExpectedFiles& expected, std::span<const LeftFile* const> files);

// How many runs a scalar file holds; nothing where it is a database.
[[nodiscard]] std::optional<std::size_t> runs_in(const LeftFile& scalars);

}  // namespace simswarm::cmdenv
