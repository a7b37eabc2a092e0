#include "archive/tar.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <clocale>

#include "archive/compression.h"
#include "stream_support.h"
#include "tar_writer.h"
#include "test_folder.h"

namespace simswarm::archive {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

struct Tar {
  std::string bytes;
  Packed packed;
};

Result<Tar> packed(std::vector<Entry> entries, Times times = Times::kDropped) {
  TextSink sink;
  SIMSWARM_TRY(const Packed done, pack(std::move(entries), times, sink));
  return Tar{sink.take(), done};
}

Result<Tar> packed_tree(const fs::path& folder, Times times = Times::kDropped) {
  SIMSWARM_TRY(std::vector<Entry> entries, entries_of(folder));
  return packed(std::move(entries), times);
}

std::vector<std::string> paths_of(const std::vector<Entry>& entries) {
  std::vector<std::string> paths;
  for (const Entry& entry : entries) paths.push_back(entry.path);
  return paths;
}

class TarTest : public testing::Test {
 protected:
  // A tree that has one of each, and names that need more than the first kind of header.
  void make_tree(const std::string& name) {
    folder_.write(name + "/a/text", "text\n");
    folder_.write(name + "/a-b", "");
    ::chmod(folder_.script(name + "/run", "exit 0").c_str(), 0700);
    folder_.write(name + "/large", mixed_text(3 * kPiece + 5));
    folder_.folder(name + "/empty/inner");
    fs::create_symlink("../a/text", folder_.folder(name + "/links") / "text");
    fs::create_symlink("none", folder_ / (name + "/links/dangling"));
    folder_.write(name + "/" + std::string(200, 'n') + "/" + std::string(120, 'm'), "long");
    folder_.write(name + "/caf\xe9", "Latin-1");
    folder_.write(name + "/café", "UTF-8");
    fs::create_symlink("../caf\xe9", folder_ / (name + "/links/latin"));
    fs::create_symlink(std::string(150, 't'), folder_ / (name + "/links/long"));
  }

  fs::path unpacked(const Tar& tar, Times times = Times::kDropped) {
    fs::path folder = folder_.folder(fmt::format("unpacked-{}", ++unpacked_));
    TextSource source(tar.bytes);
    const auto done = unpack(source, folder, times);
    EXPECT_EQ(error_of(done), "no error");
    EXPECT_TRUE(!done || done->digest == tar.packed.digest);
    return folder;
  }

