#include "cluster/image_spread.h"

#include <algorithm>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "base/time.h"
#include "cluster/machine_stream.h"
#include "cluster/saved_image.h"
#include "cluster/swarm_engine.h"

namespace simswarm::cluster {
namespace {

using nlohmann::json;

// One call tells all: a line of the engine, and one of each image.
constexpr std::string_view kSurvey =
    "docker info --format '{{json .Swarm.NodeID}} {{json .DriverStatus}}' || exit\n"
    "ids=$(docker image ls --all --quiet --no-trunc) || exit\n"
    "[ -z \"$ids\" ] || docker image inspect --format '{{json .Id}} {{json .RepoTags}} {{json .RootFS.Layers}}' $ids "
    "|| true";  // one may go meanwhile

// JSON values with a blank between them, of which none has one in it.
std::vector<json> values_of(std::string_view line) {
  std::vector<json> all;
  for (const std::string_view word : split(line, ' ')) all.push_back(json::parse(word, nullptr, false));
  return all;
}

std::vector<std::string> texts_of(const json& list) {
  std::vector<std::string> all;
  if (!list.is_array()) return all;
  for (const json& one : list) {
    if (one.is_string()) all.push_back(one.get<std::string>());
  }
  return all;
}

class Spreading {
 public:
  Spreading(const Machine& manager, const SpreadOptions& options) : manager_(manager), options_(options) {}

  Result<Spread> run() {
    for (const Machine& node : options_.nodes) done_.nodes.emplace_back().name = node.name();
    if (options_.nodes.empty()) return done_;
    SIMSWARM_TRY(const HeldImages of_manager, held_images(manager_));
    const auto wanted = find(of_manager, options_.tag);
    if (wanted == nullptr) return environment_error("{}: there is no image {}", manager_.name(), options_.tag);
    wanted_ = *wanted;
    held_.resize(options_.nodes.size());
    for_each_node([this](std::size_t i) { look(i); });
    if (!options_.registry.empty()) {
      for_each_missing([this](std::size_t i) { pull(i); });
      return done_;
    }
    if (options_.dry_run) return done_;
    SIMSWARM_CHECK(bring(false));
    SIMSWARM_CHECK(bring(true));  // those that did not take a part of it
    return done_;
  }

 private:
  using State = NodeImage::State;

  static const HeldImage* find(const HeldImages& held, const std::string& tag) {
    const auto found = std::find_if(held.images.begin(), held.images.end(), [&](const HeldImage& one) {
      return std::find(one.tags.begin(), one.tags.end(), tag) != one.tags.end();
    });
    return found == held.images.end() ? nullptr : &*found;
  }

  void for_each_node(const std::function<void(std::size_t)>& work) {
    std::vector<std::future<void>> all;
    for (std::size_t i = 0; i < options_.nodes.size(); ++i)
      all.push_back(std::async(std::launch::async, [&work, i] { work(i); }));
    for (auto& one : all) one.get();
  }
  void for_each_missing(const std::function<void(std::size_t)>& work) {
    for_each_node([&](std::size_t i) {
      if (done_.nodes[i].state == State::kMissing) work(i);
    });
  }

  void look(std::size_t i) {
    NodeImage& node = done_.nodes[i];
    Result<HeldImages> held = held_images(options_.nodes[i]);
    if (!held) return fail(node, held.error());
    held_[i] = std::move(*held);
    node.node_id = held_[i].node_id;
    const HeldImage* there = find(held_[i], options_.tag);
    // With containerd an image's id is another one; its layers are the same.
    if (there != nullptr && (there->id == wanted_.id || there->layers == wanted_.layers)) {
      node.state = State::kThere;
      return;
    }
    node.layers = wanted_.layers.size() - first_of(i);
  }

  static void fail(NodeImage& node, const Error& error) {
    node.state = State::kFailed;
    node.error = error.message;
  }

  // The first layer that the node is sent.
  [[nodiscard]] std::size_t first_of(std::size_t i) const {
    return held_[i].wants_whole ? 0 : layers_alike(held_[i], wanted_.layers);
  }

  void pull(std::size_t i) {
    NodeImage& node = done_.nodes[i];
    if (options_.dry_run) return;
    const Monotonic start = system_clock().monotonic();
    Call call;
    call.timeout = kLongCall;
    const Result<std::string> pulled = docker(options_.nodes[i], {"pull", "--quiet", options_.tag}, call);
    if (!pulled) return fail(node, pulled.error());
    node.state = State::kBrought;
    node.seconds = Seconds(system_clock().monotonic() - start).count();
  }

  Status bring(bool whole) {
    std::size_t first = wanted_.layers.size();
    bool any = false;
    for (std::size_t i = 0; i < options_.nodes.size(); ++i) {
      if (done_.nodes[i].state != State::kMissing) continue;
      any = true;
      first = std::min(first, whole ? 0 : first_of(i));
    }
    if (!any) return {};
    SIMSWARM_TRY(const std::shared_ptr<Spool> spool, Spool::make(options_.folder));
    // Nodes that want all of it have it while it still comes.
    std::future<void> early;
    if (first == 0) {
      early = std::async(std::launch::async, [&] {
        for_each_missing([&](std::size_t i) {
          if (whole || first_of(i) == 0) load(i, 0, [&](Sink& sink) { return spool->follow(sink); });
        });
      });
    }
    const Result<SavedImage> image = save(first, spool);
    if (!image) spool->end(false);
    if (early.valid()) early.get();
    if (!image) return propagate(image.error());
    for_each_missing([&](std::size_t i) {
      if (!whole && first_of(i) > 0) load(i, first_of(i), [&](Sink& sink) { return image->write(first_of(i), sink); });
    });
    return {};
  }

