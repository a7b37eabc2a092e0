#include "cluster/saved_image.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "archive/name.h"
#include "archive/plain_tar.h"
#include "base/text.h"

namespace simswarm::cluster {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostBytes = 256ULL << 30U;
constexpr std::size_t kMostEntries = 20'000;
constexpr std::uint64_t kMostText = 16ULL << 20U;  // of manifest.json and the configuration
constexpr std::size_t kMostDepth = 64;
constexpr int kMostHops = 8;

template <typename... Args>
tl::unexpected<Error> no_image(fmt::format_string<Args...> text, Args&&... args) {
  return environment_error("what `docker save` has given is no image: {}",
                           fmt::format(text, std::forward<Args>(args)...));
}

// A part of the spool.
class Part final : public Source {
 public:
  Part(int file, std::uint64_t at, std::uint64_t size) : file_(file), at_(at), left_(size) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    std::size_t all = 0;
    while (all < buffer.size() && left_ > 0) {
      const std::size_t wanted = std::min<std::uint64_t>(buffer.size() - all, left_);
      const ssize_t got = ::pread(file_, buffer.data() + all, wanted, static_cast<off_t>(at_));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return system_error(got < 0 ? errno : EIO, "the image's file");
      all += static_cast<std::size_t>(got);
      at_ += static_cast<std::uint64_t>(got);
      left_ -= static_cast<std::uint64_t>(got);
    }
    return all;
  }

 private:
  int file_;
  std::uint64_t at_, left_;
};

// Passes on what it reads, and puts it into the spool.
class Spooling final : public Source {
 public:
  Spooling(Source& inner, Spool& spool) : inner_(inner), spool_(spool) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    SIMSWARM_TRY(const std::size_t got, inner_.read(buffer));
    SIMSWARM_CHECK(spool_.append({buffer.data(), got}));
    return got;
  }

 private:
  Source& inner_;
  Spool& spool_;
};

Result<json> json_of(const std::string& text, const std::string& path) {
  if (json_depth(text) > kMostDepth) return no_image("{} is nested too deep", archive::printable(path));
  json all = json::parse(text, nullptr, false);
  if (all.is_discarded()) return no_image("{} is no JSON", archive::printable(path));
  return all;
}

// A list of texts; anything else is none.
std::vector<std::string> texts_of(const json& object, const std::string& key) {
  std::vector<std::string> all;
  if (!object.is_object() || !object.contains(key) || !object.at(key).is_array()) return all;
  for (const json& one : object.at(key)) all.push_back(one.is_string() ? one.get<std::string>() : "");
  return all;
}

bool is_diff_id(std::string_view text) {
  constexpr std::string_view kKind = "sha256:";
  return text.starts_with(kKind) && Digest::parse(text.substr(kKind.size())).has_value();
}

// «a/b» and «../c/layer.tar» is «c/layer.tar».
std::string led(const std::string& path, const std::string& target) {
  return (fs::path("/") / fs::path(path).parent_path() / target).lexically_normal().string().substr(1);
}

}  // namespace

Result<std::shared_ptr<Spool>> Spool::make(const fs::path& folder) {
  SIMSWARM_CHECK(make_folders(folder));
  Fd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file.valid()) return system_error(errno, folder.string());
  return std::make_shared<Spool>(std::move(file));
}

Status Spool::append(std::string_view bytes) {
  if (bytes.size() > kMostBytes - size()) return usage_error("the image has more than {} bytes", kMostBytes);
  std::uint64_t added = 0;
  while (added < bytes.size()) {
    const ssize_t put = ::write(file_.get(), bytes.data() + added, bytes.size() - added);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_error(errno, "the image's file");
    added += static_cast<std::uint64_t>(put);
  }
  const std::lock_guard lock(mutex_);
  size_ += added;
  grown_.notify_all();
  return {};
}

void Spool::end(bool whole) {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  whole_ = whole;
  grown_.notify_all();
}

std::uint64_t Spool::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

Status Spool::follow(Sink& sink) const {
  for (std::uint64_t at = 0;;) {
    std::uint64_t until = 0;
    {
      std::unique_lock lock(mutex_);
      grown_.wait(lock, [&] { return size_ > at || ended_; });
      until = size_;
      if (until == at) return whole_ ? Status() : environment_error("the image did not come whole");
    }
    Part part(file_.get(), at, until - at);
    SIMSWARM_CHECK(pour(part, sink));
    at = until;
  }
}

Result<SavedImage> SavedImage::read(Source& tar, const std::shared_ptr<Spool>& spool) {
  SavedImage image(spool);
  Status good = image.look_through(tar);
  spool->end(good.has_value());
  if (good) good = image.understand();
  if (!good) return propagate(good.error());
  return image;
}

