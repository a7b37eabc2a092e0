#include "exec/layer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "exec/left.h"

namespace simswarm::exec {
namespace {

// A project with more entries than this is mirrored along the way to the working folder only.
constexpr std::size_t kFullMirrorEntries = 2000;
Status give_to(const std::optional<User>& user, const fs::path& path) {
  if (user && ::lchown(path.c_str(), user->uid, user->gid) != 0) return system_error(errno, path.string());
  return {};
}

// Makes `folder` and what is missing above it, below `top`, each owned by the user of the runs.
Status make_owned(const fs::path& top, const fs::path& folder, const std::optional<User>& user) {
  fs::path at = top;
  for (const fs::path& part : relative_to(top, folder)) {
    if (part == ".") continue;
    at /= part;
    if (::mkdir(at.c_str(), kFolderMode) != 0) {
      if (errno == EEXIST) continue;
      return system_error(errno, at.string());
    }
    if (::chmod(at.c_str(), kFolderMode) != 0) return system_error(errno, at.string());
    SIMSWARM_CHECK(give_to(user, at));
  }
  return {};
}

bool is_left_out(const LayerSpec& spec, const fs::path& path) {
  const auto is = [&](const fs::path& other) { return other == path; };
  return path.filename() == ".git" || spec.left_out.contains(path) ||
         std::any_of(spec.result_folders.begin(), spec.result_folders.end(), is);
}

// True when the folder leads to a folder that the run must be able to write in.
bool leads_to_writable(const LayerSpec& spec, const fs::path& folder) {
  const auto below = [&](const fs::path& path) { return lies_in(folder, path); };
  return below(spec.working_folder) || std::any_of(spec.result_folders.begin(), spec.result_folders.end(), below);
}

std::size_t count_entries(const fs::path& project, std::size_t stop_at) {
  std::size_t count = 0;
  std::error_code ignored;
  for (auto entry = fs::recursive_directory_iterator(project, fs::directory_options::skip_permission_denied, ignored);
       entry != fs::recursive_directory_iterator() && count < stop_at; entry.increment(ignored)) {
    ++count;
  }
  return count;
}

// The mirror stands as deep as the project does, so that «..» leads to what stands beside it.
fs::path project_in_mirror(const LayerSpec& spec, const fs::path& scratch) {
  return scratch / "layer" / spec.project.relative_path();
}

Status link_neighbours(const fs::path& project, const fs::path& upper) {
  fs::path at = project.root_path();
  for (const fs::path& next : project.relative_path()) {
    std::error_code ignored;
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(at, ignored)) {
      if (entry.path().filename() == next || ++count > kFullMirrorEntries) continue;
      const fs::path link = upper / entry.path().relative_path();
      if (::symlink(entry.path().c_str(), link.c_str()) != 0) return system_error(errno, link.string());
    }
    at /= next;
  }
  return {};
}

Status mirror_folder(const LayerSpec& spec, const fs::path& from, const fs::path& to, bool whole) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(from, error)) {
    if (is_left_out(spec, entry.path())) continue;
    const fs::path copy = to / entry.path().filename();
    const bool folder = entry.is_directory(error) && !entry.is_symlink(error);
    if (folder && (whole || leads_to_writable(spec, entry.path()))) {
      SIMSWARM_CHECK(make_owned(to, copy, spec.run_as));
      SIMSWARM_CHECK(mirror_folder(spec, entry.path(), copy, whole));
    } else if (::symlink(entry.path().c_str(), copy.c_str()) != 0) {
      return system_error(errno, copy.string());
    }
  }
  if (error) return system_error(error.value(), from.string());
  return {};
}

// The run must not see it: a whiteout of the overlay (overlayfs.rst: a character device 0/0).
Status put_whiteout(const LayerSpec& spec, const fs::path& layer, const fs::path& path) {
  if (!lies_in(spec.project, path) || path == spec.project) return {};
  // The first that is not there yet, so that no folder of somebody else's shows either.
  fs::path first = spec.project;
  for (const fs::path& part : relative_to(spec.project, path)) {
    struct stat info {};
    first /= part;
    if (::lstat(first.c_str(), &info) != 0 && errno == ENOENT) break;
    if (::lstat((layer / relative_to(spec.project, first)).c_str(), &info) == 0 && S_ISCHR(info.st_mode)) return {};
  }
  const fs::path place = layer / relative_to(spec.project, first);
  SIMSWARM_CHECK(make_owned(layer, place.parent_path(), spec.run_as));
  if (::mknod(place.c_str(), S_IFCHR, 0) != 0 && errno != EEXIST) return system_error(errno, place.string());
  return {};
}

