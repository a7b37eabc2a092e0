#include "checkout_support.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stream_support.h"

namespace simswarm::source {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

std::string entry(const std::string& mode, const std::string& name, const std::string& object) {
  return mode + " " + name + '\0' + bytes_of(object);
}

class TreesOf : public testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] std::size_t count(const std::string& where, const std::string& ending) const {
    std::size_t found = 0;
    for (const auto& file : fs::recursive_directory_iterator(folder_ / "trees" / where))
      found += file.path().native().ends_with(ending) ? 1 : 0;
    return found;
  }
  // Says why not, and leaves nothing.
  void expect_refused(const std::string& pack, const TreeId& tree, const testing::Matcher<std::string>& message) const {
    const Status status = import(trees_, pack, tree);
    EXPECT_THAT(error_of(status), message);
    EXPECT_EQ(error_of(status).find('\n'), std::string::npos);
    EXPECT_FALSE(trees_.has(tree).value());
    EXPECT_TRUE(fs::is_empty(folder_ / "trees" / "incoming"));
  }

  TestFolder folder_;
  Origin origin_{folder_, GetParam()};
  Trees trees_ = Trees::open(folder_ / "trees").value();
};

INSTANTIATE_TEST_SUITE_P(Formats, TreesOf, testing::Values("sha1", "sha256"),
                         [](const auto& info) { return info.param; });

TEST_P(TreesOf, AreHereWhenTheyWereTakenIn) {
  origin_.write("src/a.c", "int a;\n");
  const TreeId tree = origin_.tree();
  EXPECT_FALSE(trees_.has(tree).value());
  EXPECT_EQ(error_of(import(trees_, origin_.pack(tree), tree)), "no error");
  EXPECT_TRUE(trees_.has(tree).value());
  EXPECT_TRUE(Trees::open(folder_ / "trees").value().has(tree).value());
}

TEST_P(TreesOf, ComeAsWhatAnotherLacks) {
  for (int i = 0; i < 50; ++i) origin_.write(fmt::format("{}.txt", i), mixed_text(5000) + std::to_string(i));
  const TreeId first = origin_.tree();
  const std::string commit = origin_.commit(first);
  ASSERT_TRUE(import(trees_, origin_.pack_revs(commit), first).has_value());
  origin_.write("7.txt", mixed_text(5000) + "changed");
  const TreeId second = origin_.tree();
  const std::string pack = origin_.pack_revs(origin_.commit(second, commit) + "\n^" + commit);
  EXPECT_LT(pack.size(), 2000U) << "the file comes as what differs";
  EXPECT_EQ(error_of(import(trees_, pack, second)), "no error");
  EXPECT_TRUE(trees_.has(second).value());
}

TEST_P(TreesOf, MayNeedNothingMore) {
  origin_.write("src/a.c", "int a;\n");
  const TreeId outer = origin_.tree();
  ASSERT_TRUE(import(trees_, origin_.pack(outer), outer).has_value());
  const TreeId inner{GetParam() + ":" + std::string(trim(origin_.git({"rev-parse", outer.hex() + ":src"})))};
  const std::string empty = origin_.pack_revs(inner.hex() + "\n^" + outer.hex());
  EXPECT_EQ(error_of(import(trees_, empty, inner)), "no error");
  EXPECT_TRUE(trees_.has(inner).value());
}

TEST_P(TreesOf, AreRefusedWithoutTheirBase) {
  origin_.write("a", mixed_text(5000));
  const TreeId first = origin_.tree();
  origin_.write("a", mixed_text(5000) + "more");
  origin_.write("b", "");
  const TreeId second = origin_.tree();
  const std::string commit = origin_.commit(first);
  expect_refused(origin_.pack_revs(origin_.commit(second, commit) + "\n^" + commit), second,
                 AllOf(StartsWith("the pack of " + second.text + " builds upon objects that are not here"),
                       HasSubstr("send all of it")));
}

TEST_P(TreesOf, AreRefusedWithoutAFile) {
  const std::string file = origin_.object("here");
  const std::string other = origin_.object("not sent");
  const TreeId tree = origin_.raw_tree(entry("100644", "a", file) + entry("100644", "b", other));
  expect_refused(origin_.pack_of(tree.hex() + "\n" + file + "\n"), tree,
                 HasSubstr("builds upon objects that are not here"));
}

TEST_P(TreesOf, AreRefusedWhenThePackIsAnothers) {
  origin_.write("a", "1");
  const TreeId one = origin_.tree();
  origin_.write("a", "2");
  const TreeId two = origin_.tree();
  expect_refused(origin_.pack(one), two, "the pack of " + two.text + " holds no such tree: send all of it");
  EXPECT_EQ(count("", ".pack"), 0U);
}

TEST_P(TreesOf, AreRefusedCutAtAnyPlace) {
  origin_.write("a", mixed_text(3000));
  origin_.write("b/c", "c");
  const TreeId tree = origin_.tree();
  const std::string pack = origin_.pack(tree);
  for (std::size_t size = 0; size < pack.size(); size += 1 + pack.size() / 9)
    expect_refused(pack.substr(0, size), tree,
                   AllOf(StartsWith("the pack of " + tree.text + " is cut or damaged ("), HasSubstr("send it again")));
}

