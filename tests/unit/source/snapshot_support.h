// A user's folder with git in it, snapshots of it, and what arrives on the other side.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "base/stream.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "source/git.h"
#include "source/snapshot.h"
#include "test_folder.h"

namespace simswarm::source {

// «file», «program» or «link», then the bytes.
using Content = std::map<std::string, std::string>;

inline std::string content_of(const fs::path& file) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0) return "nothing";
  if (S_ISLNK(info.st_mode)) return "link " + fs::read_symlink(file).string();
  if (!S_ISREG(info.st_mode)) return "special";
  return ((info.st_mode & 0100U) != 0 ? "program " : "file ") + read_file(file).value_or("unreadable");
}

// Every file of a folder, with its times: what is not to be touched.
inline Content traces_of(const fs::path& folder, bool times = true) {
  Content found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    struct stat info {};
    ::lstat(entry.path().c_str(), &info);
    const std::string name = entry.path().lexically_relative(folder).string();
    found[name] =
        fmt::format("{} {}.{} {}", info.st_mode, times ? info.st_mtim.tv_sec : 0, times ? info.st_mtim.tv_nsec : 0,
                    entry.is_directory() && !entry.is_symlink() ? "folder" : content_of(entry.path()));
  }
  return found;
}

// Names that differ; empty when nothing does.
inline std::vector<std::string> touched(const Content& before, const Content& after) {
  std::vector<std::string> names;
  for (const auto& [name, content] : before) {
    if (const auto found = after.find(name); found == after.end() || found->second != content) names.push_back(name);
  }
  for (const auto& [name, content] : after) {
    if (!before.contains(name)) names.push_back(name);
  }
  return names;
}

class SnapshotTest : public testing::Test {
 protected:
  SnapshotTest() {
    ::setenv("HOME", home_.path().c_str(), 1);
    ::unsetenv("XDG_CONFIG_HOME");
    home_.write(".gitconfig",
                "[user]\n name = Ada\n email = ada@example.org\n[init]\n defaultBranch = main\n"
                "[protocol \"file\"]\n allow = always\n[advice]\n detachedHead = false\n");
    root_ = home_.folder("project");
  }

  // In the project; fails the test when the script fails.
  void shell(const std::string& script) const { shell_in(root_, script); }
  static void shell_in(const fs::path& folder, const std::string& script) {
    Subprocess process;
    process.argv = {"/bin/sh", "-ec", script};
    process.folder = folder;
    const Answer answer = run(process).value();
    ASSERT_EQ(answer.exit_code, 0) << script << "\n" << answer.output << answer.errors;
  }
  [[nodiscard]] std::string said_by(const std::string& script) const {
    Subprocess process;
    process.argv = {"/bin/sh", "-ec", script};
    process.folder = root_;
    return std::string(trim(run(process).value().output));
  }

  [[nodiscard]] Snapshots open() const { return Snapshots::open(home_ / "source").value(); }
  [[nodiscard]] SnapshotRequest request() const {
    SnapshotRequest request;
    request.roots = {root_};
    return request;
  }
  [[nodiscard]] Snapshot take() const { return take(request()); }
  [[nodiscard]] Snapshot take(const SnapshotRequest& request) const {
    auto taken = open().take(request);
    EXPECT_TRUE(taken.has_value()) << error_of(taken);
    return taken.value_or(Snapshot{});
  }

  // Sends the tree to another machine, as it were, and says what it has there.
  Content arrive(Snapshots& snapshots, const TreeId& tree, const std::optional<TreeId>& base = {}) {
    const GitPlace other{home_ / ("other-" + tree.format())};
    EXPECT_TRUE(make_git_folder(other.git_dir, tree.format(), {}).has_value());
    TextSink sink;
    const Status packed = snapshots.pack(tree, base, sink);
    EXPECT_TRUE(packed.has_value()) << error_of(packed);
    sent_ = sink.text().size();
    const auto taken_in = git(other, {"index-pack", "--stdin", "--fix-thin"}, sink.text());
    EXPECT_TRUE(taken_in.has_value()) << error_of(taken_in);
    const auto complete = git(other, {"fsck", "--connectivity-only", tree.hex()});
    EXPECT_TRUE(complete.has_value()) << error_of(complete);
    return unpack(other, tree);
  }
  Content arrive(const Snapshot& snapshot) {
    Snapshots snapshots = open();
    return arrive(snapshots, snapshot.tree);
  }

  // Empty when all that arrived is what lies there, as it lies there.
  static std::string difference(const Content& arrived, const fs::path& folder) {
    for (const auto& [name, content] : arrived) {
      if (content_of(folder / name) != content)
        return fmt::format("{}: «{}» in place of «{}»", name, content, content_of(folder / name));
    }
    return "";
  }
  static std::vector<std::string> names_of(const Content& content) {
    std::vector<std::string> names;
    for (const auto& [name, text] : content) names.push_back(name);
    return names;
  }

  TestFolder home_;
  fs::path root_;
  std::size_t sent_ = 0;  // bytes of the last pack

 private:
  // `git cat-file --batch` answers «ID blob SIZE», the bytes, and a line's end.
  static Content unpack(const GitPlace& other, const TreeId& tree) {
    const std::string listed = git(other, {"ls-tree", "-r", "-z", tree.hex()}).value();
    std::string wanted;
    for (const std::string_view record : split(listed, '\0')) {
      if (!record.empty()) wanted.append(split(record.substr(0, record.find('\t')), ' ')[2]).append("\n");
    }
    const std::string blobs = wanted.empty() ? "" : git(other, {"cat-file", "--batch"}, wanted).value();
    Content content;
    std::size_t at = 0;
    for (const std::string_view record : split(listed, '\0')) {
      if (record.empty()) continue;
      const std::size_t end = blobs.find('\n', at);
      const auto size =
          static_cast<std::size_t>(parse_int(split(std::string_view(blobs).substr(at, end - at), ' ').back()).value());
      const std::string kind = record.starts_with("120000")   ? "link "
                               : record.starts_with("100755") ? "program "
                                                              : "file ";
      content[std::string(record.substr(record.find('\t') + 1))] = kind + blobs.substr(end + 1, size);
      at = end + 1 + size + 1;
    }
    return content;
  }
};

}  // namespace simswarm::source