Status hide_all(const LayerSpec& spec, const fs::path& layer) {
  for (const fs::path& path : spec.left_out) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0) SIMSWARM_CHECK(put_whiteout(spec, layer, path));
  }
  return {};
}

// Where a result folder is seen there must be one: in a layer, or in its own place when that is outside.
Status make_places_of_results(const LayerSpec& spec, const fs::path& layer) {
  for (const fs::path& folder : spec.result_folders) {
    if (lies_in(spec.project, folder)) {
      SIMSWARM_CHECK(make_owned(layer, layer / relative_to(spec.project, folder), spec.run_as));
    } else if (spec.kind == LayerKind::kLinks) {
      return usage_error(
          "results go to {}, outside the project {}: that needs an overlay, which is not used here; give a result "
          "folder in the project",
          folder.string(), spec.project.string());
    } else {
      SIMSWARM_CHECK(make_folders(folder));
    }
  }
  return {};
}

// Folders of the project that must be the run's own, because it may write in them and its user does not own them.
// Looks through the project once; nothing where the user of the runs owns it, or is ours.
std::vector<fs::path> own_folders(const LayerSpec& spec) {
  std::vector<fs::path> folders;
  struct stat info {};
  if (!spec.run_as || (::stat(spec.project.c_str(), &info) == 0 && info.st_uid == spec.run_as->uid)) return folders;
  std::error_code ignored;
  auto entry = fs::recursive_directory_iterator(spec.project, fs::directory_options::skip_permission_denied, ignored);
  for (std::size_t count = 0; entry != fs::recursive_directory_iterator() && count < kFullMirrorEntries;
       entry.increment(ignored), ++count) {
    if (!entry->is_directory(ignored) || entry->is_symlink(ignored)) continue;
    if (is_left_out(spec, entry->path())) {
      entry.disable_recursion_pending();
    } else {
      folders.push_back(entry->path());
    }
  }
  folders.push_back(spec.working_folder);
  return folders;
}

// What all overlays of a spec have in common.
Status fill_common(const LayerSpec& spec, const fs::path& layer) {
  for (const fs::path& folder : own_folders(spec)) {
    SIMSWARM_CHECK(make_owned(layer, layer / relative_to(spec.project, folder), spec.run_as));
  }
  SIMSWARM_CHECK(hide_all(spec, layer));
  return make_places_of_results(spec, layer);
}

}  // namespace

Result<Layer> Layer::prepare(const LayerSpec& spec, const fs::path& scratch) {
  Layer layer;
  layer.spec_ = &spec;
  layer.scratch_ = scratch;
  const fs::path upper = scratch / "layer";
  SIMSWARM_CHECK(make_folders(scratch));
  SIMSWARM_CHECK(make_owned(scratch, upper, spec.run_as));
  if (spec.kind == LayerKind::kLinks) {
    const bool whole = count_entries(spec.project, kFullMirrorEntries) < kFullMirrorEntries;
    const fs::path top = project_in_mirror(spec, scratch);
    SIMSWARM_CHECK(make_owned(upper, top, spec.run_as));
    SIMSWARM_CHECK(link_neighbours(spec.project, upper));
    SIMSWARM_CHECK(mirror_folder(spec, spec.project, top, whole));
    SIMSWARM_CHECK(make_owned(upper, layer.working_folder_in_layer(), spec.run_as));
    SIMSWARM_CHECK(make_places_of_results(spec, top));
    return layer;
  }
  SIMSWARM_CHECK(make_folders(scratch / "work"));
  if (spec.veil.empty()) SIMSWARM_CHECK(fill_common(spec, upper));
  for (std::size_t i = 0; i < spec.result_folders.size(); ++i) {
    layer.hidden_.push_back(scratch / fmt::format("results{}", i));
    SIMSWARM_CHECK(make_owned(scratch, layer.hidden_.back(), spec.run_as));
  }
  return layer;
}

fs::path Layer::top() const {
  return spec_->kind == LayerKind::kLinks ? project_in_mirror(*spec_, scratch_) : scratch_ / "layer";
}

fs::path Layer::working_folder_in_layer() const {
  return (top() / relative_to(spec_->project, spec_->working_folder)).lexically_normal();
}

Status Layer::make_folder(const std::string& path) const {
  return make_owned(scratch_, locate(path), spec_->run_as);
}