  TestFolder folder_;
  int unpacked_ = 0;
};

TEST_F(TarTest, ListsFilesLinksAndEmptyFoldersOnly) {
  folder_.write("t/b/file", "");
  folder_.write("t/b-c", "");
  folder_.folder("t/b/empty/inner");
  fs::create_directory_symlink(folder_.path(), folder_ / "t/link");
  EXPECT_THAT(paths_of(entries_of(folder_ / "t").value()), ElementsAre("b-c", "b/empty/inner", "b/file", "link"));
  EXPECT_THAT(paths_of(entries_of(folder_.folder("none")).value()), ElementsAre());
  EXPECT_THAT(error_of(entries_of(folder_ / "away")), EndsWith("away: No such file or directory"));
}

TEST_F(TarTest, RefusesWhatIsNeitherFileNorFolderNorLink) {
  const std::string why = ": is no file, folder or link, so it cannot be packed";
  const std::string pipe = folder_.folder("t") / "a\npipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto listed = entries_of(folder_ / "t");
  EXPECT_EQ(error_of(listed), (folder_ / "t/a\\x0apipe").string() + why);
  EXPECT_EQ(listed.error().code, ExitCode::kUsage);
  EXPECT_EQ(error_of(packed({{"pipe", pipe}})), (folder_ / "t/a\\x0apipe").string() + why);
  EXPECT_EQ(error_of(packed({{"null", "/dev/null"}})), "/dev/null" + why);

  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string name = folder_.folder("s") / "socket";
  name.copy(address.sun_path, sizeof address.sun_path - 1);
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(error_of(entries_of(folder_ / "s")), name + why);
}

TEST_F(TarTest, PacksTheSameContentToTheSameBytes) {
  make_tree("one");
  make_tree("two");
  ::chmod((folder_ / "two/a/text").c_str(), 0600);
  ::chmod((folder_ / "two/run").c_str(), 0711);
  ::chmod((folder_ / "two/empty/inner").c_str(), 0700);
  const auto one = packed_tree(folder_ / "one").value();
  EXPECT_TRUE(one.bytes == packed_tree(folder_ / "two").value().bytes);
  auto entries = entries_of(folder_ / "one").value();
  std::reverse(entries.begin(), entries.end());
  EXPECT_TRUE(packed(entries).value().bytes == one.bytes) << "the order of entries does not matter";
  EXPECT_EQ(one.packed.digest, digest_of(one.bytes));
  EXPECT_EQ(one.packed.size, one.bytes.size());
  folder_.write("two/a/text", "texT\n");
  EXPECT_NE(packed_tree(folder_ / "two").value().packed.digest, one.packed.digest);
}

// Others find what is packed by these digests: a libarchive that packs otherwise is not the same format.
TEST_F(TarTest, PacksAsEver) {
  make_tree("t");
  EXPECT_EQ(packed_tree(folder_ / "t").value().packed.digest.hex(),
            "1ad7d710e14b042e374ce08f3cfa0ee25998dce3a7fb8b1207cbb87022998dd3");
  EXPECT_EQ(packed_tree(folder_.folder("none")).value().bytes, tar_end());
  folder_.write("u/file", "text");
  const timespec time{1'234'567'890, 123'456'789};
  const timespec both[]{time, time};
  ASSERT_EQ(::utimensat(AT_FDCWD, (folder_ / "u/file").c_str(), both, 0), 0);
  EXPECT_EQ(packed_tree(folder_ / "u", Times::kKept).value().packed.digest.hex(),
            "8833ca30b6b7de163d303be9d65a234aac8e8b0be65d53e7fa184cab7d0f72f3");
}

TEST_F(TarTest, NeedsNoExtendedHeadersForWhatIsPlain) {
  folder_.write("t/a/file", "text");
  fs::create_symlink("file", folder_ / "t/a/link");
  folder_.folder("t/empty");
  EXPECT_EQ(packed_tree(folder_ / "t").value().bytes.size(), 512U * (2 + 1 + 1 + 2));
}

TEST_F(TarTest, PacksNamesAsBytesWhateverTheLocale) {
  make_tree("t");
  const auto in_c = packed_tree(folder_ / "t").value();
  ASSERT_NE(std::setlocale(LC_ALL, "C.UTF-8"), nullptr);
  const auto in_utf = packed_tree(folder_ / "t").value();
  std::setlocale(LC_ALL, "C");
  EXPECT_TRUE(in_c.bytes == in_utf.bytes);
  EXPECT_THAT(in_c.bytes, HasSubstr("path=caf\xe9\n"));
}

TEST_F(TarTest, UnpacksWhatItPacked) {
  make_tree("t");
  for (const Times times : {Times::kDropped, Times::kKept}) {
    const auto tar = packed_tree(folder_ / "t", times).value();
    const fs::path folder = unpacked(tar, times);
    EXPECT_TRUE(packed_tree(folder, times).value().bytes == tar.bytes);
    EXPECT_EQ(read_file(folder / "caf\xe9").value(), "Latin-1");
    EXPECT_EQ(fs::read_symlink(folder / "links/latin"), "../caf\xe9");
    EXPECT_TRUE(fs::is_empty(folder / "empty/inner"));
    const bool kept = identify(folder / "large")->mtime_ns == identify(folder_ / "t/large")->mtime_ns;
    EXPECT_EQ(kept, times == Times::kKept);
  }
}

TEST_F(TarTest, KeepsTimesOfAllEras) {
  const std::vector<timespec> times{{0, 0},    {0, 1},         {-1, 0},       {-1, 999'999'999},
                                    {-100, 5}, {1LL << 31, 0}, {1LL << 33, 7}};
  folder_.folder("t");
  for (std::size_t i = 0; i < times.size(); ++i) {
    const timespec both[]{times[i], times[i]};
    const fs::path file = folder_.write(fmt::format("t/{}", i), "");
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), both, 0), 0);
  }
  const fs::path folder = unpacked(packed_tree(folder_ / "t", Times::kKept).value(), Times::kKept);
  for (std::size_t i = 0; i < times.size(); ++i) {
    const std::string name = std::to_string(i);
    EXPECT_EQ(identify(folder / name)->mtime_ns, identify(folder_ / "t" / name)->mtime_ns) << i;
  }
}

