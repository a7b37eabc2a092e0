// Holds a running build to its limits. Internal to this room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "build/build_run.h"
#include "build/disk_growth.h"
#include "exec/rooted.h"

namespace simswarm::build {

struct Verdict {
  BuildOutcome outcome = BuildOutcome::kCancelled;
  std::string words;    // «ended after 2 h: the limit of time»
  bool at_once = true;  // no time to put things in order
};

class BuildWatch {
 public:
  explicit BuildWatch(const BuildSpec& spec);
  BuildWatch(const BuildWatch&) = delete;
  BuildWatch& operator=(const BuildWatch&) = delete;
  ~BuildWatch();

  // Often: it looks only as often as is needed. A verdict: the build has to end.
  [[nodiscard]] std::optional<Verdict> look(const exec::Rooted& tree, std::uint64_t output);
  // Of a step that has failed by itself, its tree still there: whether want of memory, disk or processes is why.
  [[nodiscard]] std::optional<Verdict> reason_of_failure(const exec::Rooted& tree) const;
  [[nodiscard]] std::uint64_t peak_memory() const { return peak_; }
  [[nodiscard]] double seconds() const { return Seconds(system_clock().monotonic() - since_).count(); }

 private:
  [[nodiscard]] std::optional<Verdict> look_at_disk(Monotonic now);
  [[nodiscard]] std::optional<Verdict> look_at_tree(const exec::Rooted& tree, Monotonic now);

  const BuildSpec& spec_;
  Monotonic since_;
  DiskGrowth growth_;
  std::uint64_t peak_ = 0;
  std::uint64_t kernel_kills_;
  Monotonic next_disk_{};
  Monotonic next_tree_{};
  std::uint64_t threads_ = 0;  // on this machine, when last looked
  std::optional<Monotonic> disk_is_short_since_;
};

}  // namespace simswarm::build
