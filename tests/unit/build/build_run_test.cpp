#include "build/build_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "exec/rooted.h"
#include "test_folder.h"

namespace simswarm::build {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr unsigned kBuilder = 54321;  // a user that nothing else runs as

class ABuild : public testing::Test {
 protected:
  ABuild() {
    spec_.tree = folder_.folder("checkouts/mine/tree");
    spec_.temporary = folder_ / "temporary";
    spec_.mark = "SIMSWARM_TEST_BUILD=" + folder_.path().filename().string();
    spec_.limits.least_free = 0;
    if (::geteuid() == 0) {
      spec_.user = exec::User{kBuilder, kBuilder};
      EXPECT_EQ(::chown(spec_.tree.c_str(), kBuilder, kBuilder), 0);
    }
    ears_.output = [this](std::string_view text) { output_ += text; };
  }
  ~ABuild() override { EXPECT_THAT(exec::marked(spec_.mark), IsEmpty()) << "nothing of it is left"; }

  static Step step(std::vector<std::string> argv, const fs::path& folder = {}) {
    Step made;
    made.argv = std::move(argv);
    made.folder = folder;
    return made;
  }
  static Step shell(const std::string& script) { return step({"sh", "-c", script}); }
  BuildEnd run_all(const std::vector<std::string>& scripts) {
    for (const std::string& script : scripts) spec_.steps.push_back(shell(script));
    auto end = run_build(spec_, ears_);
    spec_.steps.clear();
    EXPECT_TRUE(end.has_value()) << error_of(end);
    return end.value_or(BuildEnd{});
  }
  BuildEnd run(const std::string& script) { return run_all({script}); }

