#include "archive/compression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream_support.h"
#include "test_folder.h"

namespace simswarm::archive {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

std::string compressed(std::string_view text) {
  TextSink sink;
  const auto packing = compress_into(sink);
  EXPECT_TRUE(packing->write(text));
  EXPECT_TRUE(packing->finish());
  return sink.take();
}

Result<std::string> decompressed(std::string_view packed) {
  TextSource source(packed);
  return all_of(*decompress(source));
}

// Frames that this library does not make of itself, by their bytes (RFC 8878).
std::string frame(std::string_view after_magic) {
  return std::string("\x28\xb5\x2f\xfd") + std::string(after_magic);
}

TEST(Compression, GivesBackWhatWasWritten) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kPiece - 1, kPiece, kPiece + 1, 5 * kPiece + 77}) {
    const std::string text = mixed_text(size);
    EXPECT_TRUE(decompressed(compressed(text)) == text) << size;
  }
}

TEST(Compression, MakesTextSmallerAndTheSameEachTime) {
  const std::string text = mixed_text(1 << 20);
  const std::string once = compressed(text);
  EXPECT_LT(once.size(), text.size() * 6 / 10);
  EXPECT_TRUE(once == compressed(text));
}

TEST(Compression, IsOneFrameHoweverItIsWritten) {
  const std::string text = mixed_text(300'000);
  TextSink sink;
  const auto packing = compress_into(sink);
  for (std::size_t at = 0; at < text.size(); at += 777)
    EXPECT_TRUE(packing->write(std::string_view(text).substr(at, 777)));
  EXPECT_TRUE(packing->write(""));
  EXPECT_TRUE(packing->finish());
  EXPECT_TRUE(decompressed(sink.text()) == text);
}

TEST(Compression, IsReadInPiecesOfAnySize) {
  const std::string text = mixed_text(300'000);
  const std::string packed = compressed(text);
  TextSource source(packed);
  const auto unpacking = decompress(source);
  std::string all;
  std::array<char, 1001> buffer{};
  while (true) {
    const auto got = unpacking->read(buffer);
    ASSERT_TRUE(got);
    all.append(buffer.data(), *got);
    if (*got < buffer.size()) break;
  }
  EXPECT_TRUE(all == text);
  EXPECT_EQ(unpacking->read(buffer), 0U) << "the end stays the end";
}

TEST(Compression, HoldsNothingBackAfterItsEnd) {
  FullSink full(1 << 20);
  const auto packing = compress_into(full);
  EXPECT_TRUE(packing->write("text"));
  EXPECT_EQ(error_of(packing->finish()), "the end is not taken");
  EXPECT_EQ(full.finished, 1);
}

TEST(Compression, PassesOnThatItsSinkIsFull) {
  FullSink full(1000);
  const auto packing = compress_into(full);
  EXPECT_EQ(error_of(packing->write(mixed_text(4 << 20))), "the disk is full");
  FullSink none(0);
  const auto held = compress_into(none);
  EXPECT_TRUE(held->write("text"));
  EXPECT_EQ(error_of(held->finish()), "the disk is full");
  EXPECT_EQ(none.finished, 0);
}

TEST(Compression, PassesOnThatItsSourceFails) {
  BrokenSource source(compressed(mixed_text(1 << 20)));
  const auto unpacking = decompress(source);
  EXPECT_EQ(error_of(all_of(*unpacking)), "the line is cut");
  std::array<char, 10> buffer{};
  EXPECT_EQ(error_of(unpacking->read(buffer)), "the line is cut") << "an error stays";
}

TEST(Compression, RefusesWhatIsTruncatedAnywhere) {
  const std::string packed = compressed(mixed_text(2000));
  for (std::size_t size = 1; size < packed.size(); ++size)
    EXPECT_EQ(error_of(decompressed(packed.substr(0, size))), "the compressed data ends too early") << size;
  EXPECT_EQ(error_of(decompressed("")), "the compressed data is empty");
}

TEST(Compression, NeverGivesOtherContentForWhatIsDamaged) {
  const std::string text = mixed_text(2000);
  const std::string packed = compressed(text);
  int refused = 0;
  for (std::size_t bit = 0; bit < 8 * packed.size(); ++bit) {
    std::string damaged = packed;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const auto got = decompressed(damaged);
    EXPECT_TRUE(!got || *got == text) << bit;
    refused += got ? 0 : 1;
    EXPECT_THAT(error_of(got), AnyOf("no error", StartsWith("the compressed data "), StartsWith("the data is not")));
  }
  EXPECT_GT(refused, static_cast<int>(8 * packed.size()) * 99 / 100) << "a few bits say nothing";
}

TEST(Compression, RefusesWhatIsNoZstd) {
  for (const std::string text : {"text", "t", "\x1f\x8b\x08", "\x28\xb5\x2f\xfc"})
    EXPECT_EQ(error_of(decompressed(text)), "the data is not compressed with zstd") << text;
  const std::string skippable("\x50\x2a\x4d\x18\x04\0\0\0text", 12);
  EXPECT_EQ(error_of(decompressed(skippable)), "the data is not compressed with zstd");
  EXPECT_EQ(error_of(decompressed(skippable + compressed("text"))), "the data is not compressed with zstd");
}

TEST(Compression, RefusesBytesBehindTheEnd) {
  const std::string behind = "the compressed data has bytes behind its end";
  const std::string packed = compressed("text");
  EXPECT_EQ(error_of(decompressed(packed + '\0')), behind);
  EXPECT_EQ(error_of(decompressed(packed + packed)), behind);
  EXPECT_EQ(error_of(decompressed(packed + std::string(kPiece - packed.size(), 'x'))), behind);
  EXPECT_EQ(error_of(decompressed(packed + std::string("\x50\x2a\x4d\x18\0\0\0\0", 8))), behind) << "a frame to skip";
}

TEST(Compression, FindsBytesBehindAnEndThatFillsAPiece) {
  std::string packed;
  for (std::size_t size = kPiece - 500; packed.size() < kPiece && size < kPiece; ++size) {
    std::string random(size, '\0');
    std::uint64_t state = 1;
    for (char& c : random) c = static_cast<char>((state = state * 6364136223846793005ULL + 1) >> 56U);
    packed = compressed(random);
  }
  ASSERT_THAT(packed, SizeIs(kPiece));
  EXPECT_TRUE(decompressed(packed));
  EXPECT_THAT(error_of(decompressed(packed + "x")), HasSubstr("behind its end"));
}

TEST(Compression, RefusesLargeWindows) {
  // Descriptor: no checksum, no size, no dictionary; window 2^(10 + n/8); one empty last block.
  const std::string block("\x01\0\0", 3);
  EXPECT_EQ(decompressed(frame(std::string("\0\x68", 2) + block)), "") << "8 MiB";
  EXPECT_EQ(error_of(decompressed(frame(std::string("\0\x69", 2) + block))),
            "the compressed data wants a window of more than 8 MiB");
  EXPECT_EQ(error_of(decompressed(frame(std::string("\0\xa0", 2) + block))),
            "the compressed data wants a window of more than 8 MiB")
      << "1 GiB";
}

TEST(Compression, RefusesDictionaries) {
  EXPECT_THAT(error_of(decompressed(frame(std::string("\x01\x58\x07\x01\0\0", 6)))), HasSubstr("ictionary"));
}

TEST(Compression, IsReadByZstdAndReadsIt) {
  const TestFolder folder;
  const std::string text = mixed_text(400'000);
  const fs::path ours = folder.write("ours.zst", compressed(text));
  const fs::path plain = folder.write("plain", text);
  ASSERT_EQ(std::system(("zstd -dq " + ours.string() + " && zstd -q -19 " + plain.string()).c_str()), 0);
  EXPECT_TRUE(folder.read("ours") == text);
  EXPECT_TRUE(decompressed(folder.read("plain.zst")) == text);
}

}  // namespace
}  // namespace simswarm::archive
