#include "base/output_end.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test_folder.h"

namespace simswarm {
namespace {

std::string end_of(const fs::path& file, std::size_t most) {
  const auto text = read_end_of_output(file, most);
  EXPECT_TRUE(text.has_value()) << text.error().message;
  return text.value_or("");
}

TEST(OutputEnd, IsAllOfWhatIsShort) {
  const TestFolder folder;
  ASSERT_TRUE(write_file(folder / "out", "one\ntwo"));
  EXPECT_EQ(end_of(folder / "out", 7), "one\ntwo");
  ASSERT_TRUE(write_file(folder / "out", ""));
  EXPECT_EQ(end_of(folder / "out", 7), "");
}

TEST(OutputEnd, BeginsWithAWholeLine) {
  const TestFolder folder;
  ASSERT_TRUE(write_file(folder / "out", "a long line\nand two\nthree\n"));
  EXPECT_EQ(end_of(folder / "out", 20), "and two\nthree\n");
}

TEST(OutputEnd, OfOneEndlessLineIsThatFarBack) {
  const TestFolder folder;
  ASSERT_TRUE(write_file(folder / "out", std::string(100'000, 'x') + "y\n"));
  EXPECT_EQ(end_of(folder / "out", 10), "xxxxxxxxy\n");
}

TEST(OutputEnd, CutsNoCharacter) {
  EXPECT_EQ(whole_end("\xA4\xA4schön", true), "schön");
  EXPECT_EQ(whole_end("sch\xC3", false), "sch");
  EXPECT_EQ(whole_end("\xE2\x82", false), "");
  EXPECT_EQ(whole_end("1 \xE2\x82\xAC", false), "1 \xE2\x82\xAC");
  EXPECT_EQ(whole_end("\xF0\x9F\x98", false), "");
}

TEST(OutputEnd, LeavesBytesThatAreNoTextAsTheyAre) {
  const std::string bytes("\x80\x80\x80\x80\x80\xFF\0\x1B[31m", 12);
  EXPECT_EQ(whole_end(bytes, false), bytes);
  EXPECT_EQ(whole_end(bytes, true), bytes.substr(3));
}

TEST(OutputEnd, IsReadOfRegularFilesAlone) {
  const TestFolder folder;
  ASSERT_TRUE(write_file(folder / "secret", "of somebody else"));
  ASSERT_EQ(::symlink((folder / "secret").c_str(), (folder / "link").c_str()), 0);
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  for (const char* name : {"link", "pipe", ".", "missing"})
    EXPECT_FALSE(read_end_of_output(folder / name, 10).has_value()) << name;
}

TEST(OutputEnd, IsReadOfFilesOfTheUserAlone) {
  const TestFolder folder;
  ASSERT_TRUE(write_file(folder / "out", "text"));
  EXPECT_TRUE(read_end_of_output(folder / "out", 10, ::geteuid()).has_value());
  EXPECT_FALSE(read_end_of_output(folder / "out", 10, ::geteuid() + 1).has_value());
}

}  // namespace
}  // namespace simswarm
