#include "source/snapshot_list.h"

#include <algorithm>
#include <future>
#include <set>

#include "base/text.h"
#include "source/git.h"
#include "source/snapshot_rules.h"

namespace simswarm::source {
namespace {

constexpr int kDeepest = 32;  // repositories within repositories

std::vector<std::string_view> records(std::string_view text) {
  std::vector<std::string_view> all = split(text, '\0');
  if (!all.empty() && all.back().empty()) all.pop_back();
  return all;
}

std::future<Result<Answer>> question(const fs::path& folder, std::vector<std::string> words) {
  return std::async(std::launch::async, [folder, words = std::move(words)] { return ask_git(folder, words); });
}

// `H 100644 ID STAGE<tab>NAME` of what is tracked, `? NAME` of what is not.
struct Record {
  bool tracked = false;
  bool module = false;
  std::string_view name;
};

Record read_record(std::string_view record) {
  constexpr std::string_view kModule = "160000 ";
  if (record.starts_with("? ")) return {false, false, record.substr(2)};
  const std::size_t tab = std::min(record.find('\t'), record.size() - 1);
  return {true, record.size() > 2 && record.substr(2).starts_with(kModule), record.substr(tab + 1)};
}

class Lister {
 public:
  explicit Lister(const ListRequest& request) : request_(request), matched_(request.include.size()) {
    for (const fs::path& folder : request.left_out) {
      if (folder != request.root && lies_in(request.root, folder))
        left_out_.push_back(folder.lexically_relative(request.root).string());
    }
  }

  Result<Listing> run() {
    SIMSWARM_CHECK(list("", 0));
    std::sort(listing_.names.begin(), listing_.names.end());
    listing_.names.erase(std::unique(listing_.names.begin(), listing_.names.end()), listing_.names.end());
    note_unmatched();
    return std::move(listing_);
  }

 private:
  [[nodiscard]] fs::path folder_of(const std::string& prefix) const {
    return prefix.empty() ? request_.root : request_.root / prefix.substr(0, prefix.size() - 1);
  }

  // `prefix` is empty, or ends with «/».
  Status list(const std::string& prefix, int depth) {
    if (depth > kDeepest)
      return usage_error("{}: repositories lie within each other too deep", folder_of(prefix).string());
    const fs::path folder = folder_of(prefix);
    auto files = question(folder, {"ls-files", "-z", "-t", "--stage", "--cached", "--others", "--exclude-standard"});
    auto ignored = question(folder, {"ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"});
    SIMSWARM_TRY(const RepositoryState state, ask_state(folder));
    SIMSWARM_TRY(const Answer listed, files.get());
    SIMSWARM_TRY(const Answer left, ignored.get());
    if (!state.is_repository || (!state.at_top && is_unknown_to_git(folder, listed))) return list_plain(prefix, depth);
    if (prefix.empty()) note_state(state);
    for (const Answer* answer : {&listed, &left}) {
      if (answer->exit_code != 0)
        return environment_error(
            "git cannot list the files of {}: {}; if its index is damaged, `git reset` there makes it anew",
            folder.string(), complaint(*answer));
    }
    SIMSWARM_CHECK(take_listed(prefix, listed.output, depth));
    return take_ignored(prefix, left.output);
  }

  // A project in a folder that a repository around it ignores (as of somebody's home folder).
  static bool is_unknown_to_git(const fs::path& folder, const Answer& listed) {
    if (listed.exit_code != 0 || !listed.output.empty()) return false;
    const auto answer = ask_git(folder, {"check-ignore", "--quiet", folder.string()});
    return answer.has_value() && answer->exit_code == 0;
  }

  void note_state(const RepositoryState& state) {
    listing_.is_repository = true;
    listing_.format = state.format;
    listing_.commit = state.commit;
    if (state.at_top) listing_.tree = state.tree;
  }

  Status take_listed(const std::string& prefix, std::string_view output, int depth) {
    std::vector<std::string> inner;
    for (const std::string_view text : records(output)) {
      const Record record = read_record(text);
      if (record.name.empty()) continue;
      std::string name = fmt::format("{}{}", prefix, record.name);
      if (record.module || name.ends_with('/')) {
        if (!name.ends_with('/')) name += '/';
        inner.push_back(std::move(name));
        continue;
      }
      if (is_left_out(name)) continue;
      listing_.has_untracked = listing_.has_untracked || !record.tracked;
      listing_.names.push_back(std::move(name));
    }
    inner.erase(std::unique(inner.begin(), inner.end()), inner.end());
    for (const std::string& name : inner) SIMSWARM_CHECK(take_inner(name, depth));
    return {};
  }

  Status take_inner(const std::string& prefix, int depth) {
    if (is_left_out(prefix)) return {};
    const fs::path folder = folder_of(prefix);
    std::error_code error;
    if (!fs::is_directory(fs::symlink_status(folder, error))) {
      if (fs::exists(fs::symlink_status(folder, error))) listing_.names.push_back(prefix.substr(0, prefix.size() - 1));
      return {};
    }
    if (fs::is_empty(folder, error)) {
      listing_.notes.push_back(fmt::format(
          "the submodule {} is not checked out, so the snapshot lacks it (git submodule update --init)", prefix));
      return {};
    }
    listing_.inner.push_back(prefix.substr(0, prefix.size() - 1));
    if (!fs::exists(fs::symlink_status(folder / ".git", error))) return list_plain(prefix, depth + 1);
    return list(prefix, depth + 1);
  }