  // From the manager, without layers that no node lacks. Where that is a machine elsewhere, its image's own program
  // leaves them out before they travel.
  Result<SavedImage> save(std::size_t first, const std::shared_ptr<Spool>& spool) {
    const std::string save = fmt::format("docker save {}", shell_quoted(options_.tag));
    if (!manager_.is_here() && first > 0) {
      SIMSWARM_TRY(const std::shared_ptr<Spool> shorter, Spool::make(options_.folder));
      Result<SavedImage> image =
          taken({"sh", "-c",
                 fmt::format("{} | docker run --rm -i --network none --entrypoint simswarm {} swarm image relay {}",
                             save, shell_quoted(options_.tag), first)},
                shorter);
      if (image) return image;  // else it is another program's image, or an older one's
    }
    return taken({"docker", "save", options_.tag}, spool);
  }

  Result<SavedImage> taken(const std::vector<std::string>& words, const std::shared_ptr<Spool>& spool) {
    std::optional<SavedImage> image;
    SIMSWARM_TRY(const Answer answer, run_taking(manager_, words, [&](Source& source) -> Status {
                   HashingSource counted(source);
                   Result<SavedImage> read = SavedImage::read(counted, spool);
                   if (!manager_.is_here()) done_.from_manager += counted.size();
                   if (!read) return propagate(read.error());
                   image = std::move(*read);
                   return {};
                 }));
    if (answer.exit_code != 0 || !image)
      return environment_error("{}: docker save {}: {}", manager_.name(), options_.tag, last_words(answer));
    if (image->layers() != wanted_.layers)
      return environment_error("{}: {} was changed meanwhile; call this again", manager_.name(), options_.tag);
    return std::move(*image);
  }

  // A node that does not take a part stays missing.
  void load(std::size_t i, std::size_t first, const std::function<Status(Sink&)>& give) {
    NodeImage& node = done_.nodes[i];
    const Monotonic start = system_clock().monotonic();
    node.layers = wanted_.layers.size() - first;
    std::uint64_t sent = 0;
    const Result<Answer> answer =
        run_giving(options_.nodes[i], {"docker", "load", "--quiet"}, [&](Sink& sink) -> Status {
          CountingSink counted(sink);
          Status written = give(counted);
          sent = counted.size();
          return written;
        });
    node.bytes += sent;
    node.seconds += Seconds(system_clock().monotonic() - start).count();
    if (!answer) return fail(node, answer.error());
    if (answer->exit_code == 0) {
      node.state = State::kBrought;
    } else if (first == 0) {
      fail(node, {ExitCode::kEnvironment, fmt::format("docker load: {}", last_words(*answer)), false});
    }
  }

  const Machine& manager_;
  const SpreadOptions& options_;
  Spread done_;
  HeldImage wanted_;
  std::vector<HeldImages> held_;
};

}  // namespace

Result<HeldImages> held_images_from(std::string_view text) {
  HeldImages held;
  const std::vector<std::string_view> all = lines(text);
  if (all.empty()) return environment_error("docker info has said nothing");
  const std::size_t blank = all.front().find(' ');
  const json node = json::parse(all.front().substr(0, blank), nullptr, false);
  if (blank == std::string_view::npos || !node.is_string())
    return environment_error("docker info has said something unexpected");
  held.node_id = node.get<std::string>();
  held.wants_whole = all.front().find("io.containerd.snapshotter") != std::string_view::npos;
  for (const std::string_view line : std::vector(all.begin() + 1, all.end())) {
    const std::vector<json> values = values_of(line);
    if (values.size() != 3 || !values[0].is_string()) continue;
    held.images.push_back({values[0].get<std::string>(), texts_of(values[1]), texts_of(values[2])});
  }
  return held;
}

Result<HeldImages> held_images(const Machine& machine) {
  SIMSWARM_TRY(const Answer answer, machine.run({"sh", "-c", std::string(kSurvey)}));
  if (answer.exit_code == 0) {
    Result<HeldImages> held = held_images_from(answer.output);
    if (!held) return environment_error("{}: {}", machine.name(), held.error().message);
    return held;
  }
  SIMSWARM_CHECK(docker(machine, {"info", "--format", "{{.ID}}"}));  // says it better
  return environment_error("{}: its images cannot be listed: {}", machine.name(), last_words(answer));
}

std::size_t layers_alike(const HeldImages& held, const std::vector<std::string>& layers) {
  std::size_t most = 0;
  for (const HeldImage& image : held.images) {
    const auto end = std::mismatch(layers.begin(), layers.end(), image.layers.begin(), image.layers.end()).first;
    most = std::max(most, static_cast<std::size_t>(end - layers.begin()));
  }
  return most;
}

Result<Spread> spread_image(const Machine& manager, const SpreadOptions& options) {
  return Spreading(manager, options).run();
}

Status relay_image(std::size_t first, Source& from, Sink& to) {
  SIMSWARM_TRY(const std::shared_ptr<Spool> spool, Spool::make(fs::temp_directory_path()));
  SIMSWARM_TRY(const SavedImage image, SavedImage::read(from, spool));
  return image.write(first, to);
}

}  // namespace simswarm::cluster
