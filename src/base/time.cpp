#include "base/time.h"

#include <fmt/core.h>

#include <array>
#include <ctime>
#include <random>

namespace simswarm {
namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Monotonic monotonic() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] Stamp stamp() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string to_text(Stamp stamp) {
  const auto micros = stamp.time_since_epoch().count();
  const std::time_t seconds = micros >= 0 ? micros / 1'000'000 : (micros - 999'999) / 1'000'000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, micros - seconds * 1'000'000);
}

std::string make_ulid(Stamp stamp) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // Crockford's base 32
  auto millis = static_cast<std::uint64_t>(stamp.time_since_epoch().count() / 1000);
  std::string ulid(26, '0');
  for (std::size_t i = 10; i-- > 0; millis >>= 5U) ulid[i] = kAlphabet[millis & 31U];
  std::random_device random;
  for (std::size_t i = 10; i < ulid.size(); ++i) ulid[i] = kAlphabet[random() & 31U];
  return ulid;
}

}  // namespace simswarm