Status SavedImage::look_through(Source& tar) {
  Spooling spooling(tar, *spool_);
  return archive::visit_tar(spooling, [&](const archive::Headers& entry, Source& /*content*/) -> Status {
    if (entry.kind == archive::Kind::kFolder) return {};
    if (files_.contains(entry.path) || links_.contains(entry.path))
      return archive::refused(entry.path, "is there twice");
    if (files_.size() + links_.size() >= kMostEntries)
      return archive::refused(entry.path, fmt::format("is one more than the {} that are taken", kMostEntries));
    if (entry.kind == archive::Kind::kLink) {
      links_[entry.path] = entry.target;
    } else {
      files_[entry.path] = {spool_->size(), entry.size};  // its headers have been read, and no more
    }
    return {};
  });
}

const SavedImage::Place* SavedImage::find(const std::string& path) const {
  std::string at = path;
  for (int hops = 0; hops < kMostHops; ++hops) {
    const auto file = files_.find(at);
    if (file != files_.end()) return &file->second;
    const auto link = links_.find(at);
    if (link == links_.end()) return nullptr;
    at = led(at, link->second);
  }
  return nullptr;
}

Result<std::string> SavedImage::text_of(const std::string& path) const {
  const Place* place = find(path);
  if (place == nullptr) return no_image("{} is missing", archive::printable(path));
  if (place->size > kMostText) return no_image("{} is too large", archive::printable(path));
  std::string text(place->size, '\0');
  SIMSWARM_TRY(const std::size_t got, Part(spool_->descriptor(), place->at, place->size).read(text));
  text.resize(got);
  return text;
}

Status SavedImage::understand() {
  constexpr std::string_view kManifest = "manifest.json";
  SIMSWARM_TRY(const std::string text, text_of(std::string(kManifest)));
  SIMSWARM_TRY(const json all, json_of(text, std::string(kManifest)));
  if (!all.is_array() || all.size() != 1 || !all.front().is_object())
    return no_image("{} does not tell of one image", kManifest);
  const json& manifest = all.front();
  if (!manifest.contains("Config") || !manifest.at("Config").is_string())
    return no_image("{} names no configuration", kManifest);
  config_ = manifest.at("Config").get<std::string>();
  tags_ = texts_of(manifest, "RepoTags");
  paths_ = texts_of(manifest, "Layers");
  SIMSWARM_TRY(const std::string config, text_of(config_));
  id_ = digest_of(config).hex();
  // «<digest>.json», or «blobs/sha256/<digest>».
  if (fs::path(config_).stem() != id_) return no_image("the configuration {} is damaged", archive::printable(config_));
  id_ = "sha256:" + id_;
  SIMSWARM_TRY(const json inner, json_of(config, config_));
  layers_ = texts_of(inner.is_object() ? inner.value("rootfs", json()) : json(), "diff_ids");
  for (const std::string& layer : layers_) {
    if (!is_diff_id(layer)) return no_image("«{}» is no digest of a layer", archive::printable(layer));
  }
  if (layers_.empty() || layers_.size() != paths_.size())
    return no_image("{} names {} layers, and its configuration {}", kManifest, paths_.size(), layers_.size());
  for (const std::string& path : paths_) {
    if (const std::string fault = archive::fault_of(path); !fault.empty())
      return no_image("the layer «{}» {}", archive::printable(path), fault);
  }
  return {};
}

bool SavedImage::has_from(std::size_t first) const {
  for (std::size_t i = first; i < paths_.size(); ++i) {
    if (find(paths_[i]) == nullptr) return false;
  }
  return true;
}

Status SavedImage::write_file(const std::string& path, const Place& place, Sink& sink) const {
  Part part(spool_->descriptor(), place.at, place.size);
  return archive::TarWriter(sink).file(path, part, place.size);
}

Status SavedImage::write(std::size_t first, Sink& sink) const {
  if (!has_from(first)) return environment_error("the image's layers from {} on are not all here", first);
  if (first == 0) return spool_->follow(sink);
  archive::TarWriter tar(sink);
  const json manifest = json::array({{{"Config", config_}, {"RepoTags", tags_}, {"Layers", paths_}}});
  SIMSWARM_CHECK(tar.file("manifest.json", manifest.dump(-1, ' ', false, json::error_handler_t::replace)));
  SIMSWARM_CHECK(write_file(config_, *find(config_), sink));
  std::set<std::string> written{config_, "manifest.json"};
  for (std::size_t i = first; i < paths_.size(); ++i) {
    if (written.insert(paths_[i]).second) SIMSWARM_CHECK(write_file(paths_[i], *find(paths_[i]), sink));
  }
  return tar.end();
}

}  // namespace simswarm::cluster
