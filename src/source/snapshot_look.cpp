#include "source/snapshot_look.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/text.h"
#include "source/snapshot_rules.h"

namespace simswarm::source {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

class Looker {
 public:
  Looker(const fs::path& root, const std::vector<fs::path>& roots) : root_(root), roots_(roots) {}

  Look run(const std::vector<std::string>& names) {
    look_.files.reserve(names.size());
    for (const std::string& name : names) take(name);
    note(special_, "is no file, folder or link, so the snapshot lacks it",
         "are no files, folders or links, so the snapshot lacks them");
    note(outside_, "is a link that leads out of the project: what it leads to does not come along",
         "are links that lead out of the project: what they lead to does not come along");
    return std::move(look_);
  }

 private:
  void take(const std::string& name) {
    struct stat info {};
    if (!is_real_folder(folder_of(name)) || ::lstat((root_ / name).c_str(), &info) != 0) return;
    if (S_ISDIR(info.st_mode)) return;
    if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode)) {
      special_.push_back(name);
      return;
    }
    if (S_ISLNK(info.st_mode) && leads_out(name)) outside_.push_back(name);
    const auto size = static_cast<std::uint64_t>(info.st_size);
    look_.bytes += size;
    look_.files.push_back({name,
                           {static_cast<std::uint64_t>(info.st_dev), info.st_ino, size, nanoseconds(info.st_mtim),
                            nanoseconds(info.st_ctim)},
                           info.st_mode});
  }

  static std::string folder_of(const std::string& name) {
    const std::size_t slash = name.rfind('/');
    return slash == std::string::npos ? std::string() : name.substr(0, slash);
  }

  // Git may still know files of a folder in whose place there is a link now.
  bool is_real_folder(const std::string& folder) {
    if (folder.empty()) return true;
    if (const auto known = real_.find(folder); known != real_.end()) return known->second;
    struct stat info {};
    const bool real =
        is_real_folder(folder_of(folder)) && ::lstat((root_ / folder).c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    return real_[folder] = real;
  }

  [[nodiscard]] bool leads_out(const std::string& name) const {
    std::error_code error;
    const fs::path link = root_ / name;
    const fs::path target = fs::read_symlink(link, error);
    if (error) return false;
    const fs::path place = absolute_from(link.parent_path(), target);
    return std::none_of(roots_.begin(), roots_.end(), [&place](const fs::path& root) { return lies_in(root, place); });
  }

  void note(const std::vector<std::string>& names, std::string_view one, std::string_view many) {
    if (!names.empty()) look_.notes.push_back(fmt::format("{} {}", some_of(names), names.size() == 1 ? one : many));
  }

  const fs::path& root_;
  const std::vector<fs::path>& roots_;
  std::map<std::string, bool> real_;
  std::vector<std::string> special_;
  std::vector<std::string> outside_;
  Look look_;
};

bool uses_lfs(const fs::path& root, const std::vector<Seen>& files) {
  return std::any_of(files.begin(), files.end(), [&root](const Seen& file) {
    if (!file.name.ends_with(".gitattributes") || !S_ISREG(file.mode)) return false;
    return read_file(root / file.name).value_or("").find("filter=lfs") != std::string::npos;
  });
}

}  // namespace

Look look_at(const fs::path& root, const std::vector<fs::path>& roots, const std::vector<std::string>& names) {
  return Looker(root, roots).run(names);
}

std::vector<std::string> differing(const std::vector<Seen>& before, const std::vector<Seen>& after) {
  std::vector<std::string> names;
  auto old = before.begin();
  auto fresh = after.begin();
  while (old != before.end() || fresh != after.end()) {
    if (fresh == after.end() || (old != before.end() && old->name < fresh->name)) {
      names.push_back((old++)->name);
    } else if (old == before.end() || fresh->name < old->name) {
      names.push_back((fresh++)->name);
    } else {
      if (old->identity != fresh->identity || old->mode != fresh->mode) names.push_back(old->name);
      ++old;
      ++fresh;
    }
  }
  return names;
}

std::vector<std::string> pointers_among(const fs::path& root, const std::vector<Seen>& files) {
  std::vector<std::string> names;
  if (!uses_lfs(root, files)) return names;
  for (const Seen& file : files) {
    const bool maybe = S_ISREG(file.mode) && file.identity.size >= kLeastPointer && file.identity.size <= kMostPointer;
    if (maybe && !lfs_object_of(read_file(root / file.name).value_or("")).empty()) names.push_back(file.name);
  }
  return names;
}

Status expect_within(std::vector<Sized> files, const fs::path& what, std::uint64_t most_bytes,
                     std::uint64_t most_file) {
  constexpr std::size_t kNamed = 5;
  const std::uint64_t total = std::accumulate(files.begin(), files.end(), std::uint64_t{0},
                                              [](std::uint64_t sum, const Sized& file) { return sum + file.bytes; });
  const std::size_t count = std::min(kNamed, files.size());
  std::partial_sort(files.begin(), files.begin() + static_cast<std::ptrdiff_t>(count), files.end(),
                    [](const Sized& a, const Sized& b) { return a.bytes > b.bytes; });
  const bool one_too_large = !files.empty() && files.front().bytes > most_file;
  if (total <= most_bytes && !one_too_large) return {};
  std::vector<std::string> largest;
  for (std::size_t i = 0; i < count; ++i)
    largest.push_back(fmt::format("{} ({})", files[i].name, human_bytes(files[i].bytes)));
  const std::string limit = total > most_bytes ? fmt::format("{} in {} files, and a snapshot may have {}",
                                                             human_bytes(total), files.size(), human_bytes(most_bytes))
                                               : fmt::format("{} in {} files, and one file of a snapshot may have {}",
                                                             human_bytes(total), files.size(), human_bytes(most_file));
  return usage_error(
      "{}: {}; the largest: {}; results that git does not ignore are the usual reason: add them to .gitignore",
      what.string(), limit, join(largest, ", "));
}

std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kNamed = 5;
  std::vector<std::string> named(names.begin(),
                                 names.begin() + static_cast<std::ptrdiff_t>(std::min(kNamed, names.size())));
  std::string text = join(named, ", ");
  if (names.size() > kNamed) text += fmt::format(" and {} more", names.size() - kNamed);
  return text;
}

}  // namespace simswarm::source
