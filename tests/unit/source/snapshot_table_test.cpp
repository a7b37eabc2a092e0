// Corner cases of git: what arrives is what lies in the work tree, byte for byte, and nothing of the user's is touched.
#include <gmock/gmock.h>

#include "snapshot_support.h"

namespace simswarm::source {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

struct Case {
  std::string name;
  std::string script;                   // in the project, an empty folder
  std::vector<std::string> files;       // that arrive, sorted
  std::vector<std::string> notes = {};  // parts of what the user is told, in order
  std::vector<std::string> include = {};
  bool sets_times = false;  // git itself does, of files that it reads
};

const std::string kStart = "git init -q; ";
const std::string kAll = "git add -A; git commit -qm first; ";

std::vector<Case> change_cases() {
  return {
      {"Committed", kStart + "echo a > a; mkdir d; echo b > d/b; " + kAll, {"a", "d/b"}},
      {"ChangedAndUntracked", kStart + "echo a > a; " + kAll + "echo more >> a; echo new > new", {"a", "new"}},
      {"Staged", kStart + "echo a > a; " + kAll + "echo s > s; git add s; echo t > s", {"a", "s"}},
      {"DeletedInTheWorkTree", kStart + "echo a > a; echo b > b; " + kAll + "rm b", {"a"}},
      {"DeletedInTheIndexAlone", kStart + "echo a > a; echo b > b; " + kAll + "git rm -q --cached b", {"a", "b"}},
      {"Renamed", kStart + "echo a > a; " + kAll + "git mv a z", {"z"}},
      {"UnbornHead", kStart + "echo a > a", {"a"}},
      {"UnbornHeadStaged", kStart + "echo a > a; git add a; echo b > b", {"a", "b"}},
      {"EmptyRepository", kStart, {}},
      {"EmptyCommit", kStart + "git commit -q --allow-empty -m nothing", {}},
  };
}

std::vector<Case> ignoring_cases() {
  return {
      {"Ignored", kStart + "echo '*.log' > .gitignore; echo a > a.log; echo b > b", {".gitignore", "b"}},
      {"IgnoredByInfoExclude", kStart + "echo '*.log' >> .git/info/exclude; echo a > a.log; echo b > b", {"b"}},
      {"IgnoredGlobally",
       kStart + "echo '*.log' > ../ignore; git config --global core.excludesFile ~/ignore; "
                "echo a > a.log; echo b > b",
       {"b"}},
      {"ForceAdded",
       kStart + "echo '*.log' > .gitignore; echo a > a.log; echo b > b.log; git add -f a.log",
       {".gitignore", "a.log"}},
      {"IgnoredAgainBelow",
       kStart + "mkdir d; echo '*' > d/.gitignore; echo '!keep' >> d/.gitignore; echo a > d/a; echo k > d/keep",
       {"d/keep"}},
  };
}

std::vector<Case> link_cases() {
  return {
      {"Programs",
       kStart + "echo a > a; chmod 755 a; echo b > b; chmod 700 b; echo c > c; chmod 644 c",
       {"a", "b", "c"}},
      {"ProgramsThatGitIsToldToOverlook",
       kStart + "echo a > a; " + kAll + "git config core.fileMode false; chmod 755 a",
       {"a"}},
      {"Links",
       kStart + "echo a > a; ln -s a to-a; mkdir d; ln -s ../a d/up; ln -s d to-d; ln -s nowhere broken",
       {"a", "broken", "d/up", "to-a", "to-d"}},
      {"LinksThatLeadOut",
       kStart + "ln -s /etc/passwd out; ln -s ../elsewhere up; echo a > a",
       {"a", "out", "up"},
       {"out, up are links that lead out of the project: what they lead to does not come along"}},
      {"LinkInPlaceOfAFolder",
       kStart + "mkdir d e; echo a > d/a; echo e > e/a; " + kAll + "rm -r d; ln -s e d",
       {"d", "e/a"}},
      {"LinkInPlaceOfAFolderIgnored",
       kStart + "mkdir d e; echo a > d/a; echo e > e/a; " + kAll + "rm -r d; ln -s e d; echo /d > .gitignore",
       {".gitignore", "e/a"}},
      {"FolderInPlaceOfAFile", kStart + "echo a > a; " + kAll + "rm a; mkdir a; echo b > a/b", {"a/b"}},
      {"FileInPlaceOfAFolder", kStart + "mkdir a; echo b > a/b; " + kAll + "rm -r a; echo a > a", {"a"}},
      {"LinkInPlaceOfAFile", kStart + "echo a > a; echo b > b; " + kAll + "rm a; ln -s b a", {"a", "b"}},
  };
}

std::vector<Case> name_and_attribute_cases() {
  return {
      {"StrangeNames",
       kStart +
           R"sh(echo 1 > 'with space'; echo 2 > "$(printf 'new\nline')";
  echo 3 > "$(printf 'tab\there')";)sh"
           R"sh( echo 4 > 'H 100644 0000000000000000000000000000000000000000 0	x'; echo 5 > '? mark'; echo 6 > '"quoted"'; echo 7 > -dash; echo 8 > ' lead'; echo 9 > 'back\slash'; echo 10 > ':colon'; git add -A)sh",
       {" lead", "\"quoted\"", "-dash", ":colon", "? mark", "H 100644 0000000000000000000000000000000000000000 0\tx",
        "back\\slash", "new\nline", "tab\there", "with space"}},
      {"NonAsciiNames",
       kStart + R"sh(echo 1 > ä; echo 2 > "$(printf 'bad\377\376')";
  mkdir 日本; echo 3 > 日本/語)sh",
       {"bad\377\376", "ä", "日本/語"}},
      {"CarriageReturns",
       kStart + R"sh(printf 'a\r\nb\n' > a.txt; printf 'x\r\n' > b.txt; printf '* text=auto\n' > .gitattributes; )sh" +
           kAll,
       {".gitattributes", "a.txt", "b.txt"}},
      {"EolCrlf",
       kStart + R"sh(printf '*.txt text eol=crlf\n' > .gitattributes; printf 'a\nb\n' > a.txt; )sh" + kAll +
           "rm a.txt; git checkout -q a.txt",
       {".gitattributes", "a.txt"}},
      {"AutoCrlf",
       kStart + R"sh(git config core.autocrlf true; printf 'a\nb\n' > a.txt; )sh" + kAll +
           "rm a.txt; git checkout -q a.txt",
       {"a.txt"}},
      {"AutoCrlfInput",
       kStart + R"sh(git config core.autocrlf input; git config core.safecrlf true; printf 'a\r\nb\r\n' > a.txt)sh",
       {"a.txt"}},
      {"Ident",
       kStart + R"sh(printf '*.c ident\n' > .gitattributes; printf '$Id$\n' > a.c; )sh" + kAll +
           "rm a.c; git checkout -q a.c",
       {".gitattributes", "a.c"}},
      {"WorkingTreeEncoding",
       kStart +
           R"sh(printf '*.txt working-tree-encoding=UTF-16 text\n' > .gitattributes; printf 'a\nb\n' | iconv -t UTF-16 > a.txt; )sh" +
           kAll,
       {".gitattributes", "a.txt"}},
      {"WrongWorkingTreeEncoding",
       kStart + R"sh(printf '*.txt working-tree-encoding=UTF-16 text\n' > .gitattributes; printf 'odd' > a.txt)sh",
       {".gitattributes", "a.txt"}},
  };
}

