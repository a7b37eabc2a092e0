// What lies in a folder under the names of a listing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "source/snapshot_store.h"

namespace simswarm::source {

struct Look {
  std::vector<Seen> files;  // regular ones and links, by their names
  std::uint64_t bytes = 0;
  std::vector<std::string> notes;
};

// Names that are gone, or folders, or lie behind a link, are passed over; sockets, pipes and devices are noted. Links
// that lead into none of `roots` are noted.
[[nodiscard]] Look look_at(const fs::path& root, const std::vector<fs::path>& roots,
                           const std::vector<std::string>& names);
// Whether all is as it was; else the names that differ.
[[nodiscard]] std::vector<std::string> differing(const std::vector<Seen>& before, const std::vector<Seen>& after);

// Files that stand for others which git-LFS has not fetched.
[[nodiscard]] std::vector<std::string> pointers_among(const fs::path& root, const std::vector<Seen>& files);

struct Sized {
  std::string name;
  std::uint64_t bytes = 0;
};
// An error that names the limit and the largest files. `what` is the folder that it is about.
[[nodiscard]] Status expect_within(std::vector<Sized> files, const fs::path& what, std::uint64_t most_bytes,
                                   std::uint64_t most_file);

// «a, b, c and 7 more».
[[nodiscard]] std::string some_of(const std::vector<std::string>& names);

}  // namespace simswarm::source
