// What others may have packed: everything that must not get out of the folder, and what must be read alike everywhere.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "archive/tar.h"
#include "stream_support.h"
#include "tar_writer.h"
#include "test_folder.h"

namespace simswarm::archive {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// All that lies below a folder, with content and targets.
std::vector<std::string> listing(const fs::path& folder) {
  std::vector<std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    std::string line = entry.path().lexically_relative(folder).string();
    if (entry.is_symlink()) {
      line += " -> " + fs::read_symlink(entry.path()).string();
    } else if (entry.is_regular_file()) {
      line += " = " + read_file(entry.path()).value();
    } else {
      line += "/";
    }
    all.push_back(line);
  }
  std::sort(all.begin(), all.end());
  return all;
}

class Unpack : public testing::Test {
 protected:
  Unpack() {
    around_.write("outside/kept", "kept");
    around_.write("kept", "kept");
    folder_ = around_.folder("in");
  }

  Result<Unpacked> unpacked(std::string_view tar, Times times = Times::kDropped, const UnpackLimits& limits = {}) {
    EXPECT_TRUE(remove_tree(folder_));
    fs::create_directory(folder_);
    TextSource source(tar);
    return unpack(source, folder_, times, limits);
  }
  // The error, with the folder's surroundings looked at.
  std::string refusal(std::string_view tar, const UnpackLimits& limits = {}) {
    const auto done = unpacked(tar, Times::kKept, limits);
    EXPECT_TRUE(done || done.error().code == ExitCode::kUsage);
    EXPECT_TRUE(remove_tree(folder_));
    EXPECT_THAT(listing(around_.path()), ElementsAre("kept = kept", "outside/", "outside/kept = kept"));
    return error_of(done);
  }
  std::string refusal(const std::vector<TarEntry>& entries) { return refusal(tar_of(entries)); }

  TestFolder around_;
  fs::path folder_;
};

TEST_F(Unpack, MakesFilesFoldersAndLinks) {
  const std::string tar = tar_of({{.name = "a/b/file", .content = "text"},
                                  {.name = "a/run", .content = std::string(1000, 'x'), .mode = 0700},
                                  {.name = "empty/", .kind = '5', .mode = 0700},
                                  {.name = "a", .kind = '5'},
                                  link_to("a/b/up", "../../empty"),
                                  link_to("dangling", "a/none")});
  ::umask(077);
  const auto done = unpacked(tar);
  ::umask(022);
  ASSERT_EQ(error_of(done), "no error");
  EXPECT_EQ(done->digest, digest_of(tar));
  EXPECT_EQ(done->bytes, 1004U);
  EXPECT_EQ(done->entries, 6U);
  EXPECT_THAT(listing(folder_), ElementsAre("a/", "a/b/", "a/b/file = text", "a/b/up -> ../../empty",
                                            "a/run = " + std::string(1000, 'x'), "dangling -> a/none", "empty/"));
  const auto mode = [&](const char* name) { return static_cast<unsigned>(fs::status(folder_ / name).permissions()); };
  EXPECT_EQ(mode("a/b/file"), 0644U);
  EXPECT_EQ(mode("a/run"), 0755U);
  EXPECT_EQ(mode("empty"), 0755U);
  EXPECT_EQ(mode("a/b"), 0755U);
}

