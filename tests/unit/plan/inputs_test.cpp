#include "plan/inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/subprocess.h"
#include "test_folder.h"

namespace simswarm::plan {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

// A project with a program, NED files, data and results, and what a run of it can see.
class InputsTest : public testing::Test {
 protected:
  InputsTest() {
    project_ = folder_.folder("project");
    folder_.script("project/model", "exit 0");
    fs::create_symlink("nowhere", project_ / "broken.csv");
    folder_.write("project/Net.ned", "network Net {}");
    folder_.write("project/src/Node.ned", "simple Node {}");
    folder_.write("project/data/load.csv", "1,2");
    folder_.write("project/model.cc", "int main() {}");
    folder_.write("project/omnetpp.ini", "[General]");
    folder_.write("project/results/old.csv", "9");
    request_.project = request_.working_folder = project_;
    request_.program = project_ / "model";
    request_.sources.programs = {project_ / "model"};
    request_.left_out = {project_ / "results", project_ / ".simswarm"};
    request_.scratch = folder_ / "scratch";
  }
  void git(const std::string& words, const std::string& in = "project") const {
    const auto answer = run({{"/bin/sh", "-c", "git -c safe.directory='*' -c protocol.file.allow=always " + words},
                             folder_ / in,
                             {{"GIT_AUTHOR_NAME", "a"},
                              {"GIT_AUTHOR_EMAIL", "a@b"},
                              {"GIT_COMMITTER_NAME", "a"},
                              {"GIT_COMMITTER_EMAIL", "a@b"},
                              {"HOME", folder_.path().string()}},
                             {},
                             60});
    ASSERT_TRUE(answer.has_value()) << error_of(answer);
    ASSERT_EQ(answer->exit_code, 0) << words << ": " << answer->errors;
  }
  [[nodiscard]] Inputs gather() const {
    auto inputs = gather_inputs(request_, [](const fs::path& path) { return digest_of_file(path); });
    EXPECT_TRUE(inputs.has_value()) << error_of(inputs);
    return inputs.value_or(Inputs{});
  }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& [name, digest] : gather().files) names.push_back(name);
    return names;
  }
  // The parts that the change changes.
  [[nodiscard]] std::vector<std::string> changed_by(const std::function<void()>& change) const {
    const Inputs before = gather();
    change();
    const Inputs after = gather();
    std::vector<std::string> changed;
    EXPECT_EQ(before.parts.size(), after.parts.size());
    for (std::size_t i = 0; i < before.parts.size(); ++i) {
      if (before.parts[i] != after.parts[i]) changed.push_back(before.parts[i].name);
    }
    return changed;
  }

  TestFolder folder_;
  fs::path project_;
  InputRequest request_;
};

TEST_F(InputsTest, AreProgramNedFilesAndDataButNoSourcesAndResults) {
  EXPECT_THAT(files(), ElementsAre("Net.ned", "data/load.csv", "model", "omnetpp.ini", "src/Node.ned"));
  request_.sources.probe_command = {"./model"};  // a simulation says itself what its ini files come to
  EXPECT_THAT(files(), ElementsAre("Net.ned", "data/load.csv", "model", "src/Node.ned"));
  EXPECT_EQ(gather().files.at("data/load.csv"), digest_of("1,2").hex());
}

TEST_F(InputsTest, HaveOnePartForEachKind) {
  std::vector<std::string> names;
  for (const KeyPart& part : gather().parts) names.push_back(part.name);
  EXPECT_THAT(names, ElementsAre("program", "libraries", "ned", "data"));
  EXPECT_EQ(gather().parts, gather().parts);
}

TEST_F(InputsTest, ChangeThePartThatTheyBelongTo) {
  EXPECT_THAT(changed_by([&] { folder_.script("project/model", "exit 1"); }), ElementsAre("program"));
  EXPECT_THAT(changed_by([&] { folder_.write("project/src/Node.ned", "x"); }), ElementsAre("ned"));
  EXPECT_THAT(changed_by([&] { folder_.write("project/data/load.csv", "1,3"); }), ElementsAre("data"));
  EXPECT_THAT(changed_by([&] { folder_.write("project/data/new.csv", ""); }), ElementsAre("data"));
  EXPECT_THAT(changed_by([&] { fs::rename(project_ / "data/new.csv", project_ / "data/newer.csv"); }),
              ElementsAre("data"));
  EXPECT_THAT(changed_by([&] { fs::remove(project_ / "Net.ned"); }), ElementsAre("ned"));
}

