// The headers of an entry of a tar, read strictly. libarchive reads them too, but more kindly than strangers deserve,
// and converts names by the locale; only what both read alike is taken (tar.cpp).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/error.h"

namespace simswarm::archive {

inline constexpr std::size_t kBlock = 512;                 // bytes; all of a tar comes in such
inline constexpr std::uint64_t kMostExtended = 64 * 1024;  // bytes of one extended header

enum class Kind { kFile, kFolder, kLink };

struct Headers {
  Kind kind = Kind::kFile;
  std::string path;          // without a «/» at its end; otherwise as it stands there: nothing else is checked
  std::string target;        // of a link
  std::uint64_t size = 0;    // of the content, in bytes
  std::uint64_t length = 0;  // of the headers, in bytes
};

// So many bytes, so far behind the beginning of the headers.
using ReadHeader = std::function<Result<std::string>(std::uint64_t offset, std::uint64_t bytes)>;

// Files, folders and links, with what POSIX's extended headers and GNU's long names say of them. Everything else is
// refused: other kinds, sparse files, what is said twice, names with a NUL, global headers that say more than a
// comment.
[[nodiscard]] Result<Headers> read_headers(const ReadHeader& read);

}  // namespace simswarm::archive
