#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <unordered_set>

#include "base/stream.h"
#include "base/text.h"
#include "source/checkout.h"
#include "source/checkout_ground.h"
#include "source/checkout_move.h"
#include "source/checkout_state.h"
#include "source/git.h"

namespace simswarm::source {
namespace {

constexpr std::size_t kMost = 1'000'000;  // files: a build that leaves more is none

enum class What { kProgram, kObject, kData };

// By the first bytes (elf(5): e_type, in the byte order that e_ident[5] tells).
What what_begins(std::string_view bytes, bool executable) {
  constexpr std::size_t kHead = 18;
  if (bytes.starts_with("!<arch>\n") || bytes.starts_with("!<thin>\n")) return What::kObject;
  if (!bytes.starts_with("\177ELF") || bytes.size() < kHead) return executable ? What::kProgram : What::kData;
  const bool little = bytes[5] == 1;
  const auto low = static_cast<unsigned char>(bytes[little ? 16 : 17]);
  constexpr unsigned char kExecutable = 2;
  constexpr unsigned char kShared = 3;
  return low == kExecutable || low == kShared ? What::kProgram : What::kObject;
}

What what_is(Ground& ground, const Ground::Entry& entry) {
  constexpr std::size_t kHead = 20;
  std::array<char, kHead> head{};
  const Fd file = ground.open_file(entry.path);
  const ssize_t got = file.valid() ? ::read(file.get(), head.data(), head.size()) : 0;
  const bool executable = (entry.info.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
  return what_begins({head.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))}, executable);
}

struct Found {
  std::vector<std::string> programs;
  std::vector<std::string> data;                           // ignored or not
  std::vector<std::pair<std::string, std::string>> links;  // to what, as a path in the tree
};

// Lexically; empty for one that leads out.
std::string target_of(const std::string& link, const std::string& target) {
  if (target.starts_with('/')) return {};
  const std::string path = (fs::path(link).parent_path() / target).lexically_normal().string();
  return path == ".." || path.starts_with("../") ? std::string() : path;
}

Result<Found> look_through(Ground& ground, const TreeFiles& files) {
  Found found;
  std::size_t count = 0;
  SIMSWARM_CHECK(ground.walk([&](const Ground::Entry& entry) -> Result<bool> {
    if (entry.path == ".git" || entry.path.ends_with("/.git")) return false;
    if (S_ISDIR(entry.info.st_mode)) return true;
    if (find(files, entry.path) != nullptr) return false;
    if (++count > kMost)
      return usage_error("builds have left more than {} files in {}", kMost, ground.name_of("").string());
    if (S_ISLNK(entry.info.st_mode)) {
      const auto target = ground.read_link(entry.path);
      if (target) found.links.emplace_back(entry.path, target_of(entry.path, *target));
    }
    if (!S_ISREG(entry.info.st_mode)) return false;
    const What what = what_is(ground, entry);
    if (what != What::kObject) (what == What::kProgram ? found.programs : found.data).push_back(entry.path);
    return false;
  }));
  return found;
}

// Links to programs, and links to these.
void take_links(Found& found) {
  std::set<std::string> programs(found.programs.begin(), found.programs.end());
  for (bool more = true; more;) {
    more = false;
    for (const auto& [link, target] : found.links) {
      if (programs.contains(target) && programs.insert(link).second) more = true;
    }
  }
  for (const auto& [link, target] : found.links) {
    if (!programs.contains(link)) found.data.push_back(link);
  }
  found.programs.assign(programs.begin(), programs.end());
}

// By the rules of the tree alone, of which copies lie in `rules`.
Status drop_ignored(const fs::path& git_dir, const fs::path& rules, std::vector<std::string>& paths) {
  constexpr std::string_view kHere = "./";
  if (paths.empty()) return {};
  std::string list;
  for (const std::string& path : paths) {
    list += kHere;  // else one that begins with «:» would be a pattern
    list += path;
    list += '\0';
  }
  SIMSWARM_TRY(const Answer answer,
               try_git({git_dir, rules},
                       {"-c", "core.excludesFile=/dev/null", "check-ignore", "--no-index", "-z", "--stdin"}, list));
  if (answer.exit_code > 1) return environment_error("git check-ignore in {}: {}", rules.string(), trim(answer.errors));
  const auto ignored = split(answer.output, '\0');
  const std::unordered_set<std::string_view> names(ignored.begin(), ignored.end());
  std::erase_if(paths, [&](const std::string& path) { return names.contains(std::string(kHere) + path); });
  return {};
}

}  // namespace

Result<Checkout::Made> Checkout::made() const {
  const CheckoutPlace place{folder_};
  const auto state = read_state(place.state());
  if (!state) return environment_error("{} holds no tree yet: it was not moved to one", folder_.string());
  SIMSWARM_TRY(Ground ground, Ground::open(place.tree(), place.trash()));
  SIMSWARM_TRY(Found found, look_through(ground, state->files));
  take_links(found);
  const fs::path git_dir = trees_.git_dir(state->tree.substr(0, state->tree.find(':')));
  SIMSWARM_CHECK(drop_ignored(git_dir, place.ignore(), found.data));
  std::sort(found.data.begin(), found.data.end());
  return Made{std::move(found.data), std::move(found.programs)};
}

}  // namespace simswarm::source
