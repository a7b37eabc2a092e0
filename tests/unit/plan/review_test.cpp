// Changes that left a run's key as it was, and changes that it should have left alone: one test each.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/subprocess.h"
#include "plan/inputs.h"
#include "test_folder.h"

namespace simswarm::plan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::Not;

class ReviewedInputs : public testing::Test {
 protected:
  ReviewedInputs() {
    project_ = folder_.folder("project");
    fs::copy_file(fs::canonical("/bin/true"), project_ / "model");
    fs::permissions(project_ / "model", fs::perms(0755));
    request_.project = request_.working_folder = project_;
    request_.program = project_ / "model";
    request_.sources.probe_command = {"./model"};
    request_.left_out = {project_ / "results", project_ / ".simswarm"};
    request_.scratch = folder_ / "scratch";
  }
  void wrap(const std::string& text) {
    request_.program = folder_.script("project/wrapper", text);
    request_.sources.probe_command = {"./wrapper"};
  }
  [[nodiscard]] Inputs gather() const {
    auto inputs = gather_inputs(request_, [](const fs::path& path) { return digest_of_file(path); });
    EXPECT_TRUE(inputs.has_value()) << error_of(inputs);
    return inputs.value_or(Inputs{});
  }
  // The parts that the change changes.
  [[nodiscard]] std::vector<std::string> changed_by(const std::function<void()>& change) const {
    const Inputs before = gather();
    change();
    const Inputs after = gather();
    std::vector<std::string> changed;
    for (std::size_t i = 0; i < std::min(before.parts.size(), after.parts.size()); ++i) {
      if (before.parts[i] != after.parts[i]) changed.push_back(after.parts[i].name);
    }
    return changed;
  }
  void write(const std::string& name, const std::string& content) const { folder_.write("project/" + name, content); }
  // Another program of the same use.
  void rebuild() const {
    fs::remove(project_ / "model");
    fs::copy_file(fs::canonical("/bin/echo"), project_ / "model");
    fs::permissions(project_ / "model", fs::perms(0755));
  }
  void git(const std::string& words, const std::string& in) const {
    const auto answer = run({{"/bin/sh", "-c", "git -c safe.directory='*' " + words}, folder_ / in, {}, {}, 60});
    ASSERT_TRUE(answer.has_value()) << error_of(answer);
    ASSERT_EQ(answer->exit_code, 0) << answer->errors;
  }

  TestFolder folder_;
  fs::path project_;
  InputRequest request_;
};

TEST_F(ReviewedInputs, HoldTheProgramBehindAWrapperThatReplacesItself) {
  for (const std::string word : {"exec ", ""}) {
    wrap("dirname x > /dev/null; " + word + "./model \"$@\"");
    EXPECT_THAT(changed_by([&] { rebuild(); }), ElementsAre("libraries")) << "«" << word << "»";
    fs::remove(project_ / "model");
    fs::copy_file(fs::canonical("/bin/true"), project_ / "model");
  }
}

TEST_F(ReviewedInputs, HoldAUsersProgramThatIsNamedLikeAHelper) {
  fs::rename(project_ / "model", project_ / "test");
  wrap("exec ./test");
  EXPECT_THAT(gather().files, Contains(testing::Key("test")));
  EXPECT_THAT(gather().files, Not(Contains(testing::Key(EndsWith("bin/dash")))));
}

TEST_F(ReviewedInputs, OfAScriptWhoseProgramCannotBeSeenAreNeverTheSame) {
  wrap("exit 0");
  EXPECT_THAT(changed_by([] {}), ElementsAre("program behind the script"));
}

TEST_F(ReviewedInputs, HoldAllFilesOfOneName) {
  for (const std::string tree : {"one", "two"}) {
    folder_.write(tree + "/package.ned", "package " + tree);
    request_.sources.trees.emplace_back(folder_ / tree, "**.ned");
  }
  EXPECT_THAT(changed_by([&] { folder_.write("two/package.ned", "package three"); }), ElementsAre("ned"));
  EXPECT_THAT(changed_by([&] { folder_.write("one/package.ned", "package three"); }), ElementsAre("ned"));
}

