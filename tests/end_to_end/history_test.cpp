// What a folder knows of its past: history, provenance, cleaning; and a ledger that something has happened to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support.h"

namespace simswarm::e2e {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

json parsed(const Answer& answer) {
  EXPECT_EQ(answer.exit_code, 0) << answer.all();
  return json::parse(answer.out, nullptr, false);
}

json campaigns_of(const Project& project, const Words& options = {}) {
  const json all = parsed(project.simswarm(Words{"history", "--json"} + options));
  return all.is_object() ? all.at("campaigns") : json::array();
}

json item(const Project& project, const std::string& what, const Words& options = {}) {
  const json all = parsed(project.simswarm(Words{"clean", "--json"} + options));
  if (!all.is_object()) return {};
  for (const json& one : all.at("items")) {
    if (one.at("what") == what) return one;
  }
  ADD_FAILURE() << "no item " << what;
  return {};
}

class Repository : public testing::Test {
 protected:
  Repository() {
    git({"init", "-q"});
    project_.write(".gitignore", "sim\n");
  }
  void git(const Words& words) const {
    const Words command = {"git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "safe.directory=*"};
    const Answer answer = run(command + words, project_.folder());
    EXPECT_EQ(answer.exit_code, 0) << answer.all();
    said_ = answer.out;
  }
  std::string commit() {
    git({"add", "-A", "."});
    git({"commit", "-q", "-m", "x", "--allow-empty"});
    git({"rev-parse", "HEAD"});
    return said_.substr(0, said_.find('\n'));
  }
  [[nodiscard]] json git_of_newest() const { return campaigns_of(project_, {"-n", "1"}).at(0).at("git"); }

  Project project_{study()};
  mutable std::string said_;
};

TEST_F(Repository, CommitAndChangesAreOfEachCampaign) {
  EXPECT_EQ(project_.runall({}, {"-r", "0"}).exit_code, 0);
  EXPECT_EQ(git_of_newest().at("commit"), nullptr) << "none yet";
  const std::string first = commit();
  EXPECT_EQ(project_.runall({}, {"-r", "0"}).exit_code, 0);
  EXPECT_EQ(git_of_newest().at("commit"), first);
  EXPECT_EQ(git_of_newest().at("uncommitted_changes"), false) << "results and state are none";
  project_.write("notes.md", "of nobody's interest\n");
  EXPECT_EQ(project_.runall({}, {"-r", "0"}).exit_code, 0);
  EXPECT_EQ(git_of_newest().at("uncommitted_changes"), false) << "runs do not see it";
  project_.write("input.txt", "1\n");
  EXPECT_EQ(project_.runall({}, {"-r", "0"}).exit_code, 0);
  EXPECT_EQ(git_of_newest().at("uncommitted_changes"), true) << "runs see a file that is in no commit";
  const std::string second = commit();
  EXPECT_EQ(project_.runall({}, {"-r", "0"}).exit_code, 0);
  EXPECT_EQ(git_of_newest().at("uncommitted_changes"), false);
  EXPECT_EQ(git_of_newest().at("commit"), second);
  ASSERT_TRUE(replace_in(project_.path("omnetpp.ini"), "50s", "60s"));
  EXPECT_EQ(project_.runall({}, {"-r", "0"}).exit_code, 0);
  EXPECT_EQ(git_of_newest().at("uncommitted_changes"), true);
  EXPECT_THAT(project_.simswarm({"history"}).out,
              AllOf(HasSubstr(second.substr(0, 7) + "+\n"), HasSubstr(first.substr(0, 7) + "\n")));
}

TEST_F(Repository, WithoutGitNothingIsSaidOfIt) {
  commit();
  const Answer answer = run(project_.runall_words({}, {"-r", "0"}), project_.folder(), {{"PATH", "/nowhere"}});
  EXPECT_EQ(answer.exit_code, 0) << answer.all();
  EXPECT_EQ(git_of_newest(), nullptr);
}

TEST(History, ListsCampaignsNewestFirst) {
  const Project project(study("**.ill = \"error\"\n**.illRuns = \"1\""));
  EXPECT_EQ(project.runall({"--name", "first"}).exit_code, 1);
  EXPECT_EQ(project.runall({"--name", "second"}).exit_code, 1);
  const json campaigns = campaigns_of(project);
  ASSERT_EQ(campaigns.size(), 2U);
  const json& newest = campaigns.at(0);
  EXPECT_EQ(newest.at("name"), "second");
  EXPECT_EQ(newest.at("state"), "incomplete");
  EXPECT_EQ(newest.at("runs"), (json{{"total", 6}, {"complete", 5}, {"known", 5}, {"failed", 1}, {"not_run", 0}}));
  const json& first = campaigns.at(1);
  EXPECT_EQ(first.at("runs").at("known"), 0);
  EXPECT_GT(first.at("cpu_seconds"), 0);
  EXPECT_GT(first.at("wall_seconds"), 0);
  EXPECT_EQ(first.at("command"), (json{"./sim", "-c", "Study"}));
  EXPECT_EQ(first.at("git"), nullptr);
  for (const json& campaign : campaigns) EXPECT_EQ(campaign.at("simulator"), "OMNeT++ 6.1") << "known runs ask nobody";
  EXPECT_EQ(fs::path(first.at("program").at("path").get<std::string>()).filename(), "sim");
  EXPECT_EQ(first.at("program").at("sha256").get<std::string>().size(), 64U);
  EXPECT_GT(first.at("cores"), 0);
  EXPECT_EQ(campaigns_of(project, {"-n", "1"}).size(), 1U);
}

TEST(History, FitsEightyColumns) {
  const Project project(study());
  EXPECT_EQ(project.runall().exit_code, 0);
  const Answer answer = project.simswarm({"history"});
  EXPECT_THAT(answer.out, AllOf(HasSubstr("completed"), HasSubstr("6/6"), HasSubstr("project: sim (OMNeT++ 6.1) on ")));
  std::istringstream text(answer.out);
  for (std::string line; std::getline(text, line);) {
    const auto columns =
        std::ranges::count_if(line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
    EXPECT_LE(columns, 80) << line;
  }
}

TEST(History, CallsACampaignWhoseProcessIsGoneCutOff) {
  const Project project(study("**.sleep = 0.4"));
  Process campaign(project.runall_words({}, {}), project.folder());
  ASSERT_TRUE(eventually([&] { return contains(campaign.out(), R"("event":"ended")"); }));
  EXPECT_EQ(campaigns_of(project).at(0).at("state"), "running");
  campaign.send(SIGKILL);
  (void)campaign.wait();
  const json newest = campaigns_of(project).at(0);
  EXPECT_EQ(newest.at("state"), "cut off");
  EXPECT_EQ(newest.at("ended"), nullptr);
  EXPECT_GE(newest.at("runs").at("complete"), 1);
  EXPECT_EQ(newest.at("runs").at("total"), 6);
  EXPECT_GT(newest.at("wall_seconds"), 0);
}

TEST(History, OfBadWordsIsOneLine) {
  const Project project(study());
  EXPECT_EQ(project.simswarm({"history"}).exit_code, 2) << "no campaign yet";
  EXPECT_EQ(project.runall({}, {"-r", "0"}).exit_code, 0);
  for (const Words& words :
       {Words{"history", "-n", "0"}, Words{"history", "-n", "x"}, Words{"history", "--jsn"},
        Words{"clean", "everything"}, Words{"clean", "--older-than", "yesterday"}, Words{"clean", "--keep", "-1"},
        Words{"clean", "--campaigns"}, Words{"provenance", "--campaign", "none"}, Words{"provenance", "Study#77"},
        Words{"provenance", "-o", "results"}}) {
    const Answer answer = project.simswarm(words);
    EXPECT_EQ(answer.exit_code, 2) << words[0] << " " << words[1] << answer.all();
    EXPECT_TRUE(is_one_line_error(answer.errors)) << answer.errors;
  }
}

TEST(Provenance, TellsOfEachAcceptedRunHowItWasMade) {
  const Project project(study("**.ill = \"error\"\n**.illRuns = \"1\""));
  EXPECT_EQ(project.runall({"--name", "first"}).exit_code, 1);
  fs::remove(project.path("results/Study-load=2-#0.sca"));
  EXPECT_EQ(project.runall({"--name", "second"}).exit_code, 1);
  EXPECT_EQ(project.simswarm({"provenance", "-o", "made.json"}).exit_code, 0);
  const json document = json::parse(project.read("made.json"), nullptr, false);
  ASSERT_TRUE(document.is_object()) << project.read("made.json");
  EXPECT_EQ(document.at("format"), "simswarm-provenance");
  EXPECT_EQ(document.at("version"), 1);
  EXPECT_EQ(document.at("campaign").at("name"), "second");
  ASSERT_EQ(document.at("runs").size(), 5U) << "the failed one has no result";
  ASSERT_EQ(document.at("made_by").size(), 2U);
  EXPECT_EQ(document.at("made_by").at(0).at("name"), "second");
  std::vector<std::string> runs;
  for (const json& one : document.at("runs")) {
    const std::string run = one.at("run");
    runs.push_back(run);
    const bool again = run == "Study#2";
    EXPECT_EQ(one.at("campaign"), document.at("made_by").at(again ? 0 : 1).at("campaign")) << run;
    EXPECT_EQ(one.at("attempt"), again ? 2 : 1) << run;
    EXPECT_EQ(one.at("files").size(), 4U) << run;
    EXPECT_GT(one.at("events"), 0);
    EXPECT_GT(one.at("peak_memory"), 0);
    EXPECT_LE(one.at("started"), one.at("ended"));
  }
  EXPECT_THAT(runs, ElementsAre("Study#0", "Study#2", "Study#3", "Study#4", "Study#5"));
  const json& last = document.at("runs").at(4);
  EXPECT_EQ(last.at("variables"), (json{{"load", "3"}}));
  EXPECT_EQ(last.at("repetition"), 1);
  const json& file = last.at("files").at(1);
  EXPECT_EQ(file.at("path"), "results/Study-load=3-#1.sca");
  const Answer sum = run({"sha256sum", "results/Study-load=3-#1.sca"}, project.folder());
  EXPECT_EQ(file.at("sha256"), sum.out.substr(0, 64));
  EXPECT_EQ(file.at("size"), fs::file_size(project.path("results/Study-load=3-#1.sca")));
  for (const std::string& path : files_below(project.folder())) EXPECT_THAT(path, Not(HasSubstr("made.json.")));
}

TEST(Provenance, IsOfTheNamedRunsAndOfNoneWithoutAResult) {
  const Project project(study("**.ill = \"error\"\n**.illRuns = \"1\""));
  EXPECT_EQ(project.runall().exit_code, 1);
  const json document = parsed(project.simswarm({"provenance", "Study#0", "Study:load=3"}));
  EXPECT_EQ(document.at("runs").size(), 3U);
  const Answer failed = project.simswarm({"provenance", "Study#1", "-o", "made.json"});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_EQ(failed.errors,
            "simswarm: Study#1 has no accepted result (model_error): there is nothing to tell of how it was made\n");
  EXPECT_FALSE(fs::exists(project.path("made.json")));
}

class Clean : public testing::Test {
 protected:
  // Two campaigns: failed attempts, files that were put aside, logs.
  Clean() {
    EXPECT_EQ(project_.runall().exit_code, 1);
    project_.write("results/Study-load=1-#0.sca", "of another\n");
    EXPECT_EQ(project_.runall().exit_code, 1);
    results_ = contents_below(project_.path("results"));
  }
  void expect_resume_is_right() const {
    EXPECT_EQ(contents_below(project_.path("results")), results_);
    const Report report = project_.runall();
    EXPECT_EQ(report.known, 5) << report.errors;
    EXPECT_THAT(report.started(), IsEmpty()) << "the known error is not repeated";
  }
  Project project_{study("**.ill = \"error\"\n**.illRuns = \"1\"")};
  std::map<std::string, std::string> results_;
};

TEST_F(Clean, ShowsAndRemovesNothingWithoutOptions) {
  const auto before = files_below(project_.path(".simswarm"));
  const Answer answer = project_.simswarm({"clean"});
  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_THAT(answer.out, AllOf(HasSubstr("--kept"), HasSubstr("--attempts"), HasSubstr("--logs"),
                                HasSubstr("Nothing has been removed.")));
  EXPECT_EQ(files_below(project_.path(".simswarm")), before);
  EXPECT_EQ(item(project_, "kept").at("count"), 1);
  EXPECT_GT(item(project_, "kept").at("bytes"), 0);
  EXPECT_EQ(item(project_, "attempts").at("count"), 1);
  EXPECT_GE(item(project_, "logs").at("count"), 1);
}

TEST_F(Clean, RemovesWhatWasNamed) {
  EXPECT_EQ(project_.simswarm({"clean", "--kept"}).exit_code, 0);
  EXPECT_THAT(files_below(project_.path(".simswarm/kept")), IsEmpty());
  EXPECT_THAT(files_below(project_.path(".simswarm/attempts")), Not(IsEmpty()));
  EXPECT_EQ(project_.simswarm({"clean", "--attempts"}).exit_code, 0);
  EXPECT_THAT(files_below(project_.path(".simswarm/attempts")), IsEmpty());
  EXPECT_EQ(item(project_, "logs", {"--logs"}).at("removed"), true);
  EXPECT_EQ(item(project_, "logs").at("count"), 0);
  EXPECT_EQ(contents_below(project_.path("results")), results_);
}

TEST_F(Clean, KeepsWhatResumeNeeds) {
  ASSERT_TRUE(replace_in(project_.path("omnetpp.ini"), "50s", "60s"));
  EXPECT_EQ(project_.runall().started().size(), 6U);
  results_ = contents_below(project_.path("results"));
  EXPECT_EQ(project_.simswarm({"clean", "--all", "--keep", "1"}).exit_code, 0);
  EXPECT_EQ(campaigns_of(project_).size(), 1U) << "the older ones made none of the results in place";
  expect_resume_is_right();
}

TEST_F(Clean, LeavesWhatIsYoungerThanTheAge) {
  EXPECT_EQ(project_.simswarm({"clean", "--all", "--older-than", "1h"}).exit_code, 0);
  EXPECT_EQ(campaigns_of(project_).size(), 2U);
  EXPECT_EQ(item(project_, "kept").at("count"), 1);
  EXPECT_EQ(item(project_, "attempts").at("count"), 1);
}

TEST_F(Clean, LeavesALivingCampaignAlone) {
  ASSERT_TRUE(replace_in(project_.path("omnetpp.ini"), "repeat = 2", "repeat = 2\n**.sleep = 30"));
  Process campaign(project_.runall_words({"--grace", "0"}, {}), project_.folder());
  ASSERT_TRUE(eventually([&] { return contains(campaign.out(), R"("event":"started")"); }));
  const auto scratch = [&] { return files_below(project_.path(".simswarm/scratch")).size(); };
  ASSERT_TRUE(eventually([&] { return scratch() > 0; }));
  const Answer answer = project_.simswarm({"clean", "--all", "--keep", "0"});
  EXPECT_EQ(answer.exit_code, 0) << answer.all();
  EXPECT_THAT(answer.out, AllOf(HasSubstr(" is running: what is its own is left alone"), HasSubstr("not compacted")));
  EXPECT_GT(scratch(), 0U);
  EXPECT_EQ(campaigns_of(project_).at(0).at("state"), "running");
  campaign.send(SIGINT);
  EXPECT_EQ(campaign.wait().exit_code, 130);
}

TEST_F(Clean, RemovesScratchOfACampaignThatWasCutOff) {
  ASSERT_TRUE(replace_in(project_.path("omnetpp.ini"), "repeat = 2", "repeat = 2\n**.sleep = 30"));
  Process campaign(project_.runall_words({}, {}), project_.folder());
  ASSERT_TRUE(eventually([&] { return contains(campaign.out(), R"("event":"started")"); }));
  campaign.send(SIGKILL);
  (void)campaign.wait();
  EXPECT_EQ(item(project_, "scratch").at("count"), 1);
  EXPECT_FALSE(fs::is_empty(project_.path(".simswarm/scratch")));
  EXPECT_EQ(project_.simswarm({"clean", "--attempts"}).exit_code, 0);
  EXPECT_TRUE(fs::is_empty(project_.path(".simswarm/scratch")));
}

// A ledger that something has happened to.

class ABadLedger : public testing::Test {
 protected:
  ABadLedger() {
    EXPECT_EQ(project_.runall().exit_code, 0);
    results_ = contents_below(project_.path("results"));
  }
  [[nodiscard]] fs::path ledger() const { return project_.path(".simswarm/ledger.sqlite"); }
  void expect_refused(std::string_view why) const {
    const std::string before = read(ledger());
    for (const Words& words :
         {Words{"status"}, Words{"history"}, Words{"runall", "./sim", "-c", "Study"}, Words{"clean"}}) {
      const Answer answer = project_.simswarm(words);
      EXPECT_EQ(answer.exit_code, 3) << words[0] << ": " << answer.all();
      EXPECT_TRUE(is_one_line_error(answer.errors)) << answer.errors;
      EXPECT_THAT(answer.errors, AllOf(HasSubstr(why), HasSubstr("/.simswarm/ledger.sqlite"))) << words[0];
    }
    EXPECT_EQ(read(ledger()), before);
    EXPECT_EQ(contents_below(project_.path("results")), results_);
  }
  Project project_{study()};
  std::map<std::string, std::string> results_;
};

TEST_F(ABadLedger, CutShortIsRefusedAndCanBeMovedAway) {
  fs::resize_file(ledger(), fs::file_size(ledger()) / 2);
  expect_refused("is damaged (it has ");
  fs::rename(ledger(), project_.path(".simswarm/damaged"));
  EXPECT_EQ(project_.runall().complete, 6);
}

TEST_F(ABadLedger, EmptiedIsRefused) {
  fs::resize_file(ledger(), 0);
  expect_refused("is damaged (it is empty, but campaigns have been run here)");
}

TEST_F(ABadLedger, OfGarbageIsRefused) {
  write(ledger(), std::string(50'000, 'x'));
  expect_refused("is damaged (file is not a database)");
}

TEST_F(ABadLedger, OfANewerVersionIsRefused) {
  constexpr std::size_t kUserVersion = 63;  // the last of its four bytes
  std::string content = read(ledger());
  content[kUserVersion] = 77;
  write(ledger(), content);
  expect_refused("is of version 77, this simswarm knows versions up to 3");
}

}  // namespace
}  // namespace simswarm::e2e
