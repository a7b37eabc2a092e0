// Folders as one stream of bytes, the same for the same content; and back, without trust in who made them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/stream.h"

namespace simswarm::archive {

// What goes into an archive: a regular file, a symbolic link, or an empty folder.
struct Entry {
  std::string path;  // in the archive: relative, without «.» and «..», «/» between names; bytes
  fs::path source;   // where it lies
};

enum class Times {
  kDropped,  // all of 1970: content alone decides the bytes
  kKept,     // of files, to the nanosecond; of folders and links they are dropped
};

struct Packed {
  Digest digest;           // of the tar, before any compression
  std::uint64_t size = 0;  // of it, in bytes
};

// Writes a tar: entries in the order of their paths, no owner, no device, no set-id bit; of a file's mode only whether
// its owner may execute it. A file that is changed or removed meanwhile, a folder that is not empty, a path twice,
// below another, or one that unpacking would refuse, or anything else than the three kinds is an error that names it.
// The bytes do not depend on the locale. The sink is not finished.
[[nodiscard]] Result<Packed> pack(std::vector<Entry> entries, Times times, Sink& sink);

// All regular files, links and empty folders below a folder, as entries; relative to it.
[[nodiscard]] Result<std::vector<Entry>> entries_of(const fs::path& folder);

struct UnpackLimits {
  std::uint64_t bytes = 64ULL << 30U;  // of all files together
  std::uint64_t entries = 2'000'000;   // also of folders that no entry stands for
};

struct Unpacked {
  Digest digest;            // of the tar
  std::uint64_t bytes = 0;  // of all files together
  std::uint64_t entries = 0;
};

// Unpacks a tar into a folder that must be there and be empty. Nothing is written outside of it, whatever the archive
// says: absolute paths, «.» and «..», links that lead out (also by way of other links), devices, pipes, sockets, hard
// links, sparse files, set-id bits, a path twice, a file below a link or a file, names that are too long, and what goes
// beyond the limits are refused with an error that names the entry; so is what is no whole tar, has other bytes than up
// to 1 MiB of zeros behind its end, or could be read in two ways. Links may lead to what is not there. Files get mode
// 0644 or 0755, folders 0755, whatever the umask. Nothing is synced. After an error the folder may hold a part. With
// `Times::kKept` files get their times.
[[nodiscard]] Result<Unpacked> unpack(Source& tar, const fs::path& folder, Times times,
                                      const UnpackLimits& limits = {});

}  // namespace simswarm::archive
