// The folders of a builder: a warm checkout, a cache of compilers and a user for each project.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "exec/process.h"

namespace simswarm::builder {

// One project, for who builds it now: nobody else does as long as this lives, neither here nor in another process.
struct ProjectFolder {
  fs::path folder;
  std::optional<exec::User> user;  // of its builds; nothing: ours
  Fd lock;
  [[nodiscard]] fs::path checkout() const { return folder / "checkout"; }
  [[nodiscard]] fs::path cache() const { return folder / "ccache"; }
  [[nodiscard]] fs::path farm() const { return folder / "farm"; }
  [[nodiscard]] fs::path temporary() const { return folder / "tmp"; }
  // How many compilations a build from nothing took, the last time; 0: not known.
  [[nodiscard]] std::uint64_t compilations() const;
  void note_compilations(std::uint64_t count) const;
};

class ProjectFolders {
 public:
  // `most`: how many are kept; the one that was not used for the longest time goes.
  ProjectFolders(fs::path folder, std::size_t most) : folder_(std::move(folder)), most_(most) {}

  // Waits for it. `name` is of letters and digits. As root each project has a user of its own, whom no other has.
  [[nodiscard]] Result<ProjectFolder> take(const std::string& name, const std::function<bool()>& gives_up);
  [[nodiscard]] const fs::path& folder() const { return folder_; }

 private:
  [[nodiscard]] Status make_room(const std::string& name) const;
  [[nodiscard]] Result<exec::User> user_of(const fs::path& project) const;

  fs::path folder_;
  std::size_t most_;
  std::mutex mutex_;
};

}  // namespace simswarm::builder
