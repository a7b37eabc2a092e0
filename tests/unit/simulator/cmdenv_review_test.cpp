// Ways in which a broken run was believed, or a good one was not: one test each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "simulator/cmdenv.h"
#include "simulator/cmdenv_judge.h"
#include "simulator/cmdenv_once.h"
#include "test_folder.h"

namespace simswarm::cmdenv {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kStop = "<!> Simulation time limit reached -- at t=100s, event #101\n";
constexpr std::string_view kCut = "<!> CPU time limit reached -- at t=50s, event #1024\n";

// Runs of the configuration Study in one process, and what it left.
class Judged : public testing::Test {
 protected:
  void expect(std::int64_t number) {
    const std::string stem = "results/Study-#" + std::to_string(number);
    names_.push_back({simswarm::Run{"Study", number, {}, number, ""}, stem + ".sca", stem + ".vec", stem + ".vci",
                      stem + ".out", stem + ".elog"});
  }
  void leave(const std::string& path, std::string_view content) {
    evidence_.files.push_back({path, folder_.write(path, content), content.size()});
  }
  std::vector<Verdict> verdicts(int code, std::string_view output, std::string_view errors = {}) {
    evidence_.wait_status = code << 8;
    evidence_.output = folder_.write("stdout", output);
    evidence_.errors = folder_.write("stderr", errors);
    std::vector<Verdict> found;
    for (const Judgement& judgement : judge(names_, evidence_)) found.push_back(judgement.verdict);
    return found;
  }