TEST_P(TreesOf, AreRefusedWithAnyBitFlipped) {
  origin_.write("a", mixed_text(300));
  const TreeId tree = origin_.tree();
  const std::string pack = origin_.pack(tree);
  for (std::size_t at = 0; at < pack.size(); at += 1 + pack.size() / 19) {
    std::string damaged = pack;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const Status status = import(trees_, damaged, tree);
    EXPECT_FALSE(status.has_value()) << at;
    EXPECT_FALSE(trees_.has(tree).value());
  }
  EXPECT_EQ(error_of(import(trees_, pack, tree)), "no error") << "and the right one is taken after all that";
}

TEST_P(TreesOf, WithNamesThatLeadOutAreRefused) {
  const std::string file = origin_.object("content");
  const TreeId inner = origin_.raw_tree(entry("100644", "a", file));
  const auto refuse = [&](const std::string& content, const std::string& word) {
    const TreeId tree = origin_.raw_tree(content);
    const std::string objects = tree.hex() + "\n" + inner.hex() + "\n" + file + "\n";
    expect_refused(origin_.pack_of(objects), tree, AllOf(StartsWith(tree.text + " is refused: "), HasSubstr(word)));
  };
  refuse(entry("40000", "..", inner.hex()), "hasDotdot");
  refuse(entry("40000", ".", inner.hex()), "hasDot");
  refuse(entry("40000", ".git", inner.hex()), "hasDotgit");
  refuse(entry("40000", ".GiT", inner.hex()), "hasDotgit");
  refuse(entry("40000", "git~1", inner.hex()), "hasDotgit");
  refuse(entry("40000", ".g\u200cit", inner.hex()), "hasDotgit");
  refuse(entry("40000", ".git.", inner.hex()), "hasDotgit");
  refuse(entry("100644", ".git", file), "hasDotgit");
  refuse(entry("100644", "/etc/passwd", file), "fullPathname");
  refuse(entry("100644", "a/b", file), "fullPathname");
  refuse(entry("100644", "", file), "badTree");
  refuse(entry("100644", "a", file) + entry("100644", "a", file), "duplicateEntries");
  refuse(entry("100644", "a", file) + entry("100644", "a.c", file) + entry("40000", "a", inner.hex()),
         "duplicateEntries");
  refuse(entry("100644", "b", file) + entry("100644", "a", file), "treeNotSorted");
}

TEST_P(TreesOf, WithFilesThatAreFoldersAreRefused) {
  const std::string file = origin_.object("content");
  const TreeId inner = origin_.raw_tree(entry("100644", "a", file));
  const TreeId lying = origin_.raw_tree(entry("100644", "folder", inner.hex()));
  expect_refused(origin_.pack_of(lying.hex() + "\n" + inner.hex() + "\n" + file + "\n"), lying,
                 StartsWith(lying.text + " is refused: object "));
}

TEST_P(TreesOf, OldRepositoriesHoldAreTaken) {
  const std::string file = origin_.object("content");
  const TreeId tree = origin_.raw_tree(entry("100664", "group", file));
  EXPECT_EQ(error_of(import(trees_, origin_.pack_of(tree.hex() + "\n" + file + "\n"), tree)), "no error");
}

