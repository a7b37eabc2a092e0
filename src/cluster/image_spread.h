// An image on its way from the manager to the other nodes, without a registry: only layers that are missing travel.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/stream.h"
#include "cluster/machine.h"

namespace simswarm::cluster {

// What an engine has.
struct HeldImage {
  std::string id;                   // sha256:…
  std::vector<std::string> tags;    // NAME:TAG
  std::vector<std::string> layers;  // sha256:…, the base's first
};
struct HeldImages {
  std::string node_id;  // of its engine in its swarm; empty: it is in none
  // Its engine keeps images with containerd, and takes only whole ones.
  bool wants_whole = false;
  std::vector<HeldImage> images;
};
[[nodiscard]] Result<HeldImages> held_images(const Machine& machine);
[[nodiscard]] Result<HeldImages> held_images_from(std::string_view text);
// How many of these layers, from the first on, an image there has alike.
[[nodiscard]] std::size_t layers_alike(const HeldImages& held, const std::vector<std::string>& layers);

struct SpreadOptions {
  std::string tag;
  std::vector<Machine> nodes;  // without the manager
  fs::path folder;             // with room for the image
  std::string registry;        // HOST[:PORT]/PATH; `tag` begins with it then; empty: none
  bool dry_run = false;
  std::function<void(const std::string&)> say = [](const std::string&) {};
};
struct NodeImage {
  std::string name;     // as ssh takes it
  std::string node_id;  // in the swarm; empty: it is in none, or does not answer
  enum class State { kThere, kBrought, kMissing, kFailed } state = State::kMissing;  // kMissing: a dry run
  std::uint64_t bytes = 0;                                                           // that went to it
  std::size_t layers = 0;                                                            // that were missing there
  double seconds = 0;
  std::string error;
};
struct Spread {
  std::vector<NodeImage> nodes;
  std::uint64_t from_manager = 0;  // bytes that came here from a manager that is elsewhere
};
// All nodes at once. What is wrong with a node stands there; an error is the manager's.
[[nodiscard]] Result<Spread> spread_image(const Machine& manager, const SpreadOptions& options);

// For the manager, by way of `docker run` of the image itself: reads what `docker save` gives, and writes it without
// the first layers.
[[nodiscard]] Status relay_image(std::size_t first, Source& from, Sink& to);

}  // namespace simswarm::cluster
