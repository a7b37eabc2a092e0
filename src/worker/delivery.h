// From scratch into the folder of a job: files of whole results, one rename each, before the queue hears of it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/attempt.h"

namespace simswarm::worker {

struct DeliveryPlace {
  fs::path folder;              // absolute; paths of results are relative to it
  std::vector<fs::path> roots;  // canonical; results go nowhere else, whatever links a run leaves
  fs::path kept;                // where differing older files go
  std::optional<std::pair<unsigned, unsigned>> owner{};  // of result files; only where runs had another user than us
};

struct Delivered {
  std::vector<ResultFile> files;
  std::size_t kept = 0;  // older files that were put aside
};

// `files`: path and where it lies now. Who is cut off in between has left whole files; the run comes again and leaves
// the same. After an error some may be in place.
[[nodiscard]] Result<Delivered> deliver(const DeliveryPlace& place,
                                        const std::vector<std::pair<std::string, fs::path>>& files);

}  // namespace simswarm::worker
