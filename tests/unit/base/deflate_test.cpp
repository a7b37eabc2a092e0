#include "base/deflate.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace simswarm {
namespace {

// What gzip makes of it.
std::string unpacked_gzip(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(::inflateInit2(&stream, 15 + 16), Z_OK);
  std::string input = packed;
  std::string text(8U << 20U, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U);
  text.resize(text.size() - stream.avail_out);
  ::inflateEnd(&stream);
  return text;
}

std::string deflated(const std::string& text) {
  uLongf size = ::compressBound(text.size());
  std::string packed(size, '\0');
  EXPECT_EQ(::compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(text.data()),
                       text.size()),
            Z_OK);
  packed.resize(size);
  return packed;
}

std::string noise(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (char& c : text) c = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U);
  return text;
}

TEST(Gzipped, IsWhatGzipReads) {
  for (const std::string& text : {std::string(), std::string("x"), std::string(5U << 20U, 'x'), noise(1U << 20U)}) {
    const std::string packed = gzipped(text);
    EXPECT_TRUE(packed.starts_with("\x1f\x8b")) << text.size();
    EXPECT_TRUE(unpacked_gzip(packed) == text) << text.size();
  }
  EXPECT_LT(gzipped(std::string(5U << 20U, 'x')).size(), 50'000U);
}

TEST(Inflated, GivesWhatWasPacked) {
  for (const std::string& text : {std::string(), std::string("x"), std::string(100'000, 'x'), noise(100'000)}) {
    const auto found = inflated(deflated(text), 100'000);
    ASSERT_TRUE(found.has_value()) << text.size();
    EXPECT_TRUE(*found == text) << text.size();
  }
}

TEST(Inflated, GivesNothingOfWhatIsBroken) {
  const std::string packed = deflated(noise(1000));
  EXPECT_FALSE(inflated("", 1000).has_value());
  EXPECT_FALSE(inflated("no stream of zlib's", 1000).has_value());
  EXPECT_FALSE(inflated(packed.substr(0, packed.size() - 1), 1000).has_value());
  std::string flipped = packed;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  EXPECT_FALSE(inflated(flipped, 1000).has_value());
}

TEST(Inflated, GivesNoMoreThanIsWanted) {
  EXPECT_FALSE(inflated(deflated(std::string(50U << 20U, '\0')), 1U << 20U).has_value());
  EXPECT_TRUE(inflated(deflated(std::string(1000, 'x')), 1000).has_value());
  EXPECT_FALSE(inflated(deflated(std::string(1001, 'x')), 1000).has_value());
}

}  // namespace
}  // namespace simswarm