TEST_F(TarTest, IsReadByTarAndReadsIt) {
  make_tree("t");
  const auto tar = packed_tree(folder_ / "t").value();
  const std::string ours = folder_.write("ours.tar", tar.bytes);
  const std::string there = folder_.folder("there");
  ASSERT_EQ(std::system(("LC_ALL=C tar --warning=no-unknown-keyword -xf " + ours + " -C " + there).c_str()), 0);
  EXPECT_TRUE(packed_tree(there).value().bytes == tar.bytes);
  for (const std::string format : {"gnu", "pax", "ustar", "oldgnu"}) {
    if (format == "ustar") fs::remove_all(folder_ / ("t/" + std::string(200, 'n')));
    if (format == "ustar") fs::remove(folder_ / "t/links/long");
    const std::string theirs = folder_ / (format + ".tar");
    const std::string line =
        fmt::format("cd {} && LC_ALL=C tar --format={} -cf {} *", (folder_ / "t").string(), format, theirs);
    ASSERT_EQ(std::system(line.c_str()), 0);
    const std::string bytes = folder_.read(format + ".tar");
    const fs::path folder = unpacked({bytes, {digest_of(bytes), bytes.size()}});
    EXPECT_TRUE(packed_tree(folder).value().bytes == packed_tree(folder_ / "t").value().bytes) << format;
  }
}

TEST_F(TarTest, RefusesPathsThatCannotBeUnpacked) {
  const fs::path file = folder_.write("file", "text");
  const auto refusal = [&](const std::string& path) { return error_of(packed({{path, file}})); };
  EXPECT_EQ(refusal("/a"), "the archive's entry «/a» has an absolute path");
  EXPECT_EQ(refusal("a/../b"), "the archive's entry «a/../b» has «..» in its path");
  EXPECT_EQ(refusal("./a"), "the archive's entry «./a» has «.» in its path");
  EXPECT_EQ(refusal("a//b"), "the archive's entry «a//b» has an empty name in its path");
  EXPECT_EQ(refusal("a/"), "the archive's entry «a/» has an empty name in its path");
  EXPECT_EQ(refusal(""), "the archive's entry «» has no name");
  EXPECT_EQ(refusal(std::string("a\0b", 3)), "the archive's entry «a\\x00b» has a NUL in its path");
  EXPECT_THAT(refusal(std::string(256, 'x')), EndsWith("…» has a name of more than 255 bytes in its path"));
  EXPECT_EQ(error_of(packed({{"a", file}, {"b", file}, {"a", file}})), "the archive's entry «a» is there twice");
  EXPECT_THAT(error_of(packed({{"a", file}, {"a-b", file}, {"a/b", file}})),
              StartsWith("the archive's entry «a/b» lies below another"));
}

TEST_F(TarTest, RefusesFoldersThatAreNotEmpty) {
  folder_.write("full/file", "");
  EXPECT_EQ(error_of(packed({{"full", folder_ / "full"}})),
            (folder_ / "full").string() + ": is a folder that is not empty");
}

