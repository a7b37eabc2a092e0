#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "build/words.h"

namespace simswarm::build {
namespace {

std::string printed(std::string_view text, std::size_t most = 8192) {
  Printable printable(most);
  std::string output = printable.take(text);
  return output + printable.end();
}

std::string byte_by_byte(std::string_view text, std::size_t most = 8192) {
  Printable printable(most);
  std::string output;
  for (const char& byte : text) output += printable.take(std::string_view(&byte, 1));
  return output + printable.end();
}

struct Sample {
  const char* what;
  std::string_view raw;
  std::string_view shown;
};

using namespace std::string_view_literals;

const Sample kSamples[] = {
    {"plain text", "hello\n\tworld\n", "hello\n\tworld\n"},
    {"no end of line", "hello", "hello"},
    {"UTF-8", "‘ä’ 中 🚀\n", "‘ä’ 中 🚀\n"},
    {"colours", "\x1b[01;31merror\x1b[0m \x1b[38;2;1;2;3mx\x1b[m", "\x1b[01;31merror\x1b[0m \x1b[38;2;1;2;3mx\x1b[m"},
    {"what gcc adds to colours", "\x1b[01m\x1b[Ka.h\x1b[m\x1b[K", "\x1b[01ma.h\x1b[m"},
    {"moves and erasures", "a\x1b[2J\x1b[1;1H\x1b[?25lb\x1b[0Kc", "abc"},
    {"private modes are no colours", "a\x1b[>4;1mb", "ab"},
    {"titles and links", "\x1b]0;title\x07z\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "zlink"},
    {"device control", "a\x1bP1;2|data\x1b\\b", "ab"},
    {"resets and character sets",
     "a\x1b"
     "c\x1b(B\x1b=b",
     "ab"},
    {"a title without an end", "a\x1b]0;title\nb\n", "a\\x1b]0;title\nb\n"},
    {"an escape at the end", "a\x1b", "a\\x1b"},
    {"an escape before a line's end", "a\x1b\nb", "a\\x1b\nb"},
    {"a sequence that is cut off", "a\x1b[12", "a\\x1b[12"},
    {"NUL and other controls",
     "a\0b\x07"
     "c\x08"
     "d\x7f"
     "e\n"sv,
     "a\\x00b\\x07c\\x08d\\x7fe\n"},
    {"bytes that are no UTF-8",
     "a\xff\xfe"
     "b\xc3(\xe2\x82z",
     "a\\xff\\xfeb\\xc3(\\xe2\\x82z"},
    {"overlong and surrogate forms", "\xc0\x80 \xe0\x80\x80 \xed\xa0\x80 \xf5\x80\x80\x80",
     "\\xc0\\x80 \\xe0\\x80\\x80 \\xed\\xa0\\x80 \\xf5\\x80\\x80\\x80"},
    {"a character that is cut off", "a\xe2\x82", "a\\xe2\\x82"},
    {"eight-bit controls",
     "a\xc2\x9b"
     "2Jb",
     "a\\u009b2Jb"},
    {"turned text", "if (x\xe2\x80\xae) { /*", "if (x\\u202e) { /*"},
    {"Windows' line ends", "a\r\nb\r\r\n", "a\nb\n"},
    {"a progress line", "\r[1/2] a\x1b[K\r[2/2] b\x1b[K\ndone\n", "[1/2] a\n[2/2] b\ndone\n"},
    {"a progress line at the end", "10%\r20%\r", "10%\n20%"},
};

TEST(Printable, ShowsWhatATerminalMayHave) {
  for (const Sample& sample : kSamples) EXPECT_EQ(printed(sample.raw), sample.shown) << sample.what;
}

TEST(Printable, DoesNotDependOnPieces) {
  for (const Sample& sample : kSamples) EXPECT_EQ(byte_by_byte(sample.raw), sample.shown) << sample.what;
}

TEST(Printable, ShowsAtOnceWhatIsWhole) {
  Printable printable;
  EXPECT_EQ(printable.take("Building a.o ... \xe2\x80"), "Building a.o ... ");
  EXPECT_EQ(printable.take("\x98x\x1b[3"), "‘x");
  EXPECT_EQ(printable.take("1mred"), "\x1b[31mred");
  EXPECT_EQ(printable.end(), "");
}

TEST(Printable, CutsALongLineAndSaysHowMuch) {
  const std::string line = std::string(1 << 20, 'x');
  EXPECT_EQ(printed(line + "\nnext\n", 10), "xxxxxxxxxx… (1048566 bytes more)\nnext\n");
  EXPECT_EQ(printed("xxxxxxxxxx\n", 10), "xxxxxxxxxx\n") << "a line of just that length is whole";
  EXPECT_EQ(printed(line, 10), "xxxxxxxxxx… (1048566 bytes more)") << "also at the end";
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(printed("12345‘’x\n", 9), "12345‘… (4 bytes more)\n");
  EXPECT_EQ(byte_by_byte("12345‘’x\n", 9), "12345‘… (4 bytes more)\n");
  EXPECT_EQ(printed(std::string_view("1234567\0x\n", 10), 9), "1234567… (2 bytes more)\n");
}

TEST(Printable, EndsTheColourOfALineThatIsCut) {
  EXPECT_EQ(printed("\x1b[31mredredred\x1b[0m\nnext\n", 8), "\x1b[31mred\x1b[0m… (10 bytes more)\nnext\n");
}

TEST(Printable, HoldsLittleOfASequenceWithoutEnd) {
  Printable printable(1 << 20);
  std::string output = printable.take("\x1b]0;");
  for (int i = 0; i < 10; ++i) output += printable.take(std::string(1000, 't'));
  EXPECT_GT(output.size(), 5000U) << "it is shown as text when it has become too long";
  EXPECT_EQ(output.substr(0, 8), "\\x1b]0;t");
}

}  // namespace
}  // namespace simswarm::build
