// A small image as `docker save` of engines up to 24 writes it.
#pragma once

#include "base/digest.h"
#include "tar_writer.h"

namespace simswarm::cluster {

inline std::string diff_id_of(std::string_view layer) {
  return "sha256:" + digest_of(layer).hex();
}
struct SavedSample {
  std::string base = "what the base's layer holds";
  std::string own = "what our layer holds";

  [[nodiscard]] std::string config() const {
    return fmt::format(R"({{"rootfs":{{"diff_ids":["{}","{}"]}}}})", diff_id_of(base), diff_id_of(own));
  }
  [[nodiscard]] std::string id() const { return diff_id_of(config()); }
  [[nodiscard]] std::string layers() const { return fmt::format(R"(["{}","{}"])", diff_id_of(base), diff_id_of(own)); }
  [[nodiscard]] std::string tar() const {
    const std::string path = digest_of(config()).hex() + ".json";
    return tar_of(
        {{.name = "1111/layer.tar", .content = base},
         {.name = "2222/layer.tar", .content = own},
         {.name = path, .content = config()},
         {.name = "manifest.json",
          .content = fmt::format(
              R"([{{"Config":"{}","RepoTags":["simswarm/a:1"],"Layers":["1111/layer.tar","2222/layer.tar"]}}])",
              path)}});
  }
};

}  // namespace simswarm::cluster
