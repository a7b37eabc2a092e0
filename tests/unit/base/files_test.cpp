#include "base/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "test_folder.h"

namespace simswarm {
namespace {

using testing::HasSubstr;

class Files : public testing::Test {
 protected:
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()));
  }
  TestFolder folder_;
};

TEST_F(Files, AreReadWhole) {
  const std::string content = std::string("a\0b\n", 4) + std::string(100'000, 'x');
  EXPECT_EQ(read_file(folder_.write("a", content)).value(), content);
  EXPECT_EQ(read_file(folder_.write("empty", "")).value(), "");
}

TEST_F(Files, ThatTellNoSizeAreReadToTheirEnd) {
  EXPECT_THAT(read_file("/proc/self/status").value(), HasSubstr("Name:\tunit_base"));
}

TEST_F(Files, ThatAreNotThereAreNamed) {
  const auto read = read_file(folder_ / "none");
  EXPECT_EQ(error_of(read), (folder_ / "none").string() + ": No such file or directory");
  EXPECT_EQ(read.error().code, ExitCode::kEnvironment);
  EXPECT_FALSE(read.error().can_retry);
  EXPECT_THAT(error_of(read_tail(folder_ / "none", 10)), HasSubstr("No such file"));
  EXPECT_THAT(error_of(identify(folder_ / "none")), HasSubstr("No such file"));
}

TEST_F(Files, GiveTheirEnd) {
  const fs::path file = folder_.write("a", "0123456789");
  EXPECT_EQ(read_tail(file, 4).value(), "6789");
  EXPECT_EQ(read_tail(file, 10).value(), "0123456789");
  EXPECT_EQ(read_tail(file, 1000).value(), "0123456789");
  EXPECT_EQ(read_tail(file, 0).value(), "");
}

TEST_F(Files, HaveNoTailWhereWhoWritesMayNeverCome) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(error_of(read_tail(folder_ / "pipe", 10)), HasSubstr("pipe: no regular file"));
  EXPECT_THAT(error_of(read_tail(folder_.path(), 10)), HasSubstr("no regular file"));
}

TEST_F(Files, AreKnownByIdentity) {
  const fs::path file = folder_.write("a", "one");
  fs::create_symlink("a", folder_ / "link");
  const FileIdentity before = identify(file).value();
  EXPECT_EQ(before.size, 3U);
  EXPECT_EQ(identify(folder_ / "link").value(), before) << "links are followed";
  folder_.write("b", "one");
  EXPECT_NE(identify(folder_ / "b").value(), before);
  const std::array<timespec, 2> times{timespec{1, 0}, timespec{1'700'000'000, 123}};
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times.data(), 0), 0);
  EXPECT_EQ(identify(file).value().mtime_ns, 1'700'000'000'000'000'123);
  EXPECT_NE(identify(file).value(), before);
}

