#include <algorithm>

#include "archive/name.h"
#include "archive/tar.h"

namespace simswarm::archive {
namespace {

class Walk {
 public:
  explicit Walk(const fs::path& folder) : folder_(folder) {}

  Result<std::vector<Entry>> run() {
    todo_.emplace_back();
    while (!todo_.empty()) {
      const std::string path = std::move(todo_.back());
      todo_.pop_back();
      SIMSWARM_CHECK(list(path));
    }
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.path < b.path; });
    return std::move(entries_);
  }

 private:
  // A folder, by its path below the first.
  Status list(const std::string& path) {
    const fs::path source = path.empty() ? folder_ : folder_ / path;
    std::error_code error;
    auto entry = fs::directory_iterator(source, error);
    if (error) return system_error(error.value(), source.string());
    if (entry == fs::directory_iterator() && !path.empty()) entries_.push_back({path, source});
    for (; entry != fs::directory_iterator(); entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      SIMSWARM_CHECK(take(path.empty() ? name : fmt::format("{}/{}", path, name), entry->path()));
    }
    if (error) return system_error(error.value(), source.string());
    return {};
  }

  Status take(std::string path, const fs::path& source) {
    std::error_code error;
    const fs::file_type type = fs::symlink_status(source, error).type();
    if (error) return system_error(error.value(), source.string());
    if (type == fs::file_type::directory) {
      todo_.push_back(std::move(path));
    } else if (type == fs::file_type::regular || type == fs::file_type::symlink) {
      entries_.push_back({std::move(path), source});
    } else {
      return usage_error("{}: is no file, folder or link, so it cannot be packed", printable(source.native()));
    }
    return {};
  }

  const fs::path& folder_;
  std::vector<std::string> todo_;
  std::vector<Entry> entries_;
};

}  // namespace

Result<std::vector<Entry>> entries_of(const fs::path& folder) {
  return Walk(folder).run();
}

}  // namespace simswarm::archive
