// simswarm swarm image: the services' image, built on the manager and brought to every node.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/screen.h"
#include "cli/swarm_actions.h"
#include "cluster/image_build.h"
#include "cluster/image_spread.h"
#include "cluster/swarm_engine.h"
#include "simulator/command_text.h"

namespace simswarm::cli {
namespace {

using cluster::BuiltImage;
using cluster::ImageOptions;
using cluster::Machine;
using cluster::NodeImage;
using cluster::Spread;
using cluster::SwarmRecord;
using nlohmann::json;

// What `docker save` gives comes by standard input, and goes without its first layers: on a manager, in the image.
Result<ExitCode> relay(const SwarmCommandArguments& arguments) {
  const auto first = arguments.words.size() == 2 ? parse_int(arguments.words[1]) : std::nullopt;
  if (!first || *first < 1) return usage_error("swarm image relay: expected the number of layers to leave out");
  FileSource from(Fd(::dup(STDIN_FILENO)), "standard input");
  FileSink to(Fd(::dup(STDOUT_FILENO)), "standard output");
  SIMSWARM_CHECK(cluster::relay_image(static_cast<std::size_t>(*first), from, to));
  return ExitCode::kOk;
}

Status check(const SwarmCommandArguments& arguments) {
  if (!arguments.words.empty())
    return usage_error("swarm image: «{}» is not expected; the swarm is named with --name",
                       clean_line(arguments.words.front(), 60));
  if (!arguments.image.empty() && (!arguments.base.empty() || !arguments.with.empty()))
    return usage_error("--image {}: is an image that is there; --base and --with are for one that is built",
                       arguments.image);
  for (const std::string& image : {arguments.image, arguments.base}) {
    if (image.starts_with('-')) return usage_error("«{}» is no name of an image", clean_line(image, 60));
  }
  const auto bad = [](char c) { return c <= ' ' || c == 0x7f; };
  if (std::any_of(arguments.registry.begin(), arguments.registry.end(), bad) ||
      (arguments.registry.starts_with('-') && arguments.registry != "-"))
    return usage_error("--registry {}: expected HOST[:PORT]/PATH, or «-» for none again",
                       clean_line(arguments.registry, 60));
  return {};
}

class ImageCommand {
 public:
  ImageCommand(const SwarmCommandArguments& arguments, SwarmRecord record, Machine manager)
      : arguments_(arguments), record_(std::move(record)), manager_(std::move(manager)) {}

  Result<ExitCode> run() {
    SIMSWARM_CHECK(take_registry());
    SIMSWARM_CHECK(build());
    if (built_.tag.empty() || (arguments_.dry_run && built_.id.empty())) return finish();
    SIMSWARM_CHECK(publish());
    SIMSWARM_CHECK(spread());
    if (!arguments_.dry_run) SIMSWARM_CHECK(note());
    return finish();
  }

 private:
  void say(const std::string& line) const {
    if (!arguments_.json) print(line + "\n");
  }

  Status take_registry() {
    if (arguments_.registry == "-") record_.registry.clear();
    if (!arguments_.registry.empty() && arguments_.registry != "-") record_.registry = arguments_.registry;
    while (record_.registry.ends_with('/')) record_.registry.pop_back();
    return {};
  }

  Status build() {
    ImageOptions options;
    options.swarm = record_.name;
    if (!arguments_.base.empty()) options.base = arguments_.base;
    options.with.assign(arguments_.with.begin(), arguments_.with.end());
    std::error_code error;
    options.program = fs::read_symlink("/proc/self/exe", error);
    if (error) return system_error(error.value(), "/proc/self/exe");
    options.version = SIMSWARM_VERSION;
    if (const char* network = std::getenv("SIMSWARM_BUILD_NETWORK")) options.network = network;
    options.dry_run = arguments_.dry_run;
    options.say = [this](const std::string& line) { say(line); };
    Result<BuiltImage> built = arguments_.image.empty() ? cluster::build_image(manager_, options)
                                                        : cluster::adopt_image(manager_, options, arguments_.image);
    if (!built) return propagate(built.error());
    built_ = std::move(*built);
    image_ = built_.tag;
    if (built_.was_there) say(fmt::format("{} is there: nothing in it has changed", built_.tag));
    return {};
  }

  // Under the registry's name, so that engines know where to take it from.
  Status publish() {
    if (record_.registry.empty()) return {};
    image_ = fmt::format("{}/{}", record_.registry, built_.tag.substr(built_.tag.find('/') + 1));
    if (arguments_.dry_run) {
      say(fmt::format("would push it as {}", image_));
      return {};
    }
    SIMSWARM_CHECK(cluster::docker(manager_, {"tag", built_.tag, image_}));
    cluster::Call call;
    call.timeout = 24 * 3600;
    say(fmt::format("pushing {}", image_));
    SIMSWARM_CHECK(cluster::docker(manager_, {"push", "--quiet", image_}, call));
    return {};
  }

