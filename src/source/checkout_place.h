// Files of a tree get into a checkout: what is not surely right is taken from git into a folder beside it, held against
// what lies there, and put in its place by rename.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "source/checkout_ground.h"
#include "source/checkout_state.h"
#include "source/git.h"

namespace simswarm::source {

// The files of `now` that are not as they were left, by their positions; the others get their identities. `before` is
// empty where no identity is to be believed.
[[nodiscard]] std::vector<std::size_t> doubtful_files(Ground& ground, const TreeFiles& before, TreeFiles& now);

// A new folder in `staging`; what earlier moves have left there goes. A git that has lost its simswarm may still write
// to its own.
[[nodiscard]] Result<fs::path> new_stage(const fs::path& staging);
// Writes the contents of these files to such a folder, named by their positions. Git's answer: it may be that objects
// are damaged.
[[nodiscard]] Result<Answer> stage(const fs::path& git_dir, const fs::path& staging, const TreeFiles& now,
                                   const std::vector<std::size_t>& wanted);

// Puts the staged files in their places, with the time `stamp` (ns since the epoch); those that hold the same already
// stay, with their times. All get their identities. The paths that were written.
[[nodiscard]] Result<std::vector<std::string>> place(Ground& ground, const fs::path& staging, TreeFiles& now,
                                                     const std::vector<std::size_t>& wanted, std::int64_t stamp);

// Until files that are written next are newer than `stamp`, and any change of those that were placed shows: file
// systems have a clock that ticks.
void wait_for_tick(const fs::path& folder, std::int64_t stamp);

}  // namespace simswarm::source
