#include "base/stream.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "stream_support.h"
#include "test_folder.h"

namespace simswarm {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class Stream : public testing::Test {
 protected:
  TestFolder folder_;
};

TEST_F(Stream, PoursAllOfAnySize) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kPiece - 1, kPiece, kPiece + 1, 3 * kPiece}) {
    const std::string text = mixed_text(size);
    TextSource source(text);
    TextSink sink;
    EXPECT_EQ(pour(source, sink), size);
    EXPECT_TRUE(sink.take() == text) << size;
  }
}

TEST_F(Stream, PoursUntilOneSideFails) {
  BrokenSource broken(mixed_text(kPiece + 10));
  TextSink sink;
  EXPECT_EQ(error_of(pour(broken, sink)), "the line is cut");
  EXPECT_EQ(sink.text().size(), kPiece);

  const std::string text = mixed_text(2 * kPiece);
  TextSource source(text);
  FullSink full(kPiece);
  EXPECT_EQ(error_of(pour(source, full)), "the disk is full");
  EXPECT_EQ(full.finished, 0);
}

TEST_F(Stream, DoesNotFinishTheSinkItPoursInto) {
  TextSource source("text");
  FullSink sink(10);
  EXPECT_EQ(pour(source, sink), 4U);
  EXPECT_EQ(sink.finished, 0);
}

TEST_F(Stream, OfTextEndsWithLessThanWasAskedFor) {
  TextSource source("abcde");
  std::array<char, 3> buffer{};
  EXPECT_EQ(source.read(buffer), 3U);
  EXPECT_EQ(std::string(buffer.data(), 3), "abc");
  EXPECT_EQ(source.read(buffer), 2U);
  EXPECT_EQ(std::string(buffer.data(), 2), "de");
  EXPECT_EQ(source.read(buffer), 0U);
  EXPECT_EQ(source.read(std::span<char>()), 0U);
}

TEST_F(Stream, ReadsFilesAlsoThroughLinks) {
  const std::string text = mixed_text(2 * kPiece + 3);
  folder_.write("a", text);
  fs::create_symlink("a", folder_ / "link");
  const auto source = FileSource::open(folder_ / "link").value();
  EXPECT_TRUE(all_of(*source) == text);
  EXPECT_EQ(error_of(FileSource::open(folder_ / "none")), (folder_ / "none").string() + ": No such file or directory");
  const auto of_folder = FileSource::open(folder_.path()).value();
  EXPECT_EQ(error_of(all_of(*of_folder)), folder_.path().string() + ": Is a directory");
}

TEST_F(Stream, FillsTheBufferFromAPipeThatGivesLittle) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  FileSource source(Fd(ends[0]), "pipe");
  std::thread writer([out = Fd(ends[1])] {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(::write(out.get(), "0123456789", 10), 10);
  });
  std::array<char, 700> buffer{};
  EXPECT_EQ(source.read(buffer), 700U);
  EXPECT_EQ(source.read(buffer), 300U);
  writer.join();
}

TEST_F(Stream, MakesNewFilesOnly) {
  {
    const auto sink = FileSink::create(folder_ / "new").value();
    EXPECT_GE(sink->descriptor(), 0);
    EXPECT_TRUE(sink->write("one"));
    EXPECT_TRUE(sink->write(""));
    EXPECT_TRUE(sink->write("two"));
    EXPECT_TRUE(sink->finish());
  }
  EXPECT_EQ(folder_.read("new"), "onetwo");
  EXPECT_THAT(error_of(FileSink::create(folder_ / "new")), EndsWith("new: File exists"));
  fs::create_symlink("elsewhere", folder_ / "link");
  EXPECT_THAT(error_of(FileSink::create(folder_ / "link")), EndsWith("link: File exists"));
  EXPECT_FALSE(fs::exists(folder_ / "elsewhere"));
  EXPECT_THAT(error_of(FileSink::create(folder_ / "none/new")), HasSubstr("No such file"));
}

TEST_F(Stream, SaysWhichFileCannotTakeMore) {
  FileSink sink(Fd(::open("/dev/full", O_WRONLY | O_CLOEXEC)), "FILE");
  EXPECT_EQ(error_of(sink.write("text")), "FILE: No space left on device");
  FileSink read_only(Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)), "FILE");
  EXPECT_THAT(error_of(read_only.write("text")), StartsWith("FILE: "));
}

TEST_F(Stream, KnowsTheDigestOfWhatPasses) {
  const std::string text = mixed_text(2 * kPiece + 1);
  TextSource inner(text);
  HashingSource source(inner);
  TextSink below;
  HashingSink sink(below);
  EXPECT_EQ(pour(source, sink), text.size());
  EXPECT_EQ(source.size(), text.size());
  EXPECT_EQ(sink.size(), text.size());
  EXPECT_EQ(source.digest(), digest_of(text));
  EXPECT_EQ(sink.digest(), digest_of(text));
  EXPECT_TRUE(below.text() == text);
}

TEST_F(Stream, CountsOnlyWhatWasTaken) {
  FullSink full(5);
  HashingSink sink(full);
  EXPECT_TRUE(sink.write("abcde"));
  EXPECT_EQ(error_of(sink.write("f")), "the disk is full");
  EXPECT_EQ(error_of(sink.finish()), "the end is not taken");
  EXPECT_EQ(sink.size(), 5U);
  EXPECT_EQ(sink.digest(), digest_of("abcde"));

  BrokenSource broken("ab");
  HashingSource source(broken);
  std::array<char, 2> buffer{};
  EXPECT_EQ(source.read(buffer), 2U);
  EXPECT_EQ(error_of(source.read(buffer)), "the line is cut");
  EXPECT_EQ(source.size(), 2U);
  EXPECT_EQ(source.digest(), digest_of("ab"));
}

TEST_F(Stream, OfNothingHasTheDigestOfNothing) {
  TextSource inner("");
  HashingSource source(inner);
  EXPECT_EQ(all_of(source), "");
  EXPECT_EQ(source.size(), 0U);
  EXPECT_EQ(source.digest(), digest_of(""));
}

}  // namespace
}  // namespace simswarm
