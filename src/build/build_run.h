// Runs the steps of a recipe: unprivileged, apart from other projects, under limits, and nothing of it is left.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "build/recipe.h"
#include "build/words.h"
#include "exec/keeper.h"
#include "exec/process.h"

namespace simswarm::build {

struct BuildLimits {
  double seconds = 2 * 3600;                 // of wall time
  std::uint64_t memory = 0;                  // bytes of the whole tree of processes; 0: none
  std::uint64_t disk = 20ULL << 30U;         // bytes that the tree may grow by
  std::uint64_t least_free = 256ULL << 20U;  // bytes free on its disk
  std::uint64_t output = 64ULL << 20U;       // bytes that are kept of what it prints: the first and the last of it
  std::uint64_t most_output = 4ULL << 30U;   // bytes, beyond which it is ended
  std::size_t processes = 2000;              // at once
};

struct BuildSpec {
  fs::path tree;  // the checkout, absolute
  std::vector<Step> steps;
  std::size_t jobs = 1;
  std::vector<std::pair<std::string, std::string>>
      environment;                 // added to a bare one (PATH, LANG, HOME below `temporary`)
  std::optional<exec::User> user;  // nothing: we are not root
  fs::path temporary;              // becomes /tmp, /var/tmp and TMPDIR of the build; made, and emptied after
  std::vector<fs::path> hidden;    // folders that it must not see: other projects, our own state
  fs::path seen_at;                // where the tree is seen, too; empty: nowhere else
  std::vector<fs::path> shown;     // seen all the same, like the tree, wherever they lie: the farm's (Farm::folders())
  exec::Inside inside;             // the keeper's; not needed where exec::apart_here() gives more
  std::string mark;                // «NAME=value», by which strays are found
  BuildLimits limits;
};

enum class BuildOutcome {
  kBuilt,
  kFailed,
  kTimedOut,
  kOutOfMemory,
  kDiskFull,
  kTooMuchOutput,
  kTooManyProcesses,
  kCancelled
};
[[nodiscard]] std::string_view to_text(BuildOutcome outcome);

struct BuildEnd {
  BuildOutcome outcome = BuildOutcome::kBuilt;
  int exit_code = 0;  // of the step that failed; 128 + signal
  std::string step;   // that failed, as a shell would have it
  std::optional<FirstError> error;
  std::string message;  // one sentence for the user; empty where it was built
  double seconds = 0;
  std::uint64_t peak_memory = 0;  // bytes
  std::uint64_t output = 0;       // bytes that it printed
};

struct BuildEars {
  std::function<void(std::string_view)> output = [](std::string_view) {};  // both streams, as they come; printable
  std::function<void()> tick = [] {};                                      // every 200 ms or so
  std::function<bool()> cancelled = [] { return false; };
};

// An error: nothing could be started at all. When it returns no process of the build is left, whatever they tried:
// sessions of their own, forks for ever.
[[nodiscard]] Result<BuildEnd> run_build(const BuildSpec& spec, const BuildEars& ears);

}  // namespace simswarm::build