  Status take_ignored(const std::string& prefix, std::string_view output) {
    for (const std::string_view record : records(output)) {
      const std::string name = fmt::format("{}{}", prefix, record);
      if (is_left_out(name)) continue;
      if (!name.ends_with('/')) {
        if (is_included(name) || decides_build(request_.root / name)) listing_.names.push_back(name);
      } else if (may_be_included(name)) {
        walk_ignored(name.substr(0, name.size() - 1));
      }
    }
    return {};
  }

  // What cannot be entered is passed over: git does not look there either.
  void walk_ignored(const std::string& folder) {
    std::error_code error;
    std::vector<std::string> below;
    for (auto entry = fs::directory_iterator(request_.root / folder, error); entry != fs::directory_iterator();
         entry.increment(error)) {
      std::string name = fmt::format("{}/{}", folder, entry->path().filename().string());
      if (error || is_left_out(name)) continue;
      if (entry->is_directory(error) && !entry->is_symlink(error)) {
        if (may_be_included(name)) below.push_back(std::move(name));
      } else if (is_included(name)) {
        listing_.names.push_back(std::move(name));
      }
    }
    for (const std::string& name : below) walk_ignored(name);
  }

  // A folder that is no repository: git lists it for a git folder of nobody's, so that `.gitignore` counts.
  Status list_plain(const std::string& prefix, int depth) {
    const fs::path folder = folder_of(prefix);
    SIMSWARM_TRY(const std::string git_dir, empty_git_folder());
    const GitPlace place{git_dir, folder, fs::path(git_dir) / "no-index"};
    SIMSWARM_TRY(const std::string output,
                 git(place, {"ls-files", "-z", "--others", "--exclude-per-directory=.gitignore"}));
    std::vector<std::string> names;
    for (const std::string_view name : records(output)) {
      if (!name.ends_with('/')) {
        names.emplace_back(name);
      } else {
        SIMSWARM_CHECK(take_inner(fmt::format("{}{}", prefix, name), depth));
      }
    }
    std::vector<std::string> whole = names;
    for (std::string& name : without_products(folder, std::move(names))) {
      name.insert(0, prefix);
      if (!is_left_out(name)) listing_.names.push_back(std::move(name));
    }
    for (const std::string& name : whole) {
      if (is_included(prefix + name) && !is_left_out(prefix + name)) listing_.names.push_back(prefix + name);
    }
    SIMSWARM_TRY(const std::string ignored, git(place, {"ls-files", "-z", "--others", "--ignored", "--directory",
                                                        "--exclude-per-directory=.gitignore"}));
    return take_ignored(prefix, ignored);
  }

  Result<std::string> empty_git_folder() {
    if (empty_.empty()) {
      empty_ = request_.empty_git_dir;
      SIMSWARM_CHECK(make_git_folder(empty_, "sha1", {}));
    }
    return empty_.string();
  }

  [[nodiscard]] bool is_left_out(std::string_view name) const {
    while (name.ends_with('/')) name.remove_suffix(1);
    const bool left_out = std::any_of(left_out_.begin(), left_out_.end(), [name](const std::string& folder) {
      return name.starts_with(folder) && (name.size() == folder.size() || name[folder.size()] == '/');
    });
    return left_out || has_hidden_state(name);
  }

  bool is_included(std::string_view name) {
    bool included = false;
    for (std::size_t i = 0; i < matched_.size(); ++i) {
      if (!selects(request_.include[i], name)) continue;
      matched_[i] = true;
      included = true;
    }
    return included;
  }

  [[nodiscard]] bool may_be_included(std::string_view folder) const {
    return std::any_of(request_.include.begin(), request_.include.end(),
                       [folder](const std::string& pattern) { return may_select_below(pattern, folder); });
  }

  void note_unmatched() {
    for (std::size_t i = 0; i < matched_.size(); ++i) {
      const std::string& pattern = request_.include[i];
      const bool known = matched_[i] || std::any_of(listing_.names.begin(), listing_.names.end(),
                                                    [&](const std::string& name) { return selects(pattern, name); });
      if (!known) listing_.unmatched.push_back(pattern);
    }
  }

  const ListRequest& request_;
  std::vector<bool> matched_;  // by place in `include`
  std::vector<std::string> left_out_;
  fs::path empty_;
  Listing listing_;
};

}  // namespace

Result<RepositoryState> ask_state(const fs::path& folder) {
  constexpr std::size_t kHead = 2;  // lines: inside of a work tree?, the format
  SIMSWARM_TRY(const Answer answer, ask_git(folder, {"rev-parse", "--is-inside-work-tree", "--show-object-format",
                                                     "--show-prefix", "HEAD^{commit}", "HEAD^{tree}"}));
  const auto said = lines(answer.output);
  if (said.size() < kHead) {
    std::error_code error;
    const bool is_none = answer.errors.find("(or any") != std::string::npos;
    if (is_none && !fs::exists(fs::symlink_status(folder / ".git", error))) return RepositoryState{};
    return environment_error("{}: git cannot read the repository there: {}", folder.string(), complaint(answer));
  }
  if (said[0] != "true")
    return usage_error("{} is a bare git repository (or lies in a «.git»): it has no work tree; name a clone of it",
                       folder.string());
  RepositoryState state{true, said.size() > kHead && said[kHead].empty(), std::string(said[1]), "", ""};
  if (answer.exit_code == 0) {
    state.tree = said.back();
    state.commit = said[said.size() - 2];
  }
  return state;
}

Result<Listing> list_files(const ListRequest& request) {
  return Lister(request).run();
}

}  // namespace simswarm::source
