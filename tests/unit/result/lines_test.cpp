#include "result/lines.h"

#include <gtest/gtest.h>

#include "result_support.h"

namespace simswarm::result {
namespace {

std::vector<std::string> all_lines(const fs::path& file) {
  std::vector<std::string> lines;
  auto reader = LineReader::open(file);
  EXPECT_TRUE(reader.has_value());
  while (reader->next().value()) lines.emplace_back(reader->line());
  return lines;
}

TEST(Lines, ComeOneByOneWithTheirNumbers) {
  TestFolder folder;
  auto reader = LineReader::open(folder.write("a", "first\n\nlast"));
  ASSERT_TRUE(reader.has_value());
  ASSERT_TRUE(reader->next().value());
  EXPECT_EQ(reader->line(), "first");
  EXPECT_TRUE(reader->has_newline());
  ASSERT_TRUE(reader->next().value());
  EXPECT_EQ(reader->line(), "");
  ASSERT_TRUE(reader->next().value());
  EXPECT_EQ(reader->line(), "last");
  EXPECT_EQ(reader->number(), 3U);
  EXPECT_FALSE(reader->has_newline());
  EXPECT_FALSE(reader->next().value());
  EXPECT_FALSE(reader->next().value());
}

TEST(Lines, LongerThanTheBufferAreWhole) {
  TestFolder folder;
  const std::string longest(700'000, 'x');
  const std::string exactly_the_buffer(64 * 1024 - 6, 'y');
  const auto lines = all_lines(folder.write("a", "short\n" + exactly_the_buffer + "\n" + longest + "\nend\n"));
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[1], exactly_the_buffer);
  EXPECT_EQ(lines[2], longest);
  EXPECT_EQ(lines[3], "end");
}

TEST(Lines, ManyOfThemSurviveTheEdgesOfTheBuffer) {
  TestFolder folder;
  std::string content;
  for (int i = 0; i < 200'000; ++i) content += std::to_string(i) + "\n";
  const auto lines = all_lines(folder.write("a", content));
  ASSERT_EQ(lines.size(), 200'000U);
  for (std::size_t i = 0; i < lines.size(); ++i) ASSERT_EQ(lines[i], std::to_string(i));
}

TEST(Lines, OfAFileThatIsNotThereAreAnErrorThatNamesIt) {
  const auto reader = LineReader::open("/nowhere/x.sca");
  ASSERT_FALSE(reader.has_value());
  EXPECT_EQ(reader.error().message, "/nowhere/x.sca: No such file or directory");
}

TEST(Lines, OfAFolderOrADeviceAreRefused) {
  TestFolder folder;
  EXPECT_EQ(LineReader::open(folder.path()).error().message, folder.path().string() + ": is no regular file");
  EXPECT_FALSE(LineReader::open("/dev/zero").has_value());
}

}  // namespace
}  // namespace simswarm::result
