// What is known of a checkout: which tree its files are, and how they looked when they were left.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "source/snapshot.h"

namespace simswarm::source {

enum class Kind : char { kFile = 'f', kProgram = 'x', kLink = 'l' };

struct TreeFile {
  std::string path;
  Kind kind = Kind::kFile;
  std::string object;       // of git: hexadecimal
  FileIdentity identity{};  // in the checkout; of nothing while it is not there
  [[nodiscard]] bool same_as(const TreeFile& other) const { return kind == other.kind && object == other.object; }
};

// Sorted by path, byte by byte.
using TreeFiles = std::vector<TreeFile>;
[[nodiscard]] const TreeFile* find(const TreeFiles& files, std::string_view path);

struct CheckoutState {
  std::string tree;         // TreeId's text
  std::string recipe;       // its digest
  std::string boot;         // boot_id(): what was not synced may be lost with another one
  std::string owner;        // «UID:GID» whom give_to() has given it to; empty: ours
  std::int64_t newest = 0;  // ns since the epoch: times that files were given
  TreeFiles files;
};

// What a killed process has left is the old or the new state, never a part. Nothing where there is none, or none that
// can be read: then nothing is known.
[[nodiscard]] std::optional<CheckoutState> read_state(const fs::path& file);
[[nodiscard]] Status write_state(const fs::path& file, const CheckoutState& state);

// `git ls-tree -r -z`; places of submodules are left out.
[[nodiscard]] Result<TreeFiles> parse_tree(std::string_view list);

// Not synced: for what another start of the machine makes void anyway.
[[nodiscard]] Status put_file(const fs::path& file, std::string_view content);

[[nodiscard]] std::int64_t now_ns();  // of the clock that file times are of

}  // namespace simswarm::source
