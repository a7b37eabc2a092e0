#include "web/encoded.h"

namespace simswarm::web {

std::string base64_encoded(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8U | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) text += i + k > bytes.size() ? '=' : kDigits[bits >> (18U - 6U * k) & 63U];
  }
  return text;
}

std::string encoded_numbers(std::span<const std::uint16_t> numbers) {
  std::string bytes;
  bytes.reserve(numbers.size() * 2);
  for (const std::uint16_t number : numbers) {
    bytes += static_cast<char>(number & 0xFFU);
    bytes += static_cast<char>(number >> 8U);
  }
  return base64_encoded(bytes);
}

}  // namespace simswarm::web
