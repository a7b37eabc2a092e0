// How much disk folders take, watched without walking them all the time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/time.h"

namespace simswarm::build {

// Bytes that the files below these folders take; links are not followed, what is gone meanwhile does not count.
[[nodiscard]] std::uint64_t disk_use(const std::vector<fs::path>& folders);
// Bytes that are free for who is not root, on the disk of that folder; nothing can be asked: the most there is.
[[nodiscard]] std::uint64_t disk_free(const fs::path& folder);

// Walks only when the disk has lost so much that the limit may be reached, and then the rarer the longer it takes.
class DiskGrowth {
 public:
  DiskGrowth(std::vector<fs::path> folders, std::uint64_t most);
  // Bytes by which the folders have grown since the beginning, as far as it had to be known.
  [[nodiscard]] std::uint64_t grown(Monotonic now);
  // The same, known now.
  [[nodiscard]] std::uint64_t measure(Monotonic now);
  [[nodiscard]] std::uint64_t free() const;  // the least of the folders' disks

 private:
  std::vector<fs::path> folders_;
  std::uint64_t most_;
  std::uint64_t used_at_first_;
  std::uint64_t free_at_last_walk_;
  std::uint64_t grown_ = 0;
  Monotonic next_{};  // walk, at the earliest
  Monotonic at_latest_{};
};

}  // namespace simswarm::build