TEST_P(TreesOf, AreRefusedWhenTheyAreTooLarge) {
  origin_.write("zeros", std::string(300'000, '\0'));
  for (int i = 0; i < 4; ++i) origin_.write(std::to_string(i), "");
  const TreeId tree = origin_.tree();
  const std::string pack = origin_.pack(tree);
  const auto with = [&](const TreeLimits& limits) {
    const Trees trees = Trees::open(folder_ / "small", limits).value();
    const Status status = import(trees, pack, tree);
    EXPECT_FALSE(trees.has(tree).value());
    return error_of(status);
  };
  EXPECT_EQ(with({.pack_bytes = 100}), "the pack of " + tree.text + " has more than 100 B");
  EXPECT_EQ(with({.tree_bytes = 200'000}),
            tree.text + " is refused: its files have 293.0 KiB, which is more than 195.3 KiB");
  EXPECT_EQ(with({.tree_files = 3}), tree.text + " is refused: it has more than 3 files");
}

TEST_P(TreesOf, ThatHoldOneAnotherManyTimesAreRefusedSoon) {
  TreeId tree = origin_.raw_tree(entry("100644", "a", origin_.object("x")));
  std::string objects = origin_.object("x") + "\n" + tree.hex() + "\n";
  for (int level = 0; level < 12; ++level) {
    std::string content;
    for (char name = 'a'; name < 'k'; ++name) content += entry("40000", std::string(1, name), tree.hex());
    tree = origin_.raw_tree(content);
    objects += tree.hex() + "\n";
  }
  expect_refused(origin_.pack_of(objects), tree, tree.text + " is refused: it has more than 1000000 files");
}

TEST_P(TreesOf, GiveTheErrorOfTheirStream) {
  origin_.write("a", "1");
  const TreeId tree = origin_.tree();
  BrokenSource source(origin_.pack(tree).substr(0, 20));
  EXPECT_EQ(error_of(trees_.import(source, tree)), "the line is cut");
  EXPECT_FALSE(trees_.has(tree).value());
}

TEST_P(TreesOf, OfOtherIdsAreNone) {
  for (const char* text : {"sha1:../../../etc", "md5:00", "sha1:", "", "sha1:ABCDEF"}) {
    EXPECT_EQ(error_of(trees_.has(TreeId{text})), fmt::format("«{}» is no tree: sha1:… or sha256:… is one", text));
  }
}

TEST_P(TreesOf, AreTakenInByManyAtOnce) {
  constexpr int kProcesses = 6;
  constexpr int kTrees = 4;
  std::vector<std::pair<TreeId, std::string>> packs;
  for (int i = 0; i < kTrees; ++i) {
    origin_.write("a", std::to_string(i));
    const TreeId tree = origin_.tree();
    packs.emplace_back(tree, origin_.pack(tree));
  }
  std::vector<pid_t> processes;
  for (int process = 0; process < kProcesses; ++process) {
    processes.push_back(::fork());
    if (processes.back() != 0) continue;
    const auto trees = Trees::open(folder_ / "shared", {.packs = 2});
    bool good = trees.has_value();
    for (const auto& [tree, pack] : packs) good = good && import(*trees, pack, tree).has_value();
    ::_exit(good ? 0 : 1);
  }
  for (const pid_t process : processes) {
    int status = 0;
    ASSERT_EQ(::waitpid(process, &status, 0), process);
    EXPECT_EQ(status, 0);
  }
  const Trees trees = Trees::open(folder_ / "shared").value();
  for (const auto& [tree, pack] : packs) {
    EXPECT_TRUE(trees.has(tree).value());
    EXPECT_TRUE(git({folder_ / "shared" / GetParam()}, {"rev-list", "--objects", tree.hex()}).has_value());
  }
}

TEST_P(TreesOf, BecomeFewPacksAndOldOnesAreDropped) {
  const Trees trees = Trees::open(folder_ / "few", {.packs = 5}).value();
  std::vector<TreeId> ids;
  const auto add = [&] {
    origin_.write("a", mixed_text(1000) + std::to_string(ids.size()));
    ids.push_back(origin_.tree());
    ASSERT_EQ(error_of(import(trees, origin_.pack(ids.back()), ids.back())), "no error");
  };
  for (int i = 0; i < 5; ++i) add();
  const auto set_old = [&](const TreeId& tree) {
    fs::last_write_time(folder_ / "few" / GetParam() / "refs" / "trees" / tree.hex(),
                        fs::file_time_type::clock::now() - std::chrono::hours(24 * 31));
  };
  set_old(ids[0]);
  set_old(ids[1]);
  EXPECT_TRUE(trees.has(ids[1]).value()) << "somebody has asked for it again";
  add();
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "few" / GetParam() / "objects" / "pack"), {}) / 2, 1)
      << "a pack and its index";
  EXPECT_FALSE(trees.has(ids[0]).value());
  EXPECT_FALSE(git({folder_ / "few" / GetParam()}, {"cat-file", "-e", ids[0].hex()}).has_value());
  for (std::size_t i = 1; i < ids.size(); ++i) {
    EXPECT_TRUE(trees.has(ids[i]).value());
    EXPECT_TRUE(git({folder_ / "few" / GetParam()}, {"rev-list", "--objects", ids[i].hex()}).has_value());
  }
}

TEST_P(TreesOf, StayAsTheyAreWhileOthersRead) {
  const Trees trees = Trees::open(folder_ / "few", {.packs = 1}).value();
  const Fd reader(::open((folder_ / "few" / "lock").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(reader.get(), LOCK_SH), 0);
  for (int i = 0; i < 3; ++i) {
    origin_.write("a", std::to_string(i));
    const TreeId tree = origin_.tree();
    EXPECT_EQ(error_of(import(trees, origin_.pack(tree), tree)), "no error");
  }
  const auto packs = [&] {
    std::size_t found = 0;
    for (const auto& file : fs::directory_iterator(folder_ / "few" / GetParam() / "objects" / "pack"))
      found += file.path().extension() == ".pack" ? 1 : 0;
    return found;
  };
  EXPECT_EQ(packs(), 3U);
  ::flock(reader.get(), LOCK_UN);
  origin_.write("a", "last");
  const TreeId tree = origin_.tree();
  EXPECT_EQ(error_of(import(trees, origin_.pack(tree), tree)), "no error");
  EXPECT_EQ(packs(), 1U);
}

TEST_P(TreesOf, WhatKilledProcessesHaveLeftIsRemoved) {
  folder_.write("trees/incoming/abc/pack", "half");
  ASSERT_TRUE(Trees::open(folder_ / "trees").has_value());
  EXPECT_TRUE(fs::is_empty(folder_ / "trees" / "incoming"));
}

}  // namespace
}  // namespace simswarm::source
