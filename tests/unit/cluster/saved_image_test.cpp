#include "cluster/saved_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "archive/plain_tar.h"
#include "base/text.h"
#include "tar_writer.h"
#include "test_folder.h"

namespace simswarm::cluster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;

constexpr std::string_view kBase = "what the base's layer holds";
constexpr std::string_view kOwn = "what our layer holds";

std::string diff_id(std::string_view layer) {
  return "sha256:" + digest_of(layer).hex();
}
std::string config() {
  return fmt::format(R"({{"architecture":"amd64","rootfs":{{"type":"layers","diff_ids":["{}","{}"]}}}})",
                     diff_id(kBase), diff_id(kOwn));
}
std::string manifest(const std::string& config_path, const std::string& base, const std::string& own) {
  return fmt::format(R"([{{"Config":"{}","RepoTags":["simswarm/a:1"],"Layers":["{}","{}"]}}])", config_path, base, own);
}

// As engines up to 24 write it; a layer that two images have stands there once, and a link leads to it.
std::vector<TarEntry> of_old_engine() {
  const std::string config_path = digest_of(config()).hex() + ".json";
  return {{.name = "1111", .kind = '5'},
          {.name = "1111/VERSION", .content = "1.0"},
          {.name = "1111/json", .content = "{}"},
          link_to("1111/layer.tar", "../3333/layer.tar"),
          {.name = "2222/layer.tar", .content = std::string(kOwn)},
          {.name = "3333/layer.tar", .content = std::string(kBase)},
          {.name = config_path, .content = config()},
          {.name = "manifest.json", .content = manifest(config_path, "1111/layer.tar", "2222/layer.tar")},
          {.name = "repositories", .content = "{}"}};
}

// From 25 on.
std::vector<TarEntry> of_new_engine() {
  const auto blob = [](std::string_view content) {
    return TarEntry{.name = "blobs/sha256/" + digest_of(content).hex(), .content = std::string(content)};
  };
  return {{.name = "blobs/", .kind = '5'},
          {.name = "blobs/sha256/", .kind = '5'},
          blob(kBase),
          blob(kOwn),
          blob(config()),
          {.name = "index.json", .content = "{}"},
          {.name = "manifest.json", .content = manifest(blob(config()).name, blob(kBase).name, blob(kOwn).name)},
          {.name = "oci-layout", .content = "{}"}};
}

class SavedImages : public testing::Test {
 protected:
  [[nodiscard]] Result<SavedImage> read(const std::string& tar) const {
    TextSource source(tar);
    return SavedImage::read(source, *Spool::make(folder_.path()));
  }
  [[nodiscard]] Result<SavedImage> read(const std::vector<TarEntry>& entries) const { return read(tar_of(entries)); }
  // With one entry in place of the one that has its name.
  [[nodiscard]] std::string error_with(const TarEntry& other) const {
    std::vector<TarEntry> all = of_old_engine();
    for (TarEntry& entry : all) {
      if (entry.name == other.name) entry = other;
    }
    return error_of(read(all));
  }
  static std::string written(const SavedImage& image, std::size_t first) {
    TextSink sink;
    EXPECT_EQ(error_of(image.write(first, sink)), "no error");
    return sink.take();
  }
  static std::vector<std::string> names_in(const std::string& tar) {
    TextSource source(tar);
    std::vector<std::string> names;
    EXPECT_TRUE(archive::visit_tar(source, [&](const archive::Headers& entry, Source& /*content*/) -> Status {
      names.push_back(entry.path);
      return {};
    }));
    return names;
  }

  TestFolder folder_;
};

TEST_F(SavedImages, AreUnderstoodInBothLayouts) {
  for (const auto& entries : {of_old_engine(), of_new_engine()}) {
    const auto image = read(entries);
    ASSERT_TRUE(image) << error_of(image);
    EXPECT_EQ(image->id(), "sha256:" + digest_of(config()).hex());
    EXPECT_THAT(image->layers(), ElementsAre(diff_id(kBase), diff_id(kOwn)));
    EXPECT_TRUE(image->has_from(0));
  }
}

TEST_F(SavedImages, GoWithoutTheLayersThatAreThere) {
  const auto image = read(of_old_engine());
  ASSERT_TRUE(image) << error_of(image);
  const std::string tar = written(*image, 1);
  EXPECT_THAT(names_in(tar), ElementsAre("manifest.json", digest_of(config()).hex() + ".json", "2222/layer.tar"));
  EXPECT_THAT(tar, HasSubstr(kOwn));
  EXPECT_EQ(tar.find(kBase), std::string::npos);
  EXPECT_THAT(tar, HasSubstr("simswarm/a:1"));
}

