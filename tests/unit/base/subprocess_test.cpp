#include "base/subprocess.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "test_folder.h"

namespace simswarm {
namespace {

using testing::HasSubstr;

class ASubprocess : public testing::Test {
 protected:
  [[nodiscard]] Result<Answer> shell(const std::string& script, double timeout = 60) const {
    return run({{"/bin/sh", "-c", script}, folder_.path(), {}, {}, timeout});
  }
  TestFolder folder_;
};

TEST_F(ASubprocess, SaysWhatItPrintsAndHowItEnds) {
  const Answer answer = shell("echo out; echo err >&2; exit 7").value();
  EXPECT_EQ(answer.output, "out\n");
  EXPECT_EQ(answer.errors, "err\n");
  EXPECT_EQ(answer.exit_code, 7);
}

TEST_F(ASubprocess, MayReadAndPrintFilesOfOurs) {
  const Fd from(::open(folder_.write("from", "what it reads").c_str(), O_RDONLY | O_CLOEXEC));
  const Fd to(::open((folder_ / "to").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  Subprocess process;
  process.argv = {"/bin/sh", "-c", "cat; echo err >&2"};
  process.folder = folder_.path();
  process.input_from = from.get();
  process.output_to = to.get();
  const Answer answer = run(process).value();
  EXPECT_EQ(answer.output, "");
  EXPECT_EQ(answer.errors, "err\n");
  EXPECT_EQ(read_file(folder_ / "to").value(), "what it reads");
}

TEST_F(ASubprocess, EndedByASignalHasACodeAsInAShell) {
  EXPECT_EQ(shell("kill -9 $$").value().exit_code, 137);
  EXPECT_EQ(shell("kill -15 $$").value().exit_code, 143);
}

TEST_F(ASubprocess, MayPrintMoreThanAPipeHoldsOnBothSides) {
  const Answer answer = shell("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; echo end").value();
  EXPECT_EQ(answer.output.size(), 300'004U);
  EXPECT_EQ(answer.errors.size(), 300'000U);
}

TEST_F(ASubprocess, WorksInItsFolderWithItsEnvironmentAndReadsNothing) {
  Subprocess subprocess{{"/bin/sh", "-c", "pwd; echo $SPEED; cat"}, folder_.path(), {{"SPEED", "a b"}}, {}, 60};
  EXPECT_EQ(run(subprocess).value().output, folder_.path().string() + "\na b\n");
}

TEST_F(ASubprocess, IsLookedForInItsFolderAndInPath) {
  folder_.script("tool", "echo here");
  EXPECT_EQ(run({{"./tool"}, folder_.path(), {}, {}, 60}).value().output, "here\n");
  EXPECT_EQ(run({{"sh", "-c", "echo path"}, folder_.path(), {}, {}, 60}).value().output, "path\n");
}

TEST_F(ASubprocess, ThatIsNotThereIsAnError) {
  EXPECT_EQ(error_of(run({{"./none"}, folder_.path(), {}, {}, 60})),
            "cannot start «./none»: No such file or directory");
  EXPECT_EQ(error_of(run({{"sh"}, folder_ / "none", {}, {}, 60})), "cannot start «sh»: No such file or directory");
  folder_.write("text", "");
  EXPECT_EQ(error_of(run({{"./text"}, folder_.path(), {}, {}, 60})), "cannot start «./text»: Permission denied");
}

TEST_F(ASubprocess, ThatTakesTooLongIsEndedWithItsChildren) {
  const Monotonic start = system_clock().monotonic();
  const auto answer = shell("sleep 1000 & echo $! > child; wait", 0.3);
  EXPECT_THAT(error_of(answer), HasSubstr("«/bin/sh» gave no answer within"));
  EXPECT_LT(Seconds(system_clock().monotonic() - start).count(), 60);
  const auto child = static_cast<pid_t>(parse_int(trim(folder_.read("child"))).value());
  EXPECT_TRUE(wait_until([&] {
    const auto stat = read_file(fmt::format("/proc/{}/stat", child));
    return !stat || stat->find(") Z ") != std::string::npos;
  }));
}

TEST_F(ASubprocess, ThatOnlyClosesItsOutputDoesNotEscapeItsTime) {
  EXPECT_THAT(error_of(shell("exec >&- 2>&-; sleep 1000", 0.3)), HasSubstr("gave no answer"));
}

TEST_F(ASubprocess, HasNoneOfOurBlockedSignals) {
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &term, &before);
  const auto answer = shell("kill -TERM $$; echo survived");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(answer.value().exit_code, 143);
}

TEST_F(ASubprocess, RunsAsAnotherUserWhereThatCanBeHad) {
  Subprocess subprocess{{"/bin/sh", "-c", "id -u; id -g; id -G"}, folder_.path(), {}, std::pair(65534U, 65533U), 60};
  const auto answer = run(subprocess);
  if (::geteuid() == 0) {
    EXPECT_EQ(answer.value().output, "65534\n65533\n65533\n");
  } else {
    EXPECT_EQ(error_of(answer), "cannot start «/bin/sh»: Operation not permitted");
  }
}

TEST_F(ASubprocess, MayBeManyOneAfterAnother) {
  for (int i = 0; i < 200; ++i) ASSERT_EQ(run({{"true"}, folder_.path(), {}, {}, 60}).value().exit_code, 0);
  const auto open = std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  EXPECT_LT(open, 50) << "no descriptor is left open";
}

}  // namespace
}  // namespace simswarm
