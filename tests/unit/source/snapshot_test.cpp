#include "source/snapshot.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "snapshot_support.h"
#include "source/snapshot_store.h"

namespace simswarm::source {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class ASnapshot : public SnapshotTest {
 protected:
  [[nodiscard]] Result<Snapshot> try_take(const SnapshotRequest& request) const { return open().take(request); }
  [[nodiscard]] std::string refused(const SnapshotRequest& request) const { return error_of(try_take(request)); }
  [[nodiscard]] SnapshotRequest of_commit(const std::string& commit) const {
    SnapshotRequest wanted = request();
    wanted.commit = commit;
    return wanted;
  }
  [[nodiscard]] fs::path store() const { return home_ / "source/git-sha1"; }
};

TEST_F(ASnapshot, OfACleanWorkTreeIsTheTreeOfItsCommit) {
  shell("git init -q; mkdir d; echo a > a; echo b > d/b; git add -A; git commit -qm x");
  const Snapshot snapshot = take();
  EXPECT_EQ(snapshot.tree.text, "sha1:" + said_by("git rev-parse HEAD^{tree}"));
  ASSERT_THAT(snapshot.roots, SizeIs(1));
  EXPECT_EQ(snapshot.roots[0].commit, said_by("git rev-parse HEAD"));
  EXPECT_EQ(snapshot.roots[0].place, ".");
  EXPECT_FALSE(snapshot.roots[0].changed);
  EXPECT_EQ(snapshot.top, root_);
  EXPECT_EQ(snapshot.files, 2U);
  EXPECT_EQ(snapshot.bytes, 4U);
}

TEST_F(ASnapshot, SaysWhetherTheWorkTreeDiffersFromItsCommit) {
  shell(
      "git init -q; git config core.autocrlf true; printf 'a\\nb\\n' > a; git add -A; git commit -qm x; rm a; git "
      "checkout -q a");
  EXPECT_FALSE(take().roots[0].changed) << "line ends that git converts are no change";
  shell("printf 'other\\r\\n' > a");
  EXPECT_TRUE(take().roots[0].changed);
  shell("git checkout -q a; touch a");
  EXPECT_EQ(said_by("git status --porcelain"), "");
  shell("echo new > new");
  EXPECT_TRUE(take().roots[0].changed);
}

TEST_F(ASnapshot, ATouchedFileIsNoChange) {
  shell("git init -q; echo a > a; git add -A; git commit -qm x; touch -d '2001-01-01' a");
  EXPECT_FALSE(take().roots[0].changed);
}

TEST_F(ASnapshot, FollowsEachChange) {
  shell("git init -q; for i in 1 2 3 4 5; do echo $i > f$i; done; git add -A; git commit -qm x");
  EXPECT_EQ(error_of(try_take(request())), "no error");
  for (const char* change : {"echo more >> f1", "rm f2", "chmod 755 f3", "rm f4; ln -s f1 f4",
                             "rm f5; mkdir f5; echo d > f5/d", "rm -r f5; echo back > f5", "mkdir n; echo n > n/n",
                             "echo '/n/' > .gitignore", "rm .gitignore", "mv n m", "git checkout -q -f HEAD -- ."}) {
    shell(change);
    const Content arrived = arrive(take());
    EXPECT_EQ(difference(arrived, root_), "") << change;
    EXPECT_EQ(join(names_of(arrived), "\n"), said_by("git ls-files -co --exclude-standard | sort -u | while read f; do "
                                                     "if [ -f $f -o -L $f ]; then echo $f; fi; done"))
        << change;
  }
}

TEST_F(ASnapshot, SeesAChangeThatKeepsSizeAndTime) {
  shell("git init -q; echo one > a; touch -d '2001-01-01 00:00:00' a; git add -A; git commit -qm x");
  EXPECT_EQ(error_of(try_take(request())), "no error");
  shell("echo two > a; touch -d '2001-01-01 00:00:00' a");
  EXPECT_EQ(arrive(take())["a"], "file two\n");
}

TEST_F(ASnapshot, IgnoresGitVariablesOfAHookThatCallsUs) {
  shell("git init -q; echo a > a; git init -q ../foreign");
  ::setenv("GIT_DIR", (home_ / "foreign/.git").c_str(), 1);
  ::setenv("GIT_INDEX_FILE", (home_ / "foreign/.git/index").c_str(), 1);
  const Snapshot snapshot = take();
  ::unsetenv("GIT_DIR");
  ::unsetenv("GIT_INDEX_FILE");
  EXPECT_THAT(names_of(arrive(snapshot)), ElementsAre("a"));
}

TEST_F(ASnapshot, LeavesOutWhatItIsToldTo) {
  shell("git init -q; mkdir results results2; echo r > results/r; echo s > results2/s; git add results/r; echo a > a");
  SnapshotRequest wanted = request();
  wanted.left_out = {root_ / "results"};
  EXPECT_THAT(names_of(arrive(take(wanted))), ElementsAre("a", "results2/s"));
}

TEST_F(ASnapshot, DoesNotHoldItsOwnState) {
  shell("git init -q; echo a > a");
  auto snapshots = Snapshots::open(root_ / "state");
  ASSERT_TRUE(snapshots.has_value()) << error_of(snapshots);
  const auto snapshot = snapshots->take(request());
  ASSERT_TRUE(snapshot.has_value()) << error_of(snapshot);
  EXPECT_THAT(names_of(arrive(*snapshots, snapshot->tree)), ElementsAre("a"));
}

TEST_F(ASnapshot, OfSeveralRootsKeepsTheirPlaces) {
  home_.folder("models/inet/src");
  shell_in(home_ / "models/inet", "git init -q; echo i > src/i; git add -A; git commit -qm i");
  shell_in(home_.folder("plain"), "echo p > p");
  shell("git init -q; echo a > a; ln -s ../models/inet/src/i link; ln -s ../other out");
  SnapshotRequest wanted = request();
  wanted.roots = {root_, home_ / "models/inet", home_ / "plain"};
  const Snapshot snapshot = take(wanted);
  EXPECT_EQ(snapshot.top, home_.path());
  const Content arrived = arrive(snapshot);
  EXPECT_THAT(names_of(arrived),
              ElementsAre("models/inet/src/i", "plain/p", "project/a", "project/link", "project/out"));
  EXPECT_EQ(difference(arrived, home_.path()), "");
  ASSERT_THAT(snapshot.roots, SizeIs(3));
  EXPECT_EQ(snapshot.roots[0].place, "project");
  EXPECT_EQ(snapshot.roots[1].place, "models/inet");
  EXPECT_NE(snapshot.roots[1].commit, "");
  EXPECT_EQ(snapshot.roots[2].commit, "");
  EXPECT_THAT(snapshot.notes,
              ElementsAre(root_.string() +
                          ": out is a link that leads out of the project: what it leads to does not come along"));
}

TEST_F(ASnapshot, OfRootsWithinEachOtherHasEachFileOnce) {
  shell("git init -q; echo inet/ > .gitignore; echo a > a; git init -q inet; echo i > inet/i");
  SnapshotRequest wanted = request();
  wanted.roots = {root_, root_ / "inet"};
  EXPECT_THAT(names_of(arrive(take(wanted))), ElementsAre(".gitignore", "a", "inet/i"));
}

TEST_F(ASnapshot, OfAFolderInARepositoryIsThatFolder) {
  shell(
      "git init -q; mkdir -p sub/deep; echo a > a; echo b > sub/b; echo c > sub/deep/c; git add -A; git commit -qm x");
  SnapshotRequest wanted = request();
  wanted.roots = {root_ / "sub"};
  EXPECT_THAT(names_of(arrive(take(wanted))), ElementsAre("b", "deep/c"));
  wanted.commit = "HEAD";
  EXPECT_THAT(names_of(arrive(take(wanted))), ElementsAre("b", "deep/c"));
}

TEST_F(ASnapshot, OfAProjectThatARepositoryAroundItIgnoresIsTheProject) {
  shell_in(home_.path(), "git init -q; echo '*' > .gitignore");
  shell("echo a > a");
  EXPECT_THAT(names_of(arrive(take())), ElementsAre("a"));
}

// Git does not name those that it has never known as files.
TEST_F(ASnapshot, PassesOverSocketsAndPipes) {
  shell(
      "git init -q; echo a > a; echo p > pipe; echo s > socket; git add -A; git commit -qm x; rm pipe socket; mkfifo "
      "pipe new");
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (root_ / "socket").string();
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const Snapshot snapshot = take();
  ::close(socket);
  EXPECT_THAT(names_of(arrive(snapshot)), ElementsAre("a"));
  EXPECT_THAT(snapshot.notes, ElementsAre(root_.string() +
                                          ": pipe, socket are no files, folders or links, so the snapshot lacks them"));
}

TEST_F(ASnapshot, SaysWhichFilesAreTooLarge) {
  shell(
      "git init -q; mkdir results; for i in 1 2 3 4 5 6; do head -c ${i}0000 /dev/zero > results/$i.vec; done; echo a "
      "> a");
  SnapshotRequest wanted = request();
  wanted.most_bytes = 100'000;
  EXPECT_EQ(
      refused(wanted),
      root_.string() +
          ": 205.1 KiB in 7 files, and a snapshot may have 97.7 KiB; the largest: results/6.vec (58.6 KiB), "
          "results/5.vec (48.8 KiB), results/4.vec (39.1 KiB), results/3.vec (29.3 KiB), results/2.vec (19.5 KiB); "
          "results that git does not ignore are the usual reason: add them to .gitignore");
  EXPECT_FALSE(fs::exists(store() / "indexes")) << "nothing was read";
  wanted.most_bytes = 1'000'000;
  wanted.most_file = 55'000;
  EXPECT_THAT(refused(wanted), HasSubstr("205.1 KiB in 7 files, and one file of a snapshot may have 53.7 KiB; the "
                                         "largest: results/6.vec (58.6 KiB), "));
  shell("echo results/ > .gitignore");
  EXPECT_THAT(names_of(arrive(take(wanted))), ElementsAre(".gitignore", "a"));
}

TEST_F(ASnapshot, NamesAFileThatCannotBeRead) {
  shell("git init -q; echo a > a; echo b > b; chmod 000 b");
  fs::permissions(home_.path(), fs::perms::all);
  fs::permissions(root_, fs::perms::all);
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const std::string said = refused(request());
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  EXPECT_EQ(said, (root_ / "b").string() +
                      ": cannot be read: Permission denied, so no snapshot can be taken; make the file "
                      "readable, or have git ignore it (.gitignore)");
}

TEST_F(ASnapshot, SaysWhatIsWrongWithARepository) {
  shell("git init -q --bare");
  EXPECT_EQ(
      refused(request()),
      root_.string() + " is a bare git repository (or lies in a «.git»): it has no work tree; name a clone of it");
  shell("rm -rf * ; git init -q; echo a > a; git add a; head -c 100 /dev/zero > .git/index");
  EXPECT_THAT(refused(request()), HasSubstr("git cannot list the files of " + root_.string() + ": "));
  EXPECT_THAT(refused(request()), HasSubstr("`git reset` there makes it anew"));
  shell("rm .git/index; echo '[[' > .git/config");
  EXPECT_THAT(refused(request()),
              HasSubstr(root_.string() + ": git cannot read the repository there: bad config line 1"));
  shell("rm -rf .git; echo 'gitdir: /nowhere/at/all' > .git");
  EXPECT_THAT(refused(request()),
              HasSubstr("git cannot read the repository there: not a git repository: /nowhere/at/all"));
  SnapshotRequest wanted = request();
  wanted.roots = {root_ / "absent"};
  EXPECT_EQ(refused(wanted),
            (root_ / "absent").string() + ": there is no such folder, so it cannot be a root of the project");
}

TEST_F(ASnapshot, OfACommitDoesNotLookAtTheWorkTree) {
  shell(
      "git init -q; echo a > a; ln -s a l; echo p > p; chmod 755 p; git add -A; git commit -qm x; git tag v1; echo b > "
      "a; rm p; echo new > new");
  const Content before = traces_of(root_);
  const Snapshot snapshot = take(of_commit("v1"));
  EXPECT_EQ(snapshot.tree.text, "sha1:" + said_by("git rev-parse v1^{tree}"));
  EXPECT_EQ(snapshot.roots[0].commit, said_by("git rev-parse v1"));
  EXPECT_FALSE(snapshot.roots[0].changed);
  EXPECT_EQ(arrive(snapshot), (Content{{"a", "file a\n"}, {"l", "link a"}, {"p", "program p\n"}}));
  EXPECT_THAT(touched(before, traces_of(root_)), IsEmpty());
}

TEST_F(ASnapshot, OfACommitThatIsUnknownNamesNearMisses) {
  shell("git init -q; echo a > a; git add -A; git commit -qm x; git branch feature");
  EXPECT_EQ(refused(of_commit("featur")),
            root_.string() + ": «featur» is no commit of this repository; did you mean «feature»?");
  EXPECT_EQ(
      refused(of_commit("0123456789abcdef0123456789abcdef01234567")),
      root_.string() +
          ": «0123456789abcdef0123456789abcdef01234567» is no commit of this repository (`git fetch` may bring it)");
  EXPECT_THAT(refused(of_commit("--all")), HasSubstr("«--all» is no commit"));
  shell("rm -rf .git");
  EXPECT_EQ(refused(of_commit("v1")), root_.string() + " is no git repository, so there is no commit «v1» of it");
}

TEST_F(ASnapshot, OfACommitHasItsSubmodules) {
  shell("mkdir ../lib; cd ../lib; git init -q; echo old > l; git add -A; git commit -qm old");
  shell(
      "git init -q; git submodule --quiet add ../lib deep/lib; git commit -qm one; cd deep/lib; echo new > l; git "
      "commit -qam new");
  EXPECT_EQ(arrive(take(of_commit("HEAD")))["deep/lib/l"], "file old\n");
  shell("git submodule --quiet deinit -f deep/lib");
  EXPECT_EQ(arrive(take(of_commit("HEAD")))["deep/lib/l"], "file old\n") << "git keeps it in .git/modules";
  shell("rm -rf .git/modules");
  EXPECT_THAT(refused(of_commit("HEAD")),
              HasSubstr("of the submodule deep/lib is not here: `git submodule update --init -- deep/lib` brings it"));
}

TEST_F(ASnapshot, OfACommitHasTheFilesOfLfs) {
  shell(
      "git init -q; git lfs install --local >/dev/null; git lfs track '*.bin' >/dev/null; seq 1000 > a.bin; git add "
      "-A; git commit -qm x");
  const std::string content = content_of(root_ / "a.bin");
  shell("rm a.bin");
  EXPECT_EQ(arrive(take(of_commit("HEAD")))["a.bin"], content);
  shell("rm -r .git/lfs/objects");
  const std::string commit = said_by("git rev-parse HEAD");
  EXPECT_EQ(refused(of_commit("HEAD")), root_.string() + ": git-LFS has not fetched a.bin of commit " + commit +
                                            ": `git lfs fetch origin " + commit + "` brings it");
}

TEST_F(ASnapshot, OfACommitThatIsTooLargeSaysSo) {
  shell("git init -q; head -c 100000 /dev/zero > big; git add -A; git commit -qm x");
  SnapshotRequest wanted = of_commit("HEAD");
  wanted.most_bytes = 50'000;
  EXPECT_THAT(refused(wanted),
              HasSubstr("97.7 KiB in 1 files, and a snapshot may have 48.8 KiB; the largest: big (97.7 KiB)"));
}

TEST_F(ASnapshot, OfACommitInASha256Repository) {
  shell("git init -q --object-format=sha256; echo a > a; git add -A; git commit -qm x; echo b > a");
  const Snapshot snapshot = take(of_commit("HEAD"));
  EXPECT_EQ(snapshot.tree.text, "sha256:" + said_by("git rev-parse HEAD^{tree}"));
  EXPECT_EQ(arrive(snapshot)["a"], "file a\n");
}

TEST_F(ASnapshot, SendsOnlyWhatTheOtherSideLacks) {
  shell(
      "git init -q; for i in $(seq 50); do head -c 2000 /dev/urandom > f$i; done; seq 20000 > text; git add -A; git "
      "commit -qm x");
  Snapshots snapshots = open();
  const Snapshot first = snapshots.take(request()).value();
  arrive(snapshots, first.tree);
  EXPECT_GT(sent_, 100'000U);
  ASSERT_TRUE(snapshots.note_sent(first.tree).has_value());
  shell("echo one more line >> text");
  const Snapshot second = snapshots.take(request()).value();
  const auto relatives = snapshots.relatives(second).value();
  ASSERT_FALSE(relatives.empty());
  EXPECT_EQ(relatives.front(), first.tree);
  const Content arrived = arrive(snapshots, second.tree, relatives.front());
  EXPECT_EQ(difference(arrived, root_), "");
  EXPECT_LT(sent_, 3'000U) << "also of the changed file, only the change";
}

TEST_F(ASnapshot, IsSentAgainstACommitThatTheOtherSideKnows) {
  shell(
      "git init -q; for i in $(seq 50); do head -c 2000 /dev/urandom > f$i; done; git add -A; git commit -qm x; echo y "
      "> y");
  Snapshots snapshots = open();
  const TreeId known = snapshots.take(of_commit("HEAD")).value().tree;
  arrive(snapshots, known);
  ASSERT_TRUE(remove_tree(home_ / "source").has_value()) << "as on another day, with nothing of ours left";
  Snapshots fresh = open();
  const Snapshot snapshot = fresh.take(request()).value();
  const auto relatives = fresh.relatives(snapshot).value();
  EXPECT_THAT(relatives, ElementsAre(known));
  const Content before = traces_of(root_ / ".git");
  EXPECT_EQ(difference(arrive(fresh, snapshot.tree, known), root_), "");
  EXPECT_LT(sent_, 4'000U);
  EXPECT_THAT(touched(before, traces_of(root_ / ".git")), IsEmpty());
}

TEST_F(ASnapshot, GoesWholeWhereItsRelativeIsNotHere) {
  shell("git init -q; echo a > a");
  Snapshots snapshots = open();
  const Snapshot snapshot = snapshots.take(request()).value();
  const TreeId unknown{"sha1:0123456789012345678901234567890123456789"};
  EXPECT_EQ(difference(arrive(snapshots, snapshot.tree, unknown), root_), "");
}

TEST_F(ASnapshot, OutlivesWhatTheUsersRepositoryForgets) {
  shell("git init -q; echo a > a; git add -A; git commit -qm x; head -c 3000 /dev/urandom > staged; git add staged");
  Snapshots snapshots = open();
  const Snapshot snapshot = snapshots.take(request()).value();
  shell(
      "git reset -q; git commit -q --amend -m y; git reflog expire --expire=now --all; git gc -q --prune=now; rm "
      "staged a; rm -rf .git");
  EXPECT_THAT(names_of(arrive(snapshots, snapshot.tree)), ElementsAre("a", "staged"));
}

TEST_F(ASnapshot, IsMadeAnewFromADamagedFolder) {
  shell("git init -q; mkdir d; echo a > a; echo b > d/b; git add -A; git commit -qm x");
  const Snapshot whole = take();
  const std::string store = this->store().string();
  for (const std::string& damage : std::vector<std::string>{
           "rm -r " + store + "/objects", "rm " + store + "/HEAD",
           "for f in " + store + "/indexes/*; do echo broken > $f; done", "truncate -s 20 " + store + "/indexes/*",
           "rm " + store + "/indexes/*.names",
           "for f in " + store + "/indexes/*.names; do head -c 5000 /dev/urandom > $f; done",
           fmt::format("touch {0}/index.lock {0}/HEAD.lock; for f in {0}/indexes/*; do touch $f.lock; done", store),
           fmt::format("rm -r {0}; touch {0}", store), "echo '[broken' > " + store + "/config",
           "echo 99 > " + store + "/../version",
           "find " + store + "/objects -type f | while read f; do chmod 644 $f; : > $f; done"}) {
    shell(damage);
    shell("echo again >> d/b");
    Snapshots snapshots = open();
    const auto snapshot = snapshots.take(request());
    ASSERT_TRUE(snapshot.has_value()) << damage << ": " << error_of(snapshot);
    EXPECT_EQ(difference(arrive(snapshots, snapshot->tree), root_), "") << damage;
  }
}

TEST_F(ASnapshot, ThatIsNoLongerThereIsTakenAgainOrSaidToBeGone) {
  shell("git init -q; echo a > a");
  Snapshots snapshots = open();
  const Snapshot snapshot = snapshots.take(request()).value();
  shell("rm -r " + store().string() + "/objects");
  EXPECT_THAT(names_of(arrive(snapshots, snapshot.tree)), ElementsAre("a"));
  shell("rm -r " + store().string() + "/objects; echo b > a");
  TextSink sink;
  const Status packed = snapshots.pack(snapshot.tree, {}, sink);
  ASSERT_FALSE(packed.has_value());
  EXPECT_EQ(packed.error().message, (home_ / "source").string() + ": the snapshot " + snapshot.tree.text +
                                        " is no longer there whole, and the files have changed since; take it again");
  EXPECT_TRUE(packed.error().can_retry);
}

TEST_F(ASnapshot, IsTakenAfterAKillAtAnyMoment) {
  shell("git init -q; for i in $(seq 200); do head -c 3000 /dev/urandom > f$i; done; echo a > a");
  for (int round = 0; round < 25; ++round) {
    shell("for i in $(seq 20); do head -c 3000 /dev/urandom > f$i; done");
    const pid_t child = ::fork();
    if (child == 0) {
      ::setpgid(0, 0);
      auto snapshots = Snapshots::open(home_ / "source");
      if (snapshots) (void)snapshots->take(request());
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(round * 3000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const Content arrived = arrive(take());
    EXPECT_THAT(arrived, SizeIs(201));
    EXPECT_EQ(difference(arrived, root_), "");
  }
}

TEST_F(ASnapshot, HasEitherStateOfAFileThatChangesMeanwhile) {
  shell("git init -q; for i in $(seq 300); do echo $i > f$i; done; mkdir d; git add -A");
  std::atomic<bool> stop = false;
  std::thread restless([&] {
    for (int i = 0; !stop; ++i) {
      home_.write("project/f1", std::string(static_cast<std::size_t>(i % 3000), 'x'));
      home_.write("project/d/now", "n");
      fs::remove(root_ / "d/now");
      fs::remove(root_ / "f2");
      home_.write("project/f2", "2");
    }
  });
  for (int i = 0; i < 10; ++i) {
    const auto snapshot = open().take(request());
    EXPECT_TRUE(snapshot.has_value()) << error_of(snapshot);
    if (snapshot.has_value()) {
      EXPECT_GE(arrive(*snapshot).size(), 298U);
    }
  }
  stop = true;
  restless.join();
  EXPECT_EQ(difference(arrive(take()), root_), "");
}

TEST_F(ASnapshot, WaitsForAnotherThatUsesTheFolder) {
  auto first = std::make_unique<Snapshots>(open());
  std::atomic<bool> opened = false;
  std::thread other([&] {
    const Snapshots second = open();
    opened = true;
  });
  // The other stands at the lock: the kernel lists who waits with an arrow.
  EXPECT_TRUE(wait_until([] { return read_file("/proc/locks").value_or("").find("-> FLOCK") != std::string::npos; }));
  EXPECT_FALSE(opened);
  first.reset();
  other.join();
  EXPECT_TRUE(opened);
}

TEST_F(ASnapshot, RemembersTheLastTwentyThatWereSent) {
  shell("git init -q");
  Snapshots snapshots = open();
  std::vector<TreeId> sent;
  for (int i = 0; i < 25; ++i) {
    home_.write("project/a", fmt::format("{}", i));
    sent.push_back(snapshots.take(request()).value().tree);
    ASSERT_TRUE(snapshots.note_sent(sent.back()).has_value());
  }
  const auto relatives = snapshots.relatives(snapshots.take(request()).value()).value();
  EXPECT_THAT(relatives, SizeIs(20));
  EXPECT_EQ(relatives.front(), sent.back());
  EXPECT_THAT(relatives, Not(Contains(sent.front())));
}

TEST(ATreeId, IsReadAndRefused) {
  EXPECT_EQ(TreeId::parse("sha1:0123456789012345678901234567890123456789").value().hex(),
            "0123456789012345678901234567890123456789");
  EXPECT_EQ(error_of(TreeId::parse("sha1:01")),
            "«sha1:01» is no tree: «sha1:» and 40, or «sha256:» and 64 hexadecimal digits");
  for (const char* text :
       {"", "sha1", "sha1:", "md5:0123456789012345678901234567890123456789",
        "sha256:0123456789012345678901234567890123456789", "sha1:012345678901234567890123456789012345678X",
        "sha1:--0123456789012345678901234567890123456789"})
    EXPECT_FALSE(TreeId::parse(text).has_value()) << text;
}

}  // namespace
}  // namespace simswarm::source
