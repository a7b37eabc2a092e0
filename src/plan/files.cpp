#include "plan/files.h"

#include <algorithm>

#include "base/subprocess.h"
#include "base/text.h"

namespace simswarm::plan {
namespace {

constexpr std::size_t kDeepestLinks = 8;  // links within links; a circle ends before

class Finder {
 public:
  Finder(Listing listing, const std::vector<fs::path>& left_out) : listing_(listing), left_out_(left_out) {}

  void visit(const fs::path& folder) {
    std::error_code ignored;
    if (listing_ == Listing::kAsGit && fs::exists(folder / ".git", ignored) && by_git(folder)) return;
    auto entry = fs::directory_iterator(folder, ignored);
    for (; entry != fs::directory_iterator(); entry.increment(ignored)) {
      const std::string name = entry->path().filename().string();
      if (!name.starts_with(".") || name == ".nedexclusions") take(entry->path());
    }
  }

  std::vector<fs::path> found() && { return std::move(found_); }

 private:
  // False where git is not there or knows nothing of the folder.
  bool by_git(const fs::path& folder) {
    const auto answer =
        run({{"git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"},
             folder,
             {},
             {},
             120});
    if (!answer || answer->exit_code != 0) return false;
    for (const std::string_view name : split(answer->output, '\0')) {
      if (!name.empty()) take(absolute_from(folder, fs::path(name.substr(0, name.find_last_not_of('/') + 1))));
    }
    // Git ignores it in most projects, and yet it decides which NED files are loaded.
    std::error_code ignored;
    if (fs::exists(folder / ".nedexclusions", ignored)) found_.push_back(folder / ".nedexclusions");
    return true;
  }

  void take(const fs::path& path) {
    if (std::find(left_out_.begin(), left_out_.end(), path) != left_out_.end()) return;
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
      found_.push_back(path);
    } else if (fs::is_symlink(path, ignored)) {
      follow(path);
    } else if (listing_ == Listing::kAll || path.filename() != "out") {  // where builds go
      visit(path);
    }
  }

  // Not where the link leads back to where it came from.
  void follow(const fs::path& link) {
    std::error_code error;
    const fs::path target = fs::canonical(link, error);
    const fs::path here = error ? fs::path() : fs::canonical(link.parent_path(), error);
    if (error || followed_.size() >= kDeepestLinks || lies_in(target, here)) return;
    if (std::find(followed_.begin(), followed_.end(), target) != followed_.end()) return;
    followed_.push_back(target);
    visit(link);
    followed_.pop_back();
  }

  Listing listing_;
  const std::vector<fs::path>& left_out_;
  std::vector<fs::path> followed_;
  std::vector<fs::path> found_;
};

}  // namespace

std::vector<fs::path> files_in(const fs::path& folder, Listing listing, const std::vector<fs::path>& left_out) {
  Finder finder(listing, left_out);
  finder.visit(folder);
  return std::move(finder).found();
}

}  // namespace simswarm::plan
