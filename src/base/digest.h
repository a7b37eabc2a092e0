// SHA-256 digests, as 64 lower-case hexadecimal digits.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace simswarm {

using DigestBytes = std::array<std::uint8_t, 32>;

class Digest {
 public:
  Digest() = default;  // of nothing: empty() is true
  // Nothing but 64 hexadecimal digits is taken; the caller has checked text from elsewhere with `parse`.
  static Result<Digest> parse(std::string_view hex);
  [[nodiscard]] static Digest of_bytes(const DigestBytes& bytes);
  [[nodiscard]] const std::string& hex() const { return hex_; }
  // A quarter of the memory; of one that is not empty.
  [[nodiscard]] DigestBytes bytes() const;
  [[nodiscard]] bool empty() const { return hex_.empty(); }
  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  friend class Hasher;
  std::string hex_;
};

// Feeds bytes to one SHA-256. `field` also feeds the length, so that («ab», «c») and («a», «bc») differ.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher& other);  // goes on from what the other was fed
  Hasher& operator=(const Hasher&) = delete;
  Hasher& bytes(std::string_view data);
  Hasher& field(std::string_view data);
  [[nodiscard]] Digest finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] Digest digest_of(std::string_view data);
// Reads the file as a stream.
[[nodiscard]] Result<Digest> digest_of_file(const std::filesystem::path& path);

}  // namespace simswarm