  TestFolder folder_;
  std::vector<ExpectedFiles> names_;
  Evidence evidence_;
};

TEST_F(Judged, FilesAreCheckedWhateverTheirNames) {
  expect(0);
  leave("elsewhere/x-Study-0-17.sca", "");
  leave("results/Study-#0.out", kStop);
  const Verdict verdict = verdicts(0, "Study run 0: , $repetition=0\n").front();
  EXPECT_EQ(verdict.outcome, Outcome::kIncomplete);
  EXPECT_THAT(verdict.message, HasSubstr("elsewhere/x-Study-0-17.sca is empty"));
}

TEST_F(Judged, VectorsOfAnyNameNeedAnIndex) {
  expect(0);
  leave("elsewhere/x.vec", "version 3\nrun x\n");
  EXPECT_EQ(verdicts(0, "Study run 0: \n" + std::string(kStop)).front().outcome, Outcome::kIncomplete);
  leave("elsewhere/x.vci", "file 16 1\n");
  EXPECT_EQ(verdicts(0, "Study run 0: \n" + std::string(kStop)).front().outcome, Outcome::kCompleted);
}

TEST_F(Judged, OutputFilesOfAnotherNameAreRead) {
  expect(0);
  leave("results/Study-#0.host.17.out", kStop);
  EXPECT_EQ(verdicts(0, "Study run 0: , $repetition=0\n").front().outcome, Outcome::kCompleted);
  EXPECT_EQ(verdicts(0, "").front().outcome, Outcome::kCompleted) << "where a wrapper keeps the header line back";
}

TEST_F(Judged, OutputIsReadInWhole) {
  expect(0);
  std::string text(kCut);
  for (int i = 0; i < 200000; ++i) text += "[INFO] one of very many lines that a model logs in its finish()\n";
  leave("results/Study-#0.out", text);
  EXPECT_EQ(verdicts(0, "Study run 0: \n").front().outcome, Outcome::kLimited);
}

TEST_F(Judged, LimitsAreNotReplacedByWhatAModelSaysLater) {
  expect(0);
  const std::string header = "Study run 0: , $repetition=0\n";
  for (const std::string later : {"<!> 3 packets -- lost during handover\n", "<!> x -- in module y\n",
                                  "<!> all -- at t=60s, event #2000\n", "<!> all -- at t=60s, event #2000 or so\n"}) {
    EXPECT_EQ(verdicts(0, fmt::format("{}{}{}", header, kCut, later)).front().outcome, Outcome::kLimited) << later;
  }
  const std::string stopped = "<!> SIGINT or SIGTERM received, exiting -- at t=50s, event #50\n";
  EXPECT_EQ(verdicts(0, header + stopped + std::string(kStop)).front().outcome, Outcome::kKilled);
}

TEST_F(Judged, WordsThatBeginLikeAnErrorCountWithTheCodeOnly) {
  expect(0);
  const std::string alert = "Study run 0: \n<!> Error budget used up\n<!> Error: two of them\n" + std::string(kStop);
  EXPECT_EQ(verdicts(0, alert).front().outcome, Outcome::kCompleted);
  EXPECT_EQ(verdicts(1, alert).front().outcome, Outcome::kModelError);
}

TEST_F(Judged, RunsStartInTheOrderOfTheBatch) {
  for (const int number : {3, 4}) expect(number);
  const std::string text = "Study run 99: x\nStudy run 3: , $repetition=0\nStudy run 99: y\n" + std::string(kStop) +
                           "....Study run 4: , $repetition=1\n" + std::string(kCut);
  const auto found = verdicts(0, text);
  EXPECT_EQ(found[0].outcome, Outcome::kCompleted);
  EXPECT_EQ(found[1].outcome, Outcome::kLimited) << "its header stood behind words without an end of line";
}

TEST_F(Judged, TheFirstRunDidStartWhenNoneSaysSo) {
  for (const int number : {3, 4}) expect(number);
  const auto found = verdicts(1, "Study run 99: x\n", "<!> Error: No network specified\n");
  EXPECT_EQ(found[0].outcome, Outcome::kModelError);
  EXPECT_EQ(found[1].outcome, Outcome::kNotStarted);
}

TEST_F(Judged, RunsThatAppendToOneFileAreAllInIt) {
  for (const int number : {0, 1}) {
    expect(number);
    names_.back().scalars = "all.sca";
    leave("results/Study-#" + std::to_string(number) + ".out", kStop);
  }
  leave("all.sca", "version 3\nrun Study-1-x\n\n\n");
  const auto found = verdicts(0, "Study run 0: \nStudy run 1: \n");
  for (const Verdict& verdict : found) {
    EXPECT_EQ(verdict.outcome, Outcome::kIncomplete);
    EXPECT_EQ(verdict.message, "all.sca holds 1 of the 2 runs that share it");
  }
}

TEST_F(Judged, FailedWritesAreAFullDisk) {
  expect(0);
  for (const std::string words : {"Cannot write output vector file 'results/a.vec'",
                                  "Cannot open x: No space left on device", "cannot write: Disk quota exceeded"}) {
    const std::string error = "<!> Error: " + words + " -- in module (Node) Net.sink (id=2), at t=5s, event #7\n";
    EXPECT_EQ(verdicts(1, "Study run 0: \n", error).front().outcome, Outcome::kDiskFull) << words;
  }
  const std::string log = "[INFO] the simulated disk is full\nEV: disk full\n" + std::string(kStop);
  EXPECT_EQ(verdicts(0, "Study run 0: \n" + log).front().outcome, Outcome::kCompleted);
}

TEST(Once, IsPutBackByItsForm) {
  const std::string date = [] {
    const std::time_t now = std::time(nullptr);
    std::string text(32, '\0');
    text.resize(std::strftime(text.data(), text.size(), "%Y%m%d-%H:%M:%S", std::localtime(&now)));
    return text;
  }();
  const simswarm::Run run{"Study", 3, {}, 0, ""};
  EXPECT_EQ(without_once("x-Study-3-" + date + "-21748.sca", run), "x-${runid}.sca");
  EXPECT_EQ(without_once("x-Study-4-" + date + "-21748.sca", run), "x-Study-4-${datetime}-21748.sca");
  EXPECT_EQ(without_once("20110101-12:00:00", run), "20110101-12:00:00") << "an older date is the user's";
}

TEST(Once, TellsTheProcessIdFromOtherNumbers) {
  const simswarm::Run run{"Study", 3, {}, 0, ""};
  RunConfig one{run, {{"port", "4711"}, {"name", "x-17-4711.sca"}, {"other", "4711"}}};
  const RunConfig other{run, {{"port", "4712"}, {"name", "x-17-4712.sca"}, {"other", "4711"}}};
  const ProcessId id = process_id_in(one, other);
  EXPECT_EQ(id.number, "4711");
  put_back_once(one, id);
  EXPECT_THAT(one.entries, ElementsAre(testing::Pair("port", "${processid}"),
                                       testing::Pair("name", "x-17-${processid}.sca"), testing::Pair("other", "4711")));
}

// A program that answers questions about one study: `entries` for each run, $1 its number.
class Asked : public testing::Test {
 protected:
  void answer(const std::string& entries, int runs = 2) {
    folder_.script("sim", R"(
case "$*" in *"-r "*) only=${*##*-r }; first=${only%% *}; last=$first;; *) first=0; last=)" +
                              std::to_string(runs - 1) + R"(;; esac
entries() {
)" + entries + R"(
}
print() {
  for i in $(seq $first $last); do echo "Run $i: \$x=$i, \$repetition=0"; entries $i; echo; done |
    if [ $1 = details ]; then grep -E '^Run |^$|@'; else cat; fi | tr -d '@'
}
case "$*" in
*numruns*) echo )" + std::to_string(runs) +
                              R"(;;
*runconfig*) print entries;;
*rundetails*) print details;;
*"-e output"*) exit 1;;
esac)");
  }
  std::unique_ptr<Dialect> dialect() {
    CmdenvRequest request;
    request.words = {"./sim", "-c", "Study"};
    request.words.insert(request.words.end(), more_.begin(), more_.end());
    request.working_folder = folder_.path();
    request.shared_files = serial_ ? SharedFiles::kSerial : SharedFiles::kRefuse;
    request.environment = environment_;
    auto made = make_cmdenv_dialect(std::move(request));
    EXPECT_TRUE(made.has_value()) << simswarm::error_of(made);
    return made ? std::move(*made) : nullptr;
  }
  std::vector<KeyPart> key(std::size_t position = 0) {
    const auto asked = dialect();
    const auto runs = asked->list_runs();
    EXPECT_TRUE(runs.has_value()) << simswarm::error_of(runs);
    return runs ? asked->key_parts(runs->at(position)) : std::vector<KeyPart>{};
  }
  std::string refusal() { return simswarm::error_of(dialect()->list_runs()); }

  TestFolder folder_;
  std::vector<std::string> more_;
  std::vector<std::string> environment_;
  bool serial_ = false;
};

