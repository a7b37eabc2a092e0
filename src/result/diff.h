// Whether two result folders, or two files, hold the same results in canonical form, and where they first differ.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "result/canonical.h"

namespace simswarm::result {

// The first difference of one file.
struct Difference {
  std::string path;  // relative to both folders (bytes)
  FileKind kind = FileKind::kBytes;
  std::uint64_t line_a = 0;  // from 1; 0: the file is not there or has ended
  std::uint64_t line_b = 0;
  std::uint64_t byte = 0;  // from 0, for kinds that are compared as bytes; in both files
  std::string entry;       // «scalar Net.server delay», «vector 3»: what the line belongs to; may be empty
  std::string a;           // what stands there, shortened and made printable
  std::string b;
  std::string text;  // all of this in one line for the user, without the folders' names
};

struct FolderComparison {
  std::vector<Difference> differing;   // in natural order of paths
  std::vector<std::string> only_in_a;  // relative paths
  std::vector<std::string> only_in_b;
  std::uint64_t equal = 0;  // files
  [[nodiscard]] bool same() const { return differing.empty() && only_in_a.empty() && only_in_b.empty(); }
};

// All files of two folders, streamed. Links are followed to files, not into folders; a link that leads to no file
// counts by its target; empty folders do not count.
[[nodiscard]] Result<FolderComparison> compare_folders(const fs::path& a, const fs::path& b);

// The first in natural order of paths, and no more read than that takes. Two files instead of two folders are compared
// as one pair.
[[nodiscard]] Result<std::optional<Difference>> first_difference(const fs::path& a, const fs::path& b);

// The first difference of two files; `path` is the name to give it.
[[nodiscard]] Result<std::optional<Difference>> file_difference(const fs::path& a, const fs::path& b,
                                                                const std::string& path);
[[nodiscard]] Result<bool> same_file(const fs::path& a, const fs::path& b);

}  // namespace simswarm::result