TEST_F(Files, WrittenAtomicallyReplaceTheOldOneAndLeaveNothingElse) {
  ASSERT_TRUE(write_file_atomically(folder_ / "a", "old").has_value());
  const auto old = identify(folder_ / "a").value();
  const Fd reader(::open((folder_ / "a").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(write_file_atomically(folder_ / "a", "new").has_value());
  EXPECT_EQ(folder_.read("a"), "new");
  EXPECT_NE(identify(folder_ / "a").value().inode, old.inode) << "a reader keeps the old file";
  std::array<char, 8> seen{};
  EXPECT_EQ(::read(reader.get(), seen.data(), seen.size()), 3);
  EXPECT_STREQ(seen.data(), "old");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Files, ThatCannotBeWrittenAtomicallyLeaveNothing) {
  EXPECT_THAT(error_of(write_file_atomically(folder_ / "none/a", "x")), HasSubstr("No such file or directory"));
  folder_.write("there/inside", "");
  EXPECT_THAT(error_of(write_file_atomically(folder_ / "there", "x")), HasSubstr("/there: "));
  EXPECT_EQ(entries(), 1U) << "the temporary file is gone";
}

TEST_F(Files, AreWrittenPlainly) {
  ASSERT_TRUE(write_file(folder_ / "a", "longer").has_value());
  ASSERT_TRUE(write_file(folder_ / "a", "x").has_value());
  EXPECT_EQ(folder_.read("a"), "x");
  EXPECT_THAT(error_of(write_file("/dev/full", "x")), HasSubstr("No space left on device"));
}

TEST_F(Files, FoldersAreMadeWithAllAbove) {
  EXPECT_TRUE(make_folders(folder_ / "a/b/c").has_value());
  EXPECT_TRUE(fs::is_directory(folder_ / "a/b/c"));
  EXPECT_TRUE(make_folders(folder_ / "a/b").has_value()) << "those that are there are no error";
  folder_.write("file", "");
  EXPECT_THAT(error_of(make_folders(folder_ / "file/c")), HasSubstr("Not a directory"));
}

TEST_F(Files, TreesAreRemovedThatNobodyMayWriteIn) {
  folder_.write("tree/locked/deep/file", "");
  folder_.write("tree/hidden/file", "");
  ::chmod((folder_ / "tree/locked/deep").c_str(), 0500);
  ::chmod((folder_ / "tree/locked").c_str(), 0500);
  ::chmod((folder_ / "tree/hidden").c_str(), 0);
  ::chmod((folder_ / "tree").c_str(), 0500);
  EXPECT_TRUE(remove_tree(folder_ / "tree").has_value());
  EXPECT_FALSE(fs::exists(folder_ / "tree"));
}

TEST_F(Files, TreesAreRemovedButNotWhatTheirLinksLeadTo) {
  folder_.write("kept/file", "");
  folder_.folder("tree");
  fs::create_directory_symlink(folder_ / "kept", folder_ / "tree/link");
  ::chmod((folder_ / "tree").c_str(), 0500);
  EXPECT_TRUE(remove_tree(folder_ / "tree").has_value());
  EXPECT_TRUE(fs::exists(folder_ / "kept/file"));
  EXPECT_TRUE(remove_tree(folder_ / "tree").has_value()) << "nothing there is no error";
  EXPECT_TRUE(remove_tree(folder_ / "kept/file").has_value()) << "a single file";
  EXPECT_FALSE(fs::exists(folder_ / "kept/file"));
}

TEST_F(Files, AreRemovedBySeveralAtOnce) {
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 100; ++i) folder_.write("tree/" + std::to_string(i) + "/file", "");
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([this] { EXPECT_EQ(error_of(remove_tree(folder_ / "tree")), "no error"); });
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_FALSE(fs::exists(folder_ / "tree"));
}

TEST(Paths, AreMadeAbsoluteLexically) {
  EXPECT_EQ(absolute_from("/a/b", "c").string(), "/a/b/c");
  EXPECT_EQ(absolute_from("/a/b", "../c/./d").string(), "/a/c/d");
  EXPECT_EQ(absolute_from("/a/b", "/x/y/").string(), "/x/y");
  EXPECT_EQ(absolute_from("/a/b", ".").string(), "/a/b");
  EXPECT_EQ(absolute_from("/a/b", "").string(), "/a/b");
  EXPECT_EQ(absolute_from("/a", "../..").string(), "/");
}

TEST(Paths, LieInAFolderByWholeNames) {
  EXPECT_TRUE(lies_in("/a/b", "/a/b"));
  EXPECT_TRUE(lies_in("/a/b", "/a/b/c"));
  EXPECT_FALSE(lies_in("/a/b", "/a/bc"));
  EXPECT_FALSE(lies_in("/a/b", "/a"));
  EXPECT_TRUE(lies_in("/", "/a"));
}

TEST(Descriptors, CloseThemselvesOnce) {
  const auto is_open = [](int fd) { return ::fcntl(fd, F_GETFD) >= 0; };
  Fd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int number = first.get();
  Fd second(std::move(first));
  EXPECT_TRUE(is_open(number));
  second = Fd(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(is_open(number)) << "what is assigned over is closed";
  const int other = second.get();
  second.reset();
  EXPECT_FALSE(is_open(other));
  EXPECT_FALSE(second.valid());
}

}  // namespace
}  // namespace simswarm