std::vector<Case> filter_cases() {
  return {
      {"CleanAndSmudge",
       kStart +
           R"sh(printf '*.txt filter=turn\n' > .gitattributes; git config filter.turn.clean 'tr a-z A-Z'; git config filter.turn.smudge 'tr A-Z a-z'; echo abc > a.txt; )sh" +
           kAll,
       {".gitattributes", "a.txt"}},
      {"FilterThatFails",
       kStart +
           R"sh(printf '*.txt filter=bad\n' > .gitattributes; git config filter.bad.clean false; git config filter.bad.required true; echo abc > a.txt)sh",
       {".gitattributes", "a.txt"}},
      {"ExportIgnored",
       kStart +
           R"sh(printf '*.txt export-ignore\n*.c export-subst\n' > .gitattributes; echo a > a.txt; printf '$Format:%%H$\n' > a.c; )sh" +
           kAll,
       {".gitattributes", "a.c", "a.txt"}},
      {"LfsContent",
       kStart +
           "git lfs install --local >/dev/null; git lfs track '*.bin' >/dev/null; head -c 5000 /dev/urandom > a.bin; " +
           kAll,
       {".gitattributes", "a.bin"}},
      {"LfsPointer",
       kStart +
           "git lfs install --local >/dev/null; git lfs track '*.bin' >/dev/null; head -c 5000 /dev/urandom > a.bin; " +
           kAll + "rm a.bin; GIT_LFS_SKIP_SMUDGE=1 git checkout -q a.bin",
       {".gitattributes", "a.bin"},
       {"git-LFS has not fetched a.bin: what stands for it comes along (`git lfs pull` brings it)"}},
      {"LfsTouched",
       kStart +
           "git lfs install --local >/dev/null; git lfs track '*.bin' >/dev/null; head -c 5000 /dev/urandom > a.bin; " +
           kAll + "rm -r .git/lfs/objects; touch a.bin",
       {".gitattributes", "a.bin"}},
  };
}

