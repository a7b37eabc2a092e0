#include "exec/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "exec_support.h"

namespace simswarm::exec {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr milliseconds kLong{30'000};

// Batches that are shell scripts, executed in a mirror of links, which every machine allows.
class AnExecutor : public testing::Test {
 protected:
  AnExecutor() {
    layer_.kind = LayerKind::kLinks;
    layer_.project = layer_.working_folder = folder_.folder("project");
    layer_.result_folders = {folder_ / "project/results"};
    folder_.folder("scratch");
  }
  void make() { executor_ = make_executor({layer_, limits_, {}, {}, -1, {}, false, 0}); }
  Status start(std::uint64_t id, const std::string& script, std::size_t runs = 1) {
    if (!executor_) make();
    return executor_->start({id,
                             {"/bin/sh", "-c", script},
                             runs,
                             scratch(id),
                             {},
                             fmt::format("SIMSWARM_ATTEMPT=unit{}.{}", ::getpid(), id)});
  }
  [[nodiscard]] fs::path scratch(std::uint64_t id) const { return folder_ / ("scratch/" + std::to_string(id)); }
  // Waits for one batch to end.
  Ended wait_for_one() {
    std::vector<Ended> ended;
    EXPECT_TRUE(wait_until([&] {
      ended = executor_->wait(kLong, {});
      return !ended.empty();
    }));
    EXPECT_EQ(ended.size(), 1U);
    return ended.empty() ? Ended{} : ended.front();
  }
  Ended run(const std::string& script, std::size_t runs = 1) {
    const Status started = start(++last_, script, runs);
    EXPECT_TRUE(started.has_value()) << error_of(started);
    return started ? wait_for_one() : Ended{};
  }
  // The number that a run writes into a file of its layer.
  pid_t pid_in(std::uint64_t id, const std::string& name) {
    const auto look = executor_->look(id);
    if (!look) return -1;
    const fs::path file = look->layer->locate(name);
    EXPECT_TRUE(wait_until([&] { return !trim(read_file(file).value_or("")).empty(); })) << file;
    return number_in(file);
  }
  static pid_t number_in(const fs::path& file) {
    return static_cast<pid_t>(parse_int(trim(read_file(file).value_or(""))).value_or(-1));
  }

