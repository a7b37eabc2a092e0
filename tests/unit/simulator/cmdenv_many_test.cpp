#include "simulator/cmdenv_many.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::cmdenv {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A program that has two runs of any configuration, of a kind that the configuration's name tells. «Large» has its
// second run far behind, and takes its time to find a run.
constexpr std::string_view kProgram = R"(
config=General; number=; before=
for word in "$@"; do
  [ "$before" = -c ] && config=$word
  [ "$before" = -r ] && number=$word
  before=$word
done
second=1; [ $config = Large ] && second=6000
case "$config $*" in Broken*numruns*|Broken*runconfig*) echo '<!> Error: Unknown variable $x' >&2; exit 1;; esac
case "$*" in
*sectioninheritance*) echo "Config $config";;
*numruns*) echo 2;;
*"-e output"*)
  [ $config = Large ] && { i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; }
  folder=results; [ $config = Places ] && folder=elsewhere
  echo "$folder/$config-x=$number-#0.sca";;
*runconfig*)
  for run in ${number:-0 $second}; do
    echo "Run $run: \$x=$run, \$repetition=0"
    [ $config != NoNet ] && printf '\tnetwork = Net\n'
    [ $config = RealTime ] && printf '\tscheduler-class = "omnetpp::cRealTimeScheduler"\n'
    [ $config = Places ] && printf '\tresult-dir = elsewhere\n'
    echo
  done;;
esac
exit 0
)";

class Many : public testing::Test {
 protected:
  Many() { folder_.script("sim", std::string(kProgram)); }

  std::unique_ptr<Dialect> dialect(const std::vector<std::string>& configs) {
    CmdenvRequest request;
    request.words = {"./sim"};
    for (const std::string& config : configs) request.words.insert(request.words.end(), {"-c", config});
    request.all_configs = configs.empty();
    request.working_folder = folder_.path();
    auto made = make_cmdenv_dialect(std::move(request));
    EXPECT_TRUE(made.has_value()) << error_of(made);
    return std::move(made).value();
  }
  static std::vector<std::string> names(Dialect& dialect) {
    const auto runs = dialect.list_runs();
    EXPECT_TRUE(runs.has_value()) << error_of(runs);
    std::vector<std::string> found;
    for (const simswarm::Run run : runs.value_or(simswarm::RunList())) found.push_back(short_name(run));
    return found;
  }

  TestFolder folder_;
};

TEST_F(Many, EachRunIsAnsweredForByItsConfiguration) {
  const auto both = dialect({"A", "Places"});
  EXPECT_THAT(names(*both), ElementsAre("A#0", "A#1", "Places#0", "Places#1"));
  const auto listed = both->list_runs().value();
  const std::vector<simswarm::Run> runs(listed.begin(), listed.end());
  EXPECT_THAT(both->command_line({runs.data() + 2, 2}),
              ElementsAre("./sim", "-c", "Places", "-s", "-u", "Cmdenv", "--cmdenv-redirect-output=true", "-r", "0,1"));
  EXPECT_EQ(both->status_file(runs[1]), "results/A-x=1-#0.out");
  EXPECT_THAT(both->expected_files(runs[3]), Contains("elsewhere/Places-x=1-#0.sca"));
  EXPECT_THAT(both->result_folders(), ElementsAre("elsewhere", "results"));
  EXPECT_FALSE(both->may_share_process(runs[1], runs[2]));
  EXPECT_TRUE(both->may_share_process(runs[0], runs[1]));
}

TEST_F(Many, KeysAreThoseOfTheConfigurationAlone) {
  const auto alone = dialect({"B"});
  const auto both = dialect({"A", "B"});
  const auto of_alone = alone->list_runs().value();
  const auto of_both = both->list_runs().value();
  for (std::size_t i = 0; i < of_alone.size(); ++i) {
    EXPECT_EQ(of_both[i + 2], of_alone[i]);
    EXPECT_EQ(both->key_parts(of_both[i + 2]), alone->key_parts(of_alone[i]));
  }
  EXPECT_EQ(both->key_sources().trees, alone->key_sources().trees);
}

TEST_F(Many, OneThatKeepsPaceWithRealTimeWantsCoresForAll) {
  const auto plain = dialect({"A", "B"});
  EXPECT_THAT(names(*plain), testing::SizeIs(4));
  EXPECT_FALSE(plain->wants_own_cores());
  const auto timed = dialect({"A", "RealTime"});
  EXPECT_THAT(names(*timed), testing::SizeIs(4));
  EXPECT_TRUE(timed->wants_own_cores());
  EXPECT_THAT(timed->remarks(), ElementsAre(HasSubstr("«RealTime» keeps pace with real time")));
}

TEST_F(Many, UnrollingIsMeasuredWhereAStudyIsLarge) {
  const auto small = dialect({"A"});
  EXPECT_THAT(names(*small), testing::SizeIs(2));
  EXPECT_EQ(small->seconds_to_unroll(), 0);
  const auto large = dialect({"Large"});
  EXPECT_THAT(names(*large), ElementsAre("Large#0", "Large#6000"));
  const double seconds = large->seconds_to_unroll();
  EXPECT_GT(seconds, 0.01);
  const auto both = dialect({"A", "Large"});
  EXPECT_THAT(names(*both), testing::SizeIs(4));
  EXPECT_GT(both->seconds_to_unroll(), 0.005) << "half of the runs";
}

TEST_F(Many, OfAllThoseThatCannotBeRunAreNamed) {
  folder_.write("omnetpp.ini", "[A]\nnetwork = Net\n[NoNet]\n[Broken]\nnetwork = Net\n[Base]\nabstract = true\n");
  const auto all = dialect({});
  EXPECT_THAT(names(*all), ElementsAre("A#0", "A#1"));
  const std::string broken = "configuration «Broken» is broken: ./sim cannot list its runs: Unknown variable $x";
  EXPECT_THAT(all->broken(), ElementsAre(HasSubstr(broken)));
  EXPECT_THAT(all->remarks(), ElementsAre("left out, as they are abstract: Base",
                                          "left out, as they name no network: NoNet", HasSubstr(broken)));
  EXPECT_THAT(names(*all), ElementsAre("A#0", "A#1")) << "a second list";
  EXPECT_THAT(all->remarks(), testing::SizeIs(3));
}

TEST_F(Many, WithNothingLeftTheReasonsAreTheError) {
  folder_.write("omnetpp.ini", "[NoNet]\n[Base]\nabstract = true\n");
  EXPECT_EQ(
      error_of(dialect({})->list_runs()),
      "omnetpp.ini has no configuration that can be run alone: left out, as they are abstract: Base; left out, as "
      "they name no network: NoNet");
}

TEST_F(Many, ABrokenOneThatIsNamedIsTheError) {
  const auto named = dialect({"A", "Broken"});
  EXPECT_THAT(error_of(named->list_runs()), HasSubstr("Unknown variable $x"));
  EXPECT_THAT(named->broken(), IsEmpty());
}

}  // namespace
}  // namespace simswarm::cmdenv
