// Projects that mean harm, each beside one that does not, of the same user and on the same machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <future>

#include "builder_site.h"
#include "exec/rooted.h"

namespace simswarm::build {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::size_t kFiles = 12;

struct Hostile {
  const char* name;
  const char* makefile;  // its only rule; @OTHER@ is the other's checkout
  BuildOutcome outcome;
  const char* words;  // in its message
};

// NOLINTNEXTLINE(readability-identifier-naming): found by gtest under this name
void PrintTo(const Hostile& hostile, std::ostream* stream) {
  *stream << hostile.name;
}

BuildLimits tight_limits() {
  BuildLimits limits;
  limits.seconds = 20;
  limits.disk = 24ULL << 20U;
  limits.least_free = 0;
  limits.output = 100'000;
  limits.most_output = 30'000'000;
  limits.processes = 400;
  limits.memory = 400ULL << 20U;
  return limits;
}

class AHostileBuild : public testing::Test {
 protected:
  AHostileBuild() : farm_(Farm::open(neighbour_.farm_options(neighbour_.folder() / "cache")).value()) {
    spec_.tree = folder_.folder("tree");
    spec_.temporary = folder_ / "temporary";
    spec_.hidden = {neighbour_.folder().path()};
    spec_.mark = "SIMSWARM_TEST_BUILD=" + folder_.path().filename().string();
    spec_.limits = tight_limits();
    if (::geteuid() == 0) spec_.user = exec::User{kBuilder, kBuilder};
  }
  ~AHostileBuild() override { EXPECT_THAT(exec::marked(spec_.mark), IsEmpty()) << "nothing of it is left"; }

  BuildEnd build(const std::string& rule) {
    folder_.write("tree/Makefile", "all:\n" + replace_all(rule, "@OTHER@", neighbour_.tree().string()));
    if (spec_.user) {
      for (const char* path : {"tree", "tree/Makefile"})
        EXPECT_EQ(::chown((folder_ / path).c_str(), kBuilder, kBuilder), 0);
    }
    Step make;
    make.argv = {"make", "-s", "-j2"};
    spec_.steps = {make};
    BuildEars ears;
    ears.output = [this](std::string_view text) { output_ += text; };
    auto end = run_build(spec_, ears);
    EXPECT_TRUE(end.has_value()) << error_of(end);
    return end.value_or(BuildEnd{});
  }
  // Beside another build, which must not notice.
  BuildEnd build_beside(const std::string& rule) {
    auto other = std::async(std::launch::async, [this] { return neighbour_.build(*farm_); });
    const BuildEnd end = build(rule);
    const BuildEnd others = other.get();
    EXPECT_EQ(others.outcome, BuildOutcome::kBuilt) << others.message << "\n" << neighbour_.output();
    EXPECT_EQ(neighbour_.built(), kFiles);
    EXPECT_EQ(farm_->counts().compiled, kFiles);
    return end;
  }