  TestFolder folder_;
  BuildSpec spec_;
  BuildEars ears_;
  std::string output_;
};

bool is_whole() {
  return exec::apart_here() == exec::Apart::kWhole;
}

TEST_F(ABuild, RunsItsStepsInTheirFolders) {
  fs::create_directories(spec_.tree / "sub");
  spec_.steps = {step({"sh", "-c", "echo one $0", "-j{jobs}"}), step({"pwd"}, "sub")};
  spec_.jobs = 7;
  const auto end = run_build(spec_, ears_);
  ASSERT_TRUE(end.has_value()) << error_of(end);
  EXPECT_EQ(end->outcome, BuildOutcome::kBuilt) << end->message;
  EXPECT_EQ(end->message, "");
  EXPECT_EQ(output_, "one -j7\n" + (spec_.tree / "sub").string() + "\n");
  EXPECT_EQ(end->output, output_.size());
}

TEST_F(ABuild, EndsAtTheFirstStepThatFails) {
  const BuildEnd end = run_all({"true", "exit 3", "echo never"});
  EXPECT_EQ(end.outcome, BuildOutcome::kFailed);
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_EQ(end.step, "sh -c 'exit 3'");
  EXPECT_EQ(end.message, "sh -c 'exit 3': ended with code 3");
  EXPECT_EQ(output_, "");
}

TEST_F(ABuild, SaysByWhichSignalItEnded) {
  const BuildEnd end = run("kill -SEGV $$");
  EXPECT_EQ(end.exit_code, 139);
  EXPECT_THAT(end.message, EndsWith(": ended by signal 11"));
}

TEST_F(ABuild, NamesTheFirstErrorWithItsFileAndLine) {
  const BuildEnd end = run("echo hello; echo 'src/a.cc:12:3: error: no such thing' >&2; echo; exit 2");
  ASSERT_TRUE(end.error.has_value());
  EXPECT_EQ(end.error->file, "src/a.cc");
  EXPECT_EQ(end.error->line, 12);
  EXPECT_THAT(end.message, EndsWith(": src/a.cc:12:3: error: no such thing"));
}

TEST_F(ABuild, FailsWhereAProgramIsNotThere) {
  spec_.steps = {step({"no-such-program"})};
  spec_.environment = {{"PATH", "/usr/bin:/bin"}};
  const auto end = run_build(spec_, ears_);
  ASSERT_TRUE(end.has_value()) << error_of(end);
  EXPECT_EQ(end->outcome, BuildOutcome::kFailed);
  EXPECT_EQ(end->exit_code, 127);
  EXPECT_EQ(end->message,
            "no-such-program: program «no-such-program» is in no folder of the build's PATH (/usr/bin:/bin)");
}

TEST_F(ABuild, HasABareEnvironmentAndNoneOfOurs) {
  ::setenv("SIMSWARM_TEST_SECRET", "s3cret", 1);
  spec_.environment = {{"MODE", "release"}};
  EXPECT_EQ(run("env; cat /proc/self/fd/0").outcome, BuildOutcome::kBuilt);
  ::unsetenv("SIMSWARM_TEST_SECRET");
  EXPECT_THAT(output_, HasSubstr("MODE=release\n"));
  EXPECT_THAT(output_, HasSubstr("LANG=C.UTF-8\n"));
  EXPECT_THAT(output_, HasSubstr("HOME=" + spec_.temporary.string() + "/home\n"));
  EXPECT_THAT(output_, Not(HasSubstr("s3cret")));
}

TEST_F(ABuild, IsUnprivileged) {
  EXPECT_EQ(run("id -u; grep -E '^(CapEff|NoNewPrivs|Groups)' /proc/self/status").outcome, BuildOutcome::kBuilt);
  const auto id = ::geteuid() == 0 ? kBuilder : ::geteuid();
  EXPECT_THAT(output_, StartsWith(std::to_string(id) + "\n"));
  EXPECT_THAT(output_, HasSubstr("NoNewPrivs:\t1\n"));
  EXPECT_THAT(output_, HasSubstr("CapEff:\t0000000000000000\n"));
}

TEST_F(ABuild, HasATerminalThatChangesNothing) {
  EXPECT_EQ(
      run("test -t 1 && test -t 2 && printf 'a\\nb\\tc\\033[31mred\\033[0m'; tty; exec 2>&-; : >/dev/tty").outcome,
      BuildOutcome::kFailed)
      << "nobody can be asked";
  EXPECT_THAT(output_, HasSubstr("a\nb\tc\033[31mred\033[0mnot a tty\n"));
}

TEST_F(ABuild, HasTemporaryFoldersOfItsOwn) {
  if (exec::apart_here() == exec::Apart::kBare) GTEST_SKIP() << "no mounts can be made here";
  EXPECT_EQ(
      run_all({"for d in /tmp /var/tmp /dev/shm; do ls -A $d; touch $d/mine-$$ || exit 1; done", "ls -d /tmp/mine-*"})
          .outcome,
      BuildOutcome::kBuilt)
      << output_;
  EXPECT_THAT(output_, HasSubstr("/tmp/mine-")) << "its steps share them";
  EXPECT_THAT(output_, Not(HasSubstr("temporary"))) << "what is shown there stands beside nothing else";
  for (const auto& entry : fs::directory_iterator("/tmp"))
    EXPECT_THAT(entry.path().filename().string(), Not(StartsWith("mine-")));
  EXPECT_TRUE(fs::is_empty(spec_.temporary));
}

TEST_F(ABuild, DoesNotSeeWhatIsHidden) {
  if (exec::apart_here() == exec::Apart::kBare) GTEST_SKIP() << "no mounts can be made here";
  folder_.write("checkouts/other/tree/secret.cc", "int secret;");
  folder_.write("state/cache/object", "an object");
  folder_.write("state/password", "s3cret");
  spec_.hidden = {folder_ / "checkouts", folder_ / "state", "/etc/apt", "/etc/hostname", folder_ / "none"};
  spec_.shown = {folder_ / "state/cache"};
  const std::string script = fmt::format(
      "cat {0}/checkouts/other/tree/secret.cc; cat {0}/state/password; "
      "ls -A /etc/apt; cat /etc/hostname; cat {0}/state/cache/object; echo mine > mine",
      folder_.path().string());
  EXPECT_EQ(run(script).outcome, BuildOutcome::kBuilt) << output_;
  EXPECT_THAT(output_, Not(HasSubstr("secret;")));
  EXPECT_THAT(output_, Not(HasSubstr("s3cret")));
  EXPECT_THAT(output_, EndsWith("an object")) << "what is shown is seen in what is hidden";
  EXPECT_EQ(folder_.read("checkouts/mine/tree/mine"), "mine\n");
}

TEST_F(ABuild, SeesNoProcessButItsOwn) {
  if (!is_whole()) GTEST_SKIP() << "no process ids of its own can be had here";
  EXPECT_EQ(run("ls /proc | grep -c '^[0-9]'; kill -9 1; echo still").outcome, BuildOutcome::kBuilt);
  EXPECT_LT(parse_int(output_.substr(0, output_.find('\n'))).value_or(100), 6) << output_;
  EXPECT_THAT(output_, EndsWith("still\n")) << "and cannot end the one that holds it";
}

TEST_F(ABuild, CannotWriteOutside) {
  if (::geteuid() != 0) GTEST_SKIP() << "an ordinary user's build can write what the user can";
  folder_.folder("checkouts/other");
  const BuildEnd end =
      run(fmt::format("touch /usr/bad; touch /etc/bad; touch {0}/checkouts/other/bad; touch {0}/bad; "
                      "echo x > /proc/sys/kernel/domainname; mount -t tmpfs none /mnt; exit 5",
                      folder_.path().string()));
  EXPECT_EQ(end.exit_code, 5);
  for (const fs::path& bad :
       {fs::path("/usr/bad"), fs::path("/etc/bad"), folder_ / "checkouts/other/bad", folder_ / "bad"})
    EXPECT_FALSE(fs::exists(bad)) << bad;
}

TEST_F(ABuild, LeavesNoDaemon) {
  const BuildEnd end =
      run("setsid sh -c 'env -i sh -c \"trap : TERM HUP; touch up; while :; do sleep 1; done\"' & "
          "(setsid env -i sh -c 'sleep 1000' >/dev/null 2>&1 &) ; while ! test -e up; do :; done");
  EXPECT_EQ(end.outcome, BuildOutcome::kBuilt) << end.message;
  EXPECT_LT(end.seconds, 10);
  if (::geteuid() != 0) return;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    struct stat info {};
    const bool there = ::stat(entry.path().c_str(), &info) == 0;
    EXPECT_FALSE(there && info.st_uid == kBuilder) << entry.path();
  }
}

