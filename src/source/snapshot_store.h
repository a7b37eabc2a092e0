// Our own git folder with all that snapshots consist of, and an index for each root, so that what has not changed is
// not read again. It owns its objects: nothing that happens in the user's repository takes any away.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/stream.h"
#include "source/git.h"
#include "source/snapshot.h"

namespace simswarm::source {

// A file, link or other thing by its name, as the system knows it.
struct Seen {
  std::string name;  // relative to the root
  FileIdentity identity;
  unsigned mode = 0;  // st_mode
};

class Store {
 public:
  // Whoever opens it holds the lock of the folder: locks of git that are there were left behind.
  [[nodiscard]] static Result<Store> open(const fs::path& folder, const std::string& format);

  // The tree of the files, which are all that it has. An error that is the user's to mend for a file that cannot be
  // read; any other means that our folder is damaged.
  [[nodiscard]] Result<std::string> write_tree(const fs::path& root, const std::vector<Seen>& files);

  struct Entry {
    std::string mode;  // «100644», «100755», «120000»
    std::string id;
    std::string path;
  };
  [[nodiscard]] Result<std::string> write_tree(const std::vector<Entry>& entries);
  // One tree with these at their places («.»: it alone).
  [[nodiscard]] Result<std::string> join(const std::map<std::string, std::string>& trees);

  // Those that are not here.
  [[nodiscard]] Result<std::vector<std::string>> missing(const std::vector<std::string>& ids) const;
  // Objects from a pack, read at its beginning.
  [[nodiscard]] Status take_in(int pack) const;
  // A file of the user's as an object, as it is.
  [[nodiscard]] Result<std::string> add_file(const fs::path& file) const;
  [[nodiscard]] Result<std::string> content(const std::string& id) const;

  // Keeps an object and all that it has, under a name.
  [[nodiscard]] Status keep(const std::string& name, const std::string& id) const;
  [[nodiscard]] Status release(const std::string& name) const;
  // Throws away what nothing keeps, where many objects have come together.
  [[nodiscard]] Status tidy() const;

  // Objects of these may be what `base` is made of.
  void look_also_in(std::vector<fs::path> objects) { alternates_ = std::move(objects); }
  [[nodiscard]] Status pack(const std::string& tree, const std::string& base, int to) const;

  [[nodiscard]] const fs::path& git_dir() const { return place_.git_dir; }

 private:
  Store(fs::path folder, GitPlace place) : folder_(std::move(folder)), place_(std::move(place)) {}
  [[nodiscard]] Status update_index(const GitPlace& place, const std::vector<Seen>& files);

  fs::path folder_;
  GitPlace place_;
  std::vector<fs::path> alternates_;
};

}  // namespace simswarm::source
