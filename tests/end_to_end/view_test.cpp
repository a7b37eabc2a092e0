// What simswarm tells afterwards: status, log, explain, diff; and of itself: completion, manual, version.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support.h"

namespace simswarm::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Status, ListsWhatIsNotComplete) {
  const Project project(study("**.ill = \"error\"\n**.illRuns = \"1\""));
  EXPECT_EQ(project.runall().exit_code, 1);
  const Answer some = project.simswarm({"status"});
  EXPECT_EQ(some.exit_code, 1) << some.all();
  EXPECT_THAT(some.out, testing::AllOf(HasSubstr("Study#1"), HasSubstr("model_error"), Not(HasSubstr("Study#2"))));
  EXPECT_THAT(project.simswarm({"status", "--all"}).out, testing::AllOf(HasSubstr("Study#1"), HasSubstr("Study#2")));
  EXPECT_EQ(project.status({"Study#4"}).size(), 1U);
  EXPECT_EQ(project.status({"Study:load=2"}).size(), 2U);
  EXPECT_EQ(project.status({"Study:load=2,#1"}).front().run, "Study#3");
}

TEST(Status, IsTheNewestCampaignsOrThatOfAName) {
  const Project project(study());
  EXPECT_EQ(project.runall({"--name", "first"}).exit_code, 0);
  EXPECT_EQ(project.runall({"--name", "second"}, {"-r", "0"}).exit_code, 0);
  EXPECT_EQ(project.status().size(), 1U);
  EXPECT_EQ(project.status({"--campaign", "first"}).size(), 6U);
  const Answer near = project.simswarm({"status", "--campaign", "frist"});
  EXPECT_NE(near.exit_code, 0);
  EXPECT_THAT(near.errors, HasSubstr("frist"));
}

TEST(Status, NoticesResultsThatAreGone) {
  const Project project(study());
  EXPECT_EQ(project.runall().exit_code, 0);
  fs::remove(project.path("results/Study-load=1-#0.sca"));
  EXPECT_EQ(project.simswarm({"status"}).exit_code, 1);
  for (const RunStatus& run : project.status()) EXPECT_EQ(run.complete, run.run != "Study#0") << run.run;
}

TEST(Status, WithoutACampaignSaysSo) {
  const Project project(study());
  for (const Words& words : {Words{"status"}, Words{"log", "Study#0"}, Words{"explain", "Study#0"}}) {
    const Answer answer = project.simswarm(words);
    EXPECT_NE(answer.exit_code, 0);
    EXPECT_TRUE(is_one_line_error(answer.errors)) << answer.all();
    EXPECT_FALSE(fs::exists(project.path(".simswarm"))) << "looking changes nothing";
  }
}

TEST(Log, ShowsEveryAttempt) {
  const Project project(study("**.ill = \"sigterm\"\n**.illRuns = \"1\""));
  const fs::path marks = project.outside() / "marks";
  fs::create_directories(marks);
  fs::permissions(marks, fs::perms::all);
  EXPECT_EQ(project.runall({}, {"--**.illOnce=\"" + (marks / "mark").string() + "\""}).exit_code, 0);
  const Answer first = project.simswarm({"log", "Study#1", "--attempt", "1"});
  EXPECT_EQ(first.exit_code, 0) << first.all();
  EXPECT_THAT(first.out, testing::AllOf(HasSubstr("SIGINT or SIGTERM received"), HasSubstr("killed")));
  const Answer second = project.simswarm({"log", "Study#1", "--attempt", "2"});
  EXPECT_THAT(second.out, testing::AllOf(HasSubstr("Simulation time limit reached"), HasSubstr("completed")));
  EXPECT_EQ(project.simswarm({"log", "Study#1"}).out, second.out) << "the last is the default";
  EXPECT_NE(project.simswarm({"log", "Study#1", "--attempt", "3"}).exit_code, 0);
}

TEST(Log, ShowsTheCommandAndTheErrorOfAFailedRun) {
  const Project project(study("**.ill = \"error\"\n**.illRuns = \"1\"\n**.illText = \"Too many packets\""));
  EXPECT_EQ(project.runall().exit_code, 1);
  const Answer log = project.simswarm({"log", "Study#1"});
  EXPECT_THAT(log.out, testing::AllOf(HasSubstr("Too many packets"), HasSubstr("./sim -c Study"), HasSubstr("-r 1")));
  const Answer none = project.simswarm({"log", "Study#17"});
  EXPECT_NE(none.exit_code, 0);
  EXPECT_THAT(none.errors, HasSubstr("Study#17"));
}

TEST(Explain, NamesWhatChanged) {
  const Project project(study("**.datafile = \"data/input.txt\""));
  project.write("data/input.txt", "one two\n");
  EXPECT_EQ(project.runall().exit_code, 0);
  EXPECT_THAT(project.simswarm({"explain", "Study#0"}).out, Not(HasSubstr("data/input.txt")));
  EXPECT_EQ(project.runall().known, 6);
  EXPECT_THAT(project.simswarm({"explain", "Study#0"}).out, HasSubstr("not run again"));
  project.write("data/input.txt", "one two three\n");
  EXPECT_EQ(project.runall().started().size(), 6U);
  EXPECT_THAT(project.simswarm({"explain", "Study#0"}).out, HasSubstr("data/input.txt"));
  ASSERT_TRUE(replace_in(project.path("omnetpp.ini"), "50s", "60s"));
  EXPECT_EQ(project.runall().started().size(), 6U);
  EXPECT_THAT(project.simswarm({"explain", "Study#0"}).out, HasSubstr("configuration"));
  fs::remove(project.path("results/Study-load=1-#0.vec"));
  EXPECT_EQ(project.runall().started().size(), 1U);
  EXPECT_THAT(project.simswarm({"explain", "Study#0"}).out, HasSubstr("Study-load=1-#0.vec"));
}