void Layer::apply(ProcessSpec& process) const {
  apply_user(process);
  if (spec_->kind == LayerKind::kLinks) return;
  process.overlay = OverlayMount{spec_->project, scratch_ / "layer", scratch_ / "work", spec_->veil};
  for (std::size_t i = 0; i < spec_->result_folders.size(); ++i) {
    process.binds.push_back({hidden_[i], spec_->result_folders[i]});
  }
  if (!spec_->seen_at.empty()) process.binds.push_back({spec_->project, spec_->seen_at, true});
}

void Layer::apply_user(ProcessSpec& process) const {
  process.run_as = spec_->run_as;
  process.working_folder = spec_->kind == LayerKind::kLinks ? working_folder_in_layer() : spec_->working_folder;
}

Result<Left> Layer::look() const {
  Looker looker(*spec_);
  SIMSWARM_CHECK(looker.top(top(), spec_->project));
  for (std::size_t i = 0; i < hidden_.size(); ++i) SIMSWARM_CHECK(looker.results(hidden_[i], spec_->result_folders[i]));
  return looker.take();
}

Result<std::vector<LeftFile>> Layer::left_files() const {
  SIMSWARM_TRY(Left left, look());
  return std::move(left.files);
}

std::uint64_t Layer::written(std::uint64_t enough) const {
  std::uint64_t bytes = 0;
  std::vector<fs::path> folders{top()};
  folders.insert(folders.end(), hidden_.begin(), hidden_.end());
  for (const fs::path& folder : folders) {
    std::error_code error;
    for (auto entry = fs::recursive_directory_iterator(folder, error);
         !error && bytes <= enough && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      std::error_code gone;  // files come and go while the run is at it
      if (entry->is_symlink(gone) || !entry->is_regular_file(gone)) continue;
      const std::uint64_t size = entry->file_size(gone);
      if (!gone) bytes += size;
    }
  }
  return bytes;
}

fs::path Layer::locate(const std::string& path) const {
  const fs::path seen = absolute_from(spec_->working_folder, path);
  for (std::size_t i = 0; i < hidden_.size(); ++i) {
    if (lies_in(spec_->result_folders[i], seen)) return hidden_[i] / relative_to(spec_->result_folders[i], seen);
  }
  return (top() / relative_to(spec_->project, seen)).lexically_normal();
}

unsigned Layer::owner() const {
  return spec_->run_as ? spec_->run_as->uid : ::geteuid();
}

Status make_veil(const LayerSpec& spec) {
  if (::mkdir(spec.veil.c_str(), 0700) != 0) return system_error(errno, spec.veil.string());
  Status filled = fill_common(spec, spec.veil);
  if (!filled) (void)remove_tree(spec.veil);
  return filled;
}

Status hide_path(LayerSpec& spec, const fs::path& path) {
  if (!spec.left_out.insert(path).second || spec.veil.empty()) return {};
  return put_whiteout(spec, spec.veil, path);
}

LayerKind best_layer(const LayerSpec& spec, const fs::path& scratch) {
  LayerSpec trial = spec;
  trial.kind = LayerKind::kOverlay;
  trial.veil.clear();
  const auto try_it = [&]() -> Status {
    SIMSWARM_TRY(const Layer layer, Layer::prepare(trial, scratch));
    ProcessSpec process;
    process.argv = {"/bin/sh", "-c", ": > simswarm.probe"};
    process.output = scratch / "out";
    process.errors = scratch / "err";
    layer.apply(process);
    SIMSWARM_TRY(const Started started, start(process));
    int status = 0;
    ::waitpid(started.pid, &status, 0);
    if (status != 0) return environment_error("cannot write in an overlay");
    return {};
  };
  const bool works = try_it().has_value();
  (void)remove_tree(scratch);
  return works ? LayerKind::kOverlay : LayerKind::kLinks;
}

LayerKind layer_named(const std::string& name, const LayerSpec& spec, const fs::path& scratch) {
  if (name == "overlay") return LayerKind::kOverlay;
  return name == "links" ? LayerKind::kLinks : best_layer(spec, scratch);
}

std::vector<fs::path> roots_of(const LayerSpec& spec) {
  std::error_code ignored;
  std::vector<fs::path> roots{fs::weakly_canonical(spec.project, ignored)};
  for (const fs::path& folder : spec.result_folders) roots.push_back(fs::weakly_canonical(folder, ignored));
  return roots;
}

std::optional<std::pair<unsigned, unsigned>> owner_of_results(const LayerSpec& spec) {
  struct stat info {};
  if (!spec.run_as || ::stat(spec.working_folder.c_str(), &info) != 0) return std::nullopt;
  return std::pair{info.st_uid, info.st_gid};
}

}  // namespace simswarm::exec
