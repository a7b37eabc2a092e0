// How a run ended, and what that means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simswarm {

enum class Outcome {
  kCompleted,            // whole by the rule of the dialect
  kLimited,              // a CPU or real time limit cut it; looks normal, is not
  kFingerprintMismatch,  // the model computes something else than it did
  kModelError,           // the program itself reported an error: deterministic
  kCrashed,              // ended by a signal of its own doing (SIGSEGV, SIGABRT, SIGFPE, SIGTRAP, …)
  kKilled,               // ended by a signal from outside (SIGKILL, SIGTERM, …) that was not ours
  kTimedOut,             // our --timeout
  kStalled,              // our --stall
  kOutOfMemory,          // our --memory, or the kernel's
  kTooMuchOutput,        // our --max-output
  kDiskFull,
  kIncomplete,      // the code says 0, the results say no
  kTeardownFailed,  // results are whole, the process failed after them
  kCancelled,       // by the user
  kLost,            // its node or supervisor went away
  kNotStarted,      // in a batch that ended before its turn: no attempt of this run
};

// «completed», «model_error», …: what is stored and printed.
[[nodiscard]] std::string_view to_text(Outcome outcome);
[[nodiscard]] std::optional<Outcome> outcome_from(std::string_view text);

// The results are whole and may be collected and believed.
[[nodiscard]] bool is_complete(Outcome outcome);
// Trying again as it is, or with fewer runs at once, can help; never for what is deterministic.
[[nodiscard]] bool can_help_to_retry(Outcome outcome);

// Where in simulated time, and in the model, something was said.
struct Place {
  std::string simulated_time;  // «50.25» in seconds, as the program printed it; empty: unknown
  std::optional<std::int64_t> event;
  std::string module;  // «(Server) Net.server (id=3)»; empty: unknown
};

struct Verdict {
  Outcome outcome = Outcome::kIncomplete;
  std::string message;  // one line: what
  Place place;          // where
};

// What one attempt used. Memory and CPU are the process's: in a batch they are shared by its runs.
struct Usage {
  double wall_seconds = 0;
  double user_seconds = 0;
  double system_seconds = 0;
  std::uint64_t peak_memory = 0;  // bytes, of the whole process tree as far as it was seen
  std::uint64_t result_bytes = 0;
  std::uint64_t events = 0;  // simulated events, where the program tells; else 0
};

// A moment in the life of a running run.
struct Progress {
  std::optional<double> fraction;        // 0 to 1, as the program says
  std::optional<double> simulated_time;  // seconds
  std::optional<double> speed;           // simulated seconds a second
  std::optional<std::int64_t> event;
  std::uint64_t memory = 0;  // bytes now, the whole process tree
};

}  // namespace simswarm