TEST_F(ABuild, IsEndedAtTheLimitOfTime) {
  spec_.limits.seconds = 0.3;
  const BuildEnd end = run("trap '' TERM; while :; do sleep 1; done");
  EXPECT_EQ(end.outcome, BuildOutcome::kTimedOut);
  EXPECT_THAT(end.message, EndsWith(": ended after 300 ms: the limit of time"));
  EXPECT_EQ(end.exit_code, 128 + SIGKILL);
  EXPECT_LT(end.seconds, 10);
}

TEST_F(ABuild, IsAskedToEndWhenItIsCancelled) {
  bool is_up = false;
  ears_.output = [&](std::string_view text) {
    output_ += text, is_up = is_up || output_.find("up") != std::string::npos;
  };
  ears_.cancelled = [&] { return is_up; };
  const BuildEnd end = run("trap 'echo put right; exit 9' TERM; echo up; while :; do sleep 0.01; done");
  EXPECT_EQ(end.outcome, BuildOutcome::kCancelled);
  EXPECT_EQ(end.exit_code, 9);
  EXPECT_THAT(end.message, EndsWith(": cancelled"));
  EXPECT_THAT(output_, StartsWith("up\n"));
  EXPECT_THAT(output_, EndsWith("put right\n"));
}

TEST_F(ABuild, ThatIsCancelledBeforehandDoesNotBegin) {
  ears_.cancelled = [] { return true; };
  EXPECT_EQ(run("touch begun").outcome, BuildOutcome::kCancelled);
  EXPECT_FALSE(fs::exists(spec_.tree / "begun"));
}

TEST_F(ABuild, IsToldThatTimePasses) {
  int ticks = 0;
  ears_.tick = [&] { ++ticks; };
  ears_.cancelled = [&] { return ticks >= 3; };
  EXPECT_EQ(run("sleep 1000").outcome, BuildOutcome::kCancelled);
}

