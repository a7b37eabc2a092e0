// What a run has left in its layer. Runs may last a millisecond: each folder is opened and read once. Internal to this
// room.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "exec/layer.h"

namespace simswarm::exec {

// All that a folder has of itself beside its name, its times and its entries. Folders without attributes that are equal
// in this cannot be told apart.
struct FolderTraits {
  mode_t mode = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  off_t size = 0;  // on some file systems a folder stays as large as it ever was
  bool has_attributes = false;
  int flags = 0;
  std::array<std::uint32_t, 4> more{};  // what ioctl_xfs_fsgetxattr(2) tells: flags, extent sizes, project
  friend bool operator==(const FolderTraits&, const FolderTraits&) = default;
};
[[nodiscard]] std::optional<FolderTraits> traits_of(const fs::path& folder);

// A folder directly in a result folder that holds nothing but files that are taken away.
struct EmptyFolder {
  fs::path path;
  FolderTraits traits;
};

struct Left {
  std::vector<LeftFile> files;   // as Layer::left_files() gives them
  bool is_bare = true;           // an overlay in which nothing lies beside the result folders, modes as we made them
  std::vector<fs::path> rest{};  // what lies directly in result folders and is none of the files
  std::optional<EmptyFolder> empty;  // one of `rest`
};

constexpr mode_t kFolderMode = 0755;  // of what is made in layers, whatever our umask is

// `path` from `base`, lexically; both absolute and normal.
[[nodiscard]] fs::path relative_to(const fs::path& base, const fs::path& path);

// Looks through folders of a layer, one after the other.
class Looker {
 public:
  explicit Looker(const LayerSpec& spec) : spec_(spec) {}
  // `place` is where the run saw the folder that lies at `folder` now.
  [[nodiscard]] Status top(const fs::path& folder, const fs::path& place);
  [[nodiscard]] Status results(const fs::path& folder, const fs::path& place);
  // Files sorted by path. Once.
  [[nodiscard]] Left take();

 private:
  struct Within {
    std::size_t depth = 0;
    bool is_results = false;
  };
  [[nodiscard]] Status walk(const Fd& folder, const fs::path& at, const fs::path& place, Within within);
  [[nodiscard]] Status enter(const Fd& above, const char* name, const fs::path& at, const fs::path& place,
                             Within within);
  [[nodiscard]] Status begin(const fs::path& folder, const fs::path& place, bool is_results);
  // Whether it is a file that counts; `size` is its own.
  [[nodiscard]] Result<bool> take_file(const Fd& above, const char* name, bool is_link, const fs::path& at,
                                       const fs::path& place);
  [[nodiscard]] bool is_unchanged(const fs::path& file, const fs::path& seen) const;

  const LayerSpec& spec_;
  Left left_;
  std::size_t not_taken_ = 0;  // entries so far that are no files to be taken, folders apart
};

}  // namespace simswarm::exec
