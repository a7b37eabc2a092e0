#include "exec/layer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec_support.h"

namespace simswarm::exec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Only places that exist: nothing is made.
TEST(APlaceOfTheClient, IsNoneOfTheSystemAndNoneOfWhatIsShown) {
  TestFolder folder;
  const fs::path shown = folder.folder("shown");
  const fs::path place = folder.folder("place");
  EXPECT_TRUE(can_be_seen_at(place, shown));
  for (const char* system : {"/usr", "/etc", "/bin", "/usr/share", "/var/tmp", "/proc", "/dev"})
    EXPECT_FALSE(can_be_seen_at(system, shown)) << system;
  fs::create_symlink("/usr/share", place / "link");
  EXPECT_FALSE(can_be_seen_at(place / "link", shown));
  EXPECT_FALSE(can_be_seen_at(shown, shown));
  EXPECT_FALSE(can_be_seen_at(shown.parent_path(), shown));
  EXPECT_FALSE(can_be_seen_at(folder.folder("shown/inner"), shown));
  EXPECT_FALSE(can_be_seen_at(place / "../place", shown));
  EXPECT_FALSE(can_be_seen_at("place", shown));
}

// A project whose name is hard to quote, in which a shell works in a layer.
class InALayer : public testing::Test {
 protected:
  explicit InALayer(LayerKind kind = LayerKind::kOverlay) {
    const std::string name = "a,b:c d=\\ü%\xff";
    project_ = folder_.folder(name);
    spec_.kind = kind;
    spec_.project = project_;
    spec_.working_folder = folder_.folder(name + "/sim");
    spec_.result_folders = {project_ / "sim/results"};
    spec_.left_out = {project_ / "sim/.simswarm"};
    folder_.write(name + "/data.csv", "1");
    folder_.write(name + "/sim/omnetpp.ini", "[General]\n");
    folder_.write(name + "/sim/results/old.csv", "old");
    folder_.write(name + "/sim/.simswarm/ledger", "");
    folder_.write(name + "/.git/HEAD", "");
  }
  void prepare() {
    auto layer = Layer::prepare(spec_, folder_ / "scratch");
    ASSERT_TRUE(layer.has_value()) << error_of(layer);
    layer_ = std::move(*layer);
  }
  // Runs the script in a fresh layer; gives what it prints.
  std::string run(const std::string& script) {
    EXPECT_TRUE(remove_tree(folder_ / "scratch").has_value());
    prepare();
    ProcessSpec process;
    process.argv = {"/bin/sh", "-c", script};
    process.environment = {"PATH=/usr/bin:/bin"};
    process.output = folder_ / "scratch/stdout";
    process.errors = folder_ / "scratch/stderr";
    layer_.apply(process);
    const auto started = start(process);
    EXPECT_TRUE(started.has_value()) << error_of(started);
    if (!started) return "not started";
    int status = 0;
    EXPECT_EQ(::waitpid(started->pid, &status, 0), started->pid);
    EXPECT_EQ(status, 0) << folder_.read("scratch/stderr");
    return folder_.read("scratch/stdout");
  }
  // «path: content» of what was left.
  [[nodiscard]] std::vector<std::string> left() const {
    const auto files = layer_.left_files();
    EXPECT_TRUE(files.has_value()) << error_of(files);
    std::vector<std::string> found;
    for (const LeftFile& file : files.value_or(std::vector<LeftFile>{})) {
      const auto content = read_file(file.source);
      EXPECT_TRUE(fs::is_symlink(file.source) || (content && content->size() == file.size)) << file.path;
      found.push_back(file.path + ": " + content.value_or("(none)"));
    }
    return found;
  }
  [[nodiscard]] std::string in_project(const std::string& path) const {
    return read_file(project_ / path).value_or("(none)");
  }

  TestFolder folder_;
  fs::path project_;
  LayerSpec spec_;
  Layer layer_;
};

class InAnOverlay : public InALayer {
 protected:
  void SetUp() override {
    if (!machine_allows_overlays()) FAIL() << "this machine forbids overlays: they cannot be tested here";
  }
};
// What is common to all layers lies in a folder of its own.
class UnderAVeil : public InAnOverlay {
 protected:
  void SetUp() override {
    InAnOverlay::SetUp();
    spec_.veil = beside_ / "veil";
  }
  void make() {
    const Status made = make_veil(spec_);
    ASSERT_TRUE(made.has_value()) << error_of(made);
  }

  TestFolder beside_;
};
class InAMirror : public InALayer {
 protected:
  InAMirror() : InALayer(LayerKind::kLinks) {}
};

