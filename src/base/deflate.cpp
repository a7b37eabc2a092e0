#include "base/deflate.h"

#include <zlib.h>

#include <array>

namespace simswarm {
namespace {

constexpr int kLevel = 4;
constexpr int kGzip = 15 + 16;  // the window of 32 KiB, in gzip's form
constexpr int kMemory = 8;

}  // namespace

std::optional<std::string> inflated(std::string_view packed, std::size_t most) {
  z_stream stream{};
  if (::inflateInit(&stream) != Z_OK) return std::nullopt;
  std::string input(packed);  // zlib takes no const
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  std::string text;
  std::array<char, 16384> part{};
  int state = Z_OK;
  while (state == Z_OK && text.size() <= most) {
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    state = ::inflate(&stream, Z_NO_FLUSH);
    text.append(part.data(), part.size() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  if (state != Z_STREAM_END || text.size() > most) return std::nullopt;
  return text;
}

std::string gzipped(std::string_view text) {
  z_stream stream{};
  if (::deflateInit2(&stream, kLevel, Z_DEFLATED, kGzip, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string input(text);
  std::string packed(::deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const bool is_whole = ::deflate(&stream, Z_FINISH) == Z_STREAM_END;
  packed.resize(packed.size() - stream.avail_out);
  ::deflateEnd(&stream);
  return is_whole ? packed : std::string();
}

}  // namespace simswarm
