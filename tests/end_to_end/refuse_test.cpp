// What is refused before the first run, and how it is said: one line that names the value and a way out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "support.h"

namespace simswarm::e2e {
namespace {

using testing::IsEmpty;

struct Refusal {
  std::string name;
  Words words;  // of simswarm
  int exit_code;
  std::vector<std::string> parts;  // of the one line
  std::string ini = study();
};
std::ostream& operator<<(std::ostream& out, const Refusal& refusal) {
  return out << refusal.name;
}

class EachRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(EachRefusal, IsOneLine) {
  const Refusal& refusal = GetParam();
  const Project project(refusal.ini);
  const Answer answer = project.simswarm(refusal.words);
  EXPECT_EQ(answer.exit_code, refusal.exit_code) << answer.all();
  EXPECT_TRUE(is_one_line_error(answer.errors)) << answer.errors;
  for (const std::string& part : refusal.parts) EXPECT_THAT(answer.errors, testing::HasSubstr(part));
  EXPECT_THAT(project.results(), IsEmpty());
}

const std::vector<Refusal> kRefusals = {
    {"NoSuchCommand", {"runal", "./sim"}, 2, {"runal", "did you mean", "runall"}},
    {"NoSuchOption", {"runall", "--jbos", "2", "./sim", "-c", "Study"}, 2, {"--jbos", "did you mean", "--jobs"}},
    {"BadNumber", {"runall", "-j", "many", "./sim", "-c", "Study"}, 2, {"many"}},
    {"BadDuration", {"runall", "--timeout", "soon", "./sim", "-c", "Study"}, 2, {"--timeout", "soon"}},
    {"BadSize", {"runall", "--memory", "much", "./sim", "-c", "Study"}, 2, {"--memory", "much"}},
    {"NoProgramSaid", {"runall"}, 2, {}},
    {"NoSuchProgram", {"runall", "./simm", "-c", "Study"}, 3, {"./simm", "did you mean", "./sim"}},
    {"NoSuchProgramOnPath", {"runall", "no-such-simulation", "-c", "Study"}, 3, {"no-such-simulation"}},
    {"ProgramIsNoProgram", {"runall", "./omnetpp.ini", "-c", "Study"}, 3, {"omnetpp.ini"}},
    {"NoSuchConfiguration", {"runall", "./sim", "-c", "Studdy"}, 2, {"Studdy", "did you mean", "Study"}},
    {"NoSuchIniFile", {"runall", "./sim", "-f", "omnetp.ini", "-c", "Study"}, 2, {"omnetp.ini"}},
    {"NoSuchFolder", {"-C", "nowhere", "runall", "./sim", "-c", "Study"}, 3, {"nowhere"}},
    {"FilterOfNothing", {"runall", "./sim", "-c", "Study", "-r", "$load==7"}, 2, {"$load==7", "load", "1, 2, 3"}},
    {"FilterOfNearMiss", {"runall", "./sim", "-c", "Study", "-r", "$laod==2"}, 2, {"laod", "did you mean", "load"}},
    {"FilterOutOfRange", {"runall", "./sim", "-c", "Study", "-r", "17"}, 2, {"17"}},
    {"OtherUserInterface", {"runall", "./sim", "-u", "Qtenv", "-c", "Study"}, 2, {"Qtenv", "Cmdenv"}},
    {"SharedScalarFile",
     {"runall", "./sim", "-c", "Study"},
     2,
     {"results/all.sca", "Study#0", "--distinct-names", "--shared-files=serial"},
     study("output-scalar-file = \"results/all.sca\"")},
    {"DuplicateValues",
     {"runall", "./sim", "-c", "Study"},
     2,
     {"Study-load=1-#0", "--distinct-names"},
     "[General]\nnetwork = Net\n[Study]\n**.load = ${load=1,2,1}\n"},
};
INSTANTIATE_TEST_SUITE_P(Each, EachRefusal, testing::ValuesIn(kRefusals),
                         [](const auto& each) { return each.param.name; });

std::string shared(std::string_view more = "") {
  return study("output-scalar-file = \"results/all.sca\"\n" + std::string(more));
}

TEST(SharedFile, IsNoneWithDistinctNames) {
  const Project project(shared());
  const Report report = project.runall({"--distinct-names"});
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(report.complete, 6);
  const std::vector<std::string> results = project.results();
  EXPECT_EQ(std::ranges::count_if(results, [](const std::string& file) { return file.ends_with(".sca"); }), 6);
  EXPECT_EQ(project.runall({"--distinct-names"}).known, 6);
}

TEST(SharedFile, HoldsAllRunsInOrderWhenTheyAppend) {
  const Project project(shared("output-scalar-file-append = true"));
  const Report report = project.runall({"--shared-files=serial"});
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(report.complete, 6);
  const std::string text = project.read("results/all.sca");
  std::size_t at = 0;
  for (int run = 0; run < 6; ++run) {
    at = text.find("\nattr runnumber " + std::to_string(run) + "\n", at);
    ASSERT_NE(at, std::string::npos) << "run " << run << " is not in its place";
  }
  EXPECT_EQ(project.runall({"--shared-files=serial"}).known, 6);
}

constexpr std::string_view kMine = "my own notes, not simswarm's\n";

bool is_somewhere_below(const fs::path& folder) {
  return std::ranges::any_of(contents_below(folder), [](const auto& file) { return file.second == kMine; });
}

TEST(ExistingFile, IsKeptAsideByDefault) {
  const Project project(study());
  project.write("results/Study-load=1-#0.sca", kMine);
  const Report report = project.runall();
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(report.kept, 1);
  EXPECT_NE(project.read("results/Study-load=1-#0.sca"), kMine);
  EXPECT_TRUE(is_somewhere_below(project.path(".simswarm/kept")));
}

TEST(ExistingFile, StopsTheCampaignWhenSaid) {
  const Project project(study());
  project.write("results/Study-load=1-#0.sca", kMine);
  const Report report = project.runall({"--existing=refuse"});
  EXPECT_EQ(report.exit_code, 2) << report.errors;
  EXPECT_THAT(report.started(), IsEmpty());
  EXPECT_THAT(report.errors, testing::HasSubstr("Study-load=1-#0.sca"));
  EXPECT_EQ(project.read("results/Study-load=1-#0.sca"), kMine);
  EXPECT_EQ(project.results().size(), 1U);
}

TEST(ExistingFile, IsReplacedWhenSaid) {
  const Project project(study());
  project.write("results/Study-load=1-#0.sca", kMine);
  const Report report = project.runall({"--existing=replace"});
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(report.kept, 0);
  EXPECT_FALSE(is_somewhere_below(project.folder()));
}

TEST(ExistingFile, OfOthersBesideTheResultsStays) {
  const Project project(study());
  project.write("results/notes.txt", kMine);
  project.write("results/Other-#0.sca", kMine);
  EXPECT_EQ(project.runall().exit_code, 0);
  EXPECT_EQ(project.read("results/notes.txt"), kMine);
  EXPECT_EQ(project.read("results/Other-#0.sca"), kMine);
}

// libmongoc would ask for memory of that name when it is loaded, and complain.
TEST(Start, SaysNothingOfWhatAKilledProcessOfItsNumberHasLeft) {
  const Project project(study());
  const std::string begun = "echo $$ >number; touch /dev/shm/mongoc-$$; exec " + simswarm_program() + " --version";
  const Answer answer = run({"/bin/sh", "-c", begun}, project.folder());
  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_EQ(answer.errors, "");
  const std::string number = project.read("number");
  fs::remove("/dev/shm/mongoc-" + number.substr(0, number.find('\n')));
}

TEST(ResultPath, ThatIsAFolderIsRefused) {
  const Project project(study());
  project.write("results/Study-load=2-#1.vec/inside.txt", kMine);
  const Report report = project.runall();
  EXPECT_NE(report.exit_code, 0);
  EXPECT_THAT(report.out + report.errors, testing::HasSubstr("Study-load=2-#1.vec"));
  EXPECT_EQ(project.read("results/Study-load=2-#1.vec/inside.txt"), kMine);
  EXPECT_FALSE(fs::exists(project.path("results/Study-load=2-#1.sca"))) << "a run's files come together or not at all";
}

TEST(ResultPath, ThatIsALinkDoesNotLeadOut) {
  const Project project(study());
  write(project.outside() / "mine.txt", kMine);
  fs::create_directories(project.path("results"));
  fs::create_symlink(project.outside() / "mine.txt", project.path("results/Study-load=2-#1.sca"));
  const Report report = project.runall();
  EXPECT_EQ(read(project.outside() / "mine.txt"), kMine);
  EXPECT_TRUE(report.exit_code == 0 || contains(report.out, "Study-load=2-#1.sca")) << report.out;
}

TEST(ResultPath, ThatIsADeviceIsRefused) {
  const Project project(study("output-scalar-file = /dev/null"));
  const Report report = project.runall({}, {"-r", "0"});
  EXPECT_NE(report.exit_code, 0);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

}  // namespace
}  // namespace simswarm::e2e