TEST_F(InAnOverlay, TheProjectIsSeenAsItIsAtItsOwnPath) {
  EXPECT_EQ(run("pwd; cat ../data.csv omnetpp.ini"), (project_ / "sim").string() + "\n1[General]\n");
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(InAnOverlay, WhatIsWrittenStaysInTheLayer) {
  run("echo new > trace.txt; echo 2 > ../data.csv; rm omnetpp.ini; mkdir -p deep/er; echo x > deep/er/file");
  EXPECT_THAT(left(), ElementsAre("../data.csv: 2\n", "deep/er/file: x\n", "trace.txt: new\n"));
  EXPECT_EQ(in_project("data.csv"), "1");
  EXPECT_EQ(in_project("sim/omnetpp.ini"), "[General]\n");
  EXPECT_FALSE(fs::exists(project_ / "sim/trace.txt"));
  EXPECT_FALSE(fs::exists(project_ / "sim/deep"));
}

TEST_F(InAnOverlay, AbsolutePathsLeadIntoTheLayerToo) {
  run("echo new > \"$(pwd)/trace.txt\"");
  EXPECT_THAT(left(), ElementsAre("trace.txt: new\n"));
  EXPECT_FALSE(fs::exists(project_ / "sim/trace.txt"));
}

TEST_F(InAnOverlay, ResultFoldersAreSeenEmpty) {
  EXPECT_EQ(run("ls -A results; echo new > results/new.csv"), "");
  EXPECT_THAT(left(), ElementsAre("results/new.csv: new\n"));
  EXPECT_EQ(in_project("sim/results/old.csv"), "old");
  EXPECT_FALSE(fs::exists(project_ / "sim/results/new.csv"));
}

TEST_F(InAnOverlay, ResultFoldersNeedNotBeThere) {
  spec_.result_folders = {project_ / "sim/fresh/results"};
  EXPECT_EQ(run("ls -A fresh/results; echo new > fresh/results/new.csv"), "");
  EXPECT_THAT(left(), ElementsAre("fresh/results/new.csv: new\n"));
  EXPECT_FALSE(fs::exists(project_ / "sim/fresh"));
}

TEST_F(InAnOverlay, ResultFoldersMayLieOutsideOfTheProject) {
  spec_.result_folders = {folder_ / "elsewhere"};
  folder_.write("elsewhere/old.csv", "old");
  EXPECT_EQ(run("ls -A ../../elsewhere; echo new > ../../elsewhere/new.csv"), "");
  EXPECT_THAT(left(), ElementsAre("../../elsewhere/new.csv: new\n"));
  EXPECT_FALSE(fs::exists(folder_ / "elsewhere/new.csv"));
}

TEST_F(InAnOverlay, StateAndWhatEarlierRunsWroteAreHidden) {
  const fs::path earlier = project_ / "sim/trace.txt";
  ASSERT_TRUE(write_file(earlier, "same\n").has_value());
  spec_.left_out.insert(earlier);
  EXPECT_EQ(run("ls -A; echo same > trace.txt"), "omnetpp.ini\nresults\n");
  EXPECT_THAT(left(), ElementsAre("trace.txt: same\n")) << "what a run writes is its own, though it is the same";
}

TEST_F(InAnOverlay, FilesOpenedForWritingAndNotChangedAreNotLeft) {
  run(": >> omnetpp.ini; touch ../data.csv; chmod 600 ../data.csv");
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(InAnOverlay, WhatStandsBesideTheProjectIsThere) {
  folder_.write("neighbour/x", "there");
  EXPECT_EQ(run("cat ../../neighbour/x"), "there");
}

TEST_F(InAnOverlay, NothingIsMountedForUs) {
  run("true");
  EXPECT_THAT(read_file("/proc/self/mountinfo").value(), Not(HasSubstr(folder_.path().string())));
}

TEST_F(InAnOverlay, TheScratchFolderMayLieInTheProject) {
  const fs::path scratch = project_ / "sim/.simswarm/scratch/1";
  const auto layer = Layer::prepare(spec_, scratch);
  ASSERT_TRUE(layer.has_value()) << error_of(layer);
  ProcessSpec process;
  process.argv = {"/bin/sh", "-c", "echo new > trace.txt"};
  process.output = folder_ / "out";
  process.errors = folder_ / "err";
  layer->apply(process);
  const auto started = start(process);
  ASSERT_TRUE(started.has_value()) << error_of(started);
  ::waitpid(started->pid, nullptr, 0);
  const auto files = layer->left_files().value();
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].path, "trace.txt");
}

