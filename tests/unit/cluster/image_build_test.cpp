#include "cluster/image_build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/plain_tar.h"
#include "test_folder.h"

namespace simswarm::cluster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

// Plays docker: an image is a file by its name; what a build reads stays as context-N.tar.
constexpr std::string_view kDocker = R"(echo "$*" >>"$STATE/asked"
name=$(printf '%s' "$*" | sed 's,.* ,,' | tr '/' '_')
case "$*" in
"image inspect --format {{.Id}} "*)
  [ -e "$STATE/image-$name" ] || { echo 'Error: No such image' >&2; exit 1; }; echo "sha256:id-of-$name" ;;
"image inspect --format {{index"*)
  [ -e "$STATE/image-$name" ] || { echo 'Error: No such image' >&2; exit 1; }; cat "$STATE/image-$name" ;;
"pull "*) [ ! -e "$STATE/offline" ] || { echo 'no such host' >&2; exit 1; }; : >"$STATE/image-$name" ;;
"build "*)
  tag=$(printf '%s' "$*" | sed 's,.*--tag \([^ ]*\) .*,\1,' | tr '/' '_')
  n=$(ls "$STATE" | grep -c context); cat >"$STATE/context-$n.tar"
  [ ! -e "$STATE/broken" ] || { echo 'E: Unable to locate package g++'; echo 'The command returned a non-zero code: 100' >&2; exit 1; }
  sed -n 's,^LABEL org.simswarm.packages=,,p' "$STATE/context-$n.tar" >"$STATE/image-$tag" ;;
"run "*dpkg-query*) cat "$STATE/packages" ;;
"run "*--version) [ ! -e "$STATE/old" ] || { cat "$STATE/old" >&2; exit 1; } ;;
"image rm "*) rm "$STATE/image-$name" ;;
"tag "*) : >"$STATE/image-$name" ;;
*) echo "what is $*?" >&2; exit 1 ;;
esac)";

class ImageBuild : public testing::Test {
 protected:
  ImageBuild() {
    folder_.script("bin/docker", std::string(kDocker));
    ::setenv("STATE", folder_.path().c_str(), 1);
    ::setenv("SIMSWARM_SWARMS_FOLDER", (folder_ / "swarms").c_str(), 1);
    path_ = std::getenv("PATH");
    ::setenv("PATH", fmt::format("{}:{}", (folder_ / "bin").string(), path_).c_str(), 1);
    folder_.write("image-debian:test", "");
    folder_.write("packages", "g++ 12.2.0 amd64\n");
    options_.swarm = "Mine";
    options_.base = "debian:test";
    options_.program = folder_.write("program", "the program");
  }
  ~ImageBuild() override {
    ::setenv("PATH", path_.c_str(), 1);
    for (const char* name : {"STATE", "SIMSWARM_SWARMS_FOLDER"}) ::unsetenv(name);
  }

  Result<BuiltImage> build() { return build_image(Machine::here(), options_); }
  [[nodiscard]] std::string tag() {
    const auto built = build();
    EXPECT_EQ(error_of(built), "no error");
    return built ? built->tag : "";
  }
  // Names in the context of a build, and the text of its Dockerfile.
  std::vector<std::string> context(int number, std::string* dockerfile = nullptr) const {
    const std::string tar = folder_.read(fmt::format("context-{}.tar", number));
    TextSource source(tar);
    std::vector<std::string> names;
    EXPECT_EQ(error_of(archive::visit_tar(source,
                                          [&](const archive::Headers& entry, Source& content) -> Status {
                                            names.push_back(entry.path);
                                            TextSink text;
                                            if (entry.path != "Dockerfile" || dockerfile == nullptr) return {};
                                            SIMSWARM_CHECK(pour(content, text));
                                            *dockerfile = text.take();
                                            return {};
                                          })),
              "no error");
    return names;
  }
  void forget_answers() const { fs::remove(folder_ / "asked"); }

  TestFolder folder_;
  ImageOptions options_;
  std::string path_;
};

