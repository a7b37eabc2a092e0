// What documents of a store say of blobs: which are named, and which somebody wants to stay for a while.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "store/store.h"

namespace simswarm::store {

inline constexpr std::string_view kPackedName = ".zst";      // behind the digest: the name of a blob's file
inline constexpr std::string_view kDistrusted = "/damaged";  // behind the id of a conflict

// A result that turned out to be damaged: kept for its record alone, its archive is waste.
[[nodiscard]] inline bool is_distrusted(const Document& conflict) {
  return conflict.id.ends_with(kDistrusted);
}

// Documents that are about to go: «COLLECTION/ID».
using Going = std::unordered_set<std::string>;

struct Needs {
  std::unordered_set<std::string> referenced;  // digests: of campaigns, results and conflicts
  std::map<std::string, UseRecord> uses;       // by their ids
  // Documents of sources, builds and plans whose time is over, with their collections: what they name is not among
  // `referenced`.
  std::vector<std::pair<std::string, std::string>> outdated;

  // Without what these documents name. One that cannot be read is an error: what it names is not known.
  [[nodiscard]] static Result<Needs> of(BackEnd& back_end, const Going& without);
};

}  // namespace simswarm::store
