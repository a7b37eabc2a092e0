// The private writable layer: a run sees the project as it is and writes beside it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "exec/process.h"
#include "simulator/dialect.h"

namespace simswarm::exec {

enum class LayerKind {
  kOverlay,  // an overlay in a mount namespace: all paths, absolute ones too, lead into the layer
  kLinks,    // a mirror of links to the project's files: relative paths lead into the layer, absolute ones do not
};

struct LayerSpec {
  LayerKind kind = LayerKind::kOverlay;
  fs::path project;                      // absolute; what the run may see and change in its layer
  fs::path working_folder;               // absolute, in the project
  std::vector<fs::path> result_folders;  // absolute; seen empty; outside of the project only with an overlay
  // Absolute; the run does not see these: the state folder, what earlier runs wrote.
  std::set<fs::path> left_out;
  std::optional<User> run_as;
  // Where the project is seen, too, absolute: where it lay for whoever wrote paths into it. With an overlay alone;
  // empty: nowhere else.
  fs::path seen_at;
  // The folder of make_veil(). Empty: each overlay has what is there for itself.
  fs::path veil;
};

// What all overlays of a campaign have in common, in a folder between the project and the layers: hidden paths, folders
// that the user of the runs must own, places of the result folders. `spec.veil` is made; it must not be there yet, nor
// lie in the project (an overlay's lower layers may not hold each other).
[[nodiscard]] Status make_veil(const LayerSpec& spec);

// Hides one more path from all that run from now on; with a veil, also from what runs already and has not seen it.
[[nodiscard]] Status hide_path(LayerSpec& spec, const fs::path& path);

struct Left;  // exec/left.h

// The layer of one attempt, in a scratch folder of its own. Nothing is mounted outside the process that runs in it.
class Layer {
 public:
  // Prepares `scratch` (created; must be empty). The spec must outlive the layer. An error where a result folder cannot
  // be had in this kind of layer.
  [[nodiscard]] static Result<Layer> prepare(const LayerSpec& spec, const fs::path& scratch);

  // Makes a folder in the layer (relative to the working folder) that is there when the process starts.
  [[nodiscard]] Status make_folder(const std::string& path) const;
  // Fills in working folder, mounts and user.
  void apply(ProcessSpec& process) const;
  // Not the mounts, where the process enters a view that has them.
  void apply_user(ProcessSpec& process) const;
  // What lies in the layer now: regular files and links that were not there before, sorted by path. A file of the
  // project that was opened for writing and not changed does not count.
  [[nodiscard]] Result<std::vector<LeftFile>> left_files() const;
  // The same, and what else was left.
  [[nodiscard]] Result<Left> look() const;
  // Stands for the working folder, for files added by hand.
  [[nodiscard]] fs::path working_folder_in_layer() const;
  // Bytes of all that lies in the layer now; stops counting beyond `enough`.
  [[nodiscard]] std::uint64_t written(std::uint64_t enough) const;
  // Where the status file (relative to the working folder) of a running process lies.
  [[nodiscard]] fs::path locate(const std::string& path) const;
  // Whose the files are that a process makes in it: a user id.
  [[nodiscard]] unsigned owner() const;

 private:
  [[nodiscard]] fs::path top() const;  // stands for the project

  const LayerSpec* spec_ = nullptr;
  fs::path scratch_;
  std::vector<fs::path> hidden_{};  // an overlay's: what is seen as result folders, in their order
};

// Makes sure that something can be seen at a path: true where it is a folder, which we make where we are root. Never
// one of the system's (/usr, /etc, /var …), and never one that holds what is to be seen there.
[[nodiscard]] bool can_be_seen_at(const fs::path& place, const fs::path& folder);

// The best kind that works here for this project: tries an overlay with a process that does nothing.
[[nodiscard]] LayerKind best_layer(const LayerSpec& spec, const fs::path& scratch);
// The kind of this name, «overlay» or «links»; of any other («auto»), the best.
[[nodiscard]] LayerKind layer_named(const std::string& name, const LayerSpec& spec, const fs::path& scratch);

// Where results of runs in such layers may go: the project and the result folders, canonical.
[[nodiscard]] std::vector<fs::path> roots_of(const LayerSpec& spec);
// Whose they become, uid and gid, where runs have another user than us: as the working folder.
[[nodiscard]] std::optional<std::pair<unsigned, unsigned>> owner_of_results(const LayerSpec& spec);

// Who runs simulations when we are root: the owner of the project if that is not root, else «simswarm» or «nobody»,
// if that user can reach the program and the working folder; nothing when no other user can be had.
[[nodiscard]] std::optional<User> unprivileged_user(const fs::path& project, const fs::path& working_folder,
                                                    const fs::path& program, const std::string& wanted);
// The same for the program of a command; an error where `wanted`, the user's word, names none that can have it.
[[nodiscard]] Result<std::optional<User>> choose_user(const fs::path& project, const fs::path& working_folder,
                                                      const std::string& program, const std::string& wanted);

}  // namespace simswarm::exec
