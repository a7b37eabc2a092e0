// Disks that are full or closed, at every step of a campaign: mounts of the test's own, which nobody else sees.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "fault_support.h"

namespace simswarm::e2e {
namespace {

constexpr int kRuns = 6;
constexpr int kEnvironment = 3;  // exit code: the environment's fault

// Each run leaves some 300 KiB.
std::string large_study() {
  return "[General]\nnetwork = Net\nsim-time-limit = 4000s\n**.vectors = 4\n[Study]\n**.load = ${load=1,2,3}\n"
         "repeat = 2\n";
}

class FullDisk : public testing::Test {
 protected:
  FullDisk() : project_(large_study()) { enter_own_namespace(); }
  void TearDown() override {
    for (auto folder = mounted_.rbegin(); folder != mounted_.rend(); ++folder)
      ::umount2(project_.path(*folder).c_str(), MNT_DETACH);
  }

  void mount(const fs::path& folder, std::string_view size) {
    mount_tmpfs(project_.path(folder), size);
    mounted_.push_back(folder);
  }

  // Ends as it has to when a disk is full: with a code, and in words.
  static void expect_told(const Report& report) {
    EXPECT_NE(report.exit_code, 0);
    EXPECT_LT(report.exit_code, 128) << "died: " << report.errors << report.out;
    if (!report.has_summary) {
      EXPECT_TRUE(is_one_line_error(report.errors)) << report.errors;
      EXPECT_EQ(report.exit_code, kEnvironment) << report.errors;
    }
    EXPECT_TRUE(contains(report.out + report.errors, "No space left") ||
                contains(report.out + report.errors, "disk is full") ||
                contains(report.out + report.errors, "disk_full"))
        << report.errors << report.out;
  }

  // What was said to be complete is whole, and after room was made the rest comes; nothing is run twice.
  void expect_resumes(const Report& before, const Words& options = {}) const {
    const Report after = project_.runall(options);
    EXPECT_EQ(after.exit_code, 0) << after.errors << after.notes();
    EXPECT_EQ(after.complete, kRuns);
    for (const Event& event : before.of("ended")) {
      if (!event.complete) continue;
      EXPECT_THAT(after.started(), testing::Not(testing::Contains(event.run)));
    }
    const Project undisturbed(large_study());
    EXPECT_EQ(undisturbed.runall().exit_code, 0);
    std::string difference;
    EXPECT_TRUE(equal_results(undisturbed.path("results"), project_.path("results"), &difference)) << difference;
    EXPECT_EQ(undisturbed.results(), project_.results());
  }

  const Project project_;
  std::vector<fs::path> mounted_;
};

class FullState : public FullDisk, public testing::WithParamInterface<const char*> {};

// From too little for the ledger's first table to enough for some runs: planning, writing, committing, noting.
TEST_P(FullState, IsToldAndResumed) {
  mount(".simswarm", GetParam());
  const Report before = project_.runall();
  // Runs that happen to follow each other need the least room at once: the largest size may do for them.
  const bool fitted = before.exit_code == 0 && before.complete == kRuns;
  if (!fitted) expect_told(before);
  resize_tmpfs(project_.path(".simswarm"), "64m");
  expect_resumes(before);
}
INSTANTIATE_TEST_SUITE_P(Of, FullState,
                         testing::Values("8k", "64k", "128k", "192k", "256k", "320k", "400k", "512k", "768k", "1m",
                                         "1280k", "1536k"),
                         [](const auto& each) { return each.param; });

class FullResults : public FullDisk, public testing::WithParamInterface<const char*> {};

// Results come by a copy, and the place fills between two files of a run.
TEST_P(FullResults, KeepsWhatIsWholeAndResumesWithoutRunningIt) {
  mount("results", GetParam());
  const Report before = project_.runall({"--retries", "0"});
  expect_told(before);
  resize_tmpfs(project_.path("results"), "64m");
  const Report after = project_.runall();
  EXPECT_EQ(after.exit_code, 0) << after.errors;
  EXPECT_EQ(after.complete, kRuns);
  EXPECT_THAT(after.started(), testing::IsEmpty()) << "all were whole, they had no place only";
  expect_resumes(after);
}
INSTANTIATE_TEST_SUITE_P(Of, FullResults, testing::Values("4k", "200k", "500k", "1m", "1500k"),
                         [](const auto& each) { return each.param; });

class Unwritable : public FullDisk {
 protected:
  // Refused or told, never believed, and mended by the next call.
  void expect_mended_by(const std::function<void()>& mend) {
    const Report before = project_.runall({"--retries", "0"});
    EXPECT_NE(before.exit_code, 0);
    EXPECT_LT(before.exit_code, 128) << "died: " << before.errors << before.out;
    EXPECT_EQ(before.complete, 0);
    EXPECT_TRUE(contains(before.out + before.errors, "results")) << before.out << before.errors;
    mend();
    expect_resumes(before);
  }
};

TEST_F(Unwritable, ReadOnlyMount) {
  fs::create_directories(project_.path("results"));
  const std::string results = project_.path("results");
  ASSERT_EQ(::mount(results.c_str(), results.c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_EQ(::mount("none", results.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
  expect_mended_by([&] { ::umount2(results.c_str(), MNT_DETACH); });
}

TEST_F(Unwritable, AFileInPlaceOfTheFolder) {
  project_.write("results", "a file of the user\n");
  expect_mended_by([&] {
    EXPECT_EQ(project_.read("results"), "a file of the user\n");
    fs::remove(project_.path("results"));
  });
}

TEST_F(Unwritable, ALinkThatLeadsNowhere) {
  fs::create_symlink(project_.outside() / "gone", project_.path("results"));
  expect_mended_by([&] { fs::remove(project_.path("results")); });
}

TEST_F(Unwritable, ALinkToItself) {
  fs::create_symlink("results", project_.path("results"));
  expect_mended_by([&] { fs::remove(project_.path("results")); });
}

// As a user who may not: root's rights are given up for the call.
TEST_F(Unwritable, AFolderOfAnotherUser) {
  fs::create_directories(project_.path("results"));
  fs::permissions(project_.path("results"), fs::perms::owner_read | fs::perms::owner_exec);
  const Words words = project_.runall_words({"--retries", "0"}, {});
  Words call;
  if (::geteuid() == 0) {
    constexpr uid_t kNobody = 65534;
    for (const fs::path& folder : {project_.outside(), project_.folder()})
      ASSERT_EQ(::chown(folder.c_str(), kNobody, kNobody), 0);
    call = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  }
  const Report before = parse_report(run(call + words, project_.folder()));
  EXPECT_NE(before.exit_code, 0);
  EXPECT_LT(before.exit_code, 128) << "died: " << before.errors << before.out;
  EXPECT_EQ(before.complete, 0);
  EXPECT_TRUE(contains(before.out + before.errors, "results")) << before.out << before.errors;
  fs::permissions(project_.path("results"), fs::perms::owner_all);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(project_.path("results").c_str(), 65534, 65534), 0);
  }
  const Report after = parse_report(run(call + words, project_.folder()));
  EXPECT_EQ(after.exit_code, 0) << after.errors << after.notes();
  EXPECT_EQ(after.complete, kRuns);
}

}  // namespace
}  // namespace simswarm::e2e
