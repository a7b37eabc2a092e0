// Which changes make cannot see.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "source/checkout_state.h"

namespace simswarm::source {

// Between two trees, by what git knows of them.
struct Difference {
  std::vector<const TreeFile*> added;
  std::vector<const TreeFile*> changed;  // as they are now
  std::vector<const TreeFile*> removed;
};
[[nodiscard]] Difference difference(const TreeFiles& before, const TreeFiles& now);

// Why what was built of `before` is not to be used for `now`, in a line for the user; empty: make sees it all.
// `mentions` tells which of the names an old file has in it.
[[nodiscard]] std::string unseen_change(
    const TreeFiles& now, const Difference& difference,
    const std::function<std::string(const std::vector<std::string>& names)>& mentions);

// The file holds rules by which other files are made.
[[nodiscard]] bool is_build_script(std::string_view path);
[[nodiscard]] bool is_header(std::string_view path);
// Compiled, or something that is compiled is made of it.
[[nodiscard]] bool is_source(std::string_view path);

// Compiled, and what a compiler notes of an object's headers for make.
[[nodiscard]] bool is_object(std::string_view path);
[[nodiscard]] bool is_note_of_headers(std::string_view path);
// The name up to its first dot, by which an object and its notes belong together, wherever they lie.
[[nodiscard]] std::string_view stem_of(std::string_view path);

}  // namespace simswarm::source
