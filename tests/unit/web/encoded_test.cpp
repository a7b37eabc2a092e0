#include "web/encoded.h"

#include <gtest/gtest.h>

#include <vector>

namespace simswarm::web {
namespace {

// The examples of RFC 4648.
TEST(Base64, IsThatOfTheStandard) {
  EXPECT_EQ(base64_encoded(""), "");
  EXPECT_EQ(base64_encoded("f"), "Zg==");
  EXPECT_EQ(base64_encoded("fo"), "Zm8=");
  EXPECT_EQ(base64_encoded("foo"), "Zm9v");
  EXPECT_EQ(base64_encoded("foob"), "Zm9vYg==");
  EXPECT_EQ(base64_encoded("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64_encoded("foobar"), "Zm9vYmFy");
}

TEST(Base64, TakesAllBytes) {
  EXPECT_EQ(base64_encoded(std::string("\x00\xff\xfe\x00", 4)), "AP/+AA==");
}

TEST(EncodedNumbers, HaveTheirLowerByteFirst) {
  EXPECT_EQ(encoded_numbers({}), "");
  EXPECT_EQ(encoded_numbers(std::vector<std::uint16_t>{0x0102, 0xffff, 0}),
            base64_encoded(std::string("\x02\x01\xff\xff\0\0", 6)));
}

}  // namespace
}  // namespace simswarm::web
