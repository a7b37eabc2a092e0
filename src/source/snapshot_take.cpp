#include "source/snapshot_take.h"

#include <sys/stat.h>

#include <algorithm>
#include <future>
#include <iterator>

#include "base/digest.h"
#include "base/text.h"
#include "source/git.h"
#include "source/snapshot_commit.h"
#include "source/snapshot_list.h"
#include "source/snapshot_look.h"
#include "source/snapshot_rules.h"
#include "source/snapshot_store.h"

namespace simswarm::source {
namespace {

// A root that lies in no other, with those that lie in it.
struct Ground {
  fs::path folder;
  std::vector<fs::path> within;
  Listing listing;
  Look look;
  std::string tree;
};

fs::path common_folder(const std::vector<Ground>& grounds) {
  fs::path top = grounds.front().folder;
  for (const Ground& ground : grounds) {
    while (!lies_in(top, ground.folder)) top = top.parent_path();
  }
  return top;
}

Result<std::vector<Ground>> grounds_of(const SnapshotRequest& request) {
  std::vector<fs::path> roots;
  for (const fs::path& root : request.roots) {
    const fs::path normal = absolute_from("/", root);
    std::error_code error;
    if (!root.is_absolute() || !fs::is_directory(normal, error))
      return usage_error("{}: there is no such folder, so it cannot be a root of the project", root.string());
    if (std::find(roots.begin(), roots.end(), normal) == roots.end()) roots.push_back(normal);
  }
  if (roots.empty()) return usage_error("a snapshot needs a folder to be taken of");
  std::vector<Ground> grounds;
  for (const fs::path& root : roots) {
    const bool outermost = std::none_of(
        roots.begin(), roots.end(), [&root](const fs::path& other) { return other != root && lies_in(other, root); });
    if (outermost) grounds.push_back({root, {}, {}, {}, ""});
  }
  for (const fs::path& root : roots) {
    for (Ground& ground : grounds) {
      if (root != ground.folder && lies_in(ground.folder, root)) ground.within.push_back(root);
    }
  }
  return grounds;
}

class Taking {
 public:
  Taking(const fs::path& folder, const SnapshotRequest& request, bool& damaged)
      : folder_(folder), request_(request), damaged_(damaged) {}

  Result<Snapshot> run() {
    SIMSWARM_TRY(grounds_, grounds_of(request_));
    snapshot_.top = common_folder(grounds_);
    for (const Ground& ground : grounds_) folders_.push_back(ground.folder);
    for (Ground& ground : grounds_) {
      if (!is_of_commit(ground)) SIMSWARM_CHECK(look(ground));
    }
    SIMSWARM_CHECK(expect_sizes());
    note_unmatched();
    SIMSWARM_TRY(const std::string format, format_of_all());
    auto store = Store::open(folder_, format);
    damaged_ = !store.has_value();
    if (!store) return propagate(store.error());
    std::map<std::string, std::string> trees;
    for (Ground& ground : grounds_) {
      SIMSWARM_CHECK(is_of_commit(ground) ? read(*store, ground) : write(*store, ground));
      trees[place_of(ground.folder)] = ground.tree;
    }
    SIMSWARM_TRY(const std::string tree, ours(store->join(trees)));
    SIMSWARM_CHECK(ours(store->keep("taken/" + key_of_roots(), tree)));
    snapshot_.tree = {format + ":" + tree};
    return std::move(snapshot_);
  }

 private:
  // What fails there is a fault of our own folder.
  template <typename T>
  Result<T> ours(Result<T> result) {
    if (!result.has_value()) damaged_ = true;
    return result;
  }

  [[nodiscard]] bool is_of_commit(const Ground& ground) const {
    return !request_.commit.empty() && ground.folder == absolute_from("/", request_.roots.front());
  }

  [[nodiscard]] std::string place_of(const fs::path& folder) const {
    return folder.lexically_relative(snapshot_.top).string();
  }

  [[nodiscard]] std::string key_of_roots() const {
    constexpr std::size_t kDigits = 16;
    Hasher hasher;
    for (const Ground& ground : grounds_) hasher.field(ground.folder.native());
    return hasher.finish().hex().substr(0, kDigits);
  }

  Result<Listing> list(const fs::path& root) const {
    ListRequest request{root, request_.include, request_.left_out, folder_ / "git-none"};
    request.left_out.push_back(folder_);
    return list_files(request);
  }

  Status look(Ground& ground) {
    SIMSWARM_TRY(ground.listing, list(ground.folder));
    std::vector<std::string>& names = ground.listing.names;
    for (const fs::path& within : ground.within) {
      SIMSWARM_TRY(const Listing inner, list(within));
      const std::string prefix = within.lexically_relative(ground.folder).string() + "/";
      for (const std::string& name : inner.names) names.push_back(prefix + name);
      add_notes(within, inner.notes);
    }
    if (!ground.within.empty()) {
      std::sort(names.begin(), names.end());
      names.erase(std::unique(names.begin(), names.end()), names.end());
    }
    ground.look = look_at(ground.folder, folders_, names);
    add_notes(ground.folder, ground.listing.notes);
    add_notes(ground.folder, ground.look.notes);
    const auto pointers = pointers_among(ground.folder, ground.look.files);
    if (!pointers.empty())
      add_notes(ground.folder,
                {fmt::format("git-LFS has not fetched {}: what stands for it comes along (`git lfs pull` brings it)",
                             some_of(pointers))});
    return {};
  }

