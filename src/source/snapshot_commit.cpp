#include "source/snapshot_commit.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/text.h"
#include "source/snapshot_rules.h"

namespace simswarm::source {
namespace {

// Where git is asked about a commit: a work tree, or a git folder without one.
struct Place {
  fs::path folder;
  bool is_git_dir = false;
};

Result<Answer> ask(const Place& place, std::vector<std::string> words, const GitPipes& pipes = {}) {
  if (place.is_git_dir) words.insert(words.begin(), {"--git-dir=.", "--work-tree=."});
  return ask_git(place.folder, std::move(words), pipes);
}

std::string first_line(const std::string& text) {
  return text.substr(0, std::min(text.find('\n'), text.size()));
}

// «MODE TYPE ID SIZE<tab>PATH»
struct Record {
  std::string mode;
  std::string type;
  std::string id;
  std::uint64_t size = 0;
  std::string path;
};

Record read_record(std::string_view text) {
  const std::size_t tab = std::min(text.find('\t'), text.size() - 1);
  std::vector<std::string> words;
  for (const std::string_view word : split(text.substr(0, tab), ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  words.resize(4);
  const auto size = parse_int(words[3]);
  return {words[0], words[1], words[2], static_cast<std::uint64_t>(size.value_or(0)),
          std::string(text.substr(tab + 1))};
}

class Reader {
 public:
  Reader(Store& store, const fs::path& root) : store_(store), root_(root) {}

  Status list(const Place& place, const std::string& commit, const std::string& prefix) {
    SIMSWARM_TRY(const Answer answer, ask(place, {"ls-tree", "-r", "-z", "-l", commit}));
    if (answer.exit_code != 0)
      return environment_error("git cannot read the files of commit {} of {}: {}", commit, place.folder.string(),
                               complaint(answer));
    std::vector<Record> modules;
    for (const std::string_view text : split(answer.output, '\0')) {
      if (text.empty()) continue;
      Record record = read_record(text);
      if (record.type == "commit") {
        modules.push_back(std::move(record));
        continue;
      }
      add(place, prefix, std::move(record));
    }
    for (const Record& record : modules) {
      SIMSWARM_TRY(const Place inner, find_module(place, commit, prefix, record));
      SIMSWARM_CHECK(list(inner, record.id, prefix + record.path + "/"));
    }
    return {};
  }

  // Objects that are not yet in the store.
  Status copy_objects() {
    for (auto& [folder, wanted] : wanted_) {
      SIMSWARM_TRY(const std::vector<std::string> ids, store_.missing(wanted.ids));
      if (ids.empty()) continue;
      const Fd pack(::open(store_.git_dir().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
      if (!pack.valid()) return system_error(errno, store_.git_dir().string());
      std::string input;
      for (const std::string& id : ids) input.append(id).push_back('\n');
      GitPipes pipes;
      pipes.input = input;
      pipes.output_to = pack.get();
      SIMSWARM_TRY(const Answer answer, ask(wanted.place, {"pack-objects", "--stdout", "-q", "--window=0"}, pipes));
      if (answer.exit_code != 0)
        return environment_error(
            "{}: objects of the commit are not here ({}); in a partial clone `git fetch --refetch` brings them", folder,
            complaint(answer));
      SIMSWARM_CHECK(store_.take_in(pack.get()));
    }
    return {};
  }

  // What git-LFS would have put in the places of its pointers.
  Status put_lfs_files(std::uint64_t most_bytes, std::uint64_t most_file) {
    SIMSWARM_TRY(const bool used, uses_lfs());
    if (!used) return {};
    std::vector<std::pair<std::size_t, fs::path>> files;
    std::vector<std::string> absent;
    for (std::size_t i = 0; i < tree_.entries.size(); ++i) {
      const bool maybe = tree_.sizes[i].bytes >= kLeastPointer && tree_.sizes[i].bytes <= kMostPointer;
      if (!maybe || !tree_.entries[i].mode.starts_with("100")) continue;
      SIMSWARM_TRY(const std::string text, store_.content(tree_.entries[i].id));
      const std::string object = lfs_object_of(text);
      if (object.empty()) continue;
      const fs::path file = lfs_store_of(i) / object.substr(0, 2) / object.substr(2, 2) / object;
      std::error_code error;
      tree_.sizes[i].bytes = fs::file_size(file, error);
      if (error)
        absent.push_back(tree_.entries[i].path);
      else
        files.emplace_back(i, file);
    }
    if (!absent.empty())
      return environment_error("{}: git-LFS has not fetched {} of commit {}: `git lfs fetch origin {}` brings {}",
                               root_.string(), some_of(absent), tree_.commit, tree_.commit,
                               absent.size() == 1 ? "it" : "them");
    SIMSWARM_CHECK(expect_within(tree_.sizes, root_, most_bytes, most_file));
    for (const auto& [place, file] : files) {
      SIMSWARM_TRY(tree_.entries[place].id, store_.add_file(file));
    }
    return {};
  }

  [[nodiscard]] CommitTree& tree() { return tree_; }

 private:
  struct Wanted {
    Place place;
    std::vector<std::string> ids;
  };

  void add(const Place& place, const std::string& prefix, Record record) {
    Wanted& wanted = wanted_.try_emplace(place.folder.string(), Wanted{place, {}}).first->second;
    wanted.ids.push_back(record.id);
    places_.push_back(&wanted.place);
    tree_.sizes.push_back({prefix + record.path, record.size});
    tree_.entries.push_back({std::move(record.mode), std::move(record.id), prefix + record.path});
  }

  // A submodule at its commit: in its work tree, or where git keeps it for this one.
  Result<Place> find_module(const Place& place, const std::string& commit, const std::string& prefix,
                            const Record& record) const {
    std::vector<Place> candidates{{root_ / (prefix + record.path), false}};
    std::error_code error;
    if (!fs::exists(fs::symlink_status(candidates.front().folder / ".git", error))) candidates.clear();
    SIMSWARM_TRY(const std::string name, module_name(place, commit, record.path));
    candidates.push_back({common_dir(place) / "modules" / name, true});
    for (const Place& candidate : candidates) {
      if (!fs::is_directory(candidate.folder, error)) continue;
      const auto known = ask(candidate, {"cat-file", "-e", record.id + "^{commit}"});
      if (known.has_value() && known->exit_code == 0) return candidate;
    }
    return environment_error(
        "{}: commit {} of the submodule {} is not here: `git submodule update --init -- {}` brings it", root_.string(),
        record.id, prefix + record.path, prefix + record.path);
  }

  static Result<std::string> module_name(const Place& place, const std::string& commit, const std::string& path) {
    SIMSWARM_TRY(const Answer answer, ask(place, {"config", "--blob", commit + ":.gitmodules", "-z", "--get-regexp",
                                                  "^submodule\\..*\\.path$"}));
    constexpr std::string_view kBefore = "submodule.";
    constexpr std::string_view kBehind = ".path";
    for (const std::string_view record : split(answer.output, '\0')) {
      const std::size_t end = record.find('\n');
      if (end == std::string_view::npos || record.substr(end + 1) != path) continue;
      const std::string_view key = record.substr(0, end);
      return std::string(key.substr(kBefore.size(), key.size() - kBefore.size() - kBehind.size()));
    }
    return path;
  }

  static fs::path common_dir(const Place& place) {
    if (place.is_git_dir) return place.folder;
    const auto answer = ask(place, {"rev-parse", "--path-format=absolute", "--git-common-dir"});
    std::string text = answer.has_value() ? answer->output : "";
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

  fs::path lfs_store_of(std::size_t entry) {
    const Place& place = *places_[entry];
    auto [known, fresh] = lfs_.try_emplace(place.folder.string());
    if (fresh) known->second = common_dir(place) / "lfs" / "objects";
    return known->second;
  }

  Result<bool> uses_lfs() const {
    for (const Store::Entry& entry : tree_.entries) {
      if (!entry.path.ends_with(".gitattributes") || !entry.mode.starts_with("100")) continue;
      SIMSWARM_TRY(const std::string text, store_.content(entry.id));
      if (text.find("filter=lfs") != std::string::npos) return true;
    }
    return false;
  }

  Store& store_;
  const fs::path& root_;
  CommitTree tree_;
  std::map<std::string, Wanted> wanted_;  // by the folder of its place
  std::vector<const Place*> places_;      // of each entry
  std::map<std::string, fs::path> lfs_;   // by the folder of a place
};

}  // namespace

Result<std::string> resolve_commit(const fs::path& root, const std::string& name) {
  if (!name.starts_with('-')) {
    SIMSWARM_TRY(const Answer answer, ask_git(root, {"rev-parse", "--verify", "--quiet", name + "^{commit}"}));
    if (answer.exit_code == 0) return first_line(answer.output);
  }
  SIMSWARM_TRY(const Answer refs,
               ask_git(root, {"for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes"}));
  std::vector<std::string> names;
  for (const std::string_view line : lines(refs.output)) names.emplace_back(line);
  std::vector<std::string> near;
  for (const std::string& one : near_misses(name, names)) near.push_back("«" + one + "»");
  if (near.empty())
    return usage_error("{}: «{}» is no commit of this repository (`git fetch` may bring it)", root.string(), name);
  return usage_error("{}: «{}» is no commit of this repository; did you mean {}?", root.string(), name,
                     join(near, ", "));
}

Result<CommitTree> read_commit(Store& store, const fs::path& root, const std::string& commit, std::uint64_t most_bytes,
                               std::uint64_t most_file) {
  Reader reader(store, root);
  reader.tree().commit = commit;
  SIMSWARM_CHECK(reader.list({root, false}, commit, ""));
  SIMSWARM_CHECK(expect_within(reader.tree().sizes, root, most_bytes, most_file));
  SIMSWARM_CHECK(reader.copy_objects());
  SIMSWARM_CHECK(reader.put_lfs_files(most_bytes, most_file));
  return std::move(reader.tree());
}

}  // namespace simswarm::source