TEST_F(InputsTest, DoNotChangeWithWhatNoRunLooksAt) {
  EXPECT_THAT(changed_by([&] {
                folder_.write("project/model.cc", "int main() { return 1; }");
                folder_.write("project/README.md", "new");
                folder_.write("project/results/new.sca", "1");
                folder_.write("project/.simswarm/ledger.sqlite", "x");
                folder_.write("project/.hidden/x.csv", "x");
                folder_.write("project/out/gcc-release/model.o", "x");
                fs::last_write_time(project_ / "data/load.csv", fs::file_time_type::clock::now());
              }),
              IsEmpty());
}

TEST_F(InputsTest, AreNotWhatEarlierRunsWrote) {
  folder_.write("project/trace.csv", "from a run");
  EXPECT_THAT(files(), Contains("trace.csv"));
  request_.written = {"trace.csv"};
  EXPECT_THAT(files(), Not(Contains("trace.csv")));
}

TEST_F(InputsTest, MayBeNamedByPatterns) {
  request_.patterns = {"data/*.csv", "**.cc"};
  folder_.write("project/note.csv", "");
  EXPECT_THAT(files(), ElementsAre("Net.ned", "data/load.csv", "model", "model.cc", "src/Node.ned"))
      << "NED files count in any case";
}

TEST_F(InputsTest, AreNamedAsTheUserSeesThemFromTheWorkingFolder) {
  request_.working_folder = folder_.folder("project/simulations");
  const fs::path outside = folder_.write("shared/table.csv", "5");
  request_.sources.files = {outside};
  EXPECT_THAT(files(), AllOf(Contains("../data/load.csv"), Contains(outside.string())));
}

TEST_F(InputsTest, AreTheSameInAnotherFolder) {
  const auto parts = gather().parts;
  fs::rename(project_, folder_ / "moved");
  request_.project = request_.working_folder = folder_ / "moved";
  request_.program = folder_ / "moved/model";
  request_.sources.programs = {folder_ / "moved/model"};
  request_.left_out = {folder_ / "moved/results"};
  EXPECT_EQ(gather().parts, parts);
}

TEST_F(InputsTest, TakeNedFilesOutsideOfTheProjectToo) {
  folder_.write("inet/src/inet/Wlan.ned", "simple Wlan {}");
  folder_.write("inet/src/inet/Wlan.cc", "");
  fs::create_symlink("nowhere", folder_ / "inet/src/inet/Broken.ned");
  request_.sources.trees = {{folder_ / "inet/src", "**.ned"}};
  EXPECT_THAT(files(), Contains((folder_ / "inet/src/inet/Wlan.ned").string()));
  EXPECT_THAT(files(), Not(Contains((folder_ / "inet/src/inet/Wlan.cc").string())));
  EXPECT_THAT(changed_by([&] { folder_.write("inet/src/inet/Wlan.ned", "x"); }), ElementsAre("ned"));
}

TEST_F(InputsTest, WithANedFolderThatIsNotThereAreAnError) {
  request_.sources.trees = {{folder_ / "none", "**.ned"}};
  const auto inputs = gather_inputs(request_, [](const fs::path& path) { return digest_of_file(path); });
  EXPECT_EQ(error_of(inputs), "NED folder " + (folder_ / "none").string() + ": No such file or directory");
}

TEST_F(InputsTest, InGitAreAllThatIsNotIgnored) {
  git("init -q");
  folder_.write("project/.gitignore", "ignored/\n*.tmp.csv\n");
  folder_.write("project/ignored/x.csv", "1");
  folder_.write("project/data/y.tmp.csv", "1");
  folder_.write("project/data/käse, 1.csv", "1");
  git("add data/load.csv");
  EXPECT_THAT(files(),
              ElementsAre("Net.ned", "data/käse, 1.csv", "data/load.csv", "model", "omnetpp.ini", "src/Node.ned"));
  fs::remove(project_ / "data/load.csv");
  EXPECT_THAT(files(), Not(Contains("data/load.csv"))) << "in the index, but not there";
}