TEST_F(ImageBuild, MakesPackagesFirstAndTheProgramOnThem) {
  options_.with = {folder_.write("omnetpp/bin/opp_run", "x").parent_path().parent_path()};
  options_.network = "host";
  const auto built = build();
  ASSERT_TRUE(built) << error_of(built);
  EXPECT_THAT(built->tag, MatchesRegex("simswarm/mine:[0-9a-f]{12}"));
  EXPECT_FALSE(built->was_there);
  std::string tools;
  std::string program;
  EXPECT_THAT(context(0, &tools), ElementsAre("Dockerfile", "with-0.tar"));
  EXPECT_THAT(context(1), ElementsAre("Dockerfile"));
  EXPECT_THAT(context(2, &program), ElementsAre("Dockerfile", "layer.tar"));
  EXPECT_THAT(tools, HasSubstr("FROM ${BASE} AS tools"));
  EXPECT_THAT(tools, HasSubstr("\nADD with-0.tar /\n"));
  EXPECT_EQ(tools.find("ENTRYPOINT"), std::string::npos);
  EXPECT_THAT(program, HasSubstr("FROM ${TOOLS}"));
  EXPECT_EQ(program.find("apt-get"), std::string::npos);
  EXPECT_THAT(folder_.read("asked"), HasSubstr("--network host --build-arg TOOLS=simswarm/mine-tools:"));
  EXPECT_GT(built->sent, built->own_size);
}

TEST_F(ImageBuild, KeepsWhatIsThere) {
  const std::string first = tag();
  forget_answers();
  const auto again = build();
  ASSERT_TRUE(again) << error_of(again);
  EXPECT_EQ(again->tag, first);
  EXPECT_TRUE(again->was_there);
  EXPECT_EQ(again->sent, 0U);
  EXPECT_EQ(folder_.read("asked").find("build"), std::string::npos);
}

TEST_F(ImageBuild, SendsTheProgramAloneWhenOnlyThatHasChanged) {
  const std::string first = tag();
  folder_.write("program", "the program of tomorrow");
  const auto again = build();
  ASSERT_TRUE(again) << error_of(again);
  EXPECT_NE(again->tag, first);
  EXPECT_LT(again->sent, again->own_size + 16 * 1024);
  EXPECT_THAT(context(3), ElementsAre("Dockerfile", "layer.tar"));
}

TEST_F(ImageBuild, DoesNothingInADryRun) {
  options_.dry_run = true;
  std::vector<std::string> said;
  options_.say = [&](const std::string& line) { said.push_back(line); };
  ASSERT_TRUE(build());
  options_.base = "debian:away";
  ASSERT_TRUE(build());
  EXPECT_THAT(said, ElementsAre("would build the image on debian:test",
                                "would fetch the base debian:away, and build the image on it"));
  EXPECT_THAT(folder_.read("context-0.tar"), IsEmpty());
}

TEST_F(ImageBuild, FetchesABaseThatIsNotThere) {
  options_.base = "debian:away";
  EXPECT_EQ(error_of(build()), "no error");
  options_.base = "debian:gone";
  folder_.write("offline", "");
  EXPECT_THAT(error_of(build()),
              HasSubstr("the base debian:gone is not there and cannot be fetched: this machine: "
                        "docker pull --quiet debian:gone: no such host; name another one with --base"));
}

TEST_F(ImageBuild, SaysWhyItIsNotBuilt) {
  folder_.write("broken", "");
  EXPECT_EQ(error_of(build()),
            "this machine: the image is not built: The command returned a non-zero code: 100 (E: Unable to locate "
            "package g++)");
}

TEST_F(ImageBuild, SaysThatTheBaseIsTooOld) {
  folder_.write("old", "simswarm: /lib/libc.so.6: version `GLIBC_2.38' not found (required by simswarm)\n");
  const auto built = build();
  EXPECT_THAT(error_of(built), HasSubstr("the base debian:test has an older C library than this simswarm needs (glibc "
                                         "2.38): take a newer base"));
  EXPECT_THAT(folder_.read("asked"), HasSubstr("image rm --force simswarm/mine:"));
}

TEST_F(ImageBuild, TakesAnImageByItsId) {
  folder_.write("image-my_image:7", "");
  const auto adopted = adopt_image(Machine::here(), options_, "my/image:7");
  ASSERT_TRUE(adopted) << error_of(adopted);
  EXPECT_EQ(adopted->tag, "simswarm/mine:id-of-my_ima");
  EXPECT_THAT(error_of(adopt_image(Machine::here(), options_, "none:1")), HasSubstr("there is no image none:1"));
}

}  // namespace
}  // namespace simswarm::cluster
