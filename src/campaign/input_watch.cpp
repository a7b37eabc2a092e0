#include "campaign/input_watch.h"

namespace simswarm::campaign {

bool InputWatch::look(const std::vector<WatchedInput>& inputs) {
  constexpr int kShare = 20;
  const Monotonic begin = system_clock().monotonic();
  if (has_changed() || begin < next_) return false;
  for (const WatchedInput& input : inputs) {
    const auto identity = identify(input.path);
    if (identity && *identity == input.identity) continue;
    changed_ = input.path.string();
    return true;
  }
  const Monotonic end = system_clock().monotonic();
  next_ = end + (end - begin) * kShare;
  return false;
}

}  // namespace simswarm::campaign
