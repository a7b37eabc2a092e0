// An image as `docker save` writes it, with its layers one by one, so that only those that are missing have to travel.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/stream.h"

namespace simswarm::cluster {

// What comes, in an unnamed file, so that it can go on while it still comes. One writes; any number of threads read.
class Spool {
 public:
  // `folder` has room for all of it.
  [[nodiscard]] static Result<std::shared_ptr<Spool>> make(const fs::path& folder);
  explicit Spool(Fd file) : file_(std::move(file)) {}

  [[nodiscard]] Status append(std::string_view bytes);
  // Nothing more comes; not `whole`: those who follow have an error.
  void end(bool whole);
  [[nodiscard]] std::uint64_t size() const;
  // From the beginning to the end, waiting for what is yet to come.
  [[nodiscard]] Status follow(Sink& sink) const;
  [[nodiscard]] int descriptor() const { return file_.get(); }

 private:
  Fd file_;
  mutable std::mutex mutex_;
  mutable std::condition_variable grown_;
  std::uint64_t size_ = 0;
  bool ended_ = false;
  bool whole_ = false;
};

// Both layouts: files <id>/layer.tar (engines up to 24), and blobs/sha256/<digest> (from 25 on); what counts is what
// manifest.json says.
class SavedImage {
 public:
  // All of the tar goes into the spool, which is ended. It is taken as a stranger's: names, kinds and sizes are looked
  // at, and the configuration is the one that its name promises. Layers of an image that was made shorter may be
  // missing.
  [[nodiscard]] static Result<SavedImage> read(Source& tar, const std::shared_ptr<Spool>& spool);

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

  explicit SavedImage(std::shared_ptr<Spool> spool) : spool_(std::move(spool)) {}
  [[nodiscard]] Status look_through(Source& tar);
  [[nodiscard]] Status understand();
  [[nodiscard]] Result<std::string> text_of(const std::string& path) const;
  [[nodiscard]] const Place* find(const std::string& path) const;  // through links
  [[nodiscard]] Status write_file(const std::string& path, const Place& place, Sink& sink) const;

  std::shared_ptr<Spool> spool_;
  std::map<std::string, Place> files_;        // by their paths in the archive; where in the spool
  std::map<std::string, std::string> links_;  // and where they lead, as they say it
  std::string config_;                        // path of the configuration
  std::vector<std::string> tags_;
  std::string id_;
  std::vector<std::string> layers_;
  std::vector<std::string> paths_;  // of the layers
};

}  // namespace simswarm::cluster
