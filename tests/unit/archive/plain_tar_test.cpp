#include "archive/plain_tar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/tar.h"
#include "tar_writer.h"
#include "test_folder.h"

namespace simswarm::archive {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Seen {
  std::string path, target, content;
};

Result<std::vector<Seen>> seen_in(const std::string& tar) {
  TextSource source(tar);
  std::vector<Seen> all;
  SIMSWARM_CHECK(visit_tar(source, [&](const Headers& entry, Source& content) -> Status {
    TextSink text;
    SIMSWARM_CHECK(pour(content, text));
    all.push_back({entry.path, entry.target, text.take()});
    return {};
  }));
  return all;
}

std::string sample() {
  TextSink sink;
  TarWriter tar(sink);
  EXPECT_TRUE(tar.folder("opt"));
  EXPECT_TRUE(tar.file("opt/program", "words", 0755));
  EXPECT_TRUE(tar.link("opt/link", "program"));
  EXPECT_TRUE(tar.end());
  return sink.take();
}

TEST(PlainTar, ComesBackAsItWasWritten) {
  const auto seen = seen_in(sample());
  ASSERT_TRUE(seen) << error_of(seen);
  ASSERT_EQ(seen->size(), 3U);
  EXPECT_EQ((*seen)[0].path, "opt");
  EXPECT_EQ((*seen)[1].content, "words");
  EXPECT_EQ((*seen)[2].target, "program");
}

TEST(PlainTar, IsATarForOthers) {
  const TestFolder folder;
  const std::string text = sample();
  TextSource source(text);
  const auto unpacked = unpack(source, folder.folder("out"), Times::kDropped);
  ASSERT_TRUE(unpacked) << error_of(unpacked);
  EXPECT_EQ(folder.read("out/opt/program"), "words");
  EXPECT_EQ(fs::read_symlink(folder / "out/opt/link"), "program");
  EXPECT_EQ(std::system(fmt::format("tar -tf - <{} >/dev/null", folder.write("a.tar", text).string()).c_str()), 0);
}

TEST(PlainTar, TakesNamesOfAnyLength) {
  const std::string name = std::string(120, 'a') + "/" + std::string(140, 'b');
  TextSink sink;
  TarWriter tar(sink);
  ASSERT_TRUE(tar.file(name, "x"));
  ASSERT_TRUE(tar.link("link", name));
  ASSERT_TRUE(tar.end());
  const auto seen = seen_in(sink.text());
  ASSERT_TRUE(seen) << error_of(seen);
  EXPECT_EQ((*seen)[0].path, name);
  EXPECT_EQ((*seen)[1].target, name);
}

TEST(PlainTar, SaysWhatBecameShorter) {
  TextSink sink;
  TextSource source("abc");
  EXPECT_EQ(error_of(TarWriter(sink).file("a", source, 4)), "a: became shorter while it was packed");
}

TEST(PlainTar, SkipsWhatIsNotRead) {
  const std::string tar = tar_of({{.name = "a", .content = std::string(300'000, 'x')}, {.name = "b", .content = "y"}});
  TextSource source(tar);
  std::vector<std::string> names;
  ASSERT_TRUE(visit_tar(source, [&](const Headers& entry, Source& /*content*/) -> Status {
    names.push_back(entry.path);
    return {};
  }));
  EXPECT_THAT(names, ElementsAre("a", "b"));
}

TEST(PlainTar, RefusesWhatHasNoBusinessThere) {
  const std::string whole = tar_of({{.name = "a", .content = "x"}});
  EXPECT_THAT(error_of(seen_in(tar_of({{.name = "../a"}}))), HasSubstr("has «..» in its path"));
  EXPECT_THAT(error_of(seen_in(tar_of({{.name = "/a"}}))), HasSubstr("has an absolute path"));
  EXPECT_THAT(error_of(seen_in(tar_of({{.name = "a", .kind = '1', .target = "b"}}))), HasSubstr("hard link"));
  EXPECT_THAT(error_of(seen_in(tar_of({{.name = "a", .kind = '3'}}))), HasSubstr("device"));
  EXPECT_THAT(error_of(seen_in(whole + "more")), HasSubstr("bytes behind its end"));
  EXPECT_THAT(error_of(seen_in(whole.substr(0, 512))), HasSubstr("ends within an entry"));
  EXPECT_THAT(error_of(seen_in(whole.substr(0, 1024))), HasSubstr("its end is missing"));
  EXPECT_THAT(error_of(seen_in("")), HasSubstr("its end is missing"));
  EXPECT_THAT(error_of(seen_in(std::string(2048, 'x'))), HasSubstr("what should be a header is none"));
  EXPECT_THAT(error_of(seen_in(whole + std::string(2 << 20, '\0'))), HasSubstr("too many bytes behind its end"));
}

}  // namespace
}  // namespace simswarm::archive
