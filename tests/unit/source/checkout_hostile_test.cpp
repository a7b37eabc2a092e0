// What builds may do to a checkout, and what else can go wrong.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "checkout_support.h"
#include "source/checkout.h"

namespace simswarm::source {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class HostileBuild : public testing::Test {
 protected:
  HostileBuild() {
    for (int i = 0; i < 20; ++i) origin_.write(fmt::format("src/{}.c", i), std::to_string(i));
    origin_.write("src/deep/er/x.c", "x");
    origin_.write("top.c", "top");
    outside_ = folder_.folder("outside");
    folder_.write("outside/passwd", "root\n");
    folder_.write("outside/1.c", "not ours\n");
    folder_.write("outside/deep/er/x.c", "not ours\n");
    ::chmod((outside_ / "passwd").c_str(), 0600);
    before_ = picture(outside_);
    EXPECT_EQ(error_of(move()), "no error");
  }
  [[nodiscard]] TreeId sent() {
    const TreeId tree = origin_.tree();
    EXPECT_EQ(error_of(import(trees_, origin_.pack(tree), tree)), "no error");
    return tree;
  }
  Result<Moved> move() { return checkout_.move_to(sent(), "make"); }
  [[nodiscard]] fs::path tree() const { return checkout_.tree(); }
  void spoil(const std::string& command) const { shell(tree(), command); }
  void expect_same() const { EXPECT_EQ(picture(tree()), picture(origin_.work())); }
  void expect_unharmed() const { EXPECT_EQ(picture(outside_), before_); }
  // The move puts it right, the clean removes the rest, and nothing else is touched.
  void expect_mended() {
    EXPECT_EQ(error_of(move()), "no error");
    EXPECT_EQ(error_of(checkout_.clean()), "no error");
    expect_same();
    expect_unharmed();
    EXPECT_EQ(error_of(checkout_.empty_trash()), "no error");
    expect_unharmed();
    EXPECT_TRUE(fs::is_empty(folder_ / "checkout" / "trash"));
  }

