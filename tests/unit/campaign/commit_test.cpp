#include "campaign/commit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/text.h"
#include "ledger_support.h"

namespace simswarm::campaign {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Runs that have ended, with what they left below staging/.
class ACommitter : public LedgerTest {
 protected:
  ACommitter() {
    place_.state.root = folder_ / "state";
    place_.working_folder = folder_.folder("work");
    place_.campaign = "01A";
    place_.is_planned = [this](const RunKey& run) { return planned_.contains(run); };
  }
  void make() {
    auto made = make_committer(place_);
    ASSERT_TRUE(made.has_value()) << error_of(made);
    committer_ = std::move(*made);
  }
  // A run of that key that left these files, path and content.
  Ready ready(const std::string& text, const std::vector<std::pair<std::string, std::string>>& files,
              Outcome outcome = Outcome::kCompleted) {
    Ready made;
    made.run = count_++;
    made.attempt = attempt(text, outcome);
    made.log = {"said " + text, "", ""};
    made.label = "Study#" + std::to_string(made.run);
    made.scratch = std::make_shared<Scratch>(folder_ / fmt::format("staging/{}", made.run));
    for (const auto& [path, content] : files) {
      made.files.emplace_back(path, folder_.write(fmt::format("staging/{}/{}", made.run, path), content));
    }
    return made;
  }
  // Hands in and waits; what came of it in the order of the runs.
  std::vector<Committed> commit(std::vector<Ready> runs) {
    if (!committer_) make();
    const std::size_t count = runs.size();
    for (Ready& run : runs) committer_->hand_in(std::move(run));
    runs.clear();
    std::vector<Committed> all;
    EXPECT_TRUE(wait_until([&] {
      for (Committed& one : committer_->take()) all.push_back(std::move(one));
      return all.size() == count;
    }));
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.run < b.run; });
    return all;
  }
  [[nodiscard]] Outcome known_outcome(const std::string& text) const {
    const auto attempts = ledger_->attempts_of(key(text)).value();
    return attempts.empty() ? Outcome::kNotStarted : attempts.back().verdict.outcome;
  }

  std::set<RunKey> planned_;
  CommitPlace place_;
  std::unique_ptr<Committer> committer_;
  std::size_t count_ = 0;
};

TEST_F(ACommitter, BringsResultsIntoPlaceAndIntoTheLedger) {
  const auto committed = commit({ready("a", {{"results/a.sca", "scalars"}, {"../up", "x"}})});
  ASSERT_THAT(committed, SizeIs(1));
  EXPECT_EQ(committed[0].attempt.verdict.outcome, Outcome::kCompleted);
  EXPECT_EQ(committed[0].attempt.number, 1);
  EXPECT_EQ(committed[0].attempt.usage.result_bytes, 8U);
  EXPECT_EQ(folder_.read("work/results/a.sca"), "scalars");
  EXPECT_EQ(folder_.read("up"), "x");
  const ResultRecord result = ledger_->result_of(key("a")).value().value();
  ASSERT_THAT(result.files, SizeIs(2));
  EXPECT_EQ(result.files[1].digest, digest_of("scalars"));
  EXPECT_EQ(result.files[1].identity, identify(folder_ / "work/results/a.sca").value());
  EXPECT_EQ(result.usage.result_bytes, 8U);
  EXPECT_EQ(ledger_->log_of(key("a"), 1).value().value().output, "said a");
  EXPECT_THAT(ledger_->intents().value(), IsEmpty());
}