TEST_F(Unpack, KeepsTimesWhereItIsAsked) {
  const std::string tar = tar_of({{.name = "old", .mtime = "00000000144"},
                                  {.name = "exact", .before = {pax("mtime", "1234567890.123456789")}},
                                  {.name = "early", .before = {pax("mtime", "-5")}}});
  ASSERT_TRUE(unpacked(tar, Times::kKept));
  EXPECT_EQ(identify(folder_ / "old")->mtime_ns, 100'000'000'000);
  EXPECT_EQ(identify(folder_ / "exact")->mtime_ns, 1'234'567'890'123'456'789);
  EXPECT_EQ(identify(folder_ / "early")->mtime_ns, -5'000'000'000);
  ASSERT_TRUE(unpacked(tar, Times::kDropped));
  EXPECT_GT(identify(folder_ / "old")->mtime_ns, 1'600'000'000'000'000'000);
}

TEST_F(Unpack, ReadsLongNamesOfAllManners) {
  const std::string name(200, 'n');
  const std::string deep = name + "/" + name + "/" + name;
  const std::string gnu = std::string("ustar  \0", 8);
  const auto long_name = [&](const std::string& text, char kind) { return extended(text + '\0', kind); };
  ASSERT_EQ(
      error_of(unpacked(tar_of({{.name = "short", .before = {pax("path", deep)}},
                                {.name = "tail", .prefix = std::string(150, 'p')},
                                {.name = "cut", .magic = gnu, .before = {long_name("L" + name, 'L')}},
                                {.name = "link", .kind = '2', .target = "cut", .before = {pax("linkpath", deep)}},
                                {.name = "link2", .kind = '2', .magic = gnu, .before = {long_name(deep, 'K')}}}))),
      "no error");
  EXPECT_TRUE(fs::is_regular_file(folder_ / deep));
  EXPECT_TRUE(fs::is_regular_file(folder_ / std::string(150, 'p') / "tail"));
  EXPECT_TRUE(fs::is_regular_file(folder_ / ("L" + name)));
  EXPECT_EQ(fs::read_symlink(folder_ / "link"), deep);
  EXPECT_EQ(fs::read_symlink(folder_ / "link2"), deep);
}

TEST_F(Unpack, KeepsTheBytesOfNamesWhateverTheLocale) {
  const std::string latin = "caf\xe9";
  const std::string utf = "café";
  const std::string tar = tar_of({{.name = latin},
                                  {.name = "u", .before = {pax("path", utf)}},
                                  {.name = "x", .before = {pax("path", latin + "2")}},
                                  {.name = "l", .kind = '2', .before = {pax("linkpath", latin)}}});
  for (const char* locale : {"C", "C.UTF-8"}) {
    ASSERT_NE(std::setlocale(LC_ALL, locale), nullptr);
    const auto done = unpacked(tar);
    std::setlocale(LC_ALL, "C");
    ASSERT_EQ(error_of(done), "no error") << locale;
    EXPECT_THAT(listing(folder_), ElementsAre(utf + " = ", latin + " = ", latin + "2 = ", "l -> " + latin)) << locale;
  }
}

TEST_F(Unpack, TakesOnlyAnEmptyFolder) {
  TextSource source("");
  EXPECT_EQ(error_of(unpack(source, around_.path(), Times::kDropped)),
            around_.path().string() + ": is not empty, so nothing is unpacked into it");
  EXPECT_THAT(error_of(unpack(source, around_ / "none", Times::kDropped)), HasSubstr("none: No such file"));
  EXPECT_THAT(error_of(unpack(source, around_ / "kept", Times::kDropped)), HasSubstr("kept: Not a directory"));
}

TEST_F(Unpack, PassesOnThatItsSourceFails) {
  const std::string tar = tar_of({{.name = "a", .content = mixed_text(3 * kPiece)}});
  for (const std::size_t size : {std::size_t{0}, kPiece, 2 * kPiece}) {
    BrokenSource source(tar.substr(0, size));
    EXPECT_EQ(error_of(unpack(source, folder_, Times::kDropped)), "the line is cut") << size;
    EXPECT_TRUE(remove_tree(folder_));
    fs::create_directory(folder_);
  }
}

struct Hostile {
  std::vector<TarEntry> entries;
  std::string message;
};

std::string of(const std::string& name, const std::string& why) {
  return "the archive's entry «" + name + "» " + why;
}

TEST_F(Unpack, RefusesPathsThatLeadOut) {
  const std::string dots = "has «..» in its path";
  const std::string absolute = (around_ / "outside/made").string();
  const std::vector<Hostile> all{
      {{{.name = "../made"}}, of("../made", dots)},
      {{{.name = "a/../../made"}}, of("a/../../made", dots)},
      {{{.name = "a/.."}}, of("a/..", dots)},
      {{{.name = "..", .kind = '5'}}, of("..", dots)},
      {{{.name = "../", .kind = '5'}}, of("..", dots)},
      {{{.name = "made", .prefix = "../outside"}}, of("../outside/made", dots)},
      {{{.name = "made", .prefix = "/outside"}}, of("/outside/made", "has an absolute path")},
      {{{.name = "a", .before = {pax("path", "../outside/made")}}}, of("../outside/made", dots)},
      {{{.name = "a", .before = {extended("../outside/made", 'L')}}}, of("../outside/made", dots)},
      {{{.name = absolute}}, of(absolute, "has an absolute path")},
      {{{.name = "/", .kind = '5'}}, of("", "has no name")},
      {{{.name = "//a"}}, of("//a", "has an absolute path")},
      {{{.name = "../link", .kind = '2', .target = "a"}}, of("../link", dots)},
      {{{.name = "..", .kind = '2', .target = "a"}}, of("..", dots)},
  };
  for (const Hostile& one : all) EXPECT_EQ(refusal(one.entries), one.message);
}

TEST_F(Unpack, RefusesPathsThatAreNone) {
  const std::string wide(256, 'w');
  std::string deep;
  for (int i = 0; i < 1025; ++i) deep += "abc/";
  const std::vector<Hostile> all{
      {{{.name = ""}}, of("", "has no name")},
      {{{.name = "", .kind = '5'}}, of("", "has no name")},
      {{{.name = ".", .kind = '5'}}, of(".", "has «.» in its path")},
      {{{.name = "./", .kind = '5'}}, of(".", "has «.» in its path")},
      {{{.name = "./a"}}, of("./a", "has «.» in its path")},
      {{{.name = "a/./b"}}, of("a/./b", "has «.» in its path")},
      {{{.name = "a//b"}}, of("a//b", "has an empty name in its path")},
      {{{.name = "a//", .kind = '5'}}, of("a/", "has an empty name in its path")},
      {{{.name = "a/", .kind = '2', .target = "b"}}, of("a/", "has an empty name in its path")},
      {{{.name = std::string("a\0b", 3)}}, of("a", "has a NUL in its path")},
      {{{.name = "a", .prefix = std::string("b\0c", 3)}}, of("b", "has a NUL in its path")},
      {{{.name = "a", .before = {pax("path", std::string("a\0b", 3))}}}, of("a\\x00b", "has a NUL in its path")},
      {{{.name = "a", .before = {extended(std::string("a\0b\0", 4), 'L')}}}, of("a", "has a NUL in its path")},
      {{{.name = "a", .kind = '2', .target = std::string("b\0/../c", 7)}}, of("b", "has a NUL in its path")},
      {{{.name = "a", .before = {pax("path", wide)}}},
       of(std::string(200, 'w') + "…", "has a name of more than 255 bytes in its path")},
      {{{.name = "a", .before = {pax("path", deep + "a")}}},
       of(deep.substr(0, 200) + "…", "has a path of more than 4096 bytes")},
      {{{.name = "\x1b[2J\n\xc2\x9b/.."}}, of("\\x1b[2J\\x0a\\xc2\\x9b/..", "has «..» in its path")},
  };
  for (const Hostile& one : all) EXPECT_EQ(refusal(one.entries), one.message);
}

TEST_F(Unpack, RefusesKindsThatAreNotFilesFoldersOrLinks) {
  const auto device = [](char kind) { return TarEntry{.name = "a", .kind = kind}; };
  const std::vector<Hostile> all{
      {{{.name = "b"}, {.name = "a", .kind = '1', .target = "b"}}, of("a", "is a hard link, which is not taken")},
      {{{.name = "a", .kind = '1', .target = "../kept"}}, of("a", "is a hard link, which is not taken")},
      {{device('3')}, of("a", "is a device, which is not taken")},
      {{device('4')}, of("a", "is a device, which is not taken")},
      {{device('6')}, of("a", "is a pipe, which is not taken")},
      {{device('7')}, of("a", "is of the kind «7», which is not taken")},
      {{device('S')}, of("a", "is a sparse file, which is not taken")},
      {{device('V')}, of("a", "is of the kind «V», which is not taken")},
      {{device('X')}, of("a", "is of the kind «X», which is not taken")},
      {{device('M')}, of("a", "is of the kind «M», which is not taken")},
      {{device('D')}, of("a", "is of the kind «D», which is not taken")},
      {{{.name = "a", .content = "text", .before = {pax("GNU.sparse.map", "0,1")}}},
       of("a", "is a sparse file, which is not taken")},
      {{{.name = "a", .before = {pax("GNU.sparse.major", "1"), pax("GNU.sparse.name", "../made")}}},
       of("a", "is a sparse file, which is not taken")},
      {{{.name = "a", .mode = 04755}}, of("a", "has a set-id or sticky bit")},
      {{{.name = "a", .mode = 02755}}, of("a", "has a set-id or sticky bit")},
      {{{.name = "a", .kind = '5', .mode = 01777}}, of("a", "has a set-id or sticky bit")},
      {{{.name = "a", .kind = '5', .content = "text"}}, of("a", "has content, and is no file")},
      {{{.name = "a/", .content = "text"}}, of("a/", "has content, and is no file")},
      {{{.name = "a", .kind = '2', .content = "text", .target = "b"}}, of("a", "has content, and is no file")},
      {{{.name = "a", .before = {pax("linkpath", "../kept")}}}, of("a", "leads to another, and is no link")},
  };
  for (const Hostile& one : all) EXPECT_EQ(refusal(one.entries), one.message) << one.message;
}

TEST_F(Unpack, RefusesLinksThatLeadOut) {
  const auto out = [](const std::string& name, const std::string& target) {
    return of(name, "is a link that leads out, to «" + target + "»");
  };
  const std::vector<Hostile> all{
      {{link_to("l", "/etc/passwd")}, out("l", "/etc/passwd")},
      {{link_to("l", "..")}, out("l", "..")},
      {{link_to("l", "../outside")}, out("l", "../outside")},
      {{link_to("l", "../in/a")}, out("l", "../in/a")},  // and back: but the folder's name is not the archive's
      {{link_to("a/l", "../../outside")}, out("a/l", "../../outside")},
      {{link_to("l", "a/b/../../../kept")}, out("l", "a/b/../../../kept")},
      {{link_to("l", "./.././outside")}, out("l", "./.././outside")},
      {{link_to("x", "."), link_to("y", "x/..")}, out("y", "x/..")},
      {{link_to("y", "x/.."), link_to("x", ".")}, out("y", "x/..")},
      {{link_to("a/b/c", "../.."), link_to("l", "a/b/c/../kept")}, out("l", "a/b/c/../kept")},
      {{link_to("a/x", "../b/c"), link_to("b/c", ".."), link_to("l", "a/x/../../kept")}, out("l", "a/x/../../kept")},
      {{link_to("b/c/d", ".."), link_to("a", "b/c/d/../../kept")}, out("a", "b/c/d/../../kept")},
      {{{.name = "file"}, link_to("l", "file/../../kept")}, out("l", "file/../../kept")},
      {{link_to("l", "none/../../kept")}, out("l", "none/../../kept")},
      {{{.name = "l", .kind = '2', .target = "a", .before = {pax("linkpath", "../kept")}}}, out("l", "../kept")},
      {{{.name = "l", .kind = '2', .target = "a", .before = {extended("../kept", 'K')}}}, out("l", "../kept")},
      {{link_to("l", "")}, of("l", "is a link that leads nowhere")},
      {{link_to("l", "l")}, of("l", "is a link that leads on over more than 40 links")},
      {{link_to("a", "b"), link_to("b", "a/c")}, of("a", "is a link that leads on over more than 40 links")},
      {{{.name = "l", .kind = '2', .before = {pax("linkpath", std::string(4096, 'x'))}}},
       of("l", "is a link that leads to a path that is too long")},
  };
  for (const Hostile& one : all) EXPECT_EQ(refusal(one.entries), one.message);
}

TEST_F(Unpack, FollowsFortyLinksAndNoMore) {
  const auto chain = [](int length) {
    std::vector<TarEntry> links{{.name = "l0"}};
    for (int i = 1; i <= length; ++i) links.push_back(link_to(fmt::format("l{}", i), fmt::format("l{}", i - 1)));
    return links;
  };
  EXPECT_EQ(error_of(unpacked(tar_of(chain(40)))), "no error");
  EXPECT_TRUE(fs::is_regular_file(folder_ / "l40"));
  EXPECT_EQ(refusal(chain(41)), of("l41", "is a link that leads on over more than 40 links"));
}

TEST_F(Unpack, RefusesWhatLiesBelowLinksAndFilesAndWhatIsThereTwice) {
  const std::string twice = "is there twice";
  const std::string below_link = "lies below a link";
  const std::string below = "lies below a file or a link";
  const std::vector<Hostile> all{
      {{link_to("l", "d"), {.name = "l/made"}}, of("l/made", below_link)},
      {{link_to("l", "../outside"), {.name = "l/made"}}, of("l/made", below_link)},
      {{link_to("l", "d"), {.name = "l/d", .kind = '5'}}, of("l/d", below_link)},
      {{link_to("l", "d"), link_to("l/x", "y")}, of("l/x", below_link)},
      {{link_to("l/x", "y"), link_to("l", "d")}, of("l", "is a link, and others lie below it")},
      {{{.name = "l/made"}, link_to("l", "../outside")}, of("l", "is a link that leads out, to «../outside»")},
      {{{.name = "l/made"}, link_to("l", "d")}, of("l", twice)},
      {{link_to("l", "d"), {.name = "l"}}, of("l", twice)},
      {{{.name = "l"}, link_to("l", "d")}, of("l", twice)},
      {{link_to("l", "d"), link_to("l", "e")}, of("l", twice)},
      {{{.name = "a"}, {.name = "a"}}, of("a", twice)},
      {{{.name = "a"}, {.name = "a", .kind = '5'}}, of("a", twice)},
      {{{.name = "a", .kind = '5'}, {.name = "a"}}, of("a", twice)},
      {{{.name = "a", .kind = '5'}, {.name = "a/", .kind = '5'}}, of("a", twice)},
      {{{.name = "a/b"}, {.name = "a"}}, of("a", twice)},
      {{{.name = "a"}, {.name = "a/b"}}, of("a/b", below)},
      {{{.name = "a"}, link_to("a/b", "c")}, of("a/b", below)},
  };
  for (const Hostile& one : all) EXPECT_EQ(refusal(one.entries), one.message);
}

TEST_F(Unpack, HoldsTheLimits) {
  const std::string tar = tar_of({{.name = "a", .content = "12345"}, {.name = "b", .content = "67890"}});
  EXPECT_EQ(error_of(unpacked(tar, Times::kDropped, {.bytes = 10, .entries = 2})), "no error");
  EXPECT_EQ(refusal(tar, {.bytes = 9, .entries = 2}), of("b", "goes beyond the 9 bytes that are taken"));
  EXPECT_EQ(refusal(tar, {.bytes = 10, .entries = 1}), of("b", "is one more than the 1 that are taken"));
  EXPECT_EQ(refusal(tar, {.bytes = 0, .entries = 0}), of("a", "is one more than the 0 that are taken"));
  EXPECT_EQ(refusal(tar_of({{.name = "1/2/3/4/5"}}), {.entries = 3}),
            of("1/2/3/4/5", "lies in more folders than may be made"));
  const TarEntry huge{.name = "a", .size = "77777777777"};
  EXPECT_EQ(refusal(tar_of({huge}), {.bytes = 1 << 30}), of("a", "goes beyond the 1073741824 bytes that are taken"));
  const TarEntry larger{.name = "a", .size = std::string("\x80\0\0\0\0\x7f\xff\xff\xff\xff\xff\xff", 12)};
  EXPECT_EQ(refusal(tar_of({larger})), of("a", "goes beyond the 68719476736 bytes that are taken"));
}

TEST_F(Unpack, RefusesArchivesThatAreNotWhole) {
  const std::string tar = tar_of({{.name = "a", .content = "text", .before = {pax("mtime", "1")}}, {.name = "b"}});
  for (std::size_t size = 0; size < tar.size(); size += 64)
    EXPECT_THAT(refusal(tar.substr(0, size)),
                AnyOf(StartsWith("the archive is damaged: "), StartsWith("the archive's entry «a» is damaged: ")))
        << size;
  EXPECT_EQ(refusal(tar_entry({.name = "a"})), "the archive is damaged: its end is missing");
  EXPECT_EQ(refusal(tar_entry({.name = "a"}) + std::string(512, '\0')), "the archive is damaged: its end is missing");
  const std::string zeros = tar_entry({.name = "a", .content = std::string(1024, '\0')});
  EXPECT_EQ(refusal(zeros), "the archive is damaged: its end is missing") << "content is no end";
  EXPECT_EQ(refusal(std::string(2000, 'x')), "the archive is damaged: what should be a header is none");
  EXPECT_EQ(refusal(tar_entry({.name = "a"}) + std::string(2048, 'x')),
            "the archive is damaged: what should be a header is none");
  EXPECT_THAT(refusal("text"), StartsWith("the archive is damaged: "));
}

TEST_F(Unpack, RefusesBytesBehindTheEnd) {
  const std::string tar = tar_of({{.name = "a"}});
  const std::string behind = "the archive has bytes behind its end";
  EXPECT_EQ(refusal(tar + "x"), behind);
  EXPECT_EQ(refusal(tar + tar), behind);
  EXPECT_EQ(refusal(tar_entry({.name = "a"}) + std::string(512, '\0') + tar), behind);
  EXPECT_EQ(refusal(tar + std::string(3 * kPiece, '\0') + "x"), behind);
  EXPECT_EQ(refusal(tar + std::string(1 << 20, '\0')), "the archive has too many bytes behind its end");
  const std::string filled = tar + std::string(3 * kPiece + 1, '\0');
  const auto done = unpacked(filled);
  ASSERT_EQ(error_of(done), "no error") << "programs fill up their records";
  EXPECT_EQ(done->digest, digest_of(filled));
}

TEST_F(Unpack, RefusesHeadersThatReadersMayReadOtherwise) {
  const auto with = [](const std::string& before) { return std::vector<TarEntry>{{.name = "a", .before = {before}}}; };
  const std::string malformed = "the archive is damaged: an extended header that is malformed";
  const auto global = [](std::string_view key) { return extended(record(key, "../made"), 'g'); };
  const std::vector<Hostile> all{
      {with(global("path")), "the archive has a global header that says «path» of all its entries"},
      {with(global("linkpath")), "the archive has a global header that says «linkpath» of all its entries"},
      {with(extended("nonsense")), malformed},
      {with(extended("99999 path=a\n")), malformed},
      {with(extended("8 path=a\n")), malformed},
      {with(extended("11 path=a\n")), malformed},
      {with(extended("3 a\n")), malformed},
      {with(extended("5 =a\n")), malformed},
      {with(extended(record("path", "a") + "x")), malformed},
      {with(extended(record("path", "b") + record("path", "c"))), of("b", "is named twice, also «c»")},
      {with(pax("path", "b") + pax("path", "c")), of("b", "is named twice, also «c»")},
      {with(pax("path", "b") + extended("c", 'L')), of("b", "is named twice, also «c»")},
      {with(pax("size", "-1")), "the archive is damaged: a size that is no number"},
      {with(extended(record("size", "0") + record("size", "0"))), "the archive is damaged: a size that is said twice"},
      {with(pax("comment", std::string(70'000, 'x'))),
       "the archive is damaged: an extended header of more than 65536 bytes"},
      {{{.name = "a", .size = "0000000001x"}}, "the archive is damaged: a size that is no number"},
      {{{.name = "a", .size = std::string(12, '\xff')}}, "the archive is damaged: a size that is no number"},
  };
  for (const Hostile& one : all) EXPECT_EQ(refusal(one.entries), one.message);
  std::string many;
  for (int i = 0; i < 16; ++i) many += pax("comment", "x");
  EXPECT_THAT(refusal(with(many)), StartsWith("the archive is damaged: "));
}

TEST_F(Unpack, PassesOverWhatIsOnlySaid) {
  const std::string git = extended(record("comment", "0123456789abcdef"), 'g');
  const std::string extra =
      extended(record("atime", "1") + record("SCHILY.xattr.user.a", "b") + record("uname", "root"));
  EXPECT_EQ(error_of(unpacked(tar_of({{.name = "a", .before = {git}}, {.name = "b", .before = {extra}}}))), "no error");
  EXPECT_THAT(listing(folder_), ElementsAre("a = ", "b = "));
}

TEST_F(Unpack, NamesTheFileThatTheDiskDoesNotTake) {
  const std::string tar = tar_of({{.name = "a"}, {.name = "b/large", .content = std::string(100'000, 'x')}});
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{50'000, 50'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);
    const auto done = unpacked(tar);
    ::_exit(error_of(done) == "the archive's entry «b/large»: File too large" ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace simswarm::archive