  TestFolder folder_;
  Origin origin_{folder_};
  Trees trees_ = Trees::open(folder_ / "trees").value();
  Checkout checkout_ = Checkout::open(folder_ / "checkout", trees_).value();
  fs::path outside_;
  std::string before_;
};

TEST_F(HostileBuild, PutsALinkInPlaceOfAFolder) {
  spoil("rm -r src && ln -s ../../outside src");
  EXPECT_EQ(error_of(checkout_.made()), "no error");
  expect_unharmed();
  origin_.write("src/1.c", "changed");
  origin_.write("src/new.c", "new");
  expect_mended();
  spoil("rm -r src/deep && ln -s " + (outside_ / "deep").string() + " src/deep");
  expect_mended();
}

TEST_F(HostileBuild, PutsALinkInPlaceOfAFolderThatGoes) {
  spoil("rm -r src && ln -s ../../outside src");
  origin_.remove("src");
  expect_mended();
}

TEST_F(HostileBuild, PutsALinkInPlaceOfAFile) {
  spoil("ln -sf ../../outside/passwd src/1.c; ln -sf /dev/zero src/2.c; ln -s ../outside all");
  origin_.write("src/1.c", "changed");
  expect_mended();
}

TEST_F(HostileBuild, PutsAFolderInPlaceOfAFile) {
  spoil("rm src/1.c top.c; mkdir -p src/1.c/deep/er top.c; touch src/1.c/deep/er/x; ln -s / src/1.c/root");
  expect_mended();
}

TEST_F(HostileBuild, LeavesPipesAndSockets) {
  spoil("rm -r src/1.c src/deep; mkfifo src/1.c src/deep .gitignore src/.gitignore free");
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Fd here(::open(tree().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  fs::remove(tree() / "top.c");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = fmt::format("/proc/self/fd/{}/top.c", here.get());
  name.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const auto made = checkout_.made().value();
  EXPECT_THAT(made.data, IsEmpty());
  EXPECT_THAT(made.programs, IsEmpty());
  expect_mended();
}

TEST_F(HostileBuild, ClosesFolders) {
  spoil("mkdir -p own/er; touch own/er/x own/y; chmod 000 own/er own src/deep/er src/deep src/1.c; chmod 555 src");
  origin_.write("src/1.c", "changed");
  expect_mended();
  EXPECT_EQ(shell(tree(), "stat -c %A src/deep src"), "drwx------\ndrwxr-xr-x\n");
}

TEST_F(HostileBuild, MakesFoldersDeeperThanAnyPath) {
  constexpr int kLevels = 3000;
  Fd folder(::open((tree() / "src").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < kLevels; ++i) {
    ASSERT_EQ(::mkdirat(folder.get(), "d", 0700), 0);
    folder = Fd(::openat(folder.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(folder.valid());
  }
  const Fd file(::openat(folder.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  EXPECT_EQ(error_of(checkout_.made()), "no error");
  expect_mended();
}

TEST_F(HostileBuild, LeavesARepositoryThatWouldActOnItsOwn) {
  const std::string act = "touch " + (outside_ / "harm").string();
  spoil("git init -q . && git config core.fsmonitor '" + act + "; false' && git config filter.x.smudge '" + act +
        "' && git config filter.x.clean '" + act +
        "' && git config core.hooksPath ../hooks && mkdir .git/hooks -p && "
        "printf '#!/bin/sh\\n" +
        act +
        "\\n' > .git/hooks/post-checkout && chmod +x .git/hooks/* && "
        "echo '* filter=x text eol=crlf' > .gitattributes && echo '* filter=x' > src/.gitattributes");
  origin_.write("src/1.c", "changed\n");
  EXPECT_EQ(error_of(checkout_.made()), "no error");
  expect_mended();
}

TEST_F(HostileBuild, NamesFilesLikeOptions) {
  spoil("touch -- --help '-n' ':(exclude)*' ':!x' '*' \"$(printf 'a\\nb')\"");
  EXPECT_THAT(checkout_.made()->data, UnorderedElementsAre("*", "--help", "-n", ":!x", ":(exclude)*", "a\nb"));
  expect_mended();
}

TEST_F(HostileBuild, GetsTheFilesAndNothingElse) {
  const bool is_root = ::geteuid() == 0;
  const std::pair<unsigned, unsigned> user = is_root ? std::pair{65534U, 65534U} : std::pair{::geteuid(), ::getegid()};
  ASSERT_EQ(error_of(checkout_.give_to(user)), "no error");
  const auto strangers = [&] {
    return shell(folder_.path(), fmt::format("find checkout/tree ! -user {} -o ! -group {}", user.first, user.second));
  };
  EXPECT_EQ(strangers(), "");
  EXPECT_THAT(move()->changed, IsEmpty()) << "they are known though they have another owner";
  spoil("rm -r src/deep top.c && ln -s ../../../outside/deep src/deep && ln ../../outside/passwd top.c");
  EXPECT_THAT(error_of(checkout_.give_to(user)), HasSubstr("src/deep: "));
  EXPECT_EQ(shell(outside_, "stat -c %u:%g . passwd deep deep/er"),
            shell(outside_, "for i in 1 2 3 4; do echo $(id -u):$(id -g); done"));
  origin_.write("src/fresh/new.c", "new");
  ASSERT_EQ(error_of(move()), "no error");
  ASSERT_EQ(error_of(checkout_.give_to(user)), "no error");
  EXPECT_EQ(strangers(), "");
  EXPECT_EQ(shell(outside_, "stat -c %u passwd"), shell(outside_, "id -u"));
}

TEST_F(HostileBuild, OfAnotherUserLeavesNothingForTheNext) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  ASSERT_EQ(error_of(checkout_.give_to(std::pair{65534U, 65534U})), "no error");
  spoil("touch product; chown 65534 product");
  ASSERT_EQ(error_of(checkout_.give_to(std::pair{65534U, 65534U})), "no error");
  EXPECT_TRUE(fs::exists(tree() / "product"));
  ASSERT_EQ(error_of(checkout_.give_to(std::pair{65533U, 65533U})), "no error");
  EXPECT_FALSE(fs::exists(tree() / "product"));
  EXPECT_EQ(shell(tree(), "find . ! -user 65533"), "");
  ASSERT_EQ(error_of(checkout_.give_to(std::nullopt)), "no error");
  EXPECT_EQ(shell(tree(), "find . ! -user 0"), "");
  EXPECT_THAT(move()->changed, IsEmpty());
}

TEST_F(HostileBuild, IsNotNeededForADamagedStore) {
  origin_.write("big", std::string(200'000, 'b') + shell(folder_.path(), "seq 20000"));
  const TreeId tree_id = sent();
  for (const auto& file : fs::directory_iterator(folder_ / "trees/sha1/objects/pack")) {
    if (file.path().extension() != ".pack" || file.file_size() < 10'000) continue;
    std::string content = read_file(file.path()).value();
    content.replace(content.size() / 2, 200, std::string(200, '\0'));
    ::chmod(file.path().c_str(), 0600);
    ASSERT_TRUE(write_file(file.path(), content).has_value());
  }
  const auto moved = checkout_.move_to(tree_id, "make");
  EXPECT_THAT(error_of(moved),
              testing::AllOf(StartsWith(tree_id.text + " cannot be read from " + (folder_ / "trees/sha1").string() +
                                        ", which is damaged ("),
                             HasSubstr("was put aside as " + (folder_ / "trees/damaged-sha1").string()),
                             testing::EndsWith("send it again")));
  EXPECT_EQ(error_of(moved).find('\n'), std::string::npos);
  EXPECT_TRUE(moved.error().can_retry);
  EXPECT_FALSE(trees_.has(tree_id).value());
  EXPECT_EQ(error_of(move()), "no error");
  expect_same();
}

TEST_F(HostileBuild, MayBeReplacedByAKillAtAnyMoment) {
  std::vector<TreeId> trees{sent()};
  for (int i = 0; i < 3; ++i) {
    origin_.write("src/1.c", "v" + std::to_string(i));
    origin_.write(fmt::format("src/{}/{}.c", i, i), "new");
    if (i == 1) origin_.remove("src/deep");
    if (i == 2) origin_.write("src/deep", "a file");
    origin_.write("Makefile", std::to_string(i / 2));
    trees.push_back(sent());
  }
  constexpr int kKills = 40;
  constexpr std::chrono::microseconds kStep(700);
  for (int i = 0; i < kKills; ++i) {
    const TreeId& target = trees[static_cast<std::size_t>(i * 7) % trees.size()];
    const pid_t child = ::fork();
    if (child == 0) ::_exit(checkout_.move_to(target, "make").has_value() ? 0 : 1);
    std::this_thread::sleep_for(i * kStep);  // not waiting: where it is killed
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    if (i % 3 == 0) continue;  // killed several times
    EXPECT_EQ(error_of(move()), "no error");
    expect_same();
  }
}

}  // namespace
}  // namespace simswarm::source