TEST_F(SavedImages, GoOnFromWhatHasBeenMadeShorter) {
  const auto image = read(of_new_engine());
  ASSERT_TRUE(image) << error_of(image);
  const auto again = read(written(*image, 1));
  ASSERT_TRUE(again) << error_of(again);
  EXPECT_EQ(again->id(), image->id());
  EXPECT_FALSE(again->has_from(0));
  EXPECT_EQ(written(*again, 1), written(*image, 1));
  TextSink sink;
  EXPECT_THAT(error_of(again->write(0, sink)), HasSubstr("are not all here"));
}

TEST_F(SavedImages, GoWholeAsTheyCame) {
  const auto old_one = read(of_old_engine());
  const auto new_one = read(of_new_engine());
  ASSERT_TRUE(old_one && new_one);
  EXPECT_THAT(names_in(written(*old_one, 0)), IsSupersetOf({"1111/layer.tar", "3333/layer.tar", "repositories"}));
  EXPECT_THAT(names_in(written(*new_one, 0)), IsSupersetOf({"index.json", "oci-layout", "manifest.json"}));
  const auto again = read(written(*old_one, 0));
  ASSERT_TRUE(again) << error_of(again);
  EXPECT_EQ(written(*again, 1), written(*old_one, 1));
}

TEST_F(SavedImages, AreNotTrusted) {
  const std::string config_path = digest_of(config()).hex() + ".json";
  const auto manifest_of = [](const std::string& text) { return TarEntry{.name = "manifest.json", .content = text}; };
  EXPECT_THAT(error_with({.name = config_path, .content = "{}"}), HasSubstr("is damaged"));
  EXPECT_THAT(error_with(manifest_of("[")), HasSubstr("manifest.json is no JSON"));
  EXPECT_THAT(error_with(manifest_of("[]")), HasSubstr("does not tell of one image"));
  EXPECT_THAT(error_with(manifest_of("[{}]")), HasSubstr("names no configuration"));
  EXPECT_THAT(error_with(manifest_of(std::string(500, '[') + std::string(500, ']'))), HasSubstr("nested too deep"));
  EXPECT_THAT(error_with(manifest_of(manifest("../../etc/passwd", "a", "b"))),
              HasSubstr("../../etc/passwd is missing"));
  EXPECT_THAT(error_with(manifest_of(manifest(config_path, "../a", "b"))), HasSubstr("has «..» in its path"));
  EXPECT_THAT(error_with(manifest_of(fmt::format(R"([{{"Config":"{}","Layers":["a"]}}])", config_path))),
              HasSubstr("names 1 layers, and its configuration 2"));
  EXPECT_THAT(error_of(read(tar_of({}))), HasSubstr("manifest.json is missing"));
  std::vector<TarEntry> twice = of_old_engine();
  twice.push_back(twice.back());
  EXPECT_THAT(error_of(read(twice)), HasSubstr("is there twice"));
  EXPECT_THAT(error_with({.name = "1111/json", .size = "77777777777"}), HasSubstr("the archive"));
}

TEST_F(SavedImages, AreNotLedAstrayByLinks) {
  std::vector<TarEntry> entries = of_old_engine();
  entries[3] = link_to("1111/layer.tar", "../../../../etc/passwd");
  const auto image = read(entries);
  ASSERT_TRUE(image) << error_of(image);
  EXPECT_FALSE(image->has_from(0));
  entries[3] = link_to("1111/layer.tar", "layer.tar");
  EXPECT_FALSE(read(entries)->has_from(0));
}

TEST_F(SavedImages, CanBeFollowedWhileTheyCome) {
  const auto spool = *Spool::make(folder_.path());
  TextSink sink;
  Status followed;
  std::thread follower([&] { followed = spool->follow(sink); });
  const std::string tar = tar_of(of_old_engine());
  TextSource source(tar);
  ASSERT_TRUE(SavedImage::read(source, spool));
  follower.join();
  EXPECT_EQ(error_of(followed), "no error");
  EXPECT_EQ(sink.text(), tar);
  const auto other = *Spool::make(folder_.path());
  TextSource half(std::string_view(tar).substr(0, tar.size() / 2));
  EXPECT_FALSE(SavedImage::read(half, other));
  EXPECT_EQ(error_of(other->follow(sink)), "the image did not come whole");
}

}  // namespace
}  // namespace simswarm::cluster
