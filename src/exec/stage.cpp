#include "exec/stage.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace simswarm::exec {

Result<std::unique_ptr<Stage>> Stage::make(const LayerSpec& spec, const fs::path& folder, bool lasting,
                                           const Inside& inside) {
  SIMSWARM_TRY(Layer layer, Layer::prepare(spec, folder));
  const bool lasts = lasting && spec.kind == LayerKind::kOverlay && !spec.veil.empty();
  std::unique_ptr<Stage> stage(new Stage(folder, std::move(layer), lasts, inside));
  if (lasts) {
    ProcessSpec process;
    stage->layer_.apply(process);
    SIMSWARM_TRY(stage->view_, open_view(*process.overlay, process.binds, inside.users));
  }
  return stage;
}

Stage::~Stage() {
  view_.reset();
  if (lasting_) (void)remove_tree(folder_);
}

Status Stage::make_folders(const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    const fs::path place = layer_.locate(folder);
    if (empty_ && place.parent_path() == empty_->parent_path() && ::rename(empty_->c_str(), place.c_str()) == 0) {
      empty_.reset();
      (void)::utimensat(AT_FDCWD, place.c_str(), nullptr, 0);
      continue;
    }
    SIMSWARM_CHECK(layer_.make_folder(folder));
    if (lasting_ && !as_new_) as_new_ = traits_of(place);
  }
  if (empty_) SIMSWARM_CHECK(remove_tree(*std::exchange(empty_, std::nullopt)));
  return {};
}

void Stage::apply(ProcessSpec& process) const {
  view_.valid() ? layer_.apply_user(process) : layer_.apply(process);
  process.inside = inside_;
  process.inside.mounts = view_.get();
  process.output = output();
  process.errors = errors();
}

Result<std::vector<LeftFile>> Stage::take_files(const fs::path& to) {
  left_.reset();
  SIMSWARM_TRY(Left left, layer_.look());
  std::vector<LeftFile> files = std::move(left.files);
  left_ = std::move(left);
  if (!lasting_ || files.empty()) return files;
  SIMSWARM_CHECK(simswarm::make_folders(to));
  std::size_t number = 0;
  for (LeftFile& file : files) {
    // Taken away from under the overlay, which goes on to know the file by its name: nobody else may come in here.
    spoiled_ = spoiled_ || lies_in(folder_ / "layer", file.source);
    const fs::path place = to / (std::to_string(++number) + fs::path(file.path).extension().string());
    if (::rename(file.source.c_str(), place.c_str()) != 0) {
      const int why = errno;
      left_.reset();
      return system_error(why, file.source.string());
    }
    file.source = place;
  }
  return files;
}

fs::path Stage::beside(const fs::path& to) const {
  return lasting_ ? to / "added" : layer_.working_folder_in_layer();
}

bool Stage::renew() {
  const std::optional<Left> left = std::exchange(left_, std::nullopt);
  if (!lasting_ || spoiled_ || !left || !left->is_bare) return false;
  const bool serves = left->empty && as_new_ && left->empty->traits == *as_new_ && !as_new_->has_attributes;
  for (const fs::path& path : left->rest) {
    if (serves && path == left->empty->path) continue;
    if (!remove_tree(path)) return false;
  }
  if (serves) empty_ = left->empty->path;
  return true;
}

}  // namespace simswarm::exec
