// A view of the project in which batches run one after another. Mounts cost a millisecond a process: an overlay in
// which a batch has left nothing is as good as new, and serves the next one.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exec/layer.h"
#include "exec/left.h"

namespace simswarm::exec {

class Stage {
 public:
  // In `folder`, which is not there yet. `lasting`: may be used again, where the layer is an overlay under a veil.
  [[nodiscard]] static Result<std::unique_ptr<Stage>> make(const LayerSpec& spec, const fs::path& folder, bool lasting,
                                                           const Inside& inside);
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage();

  [[nodiscard]] const Layer& layer() const { return layer_; }
  // For the next process: these folders (relative to the working folder), empty. Where a folder of the last process is
  // as good as new it becomes the first of them, which costs less than to remove it and to make another.
  [[nodiscard]] Status make_folders(const std::vector<std::string>& folders);
  // Fills in working folder, user, view and the files for the output.
  void apply(ProcessSpec& process) const;
  [[nodiscard]] fs::path output() const { return folder_ / "stdout"; }
  [[nodiscard]] fs::path errors() const { return folder_ / "stderr"; }

  // What was left, sorted by path; where the stage lasts it is moved to `to` (made when needed).
  [[nodiscard]] Result<std::vector<LeftFile>> take_files(const fs::path& to);
  // Stands for the working folder, for files that are added by hand.
  [[nodiscard]] fs::path beside(const fs::path& to) const;
  // After take_files(): whether the next batch may have it; clears the result folders for it.
  [[nodiscard]] bool renew();

 private:
  Stage(fs::path folder, Layer layer, bool lasting, const Inside& inside)
      : folder_(std::move(folder)), layer_(std::move(layer)), lasting_(lasting), inside_(inside) {}

  fs::path folder_;
  Layer layer_;
  bool lasting_;
  bool spoiled_ = false;                  // a batch has left something beside the result folders
  std::optional<Left> left_{};            // by the last process, its files apart, which were taken
  std::optional<fs::path> empty_{};       // lies in a result folder, for the next process
  std::optional<FolderTraits> as_new_{};  // of a folder that was made for a process
  Inside inside_;
  Fd view_;
};

}  // namespace simswarm::exec
