// A user's side for tests of checkouts: a folder of files that becomes trees and packs.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/stream.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "source/checkout.h"
#include "source/git.h"
#include "test_folder.h"

namespace simswarm::source {

class Origin {
 public:
  explicit Origin(const TestFolder& folder, std::string format = "sha1")
      : git_(folder / ("origin-" + format)), work_(folder.folder("origin-work")), format_(std::move(format)) {
    EXPECT_TRUE(make_git_folder(git_, format_, {}).has_value());
  }

  [[nodiscard]] const fs::path& work() const { return work_; }
  void write(const std::string& name, std::string_view content) const {
    fs::create_directories((work_ / name).parent_path());
    EXPECT_TRUE(write_file(work_ / name, content).has_value());
  }
  void remove(const std::string& name) const { EXPECT_GT(fs::remove_all(work_ / name), 0U) << name; }

  [[nodiscard]] std::string git(std::vector<std::string> words, std::string_view input = {}) const {
    const std::string name = words.front();
    const Result<std::string> answer = source::git({git_, work_}, std::move(words), input);
    EXPECT_TRUE(answer.has_value()) << name << ": " << error_of(answer);
    return answer.value_or("");
  }
  // Of all that lies in the folder.
  [[nodiscard]] TreeId tree() const {
    static_cast<void>(git({"add", "--all", "--force", "."}));
    return id(git({"write-tree"}));
  }
  // Of objects that git would not make.
  [[nodiscard]] TreeId raw_tree(const std::string& content) const {
    return id(git({"hash-object", "-t", "tree", "-w", "--literally", "--stdin"}, content));
  }
  [[nodiscard]] std::string object(std::string_view content) const {
    return std::string(trim(git({"hash-object", "-w", "--stdin"}, content)));
  }
  [[nodiscard]] std::string pack(const TreeId& tree) const { return pack_revs(tree.hex()); }
  // What `revs` (a line each) name, but for what «^REV» names, as differences from that where it is a commit.
  [[nodiscard]] std::string pack_revs(const std::string& revs) const {
    return git({"pack-objects", "--revs", "--thin", "--stdout", "-q"}, revs + "\n");
  }
  [[nodiscard]] std::string commit(const TreeId& tree, const std::string& parent = {}) const {
    std::vector<std::string> words{"-c", "user.name=x", "-c", "user.email=x", "commit-tree", tree.hex()};
    if (!parent.empty()) words.insert(words.end(), {"-p", parent});
    return std::string(trim(git(std::move(words), "a commit")));
  }
  // Only these objects.
  [[nodiscard]] std::string pack_of(const std::string& objects) const {
    return git({"pack-objects", "--stdout", "-q"}, objects);
  }

 private:
  [[nodiscard]] TreeId id(std::string_view hex) const { return {format_ + ":" + std::string(trim(hex))}; }
  fs::path git_;
  fs::path work_;
  std::string format_;
};

inline Status import(const Trees& trees, std::string_view pack, const TreeId& tree) {
  TextSource source(pack);
  return trees.import(source, tree);
}

inline std::string shell(const fs::path& folder, const std::string& command, int* exit_code = nullptr) {
  Subprocess process;
  process.argv = {"sh", "-c", command};
  process.folder = folder;
  const Answer answer = run(process).value();
  if (exit_code != nullptr)
    *exit_code = answer.exit_code;
  else
    EXPECT_EQ(answer.exit_code, 0) << command << "\n" << answer.errors;
  return answer.output;
}

// All files and links below a folder with modes and contents, a line each: what can be seen of it.
inline std::string picture(const fs::path& folder) {
  return shell(folder, "find . -type f -printf '%m ' -exec sha256sum {} + -o -type l -printf '%p -> %l\\n' | sort -k3");
}

}  // namespace simswarm::source
