#include "base/deflate.h"

#define ZLIB_CONST  // zlib does not write what it reads, and says so only when asked
#include <zlib.h>

#include <array>

namespace simswarm {
namespace {

constexpr int kLevel = 3;       // two thirds of the time of level 4, and a few bytes more
constexpr int kGzip = 15 + 16;  // the window of 32 KiB, in gzip's form
constexpr int kMemory = 8;

// Keeps its quarter of a megabyte: to get it from the system takes longer than to pack a page of a list.
class Packer {
 public:
  Packer() : is_good_(::deflateInit2(&stream_, kLevel, Z_DEFLATED, kGzip, kMemory, Z_DEFAULT_STRATEGY) == Z_OK) {}
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;
  ~Packer() {
    if (is_good_) ::deflateEnd(&stream_);
  }

  std::string gzipped(std::string_view text) {
    if (!is_good_ || ::deflateReset(&stream_) != Z_OK) return {};
    std::string packed(::deflateBound(&stream_, static_cast<uLong>(text.size())), '\0');
    stream_.next_in = reinterpret_cast<const Bytef*>(text.data());
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream_.avail_out = static_cast<uInt>(packed.size());
    const bool is_whole = ::deflate(&stream_, Z_FINISH) == Z_STREAM_END;
    packed.resize(packed.size() - stream_.avail_out);
    return is_whole ? packed : std::string();
  }

 private:
  z_stream stream_{};
  bool is_good_;
};

}  // namespace

std::optional<std::string> inflated(std::string_view packed, std::size_t most) {
  z_stream stream{};
  if (::inflateInit(&stream) != Z_OK) return std::nullopt;
  stream.next_in = reinterpret_cast<const Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
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
  thread_local Packer packer;
  return packer.gzipped(text);
}

}  // namespace simswarm