TEST_F(ReviewedInputs, HoldLinkedFolders) {
  folder_.write("inet/Wlan.ned", "1");
  folder_.write("inet/table.csv", "1");
  fs::create_directory_symlink(folder_ / "inet", project_ / "inet");
  fs::create_directory_symlink(project_, project_ / "self");
  fs::create_directory_symlink(project_, folder_ / "inet/back");
  EXPECT_THAT(changed_by([&] { folder_.write("inet/Wlan.ned", "2"); }), ElementsAre("ned"));
  EXPECT_THAT(changed_by([&] { folder_.write("inet/table.csv", "2"); }), ElementsAre("data"));
  git("init -q", "project");
  EXPECT_THAT(changed_by([&] { folder_.write("inet/table.csv", "3"); }), ElementsAre("data")) << "in git, too";
  request_.sources.trees = {{project_, "**.ned"}};
  EXPECT_THAT(changed_by([&] { folder_.write("inet/Wlan.ned", "3"); }), ElementsAre("ned"));
}

TEST_F(ReviewedInputs, HoldRepositoriesInsideThatOneDoesNotKnow) {
  folder_.folder("project/inet");
  git("init -q", "project/inet");
  write("inet/.gitignore", "*.tmp.csv\n");
  write("inet/Wlan.ned", "1");
  EXPECT_THAT(changed_by([&] { write("inet/Wlan.ned", "2"); }), ElementsAre("ned"));
  git("init -q", "project");
  EXPECT_THAT(changed_by([&] { write("inet/Wlan.ned", "3"); }), ElementsAre("ned"));
  EXPECT_THAT(changed_by([&] { write("inet/x.tmp.csv", "3"); }), IsEmpty());
}

TEST_F(ReviewedInputs, HoldWhatLeavesOutNedFiles) {
  EXPECT_THAT(changed_by([&] { write(".nedexclusions", "a.b"); }), ElementsAre("ned"));
  git("init -q", "project");
  write(".gitignore", ".nedexclusions");
  EXPECT_THAT(changed_by([&] { write(".nedexclusions", "a.c"); }), ElementsAre("ned"));
}

TEST_F(ReviewedInputs, HoldNoWordsOfOurs) {
  write("campaign.txt", "1");
  const int file = ::open((project_ / "campaign.txt").c_str(), O_WRONLY | O_APPEND);
  const int kept = ::dup(0);
  EXPECT_THAT(changed_by([&] { write("campaign.txt", "2"); }), ElementsAre("data"));
  ::dup2(file, 0);
  EXPECT_THAT(changed_by([&] { write("campaign.txt", "3"); }), IsEmpty());
  ::dup2(kept, 0);
  ::close(kept);
  ::close(file);
}

TEST_F(ReviewedInputs, HoldNoLogsPlotsNotesAndOlderResults) {
  EXPECT_THAT(
      changed_by([&] {
        for (const char* name : {"run.log", "nohup.out", "Runfile", "core", "core.4711", "plot.svg", "plot.png",
                                 "p.pdf", "thesis.tex", "thesis.bib", "eval.R", "eval.m", "table.xlsx", "Readme.txt",
                                 "notes.txt", "TODO", "results.old/x.csv", "results-2025/a/b.json"}) {
          write(name, "x");
        }
      }),
      IsEmpty());
  for (const char* name : {"notes.csv", "core.xml", "core_nodes.txt", "old/results.csv"}) {
    EXPECT_THAT(changed_by([&] { write(name, "x"); }), ElementsAre("data")) << name;
  }
}

TEST_F(ReviewedInputs, HoldScriptsAndPicturesThatAnyProgramMayRead) {
  request_.sources.probe_command = {};
  request_.sources.programs = {request_.program};
  for (const char* name : {"model.R", "model.m", "map.png"}) {
    EXPECT_THAT(changed_by([&] { write(name, "x"); }), ElementsAre("data")) << name;
  }
}

TEST_F(ReviewedInputs, HoldDataInAWorkingFolderThatIsNamedLikeResults) {
  request_.working_folder = folder_.folder("project/results-study");
  request_.sources.probe_command = {"../model"};
  EXPECT_THAT(changed_by([&] { write("results-study/load.csv", "x"); }), ElementsAre("data"));
}

TEST_F(ReviewedInputs, NeedNoGit) {
  folder_.folder("project/.git");  // no work tree that git would know
  write("load.csv", "1");
  EXPECT_THAT(changed_by([&] { write("load.csv", "2"); }), ElementsAre("data"));
}

TEST_F(ReviewedInputs, ThatVanishAreNotedSo) {
  write("load.csv", "1");
  const auto inputs = gather_inputs(request_, [](const fs::path& path) -> Result<Digest> {
    if (path.filename() == "load.csv") return environment_error("{}: gone", path.string());
    return digest_of_file(path);
  });
  ASSERT_TRUE(inputs.has_value()) << error_of(inputs);
  EXPECT_EQ(inputs->files.at("load.csv"), "unreadable");
}

}  // namespace
}  // namespace simswarm::plan
