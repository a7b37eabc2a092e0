// An image as `docker save` writes it, with its layers one by one, so that only those that are missing have to travel.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/stream.h"

namespace simswarm::cluster {

// Both layouts: files <id>/layer.tar (engines up to 24), and blobs/sha256/<digest> (from 25 on); what counts is what
// manifest.json says. Its content lies in an unnamed file.
class SavedImage {
 public:
  // The tar is taken as a stranger's: names, kinds and sizes are looked at, and the configuration is the one that its
  // name promises. Layers of an image that was made shorter may be missing. `folder` has room for all of it.
  [[nodiscard]] static Result<SavedImage> read(Source& tar, const fs::path& folder);

  [[nodiscard]] const std::string& id() const { return id_; }                       // sha256:…, of the configuration
  [[nodiscard]] const std::vector<std::string>& layers() const { return layers_; }  // sha256:…, the base's first
  // Whether the layers from this one on are here.
  [[nodiscard]] bool has_from(std::size_t first) const;
  // For `docker load` where the layers before `first` are; with 0 as it came, whatever the engine.
  [[nodiscard]] Status write(std::size_t first, Sink& sink) const;

 private:
  struct Place {
    std::uint64_t at = 0;
    std::uint64_t size = 0;
  };

  SavedImage() = default;
  [[nodiscard]] Status keep(const std::string& path, std::uint64_t size, Source& content);
  [[nodiscard]] Status understand();
  [[nodiscard]] Result<std::string> text_of(const std::string& path) const;
  [[nodiscard]] const Place* find(const std::string& path) const;  // through links
  [[nodiscard]] Status write_file(const std::string& path, const Place& place, Sink& sink) const;
  [[nodiscard]] Status write_all(Sink& sink) const;

  Fd spool_;
  std::uint64_t size_ = 0;                    // of the spool
  std::map<std::string, Place> files_;        // by their paths in the archive
  std::map<std::string, std::string> links_;  // and where they lead, as they say it
  std::string config_;                        // path of the configuration
  std::vector<std::string> tags_;
  std::string id_;
  std::vector<std::string> layers_;
  std::vector<std::string> paths_;  // of the layers
};

}  // namespace simswarm::cluster