TEST_F(TarTest, NamesTheFileThatCannotBeRead) {
  EXPECT_EQ(error_of(packed({{"a", folder_ / "none"}})), (folder_ / "none").string() + ": No such file or directory");
}

TEST_F(TarTest, NoticesFilesThatChangeMeanwhile) {
  const std::size_t size = 5 * kPiece;
  const auto refusal = [&](const std::function<void(const fs::path&)>& change) {
    const fs::path first = folder_.write("0", std::string(2 * kPiece, 'x'));
    const fs::path file = folder_.write("1", std::string(size, 'x'));
    const fs::path last = folder_.write("2", "text");
    WatchedSink sink([&] { change(file); });
    const auto packed_file = error_of(pack({{"1", file}, {"2", last}}, Times::kDropped, sink));
    return packed_file;
  };
  const std::string name = (folder_ / "1").string();
  EXPECT_EQ(refusal([](const fs::path& file) { fs::resize_file(file, size - 1); }),
            name + ": became shorter while it was packed");
  EXPECT_EQ(refusal([](const fs::path& file) { fs::resize_file(file, size + 1); }),
            name + ": became longer while it was packed");
  EXPECT_EQ(refusal([](const fs::path& file) { fs::remove(file); }), name + ": was removed while it was packed");
  EXPECT_EQ(refusal([](const fs::path& file) { fs::last_write_time(file, fs::file_time_type()); }),
            name + ": was written to while it was packed");
  EXPECT_EQ(refusal([&](const fs::path&) { fs::remove(folder_ / "2"); }),
            (folder_ / "2").string() + ": No such file or directory");
}

TEST_F(TarTest, PassesOnThatItsSinkIsFull) {
  const fs::path file = folder_.write("file", std::string(3 * kPiece, 'x'));
  for (const std::size_t room : {std::size_t{0}, kPiece, 3 * kPiece}) {
    FullSink sink(room);
    EXPECT_EQ(error_of(pack({{"file", file}}, Times::kDropped, sink)), "the disk is full") << room;
    EXPECT_EQ(sink.finished, 0);
  }
  FullSink sink(4 * kPiece);
  EXPECT_TRUE(pack({{"file", file}}, Times::kDropped, sink));
  EXPECT_EQ(sink.finished, 0) << "that is for the caller";
}

// Through the archive and back; what the child says of itself.
Status there_and_back(const fs::path& folder, const fs::path& stored, const fs::path& back) {
  SIMSWARM_TRY(const auto file, FileSink::create(stored));
  const auto packing = compress_into(*file);
  SIMSWARM_TRY(auto entries, entries_of(folder));
  SIMSWARM_TRY(const Packed done, pack(std::move(entries), Times::kDropped, *packing));
  SIMSWARM_CHECK(packing->finish());
  SIMSWARM_TRY(const auto source, FileSource::open(stored));
  SIMSWARM_TRY(const Unpacked got, unpack(*decompress(*source), back, Times::kDropped));
  return got.digest == done.digest ? Status() : usage_error("another digest");
}

TEST_F(TarTest, TakesLittleMemoryForLargeFiles) {
  constexpr std::uint64_t kSize = 256ULL << 20U;
  constexpr long kMostMemory = 64L << 10U;  // KiB
  fs::resize_file(folder_.write("t/large", ""), kSize);
  const fs::path back = folder_.folder("back");
  const pid_t child = ::fork();
  if (child == 0) ::_exit(there_and_back(folder_ / "t", folder_ / "stored", back) ? 0 : 1);
  int status = 0;
  rusage usage{};
  ASSERT_EQ(::wait4(child, &status, 0, &usage), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(fs::file_size(back / "large"), kSize);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(usage.ru_maxrss, kMostMemory);
#endif
  RecordProperty("peak_kib", static_cast<int>(usage.ru_maxrss));
}

}  // namespace
}  // namespace simswarm::archive
