// Clocks: durations are monotonic, stamps are UTC with microseconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace simswarm {

using Monotonic = std::chrono::steady_clock::time_point;
using Seconds = std::chrono::duration<double>;
using Stamp = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

// A seam: logic that waits or measures takes one of these, tests hand it a fake.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Monotonic monotonic() const = 0;
  [[nodiscard]] virtual Stamp stamp() const = 0;
};

[[nodiscard]] const Clock& system_clock();

// «2026-11-22T12:57:03.123456Z»
[[nodiscard]] std::string to_text(Stamp stamp);

// A ULID: 26 characters that sort by time (github.com/ulid/spec), for campaigns. It sorts behind `after`, too, should
// the clock have been set back since that was made.
[[nodiscard]] std::string make_ulid(Stamp stamp, std::string_view after = {});

}  // namespace simswarm
