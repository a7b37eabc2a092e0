#include "cluster/image_layer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/plain_tar.h"
#include "test_folder.h"

namespace simswarm::cluster {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

class ImageLayers : public testing::Test {
 protected:
  ImageLayers() { ::setenv("SIMSWARM_SWARMS_FOLDER", (folder_ / "swarms").c_str(), 1); }
  ~ImageLayers() override { ::unsetenv("SIMSWARM_SWARMS_FOLDER"); }

  static std::string tar_of_layer(const Layer& layer) {
    TextSink sink;
    EXPECT_EQ(error_of(write_layer(layer, sink)), "no error");
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
  [[nodiscard]] Layer toolchain() const {
    Result<Layer> layer = folder_layer(folder_ / "omnetpp");
    EXPECT_EQ(error_of(layer), "no error");
    return layer ? *layer : Layer{};
  }

  TestFolder folder_;
};

TEST_F(ImageLayers, AreTheSameForTheSameContent) {
  folder_.write("omnetpp/bin/opp_run", "program");
  folder_.write("omnetpp/lib/a.so", "library");
  fs::create_symlink("a.so", folder_ / "omnetpp/lib/link.so");
  const Layer layer = toolchain();
  const std::string tar = tar_of_layer(layer);
  EXPECT_EQ(layer.size, tar.size());
  EXPECT_EQ(layer.digest, digest_of(tar));
  fs::last_write_time(folder_ / "omnetpp/lib/a.so", fs::file_time_type::clock::now() + std::chrono::hours(5));
  fs::create_directories(folder_ / "omnetpp/new");
  fs::remove(folder_ / "omnetpp/new");
  EXPECT_EQ(tar_of_layer(toolchain()), tar);
  folder_.write("omnetpp/lib/a.so", "librarY");
  EXPECT_NE(toolchain().digest, layer.digest);
}

TEST_F(ImageLayers, HaveEachFolderOnTheWayBeforeWhatLiesInIt) {
  folder_.write("omnetpp/bin/opp_run", "program");
  folder_.folder("omnetpp/empty");
  const std::vector<std::string> names = names_in(tar_of_layer(toolchain()));
  std::string at;
  std::vector<std::string> wanted;
  for (const fs::path& part : (folder_ / "omnetpp").relative_path()) {
    at += (at.empty() ? "" : "/") + part.string();
    wanted.push_back(at);
  }
  for (const char* below : {"/bin", "/bin/opp_run", "/empty"}) wanted.push_back(at + below);
  EXPECT_EQ(names, wanted);
}

TEST_F(ImageLayers, AreReadAgainOnlyWhenSomethingHasChanged) {
  folder_.write("omnetpp/a", "content");
  const Layer first = toolchain();
  ASSERT_EQ(std::distance(fs::directory_iterator(folder_ / "swarms/.layers"), {}), 1);
  const fs::path known = fs::directory_iterator(folder_ / "swarms/.layers")->path();
  ASSERT_TRUE(write_file(known, fmt::format("{} 4711\n", std::string(64, 'a'))));
  EXPECT_EQ(toolchain().size, 4711U);
  ASSERT_TRUE(write_file(known, "damaged"));
  EXPECT_EQ(toolchain().digest, first.digest);
}

TEST_F(ImageLayers, OfTheProgramHaveItsLibrariesButNotTheCLibrary) {
  const auto layer = program_layer(fs::read_symlink("/proc/self/exe"));
  ASSERT_TRUE(layer) << error_of(layer);
  const std::vector<std::string> names = names_in(tar_of_layer(*layer));
  EXPECT_THAT(names, Contains("opt/simswarm/bin/simswarm"));
  EXPECT_THAT(names, Contains("usr/local/bin/simswarm"));
  EXPECT_THAT(names, Contains(StartsWith("opt/simswarm/lib/libstdc++.so")));
  EXPECT_THAT(names, testing::Not(Contains(StartsWith("opt/simswarm/lib/libc.so"))));
  EXPECT_THAT(names, testing::Not(Contains(StartsWith("opt/simswarm/lib/ld-linux"))));
}

TEST_F(ImageLayers, SayWhichFolderIsNone) {
  EXPECT_THAT(error_of(folder_layer("/none/there")), HasSubstr("--with /none/there: there is no such folder"));
  EXPECT_THAT(error_of(folder_layer("/usr/")), HasSubstr("--with /usr: is a folder of the system"));
  EXPECT_THAT(error_of(folder_layer(folder_.folder("empty"))), HasSubstr("the folder is empty"));
}

TEST(CLibrary, IsKnownByItsNames) {
  for (const char* name : {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "libresolv.so.2", "libnss_files.so.2"})
    EXPECT_TRUE(is_of_the_c_library(name)) << name;
  for (const char* name : {"libcrypto.so.3", "libcrypt.so.1", "libmongoc-1.0.so.0", "libmd.so.0", "libstdc++.so.6"})
    EXPECT_FALSE(is_of_the_c_library(name)) << name;
}

}  // namespace
}  // namespace simswarm::cluster
