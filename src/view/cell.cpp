#include "view/cell.h"

#include <algorithm>

namespace simswarm::view {
namespace {

constexpr std::array<std::string_view, kCells> kNames{"unknown", "waiting",   "running",   "completed", "known",
                                                      "failed",  "cancelled", "timed_out", "crashed",   "out_of_memory",
                                                      "lost",    "stalled",   "incomplete"};

}  // namespace

std::string_view to_text(Cell cell) {
  return kNames.at(static_cast<std::size_t>(cell));
}

std::optional<Cell> cell_from(std::string_view text) {
  const auto* const found = std::ranges::find(kNames, text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Cell>(found - kNames.begin());
}

Cell cell_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kCompleted:
    case Outcome::kTeardownFailed:
      return Cell::kCompleted;
    case Outcome::kFingerprintMismatch:
    case Outcome::kModelError:
      return Cell::kFailed;
    case Outcome::kCrashed:
    case Outcome::kKilled:
      return Cell::kCrashed;
    case Outcome::kTimedOut:
      return Cell::kTimedOut;
    case Outcome::kStalled:
      return Cell::kStalled;
    case Outcome::kOutOfMemory:
      return Cell::kOutOfMemory;
    case Outcome::kLimited:
    case Outcome::kTooMuchOutput:
    case Outcome::kDiskFull:
    case Outcome::kIncomplete:
      return Cell::kLimited;
    case Outcome::kCancelled:
      return Cell::kCancelled;
    case Outcome::kLost:
      return Cell::kLost;
    case Outcome::kNotStarted:
      break;
  }
  return Cell::kUnknown;
}

}  // namespace simswarm::view
