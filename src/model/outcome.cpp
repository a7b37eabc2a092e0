#include "model/outcome.h"

#include <algorithm>
#include <array>
#include <utility>

namespace simswarm {
namespace {

constexpr std::array<std::pair<Outcome, std::string_view>, 16> kNames{{
    {Outcome::kCompleted, "completed"},
    {Outcome::kLimited, "limited"},
    {Outcome::kFingerprintMismatch, "fingerprint_mismatch"},
    {Outcome::kModelError, "model_error"},
    {Outcome::kCrashed, "crashed"},
    {Outcome::kKilled, "killed"},
    {Outcome::kTimedOut, "timed_out"},
    {Outcome::kStalled, "stalled"},
    {Outcome::kOutOfMemory, "out_of_memory"},
    {Outcome::kTooMuchOutput, "too_much_output"},
    {Outcome::kDiskFull, "disk_full"},
    {Outcome::kIncomplete, "incomplete"},
    {Outcome::kTeardownFailed, "teardown_failed"},
    {Outcome::kCancelled, "cancelled"},
    {Outcome::kLost, "lost"},
    {Outcome::kNotStarted, "not_started"},
}};

}  // namespace

std::string_view to_text(Outcome outcome) {
  const auto* found =
      std::find_if(kNames.begin(), kNames.end(), [&](const auto& pair) { return pair.first == outcome; });
  return found->second;
}

std::optional<Outcome> outcome_from(std::string_view text) {
  const auto* found = std::find_if(kNames.begin(), kNames.end(), [&](const auto& pair) { return pair.second == text; });
  if (found == kNames.end()) return std::nullopt;
  return found->first;
}

bool is_complete(Outcome outcome) {
  return outcome == Outcome::kCompleted || outcome == Outcome::kTeardownFailed;
}

bool can_help_to_retry(Outcome outcome) {
  switch (outcome) {
    case Outcome::kKilled:
    case Outcome::kOutOfMemory:
    case Outcome::kDiskFull:
    case Outcome::kLost:
    case Outcome::kNotStarted:
      return true;
    default:
      return false;
  }
}

}  // namespace simswarm