  TestFolder folder_;
  LayerSpec layer_;
  Limits limits_;
  std::uint64_t last_ = 0;
  std::unique_ptr<Executor> executor_;
};

bool is_gone(pid_t pid) {
  const auto stat = read_file(fmt::format("/proc/{}/stat", pid));
  return !stat || stat->find(") Z ") != std::string::npos;
}

TEST_F(AnExecutor, GivesWhatABatchSaidAndLeft) {
  const Ended ended = run("echo said; echo wrong >&2; echo 12345 > results/a.csv; echo x > trace; exit 4");
  EXPECT_EQ(ended.id, 1U);
  EXPECT_TRUE(WIFEXITED(ended.evidence.wait_status));
  EXPECT_EQ(WEXITSTATUS(ended.evidence.wait_status), 4);
  EXPECT_EQ(ended.evidence.ended_by_us, std::nullopt);
  EXPECT_EQ(read_file(ended.evidence.output).value(), "said\n");
  EXPECT_EQ(read_file(ended.evidence.errors).value(), "wrong\n");
  ASSERT_EQ(ended.evidence.files.size(), 2U);
  EXPECT_EQ(ended.evidence.files[0].path, "results/a.csv");
  EXPECT_EQ(ended.evidence.files[0].size, 6U);
  EXPECT_EQ(read_file(ended.evidence.left / "trace").value(), "x\n");
  EXPECT_EQ(ended.trouble.has_value(), false);
  EXPECT_EQ(ended.strays, 0U);
}

TEST_F(AnExecutor, CountsWhatABatchUsed) {
  const Ended ended =
      run("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; x=$(head -c 30000000 /dev/zero | tr '\\0' x)");
  EXPECT_GT(ended.usage.wall_seconds, 0);
  EXPECT_LT(ended.usage.wall_seconds, 60);
  EXPECT_GT(ended.usage.user_seconds + ended.usage.system_seconds, 0);
  EXPECT_GT(ended.usage.peak_memory, 30'000'000U);
  EXPECT_LE(ended.started, ended.ended);
}

TEST_F(AnExecutor, ExecutesSeveralAtOnceEachInALayerOfItsOwn) {
  for (const std::uint64_t id : {1U, 2U, 3U}) {
    ASSERT_TRUE(start(id, fmt::format("ls; echo {} > same", id)).has_value());
  }
  std::vector<std::string> contents;
  for (int i = 0; i < 3;) {
    for (const Ended& ended : executor_->wait(kLong, {})) {
      contents.push_back(read_file(ended.evidence.left / "same").value_or(""));
      EXPECT_EQ(read_file(ended.evidence.output).value(), "results\n");
      ++i;
    }
  }
  EXPECT_THAT(contents, UnorderedElementsAre("1\n", "2\n", "3\n"));
}

TEST_F(AnExecutor, MarksItsProcessesAndNoOther) {
  ::setenv("SIMSWARM_ATTEMPT", "of an outer simswarm", 1);
  const Ended ended = run("echo $SIMSWARM_ATTEMPT");
  ::unsetenv("SIMSWARM_ATTEMPT");
  EXPECT_EQ(read_file(ended.evidence.output).value(), fmt::format("unit{}.1\n", ::getpid()));
}

TEST_F(AnExecutor, MakesFoldersBeforehand) {
  make();
  ASSERT_TRUE(executor_
                  ->start({1,
                           {"/bin/sh", "-c", "echo x > results/point/file && echo y > out/file"},
                           1,
                           scratch(1),
                           {"results/point", "out"},
                           "MARK=1"})
                  .has_value());
  EXPECT_EQ(wait_for_one().evidence.files.size(), 2U);
}

TEST_F(AnExecutor, RefusesAProgramThatIsNotThere) {
  make();
  EXPECT_THAT(error_of(executor_->start({1, {"./none"}, 1, scratch(1), {}, "MARK=1"})),
              HasSubstr("program «./none» is not there"));
  EXPECT_TRUE(executor_->wait(milliseconds(0), {}).empty());
  EXPECT_FALSE(executor_->look(1).has_value());
}

TEST_F(AnExecutor, EndsWhatTakesTooLongThoughItIgnoresSigterm) {
  limits_.timeout = 0.2;
  limits_.patience = 0.2;
  const Ended ended = run("trap '' TERM; echo x > begun; while :; do sleep 1000; done");
  EXPECT_EQ(ended.evidence.ended_by_us, Outcome::kTimedOut);
  EXPECT_EQ(ended.evidence.wait_status, SIGKILL);
  EXPECT_GE(ended.usage.wall_seconds, 0.4) << "it had its time, and our patience";
  EXPECT_EQ(ended.evidence.files.size(), 1U) << "what it left is seen all the same";
}

TEST_F(AnExecutor, LetsABatchEndInPeaceAfterSigterm) {
  limits_.timeout = 0.2;
  limits_.patience = 1000;
  const Ended ended = run("trap 'echo last > words; exit 7' TERM; while :; do sleep 0.05; done");
  EXPECT_EQ(ended.evidence.ended_by_us, Outcome::kTimedOut);
  EXPECT_EQ(ended.evidence.wait_status, 7 << 8);
  EXPECT_EQ(read_file(ended.evidence.left / "words").value(), "last\n");
}

TEST_F(AnExecutor, GivesABatchItsTimeOnceARun) {
  limits_.timeout = 0.3;
  EXPECT_EQ(run("sleep 0.8", 100).evidence.ended_by_us, std::nullopt);
}

TEST_F(AnExecutor, EndsWhatUsesTooMuchMemoryInItsWholeTree) {
  limits_.memory = 60'000'000;
  const Ended ended = run(
      "hold='x=$(head -c 40000000 /dev/zero | tr \"\\0\" x); sleep 1000'; sh -c \"$hold\" & sh -c \"$hold\" & wait");
  EXPECT_EQ(ended.evidence.ended_by_us, Outcome::kOutOfMemory);
  EXPECT_EQ(ended.evidence.wait_status, SIGKILL);
  EXPECT_GT(ended.usage.peak_memory, 60'000'000U);
}

TEST_F(AnExecutor, LetsOthersUseTheirMemory) {
  limits_.memory = 500'000'000;
  EXPECT_EQ(run("x=$(head -c 20000000 /dev/zero | tr '\\0' x); sleep 0.5").evidence.ended_by_us, std::nullopt);
}

TEST_F(AnExecutor, EndsStraysWhateverTheyDo) {
  const Ended ended = run(
      "setsid sh -c 'trap \"\" TERM HUP INT; echo $$ > stray; sleep 1000' & while [ ! -s stray ]; do sleep 0.01; done");
  EXPECT_EQ(ended.evidence.wait_status, 0);
  EXPECT_EQ(ended.evidence.ended_by_us, std::nullopt) << "the run itself is none the worse for it";
  EXPECT_GE(ended.strays, 1U);
  const pid_t stray = number_in(ended.evidence.left / "stray");
  EXPECT_GT(stray, 0);
  EXPECT_TRUE(wait_until([&] { return is_gone(stray); }));
}

TEST_F(AnExecutor, LeavesTheStraysOfOthersAlone) {
  ASSERT_TRUE(start(1, "echo $$ > pid; sleep 1000").has_value());
  const pid_t other = pid_in(1, "pid");
  ASSERT_TRUE(start(2, "true").has_value());
  const Ended ended = wait_for_one();
  EXPECT_EQ(ended.id, 2U);
  EXPECT_EQ(ended.strays, 0U);
  EXPECT_FALSE(is_gone(other));
}

TEST_F(AnExecutor, EndsOneBatchWhenAskedTo) {
  ASSERT_TRUE(start(1, "echo $$ > pid; sleep 1000").has_value());
  ASSERT_TRUE(start(2, "echo $$ > pid; sleep 1000").has_value());
  const pid_t other = pid_in(2, "pid");
  (void)pid_in(1, "pid");
  executor_->stop(1, Outcome::kCancelled);
  executor_->stop(99, Outcome::kCancelled);
  const Ended ended = wait_for_one();
  EXPECT_EQ(ended.id, 1U);
  EXPECT_EQ(ended.evidence.ended_by_us, Outcome::kCancelled);
  EXPECT_FALSE(is_gone(other));
}

TEST_F(AnExecutor, EndsAllAtOnce) {
  for (const std::uint64_t id : {1U, 2U}) {
    ASSERT_TRUE(start(id, "trap '' TERM; echo $$ > pid; while :; do sleep 1000; done").has_value());
    (void)pid_in(id, "pid");
  }
  executor_->kill_all(Outcome::kCancelled);
  for (int ended = 0; ended < 2;) {
    for (const Ended& one : executor_->wait(kLong, {})) {
      EXPECT_EQ(one.evidence.ended_by_us, Outcome::kCancelled);
      EXPECT_EQ(one.evidence.wait_status, SIGKILL);
      ++ended;
    }
  }
}

TEST_F(AnExecutor, KeepsTheFirstReasonForEndingABatch) {
  limits_.patience = 0.2;
  ASSERT_TRUE(start(1, "trap '' TERM; echo $$ > pid; while :; do sleep 1000; done").has_value());
  (void)pid_in(1, "pid");
  executor_->stop(1, Outcome::kStalled);
  executor_->stop(1, Outcome::kCancelled);
  executor_->kill_all(Outcome::kCancelled);
  EXPECT_EQ(wait_for_one().evidence.ended_by_us, Outcome::kStalled);
}

TEST_F(AnExecutor, LeavesNothingRunningWhenItGoes) {
  ASSERT_TRUE(start(1, "trap '' TERM; (sh -c 'echo $$ > child; sleep 1000') & echo $$ > pid; wait").has_value());
  const pid_t pid = pid_in(1, "pid");
  const pid_t child = pid_in(1, "child");
  executor_.reset();
  EXPECT_TRUE(wait_until([&] { return is_gone(pid) && is_gone(child); }));
}

TEST_F(AnExecutor, WakesUpForADescriptor) {
  make();
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const Fd reader(ends[0]);
  const Fd writer(ends[1]);
  ASSERT_EQ(::write(writer.get(), "x", 1), 1);
  const Monotonic before = system_clock().monotonic();
  EXPECT_TRUE(executor_->wait(milliseconds(300'000), {reader.get()}).empty());
  EXPECT_LT(Seconds(system_clock().monotonic() - before).count(), 60);
}

TEST_F(AnExecutor, ShowsWhatRuns) {
  ASSERT_TRUE(
      start(1, "echo status; x=$(head -c 20000000 /dev/zero | tr '\\0' x); echo $$ > pid; sleep 1000").has_value());
  (void)pid_in(1, "pid");
  EXPECT_TRUE(wait_until([&] {
    (void)executor_->wait(milliseconds(10), {});
    return executor_->look(1).has_value() && executor_->look(1)->memory > 20'000'000;
  }));
  const auto look = executor_->look(1).value();
  EXPECT_GT(look.wall_seconds, 0);
  EXPECT_EQ(read_file(look.output).value(), "status\n");
  EXPECT_TRUE(lies_in(scratch(1), look.layer->locate("pid")));
  EXPECT_FALSE(executor_->look(2).has_value());
}

TEST_F(AnExecutor, WorksInAnOverlayAsWell) {
  if (!machine_allows_overlays()) GTEST_SKIP() << "this machine forbids overlays";
  layer_.kind = LayerKind::kOverlay;
  folder_.write("project/results/old.csv", "old");
  const Ended ended = run("pwd; ls -A results; echo new > results/new.csv; echo x > trace");
  EXPECT_EQ(ended.evidence.wait_status, 0) << read_file(ended.evidence.errors).value();
  EXPECT_EQ(read_file(ended.evidence.output).value(), (folder_ / "project").string() + "\n");
  ASSERT_EQ(ended.evidence.files.size(), 2U);
  EXPECT_EQ(read_file(ended.evidence.files[0].source).value(), "new\n");
  EXPECT_FALSE(fs::exists(folder_ / "project/trace"));
}

TEST_F(AnExecutor, LetsARunHaveAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can run as another user";
  layer_.run_as = User{65534, 65534};
  const Ended ended = run("id -u; echo x > results/a.csv; trap '' TERM; setsid sleep 1000 &");
  EXPECT_EQ(read_file(ended.evidence.output).value(), "65534\n");
  ASSERT_EQ(ended.evidence.files.size(), 1U);
}

TEST_F(AnExecutor, SaysWhenWhatWasLeftCannotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root can read everything";
  const Ended ended = run("mkdir locked; echo x > locked/file; chmod 0 locked");
  ASSERT_TRUE(ended.trouble.has_value());
  EXPECT_THAT(ended.trouble->message, HasSubstr("Permission denied"));
  ::chmod((ended.evidence.left / "locked").c_str(), 0755);
}

}  // namespace
}  // namespace simswarm::exec
