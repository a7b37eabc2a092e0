#include "campaign/provenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/subprocess.h"
#include "test_folder.h"

namespace simswarm::campaign {
namespace {

class AProject : public testing::Test {
 protected:
  void git(std::vector<std::string> words) const {
    words.insert(words.begin(),
                 {"git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "safe.directory=*"});
    const auto answer = run({words, folder_.path(), {}, {}, 60});
    ASSERT_TRUE(answer.has_value() && answer->exit_code == 0) << (answer ? answer->errors : answer.error().message);
  }
  void make_repository() const {
    git({"init", "-q"});
    folder_.write("model.ned", "1");
    git({"add", "-A"});
    git({"commit", "-q", "-m", "x"});
  }
  [[nodiscard]] Provenance made() const {
    return provenance_of({folder_.path(), folder_ / "study", folder_ / "sim", inputs_});
  }

  TestFolder folder_;
  std::map<std::string, std::string> inputs_{{"../sim", "51"}, {"../model.ned", "3d"}, {"data.csv", "da"}};
};

TEST_F(AProject, WithoutARepositoryHasNoCommit) {
  const Provenance found = made();
  EXPECT_EQ(found.commit, "");
  EXPECT_EQ(found.uncommitted, std::nullopt);
  EXPECT_EQ(found.project, folder_.path().string());
  EXPECT_EQ(found.program, (folder_ / "sim").string());
  EXPECT_EQ(found.program_digest, "51");
  EXPECT_GT(found.cores, 0);
}

TEST_F(AProject, OfABrokenRepositoryHasNoCommit) {
  folder_.write(".git", "gitdir: nowhere\n");
  EXPECT_EQ(made().uncommitted, std::nullopt);
}

TEST_F(AProject, WithoutCommitsHasNone) {
  git({"init", "-q"});
  EXPECT_EQ(made().commit, "");
  EXPECT_EQ(made().uncommitted, false);
}

TEST_F(AProject, HasTheCommitAndNoChanges) {
  make_repository();
  folder_.write("study/results/a.sca", "x");
  folder_.write("sim", "built");
  EXPECT_EQ(made().commit.size(), 40U);
  EXPECT_EQ(made().uncommitted, false) << "a result, and the program that was built";
}

TEST_F(AProject, IsChangedWhereGitTracksIt) {
  make_repository();
  folder_.write("model.ned", "2");
  EXPECT_EQ(made().uncommitted, true);
  git({"add", "-A"});
  EXPECT_EQ(made().uncommitted, true) << "staged is not committed";
}

TEST_F(AProject, IsChangedByAnUntrackedFileThatRunsSee) {
  make_repository();
  folder_.write("study/data.csv", "x");
  EXPECT_EQ(made().uncommitted, true);
  fs::remove(folder_ / "study/data.csv");
  folder_.write("study/omnetpp.ini", "x");
  EXPECT_EQ(made().uncommitted, true);
}

// With other settings of the user's, git refuses repositories of others.
TEST_F(AProject, MayBelongToSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  make_repository();
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(::chown(folder_.path().c_str(), kNobody, kNobody), 0);
  for (const auto& entry : fs::recursive_directory_iterator(folder_.path()))
    ASSERT_EQ(::lchown(entry.path().c_str(), kNobody, kNobody), 0);
  EXPECT_EQ(made().commit.size(), 40U);
  // What its settings name is run as the owner, never as root.
  folder_.script("who.sh", "id -u > " + (folder_ / "who").string() + "; cat");
  git({"config", "filter.who.clean", (folder_ / "who.sh").string()});
  folder_.write(".gitattributes", "model.ned filter=who\n");
  folder_.write("model.ned", "2");
  ASSERT_EQ(::chown((folder_ / "model.ned").c_str(), kNobody, kNobody), 0);
  EXPECT_EQ(made().uncommitted, true);
  EXPECT_NE(folder_.read("who"), "0\n");
}

TEST(OmnetppVersion, IsInTheSecondLineOfTheBanner) {
  EXPECT_EQ(omnetpp_version("OMNeT++ Discrete Event Simulation  (C) 1992-2023 Andras Varga, OpenSim Ltd.\n"
                            "Version: 6.0.3, build: 240222-3a0cb4fe92, edition: Academic Public License\n"),
            "OMNeT++ 6.0.3");
  EXPECT_EQ(omnetpp_version("Version: 6.0.3, build: of something else\n"), "");
  EXPECT_EQ(omnetpp_version("OMNeT++ Discrete Event Simulation\n"), "");
  EXPECT_EQ(omnetpp_version(""), "");
}

}  // namespace
}  // namespace simswarm::campaign
