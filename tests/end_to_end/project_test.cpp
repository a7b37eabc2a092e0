// What a run sees of the project and what it leaves: private layers, wrappers, odd names, makefiles.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "support.h"

namespace simswarm::e2e {
namespace {

using testing::IsEmpty;

bool overlay_is_possible() {
  const TemporaryFolder folder;
  for (const char* name : {"lower", "upper", "work", "merged"}) fs::create_directories(folder.path() / name);
  const std::string mount = "mount -t overlay overlay -o userxattr,lowerdir=lower,upperdir=upper,workdir=work merged";
  return run({"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount}, folder.path()).exit_code == 0;
}

class EachLayer : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { possible_ = GetParam() == "links" || overlay_is_possible(); }
  // Where the machine forbids the layer, the refusal is what is tested.
  [[nodiscard]] Report runall(const Project& project, const Words& simulation = {}) const {
    const Report report = project.runall({"--layer=" + GetParam()}, simulation);
    if (possible_) return report;
    EXPECT_EQ(report.exit_code, 3);
    EXPECT_THAT(report.errors, testing::HasSubstr("--layer"));
    return project.runall({}, simulation);
  }

 private:
  bool possible_ = true;
};

TEST_P(EachLayer, GivesTheResultsOfTheProgramRunByHand) {
  const Project project(study("**.datafile = \"data/input.txt\""));
  project.write("data/input.txt", "one two\n");
  project.write("ned/Net.ned", "network Net { }\n");
  const fs::path by_hand = project.outside() / "by-hand";
  fs::copy(project.folder(), by_hand, fs::copy_options::recursive);
  const Words simulation = {"-n", "ned"};
  const Report report = runall(project, simulation);
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  ASSERT_EQ(project.by_hand(simulation + Words{"-r", "0..5"}, by_hand).exit_code, 0);
  std::string difference;
  EXPECT_TRUE(equal_results(by_hand / "results", project.path("results"), &difference)) << difference;
}

TEST_P(EachLayer, BringsHomeFilesOfTheModelsOwn) {
  const Project project(study("**.ill = \"own-files\""));
  const fs::path by_hand = project.outside() / "by-hand";
  fs::copy(project.folder(), by_hand, fs::copy_options::recursive);
  const Report report = runall(project, {"-r", "3"});
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  ASSERT_EQ(project.by_hand({"-r", "3"}, by_hand).exit_code, 0);
  for (const char* file : {"example.txt", "trace-3.pcap"}) EXPECT_EQ(project.read(file), read(by_hand / file));
  EXPECT_THAT(runall(project, {"-r", "3"}).started(), IsEmpty()) << "a run's own results are not its inputs";
}

TEST_P(EachLayer, LosesNoFileThatAllRunsWrite) {
  const Project project(study("**.ill = \"own-files\""));
  const Report report = runall(project);
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(report.complete, 6);
  for (int run = 0; run < 6; ++run) {
    EXPECT_TRUE(fs::exists(project.path("trace-" + std::to_string(run) + ".pcap"))) << run;
  }
  EXPECT_TRUE(fs::exists(project.path("example.txt")));
  EXPECT_THAT(runall(project).started(), IsEmpty());
}

TEST_P(EachLayer, KeepsAProjectFileThatARunDeletes) {
  const Project project(study("**.ill = \"delete-file\"\n**.illFile = \"data/input.txt\""));
  project.write("data/input.txt", "one two\n");
  const Report report = runall(project);
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(report.complete, 6);
  EXPECT_EQ(project.read("data/input.txt"), "one two\n");
}

TEST_P(EachLayer, GoesWithEveryRun) {
  const Project project(study());
  EXPECT_EQ(runall(project).exit_code, 0);
  EXPECT_THAT(files_below(project.path(".simswarm/scratch")), IsEmpty());
  EXPECT_FALSE(contains(read("/proc/self/mountinfo"), project.outside().filename().string())) << "a mount is left";
}
INSTANTIATE_TEST_SUITE_P(Each, EachLayer, testing::Values("overlay", "links"),
                         [](const auto& each) { return each.param; });

TEST(Overlay, KeepsAProjectFileThatARunOverwrites) {
  const Project project(study("**.ill = \"overwrite-file\"\n**.illFile = \"data/input.txt\""));
  project.write("data/input.txt", "one two\n");
  const Report report = project.runall({"--layer=overlay"}, {"-r", "0"});
  EXPECT_EQ(report.exit_code, overlay_is_possible() ? 0 : 3) << report.errors;
  EXPECT_EQ(project.read("data/input.txt"), "one two\n");
}

class OddPath : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(OddPath, IsAProjectFolder) {
  const Project project(study(), GetParam().second);
  for (const char* layer : {"--layer=auto", "--layer=links"}) {
    fs::remove_all(project.path("results"));
    const Report report = project.runall({layer});
    EXPECT_EQ(report.exit_code, 0) << layer << report.errors << report.out;
    EXPECT_EQ(report.complete, 6);
    EXPECT_EQ(project.runall({layer}).known, 6);
  }
  EXPECT_EQ(project.results().size(), 24U);
  const Answer from_outside = run({simswarm_program(), "-C", GetParam().second, "status", "--json"}, project.outside());
  EXPECT_EQ(from_outside.exit_code, 0) << from_outside.all();
}
INSTANTIATE_TEST_SUITE_P(Each, OddPath,
                         testing::Values(std::pair("Spaces", "my first study"), std::pair("Commas", "a,b,upperdir=c"),
                                         std::pair("Colons", "a:b"), std::pair("NonAscii", "Größe der Warteschlange"),
                                         std::pair("NotUtf8", "a\xff\xfe"), std::pair("Quotes", "it's \"here\""),
                                         std::pair("Backslash", "a\\b\\072c"), std::pair("Dollar", "$HOME ${x}"),
                                         std::pair("Braces", "{results} [a-b]* #1")),
                         [](const auto& each) { return each.param.first; });

TEST(Directory, IsWhereTheWorkIsDone) {
  const Project project(study());
  const Words words = {"runall", "--json", "-C", project.folder().string(), "./sim", "-c", "Study"};
  const Report report = parse_report(run(Words{simswarm_program()} + words, project.outside()));
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(project.results().size(), 24U);
  EXPECT_TRUE(fs::exists(project.path(".simswarm")));
  EXPECT_FALSE(fs::exists(project.outside() / ".simswarm"));
}

TEST(State, IgnoresItselfInGit) {
  const Project project(study());
  EXPECT_EQ(project.runall().exit_code, 0);
  EXPECT_EQ(project.read(".simswarm/.gitignore"), "*\n");
}

TEST(Subfolder, OfAGitProjectSeesItsSiblings) {
  const Project project(study());
  ASSERT_EQ(run({"git", "init", "-q", "."}, project.outside()).exit_code, 0);
  write(project.outside() / "shared/input.txt", "one two\n");
  project.write("omnetpp.ini", study("**.datafile = \"../shared/input.txt\""));
  for (const char* layer : {"--layer=auto", "--layer=links"}) {
    fs::remove_all(project.path("results"));
    const Report report = project.runall({layer});
    EXPECT_EQ(report.exit_code, 0) << layer << report.errors << report.out;
  }
  write(project.outside() / "shared/input.txt", "one two three\n");
  EXPECT_EQ(project.runall().started().size(), 6U) << "a sibling's data file has changed";
}

TEST(Export, WritesAMakefileThatCallsTheProgramDirectly) {
  const Project project(study());
  const Answer answer = project.simswarm({"runall", "-e", "Runs.mk", "-j2", "./sim", "-c", "Study"});
  EXPECT_EQ(answer.exit_code, 0) << answer.all();
  EXPECT_THAT(project.results(), IsEmpty()) << "nothing is run";
  EXPECT_FALSE(contains(project.read("Runs.mk"), "simswarm ")) << project.read("Runs.mk");
  const Answer make = run({"make", "-j2", "-f", "Runs.mk"}, project.folder());
  EXPECT_EQ(make.exit_code, 0) << make.all();
  const fs::path by_make = project.outside() / "by-make";
  fs::rename(project.path("results"), by_make);
  EXPECT_EQ(project.runall().complete, 6);
  std::string difference;
  EXPECT_TRUE(equal_results(by_make, project.path("results"), &difference)) << difference;
}

TEST(Wrapper, IsLookedThrough) {
  const Project project(study());
  fs::copy_file(cmdsim_wrapper(), project.path("wrapper"));
  fs::rename(project.path("sim"), project.path("cmdsim"));
  const Words words = {"runall", "--json", "-j2", "./wrapper", "-c", "Study"};
  EXPECT_EQ(parse_report(project.simswarm(words)).complete, 6);
  EXPECT_EQ(parse_report(project.simswarm(words)).known, 6);
  std::ofstream(project.path("cmdsim"), std::ios::app) << "another build";
  EXPECT_EQ(parse_report(project.simswarm(words)).started().size(), 6U) << "the program behind the wrapper has changed";
}

TEST(Batches, HaveExactlyTheirSize) {
  const Project project(study());
  EXPECT_EQ(project.runall({"-j1", "-b4"}).complete, 6);
  const std::string status = project.simswarm({"status", "--json"}).out;
  EXPECT_TRUE(contains(status, "\"-r\",\"0,1,2,3\"")) << status;
  EXPECT_TRUE(contains(status, "\"-r\",\"4,5\"")) << status;
}

// As root, runs are another user's; either way the results belong to the owner of the folder.
TEST(Users, ResultsBelongToTheOwnerOfTheFolder) {
  const Project project(study("**.sleep = 1"));
  const std::string mark = "--**.mark=\"" + project.outside().filename().string() + "\"";
  Process campaign(project.runall_words({}, {mark}), project.folder());
  std::string status;
  ASSERT_TRUE(eventually([&] {
    for (const pid_t process : processes_with(mark)) {
      std::error_code gone;
      const fs::path exe = fs::read_symlink("/proc/" + std::to_string(process) + "/exe", gone);
      if (!gone && exe.filename() == "sim") status = read("/proc/" + std::to_string(process) + "/status");
    }
    return !status.empty();
  }));
  EXPECT_EQ(contains(status, "\nUid:\t" + std::to_string(geteuid()) + "\t"), geteuid() != 0) << status;
  EXPECT_EQ(campaign.wait().exit_code, 0);
  for (const std::string& file : project.results()) {
    struct stat found = {};
    ASSERT_EQ(stat(project.path("results/" + file).c_str(), &found), 0);
    EXPECT_EQ(found.st_uid, geteuid()) << file;
  }
}

// A folder that only root can enter: runs are root's, and a note says so.
TEST(Users, AFolderThatIsClosedToOthersWorks) {
  const Project project(study());
  fs::permissions(project.outside(), fs::perms::owner_all);
  const Report report = project.runall();
  EXPECT_EQ(report.exit_code, 0) << report.errors << report.out;
  EXPECT_EQ(report.complete, 6);
}

}  // namespace
}  // namespace simswarm::e2e