std::vector<Case> build_cases() {
  return {
      {"BuildStateThatGitIgnores",
       kStart +
           R"sh(printf 'Makefile\n.oppfeaturestate\n.nedexclusions\n*.log\n' > .gitignore; mkdir src gen cm; echo x > .oppfeaturestate; echo y > .nedexclusions; printf 'all:\n\tmake -C src\n' > Makefile; echo l > a.log; printf '#\n# OMNeT++/OMNEST Makefile for libx\n#\n# This file was generated with the command:\n#  opp_makemake -f --deep\n#\nall:\n' > src/Makefile; printf '# CMAKE generated file: DO NOT EDIT!\n# Generated by "Unix Makefiles" Generator, CMake Version 3.25\n' > cm/Makefile; printf 'gen:\n' > gen/Makefile)sh",
       {".gitignore", ".nedexclusions", ".oppfeaturestate", "Makefile", "gen/Makefile"}},
      {"Included",
       kStart +
           R"sh(printf 'data/\n*.csv\n' > .gitignore; mkdir -p data/deep out; echo 1 > data/a; echo 2 > data/deep/b; echo 3 > x.csv; echo 4 > out/y.csv)sh",
       {".gitignore", "data/a", "data/deep/b", "out/y.csv"},
       {"no file matches «nothing/*.dat» of the files to include"},
       {"data", "out/*.csv", "nothing/*.dat"}},
      {"IncludedByPattern",
       kStart +
           R"sh(printf 'data/\n' > .gitignore; mkdir -p data/deep; echo 1 > data/a.txt; echo 2 > data/deep/b.bin)sh",
       {".gitignore", "data/deep/b.bin"},
       {},
       {"data/**/*.bin"}},
  };
}

