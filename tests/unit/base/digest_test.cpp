#include "base/digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm {
namespace {

using testing::HasSubstr;

// FIPS 180-2, appendix B.
constexpr const char* kOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* kOfAMillionA = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Digests, AreThoseOfTheStandard) {
  EXPECT_EQ(digest_of("abc").hex(), kOfAbc);
  EXPECT_EQ(digest_of("").hex(), kOfNothing);
}

TEST(Digests, OfPiecesAreThoseOfTheWhole) {
  EXPECT_EQ(Hasher().bytes("a").bytes("").bytes("bc").finish(), digest_of("abc"));
}

TEST(Digests, OfFieldsTellWhereAFieldEnds) {
  EXPECT_NE(Hasher().field("ab").field("c").finish(), Hasher().field("a").field("bc").finish());
  EXPECT_NE(Hasher().field("").field("a").finish(), Hasher().field("a").field("").finish());
  EXPECT_EQ(Hasher().field("ab").finish(), Hasher().field("ab").finish());
}

TEST(Digests, OfALargeFileAreReadAsAStream) {
  const TestFolder folder;
  EXPECT_EQ(digest_of_file(folder.write("a", std::string(1'000'000, 'a'))).value().hex(), kOfAMillionA);
  EXPECT_EQ(digest_of_file(folder.write("empty", "")).value().hex(), kOfNothing);
}

TEST(Digests, OfAFileThatIsNotThereSayWhich) {
  const TestFolder folder;
  EXPECT_THAT(error_of(digest_of_file(folder / "none")), HasSubstr("/none: No such file or directory"));
  EXPECT_THAT(error_of(digest_of_file(folder.path())), HasSubstr("Is a directory"));
}

TEST(Digests, FromElsewhereAreChecked) {
  EXPECT_EQ(Digest::parse(kOfAbc).value(), digest_of("abc"));
  const std::string valid = kOfAbc;
  for (const std::string& text : {std::string(), valid.substr(1), valid + "0", "G" + valid.substr(1),
                                  "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD" + std::string()}) {
    EXPECT_EQ(error_of(Digest::parse(text)), "«" + text + "» is no SHA-256 digest (64 hexadecimal digits)");
  }
}

TEST(Digests, OfNothingAtAllAreEmpty) {
  EXPECT_TRUE(Digest().empty());
  EXPECT_FALSE(digest_of("").empty());
}

}  // namespace
}  // namespace simswarm
