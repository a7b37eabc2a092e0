#include "queue/packed.h"

#include <cstdint>

#include "base/deflate.h"

namespace simswarm::jobs {
namespace {

constexpr char kZlib = 'x';  // deflate with a window of 32 KiB, as Python writes it; JSON never begins so
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<std::string> unpacked(std::string_view field) {
  if (field.empty() || field.front() != kZlib) return std::string(field);
  return inflated(field, kMostUnpacked);
}

std::optional<std::string> base64_decoded(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string decoded;
  decoded.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < text.size() - padding; ++i) {
    const std::size_t value = kBase64.find(text[i]);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    if (i % 4 != 0) decoded += static_cast<char>(bits >> (6U - i % 4 * 2U) & 0xFFU);
  }
  return decoded;
}

}  // namespace simswarm::jobs
