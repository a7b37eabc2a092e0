#include "exec/stage.h"

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

void Stage::apply(ProcessSpec& process) const {
  layer_.apply(process);
  process.inside = inside_;
  process.inside.mounts = view_.get();
  process.output = output();
  process.errors = errors();
}

Result<std::vector<LeftFile>> Stage::take_files(const fs::path& to) {
  SIMSWARM_TRY(std::vector<LeftFile> files, layer_.left_files());
  if (!lasting_ || files.empty()) return files;
  SIMSWARM_CHECK(make_folders(to));
  std::size_t number = 0;
  for (LeftFile& file : files) {
    // Taken away from under the overlay, which goes on to know the file by its name: nobody else may come in here.
    spoiled_ = spoiled_ || lies_in(folder_ / "layer", file.source);
    const fs::path place = to / (std::to_string(++number) + fs::path(file.path).extension().string());
    if (::rename(file.source.c_str(), place.c_str()) != 0) return system_error(errno, file.source.string());
    file.source = place;
  }
  return files;
}

fs::path Stage::beside(const fs::path& to) const {
  return lasting_ ? to / "added" : layer_.working_folder_in_layer();
}

bool Stage::renew() {
  return lasting_ && !spoiled_ && layer_.renew();
}

}  // namespace simswarm::exec