  Status spread() {
    cluster::SpreadOptions options;
    options.tag = image_;
    options.registry = record_.registry;
    options.folder = cluster::swarms_folder() / record_.name;
    options.dry_run = arguments_.dry_run;
    for (const std::string& worker : record_.workers) {
      SIMSWARM_TRY(Machine machine, Machine::at(worker));
      options.nodes.push_back(std::move(machine));
    }
    SIMSWARM_TRY(spread_, cluster::spread_image(manager_, options));
    for (const NodeImage& node : spread_.nodes) say(line_of(node));
    find_others();
    for (const std::string& name : by_hand_) say(by_hand_line(name));
    return {};
  }

  [[nodiscard]] std::string line_of(const NodeImage& node) const {
    switch (node.state) {
      case NodeImage::State::kThere:
        return fmt::format("{}: has it", node.name);
      case NodeImage::State::kBrought:
        if (!record_.registry.empty()) return fmt::format("{}: took it, {}", node.name, human_duration(node.seconds));
        return fmt::format("{}: {} layer{} brought, {} in {}", node.name, node.layers, node.layers == 1 ? "" : "s",
                           human_bytes(node.bytes), human_duration(node.seconds));
      case NodeImage::State::kMissing:
        return fmt::format("{}: {} layer{} would be brought", node.name, node.layers, node.layers == 1 ? "" : "s");
      case NodeImage::State::kFailed:
        break;
    }
    return fmt::format("{}: {}", node.name, node.error);
  }

  // Nodes of the swarm that no SSH leads to. A manager that is in no swarm yet has none.
  void find_others() {
    const auto all = cluster::nodes(manager_);
    if (!all) return;
    const auto own = cluster::info(manager_);
    for (const cluster::SwarmNode& node : *all) {
      const bool known =
          (own && own->node_id == node.id) || std::any_of(spread_.nodes.begin(), spread_.nodes.end(),
                                                          [&](const NodeImage& one) { return one.node_id == node.id; });
      if (!known && node.is_ready()) by_hand_.push_back(node.hostname);
    }
  }

  [[nodiscard]] std::string by_hand_line(const std::string& name) const {
    if (!record_.registry.empty()) return fmt::format("{}: takes it from the registry by itself", name);
    return fmt::format(
        "{}: is not reached by SSH; bring it by hand (on the manager docker save {} >image.tar, there docker load "
        "<image.tar), or name a registry with --registry",
        name, image_);
  }

  Status note() {
    SIMSWARM_TRY(SwarmRecord now, cluster::read_swarm(record_.name));  // others may have written meanwhile
    if (arguments_.toolchain.empty()) {
      now.image = image_;
    } else {
      now.toolchains[arguments_.toolchain] = image_;
    }
    now.registry = record_.registry;
    return cluster::write_swarm(now);
  }

  Result<ExitCode> finish() {
    const bool failed = std::any_of(spread_.nodes.begin(), spread_.nodes.end(),
                                    [](const NodeImage& node) { return node.state == NodeImage::State::kFailed; });
    if (arguments_.json) print(as_json().dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
    if (!arguments_.json && !arguments_.dry_run && !image_.empty())
      say(fmt::format("{}: {}{}", record_.name, image_,
                      arguments_.toolchain.empty() ? "" : fmt::format(" as the toolchain {}", arguments_.toolchain)));
    return failed ? ExitCode::kEnvironment : ExitCode::kOk;
  }

  [[nodiscard]] json as_json() const {
    json nodes = json::array();
    for (const NodeImage& node : spread_.nodes) nodes.push_back(json_of(node));
    for (const std::string& name : by_hand_) nodes.push_back({{"name", name}, {"state", "by hand"}});
    return {{"name", record_.name},
            {"image", image_},
            {"id", built_.id},
            {"was_there", built_.was_there},
            {"toolchain", arguments_.toolchain},
            {"layer", {{"bytes", built_.own_size}, {"digest", built_.own_digest.hex()}}},
            {"sent", {{"to_manager", built_.sent}, {"from_manager", spread_.from_manager}}},
            {"nodes", nodes},
            {"dry_run", arguments_.dry_run}};
  }

  [[nodiscard]] static json json_of(const NodeImage& node) {
    static constexpr std::array kStates{"there", "brought", "missing", "failed"};
    json one{
        {"name", node.name},     {"node", node.node_id}, {"state", kStates.at(static_cast<std::size_t>(node.state))},
        {"layers", node.layers}, {"bytes", node.bytes},  {"seconds", node.seconds}};
    if (!node.error.empty()) one["error"] = node.error;
    return one;
  }

  const SwarmCommandArguments& arguments_;
  SwarmRecord record_;
  Machine manager_;
  BuiltImage built_;
  std::string image_;  // as the stack names it
  Spread spread_;
  std::vector<std::string> by_hand_;
};

}  // namespace

Result<ExitCode> swarm_image(const SwarmCommandArguments& arguments) {
  if (!arguments.words.empty() && arguments.words.front() == "relay") return relay(arguments);
  SIMSWARM_CHECK(check(arguments));
  SIMSWARM_TRY(SwarmRecord record, swarm_meant(arguments));
  SIMSWARM_TRY(Machine manager, Machine::at(record.manager));
  return ImageCommand(arguments, std::move(record), std::move(manager)).run();
}

}  // namespace simswarm::cli
