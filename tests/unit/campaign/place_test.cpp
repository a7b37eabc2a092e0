#include "campaign/place.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "exec/place.h"
#include "test_folder.h"

namespace simswarm::campaign {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Staged files in one folder, their places in another.
class PutIntoPlace : public testing::Test {
 protected:
  PutIntoPlace() {
    intent_.folder = folder_.folder("work").string();
    intent_.kept = (folder_ / "kept").string();
  }
  // A file that a run has left, on its way to that path.
  fs::path stage(const std::string& path, const std::string& content) {
    const fs::path staged = staging() / std::to_string(intent_.files.size());
    EXPECT_TRUE(write_file(staged, content).has_value());
    intent_.files.push_back(exec::describe(path, staged).value());
    intent_.staged.push_back(staged.string());
    return staged;
  }
  fs::path stage_link(const std::string& path, const std::string& target) {
    const fs::path staged = staging() / std::to_string(intent_.files.size());
    fs::create_symlink(target, staged);
    intent_.files.push_back(exec::describe(path, staged).value());
    intent_.staged.push_back(staged.string());
    return staged;
  }
  // The number kept aside, or the error.
  std::string put() {
    const auto kept = put_into_place(intent_);
    return kept ? std::to_string(*kept) : kept.error().message;
  }
  [[nodiscard]] std::vector<std::string> listing(const std::string& name) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / name)) {
      if (!entry.is_directory()) names.push_back(entry.path().lexically_relative(folder_ / name).string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  virtual fs::path staging() { return folder_.folder("staging"); }

  TestFolder folder_;
  Intent intent_;
};

TEST_F(PutIntoPlace, BringsFilesWhereTheyBelong) {
  stage("results/a.sca", "scalars");
  stage("trace.txt", "");
  stage("../beside/x", "up");
  EXPECT_EQ(put(), "0");
  EXPECT_EQ(folder_.read("work/results/a.sca"), "scalars");
  EXPECT_TRUE(fs::exists(folder_ / "work/trace.txt"));
  EXPECT_EQ(folder_.read("beside/x"), "up");
  EXPECT_THAT(listing("staging"), IsEmpty());
}

TEST_F(PutIntoPlace, NotesWhatTheFilesAreThere) {
  stage("a", "one");
  put();
  EXPECT_EQ(intent_.files[0].identity, identify(folder_ / "work/a").value());
  EXPECT_EQ(intent_.files[0].size, 3U);
  EXPECT_EQ(intent_.files[0].digest, digest_of("one"));
}

TEST_F(PutIntoPlace, KeepsTheTimesOfFiles) {
  const fs::path staged = stage("a.vec", "x");
  const std::array<timespec, 2> times{timespec{1'600'000'000, 0}, timespec{1'700'000'000, 123'456'789}};
  ASSERT_EQ(::utimensat(AT_FDCWD, staged.c_str(), times.data(), 0), 0);
  put();
  EXPECT_EQ(identify(folder_ / "work/a.vec").value().mtime_ns, 1'700'000'000'123'456'789) << "for the .vci";
}

TEST_F(PutIntoPlace, PutsWhatDiffersAside) {
  folder_.write("work/results/a.sca", "older");
  folder_.write("up", "older too");
  stage("results/a.sca", "newer");
  stage("../up", "newer too");
  EXPECT_EQ(put(), "2");
  EXPECT_EQ(folder_.read("work/results/a.sca"), "newer");
  EXPECT_EQ(folder_.read("kept/results/a.sca"), "older");
  EXPECT_EQ(folder_.read("kept/_up/up"), "older too");
}

TEST_F(PutIntoPlace, PutsNothingAsideTwiceUnderOneName) {
  folder_.write("kept/a", "oldest");
  folder_.write("kept/a.2", "old");
  folder_.write("work/a", "older");
  stage("a", "newer");
  EXPECT_EQ(put(), "1");
  EXPECT_EQ(folder_.read("kept/a"), "oldest");
  EXPECT_EQ(folder_.read("kept/a.2"), "old");
  EXPECT_EQ(folder_.read("kept/a.3"), "older");
}

TEST_F(PutIntoPlace, PutsNothingAsideThatIsTheSame) {
  folder_.write("work/a", "same");
  stage("a", "same");
  EXPECT_EQ(put(), "0");
  EXPECT_FALSE(fs::exists(folder_ / "kept"));
  EXPECT_EQ(folder_.read("work/a"), "same");
}

TEST_F(PutIntoPlace, ReplacesWhereItIsTold) {
  intent_.kept = "";
  folder_.write("work/a", "older");
  stage("a", "newer");
  EXPECT_EQ(put(), "0");
  EXPECT_EQ(folder_.read("work/a"), "newer");
}

TEST_F(PutIntoPlace, IsDoneWhenItWasDoneBefore) {
  stage("a", "one");
  stage("b", "two");
  ASSERT_EQ(put(), "0");
  EXPECT_EQ(put(), "0") << "as after a crash";
  EXPECT_EQ(intent_.files[1].identity, identify(folder_ / "work/b").value());
}

TEST_F(PutIntoPlace, GoesOnFromTheMiddle) {
  const fs::path first = stage("a", "one");
  stage("b", "two");
  fs::rename(first, folder_ / "work/a");
  EXPECT_EQ(put(), "0");
  EXPECT_EQ(folder_.read("work/a"), "one");
  EXPECT_EQ(folder_.read("work/b"), "two");
}

TEST_F(PutIntoPlace, RefusesToBelieveAnotherFileInThePlaceOfALostOne) {
  fs::remove(stage("a", "one"));
  EXPECT_THAT(put(), HasSubstr("/work/a: No such file or directory"));
  folder_.write("work/a", "another");
  EXPECT_EQ(put(), (folder_ / "work/a").string() + " is not what was verified");
}

TEST_F(PutIntoPlace, BringsLinksAsLinks) {
  folder_.write("work/link", "older");
  stage_link("link", "nowhere");
  EXPECT_EQ(put(), "1");
  EXPECT_EQ(fs::read_symlink(folder_ / "work/link"), "nowhere");
  EXPECT_EQ(folder_.read("kept/link"), "older");
}

TEST_F(PutIntoPlace, ReplacesALinkAndNotWhatItLeadsTo) {
  folder_.write("precious", "precious");
  fs::create_symlink(folder_ / "precious", folder_ / "work/a");
  stage("a", "newer");
  EXPECT_EQ(put(), "1");
  EXPECT_EQ(folder_.read("precious"), "precious");
  EXPECT_EQ(folder_.read("work/a"), "newer");
  EXPECT_FALSE(fs::is_symlink(folder_ / "work/a"));
}

TEST_F(PutIntoPlace, TouchesNothingThatIsNoRegularFile) {
  folder_.folder("work/results");
  stage("results", "x");
  EXPECT_EQ(put(), "the result path " + (folder_ / "work/results").string() +
                       " is no regular file (a folder): it is not touched; name another");
  EXPECT_TRUE(fs::is_directory(folder_ / "work/results"));
}

TEST_F(PutIntoPlace, SaysWhereAPlaceCannotBeHad) {
  folder_.write("work/results", "a file");
  stage("results/a.sca", "x");
  EXPECT_THAT(put(), HasSubstr("/work/results: "));
}

// The same where a rename does not do: results on one file system, scratch on another.
class PutAcrossFileSystems : public PutIntoPlace {
 protected:
  void SetUp() override {
    struct stat here {};
    struct stat there {};
    const bool other = ::stat("/dev/shm", &there) == 0 && ::access("/dev/shm", W_OK) == 0 &&
                       ::stat(folder_.path().c_str(), &here) == 0 && here.st_dev != there.st_dev;
    if (!other) GTEST_SKIP() << "/dev/shm is no second file system here";
    other_.emplace("/dev/shm");
  }
  fs::path staging() override { return other_->path(); }
  [[nodiscard]] bool is_staged() const { return !fs::is_empty(other_->path()); }
  std::optional<TestFolder> other_;
};

TEST_F(PutAcrossFileSystems, CopiesWithTimesAndRights) {
  const fs::path staged = stage("results/a.vec", std::string(3'000'000, 'x'));
  ::chmod(staged.c_str(), 0640);
  const std::array<timespec, 2> times{timespec{1'600'000'000, 0}, timespec{1'700'000'000, 123'456'789}};
  ASSERT_EQ(::utimensat(AT_FDCWD, staged.c_str(), times.data(), 0), 0);
  EXPECT_EQ(put(), "0");
  EXPECT_EQ(folder_.read("work/results/a.vec").size(), 3'000'000U);
  EXPECT_EQ(identify(folder_ / "work/results/a.vec").value().mtime_ns, 1'700'000'000'123'456'789);
  EXPECT_EQ(fs::status(folder_ / "work/results/a.vec").permissions(), fs::perms(0640));
  EXPECT_FALSE(is_staged());
  EXPECT_THAT(listing("work"), ElementsAre("results/a.vec")) << "no temporary name is left";
}

TEST_F(PutAcrossFileSystems, KeepsAsideAndReplacesAsElsewhere) {
  folder_.write("work/a", "older");
  stage("a", "newer");
  EXPECT_EQ(put(), "1");
  EXPECT_EQ(folder_.read("work/a"), "newer");
  EXPECT_EQ(folder_.read("kept/a"), "older");
}

TEST_F(PutAcrossFileSystems, BringsLinksAlsoOverWhatIsThere) {
  intent_.kept = "";
  folder_.write("work/link", "older");
  fs::create_symlink("nowhere", folder_ / "work/same");
  stage_link("link", "nowhere");
  stage_link("same", "nowhere");
  EXPECT_EQ(put(), "0");
  EXPECT_EQ(fs::read_symlink(folder_ / "work/link"), "nowhere");
  EXPECT_EQ(fs::read_symlink(folder_ / "work/same"), "nowhere");
  EXPECT_FALSE(is_staged());
  EXPECT_THAT(listing("work"), ElementsAre("link", "same"));
}

}  // namespace
}  // namespace simswarm::campaign
