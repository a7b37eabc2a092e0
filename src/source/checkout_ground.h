// Files below a folder in which builds have done what they liked: no link is followed on any way, and nothing outside
// is reached.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::source {

[[nodiscard]] FileIdentity identity_of(const struct stat& info);

// Paths are relative to the top, «» is the top itself. Not for several threads.
class Ground {
 public:
  // Both must be there; `trash` lies on the same file system, and holds nothing that is needed.
  [[nodiscard]] static Result<Ground> open(const fs::path& top, const fs::path& trash);

  // The open folder, good until the next call; -1 when there is none (also: a link to one), with errno. One that is
  // closed to us is opened.
  [[nodiscard]] int folder(std::string_view path);
  // The folder is there afterwards; what is none and stands in the way is removed.
  [[nodiscard]] Result<int> make_folder(std::string_view path);
  // Of the entry itself; nothing when there is none.
  [[nodiscard]] std::optional<struct stat> look(std::string_view path);
  // Whatever it is, with all that is in it; that nothing was there is no error.
  [[nodiscard]] Status remove(std::string_view path);
  // The same at once, in one step: it lies in the trash until that is emptied. Removing thousands of files takes
  // seconds on some disks.
  [[nodiscard]] Status discard(std::string_view path);
  [[nodiscard]] Status empty_trash();
  // Folders that hold nothing, from this one upwards.
  void remove_empty(std::string_view path);
  // Puts the file there, by rename; whatever was there goes.
  [[nodiscard]] Status take(const fs::path& file, std::string_view path);
  [[nodiscard]] Status link(const std::string& target, std::string_view path);
  // A file that is one, for reading; not valid otherwise.
  [[nodiscard]] Fd open_file(std::string_view path);
  [[nodiscard]] Result<std::string> read_link(std::string_view path);

  // All entries below a folder, folders before what is in them, in no order. `enter` tells whether to go into a folder.
  // Deeper than any path can name, nothing is shown.
  struct Entry {
    std::string path;
    struct stat info {};
  };
  [[nodiscard]] Status walk(const std::function<Result<bool>(const Entry&)>& visit);

  [[nodiscard]] fs::path name_of(std::string_view path) const { return top_ / path; }  // for messages

 private:
  Ground(fs::path top, fs::path trash) : top_(std::move(top)), trash_name_(std::move(trash)) {}
  [[nodiscard]] int parent_of(std::string_view path) { return folder(folder_of(path)); }
  [[nodiscard]] static std::string_view folder_of(std::string_view path);
  [[nodiscard]] static std::string last_of(std::string_view path);
  void leave(std::string_view path);
  [[nodiscard]] Status move_to_trash(int folder, const std::string& name);
  [[nodiscard]] Status empty_folder(int folder, int depth);
  [[nodiscard]] Status remove_entry(int folder, const std::string& name, int depth);
  [[nodiscard]] Status walk_folder(const std::string& path, Fd folder, int depth,
                                   const std::function<Result<bool>(const Entry&)>& visit);

  struct Step {
    std::string name;
    Fd folder;
  };
  fs::path top_;
  fs::path trash_name_;
  Fd root_;
  Fd trash_;
  unsigned long in_trash_ = 0;
  std::vector<Step> way_;  // from the top to the folder that was asked for last
};

}  // namespace simswarm::source
