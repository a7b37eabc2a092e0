#include "cluster/image_build.h"

#include <algorithm>

#include "archive/plain_tar.h"
#include "base/text.h"
#include "cluster/machine_stream.h"
#include "cluster/swarm_engine.h"
#include "simulator/command_text.h"

namespace simswarm::embedded {
std::string_view dockerfile();
}

namespace simswarm::cluster {
namespace {

constexpr std::size_t kTagDigits = 12;
constexpr std::string_view kPackagesLabel = "org.simswarm.packages";

// The parts of deploy/Dockerfile: what stands before its first FROM, and its two steps.
struct Recipe {
  std::string arguments, tools, program;
};
Recipe recipe() {
  const std::string_view text = embedded::dockerfile();
  constexpr std::string_view kFrom = "\nFROM ";
  const std::size_t first = text.find(kFrom) + 1;
  const std::size_t second = text.find(kFrom, first) + 1;
  return {std::string(text.substr(0, first)), std::string(text.substr(first, second - first)),
          std::string(text.substr(second))};
}

std::string short_hex(Hasher& hasher) {
  return hasher.finish().hex().substr(0, kTagDigits);
}

// Nothing: there is no such image.
Result<std::string> asked_of_image(const Machine& machine, const std::string& image, const std::string& format) {
  SIMSWARM_TRY(const Answer answer, machine.run({"docker", "image", "inspect", "--format", format, image}));
  if (answer.exit_code == 0) return std::string(trim(answer.output));
  if (answer.errors.find("No such image") != std::string::npos) return std::string();
  // The same in the words for what is wrong with the engine.
  return docker(machine, {"image", "inspect", "--format", format, image});
}

class Building {
 public:
  Building(const Machine& manager, const ImageOptions& options) : manager_(manager), options_(options) {}

  Result<BuiltImage> run() {
    SIMSWARM_TRY(own_, program_layer(options_.program));
    done_.own_size = own_.size;
    done_.own_digest = own_.digest;
    for (const fs::path& folder : options_.with) {
      SIMSWARM_TRY(Layer layer, folder_layer(folder));
      with_.push_back(std::move(layer));
    }
    SIMSWARM_CHECK(find_base());
    if (options_.dry_run && base_id_.empty()) {
      say(fmt::format("would fetch the base {}, and build the image on it", options_.base));
      return done_;
    }
    SIMSWARM_CHECK(find_tools());
    if (options_.dry_run && packages_.empty()) {
      say(fmt::format("would build the image on {}{}", options_.base, with_words()));
      return done_;
    }
    SIMSWARM_CHECK(find_image());
    return done_;
  }

 private:
  void say(const std::string& line) const { options_.say(line); }

  [[nodiscard]] std::string with_words() const {
    std::string words;
    for (const Layer& layer : with_) words += fmt::format(", with {} ({})", layer.name, human_bytes(layer.size));
    return words;
  }

  Status find_base() {
    SIMSWARM_TRY(base_id_, asked_of_image(manager_, options_.base, "{{.Id}}"));
    if (!base_id_.empty() || options_.dry_run) return {};
    say(fmt::format("fetching the base {}", options_.base));
    Call call;
    call.timeout = kLongCall;
    const Result<std::string> pulled = docker(manager_, {"pull", "--quiet", options_.base}, call);
    if (!pulled)
      return environment_error("the base {} is not there and cannot be fetched: {}; name another one with --base",
                               options_.base, pulled.error().message);
    SIMSWARM_TRY(base_id_, asked_of_image(manager_, options_.base, "{{.Id}}"));
    return base_id_.empty() ? environment_error("{}: there is no image {}", manager_.name(), options_.base) : Status();
  }

  // The base with packages and toolchains.
  Status find_tools() {
    Hasher hasher;
    hasher.field(base_id_).field(recipe().tools);
    for (const Layer& layer : with_) hasher.field(layer.digest.hex());
    tools_ = fmt::format("{}-tools:{}", image_repository(options_.swarm), short_hex(hasher));
    const std::string label = fmt::format("{{{{index .Config.Labels \"{}\"}}}}", kPackagesLabel);
    SIMSWARM_TRY(packages_, asked_of_image(manager_, tools_, label));
    if (!packages_.empty() || options_.dry_run) return {};
    say(fmt::format("building on {}{}: packages", options_.base, with_words()));
    std::string text = recipe().arguments + recipe().tools;
    for (std::size_t i = 0; i < with_.size(); ++i) text += fmt::format("ADD with-{}.tar /\n", i);
    std::vector<std::pair<std::string, const Layer*>> layers;
    for (std::size_t i = 0; i < with_.size(); ++i) layers.emplace_back(fmt::format("with-{}.tar", i), &with_[i]);
    const std::string unlabelled = tools_ + "-unlabelled";
    SIMSWARM_CHECK(build(unlabelled, text, layers, {"BASE=" + options_.base}));
    Call call;
    call.timeout = 600;
    SIMSWARM_TRY(const std::string list,
                 docker(manager_,
                        {"run", "--rm", "--network", "none", "--entrypoint", "dpkg-query", unlabelled, "--show",
                         "--showformat=${Package} ${Version} ${Architecture}\\n"},
                        call));
    packages_ = digest_of(list).hex();
    SIMSWARM_CHECK(build(tools_, fmt::format("FROM {}\nLABEL {}={}\n", unlabelled, kPackagesLabel, packages_), {}, {}));
    SIMSWARM_CHECK(docker(manager_, {"image", "rm", "--no-prune", unlabelled}));
    return {};
  }