TEST_F(InputsTest, InGitAreTakenFromSubmodulesToo) {
  git("init -q");
  fs::create_directories(folder_ / "library");
  git("init -q", "library");
  folder_.write("library/src/Wlan.ned", "simple Wlan {}");
  folder_.write("library/table.csv", "1");
  git("add -A && git commit -qm x", "library");
  git("submodule --quiet add " + (folder_ / "library").string() + " library");
  EXPECT_THAT(files(), AllOf(Contains("library/src/Wlan.ned"), Contains("library/table.csv")));
  EXPECT_THAT(changed_by([&] { folder_.write("project/library/src/Wlan.ned", "x"); }), ElementsAre("ned"));
}

TEST_F(InputsTest, InGitAreTakenFromOtherWorkTreesInsideToo) {
  git("init -q");
  fs::create_directories(project_ / "inet");
  git("init -q", "project/inet");
  folder_.write("project/inet/Wlan.ned", "simple Wlan {}");
  EXPECT_THAT(files(), Contains("inet/Wlan.ned"));
}

TEST_F(InputsTest, InGitAreIgnoredNedFilesWhereTheNedPathLeadsToThem) {
  git("init -q");
  folder_.write("project/.gitignore", "inet/\n");
  folder_.write("project/inet/src/Wlan.ned", "simple Wlan {}");
  request_.sources.trees = {{project_ / "inet/src", "**.ned"}};
  EXPECT_THAT(changed_by([&] { folder_.write("project/inet/src/Wlan.ned", "x"); }), ElementsAre("ned"));
}

TEST_F(InputsTest, OnTheNedPathAreNoResults) {
  request_.sources.trees = {{project_, "**.ned"}};
  EXPECT_THAT(changed_by([&] { folder_.write("project/results/copy.ned", "x"); }), IsEmpty());
  EXPECT_THAT(changed_by([&] { folder_.write("project/.simswarm/scratch/copy.ned", "x"); }), IsEmpty());
}

TEST_F(InputsTest, ThatCannotBeReadAreNotedSo) {
  const auto inputs = gather_inputs(request_, [](const fs::path& path) -> Result<Digest> {
    if (path.extension() == ".csv") return environment_error("{}: Permission denied", path.string());
    return digest_of_file(path);
  });
  ASSERT_TRUE(inputs.has_value()) << error_of(inputs);
  EXPECT_EQ(inputs->files.at("data/load.csv"), "unreadable") << "a run cannot read it either";
}

TEST_F(InputsTest, OfAProjectAreThoseOfItsGitWorkTree) {
  git("init -q");
  const fs::path inside = folder_.folder("project/simulations/wlan");
  EXPECT_EQ(project_of(inside), project_);
  EXPECT_EQ(project_of(project_), project_);
  folder_.write("project/.gitignore", "simulations/wlan/\n");
  EXPECT_EQ(project_of(inside), inside) << "a folder that git ignores is a project of its own";
}

TEST_F(InputsTest, WithoutGitAreThoseOfTheWorkingFolder) {
  EXPECT_EQ(project_of(project_ / "data"), project_ / "data");
}

TEST(DataByDefault, IsWhatNeitherBuildNorDocumentNorResultMakes) {
  for (const char* path :
       {"load.csv", "data/config.xml", "trace.bin", "model", "script.py", "x.json", "a.txt", "Net.ned"}) {
    EXPECT_TRUE(is_data_by_default(path)) << path;
  }
  for (const char* path : {"model.cc",   "src/a.h",    "x.msg",         "x.o",      "lib.a",        "README",
                           "README.md",  "doc/x.rst",  "LICENSE",       "Makefile", "makefile.inc", "CMakeLists.txt",
                           ".gitignore", ".git",       "results/x.sca", "x.vec",    "x.vci",        "x.elog",
                           "x.anf",      "notes.txt~", "simswarm.toml", "x.ipynb",  "a.cpp.orig"}) {
    EXPECT_FALSE(is_data_by_default(path)) << path;
  }
}

}  // namespace
}  // namespace simswarm::plan
