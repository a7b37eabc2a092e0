#include "source/checkout.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkout_support.h"

namespace simswarm::source {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class CheckoutOf : public testing::Test {
 protected:
  CheckoutOf() {
    origin_.write("Makefile", "prog: src/a.o src/b.o\n\tcat $^ > prog\n%.o: %.c\n\tcat $< src/a.h > $@\n");
    origin_.write("src/a.c", "a1\n");
    origin_.write("src/b.c", "b1\n");
    origin_.write("src/a.h", "h1\n");
    origin_.write("run.sh", "echo run\n");
    ::chmod((origin_.work() / "run.sh").c_str(), 0755);
    fs::create_symlink("src/a.c", origin_.work() / "link");
  }
  [[nodiscard]] TreeId sent() {
    const TreeId tree = origin_.tree();
    EXPECT_EQ(error_of(import(trees_, origin_.pack(tree), tree)), "no error");
    return tree;
  }
  // To what lies in the origin.
  Moved move(const std::string& recipe = "make") {
    const Result<Moved> moved = checkout_.move_to(sent(), recipe);
    EXPECT_EQ(error_of(moved), "no error");
    return moved.value_or(Moved{});
  }
  void build() {
    EXPECT_TRUE(checkout_.build_begins().has_value());
    shell(tree(), "make -s");
    EXPECT_TRUE(checkout_.build_ends().has_value());
  }
  // What make would do now.
  [[nodiscard]] std::string to_build() const { return shell(tree(), "make -n | grep -o '> .*' || true"); }
  [[nodiscard]] fs::path tree() const { return checkout_.tree(); }
  [[nodiscard]] std::string read(const std::string& name) const { return read_file(tree() / name).value_or("(none)"); }
  void spoil(const std::string& command) const { shell(tree(), command); }
  [[nodiscard]] bool exists(const std::string& name) const { return fs::exists(fs::symlink_status(tree() / name)); }
  [[nodiscard]] std::int64_t time_of(const std::string& name) const { return identify_itself(tree() / name)->mtime_ns; }
  // The files are those of the origin, with their modes, and nothing else is there.
  void expect_same() const { EXPECT_EQ(picture(tree()), picture(origin_.work())); }