std::vector<Case> inner_repository_cases() {
  return {
      {"Submodule",
       "mkdir ../lib; (cd ../lib; git init -q; echo l > l; mkdir s; echo t > s/t; git add -A; git commit -qm lib); " +
           kStart +
           "git submodule --quiet add ../lib lib; git commit -qm module; echo more >> lib/l; echo new > lib/new",
       {".gitmodules", "lib/l", "lib/new", "lib/s/t"}},
      {"SubmoduleNotCheckedOut",
       "mkdir ../lib; (cd ../lib; git init -q; echo l > l; git add -A; git commit -qm lib); " + kStart +
           "git submodule --quiet add ../lib lib; git commit -qm module; git submodule --quiet deinit -f lib",
       {".gitmodules"},
       {"the submodule lib/ is not checked out, so the snapshot lacks it (git submodule update --init)"}},
      {"SubmoduleInASubmodule",
       "mkdir ../a ../b; (cd ../a; git init -q; echo a > a; git add -A; git commit -qm a); (cd ../b; git init -q; git "
       "submodule --quiet add ../a a; git commit -qm b); " +
           kStart + "git submodule --quiet add ../b b; git submodule --quiet update --init --recursive",
       {".gitmodules", "b/.gitmodules", "b/a/a"}},
      {"RepositoryWithin",
       kStart + "git init -q inner; echo i > inner/i; echo '*.o' > inner/.gitignore; echo o > inner/x.o; echo a > a",
       {"a", "inner/.gitignore", "inner/i"}},
      {"RepositoryWithinCommitted",
       kStart + "git init -q inner; echo i > inner/i; (cd inner; git add i; git commit -qm i); echo a > a",
       {"a", "inner/i"}},
      {"RepositoryWithinAddedAsLink",
       kStart +
           "git init -q inner; echo i > inner/i; (cd inner; git add i; git commit -qm i); git add inner 2>/dev/null; "
           "echo a > a",
       {"a", "inner/i"}},
  };
}

std::vector<Case> repository_cases() {
  return {
      {"WorkTree",
       "git init -q ../main; (cd ../main; echo a > a; git add a; git commit -qm a; git worktree add -q ../project/wt); "
       "mv wt/.git wt/a .; rmdir wt; (cd ../main; git worktree repair ../project >/dev/null 2>&1); echo new > new",
       {"a", "new"}},
      {"ShallowClone",
       "git init -q ../far; (cd ../far; for i in 1 2 3; do echo $i > a; git add a; git commit -qm $i; done); git clone "
       "-q --depth 1 file://$HOME/far here; mv here/.git here/a .; rmdir here; echo b > b",
       {"a", "b"}},
      {"Sha256", "git init -q --object-format=sha256; echo a > a; " + kAll + "echo b > b", {"a", "b"}},
      {"ForeignOwner", kStart + "echo a > a; " + kAll + "if [ $(id -u) = 0 ]; then chown -R 65534:65534 .; fi", {"a"}},
      {"LockedIndex", kStart + "echo a > a; " + kAll + "touch .git/index.lock; echo b > b", {"a", "b"}},
      {"NoIndex", kStart + "echo a > a; " + kAll + "rm .git/index", {"a"}},
      {"Conflict",
       kStart + "echo a > a; " + kAll +
           "git checkout -q -b other; echo o > a; git commit -qam o; git checkout -q main; echo m > a; git commit -qam "
           "m; git merge other >/dev/null || true; test -f .git/MERGE_HEAD",
       {"a"}},
      {"ConflictOfDeletion",
       kStart + "echo a > a; echo b > b; " + kAll +
           "git checkout -q -b other; git rm -q a; git commit -qm o; git checkout -q main; echo m > a; git commit -qam "
           "m; git merge other >/dev/null || true; test -f .git/MERGE_HEAD",
       {"a", "b"}},
  };
}