TEST_F(InAnOverlay, AnotherUserMayWriteInAProjectThatIsNotItsOwn) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can run as another user";
  spec_.run_as = User{65534, 65534};
  EXPECT_EQ(run("id -u; echo new > trace.txt; echo x > ../beside; mkdir results/sub; echo y > results/sub/file"),
            "65534\n");
  EXPECT_THAT(left(), ElementsAre("../beside: x\n", "results/sub/file: y\n", "trace.txt: new\n"));
}

TEST_F(InAnOverlay, StatusFilesAreFoundWhileTheRunIsAtIt) {
  prepare();
  EXPECT_EQ(layer_.locate("results/run.out").parent_path().parent_path(), folder_ / "scratch");
  run("echo status > results/run.out; echo 2 > x.out");
  EXPECT_EQ(read_file(layer_.locate("results/run.out")).value(), "status\n");
  EXPECT_EQ(read_file(layer_.locate("x.out")).value(), "2\n");
  EXPECT_EQ(layer_.working_folder_in_layer(), layer_.locate("x.out").parent_path());
}

TEST_F(InAnOverlay, FoldersAreMadeBeforehand) {
  prepare();
  ASSERT_TRUE(layer_.make_folder("results/point/1").has_value());
  ASSERT_TRUE(layer_.make_folder("out/point").has_value());
  EXPECT_TRUE(fs::is_directory(layer_.locate("results/point/1")));
  EXPECT_TRUE(fs::is_directory(folder_ / "scratch/layer/sim/out/point"));
  EXPECT_FALSE(fs::exists(project_ / "sim/out"));
}

TEST_F(InAnOverlay, IsTheBestKindWhereItWorks) {
  EXPECT_EQ(best_layer(spec_, folder_ / "probe"), LayerKind::kOverlay);
  EXPECT_FALSE(fs::exists(folder_ / "probe"));
  EXPECT_FALSE(fs::exists(project_ / "sim/simswarm.probe"));
}

TEST_F(InAnOverlay, LeavesLinksButNoPipesAndNoWhiteouts) {
  run("ln -s nowhere link; ln -s ../data.csv data; mkfifo pipe; rm omnetpp.ini; rm -r ../data.csv");
  EXPECT_THAT(left(), ElementsAre("data: (none)", "link: (none)"));
}

TEST_F(UnderAVeil, AllIsAsWithoutOne) {
  make();
  EXPECT_EQ(run("ls -A . results; cat ../data.csv; echo x > results/a; echo 2 > ../data.csv"),
            ".:\nomnetpp.ini\nresults\n\nresults:\n1");
  EXPECT_THAT(left(), ElementsAre("../data.csv: 2\n", "results/a: x\n"));
  EXPECT_EQ(in_project("data.csv"), "1");
}

TEST_F(UnderAVeil, LayersDoNotSeeEachOther) {
  make();
  run("echo new > trace.txt");
  EXPECT_EQ(run("ls -A"), "omnetpp.ini\nresults\n");
}

TEST_F(UnderAVeil, WhatIsHiddenLaterIsHiddenFromWhatRunsAlready) {
  make();
  ASSERT_EQ(::mkfifo((folder_ / "go").c_str(), 0666), 0);
  const std::string go = (folder_ / "go").string();
  prepare();
  ProcessSpec process;
  process.argv = {"/bin/sh", "-c", "ls trace.txt; cat '" + go + "'; ls trace.txt; echo mine >> trace.txt"};
  process.environment = {"PATH=/usr/bin:/bin"};
  process.output = folder_ / "out";
  process.errors = folder_ / "err";
  layer_.apply(process);
  const auto started = start(process);
  ASSERT_TRUE(started.has_value()) << error_of(started);
  ASSERT_TRUE(hide_path(spec_, project_ / "sim/trace.txt").has_value());
  ASSERT_TRUE(write_file(project_ / "sim/trace.txt", "of another\n").has_value());
  ASSERT_TRUE(write_file(go, "").has_value());
  int status = 0;
  EXPECT_EQ(::waitpid(started->pid, &status, 0), started->pid);
  EXPECT_EQ(folder_.read("out"), "");
  EXPECT_THAT(left(), ElementsAre("trace.txt: mine\n"));
  EXPECT_EQ(in_project("sim/trace.txt"), "of another\n");
}

TEST_F(UnderAVeil, AFolderThatIsThereIsNotTaken) {
  beside_.folder("veil");
  EXPECT_THAT(error_of(make_veil(spec_)), HasSubstr("veil: File exists"));
}

TEST_F(InAMirror, DoesNotSeeWhatWasHiddenMeanwhile) {
  EXPECT_EQ(run("cat omnetpp.ini"), "[General]\n");
  ASSERT_TRUE(hide_path(spec_, project_ / "sim/omnetpp.ini").has_value());
  EXPECT_EQ(run("ls"), "results\n");
}