  TestFolder folder_;
  Origin origin_{folder_};
  Trees trees_ = Trees::open(folder_ / "trees").value();
  Checkout checkout_ = Checkout::open(folder_ / "checkout", trees_).value();
};

TEST_F(CheckoutOf, ATreeHasItsFiles) {
  const Moved moved = move();
  EXPECT_THAT(moved.changed, UnorderedElementsAre("Makefile", "link", "run.sh", "src/a.c", "src/a.h", "src/b.c"));
  EXPECT_THAT(moved.removed, IsEmpty());
  EXPECT_FALSE(moved.cleaned);
  EXPECT_EQ(moved.why, "");
  expect_same();
  EXPECT_THAT(checkout_.files().value(), ElementsAre("Makefile", "link", "run.sh", "src/a.c", "src/a.h", "src/b.c"));
  EXPECT_FALSE(exists(".git"));
}

TEST_F(CheckoutOf, NothingNewIsNotTouched) {
  const TreeId tree_id = sent();
  ASSERT_TRUE(checkout_.move_to(tree_id, "make").has_value());
  build();
  const auto before = identify(folder_ / "checkout/state").value();
  const Moved moved = checkout_.move_to(tree_id, "make").value();
  EXPECT_THAT(moved.changed, IsEmpty());
  EXPECT_FALSE(moved.cleaned);
  EXPECT_EQ(identify(folder_ / "checkout/state").value(), before);
  EXPECT_EQ(to_build(), "");
}

TEST_F(CheckoutOf, OneChangedFileIsBuiltAlone) {
  move();
  build();
  EXPECT_EQ(to_build(), "");
  const auto untouched = time_of("src/b.c");
  origin_.write("src/a.c", "a2\n");
  const Moved moved = move();
  EXPECT_THAT(moved.changed, ElementsAre("src/a.c"));
  EXPECT_FALSE(moved.cleaned);
  EXPECT_EQ(time_of("src/b.c"), untouched);
  EXPECT_EQ(to_build(), "> src/a.o\n> prog\n");
  build();
  EXPECT_EQ(read("prog"), "a2\nh1\nb1\nh1\n");
  EXPECT_EQ(to_build(), "") << "what is built at once afterwards is newer than its sources";
}

TEST_F(CheckoutOf, AFileThatChangesBackIsBuiltAgain) {
  move();
  build();
  origin_.write("src/a.c", "a2\n");
  move();
  build();
  origin_.write("src/a.c", "a1\n");
  EXPECT_THAT(move().changed, ElementsAre("src/a.c"));
  build();
  EXPECT_EQ(read("prog"), "a1\nh1\nb1\nh1\n");
  origin_.write("src/a.c", "a3\n");
  move();
  origin_.write("src/a.c", "a1\n");
  move();
  EXPECT_EQ(to_build(), "> src/a.o\n> prog\n") << "also where nothing was built in between";
}

TEST_F(CheckoutOf, ChangedFilesAreNewerThanWhatWasBuiltThoughTheClockWasSetBack) {
  move();
  build();
  constexpr std::int64_t kHour = 3'600'000'000'000;
  const std::int64_t later = time_of("prog") + kHour;
  ASSERT_TRUE(write_file(folder_ / "checkout/built", std::to_string(later)).has_value());
  origin_.write("src/a.c", "a2\n");
  move();
  EXPECT_GT(time_of("src/a.c"), later);
}

TEST_F(CheckoutOf, WhatBuildsDoToItsFilesIsUndone) {
  move();
  build();
  spoil(
      "echo spoilt > src/a.c; rm src/b.c; chmod 600 src/a.h; chmod +x Makefile; ln -sf elsewhere link; mkdir x; mv "
      "run.sh x");
  const Moved moved = move();
  EXPECT_THAT(moved.changed, UnorderedElementsAre("src/a.c", "src/b.c", "link", "run.sh"));
  EXPECT_FALSE(moved.cleaned);
  EXPECT_EQ(to_build(), "> src/a.o\n> src/b.o\n> prog\n");
  ASSERT_TRUE(checkout_.clean().has_value());
  expect_same();
}

TEST_F(CheckoutOf, FilesThatBuildsHaveOnlyTouchedAreNotWritten) {
  move();
  build();
  const auto time = time_of("src/b.c");
  spoil("touch src/a.c; touch -d 2001-01-01 src/b.c; touch -d 2100-01-01 src/a.h");
  EXPECT_THAT(move().changed, IsEmpty());
  EXPECT_EQ(time_of("src/b.c"), time);
  EXPECT_EQ(to_build(), "> src/a.o\n> prog\n");
  build();
  EXPECT_EQ(to_build(), "") << "a time to come does not stay";
}

TEST_F(CheckoutOf, ASecondNameOfAFileIsLeftAlone) {
  move();
  const fs::path outside = folder_.write("outside", "a1\n");
  ::chmod(outside.c_str(), 0600);
  fs::remove(tree() / "src/a.c");
  fs::create_hard_link(outside, tree() / "src/a.c");
  move();
  EXPECT_EQ(identify(outside)->size, 3U);
  EXPECT_NE(identify(outside)->inode, identify(tree() / "src/a.c")->inode);
  EXPECT_EQ(shell(folder_.path(), "stat -c %a outside"), "600\n");
  expect_same();
}

TEST_F(CheckoutOf, FilesAndFoldersTakeEachOthersPlaces) {
  move();
  build();
  origin_.remove("src");
  origin_.write("src", "a file now");
  origin_.remove("run.sh");
  origin_.write("run.sh/deep/er", "in a folder");
  origin_.remove("link");
  origin_.write("link/x", "x");
  move();
  expect_same();
  origin_.remove("src");
  origin_.write("src/a.c", "a1\n");
  origin_.remove("link");
  fs::create_symlink("src", origin_.work() / "link");
  move();
  expect_same();
}

TEST_F(CheckoutOf, NamesMayDifferInCaseAlone) {
  origin_.write("src/X", "large");
  move();
  fs::rename(origin_.work() / "src/X", origin_.work() / "src/x");
  const Moved moved = move();
  EXPECT_THAT(moved.removed, ElementsAre("src/X"));
  EXPECT_THAT(moved.changed, ElementsAre("src/x"));
  origin_.write("src/X", "both");
  move();
  expect_same();
}

TEST_F(CheckoutOf, NamesMayBeAnything) {
  origin_.write("with space/\xc3\xa4\xff", "1");
  origin_.write("line\nend", "2");
  origin_.write(":(glob)x", "3");
  origin_.write("\"quoted\"\t", "4");
  origin_.write(".gitattributes", "* text eol=crlf\n*.id ident\n");
  origin_.write("a.id", "$Id$\n");
  origin_.write(".gitignore", "*\n");
  fs::create_symlink("/nowhere/at all", origin_.work() / "far");
  move();
  expect_same();
  EXPECT_EQ(checkout_.files()->size(), 14U);
}

TEST_F(CheckoutOf, ExecutableBitsComeAndGo) {
  move();
  ::chmod((origin_.work() / "src/a.c").c_str(), 0755);
  EXPECT_THAT(move().changed, ElementsAre("src/a.c"));
  expect_same();
  ::chmod((origin_.work() / "src/a.c").c_str(), 0644);
  EXPECT_THAT(move().changed, ElementsAre("src/a.c"));
  expect_same();
}

TEST_F(CheckoutOf, FoldersGoWithTheirLastFile) {
  origin_.write("data/deep/er/x.ini", "x");
  move();
  origin_.remove("data");
  const Moved moved = move();
  EXPECT_THAT(moved.removed, ElementsAre("data/deep/er/x.ini"));
  EXPECT_FALSE(moved.cleaned);
  EXPECT_FALSE(exists("data"));
  origin_.write("data/x.ini", "x");
  move();
  spoil("echo product > data/out");
  origin_.remove("data");
  move();
  EXPECT_TRUE(exists("data/out")) << "what builds have left stays";
}

TEST_F(CheckoutOf, EveryTreeOfBothFormatsIsReached) {
  const Origin other(folder_, "sha256");
  move();
  other.write("src/a.c", "other\n");
  const TreeId tree_id = other.tree();
  ASSERT_TRUE(import(trees_, other.pack(tree_id), tree_id).has_value());
  ASSERT_EQ(error_of(checkout_.move_to(tree_id, "make")), "no error");
  expect_same();
}

TEST_F(CheckoutOf, ATreeThatIsNotHereIsSaidSo) {
  const TreeId tree_id = origin_.tree();
  EXPECT_EQ(error_of(checkout_.move_to(tree_id, "make")),
            tree_id.text + " has not come to " + (folder_ / "trees").string() + ": send it");
  EXPECT_EQ(error_of(checkout_.files()),
            (folder_ / "checkout").string() + " holds no tree yet: it was not moved to one");
}

TEST_F(CheckoutOf, WhatBuildsHaveMadeIsFound) {
  origin_.write(".gitignore", "*.log\nout/\n!keep.log\n");
  origin_.write("src/.gitignore", "*\n");
  origin_.write("true.c", "int main() { return 0; }\n");
  move();
  spoil(
      "mkdir -p out/lib data; gcc -o out/prog true.c; gcc -shared -fPIC -o out/lib/libx.so.1.2 true.c; gcc -c -o "
      "out/true.o "
      "true.c; gcc -static -c -o loose.o true.c; ar rc loose.a loose.o; ln -s libx.so.1.2 out/lib/libx.so.1; "
      "ln -s libx.so.1 out/lib/libx.so; ln -s out/prog prog; ln -s /bin/true far; ln -s nowhere out/gone; "
      "printf '#!/bin/sh' > out/tool; chmod +x out/tool; echo x > out/x.txt; echo x > a.log; echo x > keep.log; "
      "echo x > data/made.ned; echo x > src/made.c; mkdir .git; echo x > .git/config; echo '*' > data/.gitignore; "
      "printf '\\177ELF' > short");
  const auto made = checkout_.made().value();
  EXPECT_THAT(made.programs, ElementsAre("out/lib/libx.so", "out/lib/libx.so.1", "out/lib/libx.so.1.2", "out/prog",
                                         "out/tool", "prog"));
  EXPECT_THAT(made.data, ElementsAre("data/.gitignore", "data/made.ned", "far", "keep.log", "short"))
      << "by the rules of the tree alone";
  origin_.write(".gitignore", "out/\n");
  move();
  EXPECT_THAT(checkout_.made()->data, Contains("a.log"));
}

// ---- what make cannot see

class CheckoutThatIsBuilt : public CheckoutOf {
 protected:
  CheckoutThatIsBuilt() {
    origin_.write("CMakeLists.txt", "x");
    origin_.write("src/c.inc", "#include \"maybe.h\"\n");
    move();
    build();
    spoil("mkdir -p out && echo product > out/product");
  }
  void expect_cleaned(const Moved& moved, const std::string& why) const {
    EXPECT_TRUE(moved.cleaned);
    EXPECT_EQ(moved.why, why);
    expect_same();
  }
  void expect_kept(const Moved& moved) const {
    EXPECT_FALSE(moved.cleaned);
    EXPECT_EQ(moved.why, "");
    EXPECT_TRUE(exists("out/product"));
  }
};

TEST_F(CheckoutThatIsBuilt, IsCleanedWhenAMakefileOrScriptChanges) {
  for (const char* name : {"Makefile", "src/makefile", "GNUmakefile", "rules.mk", "sub/makefrag.inc", "tool.sh",
                           ".oppbuildspec", ".oppfeatures", ".oppfeaturestate", "configure", "configure.ac"}) {
    origin_.write(name, "new\n");
    expect_cleaned(move(), fmt::format("{} {}", name, std::string(name) == "Makefile" ? "has changed" : "is new"));
    spoil("mkdir -p out && echo product > out/product");
    origin_.write(name, "changed\n");
    expect_cleaned(move(), fmt::format("{} has changed", name));
    spoil("mkdir -p out && echo product > out/product");
    if (std::string(name) == "Makefile") continue;
    origin_.remove(name);
    expect_cleaned(move(), fmt::format("{} has gone", name));
    spoil("mkdir -p out && echo product > out/product");
  }
}

TEST_F(CheckoutThatIsBuilt, IsKeptWhenMakeOrCMakeSees) {
  origin_.write("CMakeLists.txt", "y");
  origin_.write("sub/x.cmake", "y");
  origin_.write("src/new.c", "new");
  origin_.write("src/new.h", "new");
  origin_.write("configureNetwork.cc", "new");
  origin_.write("src/a.h", "h2");
  origin_.write("readme.md", "text");
  expect_kept(move());
  origin_.remove("readme.md");
  expect_kept(move());
}

TEST_F(CheckoutThatIsBuilt, IsCleanedWhenItIsBuiltInAnotherWay) {
  expect_cleaned(move("make MODE=debug"), "it is built in another way");
  EXPECT_FALSE(move("make MODE=debug").cleaned);
}

TEST_F(CheckoutThatIsBuilt, IsCleanedWhenASourceOrHeaderGoes) {
  origin_.remove("src/b.c");
  expect_cleaned(move(), "src/b.c has gone");
  spoil("mkdir -p out && echo product > out/product");
  origin_.remove("src/a.h");
  expect_cleaned(move(), "src/a.h has gone");
}

TEST_F(CheckoutThatIsBuilt, IsCleanedWhenALinkLeadsElsewhere) {
  fs::remove(origin_.work() / "link");
  fs::create_symlink("src/b.c", origin_.work() / "link");
  expect_cleaned(move(), "the link link leads elsewhere");
  spoil("mkdir -p out && echo product > out/product");
  fs::create_symlink("a.c", origin_.work() / "src/new.c");
  expect_cleaned(move(), "the link src/new.c is new");
}

TEST_F(CheckoutThatIsBuilt, IsCleanedWhenAHeaderHidesAnother) {
  origin_.write("include/a.h", "hides");
  expect_cleaned(move(), "include/a.h is new, and src/a.h has the same name");
}

TEST_F(CheckoutThatIsBuilt, IsCleanedWhenAHeaderComesThatOldFilesLookFor) {
  origin_.write("src/not_maybe.h", "new");
  expect_kept(move());
  origin_.write("src/maybe.h", "new");
  expect_cleaned(move(), "src/maybe.h is new, and files that have not changed name it");
}

TEST_F(CheckoutThatIsBuilt, IsCleanedAfterAnotherStartOfTheMachine) {
  std::string state = read_file(folder_ / "checkout/state").value();
  const std::string boot = boot_id();
  ASSERT_FALSE(boot.empty());
  state.replace(state.find(boot), boot.size(), std::string(boot.size(), 'x'));
  ASSERT_TRUE(write_file(folder_ / "checkout/state", state).has_value());
  expect_cleaned(move(), "the machine was started anew: what was built before may not be on its disk");
}

TEST_F(CheckoutThatIsBuilt, IsCleanedWhenNothingIsKnownOfIt) {
  const std::string state = read_file(folder_ / "checkout/state").value();
  for (const std::size_t size : {state.size() - 1, state.size() / 2, std::size_t{30}, std::size_t{0}}) {
    ASSERT_TRUE(write_file(folder_ / "checkout/state", state.substr(0, size)).has_value());
    spoil("mkdir -p out && echo product > out/product");
    const Moved moved = move();
    EXPECT_THAT(moved.changed, IsEmpty());
    expect_cleaned(moved, "it is not known what lies there");
  }
}

TEST_F(CheckoutThatIsBuilt, LosesWhatACutOffBuildHasWritten) {
  shell(folder_.path(), "touch -d '10 minutes ago' checkout/tree/prog");
  // The time of the last change cannot be set: the build has to begin later than what is to stay.
  ASSERT_TRUE(wait_until([&] {
    return identify(tree() / "out/product")->ctime_ns + 2'100'000'000 < identify(folder_.write("now", ""))->ctime_ns;
  }));
  ASSERT_TRUE(checkout_.build_begins().has_value());
  spoil("echo half > src/a.o; touch -d 2001-01-01 src/a.o; mkdir -p new/er; echo half > new/er/x; echo s > src/a.c");
  const Moved moved = move();
  EXPECT_FALSE(moved.cleaned);
  EXPECT_EQ(moved.why, "the last build was cut off: what it had written was removed (2 files)");
  EXPECT_FALSE(exists("src/a.o"));
  EXPECT_FALSE(exists("new"));
  EXPECT_TRUE(exists("src/b.o"));
  EXPECT_TRUE(exists("out/product"));
  EXPECT_EQ(read("src/a.c"), "a1\n");
  EXPECT_EQ(move().why, "");
}

TEST_F(CheckoutThatIsBuilt, LosesObjectsWhoseNotesOfHeadersACutOffBuildHasWritten) {
  spoil("touch src/a.d src/b.d");
  ASSERT_TRUE(wait_until([&] {
    return identify(tree() / "src/b.d")->ctime_ns + 2'100'000'000 < identify(folder_.write("now", ""))->ctime_ns;
  }));
  ASSERT_TRUE(checkout_.build_begins().has_value());
  spoil("echo half > src/a.d");
  EXPECT_THAT(move().why, HasSubstr("(2 files)"));
  EXPECT_FALSE(exists("src/a.o"));
  EXPECT_TRUE(exists("src/b.o"));
  EXPECT_TRUE(exists("prog"));
}

TEST_F(CheckoutThatIsBuilt, IsCleanedWhenItIsNotClearWhatACutOffBuildHasWritten) {
  for (const char* mark : {"", "x y", "1", "1000 1000"}) {
    spoil("mkdir -p out && echo product > out/product");
    ASSERT_TRUE(write_file(folder_ / "checkout/building", mark).has_value());
    expect_cleaned(move(), "the last build was cut off, and the clock was set");
  }
}

TEST_F(CheckoutThatIsBuilt, KeepsTheMarkOfTheFirstOfSeveralCutOffBuilds) {
  ASSERT_TRUE(checkout_.build_begins().has_value());
  const std::string mark = read_file(folder_ / "checkout/building").value();
  ASSERT_TRUE(checkout_.build_begins().has_value());
  EXPECT_EQ(read_file(folder_ / "checkout/building").value(), mark);
}

}  // namespace
}  // namespace simswarm::source
