// Which files decide a build though git ignores them, and which are products of one where no git says so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace simswarm::source {

// «.oppfeaturestate», «.nedexclusions», and makefiles that no tool has made.
[[nodiscard]] bool decides_build(const fs::path& file);
// A makefile whose first lines say that opp_makemake, CMake or the autotools have made it.
[[nodiscard]] bool is_generated_makefile(const fs::path& file);

// Of a folder that is no git repository: objects, libraries and programs by their first bytes, `out/` of opp_makemake,
// build trees of CMake. `names` are relative to the folder; what is none of these remains.
[[nodiscard]] std::vector<std::string> without_products(const fs::path& folder, std::vector<std::string> names);

// State of tools in the way of a path: «.git» in any case, «.simswarm», «.svn», «.hg».
[[nodiscard]] bool has_hidden_state(std::string_view path);

// A pattern selects files that it matches, and all that lies in a folder that it matches.
[[nodiscard]] bool selects(const std::string& pattern, std::string_view path);
// Whether it may select something below the folder.
[[nodiscard]] bool may_select_below(const std::string& pattern, std::string_view folder);

// The text stands for a file that git-LFS keeps elsewhere: its SHA-256 in hexadecimal digits; else empty.
[[nodiscard]] std::string lfs_object_of(std::string_view text);
inline constexpr std::uint64_t kLeastPointer = 100;  // bytes
inline constexpr std::uint64_t kMostPointer = 1024;  // as git-lfs has it

}  // namespace simswarm::source
