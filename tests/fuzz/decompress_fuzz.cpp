// Compressed bytes of strangers, in pieces of any size: either all of them are one frame, or they are refused.
#include "archive/compression.h"
#include "fuzz_support.h"

namespace simswarm::fuzz {
namespace {

constexpr std::size_t kMost = 1 << 20;  // bytes; what goes on only takes time

// What comes, in pieces of so many bytes; nothing where it is refused. `whole` tells whether its end was seen.
std::optional<std::string> decompressed(std::string_view packed, std::size_t piece, bool& whole) {
  TextSource source(packed);
  const auto unpacking = archive::decompress(source);
  std::string all;
  std::string buffer(piece, '\0');
  whole = false;
  while (!whole && all.size() < kMost) {
    const auto got = unpacking->read(buffer);
    if (!got) {
      require(!unpacking->read(buffer), "an error stays");
      return std::nullopt;
    }
    all.append(buffer, 0, *got);
    whole = *got < piece;
  }
  return all;
}

void check_back(std::string_view text) {
  TextSink sink;
  const auto packing = archive::compress_into(sink);
  require(packing->write(text).has_value() && packing->finish().has_value(), "text can be compressed");
  bool whole = false;
  const auto back = decompressed(sink.text(), kPiece, whole);
  require(back && (!whole || *back == text), "what was compressed comes back");
  require(!decompressed(sink.text() + "x", kPiece, whole) || !whole, "bytes behind the end are refused");
}

}  // namespace

void check(std::string_view input) {
  if (take_choice(input, 2) == 1) return check_back(input);
  bool whole = false;
  bool whole_in_pieces = false;
  const auto at_once = decompressed(input, kPiece, whole);
  const auto in_pieces = decompressed(input, 999, whole_in_pieces);
  if (!whole && at_once) return;
  require(at_once.has_value() == in_pieces.has_value(), "the size of the pieces does not matter");
  require(!at_once || !whole_in_pieces || *at_once == *in_pieces, "the content is the same in pieces of any size");
  bool ended = false;
  require(!at_once || !decompressed(std::string(input) + "x", kPiece, ended), "bytes behind the end are refused");
}

}  // namespace simswarm::fuzz
