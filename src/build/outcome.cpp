#include "build/build_run.h"

namespace simswarm::build {

std::string_view to_text(BuildOutcome outcome) {
  switch (outcome) {
    case BuildOutcome::kBuilt:
      return "built";
    case BuildOutcome::kFailed:
      return "failed";
    case BuildOutcome::kTimedOut:
      return "timed_out";
    case BuildOutcome::kOutOfMemory:
      return "out_of_memory";
    case BuildOutcome::kDiskFull:
      return "disk_full";
    case BuildOutcome::kTooMuchOutput:
      return "too_much_output";
    case BuildOutcome::kTooManyProcesses:
      return "too_many_processes";
    case BuildOutcome::kCancelled:
      return "cancelled";
  }
  return "failed";
}

}  // namespace simswarm::build