  Checkout neighbour_{kFiles};
  std::unique_ptr<Farm> farm_;
  TestFolder folder_;
  BuildSpec spec_;
  std::string output_;
};

class HostileBuild : public AHostileBuild, public testing::WithParamInterface<Hostile> {};

const Hostile kAll[] = {
    {"ForksForEver", "\tbomb() { sleep 1000 & bomb | bomb & bomb; }; bomb\n", BuildOutcome::kTooManyProcesses,
     "processes at once: the limit is 400"},
    {"FillsTheDisk", "\tcat /dev/zero > big\n", BuildOutcome::kDiskFull, "the limit is 24.0 MiB"},
    {"FillsTheTemporaryFolder", "\tcat /dev/zero > $$TMPDIR/big\n", BuildOutcome::kDiskFull, "the limit is 24.0 MiB"},
    {"PrintsWithoutEnd", "\tyes 'a line of output'\n", BuildOutcome::kTooMuchOutput, "the limit is 28.6 MiB"},
    {"PrintsRubbish", "\thead -c 2000000 /dev/urandom; exit 1\n", BuildOutcome::kFailed, "make -s -j2: "},
    {"NeverEnds", "\ttrap '' TERM INT HUP; while :; do sleep 1; done\n", BuildOutcome::kTimedOut,
     "make -s -j2: ended after 2.0 s: the limit of time"},
    {"TakesAllMemory", "\tpython3 -c 'x = [bytes(10 << 20) + b\"x\" * (10 << 20) for i in range(100)]; input()'\n",
     BuildOutcome::kOutOfMemory, "of memory: the limit is 400.0 MiB"},
    {"LeavesDaemons", "\t(setsid env -i sh -c 'trap : TERM; while :; do sleep 1; done' >/dev/null 2>&1 &)\n",
     BuildOutcome::kBuilt, ""},
    {"RemovesItsTree", "\trm -rf \"$$PWD\" 2>/dev/null; exit 1\n", BuildOutcome::kFailed, "make -s -j2: "},
    {"EndsWhatItCan", "\tkill -9 -1; sleep 1000\n", BuildOutcome::kFailed, ""},
};

INSTANTIATE_TEST_SUITE_P(Of, HostileBuild, testing::ValuesIn(kAll), [](const auto& info) { return info.param.name; });

TEST_P(HostileBuild, IsNamedAndHarmsNobody) {
  if (exec::apart_here() != exec::Apart::kWhole && std::string_view(GetParam().name) == "EndsWhatItCan")
    GTEST_SKIP() << "without process ids of its own it can end what its user can";
  spec_.limits.seconds = std::string_view(GetParam().name) == "NeverEnds" ? 2 : 200;
  const BuildEnd end = build_beside(GetParam().makefile);
  EXPECT_EQ(end.outcome, GetParam().outcome) << end.message;
  EXPECT_THAT(end.message, HasSubstr(GetParam().words));
  EXPECT_LT(output_.size(), 4 * spec_.limits.output) << "rubbish becomes escapes, of four letters each";
  EXPECT_THAT(output_, Not(HasSubstr(std::string(1, '\0'))));
}

TEST_F(AHostileBuild, CannotReadOrWriteAnothersCheckout) {
  const BuildEnd end = build_beside(
      "\t-cat @OTHER@/f1.cc\n\t-ls @OTHER@\n\t-echo 'bad' > @OTHER@/f2.cc\n\t-touch @OTHER@/../farm/bin/g++\n"
      "\t-rm -rf @OTHER@\n\t-cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep CCACHE_DIR\n");
  EXPECT_EQ(end.outcome, BuildOutcome::kBuilt) << end.message;
  EXPECT_THAT(output_, Not(HasSubstr("Product")));
  const bool sees_others = exec::apart_here() != exec::Apart::kWhole;
  EXPECT_TRUE(sees_others || output_.find("CCACHE_DIR=") == std::string::npos);
}

TEST_F(AHostileBuild, ThatFillsADiskToTheLastIsEndedBefore) {
  if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0) GTEST_SKIP() << "a small disk needs root";
  ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  ASSERT_EQ(::mount("tmpfs", spec_.tree.c_str(), "tmpfs", 0, "size=64m"), 0);
  spec_.limits.disk = 1ULL << 40U;
  spec_.limits.least_free = 16ULL << 20U;
  const BuildEnd end = build_beside("\tfor i in $$(seq 1000); do head -c 1000000 /dev/zero > f$$i; sleep 0.03; done\n");
  EXPECT_EQ(end.outcome, BuildOutcome::kDiskFull) << end.message;
  EXPECT_THAT(end.message, HasSubstr(" free on the disk of " + spec_.tree.string() + ": 16.0 MiB have to stay free"));
  EXPECT_EQ(::umount2(spec_.tree.c_str(), MNT_DETACH), 0);
}

TEST_F(AHostileBuild, ThatMeetsAFullDiskIsToldSo) {
  if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0) GTEST_SKIP() << "a small disk needs root";
  ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  ASSERT_EQ(::mount("tmpfs", spec_.tree.c_str(), "tmpfs", 0, "size=4m"), 0);
  const BuildEnd end = build("\tcat /dev/zero > big\n");
  EXPECT_EQ(end.outcome, BuildOutcome::kDiskFull) << end.message;
  EXPECT_THAT(end.message, EndsWith(": the disk of " + spec_.tree.string() + " is full: 0 B are free"));
  EXPECT_EQ(::umount2(spec_.tree.c_str(), MNT_DETACH), 0);
}

}  // namespace
}  // namespace simswarm::build