std::vector<Case> index_cases() {
  return {
      {"SparseCheckout",
       kStart + "mkdir x y; echo x > x/x; echo y > y/y; echo t > t; " + kAll + "git sparse-checkout set x >/dev/null",
       {"t", "x/x"}},
      {"SparseIndex",
       kStart + "mkdir x y; echo x > x/x; echo y > y/y; echo t > t; " + kAll +
           "git sparse-checkout set --sparse-index x >/dev/null",
       {"t", "x/x"},
       {},
       {},
       true},
      {"SparseThoughThere",
       kStart + "mkdir x y; echo x > x/x; echo y > y/y; " + kAll +
           "git sparse-checkout set x >/dev/null; mkdir -p y; echo again > y/y",
       {"x/x", "y/y"}},
      {"AssumedUnchanged",
       kStart + "echo a > a; " + kAll + "git update-index --assume-unchanged a; echo changed > a",
       {"a"}},
      {"SplitIndex",
       kStart + "echo a > a; " + kAll + "git update-index --split-index; echo b > b; git add b",
       {"a", "b"},
       {},
       {},
       true},
      {"IntendToAdd", kStart + "echo a > a; git add -N a", {"a"}},
      {"Stashed", kStart + "echo a > a; " + kAll + "echo b > a; git stash -q; echo c > c", {"a", "c"}},
      {"Hooks",
       kStart +
           R"sh(mkdir -p .git/hooks; for h in post-index-change pre-commit post-checkout fsmonitor; do printf '#!/bin/sh\ntouch "$HOME/ran"\n' > .git/hooks/$h; chmod 755 .git/hooks/$h; done; git config core.fsmonitor .git/hooks/fsmonitor; echo a > a; rm -f ~/ran)sh",
       {"a"}},
      {"SpecialFiles", kStart + "mkfifo pipe; git add -A; echo a > a", {"a"}},
      {"DotGitElsewhere", "git init -q --separate-git-dir=../the-git .; echo a > a", {"a"}},
  };
}

std::vector<Case> plain_cases() {
  return {
      {"NoRepository",
       R"sh(echo a > a; mkdir src; echo b > src/b; printf '*.log\n' > .gitignore; echo l > x.log; mkdir .simswarm; echo s > .simswarm/state)sh",
       {".gitignore", "a", "src/b"}},
      {"NoRepositoryBuilt",
       R"sh(cp /bin/true prog; cp /bin/true libx.so; echo text > script; chmod 755 script; cp /bin/true x.o; echo 'no object' > y.o; printf '!<arch>\nxx' > libx.a; mkdir -p out/gcc-release/src out2 bt/CMakeFiles out; echo o > out/gcc-release/src/notes.txt; touch bt/CMakeCache.txt; echo c > bt/CMakeFiles/c; echo k > out2/k)sh",
       {"out2/k", "script", "y.o"}},
      {"NoRepositoryWithOneWithin", "git init -q inner; echo i > inner/i; echo a > a", {"a", "inner/i"}},
  };  // namespace
}  // namespace simswarm::source

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::vector<Case>& some :
       {change_cases(), ignoring_cases(), link_cases(), name_and_attribute_cases(), filter_cases(), build_cases(),
        inner_repository_cases(), repository_cases(), index_cases(), plain_cases()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

// Googletest asks for this name. NOLINTNEXTLINE(readability-identifier-naming)
void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

class AWorkTree : public SnapshotTest, public testing::WithParamInterface<Case> {};

TEST_P(AWorkTree, ArrivesAsItIsAndStaysAsItWas) {
  const Case& one = GetParam();
  shell(one.script);
  const Content before = traces_of(root_, !one.sets_times);
  SnapshotRequest wanted = request();
  wanted.include = one.include;
  for (int times = 0; times < 2; ++times) {
    const Snapshot snapshot = take(wanted);
    const Content arrived = arrive(snapshot);
    EXPECT_THAT(names_of(arrived), ElementsAreArray(one.files));
    EXPECT_EQ(difference(arrived, root_), "");
    EXPECT_EQ(snapshot.files, one.files.size());
    ASSERT_EQ(snapshot.notes.size(), one.notes.size()) << join(snapshot.notes, "\n");
    for (std::size_t i = 0; i < one.notes.size(); ++i) EXPECT_THAT(snapshot.notes[i], HasSubstr(one.notes[i]));
  }
  EXPECT_THAT(touched(before, traces_of(root_, !one.sets_times)), IsEmpty());
  EXPECT_FALSE(fs::exists(home_ / "ran")) << "a hook was run";
}

INSTANTIATE_TEST_SUITE_P(Git, AWorkTree, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<Case>& info) { return info.param.name; });

}  // namespace
}  // namespace simswarm::source