  void add_notes(const fs::path& root, const std::vector<std::string>& notes) {
    for (const std::string& note : notes) snapshot_.notes.push_back(fmt::format("{}: {}", root.string(), note));
  }

  void note_unmatched() {
    std::map<std::string, std::size_t> unmatched;
    std::size_t listed = 0;
    for (const Ground& ground : grounds_) {
      if (is_of_commit(ground)) continue;
      ++listed;
      for (const std::string& pattern : ground.listing.unmatched) ++unmatched[pattern];
    }
    for (const auto& [pattern, count] : unmatched) {
      if (count == listed)
        snapshot_.notes.push_back(fmt::format("no file matches «{}» of the files to include", pattern));
    }
  }

  Status expect_sizes() const {
    std::vector<Sized> sizes;
    for (const Ground& ground : grounds_) {
      for (const Seen& file : ground.look.files) {
        const fs::path place = grounds_.size() == 1 ? fs::path() : fs::path(place_of(ground.folder));
        sizes.push_back({(place / file.name).string(), file.identity.size});
      }
    }
    return expect_within(std::move(sizes), snapshot_.top, request_.most_bytes, request_.most_file);
  }

  // Of the repository of the first root.
  Result<std::string> format_of_all() {
    const Ground* first = nullptr;
    const fs::path root = absolute_from("/", request_.roots.front());
    for (const Ground& ground : grounds_) {
      if (lies_in(ground.folder, root)) first = &ground;
    }
    if (!is_of_commit(*first)) return first->listing.format;
    SIMSWARM_TRY(const RepositoryState state, ask_state(root));
    if (!state.is_repository)
      return usage_error("{} is no git repository, so there is no commit «{}» of it", root.string(), request_.commit);
    return state.format;
  }

  Status read(Store& store, Ground& ground) {
    SIMSWARM_TRY(const std::string commit, resolve_commit(ground.folder, request_.commit));
    SIMSWARM_TRY(const CommitTree tree,
                 read_commit(store, ground.folder, commit, request_.most_bytes, request_.most_file));
    SIMSWARM_TRY(ground.tree, ours(store.write_tree(tree.entries)));
    for (const Sized& file : tree.sizes) snapshot_.bytes += file.bytes;
    snapshot_.files += tree.sizes.size();
    snapshot_.roots.push_back({ground.folder, place_of(ground.folder), commit, false});
    return {};
  }

  // Files may change while they are read: then once more.
  Status write(Store& store, Ground& ground) {
    constexpr int kTries = 3;
    Listing& listing = ground.listing;
    auto differs =
        std::async(std::launch::async, [&listing, &ground] { return differs_from_commit(ground.folder, listing); });
    std::vector<std::string> restless;
    for (int tries = 0; tries < kTries; ++tries) {
      auto tree = store.write_tree(ground.folder, ground.look.files);
      Look now = look_at(ground.folder, folders_, listing.names);
      restless = differing(ground.look.files, now.files);
      ground.look = std::move(now);
      if (!restless.empty()) continue;
      damaged_ = !tree.has_value() && is_ours_to_mend(tree.error());
      if (!tree) return propagate(tree.error());
      ground.tree = *tree;
      break;
    }
    if (!restless.empty()) {
      SIMSWARM_TRY(ground.tree, ours(store.write_tree(ground.folder, ground.look.files)));
      add_notes(ground.folder, {fmt::format("{} changed while the snapshot was taken", some_of(restless))});
    }
    snapshot_.files += ground.look.files.size();
    snapshot_.bytes += ground.look.bytes;
    const bool changed = differs.get() && ground.tree != listing.tree;
    snapshot_.roots.push_back({ground.folder, place_of(ground.folder), listing.commit, changed});
    return {};
  }

  static bool is_ours_to_mend(const Error& error) {
    return error.message.find("no snapshot can be taken") == std::string::npos;
  }

  // By times and sizes alone: no file is read, no filter of the user's is run.
  static bool differs_from_commit(const fs::path& root, const Listing& listing) {
    if (listing.commit.empty()) return false;
    if (listing.has_untracked) return true;
    const auto answer = ask_git(root, {"-c", "filter.lfs.clean=cat", "-c", "filter.lfs.process=", "-c",
                                       "filter.lfs.required=false", "diff-index", "--quiet", "HEAD", "--", "."});
    return !answer.has_value() || answer->exit_code != 0;
  }

  const fs::path& folder_;
  const SnapshotRequest& request_;
  bool& damaged_;
  std::vector<Ground> grounds_;
  std::vector<fs::path> folders_;  // of these
  Snapshot snapshot_;
};

}  // namespace

Result<Snapshot> take_snapshot(const fs::path& folder, const SnapshotRequest& request, bool& damaged) {
  damaged = false;
  return Taking(folder, request, damaged).run();
}

}  // namespace simswarm::source
