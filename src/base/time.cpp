#include "base/time.h"

#include <fmt/core.h>

#include <algorithm>
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

namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // Crockford's base 32
constexpr std::size_t kUlidTime = 10;                                       // characters

std::uint64_t millis_of(std::string_view ulid) {
  std::uint64_t millis = 0;
  for (const char c : ulid.substr(0, kUlidTime)) millis = millis << 5U | (kAlphabet.find(c) & 31U);
  return millis;
}

}  // namespace

std::string make_ulid(Stamp stamp, std::string_view after) {
  auto millis = static_cast<std::uint64_t>(stamp.time_since_epoch().count() / 1000);
  if (!after.empty()) millis = std::max(millis, millis_of(after) + 1);
  std::string ulid(26, '0');
  for (std::size_t i = kUlidTime; i-- > 0; millis >>= 5U) ulid[i] = kAlphabet[millis & 31U];
  std::random_device random;
  for (std::size_t i = kUlidTime; i < ulid.size(); ++i) ulid[i] = kAlphabet[random() & 31U];
  return ulid;
}

}  // namespace simswarm
