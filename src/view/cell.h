// How a run stands, in one byte: what a map of runs draws.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/outcome.h"

namespace simswarm::view {

// The numbers are a format: doc/formats.md, «Pages».
enum class Cell : std::uint8_t {
  kUnknown,    // nothing is known of it: not queued, not run
  kWaiting,    // in the queue
  kRunning,    //
  kCompleted,  // with a result
  kKnown,      // its result is of an earlier campaign
  kFailed,     // the model's own error, or a mismatch of fingerprints
  kCancelled,  //
  kTimedOut,   //
  kCrashed,    // or killed from outside
  kOutOfMemory,
  kLost,     // with its node
  kStalled,  //
  kLimited,  // cut short otherwise: a limit of the model's, a disk that was full, results that are not whole
};
inline constexpr std::size_t kCells = 13;

[[nodiscard]] std::string_view to_text(Cell cell);
[[nodiscard]] std::optional<Cell> cell_from(std::string_view text);
[[nodiscard]] Cell cell_of(Outcome outcome);

[[nodiscard]] constexpr bool has_failed(Cell cell) {
  return cell == Cell::kFailed || cell >= Cell::kTimedOut;
}
[[nodiscard]] constexpr bool is_complete(Cell cell) {
  return cell == Cell::kCompleted || cell == Cell::kKnown;
}

}  // namespace simswarm::view