class Diff : public testing::Test {
 protected:
  Diff() {
    EXPECT_EQ(project_.runall().exit_code, 0);
    fs::copy(project_.path("results"), copy(), fs::copy_options::recursive);
  }
  [[nodiscard]] fs::path copy() const { return project_.outside() / "copy"; }
  [[nodiscard]] Answer diff() const { return project_.simswarm({"diff", "results", copy().string()}); }
  Project project_{study()};
};

TEST_F(Diff, OfTheSameIsNothing) {
  EXPECT_EQ(diff().exit_code, 0) << diff().all();
  ASSERT_TRUE(replace_in(copy() / "Study-load=2-#0.sca", "attr datetime 2", "attr datetime 1"));
  ASSERT_TRUE(replace_in(copy() / "Study-load=2-#0.sca", "attr processid ", "attr processid 1"));
  EXPECT_EQ(diff().exit_code, 0) << diff().all();
}

TEST_F(Diff, NamesTheFirstDifference) {
  ASSERT_TRUE(replace_in(copy() / "Study-load=2-#0.sca", "scalar Net.sink packets 50", "scalar Net.sink packets 51"));
  const Answer answer = diff();
  EXPECT_EQ(answer.exit_code, 1);
  for (const char* part : {"Study-load=2-#0.sca", "Net.sink", "packets", "50", "51"})
    EXPECT_THAT(answer.out, HasSubstr(part));
}

TEST_F(Diff, NamesAFileThatIsOnlyThere) {
  fs::remove(copy() / "Study-load=1-#1.vec");
  const Answer answer = diff();
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.out, HasSubstr("Study-load=1-#1.vec"));
}

TEST_F(Diff, SeesOneChangedSampleOfAVector) {
  const fs::path file = copy() / "Study-load=3-#0.vec";
  std::string text = read(file);
  const std::size_t last = text.find_last_of("123456789");
  text[last] = text[last] == '1' ? '2' : '1';
  write(file, text);
  const Answer answer = diff();
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.out, HasSubstr("Study-load=3-#0.vec"));
}

TEST_F(Diff, OfAFolderThatIsNotThereIsAnError) {
  fs::remove_all(copy());
  EXPECT_EQ(diff().exit_code, 3);
  EXPECT_TRUE(is_one_line_error(diff().errors)) << diff().errors;
}

Answer check_script(const TemporaryFolder& folder, const std::string& shell) {
  const Answer script = run({simswarm_program(), "completion", shell}, folder.path());
  EXPECT_EQ(script.exit_code, 0) << script.errors;
  for (const char* word : {"runall", "sweep", "jobs", "explain"}) EXPECT_THAT(script.out, HasSubstr(word));
  write(folder.path() / "script", script.out);
  return run({shell, shell == "fish" ? "--no-execute" : "-n", "script"}, folder.path());
}

class Completion : public testing::TestWithParam<std::string> {};

TEST_P(Completion, IsAScriptOfItsShell) {
  const TemporaryFolder folder;
  const Answer answer = check_script(folder, GetParam());
  EXPECT_EQ(answer.exit_code, 0) << answer.all();
  EXPECT_THAT(answer.all(), IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(Each, Completion, testing::Values("bash", "zsh", "fish"),
                         [](const auto& each) { return each.param; });

TEST(Completion, OfBashKnowsTheCommands) {
  const TemporaryFolder folder;
  write(folder.path() / "script", run({simswarm_program(), "completion", "bash"}, folder.path()).out);
  const std::string use =
      ". ./script; COMP_WORDS=(simswarm ru); COMP_CWORD=1; COMP_LINE='simswarm ru'; COMP_POINT=11; "
      "$(complete -p simswarm | sed 's/.*-F \\([^ ]*\\).*/\\1/') simswarm ru simswarm; echo \"${COMPREPLY[*]}\"";
  const Answer answer = run({"bash", "--norc", "-c", use}, folder.path());
  EXPECT_THAT(answer.out, HasSubstr("runall")) << answer.all();
  EXPECT_THAT(answer.out, Not(HasSubstr("sweep")));
}

TEST(Manual, IsRenderedWithoutWarnings) {
  const TemporaryFolder folder;
  const Answer page = run({simswarm_program(), "document", "man"}, folder.path());
  EXPECT_EQ(page.exit_code, 0);
  write(folder.path() / "simswarm.1", page.out);
  const Answer shown = run({"man", "--warnings", "-E", "UTF-8", "-l", "simswarm.1"}, folder.path(),
                           {{"MANWIDTH", "100"}, {"MANPAGER", "cat"}, {"LC_ALL", "C.UTF-8"}});
  EXPECT_EQ(shown.exit_code, 0) << shown.errors;
  EXPECT_EQ(shown.errors, "");
  for (const char* part : {"NAME", "runall", "--jobs", "EXIT", "130"}) EXPECT_THAT(shown.out, HasSubstr(part));
}

TEST(Manual, SaysWhatTheHelpSays) {
  const TemporaryFolder folder;
  const std::string markdown = run({simswarm_program(), "document", "markdown"}, folder.path()).out;
  for (const char* command :
       {"runall", "sweep", "status", "log", "explain", "plot", "table", "diff", "completion", "document"}) {
    EXPECT_THAT(markdown, HasSubstr(command));
    const Answer help = run({simswarm_program(), command, "--help"}, folder.path());
    EXPECT_EQ(help.exit_code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("Usage:"));
  }
  EXPECT_EQ(run({simswarm_program(), "--version"}, folder.path()).exit_code, 0);
}

}  // namespace
}  // namespace simswarm::e2e
