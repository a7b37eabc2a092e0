// Room for more: memory for another run, and space on the disks that results go to.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/time.h"

namespace simswarm::worker {

// Bytes that programs can still have without swapping (proc(5), /proc/meminfo), or that the control group leaves, if
// less; and the total of that. `root` stands for «/».
struct Memory {
  std::uint64_t available = 0;
  std::uint64_t total = 0;
};
[[nodiscard]] Memory memory_of_machine(const fs::path& root = "/");

class Room {
 public:
  // `folders`: that runs and results are written to. `least_free`: bytes of each disk that stay free; nothing: a
  // fiftieth of the disk, at most 1 GiB. `memory` tells how much there is.
  Room(
      std::vector<fs::path> folders, std::optional<std::uint64_t> least_free,
      std::function<Memory()> memory = [] { return memory_of_machine(); })
      : folders_(std::move(folders)), least_free_(least_free), memory_(std::move(memory)) {}

  // Says which disk is nearly full; empty: none is. Looks at most twice a second.
  [[nodiscard]] const std::string& full_disk();
  // Whether a run that is going to use so many bytes fits beside those that run, of which `promised` bytes are not used
  // yet. What is not known fits.
  [[nodiscard]] bool fits(std::uint64_t needed, std::uint64_t promised);

 private:
  std::vector<fs::path> folders_;
  std::optional<std::uint64_t> least_free_;
  std::function<Memory()> memory_;
  std::string full_;
  Monotonic looked_at_disks_{};
  Monotonic looked_at_memory_{};
  std::uint64_t available_ = 0;
  std::uint64_t reserve_ = 0;
};

}  // namespace simswarm::worker