TEST_F(InAMirror, TheProjectIsSeenByRelativePaths) {
  EXPECT_EQ(run("cat ../data.csv omnetpp.ini"), "1[General]\n");
  EXPECT_THAT(left(), IsEmpty()) << "the links are ours";
}

TEST_F(InAMirror, NewAndRemovedFilesStayInTheLayer) {
  run("echo new > trace.txt; echo x > ../beside; rm omnetpp.ini; mkdir deep; echo y > deep/file");
  EXPECT_THAT(left(), ElementsAre("../beside: x\n", "deep/file: y\n", "trace.txt: new\n"));
  EXPECT_EQ(in_project("sim/omnetpp.ini"), "[General]\n");
  EXPECT_FALSE(fs::exists(project_ / "beside"));
}

TEST_F(InAMirror, AFileThatReplacesOneOfTheProjectIsLeft) {
  run("echo 2 > new; mv new ../data.csv");
  EXPECT_THAT(left(), ElementsAre("../data.csv: 2\n"));
  EXPECT_EQ(in_project("data.csv"), "1");
}

TEST_F(InAMirror, ResultFoldersAreSeenEmpty) {
  EXPECT_EQ(run("ls -A results; echo new > results/new.csv"), "");
  EXPECT_THAT(left(), ElementsAre("results/new.csv: new\n"));
  EXPECT_FALSE(fs::exists(project_ / "sim/results/new.csv"));
  EXPECT_EQ(read_file(layer_.locate("results/new.csv")).value(), "new\n");
}

TEST_F(InAMirror, StateAndGitAreLeftOut) {
  EXPECT_EQ(run("ls -A; ls -A .."), "omnetpp.ini\nresults\ndata.csv\nsim\n");
}

TEST_F(InAMirror, WhatStandsBesideTheProjectIsThere) {
  folder_.write("neighbour/x", "there");
  EXPECT_EQ(run("cat ../../neighbour/x"), "there");
}

TEST_F(InAMirror, ResultFoldersOutsideOfTheProjectAreRefused) {
  spec_.result_folders = {folder_ / "elsewhere"};
  EXPECT_EQ(error_of(Layer::prepare(spec_, folder_ / "scratch")),
            "results go to " + (folder_ / "elsewhere").string() + ", outside the project " + project_.string() +
                ": that needs an overlay, which is not used here; give a result folder in the project");
}

TEST_F(InAMirror, AnotherUserMayWrite) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can run as another user";
  spec_.run_as = User{65534, 65534};
  EXPECT_EQ(run("id -u; echo new > trace.txt; echo y > results/file"), "65534\n");
  EXPECT_THAT(left(), ElementsAre("results/file: y\n", "trace.txt: new\n"));
}

TEST_F(InAMirror, LargeProjectsAreMirroredAlongTheWayOnly) {
  for (int i = 0; i < 2100; ++i) folder_.write("large/data/" + std::to_string(i), "");
  spec_.project = folder_ / "large";
  spec_.working_folder = folder_.folder("large/sim");
  spec_.result_folders = {folder_ / "large/sim/results"};
  EXPECT_EQ(run("ls ../data | wc -l; echo new > trace.txt"), "2100\n");
  EXPECT_TRUE(fs::is_symlink(layer_.locate("../data")));
  EXPECT_THAT(left(), ElementsAre("trace.txt: new\n"));
}

TEST(BestLayer, IsAMirrorWhereAnOverlayCannotBe) {
  const TestFolder folder;
  LayerSpec spec;
  spec.project = spec.working_folder = folder / "none";  // nothing can be mounted there
  EXPECT_EQ(best_layer(spec, folder / "probe"), LayerKind::kLinks);
}

TEST(UnprivilegedUsers, AreAskedForByRootOnly) {
  const TestFolder folder;
  const auto user = unprivileged_user(folder.path(), folder.path(), "/bin/sh", "");
  EXPECT_EQ(user.has_value(), ::geteuid() == 0);
  EXPECT_EQ(unprivileged_user(folder.path(), folder.path(), "/bin/sh", "no-such-user"), std::nullopt);
}

TEST(UnprivilegedUsers, AreTheOwnersOfTheProjectWhereTheyCanReachIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const TestFolder folder;
  const fs::path project = folder.folder("project");
  ASSERT_EQ(::chown(project.c_str(), 12345, 12345), 0);
  EXPECT_EQ(unprivileged_user(project, project, "/bin/sh", ""), (User{12345, 12345}));
  ::chmod(folder.path().c_str(), 0700);
  EXPECT_EQ(unprivileged_user(project, project, "/bin/sh", ""), std::nullopt);
}

}  // namespace
}  // namespace simswarm::exec
