// Many small numbers in few bytes of JSON.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace simswarm::web {

// RFC 4648, with padding.
[[nodiscard]] std::string base64_encoded(std::string_view bytes);
// Two bytes each, the lower first, in base64.
[[nodiscard]] std::string encoded_numbers(std::span<const std::uint16_t> numbers);

}  // namespace simswarm::web