TEST_F(Asked, ValuesOverSeveralLinesBelongToTheKey) {
  answer(R"(printf '\t**.text = "a" +\n     "b"\n')");
  const auto before = key();
  answer(R"(printf '\t**.text = "a" +\n     "c"\n')");
  EXPECT_NE(key(), before);
}

TEST_F(Asked, RunIdAndProcessIdChangeNoKeyAndNameNoFiles) {
  answer(R"(printf '\toutput-scalar-file = x-Study-%s-%s-%s.sca\n\t**.p = %s\n' $1 $(date +%Y%m%d-%H:%M:%S) $$ $$)");
  EXPECT_EQ(key(), key());
  const auto asked = dialect();
  const auto runs = asked->list_runs().value_or(simswarm::RunList());
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_THAT(asked->expected_files(runs[0]), IsEmpty());
  EXPECT_FALSE(asked->can_batch());
}

TEST_F(Asked, LargeStudiesTellEachRunsOwnEntries) {
  const std::string both =
      R"(printf '@\tseed-set = %s\n\toutput-scalar-file = a.sca\n@\toutput-vector-file = %s.vec\n' $1 $1)";
  answer(both, 5002);
  more_ = {"--fname-append-host=true"};
  const auto asked = dialect();
  auto runs = asked->list_runs();
  EXPECT_THAT(simswarm::error_of(runs),
              HasSubstr("Study#0 and Study#1 and 5000 more runs would write the same file a.sca"));
  answer(R"(printf '\tseed-set = 7\n@\toutput-scalar-file = s/%s.sca\n@\tseed-set = %s\n' $1 $1)", 5002);
  const auto second = dialect();
  runs = second->list_runs();
  ASSERT_TRUE(runs.has_value()) << simswarm::error_of(runs);
  EXPECT_THAT(second->expected_files(runs->at(5001)), Contains("s/5001.sca"));
  EXPECT_EQ(runs->at(5001).seed_set, "7");
}

TEST_F(Asked, SerialNeedsRunsThatAppend) {
  answer(R"(printf '\toutput-scalar-file = all.sca\n')");
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("Study#0 and Study#1 would write the same file all.sca"), HasSubstr("--distinct-names")));
  serial_ = true;
  EXPECT_THAT(refusal(), HasSubstr("set output-scalar-file-append=true"));
  answer(R"(printf '\toutput-scalar-file = all.sca\n\toutput-scalar-file-append = true\n')");
  const auto asked = dialect();
  ASSERT_TRUE(asked->list_runs().has_value());
  EXPECT_THAT(asked->inseparable(), ElementsAre(ElementsAre(0, 1)));
  const auto runs = asked->list_runs().value_or(simswarm::RunList());
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_THAT(asked->expected_files(runs[0]), Contains("all.sca"));
  EXPECT_THAT(asked->expected_files(runs[1]), testing::Not(Contains("all.sca"))) << "it is the first one's";
}

