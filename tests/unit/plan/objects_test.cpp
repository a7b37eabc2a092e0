#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/text.h"
#include "plan/inputs.h"
#include "test_folder.h"

namespace simswarm::plan {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

// A program of a project: a copy of one that every system has, so that it has libraries.
class LoadedObjects : public testing::Test {
 protected:
  LoadedObjects() {
    project_ = folder_.folder("project");
    fs::copy_file(fs::canonical("/bin/true"), project_ / "model");
    ::chmod((project_ / "model").c_str(), 0755);
    request_.project = request_.working_folder = project_;
    request_.program = project_ / "model";
    request_.scratch = folder_ / "scratch";
  }
  [[nodiscard]] std::vector<std::string> objects() const {
    const auto found = loaded_objects(request_);
    EXPECT_TRUE(found.has_value()) << error_of(found);
    std::vector<std::string> names;
    for (const fs::path& path : found.value_or(std::vector<fs::path>{})) names.push_back(path.string());
    return names;
  }
  [[nodiscard]] std::string model() const { return (project_ / "model").string(); }

  TestFolder folder_;
  fs::path project_;
  InputRequest request_;
};

TEST_F(LoadedObjects, AreSeenByRunningTheProbe) {
  request_.sources.probe_command = {"./model", "-s"};
  EXPECT_THAT(objects(), AllOf(Contains(model()), Contains(HasSubstr("/libc.so"))));
  EXPECT_FALSE(fs::exists(folder_ / "scratch/loader")) << "the loader's words are gone";
}

TEST_F(LoadedObjects, AreThoseBehindAWrapperScript) {
  folder_.script("project/wrapper", "cd \"$(dirname \"$0\")\"\n./model \"$@\"\nexit 0");
  request_.program = project_ / "wrapper";
  request_.sources.probe_command = {"./wrapper", "-s"};
  EXPECT_THAT(objects(),
              AllOf(Contains(model()), Contains((project_ / "wrapper").string()), Contains(HasSubstr("/libc.so"))));
  EXPECT_THAT(objects(), Not(Contains(EndsWith("/dirname")))) << "the script's helpers change no result";
  EXPECT_THAT(objects(), Not(Contains(EndsWith("/dash"))));
}

TEST_F(LoadedObjects, AreThoseOfAProgramThatAScriptTurnsInto) {
  folder_.script("project/wrapper", "cd \"$(dirname \"$0\")\" && exec ./model \"$@\"");
  request_.program = project_ / "wrapper";
  request_.sources.probe_command = {"./wrapper", "-s"};
  EXPECT_THAT(objects(), AllOf(Contains(model()), Contains(HasSubstr("/libc.so"))));
  EXPECT_THAT(objects(), Not(Contains(EndsWith("/dash"))));
}

TEST_F(LoadedObjects, AreThoseThatTheEnvironmentAdds) {
  const auto libm = [] {
    for (const char* path : {"/lib/x86_64-linux-gnu/libm.so.6", "/lib64/libm.so.6", "/usr/lib/libm.so.6",
                             "/lib/aarch64-linux-gnu/libm.so.6"}) {
      if (fs::exists(path)) return fs::canonical(path);
    }
    return fs::path();
  }();
  ASSERT_FALSE(libm.empty());
  const fs::path extra = project_ / "libextra.so";
  fs::copy_file(libm, extra);
  folder_.script("project/wrapper", "LD_PRELOAD=" + extra.string() + " exec ./model");
  request_.program = project_ / "wrapper";
  request_.sources.probe_command = {"./wrapper"};
  EXPECT_THAT(objects(), Contains(extra.string()));
}

TEST_F(LoadedObjects, OfAProgramThatMustNotStartAreAskedOfTheLoader) {
  request_.sources.programs = {project_ / "model"};
  EXPECT_THAT(objects(), AllOf(Contains(model()), Contains(HasSubstr("/libc.so"))));
}

TEST_F(LoadedObjects, OfAScriptAreTheScriptAlone) {
  const fs::path script = folder_.script("project/run.sh", "exit 0");
  request_.program = script;
  request_.sources.programs = {script};
  EXPECT_THAT(objects(), testing::ElementsAre(script.string()));
}

TEST_F(LoadedObjects, ComeOnceEachAndSorted) {
  request_.sources.probe_command = {"/bin/sh", "-c", "./model; ./model"};
  const auto found = objects();
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
  EXPECT_EQ(std::adjacent_find(found.begin(), found.end()), found.end());
}

TEST_F(LoadedObjects, OfAProbeThatCannotStartAreAnError) {
  request_.sources.probe_command = {"./none"};
  EXPECT_EQ(error_of(loaded_objects(request_)), "cannot start «./none»: No such file or directory");
}

}  // namespace
}  // namespace simswarm::plan