  Status find_image() {
    Hasher hasher;
    hasher.field(base_id_).field(packages_).field(recipe().program).field(own_.digest.hex());
    for (const Layer& layer : with_) hasher.field(layer.digest.hex());
    const std::string content = short_hex(hasher);
    done_.tag = fmt::format("{}:{}", image_repository(options_.swarm), content);
    SIMSWARM_TRY(done_.id, asked_of_image(manager_, done_.tag, "{{.Id}}"));
    done_.was_there = !done_.id.empty();
    if (done_.was_there) return {};
    if (options_.dry_run) {
      say(fmt::format("would build {} ({} to send)", done_.tag, human_bytes(own_.size)));
      return {};
    }
    say(fmt::format("building {}: simswarm and its libraries, {}", done_.tag, human_bytes(own_.size)));
    SIMSWARM_CHECK(
        build(done_.tag, recipe().arguments + recipe().program, {{"layer.tar", &own_}},
              {"TOOLS=" + tools_, "BASE=" + options_.base, "CONTENT=" + content, "VERSION=" + options_.version}));
    if (const Status fits = try_program(); !fits) {
      (void)docker(manager_, {"image", "rm", "--force", done_.tag});
      return fits;
    }
    SIMSWARM_TRY(done_.id, asked_of_image(manager_, done_.tag, "{{.Id}}"));
    return {};
  }

  Status build(const std::string& tag, const std::string& text,
               const std::vector<std::pair<std::string, const Layer*>>& layers,
               const std::vector<std::string>& arguments) {
    std::vector<std::string> words{"docker", "build", "--quiet", "--tag", tag};
    if (!options_.network.empty()) words.insert(words.end(), {"--network", options_.network});
    for (const std::string& argument : arguments) words.insert(words.end(), {"--build-arg", argument});
    words.emplace_back("-");
    const Result<Answer> answer = run_giving(manager_, words, [&](Sink& sink) -> Status {
      CountingSink counted(sink);
      archive::TarWriter tar(counted);
      SIMSWARM_CHECK(tar.file("Dockerfile", text));
      for (const auto& [name, layer] : layers) SIMSWARM_CHECK(add(*layer, name, counted));
      SIMSWARM_CHECK(tar.end());
      done_.sent += counted.size();
      return {};
    });
    if (!answer) return propagate(answer.error());
    if (answer->exit_code == 0) return {};
    // The engine's step, and before it what the step itself has said.
    return environment_error("{}: the image is not built: {}{}", manager_.name(), last_words(*answer),
                             reason(answer->output + "\n" + answer->errors));
  }

  // A layer within the context, made while it is sent.
  static Status add(const Layer& layer, const std::string& name, Sink& sink) {
    archive::TarWriter tar(sink);
    SIMSWARM_CHECK(tar.begin(name, layer.size));
    CountingSink counted(sink);
    SIMSWARM_CHECK(write_layer(layer, counted));
    if (counted.size() != layer.size)
      return environment_error("{} was changed while it was sent; call this again", layer.name);
    return tar.pad(layer.size);
  }

  // apt's own words, where it was apt.
  static std::string reason(const std::string& said) {
    for (const std::string_view line : lines(said)) {
      if (line.find("E: ") != std::string_view::npos) return fmt::format(" ({})", clean_line(trim(line), 200));
    }
    return {};
  }

  [[nodiscard]] Status try_program() const {
    SIMSWARM_TRY(const Answer answer,
                 manager_.run({"docker", "run", "--rm", "--network", "none", done_.tag, "--version"}));
    if (answer.exit_code == 0) return {};
    const std::size_t at = answer.errors.find("GLIBC_");
    if (at != std::string::npos)
      return environment_error(
          "the base {} has an older C library than this simswarm needs (glibc {}): take a newer base, or a simswarm "
          "that "
          "was built on a system as old as it",
          options_.base, answer.errors.substr(at + 6, answer.errors.find_first_not_of("0123456789.", at + 6) - at - 6));
    return environment_error("{}: simswarm does not start in its image: {}", manager_.name(), last_words(answer));
  }

  const Machine& manager_;
  const ImageOptions& options_;
  BuiltImage done_;
  Layer own_;
  std::vector<Layer> with_;
  std::string base_id_, tools_, packages_;
};

}  // namespace

std::string image_repository(const std::string& swarm) {
  std::string name = swarm;
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return "simswarm/" + name;
}

Result<BuiltImage> build_image(const Machine& manager, const ImageOptions& options) {
  return Building(manager, options).run();
}

Result<BuiltImage> adopt_image(const Machine& manager, const ImageOptions& options, const std::string& image) {
  BuiltImage done;
  SIMSWARM_TRY(done.id, asked_of_image(manager, image, "{{.Id}}"));
  if (done.id.empty())
    return usage_error("{}: there is no image {}; docker pull it there, or leave out --image to have one built",
                       manager.name(), image);
  const std::string hex = done.id.substr(done.id.find(':') + 1);
  done.tag = fmt::format("{}:{}", image_repository(options.swarm), hex.substr(0, kTagDigits));
  done.was_there = true;
  if (!options.dry_run) SIMSWARM_CHECK(docker(manager, {"tag", done.id, done.tag}));
  return done;
}

}  // namespace simswarm::cluster