TEST_F(Asked, SharedFilesOfEveryKindAreFound) {
  answer(R"(printf '\toutput-vector-file = all.vec\n')");
  EXPECT_THAT(refusal(), HasSubstr("would write the same file all.vec"));
  answer(R"(printf '\tcmdenv-output-file = all.out\n')");
  EXPECT_THAT(refusal(), HasSubstr("would write the same file all.out"));
  serial_ = true;
  EXPECT_THAT(refusal(), HasSubstr("no run appends to such a file"));
  answer(R"(printf '\teventlog-file = all.elog\n')");
  EXPECT_TRUE(dialect()->list_runs().has_value()) << "no event log is written";
  answer(R"(printf '\teventlog-file = all.elog\n\trecord-eventlog = true\n')");
  EXPECT_THAT(refusal(), HasSubstr("all.elog"));
}

TEST_F(Asked, BatchesNeedRedirectedOutput) {
  answer(R"(printf '\tnetwork = Net\n')");
  EXPECT_TRUE(dialect()->can_batch());
  more_ = {"--cmdenv-redirect-output=false"};
  EXPECT_FALSE(dialect()->can_batch());
  more_ = {"--cmdenv-redirect-output", "false"};
  EXPECT_TRUE(dialect()->can_batch()) << "opp_runall does not see this form, and adds =true behind it";
}

TEST_F(Asked, NamesCountFromWhereTheyAreGiven) {
  folder_.write("sub/a.ini", "[General]\n  output-vector-file = v-${x}.vec\n");
  answer(R"(printf '\toutput-scalar-file = zz-%s.sca\n\toutput-vector-file = v-%s.vec\n' $1 $1)");
  more_ = {"-f", "top.ini", "-f", "sub/a.ini", "--output-scalar-file=zz-${x}.sca"};
  folder_.write("top.ini", "[General]\n");
  const auto asked = dialect();
  const auto runs = asked->list_runs();
  ASSERT_TRUE(runs.has_value()) << simswarm::error_of(runs);
  EXPECT_THAT(asked->expected_files(runs->at(1)),
              ElementsAre("zz-1.sca", "sub/v-1.vec", "sub/v-1.vci", "results/Study-x=1-#0.out"));
}

TEST_F(Asked, FoldersOutsideAreResultFolders) {
  TestFolder outside;
  answer("printf '\\toutput-scalar-file = " + (outside / "out/%s.sca").string() + "\\n' $1");
  const auto asked = dialect();
  ASSERT_TRUE(asked->list_runs().has_value());
  EXPECT_THAT(asked->result_folders(), Contains((outside / "out").lexically_relative(folder_.path()).string()));
  outside.write("out/model.ned", "");
  EXPECT_THAT(refusal(), HasSubstr("outside of the project, where other things lie too"));
}

TEST_F(Asked, ValuesOfTheEnvironmentAreNotShown) {
  answer(R"(printf '\tnetwork = Net\n')");
  environment_ = {"SIMSWARM_REVIEW_SECRET"};
  ::setenv("SIMSWARM_REVIEW_SECRET", "hunter2", 1);
  const auto parts = key();
  ::setenv("SIMSWARM_REVIEW_SECRET", "hunter3", 1);
  EXPECT_NE(key(), parts);
  ::unsetenv("SIMSWARM_REVIEW_SECRET");
  for (const KeyPart& part : parts) EXPECT_THAT(part.value, testing::Not(HasSubstr("hunter2")));
}

TEST_F(Asked, OurOptionsBehindTheProgramAreNamed) {
  for (const std::string option : {"--dry-run", "--json", "--timeout=5m"}) {
    CmdenvRequest request;
    request.words = {"./sim", "-c", "Study", option};
    const std::string name = option.substr(0, option.find('='));
    EXPECT_EQ(simswarm::error_of(make_cmdenv_dialect(std::move(request))),
              fmt::format("{} is an option of simswarm: it stands before the program (simswarm runall {} ./sim …)",
                          name, option));
  }
}

}  // namespace
}  // namespace simswarm::cmdenv
