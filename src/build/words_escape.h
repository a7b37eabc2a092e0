// Escape sequences of terminals in what programs print.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace simswarm::build {

enum class EscapeKind {
  kNone,        // the first byte begins no sequence
  kIncomplete,  // more bytes have to come before it can be told
  kColour,      // SGR: «ESC [ … m»
  kOther        // anything else that a terminal would obey: moves, erasures, titles, links, resets
};

struct Escape {
  EscapeKind kind = EscapeKind::kNone;
  std::size_t size = 0;  // bytes, with the ESC; of kColour and kOther
};

// `text` begins with ESC. No sequence goes beyond a line's end, nor is longer than a few thousand bytes.
[[nodiscard]] Escape read_escape(std::string_view text);

// The line without sequences, its other control characters as visible escapes, cut to `most` bytes.
[[nodiscard]] std::string plain_line(std::string_view line, std::size_t most);

}  // namespace simswarm::build
