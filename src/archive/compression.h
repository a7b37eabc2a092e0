// zstd as a stream: what is written comes out smaller on the other side.
#pragma once

#include <memory>

#include "base/stream.h"

namespace simswarm::archive {

// Of zstd. Twice as fast as level 3, and smaller on the text of result vectors (measured, bench/README.md).
inline constexpr int kLevel = 1;

// Compresses what is written into `next`, which must outlive it; finish() ends the frame, and then finishes `next`.
[[nodiscard]] std::unique_ptr<Sink> compress_into(Sink& next, int level = kLevel);

// Reads what `packed`, which must outlive it, holds. What is no whole zstd frame, or damaged, or has bytes behind it,
// is an error. Frames that want more than 8 MiB of window are refused, whatever they say.
[[nodiscard]] std::unique_ptr<Source> decompress(Source& packed);

}  // namespace simswarm::archive
