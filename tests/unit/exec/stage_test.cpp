#include "exec/stage.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "exec_support.h"

namespace simswarm::exec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A stage that lasts, in which shells work one after another.
class AStage : public testing::Test {
 protected:
  void SetUp() override {
    if (!machine_allows_overlays()) FAIL() << "this machine forbids overlays: they cannot be tested here";
    spec_.project = spec_.working_folder = folder_.folder("project");
    spec_.result_folders = {spec_.project / "results"};
    spec_.veil = beside_ / "veil";
    ASSERT_TRUE(make_veil(spec_).has_value());
    auto stage = Stage::make(spec_, folder_ / "stage", true, {});
    ASSERT_TRUE(stage.has_value()) << error_of(stage);
    stage_ = std::move(*stage);
  }
  // Runs the script; gives what it prints.
  std::string run(const std::vector<std::string>& folders, const std::string& script) {
    const Status made = stage_->make_folders(folders);
    EXPECT_TRUE(made.has_value()) << error_of(made);
    ProcessSpec process;
    process.argv = {"/bin/sh", "-c", script};
    process.environment = {"PATH=/usr/bin:/bin"};
    stage_->apply(process);
    const auto started = start(process);
    EXPECT_TRUE(started.has_value()) << error_of(started);
    if (!started) return "not started";
    EXPECT_EQ(::waitpid(started->pid, nullptr, 0), started->pid);
    return folder_.read("stage/stdout");
  }
  // Whether the stage serves again; notes which files were left.
  bool end() {
    const auto files = stage_->take_files(folder_ / "taken" / std::to_string(++taken_));
    EXPECT_TRUE(files.has_value()) << error_of(files);
    left_.clear();
    for (const LeftFile& file : files.value_or(std::vector<LeftFile>{})) left_.push_back(file.path);
    return stage_->renew();
  }
  [[nodiscard]] fs::path place(const std::string& path) const { return stage_->layer().locate(path); }
  // Tells a folder from one that was made later: inodes are given again.
  [[nodiscard]] std::int64_t born(const std::string& path) const {
    struct statx info {};
    EXPECT_EQ(::statx(AT_FDCWD, place(path).c_str(), 0, STATX_BTIME, &info), 0);
    return info.stx_btime.tv_sec * 1'000'000'000 + info.stx_btime.tv_nsec;
  }
  // A run in results/1, after which `change` is done; whether the folder is then another's.
  bool is_passed_on(const std::string& script, const std::function<void(const fs::path&)>& change = {}) {
    run({"results/1"}, script);
    const std::int64_t before = born("results/1");
    if (change) change(place("results/1"));
    EXPECT_TRUE(end());
    EXPECT_EQ(run({"results/2"}, "ls; cd results; ls -A . 2; stat -c %a 2"), "results\n.:\n2\n\n2:\n755\n");
    const bool same = before == born("results/2");
    EXPECT_TRUE(end());
    return same;
  }

  TestFolder folder_;
  TestFolder beside_;
  LayerSpec spec_;
  std::unique_ptr<Stage> stage_;
  std::vector<std::string> left_;
  int taken_ = 0;
};

TEST_F(AStage, PassesOnAFolderThatIsAsGoodAsNew) {
  EXPECT_TRUE(is_passed_on(":"));
  EXPECT_TRUE(is_passed_on("echo x > results/1/a; mkdir -p results/other/deep; : > results/b"));
}

TEST_F(AStage, GivesTheFilesBeforehand) {
  run({"results/1"}, "echo x > results/1/a; mkdir -p results/1/deep; echo y > results/1/deep/b; : > results/c");
  EXPECT_TRUE(end());
  EXPECT_THAT(left_, ElementsAre("results/1/a", "results/1/deep/b", "results/c"));
  EXPECT_EQ(run({}, "ls -A results"), "");
  EXPECT_TRUE(end());
  EXPECT_THAT(left_, IsEmpty());
}

TEST_F(AStage, PassesOnNoFolderInWhichSomethingIsLeft) {
  EXPECT_FALSE(is_passed_on("mkdir results/1/deep"));
  EXPECT_FALSE(is_passed_on("mkfifo results/1/pipe"));
}

TEST_F(AStage, PassesOnNoFolderThatWasChanged) {
  EXPECT_FALSE(is_passed_on("chmod 700 results/1"));
  EXPECT_FALSE(is_passed_on("chmod 1777 results/1"));
  EXPECT_FALSE(is_passed_on(
      ":", [](const fs::path& folder) { EXPECT_EQ(::setxattr(folder.c_str(), "user.note", "x", 1, 0), 0); }));
  EXPECT_FALSE(is_passed_on(":", [](const fs::path& folder) {
    int flags = 0;
    const Fd opened(::open(folder.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::ioctl(opened.get(), FS_IOC_GETFLAGS, &flags), 0);
    flags |= FS_NOATIME_FL;
    EXPECT_EQ(::ioctl(opened.get(), FS_IOC_SETFLAGS, &flags), 0);
  }));
  EXPECT_FALSE(is_passed_on(":", [](const fs::path& folder) {  // ext4: it stays as large as it was
    for (int i = 0; i < 200; ++i)
      EXPECT_TRUE(write_file(folder / (std::to_string(i) + std::string(100, 'x')), "").has_value());
  }));
}

TEST_F(AStage, KeepsNoFolderForARunThatHasNone) {
  run({"results/1"}, ":");
  EXPECT_TRUE(end());
  EXPECT_EQ(run({}, "ls -A results"), "");
  EXPECT_TRUE(end());
  EXPECT_EQ(run({"results/a/b"}, "cd results; find . | sort"), ".\n./a\n./a/b\n");
}

TEST_F(AStage, ServesNobodyAfterARunThatLeftSomethingBeside) {
  run({}, "mkdir beside");
  EXPECT_FALSE(end());
}

TEST_F(AStage, ServesNobodyAfterARunThatClosedAResultFolder) {
  run({}, "chmod 711 results");
  EXPECT_FALSE(end());
}

}  // namespace
}  // namespace simswarm::exec