TEST_F(ABuild, ThatForksForEverIsEnded) {
  spec_.limits.processes = 300;
  const BuildEnd end = run("bomb() { sleep 1000 & bomb | bomb & bomb; }; bomb");
  EXPECT_EQ(end.outcome, BuildOutcome::kTooManyProcesses) << end.message;
  EXPECT_THAT(end.message, HasSubstr(" processes at once: the limit is 300"));
  EXPECT_LT(end.seconds, 20);
}

TEST_F(ABuild, ThatTakesTooMuchMemoryIsEnded) {
  spec_.limits.memory = 64ULL << 20U;
  const BuildEnd end = run("exec python3 -c 'import time; x = b\"x\" * (200 << 20); time.sleep(1000)'");
  EXPECT_EQ(end.outcome, BuildOutcome::kOutOfMemory) << end.message;
  EXPECT_THAT(end.message, EndsWith(" of memory: the limit is 64.0 MiB"));
  EXPECT_GT(end.peak_memory, spec_.limits.memory);
}

TEST_F(ABuild, ThatFillsTheDiskIsEnded) {
  spec_.limits.disk = 8ULL << 20U;
  for (const std::string& place : {std::string("."), std::string("$TMPDIR")}) {
    const BuildEnd end = run("while :; do head -c 2000000 /dev/zero > " + place + "/file-$((n=n+1)); sleep 0.02; done");
    EXPECT_EQ(end.outcome, BuildOutcome::kDiskFull) << end.message;
    EXPECT_THAT(end.message, HasSubstr(": ended when its files had grown by "));
    EXPECT_THAT(end.message, EndsWith(": the limit is 8.0 MiB"));
  }
}

TEST_F(ABuild, ThatPrintsTooMuchIsEnded) {
  spec_.limits.most_output = 3'000'000;
  const BuildEnd end = run("yes");
  EXPECT_EQ(end.outcome, BuildOutcome::kTooMuchOutput);
  EXPECT_THAT(end.message, EndsWith(" of output: the limit is 2.9 MiB"));
}

TEST_F(ABuild, TellsTheFirstAndTheLastOfALongOutput) {
  spec_.limits.output = 20'000;
  const BuildEnd end = run("echo first; seq 1000000; echo last");
  EXPECT_EQ(end.outcome, BuildOutcome::kBuilt) << end.message;
  EXPECT_GT(end.output, 6'000'000);
  EXPECT_THAT(output_, StartsWith("first\n1\n2\n"));
  EXPECT_THAT(output_, HasSubstr(" of output left out]\n"));
  EXPECT_THAT(output_, EndsWith("\n999999\n1000000\nlast\n"));
  EXPECT_LT(output_.size(), 21'000);
}

TEST_F(ABuild, ThatPrintsRubbishHarmsNoTerminal) {
  EXPECT_EQ(run("head -c 300000 /dev/urandom; printf '\\033]0;title\\007\\033[2J'; echo end").outcome,
            BuildOutcome::kBuilt);
  EXPECT_EQ(output_.find('\0'), std::string::npos);
  EXPECT_EQ(output_.find("\033[2J"), std::string::npos);
  EXPECT_EQ(output_.find('\007'), std::string::npos);
}

TEST_F(ABuild, ThatRemovesItsOwnTreeFails) {
  fs::create_directories(spec_.tree / "sub");
  spec_.steps = {shell("rm -rf \"$PWD\" 2>/dev/null; rm -rf sub"), step({"true"}, "sub")};
  if (spec_.user) {
    EXPECT_EQ(::chown((spec_.tree / "sub").c_str(), kBuilder, kBuilder), 0);
  }
  const auto end = run_build(spec_, ears_);
  ASSERT_TRUE(end.has_value()) << error_of(end);
  EXPECT_EQ(end->outcome, BuildOutcome::kFailed);
  EXPECT_EQ(end->message, "true: its folder " + (spec_.tree / "sub").string() + " is not there");
}

TEST_F(ABuild, CannotBeStartedWhereThereIsNoPlaceForIt) {
  spec_.temporary = folder_.write("a-file", "");
  spec_.steps = {shell("true")};
  EXPECT_THAT(error_of(run_build(spec_, ears_)), HasSubstr("a-file"));
}

}  // namespace
}  // namespace simswarm::build