TEST_F(ACommitter, SaysThatSomethingIsDoneThroughADescriptor) {
  make();
  pollfd polled{committer_->descriptor(), POLLIN, 0};
  EXPECT_EQ(::poll(&polled, 1, 0), 0);
  committer_->hand_in(ready("a", {}));
  EXPECT_EQ(::poll(&polled, 1, 30'000), 1);
  EXPECT_THAT(committer_->take(), SizeIs(1));
  EXPECT_EQ(::poll(&polled, 1, 0), 0) << "taken is taken";
  EXPECT_THAT(committer_->take(), IsEmpty());
  EXPECT_EQ(committer_->pending(), 0U);
}

TEST_F(ACommitter, SharesSyncsAmongManyRuns) {
  std::vector<Ready> runs;
  for (int i = 0; i < 300; ++i) runs.push_back(ready(std::to_string(i), {{fmt::format("results/{}", i), "x"}}));
  EXPECT_THAT(commit(std::move(runs)), SizeIs(300));
  ASSERT_TRUE(committer_->finish().has_value());
  const CommitStats stats = committer_->stats();
  EXPECT_EQ(stats.runs, 300U);
  EXPECT_LT(stats.groups, 150U) << "what waits is committed together";
  EXPECT_LT(stats.syncs, 300U);
  EXPECT_GE(stats.syncs, 2U) << "content before the renames, folders after them";
  EXPECT_TRUE(ledger_->result_of(key("299")).value().has_value());
}

TEST_F(ACommitter, FinishesWhatWasHandedIn) {
  make();
  for (int i = 0; i < 20; ++i) committer_->hand_in(ready(std::to_string(i), {{fmt::format("results/{}", i), "x"}}));
  ASSERT_TRUE(committer_->finish().has_value());
  EXPECT_EQ(committer_->pending(), 0U);
  EXPECT_THAT(committer_->take(), SizeIs(20));
}

TEST_F(ACommitter, RecordsFailedAttemptsAndKeepsWhatTheyLeft) {
  const auto committed = commit({ready("a", {{"results/a.sca", "half"}, {"../up", "x"}}, Outcome::kModelError),
                                 ready("b", {{"results/b.sca", "whole"}}), ready("c", {}, Outcome::kCrashed)});
  EXPECT_EQ(committed[0].attempt.verdict.outcome, Outcome::kModelError);
  EXPECT_EQ(committed[1].attempt.verdict.outcome, Outcome::kCompleted);
  EXPECT_EQ(known_outcome("a"), Outcome::kModelError);
  EXPECT_EQ(known_outcome("c"), Outcome::kCrashed);
  EXPECT_FALSE(ledger_->result_of(key("a")).value().has_value());
  EXPECT_FALSE(fs::exists(folder_ / "work/results/a.sca")) << "nothing partial is taken for whole";
  const std::string kept = "state/attempts/" + key("a").digest.hex().substr(0, 16);
  EXPECT_EQ(folder_.read(kept + "/results/a.sca"), "half");
  EXPECT_EQ(folder_.read(kept + "/_up/up"), "x");
}

TEST_F(ACommitter, NumbersAttemptsOnTheirWayBack) {
  commit({ready("a", {}, Outcome::kKilled), ready("b", {}, Outcome::kModelError)});
  const auto committed = commit({ready("b", {}, Outcome::kModelError), ready("a", {{"x", "1"}})});
  EXPECT_EQ(committed[0].attempt.number, 2);
  EXPECT_EQ(committed[1].attempt.number, 2);
  EXPECT_EQ(ledger_->result_of(key("a")).value().value().attempt, 2);
}

TEST_F(ACommitter, NumbersAttemptsOfOneKeyThatFailTogether) {
  const auto committed = commit({ready("a", {}, Outcome::kKilled), ready("a", {}, Outcome::kKilled)});
  EXPECT_EQ(committed[0].attempt.number + committed[1].attempt.number, 3);
}

TEST_F(ACommitter, PutsOlderFilesAside) {
  folder_.write("work/results/a.sca", "older");
  const auto committed = commit({ready("a", {{"results/a.sca", "newer"}})});
  EXPECT_EQ(committed[0].kept, 1U);
  EXPECT_EQ(folder_.read("work/results/a.sca"), "newer");
  EXPECT_EQ(folder_.read("state/kept/01A/results/a.sca"), "older");
}

TEST_F(ACommitter, ReplacesOlderFilesWhereItIsTold) {
  place_.existing = Existing::kReplace;
  folder_.write("work/results/a.sca", "older");
  EXPECT_EQ(commit({ready("a", {{"results/a.sca", "newer"}})})[0].kept, 0U);
  EXPECT_EQ(folder_.read("work/results/a.sca"), "newer");
  EXPECT_FALSE(fs::exists(folder_ / "state/kept"));
}

TEST_F(ACommitter, SpoilsOnlyTheRunThatCannotBePlaced) {
  folder_.folder("work/results/a.sca");
  const auto committed = commit({ready("a", {{"results/a.sca", "x"}}), ready("b", {{"results/b.sca", "y"}})});
  EXPECT_EQ(committed[0].attempt.verdict.outcome, Outcome::kIncomplete);
  EXPECT_THAT(committed[0].attempt.verdict.message,
              AllOf(HasSubstr("its results could not be put into place: the result path"),
                    HasSubstr("is no regular file (a folder)")));
  EXPECT_EQ(committed[1].attempt.verdict.outcome, Outcome::kCompleted);
  EXPECT_EQ(known_outcome("a"), Outcome::kIncomplete);
  EXPECT_TRUE(fs::is_directory(folder_ / "work/results/a.sca"));
}

TEST_F(ACommitter, KeepsWhatWasVerifiedUntilItCanBePlaced) {
  folder_.write("work/results", "a file where a folder should be");
  const auto committed = commit({ready("a", {{"results/a.sca", "x"}}), ready("b", {{"b", "y"}})});
  EXPECT_EQ(committed[0].attempt.verdict.outcome, Outcome::kIncomplete);
  EXPECT_TRUE(committed[0].stays_in_scratch);
  EXPECT_THAT(committed[0].attempt.verdict.message,
              HasSubstr("; they are whole and stay in .simswarm: mend that and call again"));
  EXPECT_EQ(folder_.read("staging/0/results/a.sca"), "x");
  EXPECT_THAT(ledger_->attempts_of(key("a")).value(), SizeIs(1)) << "one attempt is one";
  EXPECT_FALSE(committed[1].stays_in_scratch);
  EXPECT_TRUE(ledger_->result_of(key("b")).value().has_value());
  const auto waiting = roll_forward(*ledger_, place_.state).value();
  EXPECT_EQ(waiting.placed, 0U);
  EXPECT_THAT(waiting.needed, ElementsAre(folder_ / "staging/0/results/a.sca"));
  EXPECT_THAT(waiting.trouble, HasSubstr("/work/results"));
  fs::remove(folder_ / "work/results");
  EXPECT_EQ(roll_forward(*ledger_, place_.state).value().placed, 1U);
  EXPECT_EQ(folder_.read("work/results/a.sca"), "x");
  EXPECT_TRUE(ledger_->result_of(key("a")).value().has_value());
}

TEST_F(ACommitter, GivesEachRunAFileOfItsOwnWhereTheirNamesAreTheSame) {
  const auto committed = commit({ready("a", {{"sub/trace.csv", "1"}}), ready("b", {{"sub/trace.csv", "2"}}),
                                 ready("c", {{"sub/trace.csv", "1"}})});
  EXPECT_EQ(folder_.read("work/sub/trace.csv"), "1");
  EXPECT_EQ(folder_.read("work/sub/trace.Study#1.csv"), "2");
  EXPECT_THAT(committed[1].renamed, ElementsAre("sub/trace.csv is sub/trace.Study#1.csv"));
  EXPECT_THAT(committed[2].renamed, IsEmpty()) << "the same content is one file";
  EXPECT_FALSE(fs::exists(folder_ / "state/kept"));
}

TEST_F(ACommitter, TakesNoFileFromARunThatWasCommittedBefore) {
  planned_ = {key("a"), key("b")};
  commit({ready("a", {{"trace.csv", "1"}})});
  EXPECT_THAT(commit({ready("b", {{"trace.csv", "2"}})})[0].renamed, SizeIs(1));
  EXPECT_EQ(folder_.read("work/trace.csv"), "1");
  EXPECT_EQ(folder_.read("work/trace.Study#1.csv"), "2");
}

TEST_F(ACommitter, TakesAFileFromARunOfAnEarlierState) {
  planned_ = {key("new")};
  commit({ready("old", {{"trace.csv", "1"}})});
  const auto committed = commit({ready("new", {{"trace.csv", "2"}})});
  EXPECT_THAT(committed[0].renamed, IsEmpty());
  EXPECT_EQ(committed[0].kept, 1U);
  EXPECT_EQ(folder_.read("work/trace.csv"), "2");
  EXPECT_EQ(folder_.read("state/kept/01A/trace.csv"), "1");
}

TEST_F(ACommitter, PutsAsideWhatARunOnceWroteAndWritesNoMore) {
  commit({ready("a", {{"a.sca", "1"}, {"a.vec", "2"}})});
  Ready again = ready("a", {{"a.sca", "1"}});
  again.expected = {"a.sca", "a.vec", "a.vci"};
  EXPECT_EQ(commit({std::move(again)})[0].kept, 1U);
  EXPECT_FALSE(fs::exists(folder_ / "work/a.vec"));
  EXPECT_EQ(folder_.read("state/kept/01A/a.vec"), "2");
}

TEST_F(ACommitter, FollowsNoLinkOutOfTheProject) {
  place_.roots = {fs::canonical(place_.working_folder)};
  fs::create_directory_symlink(folder_.folder("outside"), folder_ / "work/link");
  const auto committed = commit({ready("a", {{"link/x", "1"}}), ready("b", {{"inside/x", "1"}})});
  EXPECT_EQ(committed[0].attempt.verdict.outcome, Outcome::kIncomplete);
  EXPECT_THAT(committed[0].attempt.verdict.message, HasSubstr("leads out of the project and the result folders"));
  EXPECT_TRUE(fs::is_empty(folder_ / "outside"));
  EXPECT_EQ(committed[1].attempt.verdict.outcome, Outcome::kCompleted);
}

TEST_F(ACommitter, SpoilsARunWhoseFileIsGone) {
  Ready run = ready("a", {{"x", "1"}});
  fs::remove(run.files[0].second);
  const auto committed = commit({std::move(run)});
  EXPECT_EQ(committed[0].attempt.verdict.outcome, Outcome::kIncomplete);
  EXPECT_THAT(committed[0].attempt.verdict.message, HasSubstr("No such file or directory"));
}

TEST_F(ACommitter, LetsGoOfTheScratchOfABatchAfterItsLastRun) {
  auto scratch = std::make_shared<Scratch>(folder_.folder("batch"));
  Ready first = ready("a", {{"a", "1"}});
  Ready second = ready("b", {{"b", "2"}});
  first.scratch = scratch;
  second.scratch = std::move(scratch);
  commit({std::move(first)});
  EXPECT_TRUE(fs::exists(folder_ / "batch"));
  commit({std::move(second)});
  EXPECT_FALSE(fs::exists(folder_ / "batch")) << "before the word is out";
}

TEST_F(ACommitter, PassesOnWhetherARunComesAgain) {
  Ready again = ready("a", {}, Outcome::kKilled);
  again.will_retry = true;
  const auto committed = commit({std::move(again), ready("b", {})});
  EXPECT_TRUE(committed[0].will_retry);
  EXPECT_FALSE(committed[1].will_retry);
}

TEST_F(ACommitter, NeedsALedger) {
  place_.state.root = folder_.write("file", "") / "state";
  EXPECT_THAT(error_of(make_committer(place_)), HasSubstr("Not a directory"));
}

// A simswarm that noted an intent and was killed at some point after it.
class RollForward : public ACommitter {
 protected:
  void intend(const std::string& text, const std::vector<std::pair<std::string, std::string>>& files) {
    Intent made;
    made.attempt = attempt(text);
    made.folder = (folder_ / "work").string();
    made.kept = (folder_ / "state/kept/01A").string();
    for (const auto& [path, content] : files) {
      made.staged.push_back(folder_.write("state/scratch/01A/" + path, content).string());
      made.files.push_back({path, content.size(), digest_of(content), {}});
    }
    intents_ = {made};
    ASSERT_TRUE(ledger_->intend(intents_, std::vector<AttemptLog>(1)).has_value());
  }
  void move_into_place(const std::string& path) {
    fs::create_directories((folder_ / ("work/" + path)).parent_path());
    fs::rename(folder_ / ("state/scratch/01A/" + path), folder_ / ("work/" + path));
  }
  std::string roll() {
    reopen();
    const auto rolled = roll_forward(*ledger_, place_.state);
    return rolled ? std::to_string(rolled->placed) : rolled.error().message;
  }
  void expect_whole() {
    EXPECT_EQ(folder_.read("work/results/a.sca"), "one");
    EXPECT_EQ(folder_.read("work/results/a.vec"), "two");
    const auto result = ledger_->result_of(key("a")).value();
    ASSERT_TRUE(result.has_value());
    ASSERT_THAT(result->files, SizeIs(2));
    EXPECT_EQ(result->files[0].identity, identify(folder_ / "work/results/a.sca").value());
    EXPECT_THAT(ledger_->intents().value(), IsEmpty());
    EXPECT_THAT(ledger_->attempts_of(key("a")).value(), SizeIs(1));
  }
  const std::vector<std::pair<std::string, std::string>> files_{{"results/a.sca", "one"}, {"results/a.vec", "two"}};
  std::vector<Intent> intents_;
};

TEST_F(RollForward, HasNothingToDoInPeace) {
  EXPECT_EQ(roll(), "0");
}

TEST_F(RollForward, AfterTheIntent) {
  intend("a", files_);
  EXPECT_EQ(roll(), "1");
  expect_whole();
}

TEST_F(RollForward, BetweenTheRenames) {
  intend("a", files_);
  move_into_place("results/a.sca");
  EXPECT_EQ(roll(), "1");
  expect_whole();
}

TEST_F(RollForward, AfterTheRenames) {
  intend("a", files_);
  move_into_place("results/a.sca");
  move_into_place("results/a.vec");
  EXPECT_EQ(roll(), "1");
  expect_whole();
}

TEST_F(RollForward, AfterAllIsDone) {
  intend("a", files_);
  ASSERT_EQ(roll(), "1");
  EXPECT_EQ(roll(), "0") << "once is enough";
  expect_whole();
}

TEST_F(RollForward, KeepsOlderFilesAsideAsTheCommitWouldHave) {
  folder_.write("work/results/a.sca", "older");
  intend("a", files_);
  EXPECT_EQ(roll(), "1");
  expect_whole();
  EXPECT_EQ(folder_.read("state/kept/01A/results/a.sca"), "older");
}

TEST_F(RollForward, GivesUpWhatIsLost) {
  intend("a", files_);
  fs::remove_all(folder_ / "state/scratch");
  EXPECT_EQ(roll(), "0");
  EXPECT_EQ(known_outcome("a"), Outcome::kIncomplete);
  EXPECT_EQ(ledger_->attempts_of(key("a")).value().at(0).verdict.message,
            "simswarm ended before its results were in place");
  EXPECT_FALSE(ledger_->result_of(key("a")).value().has_value());
  EXPECT_EQ(roll(), "0");
}

TEST_F(RollForward, DoesNotBelieveAFileThatWasChangedSince) {
  intend("a", files_);
  move_into_place("results/a.sca");
  move_into_place("results/a.vec");
  folder_.write("work/results/a.sca", "tampered");
  EXPECT_EQ(roll(), "0");
  EXPECT_FALSE(ledger_->result_of(key("a")).value().has_value());
}

}  // namespace
}  // namespace simswarm::campaign
