// The image of a swarm's services, built by the engine of its manager, and named by its content.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "cluster/image_layer.h"
#include "cluster/machine.h"

namespace simswarm::cluster {

struct ImageOptions {
  std::string swarm;
  std::string base = "debian:bookworm-slim";
  std::vector<fs::path> with;  // folders of this machine that come into it
  fs::path program;            // simswarm itself
  std::string version;
  std::string network;  // of the build's steps; empty: the engine's default. Where its bridge is off: host
  bool dry_run = false;
  // One line each: what is done, or would be.
  std::function<void(const std::string&)> say = [](const std::string&) {};
};

struct BuiltImage {
  std::string tag;             // simswarm/SWARM:<12 hexadecimal digits>; empty after a dry run that cannot know it
  std::string id;              // sha256:…; empty where it is not built
  bool was_there = false;      // the same content had been built before, and is kept
  std::uint64_t sent = 0;      // bytes that went to the manager
  std::uint64_t own_size = 0;  // of the program's layer, in bytes
  Digest own_digest;           // of the program's layer
};

// In two steps, so that a new program alone sends nothing but itself: the base with packages and toolchains, and the
// program on it. The tag is made of the base's id, the versions of all packages, and the layers' digests: it is the
// same for the same, and an image that is there is kept. An error says in one line what is wrong, such as a base with a
// C library that is older than the program's.
[[nodiscard]] Result<BuiltImage> build_image(const Machine& manager, const ImageOptions& options);

// An image of the manager's that was made otherwise: tagged by its id, as simswarm/SWARM:<12 digits>.
[[nodiscard]] Result<BuiltImage> adopt_image(const Machine& manager, const ImageOptions& options,
                                             const std::string& image);

// The name of a swarm's images without their tags; Docker takes only small letters.
[[nodiscard]] std::string image_repository(const std::string& swarm);

}  // namespace simswarm::cluster
