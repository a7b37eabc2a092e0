#include "campaign/input_watch.h"

namespace simswarm::campaign {

bool InputWatch::look(const std::vector<WatchedInput>& inputs, bool must) {
  constexpr int kShare = 20;
  const Monotonic begin = system_clock().monotonic();
  if (has_changed()) return true;
  if (begin < next_ && !must) return false;
  for (const WatchedInput& input : inputs) {
    const auto identity = identify(input.path);
    if (identity && *identity == input.identity) continue;
    changed_ = input.path.string();
    return true;
  }
  const Monotonic end = system_clock().monotonic();
  next_ = end + (end - begin) * kShare;
  return true;
}

}  // namespace simswarm::campaign
